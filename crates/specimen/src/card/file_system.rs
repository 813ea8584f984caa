//! Selecting and reading files (ISO 7816-4, 7.1 and 7.2; ICAO 9303-10, 3).

use chip::{Command, Response, StatusWord};
use chip::{DataGroup, FileId, tlv};

use super::{ChipConfig, SpecimenChip};
use crate::asn1::{integer, object};

const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// Where the chip stands. Power on: in the master file, no file selected.
#[derive(Default)]
pub struct Selection {
    /// In the eMRTD application, not in the master file.
    application: bool,
    file: Option<FileId>,
}

impl Selection {
    pub fn in_application(&self) -> bool {
        self.application
    }
}

/// EF.ATR/INFO: card capabilities with extended length, and the longest APDUs
/// (ISO 7816-4, 12.1.1.10 and 12.7.1). None where the chip has no such file.
pub fn atr_info(config: &ChipConfig) -> Option<Vec<u8>> {
    let longest = config.extended_length.filter(|_| config.atr_info)?;
    let capabilities = object(0x47, &[&[0x80, 0x01, 0x40]]);
    let lengths = object(
        0x7F66,
        &[&integer(0xFFFF), &integer(u64::from(longest.min(0xFFFF)))],
    );
    Some([capabilities, lengths].concat())
}

impl SpecimenChip {
    pub(super) fn select(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        let selection = &mut self.session.selection;
        match (command.p1, &command.data[..]) {
            (0x04, name) if name == APPLICATION && self.config.application => {
                *selection = Selection {
                    application: true,
                    file: None,
                };
            }
            (0x04, _) => return Err(StatusWord::FILE_NOT_FOUND),
            (0x00, [] | [0x3F, 0x00]) => *selection = Selection::default(),
            (0x00 | 0x02, &[high, low]) => {
                let id = by_identifier(u16::from_be_bytes([high, low]), selection.application);
                let id = id.ok_or(StatusWord::FILE_NOT_FOUND)?;
                self.file(id)?;
                self.session.selection.file = Some(id);
            }
            _ => return Err(StatusWord::WRONG_PARAMETERS),
        }
        Ok(Vec::new())
    }

    /// B0: an offset of 15 bits into the selected file, or of 8 into one named by its
    /// short identifier, which is selected by that.
    pub(super) fn read_binary(
        &mut self,
        command: &Command,
        room: usize,
    ) -> Result<Response, StatusWord> {
        let (id, offset) = match command.p1 & 0x80 {
            0 => {
                let id = self.session.selection.file;
                let offset = u16::from_be_bytes([command.p1, command.p2]);
                (id.ok_or(StatusWord::NO_CURRENT_FILE)?, usize::from(offset))
            }
            _ => {
                let id = by_sfi(command.p1 & 0x1F, self.session.selection.application);
                let id = id.ok_or(StatusWord::FILE_NOT_FOUND)?;
                (id, usize::from(command.p2))
            }
        };
        let asked = self.asked(command)?;
        let content = self.file(id)?;
        let rest = content.get(offset..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(StatusWord::WRONG_OFFSET)?;
        let taken = rest.len().min(asked).min(room);
        // 256 and 65536 ask for all there is.
        let all = matches!(asked, 0x100 | 0x1_0000);
        let status = match rest.len() < asked && !all {
            true => StatusWord::END_OF_FILE,
            false => StatusWord::OK,
        };
        let response = Response::new(rest.get(..taken).unwrap_or_default(), status);
        self.session.selection.file = Some(id);
        Ok(response)
    }

    /// B1: the offset in DO54, the content in DO53. Le counts the whole DO53.
    pub(super) fn read_binary_odd(
        &mut self,
        command: &Command,
        room: usize,
    ) -> Result<Vec<u8>, StatusWord> {
        let id = match u16::from_be_bytes([command.p1, command.p2]) {
            0 => self.session.selection.file,
            short @ 1..=0x1E => by_sfi(short as u8, self.session.selection.application),
            identifier => by_identifier(identifier, self.session.selection.application),
        };
        let id = id.ok_or(StatusWord::FILE_NOT_FOUND)?;
        let offset = tlv::only(&command.data, 0x54).map_err(|_| StatusWord::WRONG_DATA)?;
        if offset.is_empty() || offset.len() > 4 {
            return Err(StatusWord::WRONG_DATA);
        }
        let offset = offset.iter().fold(0, |at, b| at << 8 | usize::from(*b));
        let limit = self.asked(command)?.min(room);
        let content = self.file(id)?;
        let rest = content.get(offset..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(StatusWord::WRONG_OFFSET)?;
        let head = match limit {
            0..=0x81 => 2,
            0x82..=0x102 => 3,
            _ => 4,
        };
        let taken = rest.len().min(limit.saturating_sub(head));
        let answer = object(0x53, &[rest.get(..taken).unwrap_or_default()]);
        self.session.selection.file = Some(id);
        Ok(answer)
    }

    fn asked(&self, command: &Command) -> Result<usize, StatusWord> {
        let le = command.le.ok_or(StatusWord::WRONG_LENGTH)?;
        match self.config.largest_read {
            Some(largest) if le > largest => Err(StatusWord::WRONG_LENGTH),
            _ => Ok(le as usize),
        }
    }

    /// What may be read where the chip stands now.
    fn file(&self, id: FileId) -> Result<&[u8], StatusWord> {
        let application = self.session.selection.application;
        let files = &self.specimen.files;
        let content = match id {
            FileId::AtrInfo if !application => self.atr_info.as_deref(),
            FileId::CardAccess | FileId::CardSecurity
                if !application && self.config.application =>
            {
                files.get(id)
            }
            FileId::Com | FileId::Sod | FileId::DataGroup(_) if application => files.get(id),
            _ => None,
        };
        let content = content.ok_or(StatusWord::FILE_NOT_FOUND)?;
        let free = matches!(id, FileId::AtrInfo | FileId::CardAccess);
        match free || self.has_access() {
            true => Ok(content),
            false => Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
        }
    }

    /// A document that protects nothing gives access to everybody.
    pub(super) fn has_access(&self) -> bool {
        let config = &self.specimen.config;
        self.session.access || (!config.bac && config.pace.is_none())
    }
}

/// In the application or in the master file: both have their own.
fn by_identifier(identifier: u16, application: bool) -> Option<FileId> {
    here(application).find(|id| id.identifier() == identifier)
}

fn by_sfi(sfi: u8, application: bool) -> Option<FileId> {
    here(application).find(|id| id.sfi() == sfi)
}

fn here(application: bool) -> impl Iterator<Item = FileId> {
    all().filter(move |id| application != id.in_master_file())
}

fn all() -> impl Iterator<Item = FileId> {
    let fixed = [
        FileId::CardAccess,
        FileId::AtrInfo,
        FileId::CardSecurity,
        FileId::Com,
        FileId::Sod,
    ];
    let groups = (1..=16).filter_map(DataGroup::new).map(FileId::DataGroup);
    fixed.into_iter().chain(groups)
}
