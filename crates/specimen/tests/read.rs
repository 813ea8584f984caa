//! Every kind of specimen, read by `chip::read_document` and verified.

mod support;

use chip::check::is_no_copy;
use chip::cipher::Cipher;
use chip::pace::algorithm::Mapping;
use chip::trust::Trust;
use chip::{Access, Check, CheckName, DataGroup, FileId, Outcome, passive};
use openssl::nid::Nid;
use specimen::{
    ActiveKey, ChipConfig, ChipKey, Digest, DocumentKind, Pace, SeededRandom, Specimen,
    SpecimenConfig, portrait,
};
use support::{authority, chip, made, read, request};

/// 22 November 2026.
const NOW: u64 = 1_795_305_600;

fn outcome(checks: &[Check], name: CheckName) -> Outcome {
    let mut named = checks.iter().filter(|check| check.name == name);
    let check = named.next().unwrap_or_else(|| panic!("{name}: {checks:?}"));
    assert!(named.next().is_none(), "{name} twice: {checks:?}");
    check.outcome
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    Bac,
    PaceMrz,
    PaceCan,
}

fn document(kind: DocumentKind, protocol: Protocol, bytes: usize) -> SpecimenConfig {
    let portrait = portrait::silhouette(bytes).unwrap();
    let config = match kind {
        DocumentKind::Td1 => SpecimenConfig::identity_card(portrait),
        DocumentKind::Td3 => SpecimenConfig::passport(portrait),
    };
    SpecimenConfig {
        pace: config.pace.filter(|_| protocol != Protocol::Bac),
        ..config
    }
}

#[test]
fn every_document_by_every_protocol() {
    let trust = Trust::from_der(authority().csca_der()).unwrap();
    for kind in [DocumentKind::Td1, DocumentKind::Td3] {
        for protocol in [Protocol::Bac, Protocol::PaceMrz, Protocol::PaceCan] {
            for extended_length in [None, Some(0x1_0000), Some(2048)] {
                for bytes in [19_000, 60_000] {
                    let case = format!("{kind:?} {protocol:?} {extended_length:?} {bytes}");
                    let specimen = made(document(kind, protocol, bytes));
                    let key = match protocol {
                        Protocol::PaceCan => specimen.can_key().unwrap(),
                        _ => specimen.mrz_key().unwrap(),
                    };
                    let config = ChipConfig {
                        extended_length,
                        ..ChipConfig::default()
                    };
                    let mut chip = chip(specimen, config);
                    let read = read(&mut chip, key).unwrap_or_else(|e| panic!("{case}: {e}"));
                    assert_eq!(read.apdus, chip.answered(), "{case}");
                    for (id, content) in chip.specimen().files.iter() {
                        assert_eq!(read.files.get(id), Some(content), "{case}: {id}");
                    }
                    match (&read.access, protocol) {
                        (Access::Bac, Protocol::Bac) => {}
                        (
                            Access::Pace {
                                can, parameter_id, ..
                            },
                            _,
                        ) => {
                            assert_eq!(*can, protocol == Protocol::PaceCan, "{case}");
                            assert_eq!(*parameter_id, 13);
                        }
                        other => panic!("{case}: {other:?}"),
                    }
                    for check in passive::verify(&read.files, &trust, NOW)
                        .iter()
                        .chain(&read.checks)
                    {
                        // No revocation list was given.
                        let expected = match check.name {
                            CheckName::SignerRevocation => Outcome::NotDone,
                            _ => Outcome::Passed,
                        };
                        assert_eq!(check.outcome, expected, "{case}: {check:?}");
                    }
                    for name in [
                        CheckName::CardAccessAgrees,
                        CheckName::ChipAuthentication,
                        CheckName::ActiveAuthentication,
                    ] {
                        assert_eq!(outcome(&read.checks, name), Outcome::Passed, "{case}");
                    }
                }
            }
        }
    }
}

fn with_pace(mapping: Mapping, cipher: Cipher, parameter_id: u8) -> SpecimenConfig {
    let portrait = portrait::silhouette(9_000).unwrap();
    let curve = match parameter_id {
        12 => Nid::X9_62_PRIME256V1,
        16 => Nid::BRAINPOOL_P384R1,
        18 => Nid::SECP521R1,
        _ => Nid::BRAINPOOL_P256R1,
    };
    SpecimenConfig {
        bac: false,
        pace: Some(Pace {
            mapping,
            cipher,
            parameter_id,
        }),
        chip_authentication: Some(ChipKey {
            curve,
            explicit_parameters: true,
            cipher: Cipher::Aes128,
        }),
        active_authentication: None,
        ..SpecimenConfig::passport(portrait)
    }
}

#[test]
fn every_mapping_with_every_cipher() {
    for (mapping, parameter_ids) in [
        (Mapping::Generic, &[0, 2, 8, 10, 13, 14, 17, 18][..]),
        (Mapping::Integrated, &[1, 12, 13, 16, 18]),
        (Mapping::ChipAuthentication, &[12, 13, 16, 18]),
    ] {
        for cipher in [
            Cipher::TripleDes,
            Cipher::Aes128,
            Cipher::Aes192,
            Cipher::Aes256,
        ] {
            if (mapping, cipher) == (Mapping::ChipAuthentication, Cipher::TripleDes) {
                continue;
            }
            for &parameter_id in parameter_ids {
                let case = format!("{mapping:?} {cipher:?} {parameter_id}");
                let specimen = made(with_pace(mapping, cipher, parameter_id));
                let key = specimen.can_key().unwrap();
                let mut chip = chip(specimen, ChipConfig::default());
                let groups = [DataGroup::DG1, DataGroup::DG14];
                let read = chip::read_document(&mut chip, &request(key, &groups), &mut |_| ())
                    .unwrap_or_else(|e| panic!("{case}: {e}"));
                let chip_check = outcome(&read.checks, CheckName::ChipAuthentication);
                assert_eq!(chip_check, Outcome::Passed, "{case}: {:?}", read.checks);
                let dg1 = FileId::DataGroup(DataGroup::DG1);
                for file in [dg1, FileId::CardSecurity] {
                    assert_eq!(read.files.get(file), chip.specimen().files.get(file));
                }
                let with_key = mapping == Mapping::ChipAuthentication;
                assert_eq!(read.files.contains(FileId::CardSecurity), with_key);
            }
        }
    }
}

fn with_mapping() -> Specimen {
    made(with_pace(Mapping::ChipAuthentication, Cipher::Aes128, 13))
}

/// PACE proves the key that EF.CardSecurity signs, and needs no DG14 for it.
#[test]
fn the_mapping_proves_the_key_of_card_security() {
    let trust = Trust::from_der(authority().csca_der()).unwrap();
    for extended_length in [None, Some(0x1_0000)] {
        let mut specimen = with_mapping();
        drop(specimen.files.take(FileId::DataGroup(DataGroup::DG14)));
        let access = specimen.mrz_key().unwrap();
        let config = ChipConfig {
            extended_length,
            ..ChipConfig::default()
        };
        let read = read(&mut chip(specimen, config), access).unwrap();
        let checks = passive::verify(&read.files, &trust, NOW);
        assert_eq!(outcome(&checks, CheckName::CardSecurity), Outcome::Passed);
        for name in [CheckName::ChipAuthentication, CheckName::CardAccessAgrees] {
            assert_eq!(outcome(&read.checks, name), Outcome::Passed);
        }
        assert!(is_no_copy(&[checks, read.checks].concat()));
    }
}

/// Not as the standard has it, but no less signed. It is said.
#[test]
fn without_card_security_the_mapping_may_prove_the_key_of_dg14() {
    let mut specimen = with_mapping();
    drop(specimen.files.take(FileId::CardSecurity));
    let access = specimen.mrz_key().unwrap();
    let read = read(&mut chip(specimen, ChipConfig::default()), access).unwrap();
    let mut checks = read.checks.iter();
    let check = checks.find(|c| c.name == CheckName::ChipAuthentication);
    let check = check.unwrap();
    assert_eq!(check.outcome, Outcome::Warning);
    assert!(check.reason.contains("no EF.CardSecurity"));
}

/// Neither the key of another chip of the same state nor no file at all is taken for it,
/// though DG14 has the right key.
#[test]
fn a_card_security_that_is_not_the_chips_is_refused() {
    let other = Specimen::new(
        with_pace(Mapping::ChipAuthentication, Cipher::Aes128, 13),
        &authority(),
        &mut SeededRandom::new(8),
    );
    let other = other.unwrap().files.take(FileId::CardSecurity).unwrap();
    for content in [other.to_vec(), vec![0x30, 0]] {
        let mut specimen = with_mapping();
        specimen.files.insert(FileId::CardSecurity, content);
        let access = specimen.mrz_key().unwrap();
        let read = read(&mut chip(specimen, ChipConfig::default()), access).unwrap();
        let found = outcome(&read.checks, CheckName::ChipAuthentication);
        assert_eq!(found, Outcome::Failed);
    }
}

#[test]
fn every_active_key_answers_on_short_and_extended_length() {
    for (key, expected) in [
        (
            ActiveKey::Rsa {
                bits: 1024,
                digest: Digest::Sha1,
            },
            Outcome::Warning,
        ),
        (
            ActiveKey::Rsa {
                bits: 2048,
                digest: Digest::Sha256,
            },
            Outcome::Passed,
        ),
        (
            ActiveKey::Ecdsa {
                curve: Nid::SECP521R1,
                digest: Digest::Sha512,
            },
            Outcome::Passed,
        ),
    ] {
        for extended_length in [None, Some(0x1_0000)] {
            let specimen = made(SpecimenConfig {
                active_authentication: Some(key),
                ..SpecimenConfig::identity_card(portrait::silhouette(9_000).unwrap())
            });
            let access = specimen.mrz_key().unwrap();
            let config = ChipConfig {
                extended_length,
                ..ChipConfig::default()
            };
            let read = read(&mut chip(specimen, config), access).unwrap();
            let outcome = outcome(&read.checks, CheckName::ActiveAuthentication);
            assert_eq!(outcome, expected, "{key:?} {:?}", read.checks);
            let proof = read.active.unwrap();
            assert_eq!(proof.challenge, support::CHALLENGE);
        }
    }
}

#[test]
fn chip_authentication_by_every_cipher() {
    for cipher in [Cipher::TripleDes, Cipher::Aes192, Cipher::Aes256] {
        let specimen = made(SpecimenConfig {
            chip_authentication: Some(ChipKey {
                curve: Nid::X9_62_PRIME256V1,
                explicit_parameters: cipher == Cipher::Aes192,
                cipher,
            }),
            ..SpecimenConfig::identity_card(portrait::silhouette(9_000).unwrap())
        });
        let access = specimen.mrz_key().unwrap();
        let read = read(&mut chip(specimen, ChipConfig::default()), access).unwrap();
        let outcome = outcome(&read.checks, CheckName::ChipAuthentication);
        assert_eq!(outcome, Outcome::Passed, "{cipher:?} {:?}", read.checks);
    }
}

/// Right files in a chip that has none of their keys.
#[test]
fn a_clone_is_found() {
    let config = SpecimenConfig::identity_card(portrait::silhouette(19_000).unwrap());
    let cam = SpecimenConfig {
        active_authentication: config.active_authentication,
        ..with_pace(Mapping::ChipAuthentication, Cipher::Aes128, 13)
    };
    for config in [config, cam] {
        let specimen = made(config);
        let clone = specimen.cloned(&mut SeededRandom::new(9)).unwrap();
        let access = clone.mrz_key().unwrap();
        let read = read(&mut chip(clone, ChipConfig::default()), access).unwrap();
        for name in [
            CheckName::ChipAuthentication,
            CheckName::ActiveAuthentication,
        ] {
            assert_eq!(outcome(&read.checks, name), Outcome::Failed);
        }
    }
}

/// And leaves out the files that would show it, from EF.COM too: EF.SOD still has them.
#[test]
fn a_clone_that_hides_its_keys_is_found() {
    let config = SpecimenConfig::identity_card(portrait::silhouette(19_000).unwrap());
    for group in [DataGroup::DG14, DataGroup::DG15] {
        let mut specimen = made(config.clone());
        drop(specimen.files.take(FileId::DataGroup(group)));
        drop(specimen.files.take(FileId::Com));
        let access = specimen.mrz_key().unwrap();
        let read = read(&mut chip(specimen, ChipConfig::default()), access).unwrap();
        let name = match group {
            DataGroup::DG14 => CheckName::ChipAuthentication,
            _ => CheckName::ActiveAuthentication,
        };
        assert_eq!(outcome(&read.checks, name), Outcome::Failed, "{group:?}");
    }
    // A document that never had them is only not examined.
    let specimen = made(SpecimenConfig {
        chip_authentication: None,
        active_authentication: None,
        ..config
    });
    let access = specimen.mrz_key().unwrap();
    let read = read(&mut chip(specimen, ChipConfig::default()), access).unwrap();
    for name in [
        CheckName::ChipAuthentication,
        CheckName::ActiveAuthentication,
    ] {
        assert_eq!(outcome(&read.checks, name), Outcome::NotDone);
    }
}

#[test]
fn a_chip_that_refuses_long_reads_is_read_in_shorter_ones() {
    for largest in [255, 231, 223, 192, 160, 128] {
        let specimen = made(document(DocumentKind::Td3, Protocol::PaceMrz, 40_000));
        let access = specimen.mrz_key().unwrap();
        let config = ChipConfig {
            extended_length: None,
            largest_read: Some(largest),
            ..ChipConfig::default()
        };
        let mut chip = chip(specimen, config);
        let read = read(&mut chip, access).unwrap_or_else(|e| panic!("{largest}: {e}"));
        let dg2 = FileId::DataGroup(DataGroup::DG2);
        assert_eq!(read.files.get(dg2), chip.specimen().files.get(dg2));
    }
}

/// Neither EF.ATR/INFO nor any other word on extended length.
#[test]
fn a_chip_without_atr_info_is_read() {
    for extended_length in [None, Some(0x1_0000)] {
        let specimen = made(document(DocumentKind::Td1, Protocol::Bac, 19_000));
        let access = specimen.mrz_key().unwrap();
        let config = ChipConfig {
            extended_length,
            atr_info: false,
            ..ChipConfig::default()
        };
        read(&mut chip(specimen, config), access).unwrap();
    }
}
