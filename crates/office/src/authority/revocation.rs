//! Revoked certificates, and the list of them that the authority signs (RFC
//! 5280 section 5). The records live with the caller.

use der::{Encode, EncodePem, asn1::GeneralizedTime};
use exchange::UnixMillis;
use keystore::{
    PublicKey,
    certificate::{CertificateError, Serial},
};
use serde::{Deserialize, Serialize};
use spki::DynSignatureAlgorithmIdentifier;
use x509_cert::{
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason},
    },
    serial_number::SerialNumber,
    time::Time,
};

use super::{Authority, AuthorityError};

/// Why a certificate ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The kiosk never confirmed that the certificate lies beside its key.
    NotConfirmed,
    /// The storage was lost or someone else may have the key.
    KeyCompromise,
    /// The citizen asked for it.
    Requested,
}

impl Reason {
    fn crl_reason(self) -> CrlReason {
        match self {
            Reason::NotConfirmed => CrlReason::Superseded,
            Reason::KeyCompromise => CrlReason::KeyCompromise,
            Reason::Requested => CrlReason::CessationOfOperation,
        }
    }
}

/// One entry; to be stored by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub serial: Serial,
    pub reason: Reason,
    pub at: UnixMillis,
}

impl Authority {
    /// The record of a revocation; it takes effect where the caller stores it
    /// and with the next [`Authority::revocation_list`].
    pub fn revoke(&self, serial: Serial, reason: Reason, at: UnixMillis) -> Revocation {
        Revocation { serial, reason, at }
    }

    /// The signed list of all revocations, PEM. `number` grows with each list;
    /// the next one is announced for `next`.
    pub fn revocation_list(
        &self,
        revocations: &[Revocation],
        number: u64,
        now: UnixMillis,
        next: UnixMillis,
    ) -> Result<String, AuthorityError> {
        let encoding = |_: der::Error| AuthorityError::from(CertificateError::Encoding);
        let issuer = self.ca().name();
        let key: &PublicKey = self.ca().public();
        let key_identifier = AuthorityKeyIdentifier {
            key_identifier: Some(
                der::asn1::OctetString::new(key.id().as_bytes().as_slice()).map_err(encoding)?,
            ),
            ..AuthorityKeyIdentifier::default()
        };
        let number = CrlNumber(der::asn1::Uint::new(&number.to_be_bytes()).map_err(encoding)?);
        let extensions: Vec<Extension> = vec![
            (&number).to_extension(&issuer, &[]).map_err(encoding)?,
            (&key_identifier)
                .to_extension(&issuer, &[])
                .map_err(encoding)?,
        ];
        let revoked = revocations
            .iter()
            .map(|r| {
                let reason = r.reason.crl_reason();
                Ok(RevokedCert {
                    serial_number: SerialNumber::new(r.serial.as_bytes())?,
                    revocation_date: time(r.at)?,
                    crl_entry_extensions: Some(vec![(&reason).to_extension(&issuer, &[])?]),
                })
            })
            .collect::<der::Result<Vec<RevokedCert>>>()
            .map_err(encoding)?;
        let signature_algorithm = key
            .signature_algorithm_identifier()
            .map_err(|_| CertificateError::Encoding)?;
        let tbs_cert_list = TbsCertList {
            version: x509_cert::certificate::Version::V2,
            signature: signature_algorithm.clone(),
            issuer,
            this_update: time(now).map_err(encoding)?,
            next_update: Some(time(next).map_err(encoding)?),
            // An empty list is left out: RFC 5280 section 5.1.2.6.
            revoked_certificates: (!revoked.is_empty()).then_some(revoked),
            crl_extensions: Some(extensions),
        };
        let signed = tbs_cert_list.to_der().map_err(encoding)?;
        let signature = self.ca().sign_bytes(&signed)?;
        CertificateList {
            tbs_cert_list,
            signature_algorithm,
            signature: der::asn1::BitString::from_bytes(&signature).map_err(encoding)?,
        }
        .to_pem(der::pem::LineEnding::LF)
        .map_err(encoding)
    }
}

/// UTCTime through 2049, GeneralizedTime after (RFC 5280 section 5.1.2.4).
fn time(at: UnixMillis) -> der::Result<Time> {
    let since_1970 = std::time::Duration::from_secs(at.0.max(0) as u64 / 1000);
    let general = GeneralizedTime::from_unix_duration(since_1970)?;
    Ok(Time::from(general.to_date_time()))
}
