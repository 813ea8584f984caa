//! What this kiosk is to the office, and the tasks that keep them in touch.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::KioskId;
use exchange::seal::Recipients;
use faults::Fault;
use outbox::Outbox;
use tokio::sync::broadcast::error::RecvError;

use crate::config;
use crate::session::event::{DeviceEvent, Event};
use crate::sync::{
    Credentials, DeviceKey, Identity, OfficeClient, OfficeConfig, SyncError, TimeFloor, Uplink,
    UplinkEvent, heartbeat_of,
};

use super::Events;
use super::clock::Clock;
use super::reports::{self, Reports};
use super::updates;
use super::world::Inner;

/// This kiosk's keys, and the office once it has given its own.
pub(super) struct Link {
    identity: Identity,
    /// As which the office knows it.
    pub kiosk: Option<KioskId>,
    /// It never was provisioned.
    pub is_nobodys: bool,
    pub office: Option<Office>,
    pub reports: Option<Reports>,
}

pub(super) struct Office {
    pub kiosk: KioskId,
    pub recipients: Recipients,
    pub uplink: Arc<Uplink>,
}

const HEARTBEAT_EVERY: Duration = Duration::from_secs(10 * 60);

impl Link {
    /// A kiosk that is not provisioned starts all the same, and says so.
    ///
    /// # Errors
    /// This kiosk's own keys cannot be read or made.
    pub fn open(
        data_dir: &Path,
        configured: &config::Office,
        outbox: Option<&Outbox>,
    ) -> Result<(Self, Vec<Fault>, Option<exchange::UnixMillis>), SyncError> {
        let identity = Identity::open_or_create(&data_dir.join("identity"))?;
        let credentials = match identity.credentials() {
            Ok(credentials) => credentials,
            Err(e) => {
                tracing::error!("no link to the office: {e}");
                return Ok((
                    Self {
                        identity,
                        kiosk: None,
                        is_nobodys: matches!(e, SyncError::NotProvisioned),
                        office: None,
                        reports: None,
                    },
                    vec![e.fault()],
                    None,
                ));
            }
        };
        let known_as = credentials.kiosk.clone();
        let (kiosk, recipients) = (credentials.kiosk.clone(), credentials.recipients.clone());
        let reports = Reports::open(data_dir, configured, &credentials)
            .inspect_err(|e| tracing::error!("nobody can be let in or told: {e}"))
            .ok();
        let connected = connect(data_dir, configured, credentials);
        let last_signed = connected
            .as_ref()
            .ok()
            .and_then(|c| c.floor().last_signed());
        let (office, raised) = match (connected, outbox) {
            (Ok(client), Some(outbox)) => {
                let uplink = Uplink::new(client, outbox.clone());
                (
                    Some(Office {
                        kiosk,
                        recipients,
                        uplink,
                    }),
                    Vec::new(),
                )
            }
            // The queue's own fault is raised by whoever opened it.
            (Ok(_), None) => (None, Vec::new()),
            (Err(e), _) => {
                tracing::error!("no link to the office: {e}");
                (None, vec![e.fault()])
            }
        };
        let link = Self {
            identity,
            kiosk: Some(known_as),
            is_nobodys: false,
            office,
            reports,
        };
        Ok((link, raised, last_signed))
    }

    /// The link alone, without queue and tasks.
    ///
    /// # Errors
    /// Not provisioned, or not configured.
    pub fn client(data_dir: &Path, configured: &config::Office) -> Result<OfficeClient, SyncError> {
        let identity = Identity::open_or_create(&data_dir.join("identity"))?;
        connect(data_dir, configured, identity.credentials()?)
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn device_key(&self) -> &dyn DeviceKey {
        self.identity.device_key()
    }
}

fn connect(
    data_dir: &Path,
    configured: &config::Office,
    credentials: Credentials,
) -> Result<OfficeClient, SyncError> {
    let kept = data_dir.join("office-time.json");
    let floor = TimeFloor::open(kept, Some(&credentials.receipt_key))?;
    OfficeClient::new(&office_config(configured)?, credentials, Arc::new(floor))
}

/// # Errors
/// The file with the office's TLS authority cannot be read.
pub fn office_config(configured: &config::Office) -> Result<OfficeConfig, SyncError> {
    let office_ca_pem = std::fs::read_to_string(&configured.ca_file)
        .map_err(|e| SyncError::Configuration(format!("{}: {e}", configured.ca_file.display())))?;
    Ok(OfficeConfig {
        base_url: configured.url.clone(),
        office_ca_pem,
    })
}

/// Starts uploading, and tells the core what the uplink says.
pub(super) fn start_tasks(world: &Arc<Inner>, runtime: &tokio::runtime::Handle) {
    let Some(office) = &world.link.office else {
        return;
    };
    let news = office.uplink.subscribe();
    runtime.spawn(listen(news, world.events.clone(), world.clock.clone()));
    runtime.spawn(office.uplink.clone().run());
    runtime.spawn(heartbeats(world.clone()));
    runtime.spawn(reports::run(world.clone()));
    runtime.spawn(updates::run(world.clone()));
}

async fn listen(
    mut news: tokio::sync::broadcast::Receiver<UplinkEvent>,
    events: Events,
    clock: Arc<Clock>,
) {
    let mut raised = None;
    loop {
        match news.recv().await {
            Ok(UplinkEvent::Link(state)) => {
                if let Some(fault) = raised.take() {
                    events.send(Event::Device(DeviceEvent::Cleared(fault)));
                }
                if let Err(held) = &state {
                    raised = Some(held.fault);
                    events.send(Event::Device(DeviceEvent::Raised(held.fault)));
                }
                events.send(Event::Link { up: state.is_ok() });
            }
            Ok(UplinkEvent::OfficeTime(signed)) => clock.office_says(signed),
            Ok(UplinkEvent::Quarantined { .. }) => {
                events.send(Event::Device(DeviceEvent::Raised(
                    Fault::SubmissionQuarantined,
                )));
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn heartbeats(world: Arc<Inner>) {
    let every = world
        .config
        .office
        .heartbeat_seconds
        .map_or(HEARTBEAT_EVERY, |s| Duration::from_secs(s.max(5).into()));
    loop {
        if let (Some(office), Ok(outbox)) = (&world.link.office, world.outbox()) {
            let capacity = tokio::task::spawn_blocking(move || outbox.capacity()).await;
            if let Ok(Ok(capacity)) = capacity {
                let (faults, mode) = world.standing();
                let beat = heartbeat_of(&capacity, &faults, mode, world.clock.now().wall);
                if let Err(e) = office.uplink.client().send_heartbeat(&beat).await {
                    tracing::info!("no heartbeat: {e}");
                }
            }
        }
        tokio::time::sleep(every).await;
    }
}
