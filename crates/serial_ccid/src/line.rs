//! Commands and answers over the tty, whatever happens to them on the way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::frame::{self, FrameReader, Received};
use crate::message::{Answer, Command, Outcome, SlotStatus, is_command};
use crate::port::{Gone, Port};

/// How often one command is sent again, and an answer asked for again.
const REPEATS: u32 = 3;

/// A frame pauses no longer than this; adapters collect bytes for up to 16 ms.
const GAP: Duration = Duration::from_millis(250);

/// So long nothing comes after a damaged frame until it is over.
const QUIET: Duration = Duration::from_millis(30);

/// A reader answers at once when it is asked to repeat. Some say nothing to the command
/// that a card was pulled out of.
const PROMPT: Duration = Duration::from_millis(500);

/// How long is waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Without a sign of life from the reader, beyond what a card may take for a block.
    pub silence: Duration,
    /// For one APDU in all, whatever signs of life there are: generating a key takes
    /// half a minute on slow cards.
    pub longest: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            silence: Duration::from_secs(2),
            longest: Duration::from_secs(120),
        }
    }
}

/// What went wrong on the line and was put right, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounters {
    /// Commands that were sent again.
    pub commands_repeated: u32,
    /// Answers that were asked for again.
    pub answers_repeated: u32,
    pub frames_damaged: u32,
    /// Answers to an earlier command.
    pub answers_stale: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineError {
    /// The tty is not there any more.
    Gone,
    /// No answer in time.
    Silent,
    /// The card was pulled, and no answer came.
    CardPulled,
    /// Damaged more often than it is repeated.
    Damaged,
    /// An answer to another kind of command, or a command too long.
    Nonsense,
}

impl From<Gone> for LineError {
    fn from(Gone: Gone) -> Self {
        LineError::Gone
    }
}

pub(crate) struct Line {
    port: Port,
    frames: FrameReader,
    sequence: u8,
    pub timing: Timing,
    pub counters: LineCounters,
    /// Whether the reader sends back what it hears.
    pub echoes: bool,
    /// Whether it tells of cards without being asked.
    pub notifies: bool,
    /// As far as is known. None: before the first answer.
    present: Option<bool>,
    /// Not told to the owner yet.
    pub changes: VecDeque<bool>,
    /// Cards pulled so far.
    pub removals: u32,
    /// When the reader last answered.
    pub answered: Instant,
    /// Requests to repeat whose echo is to come: it looks like one of the reader.
    own_naks: u32,
}

/// Something came in, or nothing.
enum Heard {
    Frame(Received),
    Nothing,
}

/// What one command has cost so far.
#[derive(Default)]
struct Attempts {
    sent: u32,
    asked: u32,
    /// Nothing came: the reader was asked whether it has an answer.
    probed: bool,
    pulled: bool,
}

impl Line {
    pub fn new(port: Port, timing: Timing) -> Line {
        Line {
            port,
            frames: FrameReader::default(),
            sequence: 0,
            timing,
            counters: LineCounters::default(),
            echoes: false,
            notifies: false,
            present: None,
            changes: VecDeque::new(),
            removals: 0,
            answered: Instant::now(),
            own_naks: 0,
        }
    }

    /// Sends a command and gives its answer, by `deadline`; `patience` is how long the
    /// reader may give no sign of life.
    pub fn exchange(
        &mut self,
        command: &Command,
        patience: Duration,
        deadline: Instant,
    ) -> Result<Answer, LineError> {
        self.settle()?;
        self.sequence = self.sequence.wrapping_add(1);
        let message = command.encode(self.sequence).ok_or(LineError::Nonsense)?;
        let frame = frame::encode(&message);
        let mut attempts = Attempts::default();
        let mut until = self.send(&frame, patience, deadline)?;
        loop {
            match self.hear(until.min(deadline))? {
                Heard::Nothing if Instant::now() >= deadline => return Err(LineError::Silent),
                Heard::Nothing if attempts.pulled => return Err(LineError::CardPulled),
                Heard::Nothing if attempts.probed => return Err(LineError::Silent),
                // The command or its answer may have drowned in noise. An answer that comes
                // is the last one, which tells whether the command arrived.
                Heard::Nothing => {
                    attempts.probed = true;
                    until = self.ask_again(&mut attempts, PROMPT, deadline)?;
                }
                Heard::Frame(Received::Nak) if self.own_naks > 0 => self.own_naks -= 1,
                Heard::Frame(Received::Nak) => {
                    until = self.resend(&frame, &mut attempts, patience, deadline)?;
                }
                // The reader says so itself when it heard something wrong.
                Heard::Frame(Received::Damaged { echo: true }) => self.counters.frames_damaged += 1,
                Heard::Frame(Received::Damaged { echo: false }) => {
                    self.counters.frames_damaged += 1;
                    self.drain(deadline)?;
                    until = self.ask_again(&mut attempts, patience, deadline)?;
                }
                Heard::Frame(Received::SlotChange { present }) => {
                    self.note(present);
                    if !present {
                        attempts.pulled = true;
                        until = until.min(Instant::now() + PROMPT);
                    }
                }
                Heard::Frame(Received::TimeRequest) => until = Instant::now() + patience,
                Heard::Frame(Received::Message(received)) => {
                    if is_command(&received) {
                        self.echoes |= received == message;
                        continue;
                    }
                    let answer = Answer::parse(&received);
                    let Some(answer) = answer.filter(|a| a.sequence == self.sequence) else {
                        self.counters.answers_stale += 1;
                        if attempts.probed {
                            attempts.probed = false;
                            until = self.resend(&frame, &mut attempts, patience, deadline)?;
                        }
                        continue;
                    };
                    self.answered = Instant::now();
                    self.note(answer.slot != SlotStatus::Absent);
                    if let Outcome::TimeExtension(times) = answer.outcome {
                        until = self.answered + patience.saturating_mul(u32::from(times.max(1)));
                    } else if answer.kind == command.answered_by()
                        // To what they do not know, some answer with the slot's status.
                        || answer.outcome != Outcome::Done
                    {
                        return Ok(answer);
                    } else {
                        return Err(LineError::Nonsense);
                    }
                }
            }
        }
    }

    /// Hears slot changes until then, or until the first.
    pub fn listen(&mut self, until: Instant) -> Result<(), Gone> {
        while self.changes.is_empty() {
            match self.hear(until)? {
                Heard::Nothing => return Ok(()),
                Heard::Frame(Received::SlotChange { present }) => {
                    self.notifies = true;
                    self.note(present);
                }
                Heard::Frame(received) => self.drop_unasked(&received),
            }
        }
        Ok(())
    }

    /// What is there before a command is sent does not answer it.
    fn settle(&mut self) -> Result<(), Gone> {
        let deadline = Instant::now() + GAP;
        loop {
            match self.hear(Instant::now())? {
                Heard::Nothing => {
                    self.frames.abandon();
                    return Ok(());
                }
                Heard::Frame(Received::SlotChange { present }) => {
                    self.notifies = true;
                    self.note(present);
                }
                Heard::Frame(received) => self.drop_unasked(&received),
            }
            // A line that never falls silent is found out by the command.
            if Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    fn drop_unasked(&mut self, received: &Received) {
        match received {
            Received::Message(message) if !is_command(message) => self.counters.answers_stale += 1,
            Received::Damaged { .. } => self.counters.frames_damaged += 1,
            Received::Nak => self.own_naks = self.own_naks.saturating_sub(1),
            _ => {}
        }
    }

    fn note(&mut self, present: bool) {
        if self.present == Some(present) {
            return;
        }
        if self.present.is_some() {
            self.changes.push_back(present);
        }
        if !present {
            self.removals = self.removals.wrapping_add(1);
        }
        self.present = Some(present);
    }

    fn send(
        &mut self,
        frame: &[u8],
        patience: Duration,
        deadline: Instant,
    ) -> Result<Instant, LineError> {
        let until = Instant::now() + patience;
        match self.port.write(frame, until.min(deadline))? {
            true => Ok(Instant::now() + patience),
            false => Err(LineError::Silent),
        }
    }

    fn resend(
        &mut self,
        frame: &[u8],
        attempts: &mut Attempts,
        patience: Duration,
        deadline: Instant,
    ) -> Result<Instant, LineError> {
        attempts.sent += 1;
        if attempts.sent > REPEATS {
            return Err(LineError::Damaged);
        }
        self.counters.commands_repeated += 1;
        self.send(frame, patience, deadline)
    }

    fn ask_again(
        &mut self,
        attempts: &mut Attempts,
        patience: Duration,
        deadline: Instant,
    ) -> Result<Instant, LineError> {
        attempts.asked += 1;
        if attempts.asked > REPEATS {
            return Err(LineError::Damaged);
        }
        self.counters.answers_repeated += 1;
        self.own_naks += u32::from(self.echoes);
        self.send(&frame::NAK, patience, deadline)
    }

    /// Drops what still comes of a damaged frame.
    fn drain(&mut self, deadline: Instant) -> Result<(), Gone> {
        let mut bytes = Zeroizing::new([0; 256]);
        while Instant::now() < deadline {
            let until = (Instant::now() + QUIET).min(deadline);
            if self.port.read(&mut bytes[..], until)? == 0 {
                break;
            }
        }
        self.frames.abandon();
        Ok(())
    }

    fn hear(&mut self, until: Instant) -> Result<Heard, Gone> {
        let mut bytes = Zeroizing::new([0; 256]);
        loop {
            if let Some(received) = self.frames.next_received() {
                return Ok(Heard::Frame(received));
            }
            let gap = Instant::now() + GAP;
            let partial = self.frames.is_partial() && gap < until;
            let wait = if partial { gap } else { until };
            match self.port.read(&mut bytes[..], wait)? {
                0 if partial => {
                    if let Some(damaged) = self.frames.abandon() {
                        return Ok(Heard::Frame(damaged));
                    }
                }
                0 => return Ok(Heard::Nothing),
                count => self.frames.push(&bytes[..count]),
            }
        }
    }
}
