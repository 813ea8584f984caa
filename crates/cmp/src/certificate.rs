//! A certificate with the very bytes it came in.

use const_oid::AssociatedOid;
use der::{Decode, Encode};
use exchange::UnixMillis;
use keystore::{VerifyingKey, certificate::extension_of};
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, KeyUsage, SubjectKeyIdentifier},
    name::Name,
};

/// Its digest and its signature are over these bytes, which a decoder might write
/// another way.
#[derive(Clone, PartialEq, Eq)]
pub struct DerCertificate {
    der: Vec<u8>,
    parsed: Certificate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    #[error("this is no certificate, or none at all")]
    Malformed,
}

impl DerCertificate {
    /// # Errors
    /// When it is no certificate.
    pub fn from_der(der: &[u8]) -> der::Result<Self> {
        Ok(Self {
            der: der.to_vec(),
            parsed: Certificate::from_der(der)?,
        })
    }

    /// All certificates of a PEM file, at least one.
    ///
    /// # Errors
    /// See [`PemError`].
    pub fn list_from_pem(pem: &str) -> Result<Vec<Self>, PemError> {
        let malformed = |_: der::Error| PemError::Malformed;
        let all = Certificate::load_pem_chain(pem.as_bytes()).map_err(malformed)?;
        if all.is_empty() {
            return Err(PemError::Malformed);
        }
        all.into_iter()
            .map(|parsed| {
                let der = parsed.to_der().map_err(malformed)?;
                Ok(Self { der, parsed })
            })
            .collect()
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn certificate(&self) -> &Certificate {
        &self.parsed
    }

    pub fn subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }

    /// None when it is of a kind that is not known here.
    pub(crate) fn key(&self) -> Option<VerifyingKey> {
        VerifyingKey::of_certificate(&self.parsed).ok()
    }

    pub(crate) fn is_issued_by(&self, issuer: &DerCertificate) -> bool {
        self.issuer() == issuer.subject()
            && self.parsed.signature_algorithm() == self.parsed.tbs_certificate().signature()
            && issuer.key().is_some_and(|key| key.signed(&self.der))
    }

    pub(crate) fn is_valid_at(&self, now: UnixMillis) -> bool {
        let validity = self.parsed.tbs_certificate().validity();
        let now = u128::try_from(now.0).unwrap_or_default();
        validity.not_before.to_unix_duration().as_millis() <= now
            && now <= validity.not_after.to_unix_duration().as_millis()
    }

    pub(crate) fn key_identifier(&self) -> Option<Vec<u8>> {
        let found: SubjectKeyIdentifier = extension_of(&self.parsed)?;
        Some(found.0.as_bytes().to_vec())
    }

    pub(crate) fn basic_constraints(&self) -> Option<BasicConstraints> {
        extension_of(&self.parsed)
    }

    pub(crate) fn key_usage(&self) -> Option<KeyUsage> {
        extension_of(&self.parsed)
    }

    /// Whether a critical extension is not known here, or one is there twice or in a
    /// form that cannot be read.
    pub(crate) fn has_strange_extensions(&self) -> bool {
        use x509_cert::ext::pkix::{CertificatePolicies, ExtendedKeyUsage, SubjectAltName};
        const KNOWN: [const_oid::ObjectIdentifier; 5] = [
            BasicConstraints::OID,
            KeyUsage::OID,
            ExtendedKeyUsage::OID,
            SubjectAltName::OID,
            CertificatePolicies::OID,
        ];
        let all = self.parsed.tbs_certificate().extensions();
        let all = all.map(Vec::as_slice).unwrap_or_default();
        let unreadable = |oid, readable: bool| all.iter().any(|e| e.extn_id == oid) && !readable;
        all.iter()
            .any(|e| e.critical && !KNOWN.contains(&e.extn_id))
            || (1..all.len()).any(|i| all[..i].iter().any(|e| e.extn_id == all[i].extn_id))
            || unreadable(BasicConstraints::OID, self.basic_constraints().is_some())
            || unreadable(KeyUsage::OID, self.key_usage().is_some())
    }
}

impl std::fmt::Debug for DerCertificate {
    /// The subject may be a citizen.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DerCertificate(..)")
    }
}
