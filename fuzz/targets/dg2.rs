//! The portrait's file: what is given out as an image is one by its first bytes, and
//! part of the file.

#![no_main]

use chip::lds::dg2::{Dg2, ImageKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(group) = Dg2::parse(data) else {
        return;
    };
    for face in group.faces() {
        let image = face.bytes();
        assert!(image.len() < data.len());
        match face.kind() {
            ImageKind::Jpeg => assert!(image.starts_with(&[0xFF, 0xD8])),
            ImageKind::Jpeg2000 => assert!(!image.starts_with(&[0xFF, 0xD8])),
        }
    }
});
