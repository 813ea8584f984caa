//! EF.CardSecurity, and passive authentication of it. What passes says what the one
//! CSCA that is trusted here had signed.

#![no_main]

use std::sync::LazyLock;

use chip::card_security::CardSecurity;
use chip::trust::Trust;
use chip::{CheckName, ChipFiles, FileId, Outcome, card_access, passive};
use libfuzzer_sys::fuzz_target;

/// 22 November 2026.
const NOW: u64 = 1_795_305_600;

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let (authority, _) = fuzz::authority();
    Trust::from_der(authority.csca_der()).expect("a certificate")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(card_security) = CardSecurity::parse(data) {
        for key in &card_security.infos().chip_authentication_keys {
            let _ = key.group();
        }
    }
    let mut files = ChipFiles::default();
    files.insert(FileId::CardSecurity, data.to_vec());
    let _ = card_access::compare(&files);
    let checks = passive::verify(&files, &TRUST, NOW);
    let mut named = checks.iter().filter(|c| c.name == CheckName::CardSecurity);
    let check = named.next().expect("a verdict");
    assert!(named.next().is_none());
    // Without DG1 nobody knows whose document it would be.
    assert_ne!(check.outcome, Outcome::Passed);
});
