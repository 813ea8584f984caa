//! Technicians: who they are is told by a certificate of the office, that they are there by
//! its key, and who is one no more by a list.
//!
//! All of it works without a link, until the list is too old. Whether the key signed
//! [`presence_bytes`] is for the caller to see: it has the card.

use der::{Decode, Encode, oid::AssociatedOid};
use p256::ecdsa::signature::Verifier;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
    time::Time,
};

use crate::{AtMost, Digest, KioskId, Signed, Statement, UnixMillis, VerifyingKey, ids::as_text};

/// GET -> `Signed<RevokedTechnicians>`.
pub const REVOKED: &str = "/v1/technicians/revoked";

/// ExtKeyUsageSyntax (RFC 5280 section 4.2.1.12), DER, with one purpose of this project:
/// 2.25.21554141623485317462696693167284092927, of a UUID (ITU-T X.667). As bytes: that
/// arc has more bits than the decoder of identifiers takes.
pub const PURPOSE: [u8; 23] = [
    0x30, 0x15, 0x06, 0x13, 0x69, 0xa0, 0xb7, 0x96, 0xce, 0xd8, 0xa0, 0x8a, 0xae, 0xb1, 0xa1, 0x96,
    0xde, 0xab, 0xf3, 0x88, 0x83, 0xff, 0x7f,
];

/// ecdsa-with-SHA256 (RFC 5758 section 3.2): the office's authority signs with nothing else.
const ECDSA_SHA256: der::oid::ObjectIdentifier =
    der::oid::ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// id-at-commonName.
const COMMON_NAME: der::oid::ObjectIdentifier = der::oid::ObjectIdentifier::new_unwrap("2.5.4.3");

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TechnicianError {
    #[error("a serial number has 1 to 20 bytes, in hexadecimal")]
    Serial,
    #[error("this is not a certificate")]
    Malformed,
    #[error("the certificate is not of this office")]
    OtherOffice,
    #[error("the certificate is not one of a technician")]
    NotTechnician,
    #[error("the certificate is not valid yet")]
    NotYet,
    #[error("the certificate has expired")]
    Expired,
    #[error("the certificate was revoked")]
    Revoked,
    #[error("the list of revoked technicians is not signed by the office")]
    ListNotSigned,
    #[error("there was a newer list of revoked technicians")]
    ListSuperseded,
    #[error("the list of revoked technicians is too old")]
    ListStale,
}

/// RFC 5280 section 4.1.2.2; lower-case hexadecimal without leading zero bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateSerial(String);

impl CertificateSerial {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Big-endian, as in a certificate.
    fn of(bytes: &[u8]) -> Result<Self, TechnicianError> {
        let leading = bytes.iter().take_while(|b| **b == 0).count();
        hex::encode(&bytes[leading..]).parse()
    }
}

impl std::str::FromStr for CertificateSerial {
    type Err = TechnicianError;

    fn from_str(text: &str) -> Result<Self, TechnicianError> {
        let fits = (2..=40).contains(&text.len())
            && text.len().is_multiple_of(2)
            && !text.starts_with("00")
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        fits.then(|| Self(text.to_owned()))
            .ok_or(TechnicianError::Serial)
    }
}

impl std::fmt::Display for CertificateSerial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(CertificateSerial);

/// Signed by the office's decision key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedTechnicians {
    /// Grows with each list.
    pub number: u64,
    pub issued_at: UnixMillis,
    /// After it nobody is admitted by this list.
    pub good_until: UnixMillis,
    /// What would not have expired anyhow.
    pub serials: AtMost<CertificateSerial, 1000>,
}

impl Statement for RevokedTechnicians {
    const DOMAIN: &'static str = "qoltanba revoked technicians v1";
}

impl RevokedTechnicians {
    /// The one way for a kiosk to read a list. `newest_seen`: of the highest list it ever
    /// accepted, 0 at first.
    ///
    /// # Errors
    /// Not the office's, or older than one that was seen.
    pub fn accept(
        signed: &Signed<Self>,
        office: &VerifyingKey,
        newest_seen: u64,
    ) -> Result<Self, TechnicianError> {
        let list = signed
            .verify(office)
            .map_err(|_| TechnicianError::ListNotSigned)?;
        if list.number < newest_seen {
            return Err(TechnicianError::ListSuperseded);
        }
        Ok(list)
    }
}

/// Someone whom this office lets maintain its kiosks, if they have the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technician {
    /// CN of the certificate.
    pub name: String,
    pub serial: CertificateSerial,
    /// SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    pub not_after: UnixMillis,
}

impl Technician {
    /// `certificate`: from the card, DER. `authority`: the certificate of the office's
    /// channel, which the kiosk pinned when it was provisioned, DER.
    ///
    /// # Errors
    /// See [`TechnicianError`]; bytes of strangers are among what is expected.
    pub fn admit(
        certificate: &[u8],
        authority: &[u8],
        list: &RevokedTechnicians,
        now: UnixMillis,
    ) -> Result<Self, TechnicianError> {
        let technician = Self::certified(certificate, authority, now)?;
        if list.good_until <= now {
            return Err(TechnicianError::ListStale);
        }
        if list.serials.contains(&technician.serial) {
            return Err(TechnicianError::Revoked);
        }
        Ok(technician)
    }

    /// All but the list.
    fn certified(
        certificate: &[u8],
        authority: &[u8],
        now: UnixMillis,
    ) -> Result<Self, TechnicianError> {
        let malformed = |_| TechnicianError::Malformed;
        let certificate = Certificate::from_der(certificate).map_err(malformed)?;
        let authority = Certificate::from_der(authority).map_err(malformed)?;
        if !issued_by(&certificate, &authority)? {
            return Err(TechnicianError::OtherOffice);
        }
        let content = certificate.tbs_certificate();
        if !is_technicians(&certificate) {
            return Err(TechnicianError::NotTechnician);
        }
        let validity = content.validity();
        let not_after = millis(&validity.not_after);
        if now < millis(&validity.not_before) {
            return Err(TechnicianError::NotYet);
        }
        if now > not_after {
            return Err(TechnicianError::Expired);
        }
        let name = content
            .subject()
            .iter()
            .find(|attribute| attribute.oid == COMMON_NAME)
            .and_then(|cn| std::str::from_utf8(cn.value.value()).ok())
            .ok_or(TechnicianError::NotTechnician)?;
        Ok(Self {
            name: name.to_owned(),
            serial: CertificateSerial::of(content.serial_number().as_bytes())?,
            public_key: content
                .subject_public_key_info()
                .to_der()
                .map_err(malformed)?,
            not_after,
        })
    }
}

fn millis(time: &Time) -> UnixMillis {
    let millis = time.to_unix_duration().as_millis();
    UnixMillis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn issued_by(certificate: &Certificate, authority: &Certificate) -> Result<bool, TechnicianError> {
    let malformed = |_| TechnicianError::Malformed;
    let content = certificate.tbs_certificate();
    let key = authority
        .tbs_certificate()
        .subject_public_key_info()
        .subject_public_key
        .raw_bytes();
    let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| TechnicianError::Malformed)?;
    let named = content.issuer() == authority.tbs_certificate().subject()
        && content.signature() == certificate.signature_algorithm()
        && content.signature().oid == ECDSA_SHA256;
    let signature = p256::ecdsa::Signature::from_der(certificate.signature().raw_bytes());
    let signed = content.to_der().map_err(malformed)?;
    Ok(named && signature.is_ok_and(|signature| key.verify(&signed, &signature).is_ok()))
}

/// Exactly one purpose, no authority, and nothing critical that is not understood here.
fn is_technicians(certificate: &Certificate) -> bool {
    let Some(extensions) = certificate.tbs_certificate().extensions() else {
        return false;
    };
    let mut purposes = 0;
    extensions.iter().all(|extension| {
        let value = extension.extn_value.as_bytes();
        if extension.extn_id == ExtendedKeyUsage::OID {
            purposes += 1;
            value == PURPOSE
        } else if extension.extn_id == BasicConstraints::OID {
            BasicConstraints::from_der(value).is_ok_and(|c| !c.ca)
        } else if extension.extn_id == KeyUsage::OID {
            KeyUsage::from_der(value).is_ok_and(|usage| usage.digital_signature())
        } else {
            !extension.critical
        }
    }) && purposes == 1
}

/// What the technician's key signs at a kiosk: RSA PKCS#1 v1.5 with SHA-256, or ECDSA
/// P-256 with SHA-256. `nonce`: 32 random bytes of the kiosk, used once.
pub fn presence_bytes(kiosk: &KioskId, nonce: &Digest) -> Vec<u8> {
    format!("qoltanba technician v1\n{kiosk}\n{nonce}").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_list_is_the_offices_and_never_goes_back() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        let list = RevokedTechnicians {
            number: 3,
            issued_at: UnixMillis(1),
            good_until: UnixMillis(2),
            serials: AtMost::default(),
        };
        let accept = |key: &SigningKey, seen| {
            RevokedTechnicians::accept(&Signed::new(&list, key), other.verifying_key(), seen)
        };
        assert_eq!(accept(&other, 3), Ok(list.clone()));
        assert_eq!(accept(&other, 4), Err(TechnicianError::ListSuperseded));
        assert_eq!(accept(&key, 0), Err(TechnicianError::ListNotSigned));
    }

    #[test]
    fn a_serial_number_has_one_spelling() {
        for good in ["01", "7f00", &"f".repeat(40)] {
            assert!(good.parse::<CertificateSerial>().is_ok(), "{good}");
        }
        for bad in ["", "1", "AB", "00ff", "0x01", &"f".repeat(42)] {
            assert!(bad.parse::<CertificateSerial>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_strangers_admit_nobody(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let list = RevokedTechnicians {
                number: 1,
                issued_at: UnixMillis(0),
                good_until: UnixMillis(i64::MAX),
                serials: AtMost::default(),
            };
            prop_assert!(Technician::admit(&bytes, &bytes, &list, UnixMillis(0)).is_err());
        }
    }
}
