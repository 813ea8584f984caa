//! Lines of text, as a camera or a person gives them. What is accepted opens a chip.

#![no_main]

use chip::{Mrz, MrzKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').collect();
    if let Ok(mrz) = Mrz::parse(&lines) {
        assert!(!mrz.document_number().ends_with('<'));
        assert!(!mrz.surname().is_empty());
        mrz.optional_iin();
        mrz.expired_on(2026, 11, 22);
        if mrz.expiry_date().bytes().all(|b| b.is_ascii_digit())
            && !mrz.document_number().is_empty()
        {
            assert!(MrzKey::of(&mrz).is_ok());
        }
    }
    if let [number, birth, expiry] = lines[..] {
        let _ = MrzKey::new(number, birth, expiry);
    }
});
