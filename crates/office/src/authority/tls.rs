//! The authority for the channel between kiosks and office: a CA of its own,
//! whose certificates say nothing about citizens.

use std::net::IpAddr;

use der::asn1::Ia5String;
use exchange::{KioskId, UnixMillis};
use keystore::{
    PublicKey,
    certificate::{self, CertificateError, Contents, Serial},
    csr::Request,
    profile,
    subject::{distinguished_name, utf8},
};
use x509_cert::{
    Certificate,
    ext::pkix::{
        BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, name::GeneralName,
    },
};
use zeroize::Zeroizing;

use super::{
    AuthorityError, CaKey,
    ca_key::{ca_name, generate, key_to_pem, years_around},
};

const CA_YEARS: u16 = 20;
const YEARS: u16 = 2;
/// Certificates begin an hour ago, the CA a day: clocks lag.
const LEAD_MILLIS: i64 = 3600 * 1000;
const CA_LEAD_MILLIS: i64 = 24 * 3600 * 1000;

/// id-kp-serverAuth, RFC 5280 section 4.2.1.12.
const SERVER_AUTH: const_oid::ObjectIdentifier =
    const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// Certificate and key of the office's listener.
pub struct ServerIdentity {
    /// Without the CA: clients have it as their root.
    pub certificate_pem: String,
    /// PKCS#8.
    pub key_pem: Zeroizing<String>,
}

/// The CA of the channel.
pub struct TlsAuthority {
    pub(super) ca: CaKey,
}

impl TlsAuthority {
    /// Makes a new CA; nothing is written.
    pub fn create(organization: &str, now: UnixMillis) -> Result<Self, AuthorityError> {
        let name = ca_name("Qoltanba Channel CA", organization)?;
        let ca = CaKey::root(name, years_around(now, CA_LEAD_MILLIS, CA_YEARS)?)?;
        Ok(Self { ca })
    }

    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        Ok(Self {
            ca: CaKey::from_pem(certificate_pem, key_pem)?,
        })
    }

    pub fn certificate_pem(&self) -> Result<String, AuthorityError> {
        self.ca.certificate_pem()
    }

    /// PKCS#8; for a file with mode 0600.
    pub fn key_pem(&self) -> Result<Zeroizing<String>, AuthorityError> {
        self.ca.key_pem()
    }

    /// A key and a certificate of 2 years for host names and IP addresses.
    ///
    /// # Errors
    /// [`AuthorityError::ServerName`] for what is neither, or when there is none.
    pub fn server(
        &self,
        names: &[&str],
        now: UnixMillis,
    ) -> Result<ServerIdentity, AuthorityError> {
        let first = names
            .first()
            .ok_or_else(|| AuthorityError::ServerName(String::new()))?;
        let alternative = names
            .iter()
            .map(|name| server_name(name))
            .collect::<Result<Vec<_>, _>>()?;
        let key = generate()?;
        let contents = self.contents(key.public(), first, alternative, SERVER_AUTH, now)?;
        Ok(ServerIdentity {
            certificate_pem: certificate::to_pem(&self.ca.issue(contents)?)?,
            key_pem: key_to_pem(&key)?,
        })
    }

    /// A client certificate of 2 years for the key of a kiosk's request (PEM
    /// or DER); its CN is the kiosk's id. The name in the request is ignored.
    pub fn kiosk(
        &self,
        request: &[u8],
        kiosk: &KioskId,
        now: UnixMillis,
    ) -> Result<String, AuthorityError> {
        let request = Request::verify(request)?;
        let contents = self.contents(
            request.key(),
            kiosk.as_str(),
            Vec::new(),
            profile::CLIENT_AUTH,
            now,
        )?;
        Ok(certificate::to_pem(&self.ca.issue(contents)?)?)
    }

    fn contents(
        &self,
        key: &PublicKey,
        common_name: &str,
        alternative: Vec<GeneralName>,
        usage: const_oid::ObjectIdentifier,
        now: UnixMillis,
    ) -> Result<Contents, AuthorityError> {
        let subject = utf8(profile::COMMON_NAME, common_name)
            .and_then(|cn| distinguished_name(vec![cn]))
            .map_err(|_| CertificateError::Encoding)?;
        let mut contents = Contents {
            serial: Serial::random()?,
            issuer: self.ca.name(),
            subject,
            validity: years_around(now, LEAD_MILLIS, YEARS)?,
            key: key.clone(),
            extensions: Vec::new(),
        };
        contents.extension((
            true,
            &BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
        ))?;
        contents.extension(&KeyUsage(KeyUsages::DigitalSignature.into()))?;
        contents.extension(&ExtendedKeyUsage(vec![usage]))?;
        if !alternative.is_empty() {
            contents.extension(&SubjectAltName(alternative))?;
        }
        Ok(contents)
    }
}

/// The kiosk that a client certificate (DER) was issued to. Whether the
/// certificate is good, the TLS handshake has found out.
pub fn kiosk_of(certificate_der: &[u8]) -> Option<KioskId> {
    let certificate: Certificate = der::Decode::from_der(certificate_der).ok()?;
    let subject = certificate.tbs_certificate().subject();
    let common_name = subject.iter().find(|a| a.oid == profile::COMMON_NAME)?;
    std::str::from_utf8(common_name.value.value())
        .ok()?
        .parse()
        .ok()
}

/// Letters, digits, hyphens and dots, or an address.
fn server_name(name: &str) -> Result<GeneralName, AuthorityError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(GeneralName::from(address));
    }
    let label_fits = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let fits = name.len() <= 253 && name.split('.').all(label_fits);
    fits.then(|| Ia5String::new(name).ok())
        .flatten()
        .map(GeneralName::DnsName)
        .ok_or_else(|| AuthorityError::ServerName(name.to_owned()))
}
