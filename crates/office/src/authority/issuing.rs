//! The CA that issues citizens' certificates, by the profile of the National
//! Certification Authority.

use std::path::Path;

use const_oid::ObjectIdentifier;
use der::asn1::Ia5String;
use exchange::{StorageType, UnixMillis};
use keystore::{
    KeyId, Subject,
    certificate::{self, Contents, Serial},
    csr::{Request, StoreTypeExtension},
    profile,
};
use serde::{Deserialize, Serialize};
use x509_cert::{
    Certificate,
    ext::pkix::{
        CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
        certpolicy::PolicyInformation, name::GeneralName,
    },
};
use zeroize::Zeroizing;

use super::{
    AuthorityError, CaKey, Locations,
    ca_key::der_of,
    ceremony::{CHAIN, ISSUING_KEY, file_error},
};

/// How the citizen was identified, as the certificate states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Identification {
    ServiceCentre,
    Remote,
    #[default]
    DigitalId,
}

impl Identification {
    fn oid(self) -> ObjectIdentifier {
        match self {
            Identification::ServiceCentre => profile::IDENTIFIED_AT_SERVICE_CENTRE,
            Identification::Remote => profile::IDENTIFIED_REMOTELY,
            Identification::DigitalId => profile::IDENTIFIED_BY_DIGITAL_ID,
        }
    }
}

/// What a citizen's key is for. One key signs, another one, with a certificate of
/// its own, signs in: a document is never signed by answering a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    #[default]
    Signing,
    Authentication,
}

impl Usage {
    fn extended(self) -> ObjectIdentifier {
        match self {
            Usage::Signing => profile::EMAIL_PROTECTION,
            Usage::Authentication => profile::CLIENT_AUTH,
        }
    }

    /// nonRepudiation is the promise of whoever signs a document.
    fn key_usages(self) -> KeyUsage {
        match self {
            Usage::Signing => KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation),
            Usage::Authentication => KeyUsage(KeyUsages::DigitalSignature.into()),
        }
    }
}

/// What every certificate of this authority says alike.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    pub identification: Identification,
    pub locations: Locations,
}

/// A certificate as it was issued. The caller stores it under a unique serial
/// before giving it to anyone: that makes a repeated serial impossible, not
/// merely unlikely.
#[derive(Clone, Debug)]
pub struct Issued {
    pub serial: Serial,
    pub key_id: KeyId,
    pub certificate_pem: String,
    pub certificate_der: Vec<u8>,
    pub not_before: UnixMillis,
    pub not_after: UnixMillis,
}

/// The issuing CA, opened.
pub struct Authority {
    ca: CaKey,
    chain_pem: String,
    statements: Statements,
}

impl Authority {
    /// Opens the folder that [`super::init`] made.
    pub fn open(folder: &Path, statements: Statements) -> Result<Self, AuthorityError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|e| file_error(&path, e))
        };
        let key_pem = Zeroizing::new(read(ISSUING_KEY)?);
        Self::from_pem(&key_pem, &read(CHAIN)?, statements)
    }

    /// `chain_pem`: issuing CA first, root last.
    pub fn from_pem(
        key_pem: &str,
        chain_pem: &str,
        statements: Statements,
    ) -> Result<Self, AuthorityError> {
        let chain = Certificate::load_pem_chain(chain_pem.as_bytes())
            .map_err(|_| keystore::certificate::CertificateError::Malformed)?;
        let chain = certificate::Chain::new(chain)?;
        let own = certificate::to_pem(chain.certificate())?;
        Ok(Self {
            ca: CaKey::from_pem(&own, key_pem)?,
            chain_pem: chain_pem.to_owned(),
            statements,
        })
    }

    /// Issuing CA first, root last, PEM.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The issuing CA's certificate.
    pub fn certificate(&self) -> &Certificate {
        self.ca.certificate()
    }

    /// O of the issuing CA.
    pub(super) fn organization(&self) -> &str {
        let subject = self.certificate().tbs_certificate().subject();
        let mut parts = subject.iter();
        parts
            .find(|a| a.oid == profile::ORGANIZATION)
            .and_then(|a| std::str::from_utf8(a.value.value()).ok())
            .unwrap_or_default()
    }

    pub(crate) fn ca(&self) -> &CaKey {
        &self.ca
    }

    /// Issues for a PKCS#10 request (DER or PEM) that names exactly the person,
    /// address and storage that were decided. Valid from `now` for
    /// [`StorageType::validity_years`].
    ///
    /// # Errors
    /// See [`AuthorityError`]; a request of a weak or foreign key, or not
    /// signed by its own key, is refused.
    pub fn issue(
        &self,
        request: &[u8],
        subject: Subject<'_>,
        usage: Usage,
        storage: StorageType,
        now: UnixMillis,
    ) -> Result<Issued, AuthorityError> {
        let encoding = |_: der::Error| keystore::certificate::CertificateError::Encoding;
        let request = Request::verify(request)?;
        let name = subject.name().map_err(encoding)?;
        let store_type = request.store_type()?.map(|s| s.store_type);
        if *request.subject() != name
            || request.email()? != subject.email.expose()
            || store_type != profile::store_type(storage)
        {
            return Err(AuthorityError::SubjectDiffers);
        }
        let validity = certificate::years(now, storage.validity_years().into())?;
        let serial = Serial::random()?;
        let mut contents = Contents {
            serial,
            issuer: self.ca.name(),
            subject: name,
            validity,
            key: request.key().clone(),
            extensions: Vec::new(),
        };
        contents.extension(&usage.key_usages())?;
        contents.extension(&ExtendedKeyUsage(vec![
            usage.extended(),
            profile::NATURAL_PERSON,
            self.statements.identification.oid(),
        ]))?;
        contents.extension(&CertificatePolicies(vec![PolicyInformation {
            policy_identifier: profile::CERTIFICATE_POLICY,
            policy_qualifiers: None,
        }]))?;
        let email = Ia5String::new(subject.email.expose()).map_err(encoding)?;
        contents.extension(&SubjectAltName(vec![GeneralName::Rfc822Name(email)]))?;
        if let Some(store_type) = store_type {
            // The folder of the request is not repeated.
            contents.extension(&StoreTypeExtension {
                store_type,
                folder: None,
            })?;
        }
        self.statements.locations.write_into(&mut contents)?;
        let certificate = self.ca.issue(contents)?;
        let millis = |t: x509_cert::time::Time| UnixMillis(t.to_unix_duration().as_millis() as i64);
        Ok(Issued {
            serial,
            key_id: request.key().id(),
            certificate_pem: certificate::to_pem(&certificate)?,
            certificate_der: der_of(&certificate)?,
            not_before: millis(validity.not_before),
            not_after: millis(validity.not_after),
        })
    }
}
