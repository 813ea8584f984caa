//! Key and certificate of one certificate authority (ECDSA P-256, SHA-256).

use der::{Encode, pem::LineEnding};
use exchange::{KeyAlgorithm, UnixMillis};
use keystore::{
    PrivateKey, PublicKey,
    certificate::{self, Contents, Draft, Serial},
    profile,
    subject::{distinguished_name, printable, utf8},
};
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, KeyUsage, KeyUsages},
    name::Name,
    time::Validity,
};
use zeroize::Zeroizing;

use super::AuthorityError;

const KEY_LABEL: &str = "PRIVATE KEY";

/// A CA that can sign. The private key is cleared when it is dropped.
pub struct CaKey {
    key: PrivateKey,
    certificate: Certificate,
}

impl CaKey {
    /// A root that signs itself.
    pub fn root(name: Name, validity: Validity) -> Result<Self, AuthorityError> {
        let key = generate()?;
        let contents = ca_contents(key.public(), name.clone(), name, validity, None)?;
        let certificate = sign(&key, contents)?;
        Ok(Self { key, certificate })
    }

    /// A CA below this one that issues to end entities only.
    pub fn subordinate(&self, name: Name, validity: Validity) -> Result<Self, AuthorityError> {
        let key = generate()?;
        let contents = ca_contents(key.public(), self.name(), name, validity, Some(0))?;
        let certificate = self.issue(contents)?;
        Ok(Self { key, certificate })
    }

    /// A later certificate for a CA below this one: same key, same name.
    pub(crate) fn certify_again(
        &self,
        before: &Certificate,
        validity: Validity,
    ) -> Result<Certificate, AuthorityError> {
        let key = certificate::key_of(before)?;
        let subject = before.tbs_certificate().subject().clone();
        self.issue(ca_contents(&key, self.name(), subject, validity, Some(0))?)
    }

    /// # Errors
    /// When the two do not belong together.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let certificate = certificate::from_pem(certificate_pem)?;
        let key = key_from_pem(key_pem)?;
        if certificate::key_of(&certificate)? != *key.public() {
            return Err(AuthorityError::KeyMismatch);
        }
        Ok(Self { key, certificate })
    }

    /// PKCS#8; for a file with mode 0600 and nothing else.
    pub fn key_pem(&self) -> Result<Zeroizing<String>, AuthorityError> {
        key_to_pem(&self.key)
    }

    pub fn certificate_pem(&self) -> Result<String, AuthorityError> {
        Ok(certificate::to_pem(&self.certificate)?)
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub fn name(&self) -> Name {
        self.certificate.tbs_certificate().subject().clone()
    }

    pub(crate) fn public(&self) -> &PublicKey {
        self.key.public()
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        self.key.sign(message).map_err(|_| AuthorityError::Signing)
    }

    /// Signs a certificate that ends no later than this CA's own.
    pub(crate) fn issue(&self, contents: Contents) -> Result<Certificate, AuthorityError> {
        let own = self.certificate.tbs_certificate().validity().not_after;
        if contents.validity.not_after.to_unix_duration() > own.to_unix_duration() {
            return Err(AuthorityError::Expiring);
        }
        sign(&self.key, contents)
    }
}

/// CN and O of an authority.
pub(crate) fn ca_name(common_name: &str, organization: &str) -> Result<Name, AuthorityError> {
    let name = || {
        distinguished_name(vec![
            utf8(profile::COMMON_NAME, common_name)?,
            utf8(profile::ORGANIZATION, organization)?,
            printable(profile::COUNTRY, "KZ")?,
        ])
    };
    name().map_err(|_: der::Error| keystore::certificate::CertificateError::Encoding.into())
}

pub(crate) fn generate() -> Result<PrivateKey, AuthorityError> {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(|_| AuthorityError::KeyGeneration)
}

pub(crate) fn key_to_pem(key: &PrivateKey) -> Result<Zeroizing<String>, AuthorityError> {
    let der = key.to_pkcs8().map_err(|_| AuthorityError::KeyFile)?;
    der::pem::encode_string(KEY_LABEL, LineEnding::LF, &der)
        .map(Zeroizing::new)
        .map_err(|_| AuthorityError::KeyFile)
}

pub(crate) fn key_from_pem(pem: &str) -> Result<PrivateKey, AuthorityError> {
    let (label, der) =
        der::pem::decode_vec(pem.trim().as_bytes()).map_err(|_| AuthorityError::KeyFile)?;
    let der = Zeroizing::new(der);
    if label != KEY_LABEL {
        return Err(AuthorityError::KeyFile);
    }
    PrivateKey::from_pkcs8(&der).map_err(|_| AuthorityError::KeyFile)
}

/// A certificate that begins `lead_millis` before now, for clocks that lag.
pub(crate) fn years_around(
    now: UnixMillis,
    lead_millis: i64,
    years: u16,
) -> Result<Validity, AuthorityError> {
    Ok(certificate::years(now.plus_millis(-lead_millis), years)?)
}

fn ca_contents(
    key: &PublicKey,
    issuer: Name,
    subject: Name,
    validity: Validity,
    path_len_constraint: Option<u8>,
) -> Result<Contents, AuthorityError> {
    let mut contents = Contents {
        serial: Serial::random()?,
        issuer,
        subject,
        validity,
        key: key.clone(),
        extensions: Vec::new(),
    };
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint,
    };
    // Critical: RFC 5280 sections 4.2.1.3 and 4.2.1.9.
    contents.extension((true, &constraints))?;
    contents.extension(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?;
    Ok(contents)
}

fn sign(key: &PrivateKey, contents: Contents) -> Result<Certificate, AuthorityError> {
    let draft = Draft::new(contents, key.public())?;
    let signature = key
        .sign(draft.to_be_signed())
        .map_err(|_| AuthorityError::Signing)?;
    Ok(draft.signed(&signature)?)
}

/// DER of a certificate.
pub(crate) fn der_of(certificate: &Certificate) -> Result<Vec<u8>, AuthorityError> {
    certificate
        .to_der()
        .map_err(|_| keystore::certificate::CertificateError::Encoding.into())
}
