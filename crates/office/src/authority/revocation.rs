//! Revoked certificates, and the list of them that the authority signs (RFC
//! 5280 section 5). The records live with the caller.

use der::{Encode, asn1::GeneralizedTime};
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

/// Why a certificate ended early, in the words of RFC 5280 section 5.3.1, with one
/// more of this office's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Reason {
    /// The storage was lost, or someone else may have the key.
    KeyCompromise,
    /// Name or other data of the person changed.
    AffiliationChanged,
    /// The person has another certificate instead.
    Superseded,
    /// The person needs it no more.
    CessationOfOperation,
    /// It should not have been issued.
    PrivilegeWithdrawn,
    /// The kiosk never confirmed that the certificate lies beside its key.
    #[value(skip)]
    NotConfirmed,
}

impl Reason {
    /// What an operator may choose.
    pub const CHOICES: [Self; 5] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyCompromise => "key_compromise",
            Self::AffiliationChanged => "affiliation_changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation_of_operation",
            Self::PrivilegeWithdrawn => "privilege_withdrawn",
            Self::NotConfirmed => "not_confirmed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::CHOICES.into_iter().chain([Self::NotConfirmed]);
        all.find(|r| r.as_str() == text)
    }

    pub fn crl_reason(self) -> CrlReason {
        match self {
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            // Another one takes its place, or can.
            Self::Superseded | Self::NotConfirmed => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
        }
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub serial: Serial,
    pub reason: Reason,
    pub at: UnixMillis,
}

/// What a list says.
#[derive(Clone, Debug)]
pub struct RevocationList {
    /// Grows with each list (RFC 5280 section 5.2.3).
    pub number: u64,
    pub this_update: UnixMillis,
    /// When the next one is there at the latest.
    pub next_update: UnixMillis,
    pub revocations: Vec<Revocation>,
}

impl Authority {
    /// The signed list, DER.
    pub fn revocation_list(&self, list: &RevocationList) -> Result<Vec<u8>, AuthorityError> {
        let encoding = |_: der::Error| AuthorityError::from(CertificateError::Encoding);
        let issuer = self.ca().name();
        let key: &PublicKey = self.ca().public();
        let key_identifier = AuthorityKeyIdentifier {
            key_identifier: Some(
                der::asn1::OctetString::new(key.id().as_bytes().as_slice()).map_err(encoding)?,
            ),
            ..AuthorityKeyIdentifier::default()
        };
        let number = CrlNumber::try_from(list.number).map_err(encoding)?;
        let extensions: Vec<Extension> = vec![
            (&number).to_extension(&issuer, &[]).map_err(encoding)?,
            (&key_identifier)
                .to_extension(&issuer, &[])
                .map_err(encoding)?,
        ];
        let revoked = list
            .revocations
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
            this_update: time(list.this_update).map_err(encoding)?,
            next_update: Some(time(list.next_update).map_err(encoding)?),
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
        .to_der()
        .map_err(encoding)
    }
}

/// UTCTime through 2049, GeneralizedTime after (RFC 5280 section 5.1.2.4).
fn time(at: UnixMillis) -> der::Result<Time> {
    let since_1970 = std::time::Duration::from_secs(at.0.max(0) as u64 / 1000);
    let general = GeneralizedTime::from_unix_duration(since_1970)?;
    Ok(Time::from(general.to_date_time()))
}
