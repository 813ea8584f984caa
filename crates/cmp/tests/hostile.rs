//! Bytes that nobody made in good faith: an error, never a panic, and nothing changed
//! is ever believed.

mod support;

use std::sync::LazyLock;

use cmp::{Client, Message, Progress};
use proptest::prelude::*;
use support::{PKI, http::Http, now, server::Server};
use x509_cert::ext::pkix::CrlReason;

/// One of each kind that goes to and fro.
static REAL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for more in [
        "-poll_count 2 -check_after 0",
        "-send_error -failure 2 -statusstring no",
    ] {
        let server = Server::signing("citizen", more);
        let http = Http::to(server.port);
        let office = PKI.signing();
        let client = Client::new(&office, &http);
        if let Ok(Progress::Waiting(mut waiting)) = client.begin(&PKI.request(), now()) {
            let mut issued = loop {
                if let Some(issued) = client.poll(&mut waiting, now()).unwrap() {
                    break issued;
                }
            };
            client.confirm(&mut issued, now()).unwrap();
            let certificate = PKI.certificate("citizen");
            client
                .revoke(&certificate, CrlReason::Superseded, now())
                .unwrap();
        }
        all.append(&mut http.sent.lock().unwrap());
        all.append(&mut http.received.lock().unwrap());
    }
    all
});

#[test]
fn every_kind_is_among_the_real_ones() {
    let mut kinds: Vec<_> = REAL
        .iter()
        .map(|der| Message::from_der(der).unwrap().body.name())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let all = [
        "certConf", "cp", "error", "p10cr", "pkiconf", "pollRep", "pollReq", "rp", "rr",
    ];
    assert_eq!(kinds, all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Message::from_der(&bytes).is_err());
    }

    #[test]
    fn nearly_right(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let real = which.get(&REAL);
        let mut bytes = real.clone();
        for (at, value) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        // Half of them keep their length.
        bytes.truncate(cut.index(2 * real.len()).max(1));
        if let Ok(read) = Message::from_der(&bytes) {
            let original = Message::from_der(real).unwrap();
            // The office's own messages are believed from nobody: its name is another.
            if PKI.signing().verify_protection(&read, now()).is_ok() {
                prop_assert_eq!(read.protected_part(), original.protected_part());
            }
        }
    }
}
