//! PKCS#11 modules in a real worker: one that finds its configuration in the
//! environment, one that hangs, one whose process is killed in the middle of a write.

mod kiosk;
mod softhsm;
#[path = "../../keystore/tests/test_authority/mod.rs"]
mod test_authority;

use std::time::Duration;

use exchange::{KeyAlgorithm, Secret, StorageType};
use faults::Fault;
use keystore::{Chain, Contents, KeyStorage, PublicKey, SlotContent, StorageError, Token};
use kiosk::Kiosk;
use softhsm::{PIN, SoftHsm};
use test_authority::TestAuthority;
use worker::token::TokenRequest;
use worker::{CallError, RemoteToken, TokenEvent, WatchEvent};

const KIND: StorageType = StorageType::AKKaztokenStore;
const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

/// A deadline for a call into a module that never comes back.
const PATIENCE: Duration = Duration::from_secs(3);

fn pin() -> Secret {
    Secret::from(PIN)
}

/// A kiosk before which the token is put in.
fn presented(token: &SoftHsm) -> Kiosk {
    let mut kiosk = Kiosk::with(token.place());
    kiosk.told(TokenEvent::Inserted(KIND));
    kiosk
}

/// The certificate of the only key, and it signs.
fn holds(token: &mut RemoteToken, key: &PublicKey, chain: &Chain) {
    let only = Contents {
        installed: vec![key.id()],
        ..Contents::default()
    };
    assert_eq!(token.contents().unwrap(), only);
    let slots = token.status().unwrap().slots;
    let contents: Vec<_> = slots.into_iter().map(|slot| slot.content).collect();
    let expected = [SlotContent::Installed(key.id()), SlotContent::Empty];
    assert_eq!(contents, expected);
    let stored = token.read_back(&key.id(), &pin()).unwrap();
    assert_eq!(stored.key, *key);
    let certificate = stored.chain.unwrap();
    assert_eq!(certificate.certificate(), chain.certificate());
    let signature = token.sign(&key.id(), &pin(), b"message").unwrap();
    assert!(key.verifies(b"message", &signature));
}

/// Goes on from whatever lies there, to the end.
fn gone_on_with(token: &mut RemoteToken) {
    let seen = token.contents().unwrap();
    let key = match (&seen.pending[..], &seen.installed[..]) {
        ([], []) => token.generate(P256, &pin()).unwrap(),
        ([id], []) | ([], [id]) => token.read_back(id, &pin()).unwrap().key,
        _ => panic!("two keys: {seen:?}"),
    };
    let chain = TestAuthority::new().issue(&key);
    token.install(&key.id(), &pin(), &chain).unwrap();
    holds(token, &key, &chain);
}

#[test]
fn a_module_finds_its_configuration_in_the_environment() {
    let first = "12345678";
    for algorithm in [KeyAlgorithm::Rsa2048, P256] {
        let token = SoftHsm::with_pin(first);
        let kiosk = presented(&token);
        let mut token = kiosk.token(KIND);
        let error = token.generate(algorithm, &first.into()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinDefault);
        assert_eq!(token.change_pin(&first.into(), &pin()).unwrap(), None);
        let key = token.generate(algorithm, &pin()).unwrap();
        assert_eq!(token.contents().unwrap().pending, [key.id()]);
        let chain = TestAuthority::new().issue(&key);
        token.install(&key.id(), &pin(), &chain).unwrap();
        holds(&mut token, &key, &chain);
    }
}

#[test]
fn a_call_that_never_returns_ends_the_worker_and_the_next_module_works() {
    for function in ["C_OpenSession", "C_GenerateKeyPair"] {
        let token = SoftHsm::with_pin(PIN);
        token.hang_in(function);
        let mut kiosk = presented(&token);
        let hung = token.workers();
        let request = TokenRequest::Generate {
            algorithm: P256,
            pin: pin(),
        };
        let answer = kiosk
            .runtime
            .block_on(kiosk.worker.token(request, PATIENCE));
        assert_eq!(
            answer,
            Err(CallError::Silent(Fault::TokenFailed)),
            "{function}"
        );
        kiosk.told_any(WatchEvent::WorkerDied);
        assert!(hung.len() == 1 && !token.workers().contains(&hung[0]));

        // A good module in its place, which the same client finds.
        token.use_good_module();
        kiosk.told(TokenEvent::Inserted(KIND));
        let mut remote = kiosk.token(KIND);
        assert_eq!(remote.contents().unwrap(), Contents::default());
        gone_on_with(&mut remote);
    }
}

#[test]
fn a_watch_that_hangs_in_its_module_goes_on_in_another_worker() {
    let token = SoftHsm::with_pin(PIN);
    token.hang_in("C_GetSlotList");
    token.hang_no_more();
    let mut kiosk = presented(&token);
    token.hang_in("C_GetSlotList");
    kiosk.told_any(WatchEvent::WorkerDied);
    token.hang_no_more();
    kiosk.told(TokenEvent::Inserted(KIND));
    gone_on_with(&mut kiosk.token(KIND));
}

/// Seen with ykcs11 2.2 when a card is put in at the wrong moment.
#[test]
fn a_module_that_finds_its_list_too_short_for_ever_is_not_asked_for_ever() {
    let token = SoftHsm::with_pin(PIN);
    token.list_too_short();
    gone_on_with(&mut presented(&token).token(KIND));
}

/// Kills the worker in front of each write of `work` and behind it. Returns how many
/// writes there are.
fn killed_at_every_write(
    prepare: impl Fn(&SoftHsm),
    work: impl Fn(&mut RemoteToken) -> Result<(), StorageError>,
) -> usize {
    for write in 0.. {
        for side in ["", "+"] {
            let token = SoftHsm::with_pin(PIN);
            prepare(&token);
            token.kill_at(&format!("{write}{side}"));
            let kiosk = presented(&token);
            match work(&mut kiosk.token(KIND)) {
                Err(error) => assert_eq!(error.fault(), Fault::TokenFailed, "{write}{side}"),
                Ok(()) => return write,
            }
            drop(kiosk);
            token.use_good_module();
            gone_on_with(&mut presented(&token).token(KIND));
        }
    }
    unreachable!("work without end")
}

#[test]
fn a_worker_killed_while_a_key_is_made_leaves_what_can_be_gone_on_from() {
    let writes = killed_at_every_write(|_| {}, |token| token.generate(P256, &pin()).map(drop));
    assert!(writes >= 4, "{writes} writes are no key");
}

#[test]
fn a_worker_killed_while_a_certificate_is_written_leaves_what_can_be_gone_on_from() {
    let writes = killed_at_every_write(
        |token| {
            let kiosk = presented(token);
            kiosk.token(KIND).generate(P256, &pin()).unwrap();
        },
        |token| {
            let pending = token.contents()?.pending;
            let key = token.read_back(&pending[0], &pin())?.key;
            let chain = TestAuthority::new().issue(&key);
            token.install(&key.id(), &pin(), &chain).map(drop)
        },
    );
    assert!(writes >= 2, "{writes} writes are no certificate");
}
