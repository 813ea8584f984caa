//! What makes a kiosk of nobody one of this office's, on a technician's USB drive.
//!
//! ```text
//! qoltanba/provisioning-token   one-use token
//! qoltanba/office.toml          address of the office, certificate of its TLS authority
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use reqwest::Url;

use crate::whole_file;

const FOLDER: &str = "qoltanba";
const TOKEN: &str = "provisioning-token";
const OFFICE: &str = "office.toml";

/// `https://HOST:PORT`, nothing after it; as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeUrl(String);

impl FromStr for OfficeUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if !text.starts_with("https://") {
            return Err("kiosks speak to their office by https only: give https://HOST:PORT");
        }
        // Not only what `Url` refuses: it passes over blanks, and this goes between quotes.
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\');
        let is_bare = |url: &Url| {
            url.has_host()
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        };
        let url = Url::parse(text).ok().filter(is_bare);
        if !text.bytes().all(plain) || url.is_none() {
            return Err("this is no address of an office: give https://HOST:PORT and no more");
        }
        Ok(Self(text.to_owned()))
    }
}

/// The two files.
#[derive(Debug, serde::Serialize)]
pub struct Written {
    pub token: PathBuf,
    pub office: PathBuf,
}

/// A drive that is there.
pub struct ProvisioningDrive {
    root: PathBuf,
}

impl ProvisioningDrive {
    /// # Errors
    /// No folder: a drive that is not mounted must not become one.
    pub fn at(root: &Path) -> Result<Self> {
        ensure!(
            root.is_dir(),
            "{} is no folder: mount the drive and name the folder where it is",
            root.display()
        );
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Durable when this returns; what an earlier kiosk left there is replaced. The token comes
    /// last: where it lies, all lies.
    ///
    /// # Errors
    /// The drive's.
    pub fn write(&self, token: &str, url: &OfficeUrl, ca_pem: &str) -> Result<Written> {
        let folder = self.root.join(FOLDER);
        let made = fs::create_dir_all(&folder).and_then(|()| File::open(&self.root)?.sync_all());
        made.with_context(|| format!("making {}", folder.display()))?;
        let written = Written {
            token: folder.join(TOKEN),
            office: folder.join(OFFICE),
        };
        let office = format!("[office]\nurl = \"{}\"\nca = \"\"\"{ca_pem}\"\"\"\n", url.0);
        replace(&written.office, &office, 0o644)?;
        replace(&written.token, &format!("{token}\n"), 0o600)?;
        Ok(written)
    }
}

fn replace(path: &Path, text: &str, mode: u32) -> Result<()> {
    whole_file::replace(path, text.as_bytes(), mode)
        .with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_a_host_and_a_port() {
        for good in [
            "https://office.example.kz:8443",
            "https://192.0.2.7",
            "https://[2001:db8::1]:8443",
        ] {
            assert_eq!(good.parse(), Ok(OfficeUrl(good.to_owned())));
        }
        let slash = "https://office.example.kz/".parse();
        assert_eq!(slash, Ok(OfficeUrl("https://office.example.kz".to_owned())));
        for bad in [
            "http://office.example.kz",
            "office.example.kz:8443",
            "HTTPS://office.example.kz",
            "https://",
            "https://office.example.kz/kiosks",
            "https://office.example.kz?a",
            "https://office.example.kz#a",
            "https://me@office.example.kz",
            "https://office.example.kz:84430",
            "https://office\n.example.kz",
            "https://office\".example.kz",
        ] {
            assert!(bad.parse::<OfficeUrl>().is_err(), "{bad}");
        }
    }
}
