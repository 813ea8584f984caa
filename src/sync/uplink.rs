//! The task that empties the queue: one job after the other, the waiting citizen's first, and asks
//! for what the office decided meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange::api::Decision;
use exchange::{SubmissionId, UnixMillis};
use faults::Fault;
use outbox::{Job, Outbox, OutboxError, backoff};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::upload::{Sent, Verdict, blocking, send_job, verdict};
use super::{OfficeClient, SyncError};

/// What the uplink tells whoever listens.
#[derive(Clone, Debug, PartialEq)]
pub enum UplinkEvent {
    /// The link came, or went for this reason. Told at every change and at the first attempt.
    Link(Result<(), Held>),
    /// The office said what time it is; the floor is raised.
    OfficeTime(UnixMillis),
    /// Bytes sent of bytes to send, over all parts.
    Progress {
        submission: SubmissionId,
        sent: u64,
        total: u64,
    },
    /// Durable at the office, gone from here.
    Received { submission: SubmissionId },
    /// An attempt failed; it is tried again later.
    Postponed {
        submission: SubmissionId,
        held: Held,
    },
    Quarantined {
        submission: SubmissionId,
        held: Held,
    },
    Decided {
        submission: SubmissionId,
        decision: Decision,
    },
}

/// Why something did not go on. `detail` is for the log; it names no person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub fault: Fault,
    pub detail: String,
}

impl From<&SyncError> for Held {
    fn from(error: &SyncError) -> Self {
        Self {
            fault: error.fault(),
            detail: error.to_string(),
        }
    }
}

/// How often an idle kiosk looks whether the office is there.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often decisions about submissions of people who left are asked for, and how many at once.
const DECISIONS_EVERY: Duration = Duration::from_secs(600);
const DECISIONS_AT_ONCE: u32 = 20;
const LOOK_AT_QUEUE_EVERY: Duration = Duration::from_secs(5);
/// After a lost link came back, kiosks begin to send within this, not all at once.
const SPREAD: Duration = Duration::from_secs(5);

pub struct Uplink {
    client: OfficeClient,
    outbox: Outbox,
    events: broadcast::Sender<UplinkEvent>,
    /// Whose citizen waits. A change also wakes the task.
    first: watch::Sender<Option<SubmissionId>>,
    /// Somebody else met trouble with the office.
    doubted: AtomicBool,
    /// Counts turns of the loop: the watchdog sees that it goes on.
    turns: Arc<AtomicU64>,
    link: Mutex<Link>,
}

#[derive(Default)]
struct Link {
    /// `None` before the first attempt.
    up: Option<bool>,
    failures: u32,
    /// The link came back: what waits for it becomes due then.
    wake_at: Option<Instant>,
}

impl Uplink {
    pub fn new(client: OfficeClient, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self {
            client,
            outbox,
            events: broadcast::channel(256).0,
            first: watch::channel(None).0,
            doubted: AtomicBool::new(false),
            turns: Arc::default(),
            link: Mutex::default(),
        })
    }

    pub fn subscribe(&self) -> broadcast::Receiver<UplinkEvent> {
        self.events.subscribe()
    }

    pub fn client(&self) -> &OfficeClient {
        &self.client
    }

    /// Whose submission goes before everything else on the line, while somebody waits for it.
    pub fn waits(&self) -> watch::Receiver<Option<SubmissionId>> {
        self.first.subscribe()
    }

    /// Whether the last attempt reached the office.
    pub fn is_up(&self) -> bool {
        self.link().up == Some(true)
    }

    /// Grows at least once in [`Uplink::slowest_turn`] while the task lives.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Longer than any wait of the task without a turn.
    pub fn slowest_turn() -> Duration {
        Duration::from_secs(300)
    }

    /// Something changed: the network came, a submission was committed or put back.
    pub fn wake(&self) {
        self.first.send_modify(|_| {});
    }

    /// Another question to the office failed: is the link still there?
    pub fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Sends this submission ahead of all others and waits until the office has it.
    ///
    /// # Errors
    /// The first failed attempt's reason; the queue goes on trying by itself.
    pub async fn send_first(&self, submission: SubmissionId) -> Result<(), Held> {
        let mut events = self.subscribe();
        let _first = First::set(self, submission);
        let due = blocking(&self.outbox, move |o| match o.retry(submission) {
            // Already at the office: a second asking.
            Err(OutboxError::WrongState(_)) => Ok(false),
            other => other.map(|()| true),
        });
        match due.await {
            Ok(true) => self.wake(),
            Ok(false) => return Ok(()),
            Err(e) => return Err(Held::from(&e)),
        }
        loop {
            match tokio::time::timeout(LOOK_AT_QUEUE_EVERY, events.recv()).await {
                Ok(Ok(UplinkEvent::Received { submission: s })) if s == submission => {
                    return Ok(());
                }
                Ok(Ok(
                    UplinkEvent::Postponed {
                        submission: s,
                        held,
                    }
                    | UplinkEvent::Quarantined {
                        submission: s,
                        held,
                    },
                )) if s == submission => return Err(held),
                Ok(Ok(_)) => {}
                // Nothing for a while, or too much at once: the queue knows.
                Err(_) | Ok(Err(_)) => {
                    let shown = blocking(&self.outbox, move |o| o.show(submission)).await;
                    let state = shown.map_err(|e| Held::from(&e))?.listed.state;
                    if matches!(state, outbox::State::Received | outbox::State::Done) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The task. Ends only by being dropped; an upload then goes on where it was at the next start.
    pub async fn run(self: Arc<Self>) {
        let mut changed = self.first.subscribe();
        let mut decisions = Instant::now();
        let mut look = Instant::now();
        loop {
            self.turn();
            self.wake_when_due().await;
            let first = *changed.borrow_and_update();
            let now = self.client.floor().now();
            // With the link down only the waiting citizen's submission is tried at once.
            let next = blocking(&self.outbox, move |o| o.next_upload(now, first)).await;
            let next = match next {
                Ok(next) => next.filter(|job| self.may_try(job.submission, first)),
                Err(e) => {
                    tracing::error!("the queue cannot be read: {e}");
                    None
                }
            };
            if let Some(job) = next {
                let submission = job.submission;
                tokio::select! {
                    () = self.carry_out(job) => {}
                    // The line belongs to the citizen who waits; the other upload goes on later
                    // from where it is.
                    () = another_waits(&mut changed, submission) => {}
                }
                continue;
            }
            if Instant::now() >= look {
                let ok = self.look().await;
                look = Instant::now() + self.look_again_in(ok);
                continue;
            }
            if self.is_up() && Instant::now() >= decisions {
                self.ask_decisions().await;
                decisions = Instant::now() + DECISIONS_EVERY;
                continue;
            }
            let due = self.next_due(now).await;
            tokio::select! {
                () = tokio::time::sleep_until(due.min(look)) => {}
                woken = changed.changed() => {
                    if woken.is_err() {
                        return;
                    }
                    // Most likely the network: see at once.
                    if !self.is_up() || self.doubted.swap(false, Ordering::Relaxed) {
                        look = Instant::now();
                    }
                }
            }
        }
    }

    fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    fn may_try(&self, submission: SubmissionId, first: Option<SubmissionId>) -> bool {
        self.link().up != Some(false) || first == Some(submission)
    }

    async fn carry_out(&self, job: Job) {
        let (submission, failures) = (job.submission, job.failures + 1);
        let progress = match self.progress_of(&job).await {
            Ok(progress) => progress,
            Err(e) => {
                tracing::error!(%submission, "the queue cannot be read: {e}");
                return;
            }
        };
        match send_job(&self.client, &self.outbox, job, progress).await {
            Ok(sent) => {
                self.link_is(Ok(()));
                if let Sent::Received(_) = sent {
                    self.tell(UplinkEvent::Received { submission });
                }
            }
            Err(error) => self.settle(submission, failures, &error).await,
        }
    }

    async fn settle(&self, submission: SubmissionId, failures: u32, error: &SyncError) {
        tracing::warn!(%submission, "not sent: {error}");
        let held = Held::from(error);
        let now = self.client.floor().now();
        let (settled, event) = match verdict(error, failures, random()) {
            Verdict::Quarantine(reason) => (
                blocking(&self.outbox, move |o| o.quarantine(submission, &reason)).await,
                UplinkEvent::Quarantined { submission, held },
            ),
            Verdict::Wait(wait, who) => {
                let reason = error.to_string();
                let settled = blocking(&self.outbox, move |o| {
                    o.postpone(submission, now, wait, who, &reason)
                });
                let event = UplinkEvent::Postponed { submission, held };
                (settled.await, event)
            }
        };
        if let Err(e) = settled {
            tracing::error!(%submission, "the queue cannot be written: {e}");
        }
        if error.concerns_the_link() {
            // Was it this upload alone, or is the office gone?
            self.look().await;
        } else {
            self.link_is(Ok(()));
        }
        self.tell(event);
    }

    /// Asks the office for the time: the smallest question, and a useful one.
    async fn look(&self) -> bool {
        match self.client.office_time().await {
            Ok(now) => {
                self.tell(UplinkEvent::OfficeTime(now));
                self.link_is(Ok(()));
                true
            }
            Err(e) => {
                self.link_is(Err(Held::from(&e)));
                false
            }
        }
    }

    fn look_again_in(&self, ok: bool) -> Duration {
        if ok {
            return LOOK_EVERY;
        }
        let wait = backoff(self.link().failures, random());
        wait.clamp(Duration::from_secs(1), LOOK_EVERY)
    }

    fn link_is(&self, state: Result<(), Held>) {
        let up = state.is_ok();
        let before = {
            let mut link = self.link();
            link.failures = if up {
                0
            } else {
                link.failures.saturating_add(1)
            };
            link.up.replace(up)
        };
        if before == Some(up) {
            return;
        }
        if let Err(held) = &state {
            tracing::warn!(fault = %held.fault, "no link to the office: {}", held.detail);
        }
        self.tell(UplinkEvent::Link(state));
        if up && before == Some(false) {
            let spread = SPREAD.mul_f64(f64::from(random()) / f64::from(u32::MAX));
            self.link().wake_at = Some(Instant::now() + spread);
        }
    }

    async fn wake_when_due(&self) {
        let due = self.link().wake_at.take_if(|at| *at <= Instant::now());
        if due.is_some()
            && let Err(e) = blocking(&self.outbox, Outbox::wake).await
        {
            tracing::error!("the queue cannot be written: {e}");
        }
    }

    async fn ask_decisions(&self) {
        let now = self.client.floor().now();
        let open = blocking(&self.outbox, move |o| {
            o.awaiting_result(now, DECISIONS_AT_ONCE)
        })
        .await;
        for submission in open.unwrap_or_default() {
            self.turn();
            match self.client.ask_result(&self.outbox, submission).await {
                Ok(Some(result)) if result.decision != Decision::Pending => {
                    let decision = result.decision;
                    self.tell(UplinkEvent::Decided {
                        submission,
                        decision,
                    });
                }
                Ok(_) => {}
                Err(e) => {
                    tracing::warn!(%submission, "no result: {e}");
                    if e.concerns_the_link() {
                        return;
                    }
                }
            }
        }
    }

    async fn next_due(&self, now: UnixMillis) -> Instant {
        let due = blocking(&self.outbox, Outbox::next_attempt_at).await;
        let millis = match due {
            Ok(Some(at)) if self.is_up() => at.0.saturating_sub(now.0).max(200) as u64,
            _ => u64::MAX,
        };
        let due = Instant::now() + Duration::from_millis(millis).min(LOOK_EVERY);
        self.link().wake_at.map_or(due, |wake| wake.min(due))
    }

    /// Counts over all parts of the submission.
    async fn progress_of(&self, job: &Job) -> Result<super::Progress, SyncError> {
        let submission = job.submission;
        let shown = blocking(&self.outbox, move |o| o.show(submission)).await?;
        let total = shown.listed.bytes;
        let sent = |p: &outbox::ListedPart| if p.sent { p.length } else { 0 };
        let before: u64 = shown.parts.iter().map(sent).sum();
        let (events, turns) = (self.events.clone(), Arc::clone(&self.turns));
        let told = AtomicU64::new(0);
        Ok(Arc::new(move |bytes| {
            turns.fetch_add(1, Ordering::Relaxed);
            let sent = before + bytes;
            // A hundredth is what a person sees; each chunk would drown the other news.
            let last = told.load(Ordering::Relaxed);
            if sent.abs_diff(last) < total / 100 && sent != total {
                return;
            }
            told.store(sent, Ordering::Relaxed);
            // Nobody listening is no failure.
            let _ = events.send(UplinkEvent::Progress {
                submission,
                sent,
                total,
            });
        }))
    }

    fn tell(&self, event: UplinkEvent) {
        // Nobody listening is no failure.
        let _ = self.events.send(event);
    }

    fn link(&self) -> std::sync::MutexGuard<'_, Link> {
        self.link
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Puts a submission first for as long as it lives.
struct First<'a>(&'a Uplink, SubmissionId);

impl<'a> First<'a> {
    fn set(uplink: &'a Uplink, submission: SubmissionId) -> Self {
        uplink.first.send_replace(Some(submission));
        Self(uplink, submission)
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        let mine = Some(self.1);
        self.0.first.send_if_modified(|first| {
            let is_mine = *first == mine;
            if is_mine {
                *first = None;
            }
            is_mine
        });
    }
}

async fn another_waits(
    changed: &mut watch::Receiver<Option<SubmissionId>>,
    submission: SubmissionId,
) {
    let another = |first: &Option<SubmissionId>| first.is_some_and(|f| f != submission);
    let waits = changed.wait_for(another).await.is_ok();
    if !waits {
        // The sender lives as long as the task; nothing will come.
        std::future::pending::<()>().await;
    }
}

fn random() -> u32 {
    // Without randomness the middle of the range: slower, never stuck.
    getrandom::u32().unwrap_or(u32::MAX / 2)
}
