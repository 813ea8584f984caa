//! The chip by itself: what it refuses, and how long it takes.

mod support;

use std::time::{Duration, Instant};

use chip::{CardChannel, FileId, Session};
use chip::{Command, Response, StatusWord};
use specimen::{ChipConfig, SpecimenChip, SpecimenConfig, portrait};
use support::{chip, made, read};

const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

fn card(config: ChipConfig) -> SpecimenChip {
    let portrait = portrait::silhouette(9_000).unwrap();
    chip(made(SpecimenConfig::identity_card(portrait)), config)
}

fn send(chip: &mut SpecimenChip, command: &Command, extended: bool) -> Response {
    let command = command.encode(extended).unwrap();
    Response::parse(&chip.transmit(&command).unwrap()).unwrap()
}

fn read_binary(file: FileId) -> Command {
    Command::new(0xB0, 0x80 | file.sfi(), 0, &[], Some(256))
}

#[test]
fn nothing_but_card_access_is_read_without_a_key() {
    let mut chip = card(ChipConfig::default());
    let mut status = |command: &Command| send(&mut chip, command, false).status;
    assert_eq!(status(&read_binary(FileId::CardAccess)), StatusWord::OK);
    assert_eq!(
        status(&read_binary(FileId::Com)),
        StatusWord::FILE_NOT_FOUND
    );
    let select = Command::new(0xA4, 4, 0x0C, &APPLICATION, None);
    assert_eq!(status(&select), StatusWord::OK);
    for file in [FileId::Com, FileId::Sod] {
        let refused = StatusWord::SECURITY_STATUS_NOT_SATISFIED;
        assert_eq!(status(&read_binary(file)), refused);
        let select = Command::new(0xA4, 2, 0x0C, &file.identifier().to_be_bytes(), None);
        assert_eq!(status(&select), refused);
    }
    let challenge = Command::new(0x88, 0, 0, &[1; 8], Some(256));
    assert_eq!(
        status(&challenge),
        StatusWord::SECURITY_STATUS_NOT_SATISFIED
    );
}

/// ICAO 9303-11, 9.8.3: one command in the clear, and the keys are gone.
#[test]
fn an_unprotected_command_ends_the_access() {
    let mut chip = card(ChipConfig::default());
    let key = chip.specimen().mrz_key().unwrap();
    let chip::AccessKey::Mrz(key) = key else {
        panic!("an MRZ key");
    };
    let mut session = Session::new(&mut chip);
    session.select_application().unwrap();
    chip::bac::perform(&mut session, &key).unwrap();
    session.read_file(FileId::Com, &mut |_, _| ()).unwrap();
    let com = read_binary(FileId::Com);
    let refused = StatusWord::SECURITY_STATUS_NOT_SATISFIED;
    assert_eq!(send(&mut chip, &com, false).status, refused);
    let protected = Command {
        cla: 0x0C,
        ..read_binary(FileId::Com)
    };
    let missing = StatusWord::SECURE_MESSAGING_MISSING;
    assert_eq!(send(&mut chip, &protected, false).status, missing);
}

#[test]
fn a_chip_without_extended_length_refuses_it() {
    let command = read_binary(FileId::CardAccess);
    let mut short = card(ChipConfig {
        extended_length: None,
        ..ChipConfig::default()
    });
    let refused = send(&mut short, &command, true);
    assert_eq!(refused.status, StatusWord::WRONG_LENGTH);
    let given = send(&mut short, &command, false);
    let same = send(&mut card(ChipConfig::default()), &command, true);
    assert_eq!(given, same);
}

/// What a program can send without a key does not make the chip fall over.
#[test]
fn any_bytes_have_an_answer() {
    let mut chip = card(ChipConfig::default());
    for ins in 0..=0xFF {
        for (p1, p2) in [(0, 0), (0xC1, 0xA4), (0x41, 0xA4), (0x41, 0xA6), (0xFF, 0)] {
            for data in [&[][..], &[0x7C, 0], &[0x80, 0x7F], &[0x54, 1, 0], &[9; 40]] {
                let command = Command::new(ins, p1, p2, data, Some(256));
                let answer = send(&mut chip, &command, false);
                assert_ne!(answer.status, StatusWord(0x6F00), "{command:?}");
            }
        }
    }
    for length in 0..12 {
        let answer = chip.transmit(&vec![0; length]).unwrap();
        assert!(answer.len() >= 2);
    }
    let key = chip.specimen().mrz_key().unwrap();
    chip.power_on();
    read(&mut chip, key).unwrap();
}

#[test]
fn a_realistic_chip_takes_its_time() {
    let mut chip = card(ChipConfig::realistic());
    let start = Instant::now();
    for _ in 0..3 {
        send(&mut chip, &read_binary(FileId::CardAccess), false);
    }
    assert!(start.elapsed() >= Duration::from_millis(36));
}
