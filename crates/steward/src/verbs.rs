//! What each verb does, one at a time, each until its deadline.

use std::ffi::OsStr;
use std::fs::File;
use std::sync::{Arc, Mutex as PlainMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::config::Config;
use crate::drive;
use crate::drive::DriveName;
use crate::network::{self, NetworkSettings};
use crate::protocol::{Answer, Reason, Refusal, Request};
use crate::time::SaneTime;
use crate::wipe::{self, Confirmation, Confirmations};
use crate::{install, local, logs, program, recent, slots, version};

/// systemd's own unit names; no caller names one.
const CARD_SERVICE: &str = "pcscd.service";
const RAUC_SERVICE: &str = "rauc.service";
/// systemd itself gives a service 90 seconds to end before it kills it.
const STOPPING: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub struct Steward {
    config: Arc<Config>,
    turn: Arc<Mutex<()>>,
    confirmations: PlainMutex<Confirmations>,
}

/// Held as long as anything of a verb still runs, also past its deadline: a call on a dying
/// drive cannot be cancelled.
#[derive(Clone)]
struct Turn {
    _held: Arc<OwnedMutexGuard<()>>,
}

impl Steward {
    pub fn new(config: Config) -> Steward {
        Steward {
            config: Arc::new(config),
            turn: Arc::default(),
            confirmations: PlainMutex::default(),
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The last answer; earlier ones go to `progress`, which may be full or closed.
    /// `user`: of the asking process.
    pub async fn act(&self, request: Request, user: u32, progress: Sender<Answer>) -> Answer {
        let verb = request.verb();
        let deadline = self.config.deadlines.of(&request);
        match self.in_time(deadline, request, user, progress).await {
            Ok(answer) => {
                tracing::info!(verb, user, "carried out");
                answer
            }
            Err(refusal) => {
                tracing::warn!(verb, user, %refusal, "refused");
                Answer::Refused(refusal)
            }
        }
    }

    async fn in_time(
        &self,
        deadline: Duration,
        request: Request,
        user: u32,
        progress: Sender<Answer>,
    ) -> Result<Answer, Refusal> {
        if !self.config.allows(user, &request) {
            return Err(Refusal::new(
                Reason::NotAllowed,
                format!("this user may not ask for {}", request.verb()),
            ));
        }
        let turn = match self.turn.clone().try_lock_owned() {
            Ok(held) => Turn {
                _held: Arc::new(held),
            },
            Err(_) => return Err(Refusal::new(Reason::Busy, "something else is being done")),
        };
        let verb = request.verb();
        let installs = matches!(
            request,
            Request::InstallUpdate { .. } | Request::InstallOffered { .. }
        );
        let work = self.carry_out(turn.clone(), request, user, progress);
        if let Ok(outcome) = tokio::time::timeout(deadline, work).await {
            return outcome;
        }
        if installs {
            self.stop_installing().await;
        }
        drop(turn);
        Err(Refusal::new(
            Reason::DeadlinePassed,
            format!("{verb} took longer than {} s", deadline.as_secs()),
        ))
    }

    async fn carry_out(
        &self,
        turn: Turn,
        request: Request,
        user: u32,
        progress: Sender<Answer>,
    ) -> Result<Answer, Refusal> {
        match request {
            Request::Drives {} => self.drives(turn).await,
            Request::InstallUpdate { drive, restart } => {
                let find = move |config: &Config| drive::find(config, &drive)?.bundle();
                self.install(turn, find, Reason::DriveFailed, restart, progress)
                    .await
            }
            Request::InstallOffered { restart } => {
                self.install(turn, install::offered, Reason::Storage, restart, progress)
                    .await
            }
            Request::Slots {} => slots::read(&self.config).await.map(Answer::Slots),
            Request::OpenDrive { drive } => {
                let config = self.config.clone();
                let drive = blocking(turn, move || drive::find(&config, &drive)).await?;
                self.open_drive(&drive.name).await.map(|()| Answer::Done {})
            }
            Request::SetTime { unix_seconds } => self.set_time(unix_seconds).await,
            Request::RestartCardService {} => self.restart_card_service().await,
            Request::ExportLogs { drive } => self.export_logs(turn, drive).await,
            Request::RecentLogs { warnings_only } => recent::read(&self.config, warnings_only)
                .await
                .map(Answer::RecentLogs),
            Request::Network { settings } => self.network(turn, settings).await,
            Request::SetLocal { text } => {
                self.write_local(turn, move |config| local::set(config, &text))
                    .await
            }
            Request::AdoptOffice { url, ca } => {
                self.write_local(turn, move |config| local::adopt(config, &url, &ca))
                    .await
            }
            Request::Wipe { confirmation: None } => {
                let confirmation = self.confirmations().give(user, Instant::now())?;
                Ok(Answer::Confirm {
                    confirmation,
                    seconds: wipe::VALID.as_secs(),
                })
            }
            Request::Wipe {
                confirmation: Some(confirmation),
            } => self.wipe(turn, user, &confirmation).await,
        }
    }

    fn confirmations(&self) -> std::sync::MutexGuard<'_, Confirmations> {
        self.confirmations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn drives(&self, turn: Turn) -> Result<Answer, Refusal> {
        let config = self.config.clone();
        blocking(turn, move || {
            let drives = drive::mounted(&config);
            Ok(Answer::Drives(
                drives.iter().map(drive::MountedDrive::contents).collect(),
            ))
        })
        .await
    }

    /// `failing`: what it means when the bundle that was found cannot be read.
    async fn install(
        &self,
        turn: Turn,
        find: impl FnOnce(&Config) -> Result<File, Refusal> + Send + 'static,
        failing: Reason,
        restart: bool,
        progress: Sender<Answer>,
    ) -> Result<Answer, Refusal> {
        let config = self.config.clone();
        let steps = progress.clone();
        let wanted = install::Wanted::default();
        let unwanted = wanted.unwanted();
        let copy = blocking(turn.clone(), move || {
            let bundle = find(&config)?;
            install::copy(&config, bundle, failing, &steps, &unwanted)
        })
        .await?;
        version::check(&self.config, copy.path()).await?;
        let arguments = [OsStr::new("install"), copy.path().as_os_str()];
        program::run(&self.config.programs.rauc, arguments, |line| {
            if let Some(step) = install::progress(line) {
                let _ = progress.try_send(step);
            }
        })
        .await?;
        drop(copy);
        if restart {
            self.restart().await?;
        }
        Ok(Answer::Done {})
    }

    /// The program that ended with the deadline only asked for the install; rauc's service does
    /// it, and would go on and make a slot the next to start that nobody knows of. Stopped, it
    /// leaves the slot as a power cut does: marked bad before the first byte was written.
    async fn stop_installing(&self) {
        let systemctl = &self.config.programs.systemctl;
        let stop = program::run(systemctl, ["stop", RAUC_SERVICE], |_| ());
        match tokio::time::timeout(STOPPING, stop).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => tracing::error!(%refusal, "rauc was not stopped"),
            Err(_) => tracing::error!("rauc does not stop"),
        }
    }

    /// In a unit of its own: nothing else here may mount.
    async fn open_drive(&self, drive: &DriveName) -> Result<(), Refusal> {
        let unit = format!("qoltanba-drive@{}.service", drive.escaped());
        let started = program::run(&self.config.programs.systemctl, ["start", &unit], |_| ());
        started
            .await
            .map_err(|refusal| Refusal::new(Reason::DriveFailed, refusal.detail))
    }

    async fn set_time(&self, time: SaneTime) -> Result<Answer, Refusal> {
        // In a unit of its own: nothing else here may touch a clock.
        let unit = format!("qoltanba-clock@{time}.service");
        program::run(&self.config.programs.systemctl, ["start", &unit], |_| ()).await?;
        tracing::info!(%time, "the clock was set");
        Ok(Answer::Done {})
    }

    /// A hung service does not obey: it is killed first.
    async fn restart_card_service(&self) -> Result<Answer, Refusal> {
        let systemctl = &self.config.programs.systemctl;
        // It may not be running at all.
        let killed = program::run(
            systemctl,
            ["kill", "--signal=SIGKILL", CARD_SERVICE],
            |_| (),
        )
        .await;
        if let Err(refusal) = killed {
            tracing::info!(%refusal, "the card service was not killed");
        }
        program::run(systemctl, ["restart", CARD_SERVICE], |_| ()).await?;
        Ok(Answer::Done {})
    }

    async fn export_logs(&self, turn: Turn, drive: DriveName) -> Result<Answer, Refusal> {
        // First: an unknown drive is no reason to read the journal.
        let config = self.config.clone();
        let drive = blocking(turn.clone(), move || drive::find(&config, &drive)).await?;
        let tail = logs::read(&self.config).await?;
        self.open_drive(&drive.name).await?;
        blocking(turn, move || {
            logs::write(&drive, &tail, jiff::Timestamp::now())
        })
        .await
    }

    async fn network(&self, turn: Turn, settings: NetworkSettings) -> Result<Answer, Refusal> {
        let config = self.config.clone();
        blocking(turn, move || {
            network::write(&config.network_dir, &settings)
                .map_err(|error| Refusal::new(Reason::Storage, error.to_string()))
        })
        .await?;
        program::run(&self.config.programs.networkctl, ["reload"], |_| ()).await?;
        Ok(Answer::Done {})
    }

    async fn write_local(
        &self,
        turn: Turn,
        write: impl FnOnce(&Config) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Answer, Refusal> {
        let config = self.config.clone();
        blocking(turn, move || write(&config)).await?;
        Ok(Answer::Done {})
    }

    async fn wipe(
        &self,
        turn: Turn,
        user: u32,
        confirmation: &Confirmation,
    ) -> Result<Answer, Refusal> {
        self.confirmations()
            .take(user, confirmation, Instant::now())?;
        let config = self.config.clone();
        blocking(turn, move || {
            wipe::schedule(&config)
                .map_err(|error| Refusal::new(Reason::Storage, error.to_string()))
        })
        .await?;
        self.restart().await?;
        Ok(Answer::Done {})
    }

    async fn restart(&self) -> Result<(), Refusal> {
        let systemctl = &self.config.programs.systemctl;
        program::run(systemctl, ["--no-block", "reboot"], |_| ()).await
    }
}

async fn blocking<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(turn);
        outcome
    })
    .await
    .unwrap_or_else(|error| Err(Refusal::new(Reason::Storage, error.to_string())))
}
