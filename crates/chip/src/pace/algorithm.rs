//! The algorithms of PACE, by their object identifiers (ICAO 9303-11, tables 2 and 3).

use der::asn1::ObjectIdentifier;

use crate::cipher::Cipher;
use crate::security_info::PACE;

/// How the nonce becomes a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    Generic,
    Integrated,
    /// As the generic one, and the chip proves itself by it.
    ChipAuthentication,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceAlgorithm {
    elliptic: bool,
    mapping: Mapping,
    cipher: Cipher,
}

impl PaceAlgorithm {
    /// None where chip-authentication mapping is asked for with DH or 3DES, which
    /// does not exist.
    pub fn new(elliptic: bool, mapping: Mapping, cipher: Cipher) -> Option<PaceAlgorithm> {
        let exists =
            mapping != Mapping::ChipAuthentication || (elliptic && cipher != Cipher::TripleDes);
        exists.then_some(PaceAlgorithm {
            elliptic,
            mapping,
            cipher,
        })
    }

    /// None where it is unknown.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<PaceAlgorithm> {
        let parent = oid.parent()?;
        if parent.parent()? != PACE {
            return None;
        }
        let (elliptic, mapping) = match parent.arcs().last()? {
            1 => (false, Mapping::Generic),
            2 => (true, Mapping::Generic),
            3 => (false, Mapping::Integrated),
            4 => (true, Mapping::Integrated),
            6 => (true, Mapping::ChipAuthentication),
            _ => return None,
        };
        let cipher = match oid.arcs().last()? {
            1 => Cipher::TripleDes,
            2 => Cipher::Aes128,
            3 => Cipher::Aes192,
            4 => Cipher::Aes256,
            _ => return None,
        };
        PaceAlgorithm::new(elliptic, mapping, cipher)
    }

    pub fn oid(self) -> ObjectIdentifier {
        let family = match (self.elliptic, self.mapping) {
            (false, Mapping::Generic) => "0.4.0.127.0.7.2.2.4.1",
            (true, Mapping::Generic) => "0.4.0.127.0.7.2.2.4.2",
            (false, _) => "0.4.0.127.0.7.2.2.4.3",
            (true, Mapping::Integrated) => "0.4.0.127.0.7.2.2.4.4",
            (true, Mapping::ChipAuthentication) => "0.4.0.127.0.7.2.2.4.6",
        };
        let family = ObjectIdentifier::new_unwrap(family);
        let cipher = match self.cipher {
            Cipher::TripleDes => 1,
            Cipher::Aes128 => 2,
            Cipher::Aes192 => 3,
            Cipher::Aes256 => 4,
        };
        // One more arc always fits.
        family.push_arc(cipher).unwrap_or(family)
    }

    pub fn elliptic(self) -> bool {
        self.elliptic
    }

    pub fn mapping(self) -> Mapping {
        self.mapping
    }

    pub fn cipher(self) -> Cipher {
        self.cipher
    }

    /// The better ones first: those that prove the chip, curves before the slower
    /// DH, the generic mapping that all know, AES before 3DES.
    pub(crate) fn rank(self) -> impl Ord {
        let mapping = match self.mapping {
            Mapping::ChipAuthentication => 0,
            Mapping::Generic => 1,
            Mapping::Integrated => 2,
        };
        let cipher = match self.cipher {
            Cipher::Aes256 => 0,
            Cipher::Aes192 => 1,
            Cipher::Aes128 => 2,
            Cipher::TripleDes => 3,
        };
        (
            !self.elliptic,
            self.cipher == Cipher::TripleDes,
            mapping,
            cipher,
        )
    }
}

/// `id-PACE-ECDH-GM-AES-CBC-CMAC-128`, ...: as ICAO 9303-11 writes them.
impl std::fmt::Display for PaceAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let agreement = if self.elliptic { "ECDH" } else { "DH" };
        let mapping = match self.mapping {
            Mapping::Generic => "GM",
            Mapping::Integrated => "IM",
            Mapping::ChipAuthentication => "CAM",
        };
        let cipher = match self.cipher {
            Cipher::TripleDes => "3DES-CBC-CBC",
            Cipher::Aes128 => "AES-CBC-CMAC-128",
            Cipher::Aes192 => "AES-CBC-CMAC-192",
            Cipher::Aes256 => "AES-CBC-CMAC-256",
        };
        write!(f, "id-PACE-{agreement}-{mapping}-{cipher}")
    }
}
