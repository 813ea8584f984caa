//! A PIV card enrolled by our PKCS#11 code through Yubico's module and read through
//! OpenSC's, in a reader of a real card service. Then other programs use it.
//!
//! Yubico's module talks only to readers that have its name.

mod support;
mod test_authority;

use std::time::{Duration, Instant};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::{Attribute, KeyType, ObjectClass},
    session::{Session, UserType},
};
use exchange::{KeyAlgorithm, Secret, SubmissionId, UnixMillis, api::proof_bytes};
use faults::Fault;
use keystore::{
    Chain, Contents, KeyStorage, Pkcs11Storage, PublicKey, SlotContent, StorageError, Token, csr,
    pkcs11::Profile,
};
use support::piv::{P256, default_pin};
use support::strangers::Strangers;
use test_authority::{Citizen, TestAuthority};
use virtual_card::{CardService, PORT, apart_without_documents};
use virtual_token::InsertedCard;

const READER: &str = "Yubico YubiKey Virtual PCD";
const PIN: &str = "80531927";
/// pcscd needs a moment to see a card, and longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn pin() -> Secret {
    Secret::from(PIN)
}

fn profile(id: &str) -> Profile {
    Profile::by_id(id).unwrap()
}

/// A module is initialised once in a process: one at a time.
fn yubico() -> Pkcs11Storage {
    Pkcs11Storage::open(profile("ykcs11")).unwrap()
}

fn opensc() -> Pkcs11Storage {
    Pkcs11Storage::open(profile("opensc")).unwrap()
}

/// Runs `work` on a card with [`PIN`], in name spaces of its own.
fn with_a_card(test: &str, work: impl FnOnce(InsertedCard)) {
    // Built while there is still a network.
    virtual_token::program();
    apart_without_documents(test, || {
        let _service = CardService::with_reader_called(READER);
        let card = InsertedCard::at(PORT);
        let mut token = yubico();
        let begun = Instant::now();
        while let Err(error) = token.present() {
            assert!(begun.elapsed() < PATIENCE, "{error}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let fault = |done: Result<(), StorageError>| done.unwrap_err().fault();
        assert_eq!(
            fault(token.verify_pin(&default_pin())),
            Fault::TokenPinDefault
        );
        let generated = token.generate(P256, &default_pin()).map(drop);
        assert_eq!(fault(generated), Fault::TokenPinDefault);
        assert_eq!(token.change_pin(&default_pin(), &pin()).unwrap(), None);
        drop(token);
        work(card);
    });
}

#[test]
fn a_card_is_enrolled_with_rsa() {
    with_a_card("a_card_is_enrolled_with_rsa", |_card| {
        enrolled_with(KeyAlgorithm::Rsa2048);
    });
}

#[test]
fn a_card_is_enrolled_with_p256() {
    with_a_card("a_card_is_enrolled_with_p256", |_card| enrolled_with(P256));
}

fn enrolled_with(algorithm: KeyAlgorithm) {
    let mut token = yubico();
    assert!(token.status().unwrap().has_room());
    let key = token.generate(algorithm, &pin()).unwrap();
    let id = key.id();
    assert_eq!(key.algorithm(), algorithm);
    assert_eq!(token.contents().unwrap().pending, [id]);
    assert_eq!(token.read_back(&id, &pin()).unwrap().chain, None);

    let subject = Citizen::aigul();
    let request = keystore::request(&mut token, &key, &pin(), subject.subject(), None).unwrap();
    assert_eq!(*csr::Request::verify(&request).unwrap().key(), key);
    let submission = SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[7; 10]);
    let nonce = "ab".repeat(32);
    let proof = keystore::prove(&mut token, &id, &pin(), submission, &nonce).unwrap();
    assert!(key.verifies(&proof_bytes(submission, &nonce), &proof));

    let chain = TestAuthority::new().issue(&key);
    for _ in 0..2 {
        // Repeated, it only tries again.
        token.install(&id, &pin(), &chain).unwrap();
    }
    holds(&mut token, &key, &chain);
    assert_eq!(token.remove_leftovers_as_owner(&pin()).unwrap(), 0);
    // Neither thrown away nor written over.
    token.discard(&id, &pin()).unwrap();
    let occupied = token.generate(algorithm, &pin()).unwrap_err();
    assert_eq!(occupied.fault(), Fault::TokenOccupied);
    holds(&mut token, &key, &chain);
    drop(token);

    read_by_opensc(&key, &chain);
    let strangers = Strangers::with(&chain, PIN);
    strangers.yubico_piv_tool(READER);
    for module in ["ykcs11", "opensc"] {
        let module = profile(module).module.unwrap();
        strangers.pkcs11_tool(module.to_str().unwrap());
    }
}

/// The certificate and nothing else, and it signs.
fn holds(token: &mut Pkcs11Storage, key: &PublicKey, chain: &Chain) {
    let only = Contents {
        installed: vec![key.id()],
        ..Contents::default()
    };
    assert_eq!(token.contents().unwrap(), only);
    let slots = token.status().unwrap().slots;
    assert_eq!(slots.len(), 1);
    assert_eq!(slots[0].content, SlotContent::Installed(key.id()));
    let stored = token.read_back(&key.id(), &pin()).unwrap();
    assert_eq!(stored.key, *key);
    let certificates = stored.chain.unwrap();
    assert_eq!(certificates.certificate(), chain.certificate());
    let signature = token.sign(&key.id(), &pin(), b"a text").unwrap();
    assert!(key.verifies(b"a text", &signature));
}

/// It reads and signs; what its PIV driver cannot do is refused by name.
fn read_by_opensc(key: &PublicKey, chain: &Chain) {
    let mut token = opensc();
    holds(&mut token, key, chain);
    assert_eq!(token.status().unwrap().algorithms, []);
    let unsupported = token.generate(key.algorithm(), &pin()).unwrap_err();
    assert_eq!(unsupported.fault(), Fault::TokenUnknown);
    // Asked all the same.
    let mut profile = profile("opensc");
    profile.keys.algorithms = vec![key.algorithm()];
    profile.keys.places[0].id = vec![3];
    drop(token);
    let mut insisting = Pkcs11Storage::open(profile).unwrap();
    let unsupported = insisting.generate(key.algorithm(), &pin()).unwrap_err();
    assert_eq!(unsupported.fault(), Fault::TokenUnknown, "{unsupported}");
    let other = TestAuthority::new().issue(key);
    let unsupported = insisting.install(&key.id(), &pin(), &other).unwrap_err();
    assert_eq!(unsupported.fault(), Fault::TokenUnknown, "{unsupported}");
    drop(insisting);
    holds(&mut opensc(), key, chain);
}

/// What cuts leave: a key beside the module's own certificate, a key beside none.
#[test]
fn a_cut_while_a_key_is_made_is_gone_on_from() {
    with_a_card("a_cut_while_a_key_is_made_is_gone_on_from", |_card| {
        made_by_the_module_alone();
        let mut token = yubico();
        let seen = token.contents().unwrap();
        let [id] = seen.pending[..] else {
            panic!("{seen:?}")
        };
        let stored = token.read_back(&id, &pin()).unwrap();
        assert_eq!(stored.chain, None);
        let chain = TestAuthority::new().issue(&stored.key);
        token.install(&id, &pin(), &chain).unwrap();
        holds(&mut token, &stored.key, &chain);

        // Only at the owner's word; the key itself stays and counts for nothing.
        token.clear("9C", &pin()).unwrap();
        assert_eq!(token.contents().unwrap(), Contents::default());
        assert_eq!(token.remove_leftovers_as_owner(&pin()).unwrap(), 0);
        assert!(token.status().unwrap().has_room());
        let key = token.generate(P256, &pin()).unwrap();
        token.discard(&key.id(), &pin()).unwrap();
        assert_eq!(token.contents().unwrap(), Contents::default());
        let next = token.generate(P256, &pin()).unwrap();
        assert_ne!(next, key);
        let chain = TestAuthority::new().issue(&next);
        token.install(&next.id(), &pin(), &chain).unwrap();
        holds(&mut token, &next, &chain);
    });
}

/// As [`Pkcs11Storage`] does it, up to a cut before the placeholder.
fn made_by_the_module_alone() {
    let profile = profile("ykcs11");
    raw(&profile, |session| {
        let key = profile.pin.management_key.as_ref().unwrap();
        let key = key.expose().into();
        session.login(UserType::So, Some(&key)).unwrap();
        let about = |class| {
            vec![
                Attribute::Class(class),
                Attribute::KeyType(KeyType::EC),
                Attribute::Id(vec![2]),
            ]
        };
        let mut public = about(ObjectClass::PUBLIC_KEY);
        let curve = der::Encode::to_der(&keystore::profile::P256).unwrap();
        public.push(Attribute::EcParams(curve));
        session
            .generate_key_pair(
                &Mechanism::EccKeyPairGen,
                &public,
                &about(ObjectClass::PRIVATE_KEY),
            )
            .unwrap();
    });
}

/// A session by the crate `cryptoki` alone.
fn raw(profile: &Profile, work: impl FnOnce(&Session)) {
    let context = Pkcs11::new(profile.module.as_ref().unwrap()).unwrap();
    let flags = CInitializeFlags::OS_LOCKING_OK;
    context.initialize(CInitializeArgs::new(flags)).unwrap();
    let slot = context.get_slots_with_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    work(&session);
    session.close().unwrap();
    context.finalize().unwrap();
}

#[test]
fn both_modules_tell_of_wrong_pins_and_of_a_card_that_is_gone() {
    let test = "both_modules_tell_of_wrong_pins_and_of_a_card_that_is_gone";
    with_a_card(test, |card| {
        let key = yubico().generate(P256, &pin()).unwrap();
        let wrong = Secret::from("11111111");
        for open in [yubico, opensc] {
            let mut token = open();
            let error = token.sign(&key.id(), &wrong, b"x").unwrap_err();
            assert_eq!(error.fault(), Fault::TokenPinWrong, "{error}");
            token.sign(&key.id(), &pin(), b"x").unwrap();
        }
        let mut token = yubico();
        token.contents().unwrap();
        drop(card);
        let begun = Instant::now();
        loop {
            let error = token.sign(&key.id(), &pin(), b"x").err();
            match error.map(|error| error.fault()) {
                Some(Fault::TokenMissing) => break,
                Some(Fault::TokenPulled | Fault::TokenFailed) | None => {}
                Some(other) => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < PATIENCE);
        }
    });
}
