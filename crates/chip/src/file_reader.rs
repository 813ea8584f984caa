//! Reading the elementary files of a chip (ICAO 9303-10, 3.6; ISO 7816-4, 11.3).
//!
//! A file is opened by the READ BINARY that brings its first bytes: as many as a short
//! answer holds, for that is safe with every chip and is all there is of a small file.
//! The header of its one data object then says how long it is, and exactly what is
//! missing is asked for, in one APDU where extended length allows.

use zeroize::Zeroizing;

use crate::file_id::FileId;
use crate::read::ReadError;
use crate::session::{Lengths, Session, broken};
use crate::tlv::{self, Header, TlvError, TlvReader};
use apdu::ChannelError;
use apdu::{Command, Response, StatusWord};

/// ICAO 9303-10, 3.
const EMRTD_APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const MASTER_FILE: [u8; 2] = [0x3F, 0x00];

const SELECT: u8 = 0xA4;
const READ_BINARY: u8 = 0xB0;
/// With the offset in DO54 and the content in DO53.
const READ_BINARY_ODD: u8 = 0xB1;
/// The last offset P1 and P2 can say, for bit 8 of P1 says that it is an SFI.
const LAST_SHORT_OFFSET: usize = 0x7FFF;

/// No portrait is so large: a chip that claims more is not believed.
const LONGEST_FILE: usize = 0x8_0000;
/// Tag of three bytes and length of five.
const LONGEST_HEADER: usize = 8;

/// Extended length information: most bytes of a command APDU, of a response APDU.
const EXTENDED_LENGTHS: u32 = 0x7F66;

/// From where READ BINARY takes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The start of this file, which is the current one from then on.
    ShortIdentifier(u8),
    /// The current file.
    Offset(usize),
}

/// Called with bytes done and bytes in all.
pub type Progress<'p> = dyn FnMut(u32, u32) + 'p;

impl Session<'_> {
    /// Selects the eMRTD application.
    ///
    /// # Errors
    /// [`ReadError::NoApplication`], or the chip is gone.
    pub fn select_application(&mut self) -> Result<(), ReadError> {
        let command = Command::new(SELECT, 0x04, 0x0C, &EMRTD_APPLICATION, None);
        match succeeded(self.send(&command)?.status) {
            true => Ok(()),
            false => Err(ReadError::NoApplication),
        }
    }

    /// Selects the master file, where EF.CardAccess and EF.ATR/INFO are. A chip fresh
    /// from power up is there already.
    ///
    /// # Errors
    /// The chip is gone. One that knows no master file is none.
    pub fn select_master_file(&mut self) -> Result<(), ReadError> {
        let named = Command::new(SELECT, 0x00, 0x0C, &MASTER_FILE, None);
        if !succeeded(self.send(&named)?.status) {
            self.send(&Command::new(SELECT, 0x00, 0x0C, &[], None))?;
        }
        Ok(())
    }

    /// EF.CardAccess, to be read in the clear before authentication; None where the
    /// chip has none, as chips without PACE. Finds out how long APDUs may be on the way.
    ///
    /// # Errors
    /// The chip is gone, or the file is no data object.
    pub fn read_card_access(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let content = self.read_if_present(FileId::CardAccess, &mut |_, _| {})?;
        if self.lengths.extended == Some(true) {
            self.learn_lengths()?;
        }
        Ok(content)
    }

    /// A file of the current application, or None where the chip will not give it.
    ///
    /// # Errors
    /// As [`Session::read_file`], but for [`ReadError::File`].
    pub fn read_if_present(
        &mut self,
        file: FileId,
        progress: &mut Progress<'_>,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        match self.read_file(file, progress) {
            Ok(content) => Ok(Some(content)),
            Err(ReadError::File { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A file that holds one data object: that object, and nothing behind it.
    ///
    /// # Errors
    /// [`ReadError::File`] with the status of the chip that does not give it;
    /// [`ReadError::Protocol`] where the file is no data object or longer than 512 KiB;
    /// what [`Session::send`] says.
    pub fn read_file(
        &mut self,
        file: FileId,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<u8>, ReadError> {
        let refused = |status: StatusWord| ReadError::File {
            file,
            status: status.0,
        };
        let mut start = self.open(file)?;
        let header = loop {
            match Header::parse(&start) {
                Ok(header) => break header,
                Err(TlvError::Truncated) if start.len() < LONGEST_HEADER => {
                    let missing = LONGEST_HEADER - start.len();
                    let more = self.read_binary(Place::Offset(start.len()), missing)?;
                    start.extend_from_slice(&more.map_err(refused)?);
                }
                Err(error) => return Err(broken(&file.to_string(), error.to_string())),
            }
        };
        let total = header.total();
        if total > LONGEST_FILE {
            return Err(broken(&file.to_string(), "longer than a file can be"));
        }
        // At once in full length: what grows leaves copies behind.
        let mut content = Zeroizing::new(Vec::with_capacity(total));
        content.extend(start.iter().take(total));
        let mut report = |done: usize| progress(done as u32, total as u32);
        report(content.len());
        while content.len() < total {
            let missing = total - content.len();
            let more = self.read_binary(Place::Offset(content.len()), missing)?;
            content.extend(more.map_err(refused)?.iter().take(missing));
            report(content.len());
        }
        Ok(std::mem::take(&mut *content))
    }

    /// Makes a file the current one and brings its first bytes.
    fn open(&mut self, file: FileId) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let refused = |status: StatusWord| ReadError::File {
            file,
            status: status.0,
        };
        let most = self.capacity(Command::SHORT_LE as usize);
        let by_short_identifier = Place::ShortIdentifier(file.sfi());
        if !self.by_identifier {
            let read = if file == FileId::CardAccess && self.lengths.extended.is_none() {
                self.probe_extended(by_short_identifier)?
            } else {
                self.read_binary(by_short_identifier, most)?
            };
            match read {
                Ok(data) => return Ok(data),
                Err(status) if is_final(status) => return Err(refused(status)),
                Err(_) => {}
            }
        }
        // The chip knows no short identifiers, or is not where the file is.
        if file == FileId::CardAccess {
            self.select_master_file()?;
        }
        let identifier = file.identifier().to_be_bytes();
        let selected = self.send(&Command::new(SELECT, 0x02, 0x0C, &identifier, None))?;
        if !succeeded(selected.status) {
            return Err(refused(selected.status));
        }
        let data = self.read_binary(Place::Offset(0), most)?.map_err(refused)?;
        // For the files of the master file it may have been the wrong place only.
        self.by_identifier |= !file.in_master_file();
        Ok(data)
    }

    /// Reads in extended form what a short one could bring, and notes whether the chip
    /// and what is before it take that.
    fn probe_extended(
        &mut self,
        place: Place,
    ) -> Result<Result<Zeroizing<Vec<u8>>, StatusWord>, ReadError> {
        let mut answer = self.exchange(&place.command(Command::SHORT_LE), true);
        if let Some(right) = answer.as_ref().ok().and_then(|it| it.status.right_le()) {
            answer = self.exchange(&place.command(right), true);
        }
        match answer {
            Ok(response) if brought(&response) => {
                self.lengths.extended = Some(true);
                return Ok(Ok(response.data));
            }
            // Says nothing of the form.
            Ok(response) if is_absent(response.status) => return Ok(Err(response.status)),
            Ok(_) | Err(ReadError::Channel(ChannelError::Failed)) => {}
            Err(error) => return Err(error),
        }
        let read = self.read_binary(place, Command::SHORT_LE as usize)?;
        if read.is_ok() {
            self.lengths.extended = Some(false);
        }
        Ok(read)
    }

    /// Once extended length is known to work: how long an answer may be, from
    /// EF.ATR/INFO (ICAO 9303-10, 3.11.2) where there is one.
    fn learn_lengths(&mut self) -> Result<(), ReadError> {
        let place = Place::ShortIdentifier(FileId::AtrInfo.sfi());
        let response = self.exchange(&place.command(Command::SHORT_LE), false)?;
        if brought(&response)
            && let Some(answer) = longest_answer(&response.data)
        {
            // No less than a short one, whatever it says.
            self.lengths.answer = answer
                .saturating_sub(2)
                .clamp(Command::SHORT_LE as usize, Command::EXTENDED_LE as usize);
        }
        Ok(())
    }

    /// At least one and at most `want` bytes, or why not. Asks for less and less when
    /// the chip refuses a length, and remembers what worked.
    fn read_binary(
        &mut self,
        place: Place,
        want: usize,
    ) -> Result<Result<Zeroizing<Vec<u8>>, StatusWord>, ReadError> {
        let short = Command::SHORT_LE as usize;
        let mut limit = self.lengths.read;
        // How much a small file has says nothing of how much the chip gives at once.
        let mut remember = true;
        loop {
            let most = if self.lengths.extended == Some(true) && limit > short {
                self.capacity(self.lengths.answer)
            } else {
                self.capacity(short)
            };
            let le = place.length_with_header(want).min(limit).min(most).max(1);
            let extended = le > self.capacity(short);
            let response = self.exchange(&place.command(le as u32), extended)?;
            if brought(&response) {
                let mut data = match place.is_odd() {
                    true => content_of_odd(&response.data)?,
                    false => response.data,
                };
                if data.is_empty() {
                    return Ok(Err(response.status));
                }
                data.truncate(want);
                if remember {
                    self.lengths.read = limit;
                }
                return Ok(Ok(data));
            }
            let right = response.status.right_le().map(|right| right as usize);
            limit = match right {
                Some(right) if right < le => {
                    remember &= matches!(place, Place::Offset(_));
                    right
                }
                _ if is_about_length(response.status) => match Lengths::below(le) {
                    Some(lower) => lower,
                    None => return Ok(Err(response.status)),
                },
                _ => return Ok(Err(response.status)),
            };
        }
    }
}

impl Place {
    fn is_odd(self) -> bool {
        matches!(self, Place::Offset(offset) if offset > LAST_SHORT_OFFSET)
    }

    /// READ BINARY of `le` bytes.
    fn command(self, le: u32) -> Command {
        match self {
            Place::ShortIdentifier(sfi) => {
                Command::new(READ_BINARY, 0x80 | (sfi & 0x1F), 0, &[], Some(le))
            }
            Place::Offset(offset) if !self.is_odd() => {
                let [p1, p2] = (offset as u16).to_be_bytes();
                Command::new(READ_BINARY, p1, p2, &[], Some(le))
            }
            Place::Offset(offset) => {
                let bytes = (offset as u32).to_be_bytes();
                // Two bytes up to 65535, three beyond.
                let skipped = if offset > usize::from(u16::MAX) { 1 } else { 2 };
                let mut data = Vec::new();
                tlv::write(&mut data, 0x54, &bytes[skipped..]);
                Command::new(READ_BINARY_ODD, 0, 0, &data, Some(le))
            }
        }
    }

    /// Bytes of an answer with `want` bytes of content: with tag and length of DO53.
    fn length_with_header(self, want: usize) -> usize {
        let header = match want {
            _ if !self.is_odd() => 0,
            0..=0x7F => 2,
            0x80..=0xFF => 3,
            _ => 4,
        };
        want + header
    }
}

fn content_of_odd(data: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    tlv::only(data, 0x53)
        .map(|content| Zeroizing::new(content.to_vec()))
        .map_err(|error| broken("READ BINARY", error.to_string()))
}

/// From EF.ATR/INFO. None where it does not say, or is not made of data objects.
fn longest_answer(atr_info: &[u8]) -> Option<usize> {
    let lengths = tlv::first(atr_info, EXTENDED_LENGTHS).ok()??;
    let mut numbers = TlvReader::new(lengths).map_while(Result::ok);
    let _command = numbers.next()?;
    let answer = numbers.next().filter(|number| number.tag == 0x02)?;
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_usize, |number, &byte| number << 8 | usize::from(byte))
    };
    (answer.value.len() <= 4).then(|| number(answer.value))
}

/// Content came, be it less than asked for (6282).
fn brought(response: &Response) -> bool {
    let fine = response.status.is_ok() || response.status == StatusWord::END_OF_FILE;
    fine && !response.data.is_empty()
}

/// 9000, or a warning.
fn succeeded(status: StatusWord) -> bool {
    status.is_ok() || status.sw1() == 0x62 || status.sw1() == 0x63
}

fn is_absent(status: StatusWord) -> bool {
    matches!(
        status,
        StatusWord::FILE_NOT_FOUND | StatusWord::RECORD_NOT_FOUND | StatusWord::NO_CURRENT_FILE
    )
}

/// There is such a file, but not for this reader: asking otherwise helps nothing.
fn is_final(status: StatusWord) -> bool {
    status == StatusWord::SECURITY_STATUS_NOT_SATISFIED
}

/// Wrong length, wrong data, or a failure without a name.
fn is_about_length(status: StatusWord) -> bool {
    matches!(status.sw1(), 0x64 | 0x65 | 0x67 | 0x6C | 0x6F)
        || matches!(status, StatusWord::WRONG_DATA | StatusWord(0x6A87))
}
