//! One chip being talked to: commands go out and answers come back whole, protected
//! once secure messaging is set. What files there are, and how they are read in as few
//! APDUs as can be, is in `file_reader`.
//!
//! **Extended length** must be known before authentication: a chip that meets a form it
//! does not know within secure messaging may answer in the clear and forget its keys.
//! So the first thing read in the clear (EF.CardAccess, or the challenge of BAC) is
//! asked for in extended form, which changes nothing in its answer. A chip that takes it
//! is then asked for as much as EF.ATR/INFO allows; one that refuses it has cost one
//! APDU. Should a protected answer refuse a length all the same, the session goes on
//! with less. Should the chip drop its keys over it, [`Session::retry_shorter`] says
//! whether authenticating once more and asking for less may help.

use crate::read::ReadError;
use crate::secure_messaging::{SecureMessaging, SecureMessagingError};
use apdu::{CardChannel, ChannelError};
use apdu::{Command, Response};

/// An answer in parts is not put together beyond this, with what protects it.
const LONGEST_ANSWER: usize = 0x1_0000 + 0x100;
const GET_RESPONSE: u8 = 0xC0;

/// APDUs with one chip, from power up to power off.
pub struct Session<'c> {
    channel: &'c mut dyn CardChannel,
    protection: Protection,
    pub(crate) lengths: Lengths,
    /// The chip reads by file identifier only.
    pub(crate) by_identifier: bool,
    /// Le of the command over which the chip dropped its keys.
    refused: Option<u32>,
    apdus: u32,
    bytes: u64,
}

enum Protection {
    None,
    Secure(SecureMessaging),
    /// It was there and broke. Nothing is said in the clear that was not to be.
    Broken,
}

/// What is known of the lengths that chip and reader take.
#[derive(Clone, Copy)]
pub(crate) struct Lengths {
    /// None: not asked yet.
    pub extended: Option<bool>,
    /// Bytes of an extended answer without its status word.
    pub answer: usize,
    /// Most bytes to read at once, lowered when the chip refuses.
    pub read: usize,
}

impl<'c> Session<'c> {
    pub fn new(channel: &'c mut dyn CardChannel) -> Session<'c> {
        Session {
            channel,
            protection: Protection::None,
            lengths: Lengths {
                extended: None,
                answer: Command::EXTENDED_LE as usize,
                read: Command::EXTENDED_LE as usize,
            },
            by_identifier: false,
            refused: None,
            apdus: 0,
            bytes: 0,
        }
    }

    /// Extended length is not tried. It is still used for what no short APDU can say.
    pub fn keep_short(&mut self) {
        self.lengths.extended = Some(false);
    }

    /// Whether chip and reader take extended length. None: nobody asked them yet.
    pub fn extended(&self) -> Option<bool> {
        self.lengths.extended
    }

    /// An Le for an answer whose length is not known: 256, or more in extended length.
    pub fn longest_answer(&self) -> u32 {
        if self.lengths.extended == Some(true) {
            u32::try_from(self.capacity(self.lengths.answer)).unwrap_or(Command::EXTENDED_LE)
        } else {
            Command::SHORT_LE
        }
    }

    /// Exchanged so far.
    pub fn apdus(&self) -> u32 {
        self.apdus
    }

    /// Both directions, as they went over the wire.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// From the next command on.
    pub fn set_secure_messaging(&mut self, messaging: SecureMessaging) {
        self.refused = None;
        self.protection = Protection::Secure(messaging);
    }

    /// False before authentication, and again once the chip dropped its keys.
    pub fn is_secure(&self) -> bool {
        matches!(self.protection, Protection::Secure(_))
    }

    /// In the clear again, for whoever authenticates once more behind
    /// [`ReadError::SecureMessaging`].
    pub fn start_over(&mut self) {
        self.refused = None;
        self.protection = Protection::None;
    }

    /// After [`ReadError::SecureMessaging`] or [`ChannelError::Failed`] in a read:
    /// whether the chip may have stumbled over a length, so that it is worth while to
    /// authenticate once more and to read what is missing. Commands go in the clear
    /// again then, and APDUs are shorter.
    /// Says true a few times at most.
    pub fn retry_shorter(&mut self) -> bool {
        let Some(refused) = self.refused.take() else {
            return false;
        };
        let refused = usize::try_from(refused).unwrap_or(usize::MAX);
        let lower = if refused > Command::SHORT_LE as usize {
            self.lengths.extended = Some(false);
            Some(Command::SHORT_LE as usize)
        } else {
            Lengths::below(refused)
        };
        match lower {
            Some(lower) => {
                self.lengths.read = lower;
                self.protection = Protection::None;
                true
            }
            None => false,
        }
    }

    /// The answer to a command, put together from 61xx and asked for again at 6Cxx.
    /// Its status may be any. Extended length is used where the command needs it, or
    /// where its protected answer may and the chip takes it; an Le of 256 then stands
    /// for as much as there is, as it does in a short APDU.
    ///
    /// # Errors
    /// The chip is gone; it answered what is no answer; secure messaging is broken, as it
    /// is for every command from then on, until it is set anew.
    pub fn send(&mut self, command: &Command) -> Result<Response, ReadError> {
        let mut command = command.clone();
        let may_outgrow = self.is_secure()
            && self.lengths.extended == Some(true)
            && command
                .le
                .is_some_and(|le| le as usize > self.capacity(Command::SHORT_LE as usize));
        let extended = command.needs_extended() || may_outgrow;
        if extended && command.le == Some(Command::SHORT_LE) {
            command.le = Some(Command::EXTENDED_LE);
        }
        let response = self.exchange(&command, extended)?;
        match (command.le, response.status.right_le()) {
            (Some(_), Some(right)) if response.data.is_empty() => {
                command.le = Some(right);
                self.exchange(&command, extended)
            }
            _ => Ok(response),
        }
    }

    /// Most bytes of data in an answer of `limit` bytes before its status word.
    pub(crate) fn capacity(&self, limit: usize) -> usize {
        match &self.protection {
            Protection::Secure(messaging) => messaging.capacity(limit),
            Protection::None | Protection::Broken => limit,
        }
    }

    /// One command in the form asked for, protected where secure messaging is set.
    pub(crate) fn exchange(
        &mut self,
        command: &Command,
        extended: bool,
    ) -> Result<Response, ReadError> {
        // The keys come back only behind a good answer.
        let mut messaging = match std::mem::replace(&mut self.protection, Protection::Broken) {
            Protection::Secure(messaging) => messaging,
            Protection::None => {
                self.protection = Protection::None;
                return self.transmit(command, extended);
            }
            Protection::Broken => {
                return Err(ReadError::SecureMessaging("it is over".to_owned()));
            }
        };
        let protected = messaging.protect_in(command, extended)?;
        let response = self.transmit(&protected, extended).inspect_err(|error| {
            if *error == ReadError::Channel(ChannelError::Failed) {
                self.refused = command.le;
            }
        })?;
        match messaging.unprotect(&response) {
            Ok(plain) => {
                self.protection = Protection::Secure(messaging);
                Ok(plain)
            }
            Err(error) => {
                if matches!(error, SecureMessagingError::Unprotected(_)) {
                    self.refused = command.le;
                }
                Err(error.into())
            }
        }
    }

    /// As it goes over the wire; answers in parts (61xx) are put together.
    fn transmit(&mut self, command: &Command, extended: bool) -> Result<Response, ReadError> {
        let mut whole = self.transmit_one(command, extended)?;
        let mut corrected = false;
        while let Some(more) = whole.status.more_bytes() {
            let mut next = Command::new(GET_RESPONSE, 0, 0, &[], Some(more));
            let mut part = self.transmit_one(&next, false)?;
            if let (Some(right), false) = (part.status.right_le(), corrected) {
                corrected = true;
                next.le = Some(right);
                part = self.transmit_one(&next, false)?;
            }
            let endless = part.data.is_empty() && part.status.more_bytes().is_some();
            if endless || whole.data.len() + part.data.len() > LONGEST_ANSWER {
                return Err(broken("GET RESPONSE", "the answer does not end"));
            }
            whole.data.extend_from_slice(&part.data);
            whole.status = part.status;
        }
        Ok(whole)
    }

    fn transmit_one(&mut self, command: &Command, extended: bool) -> Result<Response, ReadError> {
        let apdu = command
            .encode(extended)
            .ok_or_else(|| broken("APDU", "longer than an APDU can be"))?;
        let sent = apdu.len();
        let answer = zeroize::Zeroizing::new(self.channel.transmit(&apdu)?);
        self.apdus = self.apdus.saturating_add(1);
        let both = sent.saturating_add(answer.len());
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(both).unwrap_or(u64::MAX));
        Response::parse(&answer).ok_or(ReadError::Channel(ChannelError::Failed))
    }
}

impl Lengths {
    /// What to ask for next when `refused` bytes were too many. The last six are the
    /// most a short answer holds in the clear, with 3DES and with AES, and three sizes
    /// of smaller buffers.
    pub(crate) fn below(refused: usize) -> Option<usize> {
        const STEPS: [usize; 13] = [
            32768, 16384, 8192, 4096, 2048, 1024, 512, 256, 231, 223, 192, 160, 128,
        ];
        STEPS.into_iter().find(|&step| step < refused)
    }
}

pub(crate) fn broken(step: &str, reason: impl Into<String>) -> ReadError {
    ReadError::Protocol {
        step: step.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
