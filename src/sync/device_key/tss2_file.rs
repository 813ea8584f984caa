//! A TPM's key in a file: "ASN.1 Specification for TPM 2.0 Key Files", the format of OpenSSL's
//! TPM 2.0 provider, PEM.

use der::asn1::{ObjectIdentifier, OctetString};
use der::pem::PemLabel;
use der::{DecodePem, EncodePem, Sequence};
use p256::pkcs8::LineEnding;

use super::DeviceKeyError;
use super::tpm_commands::WrappedKey;

/// id-loadablekey: TPM2_Load alone makes it usable.
const LOADABLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.10.1.3");
/// TPM_RH_OWNER: the parent is the primary of the standard template (P-256) in that hierarchy.
const OWNER: u32 = 0x4000_0001;

#[derive(Sequence)]
struct TpmKey {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    empty_auth: Option<bool>,
    parent: u32,
    /// TPM2B_PUBLIC
    public: OctetString,
    /// TPM2B_PRIVATE
    private: OctetString,
}

impl PemLabel for TpmKey {
    const PEM_LABEL: &'static str = "TSS2 PRIVATE KEY";
}

fn malformed(why: impl std::fmt::Display) -> DeviceKeyError {
    DeviceKeyError::MalformedTpmKey(why.to_string())
}

/// # Errors
/// [`DeviceKeyError::MalformedTpmKey`].
pub(super) fn read(pem: &str) -> Result<WrappedKey, DeviceKeyError> {
    let key = TpmKey::from_pem(pem).map_err(malformed)?;
    if key.kind != LOADABLE || key.parent != OWNER || key.empty_auth != Some(true) {
        return Err(malformed("not a key that this kiosk makes"));
    }
    Ok(WrappedKey {
        public: body_of(key.public.as_bytes())?.into(),
        private: body_of(key.private.as_bytes())?.into(),
    })
}

/// # Errors
/// [`DeviceKeyError::MalformedTpmKey`], when it is longer than any key.
pub(super) fn write(key: &WrappedKey) -> Result<String, DeviceKeyError> {
    TpmKey {
        kind: LOADABLE,
        empty_auth: Some(true),
        parent: OWNER,
        public: sized(&key.public)?,
        private: sized(&key.private)?,
    }
    .to_pem(LineEnding::LF)
    .map_err(malformed)
}

/// With the two bytes of length of a TPM2B (TPM 2.0 Library, part 2, section 10.4).
fn sized(bytes: &[u8]) -> Result<OctetString, DeviceKeyError> {
    let length = u16::try_from(bytes.len()).map_err(malformed)?;
    let mut with_length = length.to_be_bytes().to_vec();
    with_length.extend(bytes);
    OctetString::new(with_length).map_err(malformed)
}

fn body_of(bytes: &[u8]) -> Result<&[u8], DeviceKeyError> {
    match bytes.split_first_chunk::<2>() {
        Some((length, rest)) if usize::from(u16::from_be_bytes(*length)) == rest.len() => Ok(rest),
        _ => Err(malformed("a length that does not fit")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tpm_commands::verifying_key;
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let key = WrappedKey {
            public: vec![1, 2, 3],
            private: vec![4; 300],
        };
        let pem = write(&key).unwrap();
        assert!(pem.starts_with("-----BEGIN TSS2 PRIVATE KEY-----\n"));
        let read = read(&pem).unwrap();
        assert_eq!((read.public, read.private), (key.public, key.private));
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in ".{0,300}", der in prop::collection::vec(any::<u8>(), 0..400)) {
            assert!(read(&text).is_err());
            let body = der::pem::encode_string("TSS2 PRIVATE KEY", LineEnding::LF, &der).unwrap();
            let _ = read(&body);
            // What follows the ASN.1 is parsed by the TSS.
            let key = WrappedKey { public: der, private: Vec::new() };
            assert!(verifying_key(&key).is_err());
        }
    }
}
