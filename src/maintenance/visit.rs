//! One visit: events in, commands and a view out.

mod acting;
mod hearing;
mod showing;
mod tests_of_devices;
mod touching;

use std::time::Duration;

use exchange::UnixMillis;
use exchange::work_order::Action;
use faults::Fault;

use super::ask::{Answer, Ask, CardSeen, Deed, Step};
use super::names::{Act, Device, Page, Refusal};
use super::row::{Row, Value};
use super::testing::{Needs, Testing};
use super::touch::Do;
use super::view::{MaintenanceView, Outcome, Who};
use super::{MaintenanceConfig, pages};
use crate::session::Settings;
use crate::session::command::{self, Command, PreviewFor, Request};
use crate::session::entry::Entry;
use crate::session::event::{
    DeviceEvent, Event, Field, KeyboardLayout, Now, Progress, Reply, RequestId, SessionId, Touch,
};
use crate::session::fields::{Fields, Typed};
use crate::session::view::{Dialog, Keyboard, Primary, PrimaryLabel, Screen, View};

pub struct Maintenance {
    id: SessionId,
    config: MaintenanceConfig,
    settings: Settings,
    layout: KeyboardLayout,
    now: Now,
    link_up: bool,
    /// Whom the card names; let in only when `entered`.
    who: Option<Who>,
    entered: bool,
    page: Page,
    rows: Vec<Row>,
    fields: Fields,
    /// The value that `Page::Setting` edits.
    setting: Option<String>,
    warnings_only: bool,
    testing: Testing,
    /// The wipe was asked for, and may be confirmed.
    wipe_asked: bool,
    done: Vec<(Action, UnixMillis)>,
    outcome: Option<Outcome>,
    fault: Option<Fault>,
    percent: Option<u8>,
    dialog: Option<Opened>,
    open: Option<Open>,
    requests: u64,
    commands: Vec<Command>,
    /// Boottime of the last sign of the person.
    last_sign: Duration,
    leaving: bool,
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Help,
    /// Boottime at which the visit ends.
    Idle(Duration),
}

/// The one request that is outstanding.
struct Open {
    request: RequestId,
    what: Ask,
    act: Option<Act>,
    since: Duration,
}

impl Maintenance {
    /// A card was put in where technicians put theirs; whose it is, is asked first.
    pub fn by_card(
        id: SessionId,
        config: MaintenanceConfig,
        settings: Settings,
        link_up: bool,
        now: Now,
    ) -> (Self, Vec<Command>) {
        let mut visit = Self::new(id, config, settings, link_up, now);
        visit.ask(Ask::ReadCard, None);
        let commands = visit.take_commands();
        (visit, commands)
    }

    /// A kiosk of no office is set up.
    pub fn by_installer(
        id: SessionId,
        config: MaintenanceConfig,
        settings: Settings,
        link_up: bool,
        now: Now,
    ) -> (Self, Vec<Command>) {
        let mut visit = Self::new(id, config, settings, link_up, now);
        visit.who = Some(Who::Installer);
        visit.entered = true;
        visit.go(Page::Overview);
        let commands = visit.take_commands();
        (visit, commands)
    }

    fn new(
        id: SessionId,
        config: MaintenanceConfig,
        settings: Settings,
        link_up: bool,
        now: Now,
    ) -> Self {
        Self {
            id,
            config,
            layout: KeyboardLayout::Latin,
            settings,
            now,
            link_up,
            who: None,
            entered: false,
            page: Page::Pin,
            rows: Vec::new(),
            fields: Fields::of(&[]),
            setting: None,
            warnings_only: false,
            testing: Testing::default(),
            wipe_asked: false,
            done: Vec::new(),
            outcome: None,
            fault: None,
            percent: None,
            dialog: None,
            open: None,
            requests: 0,
            commands: Vec::new(),
            last_sign: now.boottime,
            leaving: false,
            over: false,
        }
    }

    pub fn id(&self) -> SessionId {
        self.id
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether there is something to show: not before the card proved to be a technician's.
    pub fn is_showing(&self) -> bool {
        self.who.is_some() || self.page == Page::Refused
    }

    /// Whether the PIN was right.
    pub fn is_entered(&self) -> bool {
        self.entered
    }

    pub fn page(&self) -> Page {
        self.page
    }

    /// What to do about an event. After the end: nothing.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Command> {
        if self.over {
            return Vec::new();
        }
        let boottime = now.boottime.max(self.now.boottime);
        self.now = Now { boottime, ..now };
        self.pass_time();
        if !self.over {
            self.happen(event);
        }
        let mut commands = self.take_commands();
        if self.over {
            let session = self.id;
            commands.push(Command::Do(command::Action::EndSession { session }));
        }
        commands
    }

    /// The visit ends now, whatever is going on: a citizen came first.
    pub fn give_way(mut self) -> Vec<Command> {
        self.abandon();
        let mut commands = self.take_commands();
        let session = self.id;
        commands.push(Command::Do(command::Action::EndSession { session }));
        commands
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick | Event::Pause { .. } => {}
            Event::Link { up } => self.link_up = up,
            Event::Touch(touch) => self.touch(touch),
            Event::Device(event) => self.device(&event),
            Event::Progress {
                session,
                request,
                progress: Progress::Maintenance(step),
            } if self.awaits(session, request) => self.progress(step),
            Event::Reply {
                session,
                request,
                reply,
            } if self.awaits(session, request) => self.reply(reply),
            Event::Progress { .. } | Event::Reply { .. } => {}
        }
    }

    fn awaits(&self, session: SessionId, request: RequestId) -> bool {
        session == self.id && self.open.as_ref().is_some_and(|o| o.request == request)
    }

    fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    fn ask(&mut self, what: Ask, act: Option<Act>) {
        self.abandon();
        self.fault = None;
        self.outcome = None;
        self.percent = None;
        self.requests += 1;
        let request = RequestId(self.requests);
        self.open = Some(Open {
            request,
            what: what.clone(),
            act,
            since: self.now.boottime,
        });
        self.commands.push(Command::Ask {
            session: self.id,
            request,
            what: Request::Maintain(Box::new(what)),
        });
    }

    fn abandon(&mut self) {
        if let Some(open) = self.open.take() {
            self.commands.push(Command::Abandon {
                session: self.id,
                request: open.request,
            });
        }
    }

    fn act(&mut self, action: command::Action) {
        self.commands.push(Command::Do(action));
    }

    fn pass_time(&mut self) {
        let overdue =
            |open: &Open| self.now.boottime.saturating_sub(open.since) >= limit(&open.what);
        if self.open.as_ref().is_some_and(overdue) {
            let request = self.open.as_ref().map(|open| open.request);
            self.commands
                .extend(request.map(|request| Command::Abandon {
                    session: self.id,
                    request,
                }));
            self.reply(Reply::Maintenance(Answer::Refused(Refusal::Failed)));
        }
        if self.testing.is_overdue(self.now.boottime) {
            self.testing.fail();
            self.next_test();
        }
        if !self.over {
            self.watch_idleness();
        }
    }

    fn watch_idleness(&mut self) {
        let now = self.now.boottime;
        if !self.entered {
            if now.saturating_sub(self.last_sign) >= self.config.pin_idle {
                self.end();
            }
            return;
        }
        let working = self.open.is_some() && self.testing.running().is_none();
        if working || self.leaving {
            self.last_sign = now;
            self.dialog = self.dialog.filter(|d| !matches!(d, Opened::Idle(_)));
            return;
        }
        match self.dialog {
            Some(Opened::Idle(until)) if now >= until => {
                self.dialog = None;
                self.leave();
            }
            Some(Opened::Idle(_)) => {}
            _ => {
                let warned = self.last_sign.saturating_add(self.config.idle);
                if now >= warned {
                    let until = warned.saturating_add(self.config.idle_warning);
                    self.dialog = Some(Opened::Idle(until));
                    if now >= until {
                        self.watch_idleness();
                    }
                }
            }
        }
    }
}

/// After so long without an answer the request is abandoned. Generous: whoever works on it
/// has tighter limits of its own.
fn limit(what: &Ask) -> Duration {
    Duration::from_secs(match what {
        Ask::ReadCard => 20,
        Ask::Prove { .. } | Ask::Close { .. } => 30,
        Ask::Examine { .. } => 90,
        Ask::Test(_) => 120,
        // Until the office's administrator has compared the words.
        Ask::Do(Deed::Provision { .. }) => 30 * 60,
        Ask::Do(Deed::InstallFromDrive) => 60 * 60,
        Ask::Do(Deed::ExportQueue) => 30 * 60,
        Ask::Do(_) => 3 * 60,
    })
}

/// Where the visit is, and nothing that was typed.
impl std::fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Maintenance({}, {:?}, entered: {})",
            self.id.0, self.page, self.entered
        )
    }
}
