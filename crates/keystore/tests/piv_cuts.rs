//! A PIV card pulled at every APDU of everything that writes, before the command and
//! before the answer. Put in again, it ends with a good certificate or clean, every time.

mod support;
mod test_authority;

use exchange::KeyAlgorithm;
use faults::Fault;
use keystore::{KeyStorage, PublicKey, SlotContent, StorageError, Token};
use support::piv::{self, P256, default_pin, personalised, pin, token};
use test_authority::TestAuthority;
use virtual_token::{Cut, PivCard};

/// Pulls a card that `prepare` made at each `step`-th APDU of `work`, then calls `again`.
/// Returns how many APDUs `work` has.
fn pulled_at_every_apdu<P, T>(
    step: usize,
    prepare: impl Fn() -> (PivCard, P),
    work: impl Fn(&PivCard, &P, usize, Cut) -> Result<T, StorageError>,
    again: impl Fn(&PivCard, &P, &str),
) -> usize {
    for at in (0..).step_by(step) {
        for cut in [Cut::BeforeCommand, Cut::BeforeAnswer] {
            let (card, prepared) = prepare();
            match work(&card, &prepared, at, cut) {
                Err(error) => {
                    assert_eq!(error.fault(), Fault::TokenPulled, "{cut:?} {at}: {error}");
                }
                Ok(_) if card.apdus() <= at => {
                    assert!(at > 5, "{at} APDUs are no work");
                    return at;
                }
                // Everything was done but forgetting the PIN.
                Ok(_) => {}
            }
            again(&card, &prepared, &format!("{cut:?} {at}"));
        }
    }
    unreachable!("work without end")
}

/// The only key, in the first place, gets its certificate and signs.
fn ends_well(card: &PivCard, key: &PublicKey, place: &str) {
    let chain = TestAuthority::new().issue(key);
    let mut token = token(card);
    token.install(&key.id(), &pin(), &chain).expect(place);
    let stored = token.read_back(&key.id(), &pin()).expect(place);
    let held = stored.chain.expect(place);
    assert_eq!(held.certificate(), chain.certificate(), "{place}");
    let slots = token.status().expect(place).slots;
    assert_eq!(
        slots[0].content,
        SlotContent::Installed(key.id()),
        "{place}"
    );
    let others = &slots[1..];
    assert!(
        others.iter().all(|s| s.content == SlotContent::Empty),
        "{place}"
    );
}

fn generate_after_a_cut(step: usize, algorithm: KeyAlgorithm) {
    let apdus = pulled_at_every_apdu(
        step,
        || (personalised().0, ()),
        |card, (), at, cut| {
            let mut token = token(card);
            card.cut(at, cut);
            token.generate(algorithm, &pin())
        },
        |card, (), place| {
            let mut token = token(card);
            let seen = token.contents().expect(place);
            assert_eq!((seen.installed.len(), seen.leftovers), (0, 0), "{place}");
            let key = match seen.pending[..] {
                [id] => token.read_back(&id, &pin()).expect(place).key,
                [] => token.generate(algorithm, &pin()).expect(place),
                _ => panic!("{place}: two keys"),
            };
            ends_well(card, &key, place);
        },
    );
    println!("generate {algorithm:?}: {apdus} APDUs");
}

#[test]
fn generate_p256() {
    generate_after_a_cut(1, P256);
}

/// Not at every APDU: making the keys takes seconds.
#[test]
fn generate_rsa() {
    generate_after_a_cut(8, KeyAlgorithm::Rsa2048);
}

#[test]
fn install() {
    let authority = TestAuthority::new();
    let apdus = pulled_at_every_apdu(
        1,
        || {
            let (card, _) = personalised();
            let key = token(&card).generate(P256, &pin()).unwrap();
            let chain = authority.issue(&key);
            (card, (key, chain))
        },
        |card, (key, chain), at, cut| {
            let mut token = token(card);
            card.cut(at, cut);
            token.install(&key.id(), &pin(), chain)
        },
        |card, (key, chain), place| {
            let mut token = token(card);
            // Whichever certificate lies there, it is whole.
            let stored = token.read_back(&key.id(), &pin()).expect(place);
            let held = stored.chain.map(|held| held.certificate().clone());
            assert!(held.is_none_or(|held| held == *chain.certificate()));
            ends_well(card, key, place);
        },
    );
    println!("install: {apdus} APDUs");
}

#[test]
fn discard() {
    pulled_at_every_apdu(
        1,
        || {
            let (card, _) = personalised();
            let key = token(&card).generate(P256, &pin()).unwrap();
            (card, key)
        },
        |card, key, at, cut| {
            let mut token = token(card);
            card.cut(at, cut);
            token.discard(&key.id(), &pin())
        },
        |card, key, place| {
            let mut token = token(card);
            token.discard(&key.id(), &pin()).expect(place);
            assert_eq!(token.contents().expect(place).pending, [], "{place}");
            let next = token.generate(P256, &pin()).expect(place);
            ends_well(card, &next, place);
        },
    );
}

/// No default is left, the PUK that is told is the right one, and no try was lost that
/// matters.
#[test]
fn change_pin() {
    let apdus = pulled_at_every_apdu(
        1,
        || (PivCard::fresh(), ()),
        |card, (), at, cut| {
            let mut token = token(card);
            card.cut(at, cut);
            token.change_pin(&default_pin(), &pin())
        },
        |card, (), place| {
            let mut token = token(card);
            let puk = match token.change_pin(&default_pin(), &pin()) {
                // It was changed, only the answer was lost.
                Err(StorageError::WrongSecret { .. }) => token.change_pin(&pin(), &pin()),
                other => other,
            };
            let puk = puk.expect(place).expect(place);
            token.unblock(&puk, &pin()).expect(place);
            let key = token.generate(P256, &pin()).expect(place);
            ends_well(card, &key, place);
            let verdict = piv::authenticate(&mut card.insert(), &piv::default_key());
            assert!(!verdict.status.is_ok(), "{place}: default management key");
        },
    );
    println!("change_pin: {apdus} APDUs");
}
