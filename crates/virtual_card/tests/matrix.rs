//! Every kind of document, access and length through a real pcscd.
//!
//! What the card was made of is compared byte for byte with what was read; the other
//! side's PACE is OpenPACE's, its other cryptography pyca/cryptography's.

mod support;

use chip::{Access, AccessKey, CheckName, DataGroup, MrzFormat, Outcome};
use serde_json::json;
use support::{PASSIVE, access_name, assert_files, passive, request};
use virtual_card::{Document, PcscChannel, VirtualReader, apart};

/// The access protocols that a document can be read by.
fn accesses(document: &Document, pace: bool) -> Vec<AccessKey> {
    let mrz = AccessKey::Mrz(document.mrz_key());
    if pace {
        vec![mrz, AccessKey::Can(document.can.clone())]
    } else {
        vec![mrz]
    }
}

#[test]
fn every_combination_is_read() {
    apart("every_combination_is_read", || {
        let mut reader = VirtualReader::start();
        let mut combinations = 0;
        for (holder, format) in [
            ("kaz-card", MrzFormat::Td1),
            ("utopia-passport", MrzFormat::Td3),
        ] {
            for picture in ["jpeg", "jpeg2000"] {
                for portrait in [19_000, 60_000] {
                    for pace in [false, true] {
                        let document = reader.cards.make(document(holder, picture, portrait, pace));
                        assert_eq!(document.parsed_mrz().format(), format);
                        for extended in [false, true] {
                            reader
                                .cards
                                .insert(&document, json!({"extended": extended}));
                            for access in accesses(&document, pace) {
                                read(&document, &access, extended);
                                combinations += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(combinations, 48);
    });
}

/// The two holders' documents differ in their other protocols as well.
fn document(holder: &str, picture: &str, portrait: u32, pace: bool) -> serde_json::Value {
    let card = holder == "kaz-card";
    json!({
        "holder": holder,
        "picture": picture,
        "portrait": portrait,
        "pace": if pace { "ECDH-GM-AES-CBC-CMAC-128" } else { "" },
        "chip_authentication": if card { "AES-CBC-CMAC-256" } else { "3DES-CBC-CBC" },
        "active_authentication": if card { "rsa" } else { "ecdsa" },
        "signer": if card { "ecdsa" } else { "rsa-pss" },
    })
}

fn read(document: &Document, access: &AccessKey, extended: bool) {
    let begun = std::time::Instant::now();
    let mut channel = PcscChannel::open();
    let read = chip::read_document(&mut channel, &request(access), &mut |_| {}).unwrap();
    println!(
        "{} {} {} bytes of DG2, extended {extended}: {} APDUs, {} bytes, {} ms",
        document.mrz.first().map_or("", |line| &line[..5]),
        access_name(&read.access),
        document.files[&chip::FileId::DataGroup(DataGroup::DG2)].len(),
        read.apdus,
        read.bytes,
        begun.elapsed().as_millis(),
    );
    assert_eq!(
        matches!(read.access, Access::Pace { can: true, .. }),
        matches!(access, AccessKey::Can(_))
    );
    assert_files(&read.files, document);
    for (name, outcome) in [
        (CheckName::ChipAuthentication, Outcome::Passed),
        (CheckName::ActiveAuthentication, Outcome::Passed),
    ] {
        let check = read.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.outcome, outcome, "{check:?}");
    }
    let checks = passive(&read.files, document);
    for name in PASSIVE {
        let check = checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
    let digests = checks
        .iter()
        .filter(|check| matches!(check.name, CheckName::DataGroupDigest(_)))
        .inspect(|check| assert_eq!(check.outcome, Outcome::Passed, "{check:?}"))
        .count();
    assert_eq!(digests, 6);
}
