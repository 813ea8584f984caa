//! A request on its way: reports progress, can be abandoned, is answered once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use faults::Fault;

use crate::secrecy::wipe_stack;
use crate::session::event::{Event, Failure, Progress, Reply, RequestId, SessionId};

use super::Events;

type Ids = (SessionId, RequestId);
type Hook = Box<dyn FnOnce() + Send>;

/// The requests that are being worked on.
#[derive(Clone, Default)]
pub(super) struct Outstanding(Arc<Mutex<HashMap<Ids, Vec<Hook>>>>);

/// What the one who works on a request holds of it.
#[derive(Clone)]
pub(super) struct Asked {
    ids: Ids,
    events: Events,
    outstanding: Outstanding,
}

impl Outstanding {
    pub fn begin(&self, session: SessionId, request: RequestId, events: &Events) -> Asked {
        let ids = (session, request);
        self.with(|all| all.insert(ids, Vec::new()));
        Asked {
            ids,
            events: events.clone(),
            outstanding: self.clone(),
        }
    }

    /// Runs what was registered for this case.
    pub fn abandon(&self, session: SessionId, request: RequestId) {
        let hooks = self.with(|all| all.remove(&(session, request)));
        hooks.into_iter().flatten().for_each(|hook| hook());
    }

    pub fn abandon_session(&self, session: SessionId) {
        let of_session: Vec<Ids> =
            self.with(|all| all.keys().copied().filter(|(s, _)| *s == session).collect());
        for (session, request) in of_session {
            self.abandon(session, request);
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<Ids, Vec<Hook>>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Asked {
    pub fn progress(&self, progress: Progress) {
        let (session, request) = self.ids;
        self.events.send(Event::Progress {
            session,
            request,
            progress,
        });
    }

    /// Runs `hook` when the answer is no longer wanted; at once if it already is not.
    pub fn on_abandon(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hook: Option<Hook> = Some(Box::new(hook));
        self.outstanding.with(|all| {
            if let Some(hooks) = all.get_mut(&self.ids) {
                hooks.extend(hook.take());
            }
        });
        if let Some(hook) = hook {
            hook();
        }
    }

    pub fn is_abandoned(&self) -> bool {
        self.outstanding.with(|all| !all.contains_key(&self.ids))
    }

    pub fn answer(self, answer: Result<Reply, Failure>) {
        let wanted = self.outstanding.with(|all| all.remove(&self.ids)).is_some();
        let reply = answer.unwrap_or_else(|f| {
            tracing::warn!(
                fault = f.fault.code(),
                detail = f.detail,
                "a request failed"
            );
            Reply::Failed(f)
        });
        if wanted {
            let (session, request) = self.ids;
            self.events.send(Event::Reply {
                session,
                request,
                reply,
            });
        }
    }
}

/// Runs what blocks (disk, camera, cryptography) off the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let work = move || {
        let outcome = apart(work);
        wipe_stack();
        outcome
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(failure(Fault::Internal, "the work ended unexpectedly")),
    }
}

/// Never inlined: what it leaves on the stack lies below its caller's frame.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// `detail` goes to the log: never personal data.
pub(super) fn failure(fault: Fault, detail: &str) -> Failure {
    Failure {
        fault,
        detail: detail.to_owned(),
    }
}
