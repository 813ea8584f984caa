//! What the tests of whole reads share.

use chip::{AccessKey, ChipRead, DataGroup, ReadError, ReadRequest};
use specimen::{Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig};

pub const CHALLENGE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

pub fn authority() -> Authority {
    Authority::new("KZ", &mut SeededRandom::new(1)).unwrap()
}

pub fn made(config: SpecimenConfig) -> Specimen {
    Specimen::new(config, &authority(), &mut SeededRandom::new(2)).unwrap()
}

pub fn chip(specimen: Specimen, config: ChipConfig) -> SpecimenChip {
    SpecimenChip::new(specimen, config, Box::new(SeededRandom::new(3)))
}

pub fn request(access: AccessKey, data_groups: &[DataGroup]) -> ReadRequest {
    ReadRequest {
        access,
        data_groups: data_groups.to_vec(),
        challenge: CHALLENGE,
        short_only: false,
    }
}

/// Everything on it.
pub fn read(chip: &mut SpecimenChip, access: AccessKey) -> Result<ChipRead, ReadError> {
    let request = request(access, &ReadRequest::DATA_GROUPS);
    chip::read_document(chip, &request, &mut |_| ())
}
