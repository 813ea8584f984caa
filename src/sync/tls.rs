//! TLS 1.3 to the one office: its own authority is the only root.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::tls_key::TlsKey;
use super::{Credentials, SyncError, TimeFloor};

/// Validates certificates at the later of system clock and signed floor: a clock that begins in
/// 1970 must not keep the kiosk from the office that would set it right.
#[derive(Debug)]
struct FlooredTime(Arc<TimeFloor>);

impl TimeProvider for FlooredTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(
            std::time::Duration::from_millis(millis),
        ))
    }
}

/// The dates of the office's certificate, against the later of system clock and floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateDates {
    Fit,
    ExpiredAt(UnixTime),
    NotValidBefore(UnixTime),
}

/// What a date-blind client saw; nothing before the office has shown a genuine certificate.
#[derive(Clone, Debug, Default)]
pub struct SeenDates(Arc<Mutex<Option<CertificateDates>>>);

impl SeenDates {
    pub fn get(&self) -> Option<CertificateDates> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, dates: CertificateDates) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(dates);
    }
}

/// Checks chain, name and possession of the key as ever, and of the dates only tells.
///
/// For asking the time alone: which of the two is wrong, certificate or clock, is known only
/// to the office, and its answer is signed by another key. Nothing else may be asked this way.
#[derive(Debug)]
struct DateBlind {
    strict: Arc<WebPkiServerVerifier>,
    seen: SeenDates,
}

impl ServerCertVerifier for DateBlind {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = |time| {
            self.strict.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                time,
            )
        };
        let (time, dates) = match at(now) {
            Ok(_) => (now, CertificateDates::Fit),
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after, ..
            })) => (not_after, CertificateDates::ExpiredAt(not_after)),
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                not_before,
                ..
            })) => (not_before, CertificateDates::NotValidBefore(not_before)),
            Err(e) => return Err(e),
        };
        let verified = at(time)?;
        self.seen.note(dates);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

fn bad(what: &str, e: &dyn std::fmt::Display) -> SyncError {
    SyncError::Configuration(format!("{what}: {e}"))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// # Errors
/// A certificate or key is not what it should be.
pub(super) fn configuration(
    office_ca_pem: &str,
    credentials: Option<&Credentials>,
    floor: Arc<TimeFloor>,
) -> Result<ClientConfig, SyncError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(office_ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|e| bad("the office's authority", &e))?;
        roots
            .add(certificate)
            .map_err(|e| bad("the office's authority", &e))?;
    }
    if roots.is_empty() {
        return Err(bad("the office's authority", &"no certificate in it"));
    }
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(FlooredTime(floor)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| bad("TLS", &e))?
        .with_root_certificates(roots);
    let Some(credentials) = credentials else {
        return Ok(builder.with_no_client_auth());
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(credentials.tls_certificate_pem.as_bytes()).collect();
    let chain = chain.map_err(|e| bad("the kiosk's certificate", &e))?;
    let key = CertifiedKey::new(chain, Arc::new(TlsKey(credentials.tls_key.clone())));
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))))
}

/// The same, but for the dates of the office's certificate; see [`DateBlind`].
///
/// # Errors
/// A certificate or key is not what it should be.
pub(super) fn date_blind(
    office_ca_pem: &str,
    credentials: Option<&Credentials>,
    floor: Arc<TimeFloor>,
) -> Result<(ClientConfig, SeenDates), SyncError> {
    let mut config = configuration(office_ca_pem, credentials, floor)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(
        CertificateDer::pem_slice_iter(office_ca_pem.as_bytes()).filter_map(Result::ok),
    );
    let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|e| bad("the office's authority", &e))?;
    let seen = SeenDates::default();
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(DateBlind {
            strict,
            seen: seen.clone(),
        }));
    Ok((config, seen))
}
