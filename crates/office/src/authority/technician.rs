//! Certificates of technicians: of the authority of the channel, for one purpose that
//! opens no TLS connection, and short-lived.

use exchange::{CertificateSerial, Line, UnixMillis, technician::PURPOSE};
use keystore::{
    certificate::{self, CertificateError, Contents, Serial},
    csr::Request,
    profile,
    subject::{distinguished_name, utf8},
};
use x509_cert::{
    der::{asn1::OctetString, oid::AssociatedOid},
    ext::{
        Extension,
        pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages},
    },
};

use super::{AuthorityError, tls::TlsAuthority};

/// Of life at most; a technician comes for a new one.
pub const LONGEST_DAYS: u16 = 90;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;
/// Begins an hour ago: clocks of kiosks lag.
const LEAD_MILLIS: i64 = 3600 * 1000;

pub struct TechnicianCertificate {
    pub pem: String,
    pub serial: CertificateSerial,
    pub not_after: UnixMillis,
}

impl TlsAuthority {
    /// For the key of `request` (PKCS#10, PEM or DER); CN is `name`. The name in the
    /// request is ignored.
    ///
    /// # Errors
    /// [`AuthorityError::Days`], or a request that its key did not sign.
    pub fn technician(
        &self,
        request: &[u8],
        name: &Line<64>,
        days: u16,
        now: UnixMillis,
    ) -> Result<TechnicianCertificate, AuthorityError> {
        if !(1..=LONGEST_DAYS).contains(&days) {
            return Err(AuthorityError::Days);
        }
        let request = Request::verify(request)?;
        let encoding = |_| CertificateError::Encoding;
        let subject = utf8(profile::COMMON_NAME, name.as_str())
            .and_then(|cn| distinguished_name(vec![cn]))
            .map_err(encoding)?;
        let not_after = now.plus_millis(i64::from(days) * DAY_MILLIS);
        let serial = Serial::random()?;
        let mut contents = Contents {
            serial,
            issuer: self.ca.name(),
            subject,
            validity: certificate::between(now.plus_millis(-LEAD_MILLIS), not_after)?,
            key: request.key().clone(),
            extensions: Vec::new(),
        };
        let end_entity = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        contents.extension((true, &end_entity))?;
        contents.extension(&KeyUsage(KeyUsages::DigitalSignature.into()))?;
        contents.extension(Extension {
            extn_id: ExtendedKeyUsage::OID,
            // Whoever does not know this purpose must not take it for another.
            critical: true,
            extn_value: OctetString::new(PURPOSE).map_err(encoding)?,
        })?;
        Ok(TechnicianCertificate {
            pem: certificate::to_pem(&self.ca.issue(contents)?)?,
            serial: serial
                .to_string()
                .parse()
                .map_err(|_| CertificateError::Encoding)?,
            not_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use exchange::{
        AtMost, KeyAlgorithm, RevokedTechnicians, StorageType, Technician, TechnicianError,
    };
    use keystore::{PrivateKey, Subject, csr};
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_365_960_000);
    const KIOSK: &str = "kiosk-1";

    fn der(pem: &str) -> Vec<u8> {
        der::pem::decode_vec(pem.as_bytes()).unwrap().1
    }

    fn request(algorithm: KeyAlgorithm) -> Vec<u8> {
        let key = PrivateKey::generate(algorithm).unwrap();
        let holder = exchange::HolderName::new("ҮЛГІБЕКОВА", "САУЛЕ", "").unwrap();
        let iin = exchange::Iin::parse("880412401006", exchange::IinPolicy::Strict).unwrap();
        let email = exchange::EmailAddress::parse("sample@example.kz").unwrap();
        let subject = Subject {
            holder: &holder,
            iin: &iin,
            email: &email,
        };
        let draft = csr::Draft::new(subject, StorageType::Piv, None, key.public()).unwrap();
        let signature = key.sign(draft.to_be_signed()).unwrap();
        draft.signed(&signature).unwrap()
    }

    struct Office {
        authority: TlsAuthority,
        certificate: Vec<u8>,
    }

    impl Office {
        fn make() -> Self {
            let authority = TlsAuthority::create("Sample", NOW).unwrap();
            let certificate = der(&authority.certificate_pem().unwrap());
            Self {
                authority,
                certificate,
            }
        }

        fn technician(&self, days: u16) -> TechnicianCertificate {
            let name = "Сынақ Техник".parse().unwrap();
            let csr = request(KeyAlgorithm::EcdsaP256);
            self.authority.technician(&csr, &name, days, NOW).unwrap()
        }
    }

    fn list(serials: Vec<CertificateSerial>, good_until: UnixMillis) -> RevokedTechnicians {
        RevokedTechnicians {
            number: 1,
            issued_at: NOW,
            good_until,
            serials: AtMost::new(serials).unwrap(),
        }
    }

    const FOREVER: UnixMillis = UnixMillis(i64::MAX);
    static OFFICE: LazyLock<(Office, Vec<u8>)> = LazyLock::new(|| {
        let office = Office::make();
        let certificate = der(&office.technician(30).pem);
        (office, certificate)
    });

    #[test]
    fn a_kiosk_admits_a_technician_of_its_office_until_the_last_day() {
        let office = Office::make();
        let made = office.technician(30);
        let nobody = list(vec![], FOREVER);
        let admit = |list: &RevokedTechnicians, now| {
            Technician::admit(&der(&made.pem), &office.certificate, list, now)
        };
        let technician = admit(&nobody, NOW).unwrap();
        assert_eq!(technician.name, "Сынақ Техник");
        assert_eq!(technician.serial, made.serial);
        assert!(keystore::PublicKey::from_der(&technician.public_key).is_ok());
        let days = |n: i64| NOW.plus_millis(n * DAY_MILLIS);
        assert!(admit(&nobody, days(29)).is_ok());
        assert_eq!(
            admit(&nobody, days(31)).err(),
            Some(TechnicianError::Expired)
        );
        assert_eq!(
            admit(&nobody, days(-1)).err(),
            Some(TechnicianError::NotYet)
        );
        let revoked = list(vec![made.serial.clone()], FOREVER);
        assert_eq!(admit(&revoked, NOW).err(), Some(TechnicianError::Revoked));
        let stale = list(vec![], NOW);
        assert_eq!(admit(&stale, NOW).err(), Some(TechnicianError::ListStale));
    }

    #[test]
    fn another_office_and_another_purpose_admit_nobody() {
        let (office, other) = (Office::make(), Office::make());
        let nobody = list(vec![], FOREVER);
        // The same name as ours, another key.
        let theirs = der(&other.technician(30).pem);
        let admitted = Technician::admit(&theirs, &office.certificate, &nobody, NOW);
        assert_eq!(admitted.err(), Some(TechnicianError::OtherOffice));
        let csr = request(KeyAlgorithm::EcdsaP256);
        let kiosk = office.authority.kiosk(&csr, &KIOSK.parse().unwrap(), NOW);
        let admitted = Technician::admit(&der(&kiosk.unwrap()), &office.certificate, &nobody, NOW);
        assert_eq!(admitted.err(), Some(TechnicianError::NotTechnician));
        let itself = Technician::admit(&office.certificate, &office.certificate, &nobody, NOW);
        assert_eq!(itself.err(), Some(TechnicianError::NotTechnician));
    }

    #[test]
    fn a_life_is_short_and_a_request_signed() {
        let office = Office::make();
        let name = "Техник".parse().unwrap();
        let csr = request(KeyAlgorithm::Rsa2048);
        let make = |csr: &[u8], days| office.authority.technician(csr, &name, days, NOW);
        assert!(make(&csr, 30).is_ok(), "RSA, as older cards have it");
        for days in [0, LONGEST_DAYS + 1] {
            assert!(matches!(make(&csr, days), Err(AuthorityError::Days)));
        }
        let mut changed = csr.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(make(&changed, 30).is_err());
    }

    proptest! {
        #[test]
        fn a_changed_byte_admits_nobody(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let (office, certificate) = &*OFFICE;
            let mut bytes = certificate.clone();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != value);
            bytes[at] = value;
            let admitted = Technician::admit(&bytes, &office.certificate, &list(vec![], FOREVER), NOW);
            prop_assert!(admitted.is_err());
        }
    }
}
