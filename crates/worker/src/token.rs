//! What kiosk and worker say to each other about a token.
//!
//! Each request is one piece of work on the token that is in now; the worker keeps
//! nothing of it between two requests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use der::{Decode, Encode};
use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::pkcs11::Profile;
use keystore::{
    Chain, Contents, KeyId, Presented, PublicKey, StorageError, StoredKey, TokenStatus,
};
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;

/// Where the citizens' tokens are put, as the worker's second argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// PIV tokens in readers whose PC/SC name contains this; empty: every reader.
    Pcsc { reader: String },
    /// PIV tokens in the serial writer at this tty.
    Serial { tty: PathBuf },
    /// Tokens behind the makers' modules: the profiles of these names, or files.
    Modules { profiles: Vec<String> },
}

const SEPARATOR: char = ',';

impl std::fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TokenPlace::Pcsc { reader } => write!(f, "pcsc:{reader}"),
            TokenPlace::Serial { tty } => write!(f, "serial:{}", tty.display()),
            TokenPlace::Modules { profiles } => write!(f, "modules:{}", profiles.join(",")),
        }
    }
}

impl TokenPlace {
    /// What the modules of the place look for in the environment of their process.
    ///
    /// # Errors
    /// A sentence: a profile that is not known, or two that want different things.
    pub fn environment(&self) -> Result<BTreeMap<String, String>, String> {
        let mut all = BTreeMap::new();
        let TokenPlace::Modules { profiles } = self else {
            return Ok(all);
        };
        for name in profiles {
            for (variable, value) in Profile::by_id_or_file(name)?.environment {
                if *all.entry(variable.clone()).or_insert(value.clone()) != value {
                    return Err(format!(
                        "the token profile {name} wants another {variable} than one before it"
                    ));
                }
            }
        }
        Ok(all)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place for tokens is pcsc:READER, serial:TTY or modules:PROFILE,PROFILE")]
pub struct PlaceUnknown;

impl FromStr for TokenPlace {
    type Err = PlaceUnknown;

    fn from_str(text: &str) -> Result<Self, PlaceUnknown> {
        let (kind, rest) = text.split_once(':').ok_or(PlaceUnknown)?;
        match kind {
            "pcsc" => Ok(TokenPlace::Pcsc {
                reader: rest.to_owned(),
            }),
            "serial" if !rest.is_empty() => Ok(TokenPlace::Serial { tty: rest.into() }),
            "modules" if !rest.is_empty() => Ok(TokenPlace::Modules {
                profiles: rest.split(SEPARATOR).map(str::to_owned).collect(),
            }),
            _ => Err(PlaceUnknown),
        }
    }
}

/// As [`keystore::KeyStorage`] and [`keystore::Token`] name them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenRequest {
    /// -> `Status`
    Status,
    /// -> `Contents`
    Contents,
    /// -> `Done`
    VerifyPin { pin: Secret },
    /// -> `Key`
    Generate {
        algorithm: KeyAlgorithm,
        pin: Secret,
    },
    /// -> `Signature`
    Sign {
        key: KeyId,
        pin: Secret,
        message: Vec<u8>,
    },
    /// -> `Key`
    Install {
        key: KeyId,
        pin: Secret,
        chain: ChainData,
    },
    /// -> `Key`
    ReadBack { key: KeyId, pin: Secret },
    /// -> `Done`
    Discard { key: KeyId, pin: Secret },
    /// -> `Removed`
    RemoveLeftovers,
    /// -> `PinChanged`
    ChangePin { old: Secret, new: Secret },
    /// -> `Done`
    Unblock { puk: Secret, new_pin: Secret },
    /// -> `Done`
    Clear { slot: String, pin: Secret },
    /// -> `Presented`
    Present,
    /// -> `Signature`
    Authenticate {
        key: KeyId,
        pin: Secret,
        message: Vec<u8>,
    },
}

/// The name alone: what is signed and certified names a person.
impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TokenRequest::Status => "Status",
            TokenRequest::Contents => "Contents",
            TokenRequest::VerifyPin { .. } => "VerifyPin",
            TokenRequest::Generate { .. } => "Generate",
            TokenRequest::Sign { .. } => "Sign",
            TokenRequest::Install { .. } => "Install",
            TokenRequest::ReadBack { .. } => "ReadBack",
            TokenRequest::Discard { .. } => "Discard",
            TokenRequest::RemoveLeftovers => "RemoveLeftovers",
            TokenRequest::ChangePin { .. } => "ChangePin",
            TokenRequest::Unblock { .. } => "Unblock",
            TokenRequest::Clear { .. } => "Clear",
            TokenRequest::Present => "Present",
            TokenRequest::Authenticate { .. } => "Authenticate",
        })
    }
}

/// The answer to a [`TokenRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAnswer {
    Status(StorageType, TokenStatus),
    Contents(Contents),
    Key(KeyData),
    Signature(Vec<u8>),
    Removed(usize),
    /// The new PUK, where one was made.
    PinChanged(Option<Secret>),
    Presented(Presented),
    Done,
}

/// Certificates in DER, the key's own first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainData(Vec<Vec<u8>>);

impl std::fmt::Debug for ChainData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChainData({} certificates)", self.0.len())
    }
}

impl ChainData {
    /// # Errors
    /// A certificate that cannot be encoded.
    pub fn of(chain: &Chain) -> Result<Self, StorageError> {
        let der = chain.certificates().iter().map(Encode::to_der);
        let der = der.collect::<Result<_, _>>();
        der.map(Self)
            .map_err(|_| keystore::CertificateError::Encoding.into())
    }

    /// # Errors
    /// What is no chain.
    pub fn chain(&self) -> Result<Chain, StorageError> {
        let certificates = self.0.iter().map(|der| Certificate::from_der(der));
        let certificates = certificates.collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| keystore::CertificateError::Malformed)?;
        Ok(Chain::partial(certificates)?)
    }
}

/// A key that is on the token: SubjectPublicKeyInfo (DER), and its certificates
/// unless a placeholder lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyData {
    key: Vec<u8>,
    chain: Option<ChainData>,
}

impl KeyData {
    /// # Errors
    /// What cannot be encoded.
    pub fn of(key: &PublicKey, chain: Option<&Chain>) -> Result<Self, StorageError> {
        Ok(Self {
            key: key.to_der(),
            chain: chain.map(ChainData::of).transpose()?,
        })
    }

    /// # Errors
    /// What is no key.
    pub fn stored(&self) -> Result<StoredKey, StorageError> {
        Ok(StoredKey {
            key: PublicKey::from_der(&self.key).map_err(|_| StorageError::TestFailed)?,
            chain: self.chain.as_ref().map(ChainData::chain).transpose()?,
        })
    }
}

/// [`StorageError`] as far as it concerns tokens, for the way between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenTrouble {
    NoKey,
    WrongPin(Option<u8>),
    Missing,
    Pulled,
    Blocked,
    PinDefault,
    PinRule,
    PukWrong(Option<u8>),
    PukBlocked,
    Occupied,
    Full,
    ReadOnly,
    Unknown,
    ManagementKey,
    Several,
    TestFailed,
    ForeignCertificate,
    Failed,
}

/// In the words of [`StorageError`].
impl std::fmt::Display for TokenTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        StorageError::from(*self).fmt(f)
    }
}

impl From<StorageError> for TokenTrouble {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NoKey => TokenTrouble::NoKey,
            StorageError::WrongSecret { tries_left } => TokenTrouble::WrongPin(tries_left),
            StorageError::TokenPinWrong => TokenTrouble::WrongPin(None),
            StorageError::TokenMissing => TokenTrouble::Missing,
            StorageError::TokenPulled => TokenTrouble::Pulled,
            StorageError::TokenBlocked => TokenTrouble::Blocked,
            StorageError::TokenPinDefault => TokenTrouble::PinDefault,
            StorageError::TokenPinRule => TokenTrouble::PinRule,
            StorageError::TokenPukWrong { tries_left } => TokenTrouble::PukWrong(tries_left),
            StorageError::TokenPukBlocked => TokenTrouble::PukBlocked,
            StorageError::TokenOccupied => TokenTrouble::Occupied,
            StorageError::TokenFull => TokenTrouble::Full,
            StorageError::TokenReadOnly => TokenTrouble::ReadOnly,
            StorageError::TokenUnknown | StorageError::TokenCertificateCompressed => {
                TokenTrouble::Unknown
            }
            StorageError::TokenManagementKey => TokenTrouble::ManagementKey,
            StorageError::TokenSeveral => TokenTrouble::Several,
            StorageError::TestFailed | StorageError::Certificate(_) => TokenTrouble::TestFailed,
            StorageError::ForeignCertificate => TokenTrouble::ForeignCertificate,
            _ => TokenTrouble::Failed,
        }
    }
}

impl From<TokenTrouble> for StorageError {
    fn from(trouble: TokenTrouble) -> Self {
        match trouble {
            TokenTrouble::NoKey => StorageError::NoKey,
            // Without a number a wrong secret would be a file's password.
            TokenTrouble::WrongPin(None) => StorageError::TokenPinWrong,
            TokenTrouble::WrongPin(tries_left) => StorageError::WrongSecret { tries_left },
            TokenTrouble::Missing => StorageError::TokenMissing,
            TokenTrouble::Pulled => StorageError::TokenPulled,
            TokenTrouble::Blocked => StorageError::TokenBlocked,
            TokenTrouble::PinDefault => StorageError::TokenPinDefault,
            TokenTrouble::PinRule => StorageError::TokenPinRule,
            TokenTrouble::PukWrong(tries_left) => StorageError::TokenPukWrong { tries_left },
            TokenTrouble::PukBlocked => StorageError::TokenPukBlocked,
            TokenTrouble::Occupied => StorageError::TokenOccupied,
            TokenTrouble::Full => StorageError::TokenFull,
            TokenTrouble::ReadOnly => StorageError::TokenReadOnly,
            TokenTrouble::Unknown => StorageError::TokenUnknown,
            TokenTrouble::ManagementKey => StorageError::TokenManagementKey,
            TokenTrouble::Several => StorageError::TokenSeveral,
            TokenTrouble::TestFailed => StorageError::TestFailed,
            TokenTrouble::ForeignCertificate => StorageError::ForeignCertificate,
            TokenTrouble::Failed => StorageError::TokenFailed,
        }
    }
}

/// What is in the place for tokens, told at each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenEvent {
    /// Nothing.
    Removed,
    Inserted(StorageType),
    /// A card or token that this kiosk cannot use.
    Unknown,
    /// More than one.
    Several,
    /// The reader or writer itself does not answer.
    PlaceGone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_the_same_on_both_sides() {
        let some = Some(2);
        for error in [
            StorageError::NoKey,
            StorageError::WrongSecret { tries_left: some },
            StorageError::TokenPinWrong,
            StorageError::TokenMissing,
            StorageError::TokenPulled,
            StorageError::TokenBlocked,
            StorageError::TokenPinDefault,
            StorageError::TokenPinRule,
            StorageError::TokenPukWrong { tries_left: some },
            StorageError::TokenPukWrong { tries_left: None },
            StorageError::TokenPukBlocked,
            StorageError::TokenOccupied,
            StorageError::TokenFull,
            StorageError::TokenReadOnly,
            StorageError::TokenUnknown,
            StorageError::TokenManagementKey,
            StorageError::TokenCertificateCompressed,
            StorageError::TokenSeveral,
            StorageError::TestFailed,
            StorageError::ForeignCertificate,
            StorageError::TokenFailed,
        ] {
            let fault = error.fault();
            let there = StorageError::from(TokenTrouble::from(error));
            assert_eq!(there.fault(), fault, "{there}");
        }
    }

    #[test]
    fn debug_names_nobody() {
        let request = TokenRequest::Sign {
            key: "00".repeat(20).parse().unwrap(),
            pin: Secret::from("731946"),
            message: b"SERIKKYZY".to_vec(),
        };
        let chain = ChainData(vec![b"SERIKKYZY".to_vec()]);
        assert_eq!(format!("{request:?}"), "Sign");
        assert_eq!(format!("{chain:?}"), "ChainData(1 certificates)");
    }

    #[test]
    fn the_modules_of_a_place_share_one_environment() {
        let folder = tempfile::tempdir().unwrap();
        let shipped = include_str!("../../keystore/profiles/softhsm2.toml");
        let profile = |file: &str, environment: &str| {
            let path = folder.path().join(file);
            std::fs::write(&path, format!("{shipped}\n[environment]\n{environment}\n")).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let one = profile("one", "A = \"1\"");
        let two = profile("two", "A = \"1\"\nB = \"2\"");
        let other = profile("other", "A = \"3\"");
        let of = |profiles: &[&String]| {
            let profiles = profiles.iter().map(|name| (*name).clone()).collect();
            TokenPlace::Modules { profiles }.environment()
        };
        let expected = [("A", "1"), ("B", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(of(&[&one, &two]), Ok(expected.into()));
        assert!(of(&[&two, &other]).unwrap_err().contains("another A"));
        assert!(of(&[&"nowhere".to_owned()]).is_err());
        let reader = "pcsc:".parse::<TokenPlace>().unwrap();
        assert_eq!(reader.environment(), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in [
            "pcsc:",
            "pcsc:Virtual PCD",
            "serial:/dev/ttyS1",
            "modules:softhsm2,ykcs11",
        ] {
            assert_eq!(text.parse::<TokenPlace>().unwrap().to_string(), text);
        }
        for text in ["", "pcsc", "serial:", "modules:", "usb:1"] {
            assert!(text.parse::<TokenPlace>().is_err(), "{text}");
        }
    }
}
