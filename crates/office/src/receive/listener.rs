//! TLS 1.3 on the public port, and the connection's certificate for the routes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::{Extension, Router};
use exchange::Digest;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{PeerCertificate, Receive, router, tus};
use crate::{layout::Layout, serve};

/// Serves until `stop` is cancelled; then lets running requests make durable what
/// they have.
///
/// # Errors
/// A key cannot be read or the port not be taken.
pub async fn run(layout: &Layout, stop: CancellationToken) -> Result<()> {
    let tls = TlsAcceptor::from(Arc::new(tls_configuration(layout)?));
    let state = Arc::new(Receive::open(layout)?);
    let listener = TcpListener::bind(state.configuration.receive.listen)
        .await
        .with_context(|| format!("listening on {}", state.configuration.receive.listen))?;
    serve::announce(layout, "receive", listener.local_addr()?)?;

    let mut tasks = JoinSet::new();
    tasks.spawn(tus::housekeeping(Arc::clone(&state), stop.clone()));
    let app = router(Arc::clone(&state));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
            Some(_) = tasks.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, tls.clone(), app.clone(), stop.clone()));
            }
            Err(e) => {
                // Out of file descriptors, most likely: existing connections must end first.
                tracing::warn!("accepting a connection failed: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    state.uploads.interrupt_all();
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .is_err()
    {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}

fn tls_configuration(layout: &Layout) -> Result<ServerConfig> {
    let ca = CertificateDer::from_pem_file(layout.tls_ca_certificate())
        .context("reading the TLS authority's certificate")?;
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // No certificate is needed to shake hands: a new kiosk has none. Every route but
    // provisioning asks for one.
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
    let server = CertificateDer::from_pem_file(layout.server_certificate())
        .context("reading the TLS certificate")?;
    let key = PrivateKeyDer::from_pem_file(layout.server_key()).context("reading the TLS key")?;
    let mut configuration = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(clients)
        // The authority's certificate goes along: a new kiosk knows only its fingerprint.
        .with_single_cert(vec![server, ca], key)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

async fn connection(stream: TcpStream, tls: TlsAcceptor, app: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(Duration::from_secs(20), tls.accept(stream));
    let Ok(Ok(stream)) = handshake.await else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let peer = PeerCertificate(certificates.and_then(|c| c.first()).map(|c| Digest::of(c)));
    let service = TowerToHyperService::new(app.layer(Extension(peer)));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(120));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(e) = ended {
        tracing::debug!("a connection ended early: {e}");
    }
}
