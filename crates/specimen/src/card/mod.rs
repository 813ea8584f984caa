//! The chip of a specimen: what it answers, command by command.

mod authentication;
mod bac;
mod channel;
mod config;
mod file_system;
mod pace;
mod tries;

pub use config::{ChipConfig, Faults};

use chip::secure_messaging::SecureMessaging;
use chip::{Command, Response, StatusWord};

use self::authentication::ChipAuthentication;
use self::file_system::Selection;
use self::tries::Tries;
use crate::{RandomSource, Specimen};

/// What is lost with the power.
#[derive(Default)]
struct Session {
    selection: Selection,
    /// BAC or PACE was passed.
    access: bool,
    messaging: Option<SecureMessaging>,
    /// Keys that take over once the answer is under way.
    next_messaging: Option<SecureMessaging>,
    /// Of GET CHALLENGE, good for one EXTERNAL AUTHENTICATE.
    challenge: Option<[u8; 8]>,
    pace: Option<pace::Run>,
    /// MSE:Set AT has selected it.
    chip_authentication: Option<ChipAuthentication>,
    /// Of an answer too long for one APDU.
    rest: Option<Response>,
}

/// Until power is switched on again.
#[derive(Clone, Copy)]
enum Gone {
    Removed,
    Silent,
}

/// A chip in the field of a reader. It is a [`chip::CardChannel`]. What was agreed is
/// lost with the power; failed tries are not.
pub struct SpecimenChip {
    specimen: Specimen,
    config: ChipConfig,
    random: Box<dyn RandomSource>,
    atr_info: Option<Vec<u8>>,
    tries: Tries,
    session: Session,
    /// Answered since power was switched on.
    answered: u32,
    gone: Option<Gone>,
}

impl SpecimenChip {
    pub fn new(
        specimen: Specimen,
        config: ChipConfig,
        random: Box<dyn RandomSource>,
    ) -> SpecimenChip {
        SpecimenChip {
            atr_info: file_system::atr_info(&config),
            tries: Tries::new(config.tries),
            specimen,
            config,
            random,
            session: Session::default(),
            answered: 0,
            gone: None,
        }
    }

    /// Taken out and put in again. A fault that came does not come again.
    pub fn power_on(&mut self) {
        self.session = Session::default();
        self.answered = 0;
        self.gone = None;
    }

    pub fn specimen(&self) -> &Specimen {
        &self.specimen
    }

    pub fn set_faults(&mut self, faults: Faults) {
        self.config.faults = faults;
    }

    /// APDUs answered since power was switched on.
    pub fn answered(&self) -> u32 {
        self.answered
    }

    /// What the chip answers when nothing goes wrong.
    fn answer(&mut self, apdu: &[u8]) -> Response {
        let extended = Command::is_extended(apdu);
        let limit = match (extended, self.config.extended_length) {
            (true, None) => return status(StatusWord::WRONG_LENGTH),
            (true, Some(longest)) => longest as usize,
            (false, _) => Command::SHORT_LE as usize,
        };
        let Some(command) = Command::parse(apdu) else {
            return status(StatusWord::WRONG_LENGTH);
        };
        if command.ins == 0xC0 && command.cla & 0x0C == 0 {
            return self.get_response(&command, limit);
        }
        self.session.rest = None;
        // Bit 5 is command chaining, which GENERAL AUTHENTICATE has without need.
        let answer = match command.cla & 0xEF {
            0x0C => self.protected(&command, limit),
            0x00 => {
                self.end_secure_messaging();
                self.execute(&command, limit).unwrap_or_else(status)
            }
            _ => status(StatusWord::CLASS_NOT_SUPPORTED),
        };
        if let Some(next) = self.session.next_messaging.take() {
            self.session.messaging = Some(next);
        }
        self.in_parts(answer, limit)
    }

    fn protected(&mut self, command: &Command, limit: usize) -> Response {
        let Some(mut messaging) = self.session.messaging.take() else {
            return status(StatusWord::SECURE_MESSAGING_MISSING);
        };
        let Ok(inner) = messaging.unprotect_command(command) else {
            self.session.messaging = Some(messaging);
            self.end_secure_messaging();
            return status(StatusWord::SECURE_MESSAGING_INCORRECT);
        };
        let room = messaging.capacity(limit);
        let answer = self.execute(&inner, room).unwrap_or_else(status);
        let protected = messaging.protect_response(command.ins, &answer);
        self.session.messaging = Some(messaging);
        protected.unwrap_or_else(|_| status(NO_DIAGNOSIS))
    }

    /// `room` is how many bytes of a file go into one answer.
    fn execute(&mut self, command: &Command, room: usize) -> Result<Response, StatusWord> {
        let ok = |data: Vec<u8>| Response::new(&data, StatusWord::OK);
        match command.ins {
            0xA4 => self.select(command).map(ok),
            0xB0 => self.read_binary(command, room),
            0xB1 => self.read_binary_odd(command, room).map(ok),
            0x84 => self.get_challenge(command).map(ok),
            0x82 => self.external_authenticate(&command.data).map(ok),
            0x22 => self.manage_security_environment(command),
            0x86 => self.general_authenticate(&command.data).map(ok),
            0x88 => self.internal_authenticate(&command.data).map(ok),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    /// MSE:Set: P1 C1 for PACE, 41 for chip authentication.
    fn manage_security_environment(&mut self, command: &Command) -> Result<Response, StatusWord> {
        match (command.p1, command.p2) {
            (0xC1, 0xA4) => self.select_pace(&command.data).map(status),
            (0x41, 0xA4) => self.select_chip_authentication(&command.data).map(status),
            (0x41, 0xA6) => self.set_key_agreement(&command.data).map(status),
            _ => Err(StatusWord::WRONG_PARAMETERS),
        }
    }

    fn general_authenticate(&mut self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if let Some(selected) = self.session.chip_authentication.take() {
            return self.agree_on_chip_key(selected, data);
        }
        let run = self.session.pace.take();
        let run = run.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        self.pace_step(run, data)
    }

    /// An unprotected command ends secure messaging, and with it the access
    /// (ICAO 9303-11, 9.8.3).
    fn end_secure_messaging(&mut self) {
        if self.session.messaging.take().is_some() {
            self.session.access = false;
            self.session.chip_authentication = None;
        }
    }

    /// 61xx, and the rest by GET RESPONSE (ISO 7816-4, 7.6.1).
    fn in_parts(&mut self, mut answer: Response, most: usize) -> Response {
        if answer.data.len() <= most {
            return answer;
        }
        let rest = Response::new(&answer.data.split_off(most), answer.status);
        answer.status = StatusWord(0x6100 | rest.data.len().min(0x100) as u16 & 0xFF);
        self.session.rest = Some(rest);
        answer
    }

    fn get_response(&mut self, command: &Command, limit: usize) -> Response {
        let Some(rest) = self.session.rest.take() else {
            return status(StatusWord::CONDITIONS_NOT_SATISFIED);
        };
        let asked = command.le.map_or(limit, |le| (le as usize).min(limit));
        self.in_parts(rest, asked)
    }

    fn random_bytes<const N: usize>(&mut self) -> Result<[u8; N], StatusWord> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| NO_DIAGNOSIS)?;
        Ok(bytes)
    }
}

/// Something went wrong within the chip.
const NO_DIAGNOSIS: StatusWord = StatusWord(0x6F00);

fn status(status: StatusWord) -> Response {
    Response::new(&[], status)
}
