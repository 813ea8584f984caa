//! What can lie in a certificate object (SP 800-73-4, part 1, table 10 and following):
//! a certificate, or this project's mark that the key beside it belongs to nobody.

use der::{Decode, Encode};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::tlv;
use crate::{KeyId, PublicKey, SlotContent, certificate, placeholder};

const CERTIFICATE: u16 = 0x70;
const CERT_INFO: u16 = 0x71;
const ERROR_DETECTION: u16 = 0xFE;
/// Private class: no program looks for it.
const MARK: u16 = 0xDF51;
const VOID: &[u8] = b"qoltanba: void";

/// CertInfo: the certificate is compressed with gzip.
const COMPRESSED: u8 = 0x01;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum CertificateObject {
    /// Nothing, or an object without content.
    Absent,
    /// Whatever key is there may be overwritten.
    Void,
    Certificate(Box<Held>),
    /// A compressed certificate, which is not opened.
    Compressed,
    /// No certificate, or one for a key that is not accepted here.
    Unknown,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub certificate: Certificate,
    pub key: PublicKey,
    pub is_placeholder: bool,
}

impl CertificateObject {
    /// `value`: what is inside tag 53.
    pub fn parse(value: Option<&[u8]>) -> CertificateObject {
        let Some(value) = value else {
            return CertificateObject::Absent;
        };
        if tlv::find(value, MARK) == Some(VOID) {
            return CertificateObject::Void;
        }
        let compressed = tlv::find(value, CERT_INFO)
            .and_then(<[u8]>::first)
            .is_some_and(|info| info & COMPRESSED != 0);
        match tlv::find(value, CERTIFICATE) {
            None => CertificateObject::Unknown,
            Some([]) => CertificateObject::Absent,
            Some(_) if compressed => CertificateObject::Compressed,
            Some(der) => match Held::parse(der) {
                Some(held) => CertificateObject::Certificate(Box::new(held)),
                None => CertificateObject::Unknown,
            },
        }
    }

    /// The certificate for a key.
    pub fn held_for(self, id: &KeyId) -> Option<Held> {
        match self {
            CertificateObject::Certificate(held) if held.key.id() == *id => Some(*held),
            _ => None,
        }
    }

    /// `occupied`: the card tells of a key there.
    pub fn content(&self, occupied: bool) -> SlotContent {
        match self {
            CertificateObject::Absent if occupied => SlotContent::Unknown,
            CertificateObject::Absent | CertificateObject::Void => SlotContent::Empty,
            CertificateObject::Certificate(held) if held.is_placeholder => {
                SlotContent::Pending(held.key.id())
            }
            CertificateObject::Certificate(held) => SlotContent::Installed(held.key.id()),
            CertificateObject::Compressed | CertificateObject::Unknown => SlotContent::Unknown,
        }
    }
}

impl Held {
    fn parse(der: &[u8]) -> Option<Held> {
        let certificate = Certificate::from_der(der).ok()?;
        let key = certificate::key_of(&certificate).ok()?;
        let is_placeholder = placeholder::is_for(&certificate, &key);
        Some(Held {
            certificate,
            key,
            is_placeholder,
        })
    }
}

/// What is inside tag 53 for a certificate.
pub fn encode(certificate: &Certificate) -> Result<Zeroizing<Vec<u8>>, der::Error> {
    let der = certificate.to_der()?;
    Ok(tlv::Writer::default()
        .object(CERTIFICATE, &der)
        .object(CERT_INFO, &[0])
        .object(ERROR_DETECTION, &[])
        .done())
}

/// The mark. Other programs see an object without certificate.
pub fn void() -> Zeroizing<Vec<u8>> {
    tlv::Writer::default()
        .object(CERTIFICATE, &[])
        .object(CERT_INFO, &[0])
        .object(ERROR_DETECTION, &[])
        .object(MARK, VOID)
        .done()
}

#[cfg(test)]
mod tests {
    use exchange::KeyAlgorithm;
    use proptest::prelude::*;

    use super::*;
    use crate::{PrivateKey, PrivateKeyError, StorageError};

    fn placeholder() -> Certificate {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let sign = |m: &[u8]| {
            let signature: Result<_, PrivateKeyError> = key.sign(m);
            signature.map_err(StorageError::Key)
        };
        crate::placeholder::certificate(key.public(), sign).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let written = encode(&placeholder()).unwrap();
        let object = CertificateObject::parse(Some(&written));
        assert!(matches!(object.content(false), SlotContent::Pending(_)));
        let object = CertificateObject::parse(Some(&void()));
        assert_eq!(object, CertificateObject::Void);
        assert_eq!(object.content(true), SlotContent::Empty);
        let nothing = CertificateObject::parse(None);
        assert_eq!(nothing.content(true), SlotContent::Unknown);
    }

    #[test]
    fn a_compressed_certificate_is_told_apart() {
        let object = tlv::Writer::default()
            .object(CERTIFICATE, &[0x1F, 0x8B, 8, 0])
            .object(CERT_INFO, &[COMPRESSED])
            .done();
        let object = CertificateObject::parse(Some(&object));
        assert_eq!(object, CertificateObject::Compressed);
        assert_eq!(object.content(true), SlotContent::Unknown);
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(data in prop::collection::vec(any::<u8>(), 0..200)) {
            CertificateObject::parse(Some(&data)).content(true);
        }

        /// A certificate torn or changed somewhere is never taken for another key's.
        #[test]
        fn a_torn_certificate_is_not_understood(cut in any::<prop::sample::Index>()) {
            let whole = encode(&placeholder()).unwrap();
            let torn = &whole[..cut.index(whole.len() - 5)];
            let content = CertificateObject::parse(Some(torn)).content(true);
            prop_assert_eq!(content, SlotContent::Unknown);
        }
    }
}
