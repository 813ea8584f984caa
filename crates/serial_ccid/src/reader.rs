//! A reader on a serial line.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use apdu::ChannelError;

use crate::card::{ConnectError, SerialCard};
use crate::line::{Line, LineCounters, LineError, Timing};
use crate::message::{Command, Outcome, SlotStatus};
use crate::port::{OpenError, Port};

/// A reader that does not tell of cards is asked so often.
const POLL: Duration = Duration::from_millis(300);

/// One that does is asked so often whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Questions before a reader counts as silent.
const ATTEMPTS: u32 = 2;

/// Data of an escape command, of the GemPC Twin's own.
const GET_FIRMWARE: [u8; 1] = [2];

#[derive(Clone, Debug)]
pub struct ReaderSettings {
    pub timing: Timing,
    /// Reader files of pcscd: a tty that one of them names is not opened. None: there
    /// is no pcscd.
    pub card_service: Option<PathBuf>,
}

impl Default for ReaderSettings {
    /// As Debian has it.
    fn default() -> Self {
        ReaderSettings {
            timing: Timing::default(),
            card_service: Some(PathBuf::from("/etc/reader.conf.d")),
        }
    }
}

/// An open reader, this program's alone.
pub struct SerialReader {
    line: Line,
}

impl SerialReader {
    /// With the default settings.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(path: &Path) -> Result<SerialReader, OpenError> {
        Self::open_with(path, &ReaderSettings::default())
    }

    /// Opens the tty, and finds out whether the reader echoes. No card is powered.
    ///
    /// # Errors
    /// The tty is taken, belongs to pcscd or cannot be opened; nothing answers.
    pub fn open_with(path: &Path, settings: &ReaderSettings) -> Result<SerialReader, OpenError> {
        let port = Port::open(path, settings.card_service.as_deref())?;
        let mut reader = SerialReader {
            line: Line::new(port, settings.timing),
        };
        let answered = (0..ATTEMPTS).any(|_| reader.ask().is_ok());
        match answered {
            true => Ok(reader),
            false => Err(OpenError::Silent(path.to_owned())),
        }
    }

    /// Whether there is a card in the slot.
    ///
    /// # Errors
    /// The reader is gone or does not answer.
    pub fn slot_status(&mut self) -> Result<SlotStatus, ChannelError> {
        match self.ask() {
            // Some say nothing to the command that a card was pulled out of.
            Err(LineError::CardPulled) => self.ask(),
            asked => asked,
        }
        .map_err(channel_error)
    }

    /// The next time a card is put in or taken out since it was last told of. None:
    /// nothing by then. Readers that tell by themselves are listened to, others asked
    /// three times a second.
    ///
    /// # Errors
    /// The reader is gone or does not answer.
    pub fn wait_change(&mut self, timeout: Duration) -> Result<Option<SlotStatus>, ChannelError> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(present) = self.line.changes.pop_front() {
                return Ok(Some(match present {
                    true => SlotStatus::Inactive,
                    false => SlotStatus::Absent,
                }));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            let pause = if self.line.notifies { KEEPALIVE } else { POLL };
            let ask_at = self.line.answered + pause;
            self.line
                .listen(until.min(ask_at))
                .map_err(|gone| channel_error(gone.into()))?;
            if self.line.changes.is_empty() && Instant::now() >= ask_at {
                self.slot_status()?;
            }
        }
    }

    /// Powers the card and agrees on T=1 with it. Dropped, the card loses its power.
    ///
    /// # Errors
    /// There is no card, or none that speaks T=1; the reader is gone.
    pub fn connect(&mut self) -> Result<SerialCard<&mut SerialReader>, ConnectError> {
        SerialCard::connect(self)
    }

    /// The same for a card that owns its reader.
    ///
    /// # Errors
    /// See [`connect`](Self::connect).
    pub fn into_card(self) -> Result<SerialCard<SerialReader>, ConnectError> {
        SerialCard::connect(self)
    }

    /// Name and version as the reader tells them; none where it does not.
    ///
    /// # Errors
    /// The reader is gone or does not answer.
    pub fn firmware(&mut self) -> Result<Option<String>, ChannelError> {
        let silence = self.line.timing.silence;
        let command = Command::Escape(&GET_FIRMWARE);
        let answer = self
            .line
            .exchange(&command, silence, Instant::now() + silence * 2)
            .map_err(channel_error)?;
        let text = String::from_utf8_lossy(&answer.data).trim().to_owned();
        let told = answer.outcome == Outcome::Done && !text.is_empty();
        Ok(told.then_some(text))
    }

    /// Whether the reader sends back what it hears, as the GemPC Twin does.
    pub fn echoes(&self) -> bool {
        self.line.echoes
    }

    /// For a technician: how good the line is.
    pub fn line_counters(&self) -> LineCounters {
        self.line.counters
    }

    pub(crate) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn ask(&mut self) -> Result<SlotStatus, LineError> {
        let silence = self.line.timing.silence;
        let deadline = Instant::now() + silence * 2;
        self.line
            .exchange(&Command::GetSlotStatus, silence, deadline)
            .map(|answer| answer.slot)
    }
}

pub(crate) fn channel_error(error: LineError) -> ChannelError {
    match error {
        LineError::Gone => ChannelError::ReaderGone,
        LineError::CardPulled => ChannelError::Removed,
        LineError::Silent | LineError::Damaged | LineError::Nonsense => ChannelError::Failed,
    }
}
