//! A PIV card in software from the maker's box to a working certificate.

mod support;
mod test_authority;

use apdu::StatusWord;
use exchange::{KeyAlgorithm, Secret, SubmissionId, UnixMillis, api::proof_bytes};
use faults::Fault;
use keystore::{KeyStorage, SlotContent, StorageError, Token, certificate, csr};
use support::piv::{self, P256, default_pin, personalised, pin, token};
use test_authority::{Citizen, TestAuthority};
use virtual_token::PivCard;

/// SP 800-78-4, table 6-2.
const RSA_2048: u8 = 0x07;
const P_384: u8 = 0x14;

fn wrong() -> Secret {
    Secret::from("999999")
}

fn enrol(algorithm: KeyAlgorithm) {
    let (card, _) = personalised();
    let mut token = token(&card);
    let key = token.generate(algorithm, &pin()).unwrap();
    let id = key.id();
    assert_eq!(key.algorithm(), algorithm);
    assert_eq!(token.contents().unwrap().pending, [id]);
    assert_eq!(token.read_back(&id, &pin()).unwrap().chain, None);

    let citizen = Citizen::aigul();
    let request = keystore::request(&mut token, &key, &pin(), citizen.subject(), None).unwrap();
    assert_eq!(*csr::Request::verify(&request).unwrap().key(), key);

    let submission = SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[7; 10]);
    let nonce = "ab".repeat(32);
    let proof = keystore::prove(&mut token, &id, &pin(), submission, &nonce).unwrap();
    assert!(key.verifies(&proof_bytes(submission, &nonce), &proof));

    let chain = TestAuthority::new().issue(&key);
    for _ in 0..2 {
        // Repeated, it only tries again.
        let stored = token.install(&id, &pin(), &chain).unwrap();
        assert_eq!(stored.chain.as_ref(), Some(&chain));
    }
    let seen = token.contents().unwrap();
    assert_eq!((seen.pending, seen.installed), (vec![], vec![id]));
    let lies_there = token.read_back(&id, &pin()).unwrap().chain.unwrap();
    assert_eq!(lies_there.certificates(), &chain.certificates()[..1]);

    // A key with a certificate is never thrown away.
    token.discard(&id, &pin()).unwrap();
    assert_eq!(token.contents().unwrap().installed, [id]);
}

#[test]
fn a_citizen_is_enrolled_with_p256() {
    enrol(P256);
}

#[test]
fn a_citizen_is_enrolled_with_rsa() {
    enrol(KeyAlgorithm::Rsa2048);
}

#[test]
fn a_fresh_card_tells_what_it_is() {
    let card = PivCard::fresh();
    let status = token(&card).status().unwrap();
    assert_eq!(status.label, "Nitrokey PIV");
    assert_eq!(status.serial.as_deref(), Some("5437251"));
    assert_eq!(status.pin.tries_left, Some(3));
    assert_eq!(status.slots.len(), 21);
    assert_eq!(status.slots[0].name, "9C");
    assert!(status.has_room());
    assert_eq!(status.algorithms.len(), 2);
}

#[test]
fn no_key_is_made_behind_the_default_pin() {
    let card = PivCard::fresh();
    let error = token(&card).generate(P256, &default_pin()).unwrap_err();
    assert_eq!(error.fault(), Fault::TokenPinDefault);
    // On another card the same words are just a wrong PIN.
    let (card, _) = personalised();
    let error = token(&card).generate(P256, &default_pin()).unwrap_err();
    assert_eq!(error.fault(), Fault::TokenPinWrong);
}

#[test]
fn all_three_defaults_are_gone() {
    let (card, puk) = personalised();
    let mut token = token(&card);
    token.generate(P256, &pin()).unwrap();
    assert_ne!(puk, Secret::from("12345678"));
    let error = token.unblock(&Secret::from("12345678"), &pin());
    assert!(matches!(error, Err(StorageError::TokenPukWrong { .. })));
    token.unblock(&puk, &pin()).unwrap();
    let default_key = piv::default_key();
    let verdict = piv::authenticate(&mut card.insert(), &default_key);
    assert_eq!(verdict.status, StatusWord::WRONG_DATA);
    let fresh = PivCard::fresh();
    let verdict = piv::authenticate(&mut fresh.insert(), &default_key);
    assert_eq!(verdict.status, StatusWord::OK);
}

#[test]
fn a_pin_against_the_rules_is_not_sent() {
    let card = PivCard::fresh();
    let mut token = token(&card);
    for new in ["12345", "123456789", "abcdef", "123456"] {
        let error = token.change_pin(&default_pin(), &Secret::from(new));
        assert_eq!(error.unwrap_err().fault(), Fault::TokenPinRule, "{new}");
    }
    assert_eq!(card.apdus(), 0);
}

#[test]
fn a_second_change_keeps_the_puk() {
    let (card, puk) = personalised();
    let next = Secret::from("246813");
    let mut token = token(&card);
    let told = token.change_pin(&pin(), &next).unwrap();
    assert_eq!(told.as_ref(), Some(&puk));
    token.generate(P256, &next).unwrap();
    token.unblock(&puk, &pin()).unwrap();
}

#[test]
fn wrong_pins_block_and_the_puk_unblocks() {
    let (card, puk) = personalised();
    let key = token(&card).generate(P256, &pin()).unwrap();
    let mut token = token(&card);
    for left in [2, 1] {
        let error = token.sign(&key.id(), &wrong(), b"x").unwrap_err();
        assert!(matches!(error, StorageError::WrongSecret { tries_left: Some(n) } if n == left));
        assert_eq!(error.fault(), Fault::TokenPinWrong);
        assert_eq!(token.status().unwrap().pin.tries_left, Some(left));
    }
    assert!(token.status().unwrap().pin.is_last_try());
    // No form of a PIN, so it is not tried.
    let error = token.sign(&key.id(), &Secret::from("123456789"), b"x");
    assert_eq!(error.unwrap_err().fault(), Fault::TokenPinWrong);
    for _ in 0..2 {
        let error = token.sign(&key.id(), &wrong(), b"x").unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinBlocked);
    }
    let error = token.sign(&key.id(), &pin(), b"x").unwrap_err();
    assert_eq!(error.fault(), Fault::TokenPinBlocked);
    assert!(token.status().unwrap().pin.is_blocked());
    let error = token.change_pin(&pin(), &wrong()).unwrap_err();
    assert_eq!(error.fault(), Fault::TokenPinBlocked);

    let error = token.unblock(&Secret::from("00000000"), &pin());
    assert_eq!(error.unwrap_err().fault(), Fault::TokenPukWrong);
    token.unblock(&puk, &Secret::from("135792")).unwrap();
    let new_pin = Secret::from("135792");
    let signature = token.sign(&key.id(), &new_pin, b"x").unwrap();
    assert!(key.verifies(b"x", &signature));
}

#[test]
fn wrong_puks_block_it_for_good() {
    let (card, puk) = personalised();
    let mut token = token(&card);
    for _ in 0..2 {
        let error = token.unblock(&Secret::from("00000000"), &pin());
        assert_eq!(error.unwrap_err().fault(), Fault::TokenPukWrong);
    }
    for puk in [Secret::from("00000000"), puk] {
        let error = token.unblock(&puk, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPukBlocked);
    }
}

/// The second key goes beside the first, whoever put that there.
#[test]
fn nothing_is_overwritten() {
    let (card, _) = personalised();
    let mut token = token(&card);
    let mut keys = Vec::new();
    for name in ["9C", "82", "83"] {
        let key = token.generate(P256, &pin()).unwrap();
        let slots = token.status().unwrap().slots;
        let slot = slots.iter().find(|s| s.name == name).unwrap();
        assert_eq!(slot.content, SlotContent::Pending(key.id()));
        keys.push(key);
    }
    for key in &keys {
        let signature = token.sign(&key.id(), &pin(), b"x").unwrap();
        assert!(key.verifies(b"x", &signature));
    }
}

/// The card has no command that would tell of such a key.
#[test]
fn a_key_without_certificate_is_seen_by_its_signature() {
    let card = PivCard::fresh();
    let stranger = piv::public_key(&piv::generate(&mut card.insert(), RSA_2048));
    let mut token = token(&card);
    token.change_pin(&default_pin(), &pin()).unwrap();
    let key = token.generate(P256, &pin()).unwrap();
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[1].content, SlotContent::Pending(key.id()));
    // And the stranger's certificate finds its key.
    let chain = TestAuthority::new().issue(&stranger);
    token.install(&stranger.id(), &pin(), &chain).unwrap();
    assert_eq!(token.contents().unwrap().installed, [stranger.id()]);
}

/// Nor is one overwritten of a kind that is not used here.
#[test]
fn a_key_of_another_kind_is_seen_too() {
    let card = PivCard::fresh();
    piv::generate(&mut card.insert(), P_384);
    let mut token = token(&card);
    token.change_pin(&default_pin(), &pin()).unwrap();
    let key = token.generate(P256, &pin()).unwrap();
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[1].content, SlotContent::Pending(key.id()));
}

#[test]
fn a_discarded_key_makes_room() {
    let (card, _) = personalised();
    let mut token = token(&card);
    let first = token.generate(P256, &pin()).unwrap();
    token.discard(&first.id(), &pin()).unwrap();
    assert_eq!(token.contents().unwrap().pending, []);
    let error = token.sign(&first.id(), &pin(), b"x").unwrap_err();
    assert_eq!(error.fault(), Fault::KeyPendingMissing);
    let second = token.generate(P256, &pin()).unwrap();
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[0].content, SlotContent::Pending(second.id()));
    // The old private key is gone, too: its certificate finds nothing.
    let chain = TestAuthority::new().issue(&first);
    let error = token.install(&first.id(), &pin(), &chain).unwrap_err();
    assert_eq!(error.fault(), Fault::KeyPendingMissing);
}

#[test]
fn a_place_is_cleared_by_its_name() {
    let (card, _) = personalised();
    let mut token = token(&card);
    let key = token.generate(P256, &pin()).unwrap();
    let chain = TestAuthority::new().issue(&key);
    token.install(&key.id(), &pin(), &chain).unwrap();
    assert!(token.clear("9A", &pin()).is_err());
    assert!(token.clear("9C", &wrong()).is_err());
    assert_eq!(token.contents().unwrap().installed, [key.id()]);
    token.clear("9C", &pin()).unwrap();
    assert_eq!(token.contents().unwrap().installed, []);
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[0].content, SlotContent::Empty);
}

#[test]
fn a_foreign_certificate_is_refused() {
    let (card, _) = personalised();
    let mut token = token(&card);
    let key = token.generate(P256, &pin()).unwrap();
    let other = keystore::PrivateKey::generate(P256).unwrap();
    let chain = TestAuthority::new().issue(other.public());
    let error = token.install(&key.id(), &pin(), &chain).unwrap_err();
    assert!(matches!(error, StorageError::ForeignCertificate));
    let error = token.install(&other.public().id(), &pin(), &chain);
    assert_eq!(error.unwrap_err().fault(), Fault::KeyPendingMissing);
    assert_eq!(token.contents().unwrap().pending, [key.id()]);
}

#[test]
fn a_self_signed_certificate_of_another_program_is_no_placeholder() {
    let (card, _) = personalised();
    let mut token = token(&card);
    let key = token.generate(P256, &pin()).unwrap();
    let name = keystore::subject::distinguished_name(vec![]).unwrap();
    let contents = certificate::Contents {
        serial: certificate::Serial::random().unwrap(),
        issuer: name.clone(),
        subject: name,
        validity: certificate::years(test_authority::NOW, 1).unwrap(),
        key: key.clone(),
        extensions: Vec::new(),
    };
    let draft = certificate::Draft::new(contents, &key).unwrap();
    let signature = token.sign(&key.id(), &pin(), draft.to_be_signed()).unwrap();
    let chain = keystore::Chain::new(vec![draft.signed(&signature).unwrap()]).unwrap();
    token.install(&key.id(), &pin(), &chain).unwrap();
    assert_eq!(token.contents().unwrap().installed, [key.id()]);
}

#[test]
fn a_pulled_card_is_called_that() {
    let (card, _) = personalised();
    let mut old = token(&card);
    let mut new = token(&card);
    assert_eq!(old.status().unwrap_err().fault(), Fault::TokenPulled);
    new.status().unwrap();
}
