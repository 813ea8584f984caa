//! Wrong keys, and what can go wrong on the way: each has its own error, and the next
//! read works.

mod support;

use std::time::Duration;

use chip::pace::algorithm::Mapping;
use chip::{AccessKey, Can, ChannelError, ChipRead, MrzKey, ReadError};
use specimen::{ChipConfig, Faults, Pace, Specimen, SpecimenChip, SpecimenConfig, portrait};
use support::{chip, made, read};

fn card() -> Specimen {
    made(SpecimenConfig::identity_card(
        portrait::silhouette(9_000).unwrap(),
    ))
}

fn without_pace() -> Specimen {
    made(SpecimenConfig {
        pace: None,
        ..SpecimenConfig::identity_card(portrait::silhouette(9_000).unwrap())
    })
}

/// Reads EF.CardSecurity too.
fn with_mapping() -> Specimen {
    let config = SpecimenConfig::identity_card(portrait::silhouette(9_000).unwrap());
    made(SpecimenConfig {
        pace: config.pace.map(|pace| Pace {
            mapping: Mapping::ChipAuthentication,
            ..pace
        }),
        ..config
    })
}

fn wrong_keys() -> [AccessKey; 2] {
    [
        AccessKey::Can(Can::parse("654321").unwrap()),
        AccessKey::Mrz(MrzKey::new("041236588", "880412", "310411").unwrap()),
    ]
}

#[test]
fn a_wrong_key_is_refused_and_the_right_one_works_at_once() {
    for key in wrong_keys() {
        let mut chip = chip(card(), ChipConfig::default());
        for _ in 0..3 {
            let error = read(&mut chip, key.clone()).unwrap_err();
            assert_eq!(error, ReadError::WrongAccessKey { tries_left: None });
            chip.power_on();
        }
        let right = chip.specimen().mrz_key().unwrap();
        read(&mut chip, right).unwrap();
    }
}

#[test]
fn a_chip_that_counts_says_how_many_tries_are_left() {
    for (specimen, key) in [
        (card(), wrong_keys()[0].clone()),
        (card(), wrong_keys()[1].clone()),
        (without_pace(), wrong_keys()[1].clone()),
    ] {
        let right = specimen.mrz_key().unwrap();
        let config = ChipConfig {
            tries: Some(3),
            ..ChipConfig::default()
        };
        let mut chip = chip(specimen, config);
        let wrong = |chip: &mut SpecimenChip| {
            chip.power_on();
            read(chip, key.clone()).unwrap_err()
        };
        let left = |tries| ReadError::WrongAccessKey {
            tries_left: Some(tries),
        };
        assert_eq!(wrong(&mut chip), left(2));
        assert_eq!(wrong(&mut chip), left(1));
        chip.power_on();
        read(&mut chip, right.clone()).unwrap();
        for tries in [2, 1, 0] {
            assert_eq!(wrong(&mut chip), left(tries));
        }
        assert_eq!(wrong(&mut chip), ReadError::Blocked);
        chip.power_on();
        assert_eq!(read(&mut chip, right).unwrap_err(), ReadError::Blocked);
    }
}

#[test]
fn a_can_does_not_open_a_chip_without_pace() {
    let specimen = without_pace();
    let key = specimen.can_key().unwrap();
    let error = read(&mut chip(specimen, ChipConfig::default()), key).unwrap_err();
    assert!(matches!(error, ReadError::NotSupported(_)), "{error:?}");
}

#[test]
fn a_chip_without_the_application_is_named() {
    let config = ChipConfig {
        application: false,
        ..ChipConfig::default()
    };
    for key in [card().mrz_key().unwrap(), card().can_key().unwrap()] {
        let error = read(&mut chip(card(), config.clone()), key).unwrap_err();
        assert_eq!(error, ReadError::NoApplication);
    }
}

/// At every APDU of a read, with BAC and with PACE of two mappings. A removed or silent card ends the
/// read with just that; from other faults the reader may recover, and then has every
/// file right. Nothing is taken for a wrong key, and the next read works.
#[test]
fn every_fault_at_every_apdu() {
    type Set = fn(&mut Faults, u32);
    let faults: [(&str, Set); 5] = [
        ("remove", |f, n| f.remove_after = Some(n)),
        ("silent", |f, n| f.silent_after = Some(n)),
        ("wrong MAC", |f, n| f.wrong_mac_after = Some(n)),
        ("truncate", |f, n| f.truncate_after = Some(n)),
        ("status", |f, n| f.status_after = Some((n, 0x6F00))),
    ];
    for make in [card, without_pace, with_mapping] {
        let specimen = make();
        let mut sound = chip(specimen.clone(), ChipConfig::default());
        let key = sound.specimen().mrz_key().unwrap();
        let apdus = read(&mut sound, key.clone()).unwrap().apdus;
        for (name, set) in faults {
            let mut errors = 0;
            for after in 0..apdus {
                let mut faults = Faults {
                    silence: Duration::ZERO,
                    ..Faults::default()
                };
                set(&mut faults, after);
                let mut chip = chip(specimen.clone(), ChipConfig::default());
                chip.set_faults(faults);
                match read(&mut chip, key.clone()) {
                    Ok(read) => assert_whole(&read, &chip, name, after),
                    Err(error) => {
                        errors += 1;
                        assert!(is_its_own(&error, name), "{name} {after}: {error:?}");
                    }
                }
                chip.power_on();
                let again = read(&mut chip, key.clone());
                let again = again.unwrap_or_else(|e| panic!("{name} {after}: {e}"));
                assert_whole(&again, &chip, name, after);
            }
            let least = match name {
                "remove" | "silent" => apdus,
                "status" => 1,
                _ => apdus / 2,
            };
            assert!(errors >= least, "{name}: {errors} of {apdus}");
        }
    }
}

fn assert_whole(read: &ChipRead, chip: &SpecimenChip, name: &str, after: u32) {
    for (id, content) in chip.specimen().files.iter() {
        assert_eq!(read.files.get(id), Some(content), "{name} {after}: {id}");
    }
}

/// Whether this error may come of that fault.
fn is_its_own(error: &ReadError, fault: &str) -> bool {
    match fault {
        "remove" => *error == ReadError::Channel(ChannelError::Removed),
        "silent" => *error == ReadError::Channel(ChannelError::Failed),
        "wrong MAC" => matches!(error, ReadError::SecureMessaging(_)),
        _ => !matches!(
            error,
            ReadError::WrongAccessKey { .. } | ReadError::Blocked | ReadError::Channel(_)
        ),
    }
}
