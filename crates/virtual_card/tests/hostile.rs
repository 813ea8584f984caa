//! Chips that are wrong, and chips that do not open: each named for what it is.

mod support;

use chip::{Access, AccessKey, Can, ChannelError, CheckName, ChipRead, MrzKey, Outcome, ReadError};
use serde_json::{Value, json};
use support::{assert_files, outcome, request};
use virtual_card::{DirectReader, Document};

fn read(
    reader: &mut DirectReader,
    document: &Document,
    access: &AccessKey,
    config: Value,
) -> Result<ChipRead, ReadError> {
    let mut channel = reader.insert(document, config);
    chip::read_document(&mut channel, &request(access), &mut |_| {})
}

fn made(spec: Value) -> (DirectReader, Document) {
    let mut reader = DirectReader::start();
    let document = reader.cards.make(spec);
    (reader, document)
}

fn can(document: &Document) -> AccessKey {
    AccessKey::Can(document.can.clone())
}

fn mrz(document: &Document) -> AccessKey {
    AccessKey::Mrz(document.mrz_key())
}

/// A card pulled at any moment of a read is a card pulled.
#[test]
fn pulled_at_any_moment() {
    let (mut reader, document) = made(json!({}));
    for after in (0..24).chain([60, 100]) {
        let config = json!({"fault": "drop", "fault_after": after, "extended": false});
        let error = read(&mut reader, &document, &can(&document), config).unwrap_err();
        assert_eq!(
            error,
            ReadError::Channel(ChannelError::Removed),
            "after {after} APDUs"
        );
    }
}

#[test]
fn a_wrong_mac_is_never_passed_over() {
    let (mut reader, document) = made(json!({}));
    for extended in [false, true] {
        for access in [mrz(&document), can(&document)] {
            for after in [8, 9, 10, 14] {
                let config =
                    json!({"fault": "wrong-mac", "fault_after": after, "extended": extended});
                let error = read(&mut reader, &document, &access, config).unwrap_err();
                assert!(
                    matches!(error, ReadError::SecureMessaging(_)),
                    "after {after} APDUs: {error:?}"
                );
            }
        }
    }
}

#[test]
fn a_truncated_answer_ends_the_read() {
    let (mut reader, document) = made(json!({}));
    for after in 0..20 {
        let config = json!({"fault": "truncate", "fault_after": after, "extended": false});
        let error = read(&mut reader, &document, &can(&document), config).unwrap_err();
        assert!(
            !matches!(
                error,
                ReadError::Channel(ChannelError::Removed) | ReadError::Blocked
            ),
            "after {after} APDUs: {error:?}"
        );
    }
}

/// A status word without protection, in the middle of it and from then on.
#[test]
fn a_wrong_status_word_ends_the_read() {
    let (mut reader, document) = made(json!({}));
    for status in [0x6F00, 0x6985, 0x6A82, 0x9000, 0x6C10, 0x6110] {
        let config = json!({"fault": "status", "fault_after": 14, "fault_status": status});
        let error = read(&mut reader, &document, &can(&document), config).unwrap_err();
        // Asked once more from the beginning, this one says so of the application.
        let no_application = status == 0x6A82 && error == ReadError::NoApplication;
        assert!(
            no_application
                || matches!(
                    error,
                    ReadError::SecureMessaging(_)
                        | ReadError::Protocol { .. }
                        | ReadError::File { .. }
                        | ReadError::Channel(ChannelError::Failed)
                ),
            "{status:04X}: {error:?}"
        );
    }
}

#[test]
fn a_wrong_key_is_told_with_the_tries_left() {
    let (mut reader, document) = made(json!({}));
    let wrong_can = AccessKey::Can(Can::parse("654321").unwrap());
    let wrong_mrz = AccessKey::Mrz(MrzKey::new("041236587", "880412", "310412").unwrap());
    for access in [&wrong_can, &wrong_mrz] {
        let error = read(&mut reader, &document, access, json!({})).unwrap_err();
        assert_eq!(error, ReadError::WrongAccessKey { tries_left: None });
    }
    let error = read(&mut reader, &document, &wrong_mrz, json!({"pace": false})).unwrap_err();
    assert_eq!(error, ReadError::WrongAccessKey { tries_left: None });

    let mut channel = reader.insert(&document, json!({"tries": 2}));
    let mut told = Vec::new();
    for _ in 0..3 {
        channel.power_up();
        let read = chip::read_document(&mut channel, &request(&wrong_can), &mut |_| {});
        told.push(read.unwrap_err());
    }
    let left = |tries| ReadError::WrongAccessKey {
        tries_left: Some(tries),
    };
    assert_eq!(told, [left(1), left(0), ReadError::Blocked]);
    // The right one again, on a card that counts none.
    read(&mut reader, &document, &can(&document), json!({})).unwrap();
}

/// A point off the curve, at infinity or our own, in either step of the agreement.
#[test]
fn crafted_points_are_refused_where_they_come() {
    let (mut reader, document) = made(json!({}));
    for place in ["mapping_point", "key_point"] {
        for point in ["off-curve", "infinity", "reflected"] {
            let error = read(
                &mut reader,
                &document,
                &can(&document),
                json!({place: point}),
            );
            let error = error.unwrap_err();
            assert!(
                matches!(error, ReadError::Protocol { .. }),
                "{place} {point}: {error:?}"
            );
        }
    }
}

/// A generator of the card's maker, or parameters that nobody knows, are not used. With
/// the MRZ BAC is left; DG14 then tells what was done to EF.CardAccess.
#[test]
fn a_crafted_card_access_gets_no_pace() {
    let (mut reader, document) = made(json!({}));
    for card_access in ["crafted-generator", "unknown-parameters"] {
        let config = json!({"card_access": card_access});
        let read = read(&mut reader, &document, &mrz(&document), config).unwrap();
        assert_eq!(read.access, Access::Bac);
        assert_eq!(outcome(&read, CheckName::CardAccessAgrees), Outcome::Failed);
    }
    for card_access in ["crafted-generator", "unknown-parameters", "absent"] {
        let config = json!({"card_access": card_access});
        let error = read(&mut reader, &document, &can(&document), config).unwrap_err();
        assert!(
            matches!(error, ReadError::NotSupported(_)),
            "{card_access}: {error:?}"
        );
    }
}

#[test]
fn a_stripped_card_access_is_found_out() {
    let (mut reader, document) = made(json!({}));
    for card_access in ["absent", "forbidden"] {
        let config = json!({"card_access": card_access});
        let read = read(&mut reader, &document, &mrz(&document), config).unwrap();
        assert_eq!(read.access, Access::Bac);
        assert_eq!(outcome(&read, CheckName::CardAccessAgrees), Outcome::Failed);
    }
}

/// The right files on a chip without their keys.
#[test]
fn a_clone_is_read_and_found_out() {
    for active in ["rsa", "rsa-1024", "ecdsa"] {
        for agreement in ["AES-CBC-CMAC-128", "3DES-CBC-CBC"] {
            let (mut reader, document) = made(json!({
                "active_authentication": active,
                "chip_authentication": agreement,
            }));
            for (clone, expected) in [(false, Outcome::Passed), (true, Outcome::Failed)] {
                for access in [mrz(&document), can(&document)] {
                    let config = json!({"clone": clone});
                    let read = read(&mut reader, &document, &access, config).unwrap();
                    assert_files(&read.files, &document);
                    for check in [
                        CheckName::ChipAuthentication,
                        CheckName::ActiveAuthentication,
                    ] {
                        assert_eq!(outcome(&read, check), expected, "{check} {active} {clone}");
                    }
                }
            }
        }
    }
}
