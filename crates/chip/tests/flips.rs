//! Every bit of every file and certificate is changed once: the verdict names the
//! check, and the bits that nothing protects are these and no others.

mod issuer;

use std::collections::BTreeMap;

use chip::card_access::compare;
use chip::passive::verify;
use chip::trust::Trust;
use chip::{Check, CheckName, ChipFiles, DataGroup, FileId, Outcome, TlvReader};
use issuer::*;
use proptest::prelude::*;

fn failed(checks: &[Check]) -> Vec<CheckName> {
    checks
        .iter()
        .filter(|check| check.outcome == Outcome::Failed)
        .map(|check| check.name)
        .collect()
}

/// A document whose signer is named by issuer and serial number, with a signing time.
fn document() -> Document {
    let mut document = Document::plain();
    document.envelope.signing_time = Some("240701000000Z");
    document
}

/// Start and end of each part of EF.SOD or EF.CardSecurity, by what RFC 5652 calls it.
fn parts(file: &[u8]) -> BTreeMap<&'static str, std::ops::Range<usize>> {
    fn child<'a>(of: &'a [u8], number: usize) -> chip::Tlv<'a> {
        TlvReader::new(of).nth(number).unwrap().unwrap()
    }
    let outer = child(file, 0);
    let info = match outer.tag {
        0x77 => child(outer.value, 0),
        _ => outer,
    };
    let data = child(child(info.value, 1).value, 0);
    let encapsulated = child(data.value, 2);
    let certificate = child(child(data.value, 3).value, 0);
    let signer = child(child(data.value, 4).value, 0);
    let named: [(&str, &[u8]); 10] = [
        ("data version", child(data.value, 0).value),
        ("digest algorithms", child(data.value, 1).raw),
        (
            "content",
            child(child(encapsulated.value, 1).value, 0).value,
        ),
        ("certificate", certificate.raw),
        ("signer version", child(signer.value, 0).value),
        ("signer id", child(signer.value, 1).raw),
        ("digest algorithm", child(signer.value, 2).raw),
        ("signed attributes", child(signer.value, 3).value),
        ("signature algorithm", child(signer.value, 4).raw),
        ("signature", child(signer.value, 5).value),
    ];
    let at = |part: &[u8]| part.as_ptr() as usize - file.as_ptr() as usize;
    named
        .into_iter()
        .map(|(name, part)| (name, at(part)..at(part) + part.len()))
        .collect()
}

/// What became of changed bits, by the part that they are in.
struct Flips {
    found: BTreeMap<&'static str, BTreeMap<CheckName, usize>>,
    parts: BTreeMap<&'static str, std::ops::Range<usize>>,
}

/// Every bit of `file` changed: those that may be are these.
fn flip(document: &Document, file: FileId) -> Flips {
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let files = document.files();
    let content = files.get(file).unwrap().to_vec();
    let parts = parts(&content);
    let part_of = |at: usize| {
        let found = parts.iter().find(|(_, range)| range.contains(&at));
        found.map_or("structure", |(name, _)| *name)
    };
    let mut unprotected: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut found: BTreeMap<&str, BTreeMap<CheckName, usize>> = BTreeMap::new();
    let mut changed = files.clone();
    for at in 0..content.len() {
        for bit in 0..8 {
            let mut other = content.clone();
            other[at] ^= 1 << bit;
            let value = other[at];
            changed.insert(file, other);
            let failed = failed(&verify(&changed, &trust, READ_AT));
            if failed.is_empty() {
                unprotected.entry(part_of(at)).or_default().push(value);
            }
            for name in failed {
                *found
                    .entry(part_of(at))
                    .or_default()
                    .entry(name)
                    .or_default() += 1;
            }
        }
    }
    // CMS version numbers may be 1, 3 or 4, and 1 or 3; nothing signs them.
    assert_eq!(unprotected.remove("data version"), Some(vec![1]));
    assert_eq!(unprotected.remove("signer version"), Some(vec![3]));
    // Names are compared without regard to case: K, Z and C, S, C, A in small letters
    // still name the same certificate, and nothing signs who is named.
    let mut letters = unprotected.remove("signer id").unwrap();
    letters.sort_unstable();
    assert_eq!(letters, b"accksz");
    assert!(unprotected.is_empty(), "{unprotected:02X?}");
    Flips { found, parts }
}

#[test]
fn every_bit_of_ef_sod() {
    let Flips { found, parts } = flip(&document(), FileId::Sod);
    // Each part by the check that is there for it.
    for (part, name) in [
        ("content", CheckName::SodContentDigest),
        ("signed attributes", CheckName::SodSignature),
        ("signature", CheckName::SodSignature),
        ("signer id", CheckName::SodSignature),
        ("certificate", CheckName::SignerChain),
        ("structure", CheckName::SodStructure),
        ("digest algorithms", CheckName::SodStructure),
        ("digest algorithm", CheckName::SodStructure),
    ] {
        assert!(found[part][&name] > 0, "{part} {name}: {:?}", found[part]);
    }
    let signature = parts["signature"].len() * 8;
    assert_eq!(found["signature"][&CheckName::SodSignature], signature);
}

/// What the chip-authentication mapping of PACE is believed by. Unprotected is what is
/// so in EF.SOD.
#[test]
fn every_bit_of_ef_card_security() {
    let mut document = document();
    document.infos = Some(security_infos(&[PACE_CAM, CHIP_AUTHENTICATION]));
    let Flips { found, parts } = flip(&document, FileId::CardSecurity);
    for part in parts.keys() {
        let named: Vec<_> = found[part].keys().collect();
        assert_eq!(named, [&CheckName::CardSecurity], "{part}");
    }
    let signature = parts["signature"].len() * 8;
    assert_eq!(found["signature"][&CheckName::CardSecurity], signature);
}

/// EF.CardSecurity says the same again.
#[test]
fn every_bit_of_ef_card_access() {
    let mut document = document();
    document.infos = Some(security_infos(&[PACE_CAM, CHIP_AUTHENTICATION]));
    let mut files = document.files();
    let card_access = security_infos(&[PACE_CAM]);
    files.insert(FileId::CardAccess, card_access.clone());
    assert_eq!(compare(&files).outcome, Outcome::Passed);
    for at in 0..card_access.len() {
        for bit in 0..8 {
            let mut other = card_access.clone();
            other[at] ^= 1 << bit;
            files.insert(FileId::CardAccess, other);
            assert_eq!(compare(&files).outcome, Outcome::Failed, "{at} {bit}");
        }
    }
}

#[test]
fn every_bit_of_every_data_group() {
    let document = document();
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let files = document.files();
    for (number, file) in &document.groups {
        let group = DataGroup::new(*number).unwrap();
        let mut changed = files.clone();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut other = file.clone();
                other[at] ^= 1 << bit;
                changed.insert(FileId::DataGroup(group), other);
                let failed = failed(&verify(&changed, &trust, READ_AT));
                assert!(
                    failed.contains(&CheckName::DataGroupDigest(group)),
                    "DG{number} byte {at}"
                );
            }
        }
    }
}

/// A changed CSCA certificate is refused when it is given, or signs nothing.
#[test]
fn every_bit_of_the_csca_certificate() {
    let document = document();
    let files = document.files();
    let csca = document.csca_der();
    let (mut refused, mut failed_chain, mut not_done) = (0, 0, 0);
    for at in 0..csca.len() {
        for bit in 0..8 {
            let mut other = csca.clone();
            other[at] ^= 1 << bit;
            let Ok(trust) = Trust::from_der(&other) else {
                refused += 1;
                continue;
            };
            let checks = verify(&files, &trust, READ_AT);
            let chain = checks
                .iter()
                .find(|check| check.name == CheckName::SignerChain)
                .unwrap();
            match chain.outcome {
                Outcome::Failed => failed_chain += 1,
                // It has become one of another state or name.
                Outcome::NotDone => not_done += 1,
                other => panic!("byte {at} bit {bit}: {other:?}"),
            }
        }
    }
    assert!(refused > 0 && failed_chain > 0 && not_done > 0);
    assert_eq!(refused + failed_chain + not_done, csca.len() * 8);
}

/// EF.COM is signed by nobody: what it lists is compared, the rest is not.
#[test]
fn every_bit_of_ef_com() {
    let document = document();
    let trust = Trust::from_der(&document.csca_der()).unwrap();
    let files = document.files();
    let com = files.get(FileId::Com).unwrap().to_vec();
    let mut changed = files.clone();
    let mut unprotected = std::collections::BTreeSet::new();
    for at in 0..com.len() {
        for bit in 0..8 {
            let mut other = com.clone();
            other[at] ^= 1 << bit;
            changed.insert(FileId::Com, other);
            if failed(&verify(&changed, &trust, READ_AT)).is_empty() {
                unprotected.insert(at);
            }
        }
    }
    // The digits of both versions: 60 LL 5F01 04 .... 5F36 06 ......
    assert_eq!(
        unprotected.into_iter().collect::<Vec<_>>(),
        [5, 6, 7, 8, 12, 13, 14, 15, 16, 17]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(
        sod in proptest::collection::vec(any::<u8>(), 0..300),
        dg1 in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut files = ChipFiles::default();
        files.insert(FileId::DataGroup(DataGroup::DG1), dg1);
        for sod in [sod.clone(), tlv(0x77, &[&sod]), tlv(0x77, &[&sequence(&[&sod])])] {
            files.insert(FileId::Sod, sod);
            let _ = verify(&files, &Trust::default(), READ_AT);
        }
    }

    /// Several changes at once, and cut off.
    #[test]
    fn never_panics_and_never_passes_when_changed(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 2..5),
        cut in any::<prop::sample::Index>(),
    ) {
        static MADE: std::sync::OnceLock<(Document, Trust, ChipFiles)> = std::sync::OnceLock::new();
        let (_, trust, files) = MADE.get_or_init(|| {
            let document = document();
            let trust = Trust::from_der(&document.csca_der()).unwrap();
            let files = document.files();
            (document, trust, files)
        });
        let sod = files.get(FileId::Sod).unwrap();
        let mut other = sod.to_vec();
        for (at, value) in &changes {
            let at = at.index(other.len());
            other[at] = *value;
        }
        let mut changed = files.clone();
        changed.insert(FileId::Sod, other[..cut.index(other.len())].to_vec());
        prop_assert!(!failed(&verify(&changed, trust, READ_AT)).is_empty());
        changed.insert(FileId::Sod, other);
        let _ = verify(&changed, trust, READ_AT);
    }
}
