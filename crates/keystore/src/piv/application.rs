//! The PIV card application as something that answers commands: SELECT, chained commands,
//! chained answers (SP 800-73-4, part 2, sections 3.1.1 and 3.3; ISO 7816-4, 5.3).

use apdu::{CardChannel, ChannelError, Command, Response, StatusWord};
use zeroize::Zeroizing;

use super::tlv;
use crate::StorageError;

/// The application's name without its version (part 1, section 2.2).
const AID: [u8; 9] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];

/// Class byte of all but the last command of a chain.
const CHAINED: u8 = 0x10;
const GET_RESPONSE: u8 = 0xC0;

/// The longest object of PIV has 12,710 bytes.
const ANSWER_LIMIT: usize = 16 * 1024;

/// What SELECT tells (part 2, table 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    pub label: Option<String>,
    /// Algorithm identifiers of SP 800-78-4, table 6-2. Empty: not told.
    pub algorithms: Vec<u8>,
}

impl Properties {
    fn parse(answer: &[u8]) -> Properties {
        let template = tlv::find(answer, 0x61).unwrap_or_default();
        // Control characters of a card shall not reach a screen or a log.
        let label = tlv::find(template, 0x50)
            .and_then(|label| std::str::from_utf8(label).ok())
            .map(|label| label.chars().filter(|c| !c.is_control()).take(64).collect());
        let algorithms = tlv::find(template, 0xAC)
            .into_iter()
            .flat_map(tlv::objects)
            .filter(|object| object.tag == 0x80)
            .filter_map(|object| object.value.first().copied())
            .collect();
        Properties { label, algorithms }
    }
}

/// The channel to a card, whatever is selected there.
pub struct Application<C> {
    channel: C,
}

impl<C: CardChannel> Application<C> {
    pub fn new(channel: C) -> Self {
        Self { channel }
    }

    /// # Errors
    /// [`StorageError::TokenUnknown`] when there is no such application.
    pub fn select(&mut self) -> Result<Properties, StorageError> {
        let answer = self.transmit(&Command::new(0xA4, 4, 0, &AID, Some(256)))?;
        match answer.status {
            StatusWord::OK => Ok(Properties::parse(&answer.data)),
            _ => Err(StorageError::TokenUnknown),
        }
    }

    /// Any status but those of the transport comes back in the response.
    pub fn transmit(&mut self, command: &Command) -> Result<Response, StorageError> {
        let mut chunks = command.data.chunks(Command::SHORT_DATA);
        let mut chunk = chunks.next().unwrap_or_default();
        for next in chunks {
            let mut part = part_of(command, chunk, None);
            part.cla |= CHAINED;
            let response = self.once(&part)?;
            if !response.status.is_ok() {
                return Ok(response);
            }
            chunk = next;
        }
        let last = part_of(command, chunk, command.le);
        let mut response = self.once(&last)?;
        if let Some(le) = response.status.right_le() {
            response = self.once(&part_of(command, chunk, Some(le)))?;
        }
        self.whole(response)
    }

    /// Fetches what the card announced to have more.
    fn whole(&mut self, first: Response) -> Result<Response, StorageError> {
        let Some(mut more) = first.status.more_bytes() else {
            return Ok(first);
        };
        // Answers hold keys where the PIN opened them: one buffer, never moved.
        let mut data = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT));
        data.extend_from_slice(&first.data);
        loop {
            let part = self.once(&Command::new(GET_RESPONSE, 0, 0, &[], Some(more)))?;
            if data.len() + part.data.len() > ANSWER_LIMIT {
                return Err(StorageError::TokenFailed);
            }
            data.extend_from_slice(&part.data);
            match part.status.more_bytes() {
                Some(_) if part.data.is_empty() => return Err(StorageError::TokenFailed),
                Some(next) => more = next,
                None => return Ok(Response::new(&data, part.status)),
            }
        }
    }

    fn once(&mut self, command: &Command) -> Result<Response, StorageError> {
        let apdu = command.encode(false).ok_or(StorageError::TokenFailed)?;
        let answer = self.channel.transmit(&apdu).map_err(|error| match error {
            ChannelError::Removed | ChannelError::ReaderGone => StorageError::TokenPulled,
            _ => StorageError::TokenFailed,
        })?;
        let answer = Zeroizing::new(answer);
        Response::parse(&answer).ok_or(StorageError::TokenFailed)
    }
}

fn part_of(command: &Command, data: &[u8], le: Option<u32>) -> Command {
    Command {
        cla: command.cla,
        ..Command::new(command.ins, command.p1, command.p2, data, le)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers in turn; remembers what it was asked.
    struct Script {
        answers: Vec<&'static str>,
        asked: Vec<String>,
    }

    impl CardChannel for &mut Script {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
            self.asked.push(hex::encode_upper(command));
            match self.answers.is_empty() {
                true => Err(ChannelError::Removed),
                false => Ok(hex::decode(self.answers.remove(0)).unwrap()),
            }
        }
    }

    fn script(answers: &[&'static str]) -> Script {
        Script {
            answers: answers.to_vec(),
            asked: Vec::new(),
        }
    }

    #[test]
    fn long_commands_and_answers_go_in_parts() {
        let mut script = script(&["9000", "AA6102", "BBCC61FF", "DD9000"]);
        let command = Command::new(0xDB, 0x3F, 0xFF, &[7; 256], Some(256));
        let response = Application::new(&mut script).transmit(&command).unwrap();
        assert_eq!(response.data[..], [0xAA, 0xBB, 0xCC, 0xDD]);
        assert!(script.asked[0].starts_with("10DB3FFFFF0707"));
        assert_eq!(
            script.asked[1..],
            ["00DB3FFF010700", "00C0000002", "00C00000FF"]
        );
    }

    #[test]
    fn a_refused_part_ends_the_chain() {
        let mut script = script(&["6A84", "9000"]);
        let command = Command::new(0xDB, 0x3F, 0xFF, &[7; 600], None);
        let response = Application::new(&mut script).transmit(&command).unwrap();
        assert_eq!(response.status, StatusWord(0x6A84));
        assert_eq!(script.asked.len(), 1);
    }

    #[test]
    fn the_right_length_is_asked_for() {
        let mut script = script(&["6C04", "010203049000"]);
        let command = Command::new(0xCB, 0x3F, 0xFF, &[0x5C], Some(256));
        let response = Application::new(&mut script).transmit(&command).unwrap();
        assert_eq!(response.data.len(), 4);
        assert_eq!(script.asked[1], "00CB3FFF015C04");
    }

    #[test]
    fn an_answer_without_end_is_ended() {
        let mut empty = script(&["6110", "6110"]);
        let command = Command::new(0xCB, 0x3F, 0xFF, &[], Some(256));
        let error = Application::new(&mut empty).transmit(&command).unwrap_err();
        assert!(matches!(error, StorageError::TokenFailed));
        let mut short = script(&["90"]);
        let error = Application::new(&mut short).transmit(&command).unwrap_err();
        assert!(matches!(error, StorageError::TokenFailed));
        let error = Application::new(&mut script(&[]))
            .transmit(&command)
            .unwrap_err();
        assert!(matches!(error, StorageError::TokenPulled));
    }

    #[test]
    fn select_tells_label_and_algorithms() {
        let template = tlv::Writer::default()
            .object(0x4F, &[0, 0, 0x10, 0, 1, 0])
            .object(0x50, b"A\x1B token")
            .object(0xAC, &[0x80, 1, 7, 0x80, 1, 0x11, 6, 1, 0])
            .done();
        let answer = tlv::Writer::default().object(0x61, &template).done();
        let properties = Properties::parse(&answer);
        assert_eq!(properties.label.as_deref(), Some("A token"));
        assert_eq!(properties.algorithms, [7, 0x11]);
        assert_eq!(Properties::parse(&[0x61, 0x80]), Properties::default());
    }
}
