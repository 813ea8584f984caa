//! Certificates, master lists and revocation lists from outside. Nothing but the
//! trusted state's own is taken in.

#![no_main]

use std::sync::LazyLock;

use chip::certificate::Certificate;
use chip::public_key::PublicKey;
use chip::trust::Trust;
use libfuzzer_sys::fuzz_target;
use specimen::Authority;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| fuzz::authority().0);

fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = Certificate::parse(data) {
        let _ = certificate.country();
        let _ = certificate.public_key();
    }
    let _ = PublicKey::from_spki(data);
    let _ = Trust::from_der(data);
    let roots = Trust::from_der(AUTHORITY.csca_der()).expect("a certificate");
    let mut trust = Trust::from_der(AUTHORITY.csca_der()).expect("a certificate");
    let _ = trust.add_master_list(data, &roots);
    let _ = trust.add_crl(data);
    assert_eq!(trust.countries(), roots.countries());
});
