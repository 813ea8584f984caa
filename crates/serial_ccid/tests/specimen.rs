//! A whole passport, read through the serial reader.

mod support;

use chip::{DataGroup, FileId, ReadError, ReadRequest};
use serial_ccid::ChannelError;
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, portrait,
};
use support::open;
use virtual_reader::{CardFault, InsertedCard, LineFault, ReaderModel, VirtualSerialReader};

fn passport() -> Specimen {
    let authority = Authority::new("KZ", &mut SeededRandom::new(1)).unwrap();
    let config = SpecimenConfig::passport(portrait::silhouette(9_000).unwrap());
    Specimen::new(config, &authority, &mut SeededRandom::new(2)).unwrap()
}

/// Power takes away what was agreed with it.
fn card(specimen: &Specimen, config: ChipConfig) -> InsertedCard {
    let specimen = specimen.clone();
    InsertedCard::reset_by(move || {
        let random = Box::new(SeededRandom::new(3));
        Box::new(SpecimenChip::new(specimen.clone(), config.clone(), random))
    })
}

fn request(specimen: &Specimen) -> ReadRequest {
    ReadRequest {
        access: specimen.mrz_key().unwrap(),
        data_groups: ReadRequest::DATA_GROUPS.to_vec(),
        challenge: [1, 2, 3, 4, 5, 6, 7, 8],
        short_only: false,
    }
}

#[test]
fn every_file_comes_through_byte_for_byte() {
    let specimen = passport();
    for model in [ReaderModel::gem_pc_twin(), ReaderModel::gem_core_sim_pro()] {
        for extended_length in [None, Some(0x1_0000)] {
            let plugged = VirtualSerialReader::plug_in(model.clone());
            let config = ChipConfig {
                extended_length,
                ..ChipConfig::default()
            };
            plugged.insert(card(&specimen, config));
            let mut reader = open(&plugged);
            // The second connection finds a card without a session.
            for _ in 0..2 {
                let mut card = reader.connect().unwrap();
                let read =
                    chip::read_document(&mut card, &request(&specimen), &mut |_| ()).unwrap();
                for (id, content) in specimen.files.iter() {
                    assert_eq!(read.files.get(id), Some(content), "{id}");
                }
            }
        }
    }
}

#[test]
fn a_bad_line_does_not_show() {
    let specimen = passport();
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(card(&specimen, ChipConfig::default()));
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    for frame in (10..60).step_by(10) {
        plugged.line_fault(frame, LineFault::WrongLrc);
        plugged.line_fault(frame + 3, LineFault::Nak);
        plugged.card_fault(frame, CardFault::WrongCheck);
        plugged.card_fault(frame + 5, CardFault::MoreTime(2));
    }
    let read = chip::read_document(&mut card, &request(&specimen), &mut |_| ()).unwrap();
    let portrait = FileId::DataGroup(DataGroup::DG2);
    assert_eq!(read.files.get(portrait), specimen.files.get(portrait));
    drop(card);
    assert!(reader.line_counters().answers_repeated > 0);
}

#[test]
fn a_passport_pulled_while_it_is_read() {
    let specimen = passport();
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(card(&specimen, ChipConfig::default()));
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    plugged.card_fault(30, CardFault::Pulled);
    let read = chip::read_document(&mut card, &request(&specimen), &mut |_| ());
    assert!(
        matches!(read, Err(ReadError::Channel(ChannelError::Removed))),
        "{:?}",
        read.err()
    );
}
