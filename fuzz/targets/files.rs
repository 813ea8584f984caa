//! A whole read, BAC and all, of a chip whose files are the input: parts of file
//! number, two bytes of length, content. So the fuzzer is behind secure messaging.

#![no_main]

use std::sync::LazyLock;

use chip::{DataGroup, FileId, ReadRequest, read_document};
use libfuzzer_sys::fuzz_target;
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, portrait,
};

/// Without a portrait, and the second without keys of its own: quicker.
static SPECIMENS: LazyLock<[Specimen; 2]> = LazyLock::new(|| {
    let mut random = SeededRandom::new(1);
    let authority = Authority::new("KZ", &mut random).expect("an authority");
    let portrait = portrait::silhouette(9_000).expect("a portrait");
    let full = SpecimenConfig {
        pace: None,
        ..SpecimenConfig::identity_card(portrait)
    };
    let bare = SpecimenConfig {
        chip_authentication: None,
        active_authentication: None,
        ..full.clone()
    };
    [full, bare].map(|config| {
        let specimen = Specimen::new(config, &authority, &mut random);
        let mut specimen = specimen.expect("a document");
        specimen.files.take(FileId::DataGroup(DataGroup::DG2));
        specimen
    })
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, mut data)) = data.split_first() else {
        return;
    };
    let mut specimen = SPECIMENS[usize::from(choice >> 2 & 1)].clone();
    while let [number, high, low, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (content, behind) = rest.split_at(length);
        data = behind;
        let id = match number {
            0 => FileId::Com,
            17 => FileId::Sod,
            18 => FileId::CardAccess,
            19 => FileId::CardSecurity,
            other => match DataGroup::new(*other) {
                Some(group) => FileId::DataGroup(group),
                None => continue,
            },
        };
        specimen.files.insert(id, content.to_vec());
    }
    let request = ReadRequest {
        access: specimen.mrz_key().expect("a key"),
        data_groups: (1..=16).filter_map(DataGroup::new).collect(),
        challenge: [7; 8],
        short_only: choice & 1 != 0,
    };
    let config = ChipConfig {
        extended_length: (choice & 2 == 0).then_some(0x1_0000),
        ..ChipConfig::default()
    };
    let given = specimen.files.clone();
    let mut chip = SpecimenChip::new(specimen, config, Box::new(SeededRandom::new(2)));
    if let Ok(read) = read_document(&mut chip, &request, &mut |_| ()) {
        // One data object of each file, and nothing that is not in it.
        for (id, content) in read.files.iter() {
            assert!(given.get(id).is_some_and(|file| file.starts_with(content)));
        }
    }
});
