//! Names of key files, as the authority gives them to its own.

use exchange::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use crate::KeyId;

const PENDING: &str = "PENDING_";
const AUTHENTICATE: &str = "AUTH_";
const GOST: &str = "GOST512_";
const ENDING: &str = ".p12";

/// What a key is for. Where there are two pairs, each has a file; a single pair is
/// for signing and does for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    #[default]
    Sign,
    Authenticate,
}

impl Purpose {
    pub const ALL: [Purpose; 2] = [Purpose::Sign, Purpose::Authenticate];

    fn prefix(self) -> &'static str {
        match self {
            Purpose::Sign => "",
            Purpose::Authenticate => AUTHENTICATE,
        }
    }
}

/// What a name says of a file that was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileKind {
    /// The key waits for its certificate.
    Pending(Purpose),
    Installed(Purpose, KeyAlgorithm),
    /// A GOST R 34.10-2015 key of 512 bits, which is for both purposes.
    Gost,
}

/// A file with a key file's name. Other files are nobody's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    pub name: String,
    pub key: KeyId,
    pub kind: KeyFileKind,
}

impl KeyFile {
    /// None for every other name.
    pub fn from_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(ENDING)?;
        // Longer beginnings first: each contains a shorter one's hexadecimal part.
        let known = Purpose::ALL.into_iter().rev().flat_map(|purpose| {
            let pending = (
                format!("{PENDING}{}", purpose.prefix()),
                KeyFileKind::Pending(purpose),
            );
            let installed = ALGORITHMS.map(|algorithm| {
                let prefix = format!("{}{}", purpose.prefix(), prefix(algorithm));
                (prefix, KeyFileKind::Installed(purpose, algorithm))
            });
            [pending].into_iter().chain(installed)
        });
        known
            .chain([(GOST.to_owned(), KeyFileKind::Gost)])
            .find_map(|(prefix, kind)| {
                let key = stem.strip_prefix(&prefix)?.parse().ok()?;
                let name = name.to_owned();
                Some(Self { name, key, kind })
            })
    }

    /// One that this project writes.
    pub(crate) fn is_ours(&self) -> bool {
        self.kind != KeyFileKind::Gost
    }

    pub(crate) fn purpose(&self) -> Purpose {
        match self.kind {
            KeyFileKind::Pending(purpose) | KeyFileKind::Installed(purpose, _) => purpose,
            KeyFileKind::Gost => Purpose::Sign,
        }
    }
}

const ALGORITHMS: [KeyAlgorithm; 2] = [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256];

fn prefix(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa2048 => "RSA256_",
        KeyAlgorithm::EcdsaP256 => "ECDSA256_",
    }
}

/// Name of the file in which a key waits for its certificate.
pub fn pending_name_for(key: &KeyId, purpose: Purpose) -> String {
    format!("{PENDING}{}{key}{ENDING}", purpose.prefix())
}

/// Name of the file with the certificate in it.
pub fn installed_name_for(key: &KeyId, algorithm: KeyAlgorithm, purpose: Purpose) -> String {
    format!("{}{}{key}{ENDING}", purpose.prefix(), prefix(algorithm))
}

/// [`pending_name_for`] signing.
pub fn pending_name(key: &KeyId) -> String {
    pending_name_for(key, Purpose::Sign)
}

/// [`installed_name_for`] signing.
pub fn installed_name(key: &KeyId, algorithm: KeyAlgorithm) -> String {
    installed_name_for(key, algorithm, Purpose::Sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_were_made_from() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let key: KeyId = id.parse().unwrap();
        for (name, kind) in [
            ("PENDING_", KeyFileKind::Pending(Purpose::Sign)),
            ("PENDING_AUTH_", KeyFileKind::Pending(Purpose::Authenticate)),
            (
                "RSA256_",
                KeyFileKind::Installed(Purpose::Sign, KeyAlgorithm::Rsa2048),
            ),
            (
                "AUTH_RSA256_",
                KeyFileKind::Installed(Purpose::Authenticate, KeyAlgorithm::Rsa2048),
            ),
            (
                "AUTH_ECDSA256_",
                KeyFileKind::Installed(Purpose::Authenticate, KeyAlgorithm::EcdsaP256),
            ),
            ("GOST512_", KeyFileKind::Gost),
        ] {
            let name = format!("{name}{id}.p12");
            let file = KeyFile::from_name(&name).unwrap();
            assert_eq!((file.key, file.kind), (key, kind));
            match kind {
                KeyFileKind::Pending(p) => assert_eq!(pending_name_for(&key, p), name),
                KeyFileKind::Installed(p, a) => assert_eq!(installed_name_for(&key, a, p), name),
                KeyFileKind::Gost => assert!(!file.is_ours()),
            }
        }
        for other in [
            format!("RSA256_{id}"),
            format!("AUTH_{id}.p12"),
            format!("RSA256_{}.p12", &id[1..]),
            format!("MY_RSA256_{id}.p12"),
            format!("AUTH_PENDING_{id}.p12"),
            ".p12".into(),
        ] {
            assert_eq!(KeyFile::from_name(&other), None, "{other}");
        }
    }
}
