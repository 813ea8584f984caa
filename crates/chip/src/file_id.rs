//! The elementary files of the LDS1 eMRTD application and of the master file beside it
//! (ICAO 9303-10, 3.5, 3.11 and 4.1).

use serde::{Deserialize, Serialize};

/// Ordered as they are listed here, the data groups by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FileId {
    /// In the master file: what PACE the chip speaks.
    CardAccess,
    /// In the master file: how long APDUs may be.
    AtrInfo,
    /// In the master file: the keys of the chip, signed. EF.SOD has the same identifiers
    /// in the application.
    CardSecurity,
    Com,
    Sod,
    DataGroup(DataGroup),
}

/// A data group number, 1 to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct DataGroup(u8);

impl DataGroup {
    pub const DG1: DataGroup = DataGroup(1);
    pub const DG2: DataGroup = DataGroup(2);
    pub const DG11: DataGroup = DataGroup(11);
    pub const DG12: DataGroup = DataGroup(12);
    pub const DG14: DataGroup = DataGroup(14);
    pub const DG15: DataGroup = DataGroup(15);

    pub fn new(number: u8) -> Option<DataGroup> {
        (1..=16).contains(&number).then_some(DataGroup(number))
    }

    pub fn number(self) -> u8 {
        self.0
    }

    /// The tag of the file's template (ICAO 9303-10, table 35).
    pub fn tag(self) -> u32 {
        const TAGS: [u8; 16] = [
            0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E,
            0x6F, 0x70,
        ];
        u32::from(TAGS[usize::from(self.0) - 1])
    }

    pub fn from_tag(tag: u32) -> Option<DataGroup> {
        (1..=16).map(DataGroup).find(|group| group.tag() == tag)
    }
}

impl TryFrom<u8> for DataGroup {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a data group has a number from 1 to 16")
    }
}

impl From<DataGroup> for u8 {
    fn from(group: DataGroup) -> u8 {
        group.0
    }
}

impl FileId {
    /// The two-byte file identifier.
    pub fn identifier(self) -> u16 {
        match self {
            FileId::CardAccess => 0x011C,
            FileId::AtrInfo => 0x2F01,
            FileId::CardSecurity => 0x011D,
            FileId::Com => 0x011E,
            FileId::Sod => 0x011D,
            FileId::DataGroup(group) => 0x0100 | u16::from(group.number()),
        }
    }

    /// Whether the file lies in the master file, not in the application.
    pub fn in_master_file(self) -> bool {
        matches!(
            self,
            FileId::CardAccess | FileId::AtrInfo | FileId::CardSecurity
        )
    }

    /// The short file identifier.
    pub fn sfi(self) -> u8 {
        match self {
            FileId::AtrInfo => 0x01,
            other => (other.identifier() & 0x1F) as u8,
        }
    }
}

/// `EF.COM`, `EF.SOD`, `DG1`, ...: as ICAO 9303 writes them.
impl std::fmt::Display for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileId::CardAccess => f.write_str("EF.CardAccess"),
            FileId::AtrInfo => f.write_str("EF.ATR/INFO"),
            FileId::CardSecurity => f.write_str("EF.CardSecurity"),
            FileId::Com => f.write_str("EF.COM"),
            FileId::Sod => f.write_str("EF.SOD"),
            FileId::DataGroup(group) => write!(f, "DG{}", group.number()),
        }
    }
}

impl From<FileId> for String {
    fn from(id: FileId) -> String {
        id.to_string()
    }
}

impl std::str::FromStr for FileId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "EF.CardAccess" => FileId::CardAccess,
            "EF.ATR/INFO" => FileId::AtrInfo,
            "EF.CardSecurity" => FileId::CardSecurity,
            "EF.COM" => FileId::Com,
            "EF.SOD" => FileId::Sod,
            _ => FileId::DataGroup(
                text.strip_prefix("DG")
                    .and_then(|number| number.parse().ok())
                    .and_then(DataGroup::new)
                    .ok_or(
                        "a file is EF.CardAccess, EF.ATR/INFO, EF.CardSecurity, EF.COM, EF.SOD or DG1 to DG16",
                    )?,
            ),
        })
    }
}

impl TryFrom<String> for FileId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_identifiers_and_tags_agree() {
        for number in 1..=16 {
            let group = DataGroup::new(number).unwrap();
            let file = FileId::DataGroup(group);
            assert_eq!(file.to_string().parse(), Ok(file));
            assert_eq!(file.sfi(), number);
            assert_eq!(DataGroup::from_tag(group.tag()), Some(group));
        }
        for file in [FileId::CardAccess, FileId::AtrInfo, FileId::CardSecurity] {
            assert_eq!(file.to_string().parse(), Ok(file));
            assert!(file.in_master_file());
        }
        // Told apart by where they lie alone.
        assert_eq!(FileId::Sod.identifier(), FileId::CardSecurity.identifier());
        assert!(!FileId::Sod.in_master_file());
        assert_eq!(DataGroup::new(0), None);
        assert_eq!("DG17".parse::<FileId>().ok(), None);
        assert_eq!(FileId::Sod.sfi(), 0x1D);
        assert_eq!(FileId::CardAccess.sfi(), 0x1C);
    }
}
