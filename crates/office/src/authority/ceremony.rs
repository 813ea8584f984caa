//! Making the two CAs that issue to citizens, once in an office's life.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use exchange::UnixMillis;

use keystore::certificate::{CertificateError, Chain};
use x509_cert::{Certificate, time::Validity};
use zeroize::Zeroizing;

use super::{
    AuthorityError, CaKey,
    ca_key::{ca_name, years_around},
};
use crate::whole_file;

const ROOT_YEARS: u16 = 20;
const ISSUING_YEARS: u16 = 10;
/// CA certificates begin a day ago: kiosks' clocks may lag.
const LEAD_MILLIS: i64 = 24 * 3600 * 1000;

/// File names inside the two folders.
pub(crate) const ROOT_KEY: &str = "root_key.pem";
pub(crate) const ROOT_CERTIFICATE: &str = "root.pem";
pub(crate) const ISSUING_KEY: &str = "issuing_key.pem";
/// Issuing CA first, root last.
pub(crate) const CHAIN: &str = "chain.pem";

/// How the two CAs are called.
#[derive(Clone, Debug)]
pub struct CaNames {
    pub organization: String,
    pub root: String,
    pub issuing: String,
}

impl CaNames {
    pub fn of(organization: &str) -> Self {
        Self {
            organization: organization.to_owned(),
            ..Self::default()
        }
    }
}

impl Default for CaNames {
    fn default() -> Self {
        Self {
            organization: "Qoltanba".into(),
            root: "Qoltanba Root CA".into(),
            issuing: "Qoltanba Issuing CA".into(),
        }
    }
}

/// Root and issuing CA, not yet on any disk.
pub struct Hierarchy {
    pub root: CaKey,
    pub issuing: CaKey,
}

impl Hierarchy {
    pub fn create(names: &CaNames, now: UnixMillis) -> Result<Self, AuthorityError> {
        let root = CaKey::root(
            ca_name(&names.root, &names.organization)?,
            years_around(now, LEAD_MILLIS, ROOT_YEARS)?,
        )?;
        let issuing = root.subordinate(
            ca_name(&names.issuing, &names.organization)?,
            years_around(now, LEAD_MILLIS, ISSUING_YEARS)?,
        )?;
        Ok(Self { root, issuing })
    }

    /// Issuing CA first, root last, PEM.
    pub fn chain_pem(&self) -> Result<String, AuthorityError> {
        Ok(self.issuing.certificate_pem()? + &self.root.certificate_pem()?)
    }
}

/// Makes both CAs. `root_folder` gets the root's key and certificate and is to
/// be taken away afterwards; `issuing_folder` gets what
/// [`super::Authority::open`] needs. Both are made with mode 0700 where they
/// are missing.
///
/// # Errors
/// Nothing is overwritten: a file that exists is an error.
pub fn init(
    root_folder: &Path,
    issuing_folder: &Path,
    names: &CaNames,
    now: UnixMillis,
) -> Result<(), AuthorityError> {
    let made = Hierarchy::create(names, now)?;
    for folder in [root_folder, issuing_folder] {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| file_error(folder, source))?;
    }
    let root = made.root.certificate_pem()?;
    write_new(&root_folder.join(ROOT_KEY), &made.root.key_pem()?)?;
    write_new(&root_folder.join(ROOT_CERTIFICATE), &root)?;
    write_new(&issuing_folder.join(ISSUING_KEY), &made.issuing.key_pem()?)?;
    write_new(&issuing_folder.join(CHAIN), &made.chain_pem()?)?;
    for folder in [root_folder, issuing_folder] {
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(|source| file_error(folder, source))?;
    }
    Ok(())
}

/// Copies an issuing CA's folder that [`init`] made on another machine, for an office
/// that has none yet.
///
/// # Errors
/// Nothing is overwritten; a key that does not belong to the chain is refused.
pub fn adopt(made: &Path, issuing_folder: &Path) -> Result<(), AuthorityError> {
    super::Authority::open(made, super::Statements::default())?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(issuing_folder)
        .map_err(|e| file_error(issuing_folder, e))?;
    for name in [ISSUING_KEY, CHAIN] {
        let path = made.join(name);
        let text = std::fs::read_to_string(&path).map_err(|e| file_error(&path, e))?;
        write_new(&issuing_folder.join(name), &Zeroizing::new(text))?;
    }
    Ok(())
}

/// Gives the issuing CA a new certificate for the key and name it has, so that all it
/// ever issued stays good; the root's folder is brought back for it. Replaces the
/// chain in `issuing_folder` and gives it, PEM.
///
/// # Errors
/// The root is not the one above this issuing CA.
pub fn renew_issuing(
    root_folder: &Path,
    issuing_folder: &Path,
    now: UnixMillis,
) -> Result<String, AuthorityError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| file_error(path, e));
    let root_pem = read(&root_folder.join(ROOT_CERTIFICATE))?;
    let root_key = Zeroizing::new(read(&root_folder.join(ROOT_KEY))?);
    let root = CaKey::from_pem(&root_pem, &root_key)?;
    let chain_path = issuing_folder.join(CHAIN);
    let before = Certificate::load_pem_chain(read(&chain_path)?.as_bytes())
        .map_err(|_| CertificateError::Malformed)?;
    let before = Chain::new(before)?;
    if before.certificates().last() != Some(root.certificate()) {
        return Err(AuthorityError::KeyMismatch);
    }
    let mut validity = years_around(now, LEAD_MILLIS, ISSUING_YEARS)?;
    let end = root.certificate().tbs_certificate().validity().not_after;
    if validity.not_after.to_unix_duration() > end.to_unix_duration() {
        validity = Validity::new(validity.not_before, end);
    }
    let renewed = root.certify_again(before.certificate(), validity)?;
    let chain = keystore::certificate::to_pem(&renewed)? + &root.certificate_pem()?;
    whole_file::replace(&chain_path, chain.as_bytes(), 0o600)
        .map_err(|e| file_error(&chain_path, e))?;
    Ok(chain)
}

fn write_new(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| file_error(path, source))
}

pub(crate) fn file_error(path: &Path, source: std::io::Error) -> AuthorityError {
    AuthorityError::File {
        path: path.to_owned(),
        source,
    }
}
