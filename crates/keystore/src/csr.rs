//! PKCS#10 requests (RFC 2986) as the authority's test suite shows them: the
//! citizen's name, the e-mail address and the type of the key storage.
//!
//! Making one takes two steps, so that the signature can come from any key
//! storage: [`Draft::new`] and [`Draft::signed`]. [`Request::verify`] reads one.

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, DecodePem, Encode, EncodePem, Sequence, asn1::Ia5String};
use exchange::StorageType;
use x509_cert::{
    builder::Builder,
    ext::{
        Criticality, Extension,
        pkix::{SubjectAltName, name::GeneralName},
    },
    name::Name,
    request::{CertReq, ExtensionReq, RequestBuilder},
};

use crate::{PublicKey, PublicKeyError, Subject, profile};

/// Value of the extension 1.2.398.3.3.5. The encoding is this project's choice:
///
/// ```text
/// StoreType ::= SEQUENCE {
///     type    OBJECT IDENTIFIER,
///     folder  UTF8String OPTIONAL }   -- in requests for files only
/// ```
///
/// The authority leaves the folder out of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct StoreTypeExtension {
    pub store_type: ObjectIdentifier,
    pub folder: Option<String>,
}

impl AssociatedOid for StoreTypeExtension {
    const OID: ObjectIdentifier = profile::STORE_TYPE;
}

impl Criticality for StoreTypeExtension {
    fn criticality(&self, _: &Name, _: &[Extension]) -> bool {
        false
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("the request cannot be encoded")]
    Encoding,
    #[error("this is not a PKCS#10 request")]
    Malformed,
    #[error("the key of the request is not accepted: {0}")]
    Key(#[from] PublicKeyError),
    #[error("the request is not signed by its own key")]
    Signature,
    #[error("the request does not say {0}, or says it twice")]
    Missing(&'static str),
}

/// A request that lacks only its signature.
pub struct Draft {
    builder: RequestBuilder,
    key: PublicKey,
    to_be_signed: Vec<u8>,
}

impl Draft {
    /// `folder`: where the citizen keeps the file, relative to the drive.
    pub fn new(
        subject: Subject<'_>,
        storage: StorageType,
        folder: Option<&str>,
        key: &PublicKey,
    ) -> Result<Self, RequestError> {
        let encoding = |_| RequestError::Encoding;
        let name = subject.name().map_err(encoding)?;
        let mut builder = RequestBuilder::new(name).map_err(|_| RequestError::Encoding)?;
        let email = Ia5String::new(subject.email.expose()).map_err(encoding)?;
        builder
            .add_extension(&SubjectAltName(vec![GeneralName::Rfc822Name(email)]))
            .map_err(encoding)?;
        if let Some(store_type) = profile::store_type(storage) {
            let folder = folder.map(str::to_owned);
            builder
                .add_extension(&StoreTypeExtension { store_type, folder })
                .map_err(encoding)?;
        }
        let to_be_signed = builder.finalize(key).map_err(|_| RequestError::Encoding)?;
        Ok(Self {
            builder,
            key: key.clone(),
            to_be_signed,
        })
    }

    /// What the key has to sign (CertificationRequestInfo, DER).
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The finished request, DER.
    ///
    /// # Errors
    /// [`RequestError::Signature`] when the signature is not the key's.
    pub fn signed(self, signature: &[u8]) -> Result<Vec<u8>, RequestError> {
        if !self.key.verifies(&self.to_be_signed, signature) {
            return Err(RequestError::Signature);
        }
        let bits = PublicKey::bit_string(signature).map_err(|_| RequestError::Encoding)?;
        self.builder
            .assemble(bits, &self.key)
            .ok()
            .and_then(|request| request.to_der().ok())
            .ok_or(RequestError::Encoding)
    }
}

/// PEM of a request in DER.
pub fn to_pem(der: &[u8]) -> Result<String, RequestError> {
    CertReq::from_der(der)
        .and_then(|request| request.to_pem(der::pem::LineEnding::LF))
        .map_err(|_| RequestError::Malformed)
}

/// A request whose signature and key were found good.
#[derive(Clone, Debug)]
pub struct Request {
    subject: Name,
    key: PublicKey,
    extensions: Vec<Extension>,
}

impl Request {
    /// Takes DER or PEM. Checks the key's algorithm and strength and that the
    /// request is signed with it; says nothing about who sent it.
    pub fn verify(bytes: &[u8]) -> Result<Self, RequestError> {
        let request = match std::str::from_utf8(bytes) {
            Ok(text) if text.trim_start().starts_with("-----BEGIN") => {
                CertReq::from_pem(text.trim())
            }
            _ => CertReq::from_der(bytes),
        }
        .map_err(|_| RequestError::Malformed)?;
        let malformed = |_| RequestError::Malformed;
        let key = PublicKey::from_der(&request.info.public_key.to_der().map_err(malformed)?)?;
        let expected = spki::DynSignatureAlgorithmIdentifier::signature_algorithm_identifier(&key)
            .map_err(|_| RequestError::Malformed)?;
        let signed = request.info.to_der().map_err(malformed)?;
        if request.algorithm.oid != expected.oid
            || !key.verifies(&signed, request.signature.raw_bytes())
        {
            return Err(RequestError::Signature);
        }
        let mut extensions = Vec::new();
        for attribute in request.info.attributes.iter() {
            if attribute.oid != ExtensionReq::OID {
                continue;
            }
            for value in attribute.values.iter() {
                extensions.extend(
                    value
                        .decode_as::<ExtensionReq>()
                        .map_err(|_: der::Error| RequestError::Malformed)?
                        .0,
                );
            }
        }
        Ok(Self {
            subject: request.info.subject,
            key,
            extensions,
        })
    }

    pub fn subject(&self) -> &Name {
        &self.subject
    }

    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The one e-mail address of the subjectAltName.
    pub fn email(&self) -> Result<String, RequestError> {
        let names: SubjectAltName = self
            .extension()?
            .ok_or(RequestError::Missing("an e-mail address"))?;
        match names.0.as_slice() {
            [GeneralName::Rfc822Name(email)] => Ok(email.to_string()),
            _ => Err(RequestError::Missing("an e-mail address")),
        }
    }

    /// None when the request does not name a storage.
    pub fn store_type(&self) -> Result<Option<StoreTypeExtension>, RequestError> {
        self.extension()
    }

    fn extension<T: AssociatedOid + for<'a> Decode<'a>>(&self) -> Result<Option<T>, RequestError> {
        let mut found = self.extensions.iter().filter(|e| e.extn_id == T::OID);
        let (first, second) = (found.next(), found.next());
        if second.is_some() {
            return Err(RequestError::Malformed);
        }
        first
            .map(|e| T::from_der(e.extn_value.as_bytes()).map_err(|_| RequestError::Malformed))
            .transpose()
    }
}
