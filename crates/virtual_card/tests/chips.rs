//! Chips of other makes: what each can and how it answers.

mod support;

use chip::{Access, AccessKey, CheckName, ChipRead, Outcome, ReadError};
use serde_json::{Value, json};
use support::{PASSIVE, assert_files, outcome, passive, request};
use virtual_card::{DirectChannel, DirectReader, Document};

/// Reads by PACE and CAN and compares; how many APDUs it took.
fn read(reader: &mut DirectReader, document: &Document, config: Value) -> u32 {
    let name = config.to_string();
    let mut channel = reader.insert(document, config);
    let access = AccessKey::Can(document.can.clone());
    let read = chip::read_document(&mut channel, &request(&access), &mut |_| {})
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_files(&read.files, document);
    for check in [
        CheckName::ChipAuthentication,
        CheckName::ActiveAuthentication,
    ] {
        assert_eq!(outcome(&read, check), Outcome::Passed, "{name}: {check}");
    }
    read.apdus
}

#[test]
fn every_length_that_a_chip_allows() {
    let mut reader = DirectReader::start();
    // The larger needs offsets that READ BINARY with an even instruction cannot say.
    let lengths = [256, 231, 223, 192, 160, 128];
    for (portrait, lengths) in [(19_000, &lengths[..]), (60_000, &[256, 128])] {
        let document = reader.cards.make(json!({"portrait": portrait}));
        for extended in [false, true] {
            for above in ["shorten", "wrong-length", "correct-length"] {
                for &most in lengths {
                    let config =
                        json!({"extended": extended, "max_read": most, "above_max_read": above});
                    read(&mut reader, &document, config);
                }
            }
        }
        for most in [300, 1_000, 4_096, 32_767, 65_000] {
            let apdus = read(&mut reader, &document, json!({"max_response": most}));
            println!("{portrait} bytes, answers of {most}: {apdus} APDUs");
        }
        for quirk in [
            json!({"end_of_file_warning": false}),
            json!({"end_of_file_warning": false, "extended": false}),
            json!({"get_response_above": 100, "extended": false}),
        ] {
            read(&mut reader, &document, quirk);
        }
    }
}

/// Generic mapping; OpenPACE answers.
#[test]
fn pace_by_every_cipher_and_group() {
    const ECDH: [u8; 11] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    const DH: [u8; 3] = [0, 1, 2];
    let mut reader = DirectReader::start();
    for (agreement, groups) in [("ECDH-GM", &ECDH[..]), ("DH-GM", &DH)] {
        for (i, &group) in groups.iter().enumerate() {
            let ciphers = [
                "3DES-CBC-CBC",
                "AES-CBC-CMAC-128",
                "AES-CBC-CMAC-192",
                "AES-CBC-CMAC-256",
            ];
            // Every group with one cipher, the usual ones with all.
            for (j, cipher) in ciphers.iter().enumerate() {
                if ![0, 12, 13].contains(&group) && j != i % ciphers.len() {
                    continue;
                }
                let algorithm = format!("{agreement}-{cipher}");
                let document = reader.cards.make(json!({
                    "pace": algorithm,
                    "pace_parameters": group,
                    "active_authentication": "ecdsa",
                    "portrait": 6_000,
                }));
                let mut channel = reader.insert(&document, json!({}));
                for access in [
                    AccessKey::Can(document.can.clone()),
                    AccessKey::Mrz(document.mrz_key()),
                ] {
                    let read = read_by_pace(&mut channel, &access, agreement)
                        .unwrap_or_else(|error| panic!("{algorithm} {group}: {error}"));
                    assert_eq!(
                        read.access,
                        Access::Pace {
                            algorithm: format!("id-PACE-{algorithm}"),
                            parameter_id: group,
                            can: matches!(access, AccessKey::Can(_)),
                        }
                    );
                    assert_files(&read.files, &document);
                }
            }
        }
    }
}

/// OpenPACE drops leading zeros of what DH agrees on, which RFC 2631, 2.1.2, keeps: one
/// run in 256 cannot succeed.
fn read_by_pace(
    channel: &mut DirectChannel,
    access: &AccessKey,
    agreement: &str,
) -> Result<ChipRead, ReadError> {
    let tries = if agreement == "DH-GM" { 3 } else { 1 };
    let mut read = || {
        channel.power_up();
        chip::read_document(channel, &request(access), &mut |_| {})
    };
    let mut last = read();
    for _ in 1..tries {
        if !matches!(last, Err(ReadError::WrongAccessKey { .. })) {
            break;
        }
        last = read();
    }
    last
}

#[test]
fn every_signer_is_examined() {
    let mut reader = DirectReader::start();
    for holder in ["kaz-card", "kaz-passport", "utopia-passport"] {
        for signer in ["ecdsa", "rsa", "rsa-pss"] {
            let document = reader
                .cards
                .make(json!({"holder": holder, "signer": signer, "portrait": 6_000}));
            let mut channel = reader.insert(&document, json!({}));
            let access = AccessKey::Mrz(document.mrz_key());
            let read = chip::read_document(&mut channel, &request(&access), &mut |_| {}).unwrap();
            let checks = passive(&read.files, &document);
            for name in PASSIVE {
                let check = checks.iter().find(|check| check.name == name).unwrap();
                assert_eq!(
                    check.outcome,
                    Outcome::Passed,
                    "{holder} {signer} {check:?}"
                );
            }
        }
    }
}
