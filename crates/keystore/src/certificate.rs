//! X.509 certificates (RFC 5280): drafting one for any signer, and reading the
//! one that the authority issued together with its chain.

use der::{Decode, DecodePem, Encode, EncodePem, asn1::GeneralizedTime, oid::AssociatedOid};
use exchange::UnixMillis;
use x509_cert::{
    Certificate, TbsCertificate,
    builder::{Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::SubjectPublicKeyInfoRef,
    time::{Time, Validity},
};

use crate::{PublicKey, PublicKeyError, VerifyingKey};

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate cannot be encoded")]
    Encoding,
    #[error("this is not a certificate")]
    Malformed,
    #[error("the key of the certificate is not accepted: {0}")]
    Key(#[from] PublicKeyError),
    #[error("the signature is not the issuer's")]
    Signature,
    #[error("the chain is broken: each certificate must be issued by the next")]
    Chain,
    #[error("no random numbers")]
    Random,
}

/// A serial number: up to 20 bytes (RFC 5280 section 4.1.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial {
    /// What follows the first `length` is zero.
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl Serial {
    const LONGEST: usize = 20;

    /// 20 random bytes, positive and of full length: 158 random bits.
    pub fn random() -> Result<Self, CertificateError> {
        let mut bytes = [0; Self::LONGEST];
        getrandom::fill(&mut bytes).map_err(|_| CertificateError::Random)?;
        bytes[0] = bytes[0] & 0x7F | 0x40;
        Ok(Self {
            bytes,
            length: Self::LONGEST as u8,
        })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl std::fmt::Display for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl std::fmt::Debug for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Serial {
    type Err = CertificateError;

    /// Also of shorter ones, which other authorities give.
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        let decoded = hex::decode(text).map_err(|_| CertificateError::Malformed)?;
        if !(1..=Self::LONGEST).contains(&decoded.len()) {
            return Err(CertificateError::Malformed);
        }
        let mut bytes = [0; Self::LONGEST];
        bytes[..decoded.len()].copy_from_slice(&decoded);
        Ok(Self {
            bytes,
            length: decoded.len() as u8,
        })
    }
}

/// From a moment to the same day and hour some years later (29 February ends on 28).
pub fn years(from: UnixMillis, years: u16) -> Result<Validity, CertificateError> {
    let encoding = |_| CertificateError::Encoding;
    let since_1970 = std::time::Duration::from_secs(from.0.max(0) as u64 / 1000);
    let start = der::DateTime::from_unix_duration(since_1970).map_err(encoding)?;
    let on = |day| {
        der::DateTime::new(
            start.year() + years,
            start.month(),
            day,
            start.hour(),
            start.minutes(),
            start.seconds(),
        )
    };
    let end = on(start.day()).or_else(|_| on(28)).map_err(encoding)?;
    let general = |t| Time::GeneralTime(GeneralizedTime::from_date_time(t));
    Ok(Validity::new(general(start), general(end)))
}

/// From one moment to another, to the second.
pub fn between(from: UnixMillis, to: UnixMillis) -> Result<Validity, CertificateError> {
    let time = |at: UnixMillis| {
        let since_1970 = std::time::Duration::from_secs(at.0.max(0) as u64 / 1000);
        GeneralizedTime::from_unix_duration(since_1970).map(Time::GeneralTime)
    };
    let encoding = |_| CertificateError::Encoding;
    Ok(Validity::new(
        time(from).map_err(encoding)?,
        time(to).map_err(encoding)?,
    ))
}

/// What a certificate says, except its key identifiers, which follow from the keys.
pub struct Contents {
    pub serial: Serial,
    pub issuer: Name,
    pub subject: Name,
    pub validity: Validity,
    pub key: PublicKey,
    pub extensions: Vec<Extension>,
}

impl Contents {
    /// Adds an extension with the criticality that its type has.
    pub fn extension<E>(&mut self, extension: E) -> Result<(), CertificateError>
    where
        E: ToExtension,
    {
        let extension = extension
            .to_extension(&self.subject, &self.extensions)
            .map_err(|_| CertificateError::Encoding)?;
        self.extensions.push(extension);
        Ok(())
    }
}

struct Profile {
    issuer: Name,
    subject: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut all = self.extensions.clone();
        all.push((&SubjectKeyIdentifier::try_from(key)?).to_extension(tbs.subject(), &all)?);
        all.push(
            (&AuthorityKeyIdentifier::try_from(issuer_key)?).to_extension(tbs.subject(), &all)?,
        );
        Ok(all)
    }
}

/// A certificate that lacks only its signature.
pub struct Draft {
    builder: CertificateBuilder<Profile>,
    issuer_key: PublicKey,
    to_be_signed: Vec<u8>,
}

impl Draft {
    pub fn new(contents: Contents, issuer_key: &PublicKey) -> Result<Self, CertificateError> {
        let serial = SerialNumber::new(contents.serial.as_bytes())
            .map_err(|_| CertificateError::Encoding)?;
        let profile = Profile {
            issuer: contents.issuer,
            subject: contents.subject,
            extensions: contents.extensions,
        };
        let info = contents.key.info().clone();
        let mut builder = CertificateBuilder::new(profile, serial, contents.validity, info)
            .map_err(|_| CertificateError::Encoding)?;
        let to_be_signed = builder
            .finalize(issuer_key)
            .map_err(|_| CertificateError::Encoding)?;
        Ok(Self {
            builder,
            issuer_key: issuer_key.clone(),
            to_be_signed,
        })
    }

    /// What the issuer's key has to sign (TBSCertificate, DER).
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// # Errors
    /// [`CertificateError::Signature`] when the signature is not the issuer's.
    pub fn signed(self, signature: &[u8]) -> Result<Certificate, CertificateError> {
        if !self.issuer_key.verifies(&self.to_be_signed, signature) {
            return Err(CertificateError::Signature);
        }
        PublicKey::bit_string(signature)
            .ok()
            .and_then(|bits| self.builder.assemble(bits, &self.issuer_key).ok())
            .ok_or(CertificateError::Encoding)
    }
}

/// PEM of one certificate.
pub fn to_pem(certificate: &Certificate) -> Result<String, CertificateError> {
    certificate
        .to_pem(der::pem::LineEnding::LF)
        .map_err(|_| CertificateError::Encoding)
}

/// Reads one certificate, PEM.
pub fn from_pem(pem: &str) -> Result<Certificate, CertificateError> {
    Certificate::from_pem(pem.trim()).map_err(|_| CertificateError::Malformed)
}

/// The public key that a certificate is for.
pub fn key_of(certificate: &Certificate) -> Result<PublicKey, CertificateError> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let der = info.to_der().map_err(|_| CertificateError::Malformed)?;
    Ok(PublicKey::from_der(&der)?)
}

/// Whether the certificate's name and signature are the issuer's, whatever
/// algorithm of [`VerifyingKey`] the issuer uses.
pub fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let check = || {
        let key = VerifyingKey::of_certificate(issuer).ok()?;
        let signed = certificate.tbs_certificate().to_der().ok()?;
        let signature = certificate.signature().as_bytes()?;
        Some(key.verifies(certificate.signature_algorithm(), &signed, signature))
    };
    certificate.tbs_certificate().issuer() == issuer.tbs_certificate().subject()
        && certificate.signature_algorithm() == certificate.tbs_certificate().signature()
        && check().unwrap_or(false)
}

/// The first extension of a type.
pub fn extension_of<T>(certificate: &Certificate) -> Option<T>
where
    T: AssociatedOid + for<'a> Decode<'a>,
{
    let all = certificate.tbs_certificate().extensions()?;
    let found = all.iter().find(|e| e.extn_id == T::OID)?;
    T::from_der(found.extn_value.as_bytes()).ok()
}

/// A citizen's certificate with those of its issuers, the root last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    certificates: Vec<Certificate>,
    key: PublicKey,
}

impl Chain {
    /// Checks that each is issued and signed by the next and the last by
    /// itself. Whether the root is the right one, the caller knows.
    pub fn from_pem(certificate_pem: &str, chain_pem: &str) -> Result<Self, CertificateError> {
        let mut certificates = vec![from_pem(certificate_pem)?];
        let issuers = Certificate::load_pem_chain(chain_pem.as_bytes())
            .map_err(|_| CertificateError::Malformed)?;
        certificates.extend(issuers);
        Self::new(certificates)
    }

    /// The citizen's certificate first; see [`Chain::from_pem`].
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, CertificateError> {
        let chain = Self::partial(certificates)?;
        match chain.certificates.last() {
            Some(root) if is_issued_by(root, root) => Ok(chain),
            _ => Err(CertificateError::Chain),
        }
    }

    /// A chain whose root may be missing, as other programs write it into files.
    pub fn partial(certificates: Vec<Certificate>) -> Result<Self, CertificateError> {
        let first = certificates.first().ok_or(CertificateError::Malformed)?;
        let key = key_of(first)?;
        let issued = |pair: &[Certificate]| is_issued_by(&pair[0], &pair[1]);
        if !certificates.windows(2).all(issued) {
            return Err(CertificateError::Chain);
        }
        Ok(Self { certificates, key })
    }

    /// The citizen's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificates[0]
    }

    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The citizen's public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether the certificate is signed by itself: what lies beside a key
    /// until the authority's certificate comes.
    pub fn is_placeholder(&self) -> bool {
        is_issued_by(self.certificate(), self.certificate())
    }
}
