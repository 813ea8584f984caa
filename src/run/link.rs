//! What this kiosk is to the office, and the tasks that keep them in touch.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::KioskId;
use exchange::seal::Recipients;
use faults::Fault;
use outbox::Outbox;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::JoinHandle;

use crate::config;
use crate::session::event::{DeviceEvent, Event};
use crate::sync::{
    Credentials, DeviceKey, Identity, OfficeClient, OfficeConfig, SyncError, TimeFloor, Tpm,
    Uplink, UplinkEvent, heartbeat_of,
};

use super::Events;
use super::clock::Clock;
use super::network::{self, Diagnosis};
use super::own_key;
use super::reports::{self, Reports};
use super::updates;
use super::world::Inner;

/// This kiosk's keys, and the office once it has given its own.
pub(super) struct Link {
    /// `None`: its keys were never made.
    identity: Option<Identity>,
    /// As which the office knows it.
    pub kiosk: Option<KioskId>,
    /// It never was provisioned.
    pub is_nobodys: bool,
    pub office: Option<Office>,
    pub reports: Option<Reports>,
    /// Also without a queue: the office learns of that, too.
    client: Option<OfficeClient>,
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
    /// This kiosk's own keys cannot be read.
    pub fn open(
        data_dir: &Path,
        configured: &config::Office,
        tpm: &Tpm,
        outbox: Option<&Outbox>,
    ) -> Result<(Self, Vec<Fault>, Option<exchange::UnixMillis>), SyncError> {
        let identity = Identity::open(&data_dir.join("identity"), tpm)?;
        let known = identity.as_ref().ok_or(SyncError::NotProvisioned);
        let credentials = match known.and_then(Identity::credentials) {
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
                        client: None,
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
        let client = connected.as_ref().ok().cloned();
        let last_signed = client.as_ref().and_then(|c| c.floor().last_signed());
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
            client,
            reports,
        };
        Ok((link, raised, last_signed))
    }

    /// Its keys to seal to, too; there may be no queue.
    pub fn knows_office(&self) -> bool {
        self.client.is_some()
    }

    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// # Errors
    /// [`SyncError::NotProvisioned`].
    pub fn device_key(&self) -> Result<&dyn DeviceKey, SyncError> {
        let identity = self.identity.as_ref().ok_or(SyncError::NotProvisioned)?;
        Ok(identity.device_key())
    }
}

fn connect(
    data_dir: &Path,
    configured: &config::Office,
    credentials: Credentials,
) -> Result<OfficeClient, SyncError> {
    let floor = time_floor(data_dir, Some(&credentials))?;
    OfficeClient::new(&office_config(configured)?, credentials, Arc::new(floor))
}

/// # Errors
/// The disk's.
pub(super) fn time_floor(
    data_dir: &Path,
    credentials: Option<&Credentials>,
) -> Result<TimeFloor, SyncError> {
    let kept = data_dir.join("office-time.json");
    TimeFloor::open(kept, credentials.map(|c| &c.receipt_key))
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

/// As the configuration has it.
pub fn tpm(configured: &config::Tpm) -> Tpm {
    match configured {
        config::Tpm::Auto => Tpm::of_this_machine(),
        config::Tpm::None => Tpm::none(),
        config::Tpm::Device(path) => Tpm::device(path),
        #[cfg(feature = "simulated")]
        config::Tpm::Simulated(tcti) => Tpm::simulated(tcti),
        #[cfg(not(feature = "simulated"))]
        config::Tpm::Simulated(_) => {
            tracing::error!("TPM: {}", super::equipment::NOT_BUILT_IN);
            Tpm::of_this_machine()
        }
    }
}

/// Starts uploading, and tells the core what the uplink says.
pub(super) fn start_tasks(world: &Arc<Inner>, runtime: &tokio::runtime::Handle) {
    if let Some(office) = &world.link.office {
        let news = office.uplink.subscribe();
        runtime.spawn(listen(news, office.uplink.clone(), world.clone()));
        runtime.spawn(office.uplink.clone().run());
    }
    if let Some(client) = &world.link.client {
        runtime.spawn(heartbeats(client.clone(), world.clone()));
    }
    runtime.spawn(own_key::watch(world.clone()));
    runtime.spawn(reports::run(world.clone()));
    runtime.spawn(updates::run(world.clone()));
}

/// While the link is down it is looked at again so often: one cause may follow another.
const DIAGNOSE_EVERY: Duration = Duration::from_secs(15);

async fn listen(mut news: Receiver<UplinkEvent>, uplink: Arc<Uplink>, world: Arc<Inner>) {
    let mut standing = LinkFault {
        events: world.events.clone(),
        raised: None,
    };
    let mut diagnosis: Option<JoinHandle<Diagnosis>> = None;
    loop {
        let told = tokio::select! {
            told = news.recv() => told,
            found = ended(&mut diagnosis) => {
                take_in(&found, &mut standing, &uplink, &world.clock);
                diagnosis = Some(tokio::spawn(look(world.clone(), DIAGNOSE_EVERY)));
                continue;
            }
        };
        match told {
            Ok(UplinkEvent::Link(state)) => {
                if let Some(running) = diagnosis.take() {
                    running.abort();
                }
                let fault = state.as_ref().err().map(|held| held.fault);
                standing.is(fault);
                if fault == Some(Fault::DeviceKeyFailed) {
                    world.key_in_doubt.notify_one();
                }
                if state.is_err() {
                    diagnosis = Some(tokio::spawn(look(world.clone(), Duration::ZERO)));
                }
                world.events.send(Event::Link { up: state.is_ok() });
                world.tell_office();
            }
            Ok(UplinkEvent::OfficeTime(signed)) => world.clock.office_says(signed),
            Ok(UplinkEvent::Quarantined { .. }) => {
                world.events.send(Event::Device(DeviceEvent::Raised(
                    Fault::SubmissionQuarantined,
                )));
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// The one fault of the link that is raised.
struct LinkFault {
    events: Events,
    raised: Option<Fault>,
}

impl LinkFault {
    fn is(&mut self, fault: Option<Fault>) {
        // Raised and cleared by who watches the key.
        let fault = fault.filter(|fault| *fault != Fault::DeviceKeyFailed);
        if fault == self.raised {
            return;
        }
        if let Some(over) = std::mem::replace(&mut self.raised, fault) {
            self.events.send(Event::Device(DeviceEvent::Cleared(over)));
        }
        if let Some(fault) = fault {
            self.events.send(Event::Device(DeviceEvent::Raised(fault)));
        }
    }
}

async fn look(world: Arc<Inner>, after: Duration) -> Diagnosis {
    tokio::time::sleep(after).await;
    network::diagnose(&world.config, |step, result| {
        tracing::debug!(?step, ?result, "the way to the office");
    })
    .await
}

/// Waits for ever while none runs.
async fn ended(diagnosis: &mut Option<JoinHandle<Diagnosis>>) -> Diagnosis {
    match diagnosis {
        Some(running) => running.await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

fn take_in(found: &Diagnosis, standing: &mut LinkFault, uplink: &Uplink, clock: &Clock) {
    if let Some(signed) = found.office_time {
        clock.office_says(signed);
        uplink.client().floor().at_least(signed);
    }
    match found.fault {
        // Raised and cleared by who watches the clock.
        Some(Fault::ClockWrong) => standing.is(None),
        Some(fault) => standing.is(Some(fault)),
        // What the uplink said may be over; it says so itself.
        None => {}
    }
    if found.reaches {
        uplink.wake();
    }
}

/// News are told to the office this long after they came: faults come in company.
const TOGETHER: Duration = Duration::from_secs(2);

async fn heartbeats(client: OfficeClient, world: Arc<Inner>) {
    let every = world
        .config
        .office
        .heartbeat_seconds
        .map_or(HEARTBEAT_EVERY, |s| Duration::from_secs(s.max(5).into()));
    loop {
        let capacity = match world.outbox() {
            Ok(outbox) => {
                let looked = tokio::task::spawn_blocking(move || outbox.capacity()).await;
                looked.ok().and_then(Result::ok)
            }
            Err(_) => None,
        };
        let told = world.standing();
        let wall = world.clock.now().wall;
        let beat = heartbeat_of(
            capacity.as_ref(),
            &told.faults,
            &told.ended,
            told.mode,
            wall,
        );
        match client.send_heartbeat(&beat).await {
            Ok(()) => world.told_office(&told),
            Err(e) => {
                tracing::info!("no heartbeat: {e}");
                if let Some(office) = &world.link.office
                    && e.concerns_the_link()
                    && office.uplink.is_up()
                {
                    office.uplink.doubt();
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = world.news.notified() => tokio::time::sleep(TOGETHER).await,
        }
    }
}
