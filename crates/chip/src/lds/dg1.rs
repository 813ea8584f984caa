//! DG1: the machine-readable zone (ICAO 9303-10, 4.7.1).

use super::LdsError;
use crate::mrz::Mrz;
use crate::tlv;

const TEMPLATE: u32 = 0x61;
const MRZ: u32 = 0x5F1F;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg1 {
    pub mrz: Mrz,
}

impl Dg1 {
    /// # Errors
    /// The file holds no zone of TD1, TD2 or TD3 whose check digits match.
    pub fn parse(file: &[u8]) -> Result<Dg1, LdsError> {
        let zone = tlv::only(tlv::only(file, TEMPLATE)?, MRZ)?;
        let width = match zone.len() {
            90 => 30,
            72 => 36,
            88 => 44,
            other => return Err(LdsError::MrzLength(other)),
        };
        let mut lines = Vec::new();
        for line in zone.chunks(width) {
            lines.push(std::str::from_utf8(line).map_err(|_| LdsError::Text(MRZ))?);
        }
        Ok(Dg1 {
            mrz: Mrz::parse(&lines)?,
        })
    }
}
