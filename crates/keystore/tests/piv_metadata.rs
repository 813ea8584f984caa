//! A card that tells of its keys and PINs as Yubico's do, and one whose owner keeps the
//! management key behind the PIN already.

mod support;

use apdu::{CardChannel, ChannelError};
use exchange::Secret;
use faults::Fault;
use keystore::{KeyStorage, PivToken, SlotContent, Token};
use support::piv::{self, KIND, P256, default_pin, pin};
use virtual_token::{PivCard, PivChannel};

const VERIFY: u8 = 0x20;
const GET_METADATA: u8 = 0xF7;

/// Answers GET METADATA in the card's place; refuses what is not `told`.
struct Telling {
    channel: PivChannel,
    told: Vec<(u8, &'static str)>,
    asked: Vec<u8>,
}

impl CardChannel for &mut Telling {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.asked.push(command[1]);
        if command[1] != GET_METADATA {
            return self.channel.transmit(command);
        }
        let told = self
            .told
            .iter()
            .find(|(reference, _)| *reference == command[3]);
        let answer = told.map_or("6A88", |(_, answer)| answer);
        Ok(hex::decode(answer).unwrap())
    }
}

fn telling(card: &PivCard, told: &[(u8, &'static str)]) -> Telling {
    Telling {
        channel: card.insert(),
        told: told.to_vec(),
        asked: Vec::new(),
    }
}

const DEFAULT_PIN: (u8, &str) = (0x80, "0101FF050101060203039000");
const OWN_PIN: (u8, &str) = (0x80, "0101FF050100060203039000");
const DEFAULT_PUK: (u8, &str) = (0x81, "0101FF050101060203039000");
const OWN_PUK: (u8, &str) = (0x81, "0101FF050100060203029000");
const TRIPLE_DES: (u8, &str) = (0x9B, "010103020200010501019000");
const P256_IN_9C: (u8, &str) = (0x9C, "010111020203010301019000");

#[test]
fn a_default_pin_is_told_without_a_try() {
    let card = PivCard::fresh();
    let mut telling = telling(&card, &[DEFAULT_PIN, DEFAULT_PUK]);
    let mut token = PivToken::new(&mut telling, KIND);
    let status = token.status().unwrap();
    assert_eq!(status.pin.is_default, Some(true));
    assert_eq!(status.puk.unwrap().tries_left, Some(3));
    // Whatever was typed.
    let error = token.generate(P256, &pin()).unwrap_err();
    assert_eq!(error.fault(), Fault::TokenPinDefault);
    assert!(!telling.asked.contains(&VERIFY));
}

#[test]
fn a_key_that_is_told_of_is_not_overwritten() {
    let (card, _) = piv::personalised();
    let mut telling = telling(&card, &[OWN_PIN, OWN_PUK, TRIPLE_DES, P256_IN_9C]);
    let mut token = PivToken::new(&mut telling, KIND);
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[0].content, SlotContent::Unknown);
    assert_eq!(slots[1].content, SlotContent::Empty);
    let key = token.generate(P256, &pin()).unwrap();
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[1].content, SlotContent::Pending(key.id()));
}

/// No try of the owner's PUK is lost where the card tells that it is the owner's.
#[test]
fn the_owners_puk_is_left_alone() {
    let card = PivCard::fresh();
    let own = Secret::from("24681357");
    piv::change_puk(&mut card.insert(), "12345678", own.expose());
    let mut telling = telling(&card, &[DEFAULT_PIN, OWN_PUK, TRIPLE_DES]);
    let mut token = PivToken::new(&mut telling, KIND);
    assert_eq!(token.change_pin(&default_pin(), &pin()).unwrap(), None);
    token.unblock(&own, &pin()).unwrap();
    token.generate(P256, &pin()).unwrap_err();
    // The card without the words put into its mouth: nothing is default any more.
    piv::token(&card).generate(P256, &pin()).unwrap();
}

/// Where it does not tell, one try is lost, and the owner's PUK stays.
#[test]
fn a_puk_that_was_changed_is_found_out_once() {
    let card = PivCard::fresh();
    let own = Secret::from("24681357");
    piv::change_puk(&mut card.insert(), "12345678", own.expose());
    let mut token = piv::token(&card);
    assert_eq!(token.change_pin(&default_pin(), &pin()).unwrap(), None);
    let next = Secret::from("246813");
    assert_eq!(token.change_pin(&pin(), &next).unwrap(), None);
    token.unblock(&own, &pin()).unwrap();
}

/// AES-256, stored by another program as Yubico documents it.
#[test]
fn a_management_key_behind_the_pin_is_used() {
    let card = PivCard::fresh();
    let key = [0x5A; 32];
    piv::protect_management_key(&mut card.insert(), 0x0C, &key);
    let mut token = piv::token(&card);
    assert_eq!(token.change_pin(&default_pin(), &pin()).unwrap(), None);
    let made = token.generate(P256, &pin()).unwrap();
    assert!(made.verifies(b"x", &token.sign(&made.id(), &pin(), b"x").unwrap()));
}

#[test]
fn a_management_key_that_nobody_told_is_named() {
    let card = PivCard::fresh();
    piv::set_management_key(&mut card.insert(), 0x0C, &[0x5A; 32]);
    let mut token = piv::token(&card);
    token.change_pin(&default_pin(), &pin()).unwrap();
    let error = token.generate(P256, &pin()).unwrap_err();
    assert_eq!(error.fault(), Fault::TokenManagementKey);
}

/// Another program compressed it: neither read nor overwritten.
#[test]
fn a_compressed_certificate_is_left_alone() {
    let card = PivCard::fresh();
    let object = hex::decode("5C035FC10A530B70041F8B0800710101FE00").unwrap();
    piv::put_data(&mut card.insert(), &object);
    let mut token = piv::token(&card);
    token.change_pin(&default_pin(), &pin()).unwrap();
    assert_eq!(
        token.status().unwrap().slots[0].content,
        SlotContent::Unknown
    );
    let key = keystore::PrivateKey::generate(P256).unwrap().public().id();
    let error = token.sign(&key, &pin(), b"x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificate on the token is compressed, which is not supported"
    );
    let made = token.generate(P256, &pin()).unwrap();
    let slots = token.status().unwrap().slots;
    assert_eq!(slots[1].content, SlotContent::Pending(made.id()));
}
