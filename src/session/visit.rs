//! What all steps of one visit share: settings, time, what is plugged in, the
//! one outstanding request, the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exchange::Language;
use faults::Fault;

use super::answers::Answers;
use super::asked::Asked;
use super::command::{Action, Command, Request};
use super::config::SessionConfig;
use super::event::{DriveId, KeyboardLayout, MediaHandle, Now, RequestId, SessionId, TextSize};

/// What a person set for the eyes; reset when the citizen leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    pub language: Language,
    pub text_size: TextSize,
    pub high_contrast: bool,
}

/// What the station knows of the surroundings when a session begins.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub link_up: bool,
    pub faults: BTreeSet<Fault>,
    /// The USB drives that are in, with their names for the person.
    pub drives: BTreeMap<DriveId, String>,
}

/// No `Debug`: it holds the answers.
pub(super) struct Visit {
    pub id: SessionId,
    pub config: SessionConfig,
    pub settings: Settings,
    pub layout: KeyboardLayout,
    pub caps_lock: bool,
    pub now: Now,
    pub around: Surroundings,
    pub answers: Answers,
    /// Shown by the input until the person goes on.
    pub fault: Option<Fault>,
    /// The request that failed, for "try again".
    failed: Option<Request>,
    outstanding: Option<Outstanding>,
    requests: u64,
    commands: Vec<Command>,
}

pub(super) struct Outstanding {
    pub request: RequestId,
    pub asked: Asked,
    pub since: Duration,
    what: Request,
    limit: Duration,
}

impl Visit {
    pub fn new(
        id: SessionId,
        config: SessionConfig,
        settings: Settings,
        around: Surroundings,
        now: Now,
    ) -> Self {
        Self {
            id,
            config,
            settings,
            layout: layout_of(settings.language),
            caps_lock: false,
            now,
            around,
            answers: Answers::default(),
            fault: None,
            failed: None,
            outstanding: None,
            requests: 0,
            commands: Vec::new(),
        }
    }

    /// Asks the world; what is still outstanding is abandoned first.
    pub fn ask(&mut self, what: Request) {
        self.abandon();
        self.fault = None;
        self.failed = None;
        self.requests += 1;
        let request = RequestId(self.requests);
        let asked = Asked::of(&what);
        self.outstanding = Some(Outstanding {
            request,
            asked,
            since: self.now.boottime,
            limit: asked.limit(&self.config, recording_time(&what)),
            what: what.clone(),
        });
        self.commands.push(Command::Ask {
            session: self.id,
            request,
            what,
        });
    }

    pub fn abandon(&mut self) {
        if let Some(open) = self.outstanding.take() {
            self.commands.push(Command::Abandon {
                session: self.id,
                request: open.request,
            });
        }
    }

    /// Says that a reply which is overdue is not wanted any more; the request
    /// itself is then answered by the session.
    pub fn act_abandon(&mut self, request: RequestId) {
        self.commands.push(Command::Abandon {
            session: self.id,
            request,
        });
    }

    pub fn act(&mut self, action: Action) {
        self.commands.push(Command::Do(action));
    }

    pub fn drop_media(&mut self, media: Option<MediaHandle>) {
        if let Some(media) = media {
            self.act(Action::DropMedia(media));
        }
    }

    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    pub fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

    pub fn is_asking(&self, asked: Asked) -> bool {
        self.outstanding.as_ref().is_some_and(|o| o.asked == asked)
    }

    /// Whether the step's buttons rest.
    pub fn is_blocked(&self) -> bool {
        self.outstanding.as_ref().is_some_and(|o| o.asked.blocks())
    }

    /// The reply to this request has come.
    pub fn answered(&mut self, request: RequestId) -> Option<Asked> {
        let open = self.outstanding.take_if(|o| o.request == request)?;
        self.failed = Some(open.what);
        Some(open.asked)
    }

    /// The reply was not a failure.
    pub fn succeeded(&mut self) {
        self.failed = None;
    }

    /// A request whose limit has passed.
    pub fn overdue(&self) -> Option<(RequestId, Asked)> {
        let open = self.outstanding.as_ref()?;
        let waited = self.now.boottime.saturating_sub(open.since);
        (waited >= open.limit).then_some((open.request, open.asked))
    }

    pub fn has_failed(&self) -> Option<Asked> {
        self.failed.as_ref().map(Asked::of)
    }

    /// Asks again what failed; false when nothing did.
    pub fn retry(&mut self) -> bool {
        match self.failed.take() {
            Some(what) => {
                self.ask(what);
                true
            }
            None => false,
        }
    }

    /// The person goes on after a fault.
    pub fn forget_fault(&mut self) {
        self.fault = None;
        self.failed = None;
    }

    /// Seconds from now until a moment, rounded up.
    pub fn seconds_until(moment: Duration, now: Now) -> u32 {
        let left = moment.saturating_sub(now.boottime);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

fn recording_time(what: &Request) -> Duration {
    match what {
        Request::Record {
            prompts,
            seconds_each,
            ..
        } => Duration::from_secs_f32(seconds_each.clamp(0.0, 60.0)) * prompts.len() as u32,
        _ => Duration::ZERO,
    }
}

/// The letters a person of this language begins with.
pub(super) fn layout_of(language: Language) -> KeyboardLayout {
    match language {
        Language::Kk => KeyboardLayout::Kazakh,
        Language::Ru => KeyboardLayout::Russian,
        Language::En => KeyboardLayout::Latin,
    }
}
