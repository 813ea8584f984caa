//! The desk: opens submissions, verifies them, lets operators decide.
//!
//! Holds the operations identity (it alone of the running parts can open a
//! submission), the key that signs decisions, and the authority of the TLS
//! channel. Its pages are in [`web`]; everything they show or do is a method of
//! [`Desk`]. No public listener.

mod applied;
mod decide;
mod document;
mod intake;
mod kiosk_record;
mod kiosks;
mod list;
mod made_keys;
mod opening;
mod operators;
mod renewal;
mod revocations;
mod technicians;
mod updates;
mod verify;
pub mod web;

use std::sync::Arc;

use anyhow::{Context, Result};
use chip::trust::Trust;
use exchange::SigningKey;
use tokio_util::sync::CancellationToken;
use x509_cert::Certificate;

use crate::{
    config::Configuration,
    db::Database,
    keys,
    layout::Layout,
    objects::{LocalObjects, Objects},
    serve,
    services::{IdentityRegistry, PhoneRegistry, SmsGateway, StandInRegistry, StandInSms},
};

pub use applied::Applied;
pub use decide::{DecideError, Verdict};
pub use intake::BY_RULE;
pub(crate) use kiosk_record::doubtful;
pub use kiosk_record::{KioskRecord, WorkOrderRecord};
pub use kiosks::{Invitation, KioskOverview, invite};
pub use list::{CertificateView, Detail, Message, PhoneView, Summary, messages, summaries};
pub use opening::{OpenError, Opener, file_name};
pub use operators::{Operators, add_operator};
pub use revocations::RevokeError;
pub use updates::{NewUpdate, share};
pub use verify::Finding;

/// Everything the desk's pages and commands reach.
pub struct Desk {
    configuration: Configuration,
    layout: Layout,
    database: Arc<Database>,
    opener: Opener,
    phones: Arc<dyn PhoneRegistry>,
    persons: Arc<dyn IdentityRegistry>,
    sms: Arc<dyn SmsGateway>,
    decision_key: SigningKey,
    operators: Operators,
    /// The issuing states' certificates for identity documents.
    trust: Trust,
    /// Of the authority that citizens' certificates come from: the issuing CA first, its
    /// root last.
    authority_chain: Vec<Certificate>,
}

impl Desk {
    /// # Errors
    /// A key or setting of the desk cannot be read.
    pub fn open(layout: &Layout) -> Result<Self> {
        let database = Arc::new(Database::open(&layout.database())?);
        let registry = StandInRegistry::new(Arc::clone(&database));
        let objects: Arc<dyn Objects> = Arc::new(LocalObjects::new(layout.objects()));
        let identity = keys::load_identity(&layout.operations_identity())?;
        let configuration = Configuration::load(layout)?;
        Ok(Self {
            trust: issuing_states(configuration.document.csca.as_deref())?,
            authority_chain: authority_chain(layout)?,
            configuration,
            opener: Opener::new(identity, objects, Arc::clone(&database)),
            phones: Arc::new(registry.clone()),
            persons: Arc::new(registry),
            sms: Arc::new(StandInSms::new(Arc::clone(&database))),
            database,
            decision_key: keys::load_signing_key(&layout.decision_key())?,
            operators: Operators::load(&layout.operators())?,
            layout: layout.clone(),
        })
    }

    /// The office's name, for headings.
    pub fn name(&self) -> &str {
        &self.configuration.name
    }

    pub fn operators(&self) -> &Operators {
        &self.operators
    }

    pub fn opener(&self) -> &Opener {
        &self.opener
    }

    /// What an operator must look at, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn alarms(&self) -> Result<Vec<crate::db::alarms::Alarm>> {
        self.database.read(|c| crate::db::alarms::list(c, 200))
    }
}

fn authority_chain(layout: &Layout) -> Result<Vec<Certificate>> {
    let path = layout.authority_chain();
    let pem = keys::read_text(&path)?;
    Certificate::load_pem_chain(pem.as_bytes())
        .map_err(|e| anyhow::anyhow!("reading {}: {e}", path.display()))
}

/// Without any no document can be verified, and each says so.
fn issuing_states(csca: Option<&std::path::Path>) -> Result<Trust> {
    let Some(path) = csca else {
        tracing::warn!("document.csca is not set: no chip can be proven genuine");
        return Ok(Trust::default());
    };
    let trust = Trust::load(path).context("reading the CSCA certificates")?;
    tracing::info!(certificates = trust.len(), "CSCA certificates");
    Ok(trust)
}

/// Serves the pages and looks at what arrives, until `stop` is cancelled.
///
/// # Errors
/// A key cannot be read, the port not be taken, or a task ends.
pub async fn run(layout: &Layout, stop: CancellationToken) -> Result<()> {
    let desk = Arc::new(Desk::open(layout)?);
    let address = desk.configuration.desk.listen;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))?;
    serve::announce(layout, "desk", listener.local_addr()?)?;
    let pages = axum::serve(listener, web::router(Arc::clone(&desk))?)
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        ended = pages => ended.context("serving the pages"),
        ended = intake::run(desk, stop.clone()) => ended,
    }
}
