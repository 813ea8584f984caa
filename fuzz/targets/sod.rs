//! EF.SOD, and the whole of passive authentication behind it. Nothing a fuzzer writes
//! is signed by the one CSCA that is trusted here.

#![no_main]

use std::sync::LazyLock;

use chip::sod::Sod;
use chip::trust::Trust;
use chip::{CheckName, ChipFiles, DataGroup, FileId, Outcome, passive};
use libfuzzer_sys::fuzz_target;
use specimen::{Specimen, SpecimenConfig, portrait};

/// 22 November 2026.
const NOW: u64 = 1_795_305_600;

struct Known {
    trust: Trust,
    specimen: Specimen,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    // As `seeds` makes it, so that a seed passes and a mutation must not.
    let (authority, mut random) = fuzz::authority();
    let portrait = portrait::silhouette(9_000).expect("a portrait");
    let config = SpecimenConfig::identity_card(portrait);
    Known {
        trust: Trust::from_der(authority.csca_der()).expect("a certificate"),
        specimen: Specimen::new(config, &authority, &mut random).expect("a document"),
    }
});

fuzz_target!(|data: &[u8]| {
    let _ = Sod::parse(data);
    let known = &*KNOWN;
    let mut files = ChipFiles::default();
    for group in [DataGroup::DG1, DataGroup::DG11, DataGroup::DG12] {
        let id = FileId::DataGroup(group);
        if let Some(content) = known.specimen.files.get(id) {
            files.insert(id, content.to_vec());
        }
    }
    files.insert(FileId::Sod, data.to_vec());
    let checks = passive::verify(&files, &known.trust, NOW);
    let passed = |name| {
        let check = checks.iter().find(|check| check.name == name);
        check.is_some_and(|check| check.outcome == Outcome::Passed)
    };
    // Whatever passes is what the authority signed, digest by digest.
    if passed(CheckName::SodSignature)
        && passed(CheckName::SodContentDigest)
        && passed(CheckName::SignerChain)
    {
        for group in [DataGroup::DG1, DataGroup::DG11, DataGroup::DG12] {
            assert!(passed(CheckName::DataGroupDigest(group)));
        }
    }
});
