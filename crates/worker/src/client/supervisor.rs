//! Keeps one worker process going: one call at a time, and the watch beside it.

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use chip::Stage;

use super::process::{Heard, Process};
use super::{Answered, CallError, WorkerConfig};
use crate::message::{Answer, Asked, CardEvent, Request, Role, Said, WatchEvent};

/// Loading the program, finding pcscd and closing the sandbox, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Without a sign of life for so long a watch hangs in pcscd.
const SILENCE_LIMIT: Duration = Duration::from_secs(6);
/// What was asked may still come to its own end after the asker gave up.
const GIVE_UP_PAUSE: Duration = Duration::from_secs(1);
/// Between the end of a watching worker and the next; doubled each time that one ends early.
const RESTART_PAUSE: Duration = Duration::from_millis(500);
/// A reader that is plugged in is looked for this often at least.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A worker that watched for so long did not end because it cannot work here.
const STEADY: Duration = Duration::from_secs(10);

pub(super) enum Order {
    Call(Call),
    Watch(mpsc::UnboundedSender<WatchEvent>),
}

pub(super) struct Call {
    pub request: Request,
    pub file: Option<OwnedFd>,
    pub wait: Wait,
    pub progress: Option<mpsc::UnboundedSender<Stage>>,
    /// Closed when the asker has given up.
    pub answer: oneshot::Sender<Result<Answered, CallError>>,
}

/// How long an answer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    pub until: Instant,
    /// Without progress no longer than this.
    pub silence: Option<Duration>,
}

impl Wait {
    fn until(until: Instant) -> Wait {
        Wait {
            until,
            silence: None,
        }
    }

    /// The next moment at which patience ends, after a sign of progress now.
    fn next(self) -> Instant {
        match self.silence {
            Some(silence) => self.until.min(Instant::now() + silence),
            None => self.until,
        }
    }
}

pub(super) struct Supervisor {
    config: WorkerConfig,
    process: Option<Process>,
    last_id: u64,
    watcher: Option<mpsc::UnboundedSender<WatchEvent>>,
    /// The running process watches, since then.
    watching: Option<Instant>,
    /// Before the next start of one that watches.
    pause: Duration,
    /// By then the watch must give a sign of life, or be started again.
    next_look: Instant,
}

impl Supervisor {
    pub(super) fn new(config: WorkerConfig) -> Self {
        Supervisor {
            config,
            process: None,
            last_id: 0,
            watcher: None,
            watching: None,
            pause: RESTART_PAUSE,
            next_look: Instant::now(),
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let watched = self.watcher.is_some();
            let next_look = self.next_look;
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Call(call)) => self.call(call).await,
                    Some(Order::Watch(watcher)) => {
                        self.watcher = Some(watcher);
                        self.end_process().await;
                        self.watch().await;
                    }
                    None => break,
                },
                heard = hear(&mut self.process) => match heard {
                    Some((said, _)) => self.note(said),
                    None => self.lost().await,
                },
                () = sleep_until(next_look), if watched => {
                    if self.process.is_some() && self.watching.is_some() {
                        // It never waits for anything but pcscd.
                        tracing::warn!("pcscd is silent: ending the worker that waits for it");
                        self.tell(WatchEvent::Card(CardEvent::Service { up: false }));
                        self.lost().await;
                    } else {
                        self.watch().await;
                    }
                }
            }
            if self.watcher.as_ref().is_some_and(|w| w.is_closed()) {
                self.watcher = None;
            }
        }
        self.end_process().await;
    }

    async fn call(&mut self, call: Call) {
        let Call {
            request,
            file,
            wait,
            progress,
            mut answer,
        } = call;
        let given_up = async {
            answer.closed().await;
            sleep(GIVE_UP_PAUSE).await;
        };
        let answered = tokio::select! {
            answered = self.ask(request, file, wait, progress.as_ref()) => Some(answered),
            () = given_up => None,
        };
        // Who looks and works in turn gave no sign of life meanwhile.
        self.next_look = self.next_look.max(Instant::now() + SILENCE_LIMIT);
        match &answered {
            // Nobody waits for it any more: it must not hold up who asks next.
            None => self.lost().await,
            Some(Err(CallError::Silent(_) | CallError::Died(_))) => self.lost().await,
            _ if self.config.role == Role::Files => self.end_process().await,
            _ => {}
        }
        if let Some(answered) = answered {
            let _ = answer.send(answered);
        }
    }

    async fn ask(
        &mut self,
        request: Request,
        file: Option<OwnedFd>,
        wait: Wait,
        progress: Option<&mpsc::UnboundedSender<Stage>>,
    ) -> Result<Answered, CallError> {
        let fault = request.fault_when_lost();
        self.ensure_started().await?;
        self.last_id += 1;
        let id = self.last_id;
        let asked = Asked { id, request };
        let Some(process) = &mut self.process else {
            return Err(CallError::NotStarted);
        };
        let mut limit = wait.next();
        match timeout_at(limit, process.ask(&asked, file)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(CallError::Died(fault)),
            Err(_) => return Err(CallError::Silent(fault)),
        }
        loop {
            match timeout_at(limit, hear(&mut self.process)).await {
                Err(_) => return Err(CallError::Silent(fault)),
                Ok(None) => return Err(CallError::Died(fault)),
                Ok(Some((
                    Said::Answer {
                        id: answered,
                        answer,
                    },
                    bytes,
                ))) if answered == id => {
                    return Ok(Answered {
                        answer: answer?,
                        bytes,
                    });
                }
                Ok(Some((Said::Progress { id: about, stage }, _))) if about == id => {
                    limit = wait.next();
                    if let Some(progress) = progress {
                        // Who asked may have stopped listening.
                        let _ = progress.send(stage);
                    }
                }
                Ok(Some((said, _))) => self.note(said),
            }
        }
    }

    async fn ensure_started(&mut self) -> Result<(), CallError> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut process = Process::start(&self.config).map_err(|error| {
            tracing::error!(%error, "the worker cannot be started");
            CallError::NotStarted
        })?;
        let ready = timeout_at(Instant::now() + START_LIMIT, process.heard.recv()).await;
        match ready {
            Ok(Some((Said::Ready(sandbox), _))) => {
                tracing::info!(role = self.config.role.argument(), ?sandbox, "worker ready");
                self.process = Some(process);
                self.watching = None;
                Ok(())
            }
            _ => {
                tracing::error!("the worker did not become ready");
                process.kill().await;
                Err(CallError::NotStarted)
            }
        }
    }

    /// Starts the watch if somebody watches and it is not running.
    async fn watch(&mut self) {
        if self.watcher.is_none() || (self.process.is_some() && self.watching.is_some()) {
            return;
        }
        self.next_look = Instant::now() + RESTART_PAUSE;
        let until = Instant::now() + START_LIMIT;
        let watch = match self.config.role {
            Role::Tokens => Request::WatchTokens,
            Role::Cards | Role::Files => Request::WatchCards,
        };
        match self.ask(watch, None, Wait::until(until), None).await {
            Ok(Answered {
                answer: Answer::Watching,
                ..
            }) => {
                self.watching = Some(Instant::now());
                self.next_look = Instant::now() + SILENCE_LIMIT;
                self.tell(WatchEvent::WorkerStarted);
            }
            _ => self.lost().await,
        }
    }

    /// What comes unasked.
    fn note(&mut self, said: Said) {
        if self.watching.is_some() {
            self.next_look = Instant::now() + SILENCE_LIMIT;
        }
        match said {
            Said::Card(event) => self.tell(WatchEvent::Card(event)),
            Said::Token(event) => self.tell(WatchEvent::Token(event)),
            Said::Alive => {}
            // An answer nobody waits for any more, or a second greeting.
            Said::Answer { .. } | Said::Progress { .. } | Said::Ready(_) => {}
        }
    }

    fn tell(&self, event: WatchEvent) {
        if let Some(watcher) = &self.watcher {
            let _ = watcher.send(event);
        }
    }

    async fn lost(&mut self) {
        let was_steady = self.watching.is_some_and(|since| since.elapsed() >= STEADY);
        self.end_process().await;
        if was_steady {
            self.pause = RESTART_PAUSE;
        }
        self.next_look = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.tell(WatchEvent::WorkerDied);
    }

    async fn end_process(&mut self) {
        self.watching = None;
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
    }
}

/// Waits for ever without a process; `None` once the worker has ended.
async fn hear(process: &mut Option<Process>) -> Option<Heard> {
    match process {
        Some(process) => process.heard.recv().await,
        None => std::future::pending().await,
    }
}
