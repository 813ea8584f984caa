//! Plain HTTP for strangers: few bytes, little time, a bounded number at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Answering, Status, router};
use crate::{config::Configuration, layout::Layout, serve};

/// Connections at once; the next wait in the system's queue.
const MOST: usize = 512;
/// For the head of a request. Whoever asks has it ready.
const HEAD: Duration = Duration::from_secs(10);
/// For a connection as a whole, however many requests it carries.
const WHOLE: Duration = Duration::from_secs(120);

/// Serves until `stop` is cancelled.
///
/// # Errors
/// No address is configured, or it cannot be taken.
pub async fn run(layout: &Layout, stop: CancellationToken) -> Result<()> {
    let address = Configuration::load(layout)?
        .status
        .listen
        .context("status.listen is not set in office.toml")?;
    let state = Arc::new(Status {
        layout: layout.clone(),
        answering: Answering::open(layout)?,
    });
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))?;
    serve::announce(layout, "status", listener.local_addr()?)?;

    let app = router(state);
    let places = Arc::new(Semaphore::new(MOST));
    let mut tasks = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        while tasks.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (app, stop) = (app.clone(), stop.clone());
                tasks.spawn(async move {
                    connection(stream, app, stop).await;
                    drop(place);
                });
            }
            Err(e) => {
                tracing::warn!("accepting a connection failed: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let ended = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(5), ended).await;
    Ok(())
}

async fn connection(stream: TcpStream, app: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let service = TowerToHyperService::new(app);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = tokio::time::timeout(WHOLE, connection.as_mut()) => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
