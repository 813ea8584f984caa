//! What the kiosk as a whole is doing, whoever stands before it.
//!
//! Here: the mode, the faults that are raised now, what the kiosk is ready for,
//! at most one session, and the settings of the welcome screen. Not here: what a
//! citizen answers.

mod readiness;
mod welcome;

pub use readiness::{Effect, effect};

use std::collections::BTreeSet;
use std::time::Duration;

use faults::Fault;

use crate::maintenance::{Do, Maintenance, MaintenanceConfig};
use crate::session::command::Command;
use crate::session::event::{DeviceEvent, Event, Now, PauseReason, SessionId, Touch};
use crate::session::view::{Screen, View};
use crate::session::{Purpose, Session, SessionConfig, Settings, Surroundings};
use readiness::Readiness;

#[derive(Debug, Clone, PartialEq)]
pub struct StationConfig {
    pub session: SessionConfig,
    pub maintenance: MaintenanceConfig,
    /// What a new citizen finds; also after the last one has gone.
    pub settings: Settings,
    /// Settings touched on the welcome screen go back after so long without a touch.
    pub welcome_resets_after: Duration,
    /// Faults taken to be there until the first check has cleared them, so that
    /// nobody begins before the camera was seen to work. Whoever checks says
    /// `Cleared` also of a fault it never raised.
    pub presumed: BTreeSet<Fault>,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            session: SessionConfig::default(),
            maintenance: MaintenanceConfig::default(),
            settings: Settings::default(),
            welcome_resets_after: Duration::from_secs(60),
            presumed: BTreeSet::from([Fault::CameraMissing, Fault::SealingImpossible]),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The welcome screen waits.
    Idle,
    /// A citizen is being served.
    Citizen,
    /// A technician is at work, or enters the PIN of a card.
    Maintenance,
    /// Taken out of use by the office or a technician.
    Paused,
    /// A fault without which nobody can be served.
    OutOfService,
}

pub struct Station {
    config: StationConfig,
    /// Those nobody has told anything of yet.
    presumed: BTreeSet<Fault>,
    session: Option<Session>,
    /// Never beside a session.
    maintenance: Option<Maintenance>,
    /// Number of the session last begun.
    sessions: u64,
    paused: BTreeSet<PauseReason>,
    around: Surroundings,
    /// Of the welcome screen.
    settings: Settings,
    helping: bool,
    /// Boottime of the last touch of the welcome screen.
    last_touch: Duration,
}

impl Station {
    pub fn new(config: StationConfig) -> Self {
        let around = Surroundings {
            faults: config.presumed.clone(),
            ..Surroundings::default()
        };
        Self {
            settings: config.settings,
            presumed: config.presumed.clone(),
            config,
            session: None,
            maintenance: None,
            sessions: 0,
            paused: BTreeSet::new(),
            around,
            helping: false,
            last_touch: Duration::ZERO,
        }
    }

    pub fn mode(&self) -> Mode {
        if self.session.is_some() {
            Mode::Citizen
        } else if self.technician().is_some() {
            Mode::Maintenance
        } else if !self.paused.is_empty() {
            Mode::Paused
        } else if self.readiness().is_out_of_service() {
            Mode::OutOfService
        } else {
            Mode::Idle
        }
    }

    /// The citizen who is being served.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The technician who is there, seen by the card.
    pub fn technician(&self) -> Option<&Maintenance> {
        self.maintenance.as_ref().filter(|m| m.is_showing())
    }

    /// Nobody is there, and nobody begins before this reason has ended.
    pub fn is_paused_for(&self, why: PauseReason) -> bool {
        self.mode() == Mode::Paused && self.paused.contains(&why)
    }

    /// Faults that are raised now.
    pub fn faults(&self) -> &BTreeSet<Fault> {
        &self.around.faults
    }

    /// Of these faults, those that were not looked for yet.
    pub fn presumed(&self) -> &BTreeSet<Fault> {
        &self.presumed
    }

    /// The faults without which somebody could be served, worst first.
    pub fn closing(&self) -> Vec<Fault> {
        self.readiness().closing()
    }

    pub fn link_is_up(&self) -> bool {
        self.around.link_up
    }

    /// What to do about an event.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Command> {
        self.notice(&event);
        if self.session.is_none() && self.maintenance.is_some() {
            return self.maintain(event, now);
        }
        match &mut self.session {
            Some(session) => {
                let commands = session.handle(event, now);
                if session.is_over() {
                    self.welcome_anew(now);
                }
                commands
            }
            None => match event {
                Event::Touch(touch) => self.touch_welcome(&touch, now),
                Event::Device(DeviceEvent::OfficeCardInserted) => self.look_at_card(now),
                Event::Tick => {
                    let quiet = now.boottime.saturating_sub(self.last_touch);
                    if quiet >= self.config.welcome_resets_after {
                        self.settings = self.config.settings;
                        self.helping = false;
                    }
                    Vec::new()
                }
                _ => Vec::new(),
            },
        }
    }

    pub fn view(&self, now: Now) -> View {
        if let Some(view) = self.session.as_ref().and_then(|s| s.view(now)) {
            return view;
        }
        if let Some(view) = self.maintenance.as_ref().and_then(|m| m.view(now)) {
            return view;
        }
        let readiness = self.readiness();
        let screen = match self.mode() {
            Mode::Paused => Screen::OutOfService { faults: Vec::new() },
            Mode::OutOfService => Screen::OutOfService {
                faults: readiness.closing(),
            },
            Mode::Idle | Mode::Citizen | Mode::Maintenance => Screen::Welcome {
                can_apply: readiness.can_apply(),
                can_collect: readiness.can_collect(),
                can_renew: readiness.can_renew(),
                can_revoke: readiness.can_revoke(),
                cannot: readiness.cannot(),
            },
        };
        welcome::view(self.settings, self.around.link_up, self.helping, screen)
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::of(&self.around)
    }

    /// Keeps what is known of the surroundings, whoever is served.
    fn notice(&mut self, event: &Event) {
        match event {
            Event::Link { up } => self.around.link_up = *up,
            Event::Pause { why, begins: true } => {
                self.paused.insert(*why);
            }
            Event::Pause { why, begins: false } => {
                self.paused.remove(why);
            }
            Event::Device(DeviceEvent::Raised(fault)) => {
                self.presumed.remove(fault);
                self.around.faults.insert(*fault);
            }
            Event::Device(DeviceEvent::Cleared(fault)) => {
                self.presumed.remove(fault);
                self.around.faults.remove(fault);
            }
            Event::Device(DeviceEvent::DriveInserted { drive, label }) => {
                self.around.drives.insert(*drive, label.clone());
            }
            Event::Device(DeviceEvent::DriveRemoved { drive }) => {
                self.around.drives.remove(drive);
            }
            _ => {}
        }
    }

    fn touch_welcome(&mut self, touch: &Touch, now: Now) -> Vec<Command> {
        self.last_touch = now.boottime;
        let open = self.mode() == Mode::Idle;
        match touch {
            Touch::ChooseLanguage(language) => self.settings.language = *language,
            Touch::SetTextSize(size) => self.settings.text_size = *size,
            Touch::SetHighContrast(on) => self.settings.high_contrast = *on,
            Touch::Help => self.helping = true,
            Touch::DismissDialog => self.helping = false,
            Touch::Maintain(Do::SetUp) if self.may_be_set_up() => return self.set_up(now),
            Touch::Start | Touch::Next if open && self.readiness().can_apply() => {
                return self.begin(Purpose::Enrol, now);
            }
            Touch::StartCollect if open && self.readiness().can_collect() => {
                return self.begin(Purpose::Collect, now);
            }
            Touch::StartRenew if open && self.readiness().can_renew() => {
                return self.begin(Purpose::Renew, now);
            }
            Touch::StartRevoke if open && self.readiness().can_revoke() => {
                return self.begin(Purpose::Revoke, now);
            }
            _ => {}
        }
        Vec::new()
    }

    fn begin(&mut self, purpose: Purpose, now: Now) -> Vec<Command> {
        self.helping = false;
        let id = self.next_id();
        let (session, commands) = Session::new(
            id,
            purpose,
            self.settings,
            self.config.session.clone(),
            self.around.clone(),
            now,
        );
        self.session = Some(session);
        commands
    }

    /// Nothing is here to protect, and nobody can be served: whoever unpacked it may.
    fn may_be_set_up(&self) -> bool {
        self.around.faults.contains(&Fault::NotProvisioned)
    }

    fn set_up(&mut self, now: Now) -> Vec<Command> {
        self.helping = false;
        let id = self.next_id();
        let config = self.config.maintenance.clone();
        let link_up = self.around.link_up;
        let (visit, commands) = Maintenance::by_installer(id, config, self.settings, link_up, now);
        self.maintenance = Some(visit);
        commands
    }

    fn look_at_card(&mut self, now: Now) -> Vec<Command> {
        let id = self.next_id();
        let config = self.config.maintenance.clone();
        let link_up = self.around.link_up;
        let (visit, commands) = Maintenance::by_card(id, config, self.settings, link_up, now);
        self.maintenance = Some(visit);
        commands
    }

    /// As long as nothing shows that a card is looked at, the screen is the citizens'.
    fn maintain(&mut self, event: Event, now: Now) -> Vec<Command> {
        let Some(visit) = &mut self.maintenance else {
            return Vec::new();
        };
        if let Event::Touch(touch) = &event
            && !visit.is_showing()
        {
            let touch = touch.clone();
            let mut commands = self.touch_welcome(&touch, now);
            if self.session.is_some() {
                let gone = self.maintenance.take().map(Maintenance::give_way);
                commands.splice(0..0, gone.into_iter().flatten());
            }
            return commands;
        }
        let commands = visit.handle(event, now);
        if visit.is_over() {
            let shown = visit.is_showing();
            self.maintenance = None;
            if shown {
                self.welcome_anew(now);
            }
        }
        commands
    }

    fn next_id(&mut self) -> SessionId {
        self.sessions += 1;
        SessionId(self.sessions)
    }

    fn welcome_anew(&mut self, now: Now) {
        self.session = None;
        self.settings = self.config.settings;
        self.helping = false;
        self.last_touch = now.boottime;
    }
}

/// What the kiosk does; nothing of whom it serves.
impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station")
            .field("mode", &self.mode())
            .field("session", &self.session)
            .field("maintenance", &self.maintenance)
            .field("faults", &self.around.faults)
            .field("link_up", &self.around.link_up)
            .finish_non_exhaustive()
    }
}
