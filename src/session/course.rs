//! The course of one visit: which step is shown, what an event does to it, how
//! idleness and requests without a reply are noticed.

use std::time::Duration;

use faults::Fault;

use super::Purpose;
use super::answers::Renewal;
use super::asked::Asked;
use super::command::Command;
use super::config::SessionConfig;
use super::event::{
    Choice, DeviceEvent, Event, Failure, Key, KeyboardLayout, Now, Reply, RequestId, SessionId,
    StepName, Touch,
};
use super::step::Turn;
use super::steps::{self, Steps};
use super::view::{Busy, Dialog, DocumentPhase, Keyboard, Primary, PrimaryLabel, Screen, View};
use super::visit::{Settings, Surroundings, Visit, layout_of};

/// A visit and where it is. No `Debug`: it holds the answers.
pub(super) struct Course {
    visit: Visit,
    steps: Steps,
    at: StepName,
    /// Review was reached: steps lead back to it.
    reviewing: bool,
    dialog: Option<Opened>,
    /// Boottime of the last sign of the person.
    last_sign: Duration,
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Cancel,
    Help,
    /// Boottime at which everything is wiped.
    Idle(Duration),
}

impl Course {
    /// The commands are the first step's wishes.
    pub fn begin(
        id: SessionId,
        purpose: Purpose,
        settings: Settings,
        config: SessionConfig,
        around: Surroundings,
        now: Now,
    ) -> (Self, Vec<Command>) {
        let at = steps::first(purpose);
        let mut course = Self {
            visit: Visit::new(id, config, settings, around, now),
            steps: Steps::default(),
            at,
            reviewing: false,
            dialog: None,
            last_sign: now.boottime,
            over: false,
        };
        if purpose == Purpose::Renew {
            course.visit.answers.renewal = Some(Renewal::default());
        }
        course.steps.at_mut(at).enter(&mut course.visit);
        let commands = course.visit.take_commands();
        (course, commands)
    }

    pub fn step(&self) -> StepName {
        self.at
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    pub fn take_commands(&mut self) -> Vec<Command> {
        self.visit.take_commands()
    }

    pub fn handle(&mut self, event: Event, now: Now) {
        if let Event::Reply {
            session, request, ..
        }
        | Event::Progress {
            session, request, ..
        } = &event
            && !self.is_awaited(*session, *request)
        {
            return;
        }
        // The boot clock never runs backwards; whoever says so is not believed.
        let boottime = now.boottime.max(self.visit.now.boottime);
        self.visit.now = Now { boottime, ..now };
        // What had to end before this event ends before it.
        self.pass_time();
        if self.over {
            return;
        }
        match event {
            Event::Tick | Event::Pause { .. } => {}
            Event::Touch(touch) => self.touch(&touch),
            Event::Device(event) => self.device(&event),
            Event::Link { up } => self.visit.around.link_up = up,
            Event::Progress {
                request, progress, ..
            } => {
                if self.is_awaited(self.visit.id, request) {
                    let step = self.steps.at_mut(self.at);
                    step.progress(&progress, &mut self.visit);
                }
            }
            Event::Reply { request, reply, .. } => self.reply(request, reply),
        }
    }

    fn is_awaited(&self, session: SessionId, request: RequestId) -> bool {
        let open = self.visit.outstanding();
        session == self.visit.id && open.is_some_and(|o| o.request == request)
    }

    fn pass_time(&mut self) {
        if let Some((request, asked)) = self.visit.overdue() {
            self.visit.act_abandon(request);
            let fault = asked.silent();
            let detail = "no reply within the limit".to_owned();
            self.reply(request, Reply::Failed(Failure { fault, detail }));
        }
        let turn = self.steps.at_mut(self.at).tick(&mut self.visit);
        self.turn(turn);
        if !self.over {
            self.watch_idleness();
        }
    }

    /// Warns whoever has gone, then wipes. The person is not hurried while the
    /// kiosk itself works.
    fn watch_idleness(&mut self) {
        let now = self.visit.now.boottime;
        if self.visit.outstanding().is_some() || self.steps.at(self.at).closes_itself() {
            self.last_sign = now;
            if matches!(self.dialog, Some(Opened::Idle(_))) {
                self.dialog = None;
            }
            return;
        }
        match self.dialog {
            Some(Opened::Idle(until)) if now >= until => {
                self.dialog = None;
                self.last_sign = now;
                let turn = self.steps.at_mut(self.at).idle(&mut self.visit);
                self.turn(turn);
            }
            Some(Opened::Idle(_)) => {}
            _ => {
                let config = &self.visit.config;
                let warned = self.last_sign.saturating_add(config.idle);
                if now >= warned {
                    // Counted from when the warning was due: a sleep of the machine
                    // does not give a stranger the rest of the countdown.
                    let until = warned.saturating_add(config.idle_warning);
                    self.dialog = Some(Opened::Idle(until));
                    if now >= until {
                        self.watch_idleness();
                    }
                }
            }
        }
    }

    fn touch(&mut self, touch: &Touch) {
        if let Touch::CapsLock(on) = touch {
            // A state of the keyboard, not an act of the person.
            self.visit.caps_lock = *on;
            return;
        }
        self.last_sign = self.visit.now.boottime;
        if let Some(Opened::Idle(_)) = self.dialog {
            self.dialog = None;
            // "I am still here" only; what lay under the warning was not meant.
            // "End" on the warning is meant.
            if *touch == Touch::ConfirmCancel && self.can_cancel() {
                self.over = true;
                self.close();
            }
            return;
        }
        match touch {
            Touch::ChooseLanguage(language) => {
                self.visit.settings.language = *language;
                if self.visit.layout != KeyboardLayout::Latin
                    && self.visit.layout != KeyboardLayout::Symbols
                {
                    self.visit.layout = layout_of(*language);
                }
            }
            Touch::SetTextSize(size) => self.visit.settings.text_size = *size,
            Touch::SetHighContrast(on) => self.visit.settings.high_contrast = *on,
            Touch::Layout(layout) => self.visit.layout = *layout,
            Touch::Help => self.dialog = Some(Opened::Help),
            Touch::Cancel => {
                if self.can_cancel() {
                    self.dialog = Some(Opened::Cancel);
                }
            }
            Touch::ConfirmCancel => {
                if self.dialog == Some(Opened::Cancel) && self.can_cancel() {
                    self.over = true;
                    self.close();
                }
            }
            Touch::DismissDialog => self.dialog = None,
            Touch::StillHere
            | Touch::CapsLock(_)
            | Touch::Start
            | Touch::StartCollect
            | Touch::StartRenew
            | Touch::StartRevoke => {}
            // What lies under a dialog cannot be touched.
            _ if self.dialog.is_some() => {}
            _ => self.touch_step(touch),
        }
    }

    fn touch_step(&mut self, touch: &Touch) {
        let blocked = self.visit.is_blocked();
        let step = self.steps.at_mut(self.at);
        if blocked && !step.heeds_while_busy(touch, &self.visit) {
            return;
        }
        if *touch == Touch::Back {
            if step.show(&self.visit, self.visit.now).back && !blocked {
                let turn = step.back(&mut self.visit);
                self.turn(turn);
            }
            return;
        }
        let goes_on = matches!(touch, Touch::Next | Touch::Key(Key::Enter));
        let retries = goes_on && self.primary_retries()
            || *touch == Touch::Choose(Choice::Retry) && self.primary_retries();
        if retries && self.visit.retry() {
            return;
        }
        if !blocked && matches!(touch, Touch::Next | Touch::Key(_) | Touch::Choose(_)) {
            self.visit.forget_fault();
        }
        let step = self.steps.at_mut(self.at);
        let turn = step.touch(touch, &mut self.visit);
        self.turn(turn);
    }

    fn primary_retries(&self) -> bool {
        self.visit
            .has_failed()
            .is_some_and(Asked::retried_by_primary)
    }

    fn device(&mut self, event: &DeviceEvent) {
        let visit = &mut self.visit;
        match event {
            DeviceEvent::DriveInserted { drive, label } => {
                visit.around.drives.insert(*drive, label.clone());
                visit.answers.drive_inserted(*drive, label);
            }
            DeviceEvent::DriveRemoved { drive } => {
                visit.around.drives.remove(drive);
                visit.answers.drive_removed(*drive);
            }
            DeviceEvent::TokenInserted { kind } => visit.answers.token(Some(*kind)),
            DeviceEvent::TokenRemoved => visit.answers.token(None),
            DeviceEvent::Raised(fault) => {
                visit.around.faults.insert(*fault);
            }
            DeviceEvent::Cleared(fault) => {
                visit.around.faults.remove(fault);
            }
            DeviceEvent::Face(_)
            | DeviceEvent::MrzHint(_)
            | DeviceEvent::MrzSeen(_)
            | DeviceEvent::CardInserted { .. }
            | DeviceEvent::CardRemoved
            | DeviceEvent::OfficeCardInserted
            | DeviceEvent::OfficeCardRemoved => {}
        }
        if matches!(
            event,
            DeviceEvent::CardInserted { .. }
                | DeviceEvent::MrzSeen(_)
                | DeviceEvent::DriveInserted { .. }
                | DeviceEvent::TokenInserted { .. }
        ) {
            // Somebody's hand did that.
            self.last_sign = self.visit.now.boottime;
            if let Some(Opened::Idle(_)) = self.dialog {
                self.dialog = None;
            }
        }
        let turn = self.steps.at_mut(self.at).device(event, &mut self.visit);
        self.turn(turn);
    }

    fn reply(&mut self, request: RequestId, reply: Reply) {
        let Some(asked) = self.visit.answered(request) else {
            return;
        };
        self.last_sign = self.visit.now.boottime;
        let failure = match reply {
            Reply::Failed(failure) => failure,
            reply if asked.admits(&reply) => {
                self.visit.succeeded();
                let turn = self.steps.at_mut(self.at).reply(&reply, &mut self.visit);
                self.turn(turn);
                return;
            }
            _ => Failure {
                fault: Fault::Internal,
                detail: format!("not a reply to {asked:?}"),
            },
        };
        self.visit.fault = Some(failure.fault);
        let step = self.steps.at_mut(self.at);
        let turn = step.failed(asked, failure.fault, &mut self.visit);
        let moved = self.turn(turn);
        if moved && self.visit.fault.is_none() && turn != Turn::Forward {
            // Said where the person can do something about it.
            self.visit.fault = Some(failure.fault);
        }
    }

    /// Returns whether the step is another now.
    fn turn(&mut self, turn: Turn) -> bool {
        let answers = &self.visit.answers;
        let to = match turn {
            Turn::Stay => None,
            Turn::To(step) => Some(step),
            Turn::Back if self.reviewing && self.at < StepName::Review => Some(StepName::Review),
            Turn::Back => steps::before(self.at, answers),
            Turn::Forward if self.reviewing && self.at <= StepName::Review => {
                let missing = self.steps.first_incomplete(&self.visit);
                let reviewed = match self.at {
                    StepName::Review => steps::after(self.at, answers).unwrap_or(self.at),
                    _ => StepName::Review,
                };
                Some(missing.unwrap_or(reviewed))
            }
            Turn::Forward => steps::after(self.at, answers),
            Turn::End => {
                self.over = true;
                None
            }
        };
        if self.over {
            self.close();
            return false;
        }
        let Some(to) = to else {
            return false;
        };
        self.steps.at_mut(self.at).leave(&mut self.visit);
        self.visit.abandon();
        self.visit.forget_fault();
        self.at = to;
        self.reviewing |= to == StepName::Review;
        self.steps.at_mut(to).enter(&mut self.visit);
        true
    }

    fn close(&mut self) {
        self.steps.at_mut(self.at).leave(&mut self.visit);
        self.visit.abandon();
    }

    fn can_cancel(&self) -> bool {
        let step = self.steps.at(self.at);
        step.show(&self.visit, self.visit.now).cancel
    }

    pub fn view(&self, now: Now) -> View {
        let visit = &self.visit;
        let shown = self.steps.at(self.at).show(visit, now);
        let blocked = visit.is_blocked();
        let heeded = self.steps.at(self.at).heeds_while_busy(&Touch::Next, visit);
        let primary = match shown.primary {
            _ if self.primary_retries() => Some(Primary {
                label: PrimaryLabel::Retry,
                enabled: true,
            }),
            Some(primary) => Some(Primary {
                enabled: primary.enabled && (!blocked || heeded),
                ..primary
            }),
            None => None,
        };
        let busy = visit.outstanding().map(|open| Busy {
            what: open.asked.busy_with(),
            progress: share_of(&shown.screen),
            since_seconds: u32::try_from(now.boottime.saturating_sub(open.since).as_secs())
                .unwrap_or(u32::MAX),
        });
        let dialog = self.dialog.map(|dialog| match dialog {
            Opened::Cancel => Dialog::ConfirmCancel,
            Opened::Help => Dialog::Help,
            Opened::Idle(until) => Dialog::IdleWarning {
                seconds_left: u16::try_from(Visit::seconds_until(until, now)).unwrap_or(u16::MAX),
            },
        });
        View {
            language: visit.settings.language,
            text_size: visit.settings.text_size,
            high_contrast: visit.settings.high_contrast,
            offline: !visit.around.link_up,
            position: steps::position(self.at, &visit.answers),
            can_go_back: shown.back && !blocked,
            can_cancel: shown.cancel,
            primary,
            keyboard: Keyboard {
                kind: shown.keyboard,
                layout: visit.layout,
                discreet: shown.discreet,
            },
            busy,
            fault: visit.fault.or_else(|| self.device_fault(&shown.screen)),
            dialog,
            screen: shown.screen,
        }
    }

    /// A raised fault that stands in the way of this step.
    fn device_fault(&self, screen: &Screen) -> Option<Fault> {
        let faults = &self.visit.around.faults;
        let mut of_camera = [
            Fault::CameraMissing,
            Fault::CameraBlack,
            Fault::CameraFrozen,
        ]
        .into_iter()
        .filter(|f| faults.contains(f));
        match screen {
            Screen::Selfie { .. } | Screen::Liveness(_) | Screen::DocumentPhoto(_) => {
                of_camera.next()
            }
            Screen::Document(document) => match document.phase {
                DocumentPhase::Camera { .. } => of_camera.next(),
                _ => None,
            },
            _ => None,
        }
    }
}

/// How much of what is being worked on is done, where that is known.
fn share_of(screen: &Screen) -> Option<f32> {
    match screen {
        Screen::Issuing(view) => match view.uploaded {
            Some((sent, total)) if total > 0 => Some(sent as f32 / total as f32),
            _ => None,
        },
        Screen::Document(document) => match document.phase {
            DocumentPhase::Reading { share, .. } => Some(share),
            _ => None,
        },
        _ => None,
    }
}
