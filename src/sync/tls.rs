//! TLS 1.3 to the one office: its own authority is the only root.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

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

/// # Errors
/// A certificate or key is not what it should be.
pub(super) fn configuration(
    office_ca_pem: &str,
    credentials: Option<&Credentials>,
    floor: Arc<TimeFloor>,
) -> Result<ClientConfig, SyncError> {
    let bad =
        |what: &str, e: &dyn std::fmt::Display| SyncError::Configuration(format!("{what}: {e}"));
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(FlooredTime(floor)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| bad("TLS", &e))?
        .with_root_certificates(roots);
    let Some(credentials) = credentials else {
        return Ok(builder.with_no_client_auth());
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(credentials.tls_certificate_pem.as_bytes()).collect();
    let chain = chain.map_err(|e| bad("the kiosk's certificate", &e))?;
    let key = PrivateKeyDer::from_pem_slice(credentials.tls_key_pem.as_bytes())
        .map_err(|e| bad("the kiosk's TLS key", &e))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|e| bad("the kiosk's certificate", &e))
}
