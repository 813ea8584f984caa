//! Cards that answer what they should not: full ones, broken ones, hostile ones. An error
//! with its name, never a panic, and nothing on the card that the next try trips over.

mod support;
mod test_authority;

use apdu::{CardChannel, ChannelError};
use exchange::{KeyAlgorithm, Secret};
use faults::Fault;
use keystore::{KeyStorage, PivToken, StorageError, Token};
use proptest::prelude::*;
use support::piv::{KIND, P256, default_pin, personalised, pin, token};
use test_authority::TestAuthority;
use virtual_token::{PivCard, PivChannel};

const PUT_DATA: u8 = 0xDB;
const CHAINED: u8 = 0x10;

/// Has no space left for the object behind so many more.
struct Full {
    channel: PivChannel,
    objects: usize,
}

impl CardChannel for Full {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if command[1] == PUT_DATA && command[0] & CHAINED == 0 {
            match self.objects.checked_sub(1) {
                Some(left) => self.objects = left,
                None => return Ok(vec![0x6A, 0x84]),
            }
        }
        self.channel.transmit(command)
    }
}

fn full(card: &PivCard, objects: usize) -> PivToken<Full> {
    let channel = card.insert();
    PivToken::new(Full { channel, objects }, KIND)
}

#[test]
fn a_full_card_is_called_that_and_loses_nothing() {
    let (card, _) = personalised();
    // For neither the mark nor the placeholder.
    for objects in [0, 1] {
        let error = full(&card, objects).generate(P256, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenFull);
        assert_eq!(token(&card).contents().unwrap().pending, []);
    }
    let key = full(&card, 2).generate(P256, &pin()).unwrap();
    let slots = token(&card).status().unwrap().slots;
    assert_eq!(slots[0].content, keystore::SlotContent::Pending(key.id()));

    let chain = TestAuthority::new().issue(&key);
    let error = full(&card, 0).install(&key.id(), &pin(), &chain);
    assert_eq!(error.unwrap_err().fault(), Fault::TokenFull);
    token(&card).install(&key.id(), &pin(), &chain).unwrap();
}

/// Turns bits of one answer over.
struct Broken {
    channel: PivChannel,
    answers: usize,
    byte: prop::sample::Index,
    bits: u8,
}

impl CardChannel for Broken {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let mut answer = self.channel.transmit(command)?;
        if self.answers == 0 {
            let at = self.byte.index(answer.len());
            answer[at] ^= self.bits;
        }
        self.answers = self.answers.wrapping_sub(1);
        Ok(answer)
    }
}

/// Says what it is told to, then is gone.
struct Answers(std::vec::IntoIter<Vec<u8>>);

impl CardChannel for Answers {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.0.next().ok_or(ChannelError::Removed)
    }
}

fn answers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let status = prop_oneof![
        5 => Just([0x90, 0x00]),
        1 => Just([0x61, 0x20]),
        1 => Just([0x63, 0xC2]),
        1 => Just([0x6A, 0x82]),
        1 => any::<[u8; 2]>(),
    ];
    // Around random bytes, the heads of what is expected.
    let head = prop_oneof![
        Just(vec![]),
        Just(vec![0x53]),
        Just(vec![0x53, 0x82, 0x01, 0x00, 0x70]),
        Just(vec![0x7C, 0x0A, 0x80, 0x08]),
        Just(vec![0x7F, 0x49, 0x43, 0x86, 0x41, 0x04]),
        Just(vec![0x61]),
    ];
    let body = prop::collection::vec(any::<u8>(), 0..80);
    let answer =
        (head, body, status).prop_map(|(head, body, status)| [&head[..], &body, &status].concat());
    let short = prop::collection::vec(any::<u8>(), 0..2);
    prop::collection::vec(prop_oneof![20 => answer, 1 => short], 0..40)
}

proptest! {
    #[test]
    fn any_answers_are_borne(answers in answers()) {
        let token = || PivToken::new(Answers(answers.clone().into_iter()), KIND);
        let id = "2a".repeat(20).parse().unwrap();
        let _ = token().status();
        let _ = token().contents();
        for algorithm in [P256, KeyAlgorithm::Rsa2048] {
            let made: Result<_, StorageError> = token().generate(algorithm, &pin());
            prop_assert!(made.is_err());
        }
        prop_assert!(token().sign(&id, &pin(), b"x").is_err());
        prop_assert!(token().read_back(&id, &pin()).is_err());
        let _ = token().discard(&id, &pin());
        let _ = token().clear("9C", &pin());
        let _ = token().change_pin(&default_pin(), &pin());
        let _ = token().unblock(&Secret::from("12345678"), &pin());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever one wrong answer led to, with right ones it ends well.
    #[test]
    fn a_broken_answer_is_noticed_or_does_no_harm(
        answers in 0_usize..28,
        byte in any::<prop::sample::Index>(),
        bits in 1_u8..,
    ) {
        let (card, _) = personalised();
        let channel = card.insert();
        let broken = Broken { channel, answers, byte, bits };
        let made = PivToken::new(broken, KIND).generate(P256, &pin());
        let mut token = token(&card);
        let pending = token.contents().unwrap().pending;
        if let Ok(key) = &made {
            prop_assert_eq!(&pending[..], [key.id()]);
        }
        let key = match pending[..] {
            [] => token.generate(P256, &pin()).unwrap(),
            [id] => token.read_back(&id, &pin()).unwrap().key,
            _ => panic!("two keys"),
        };
        let chain = TestAuthority::new().issue(&key);
        token.install(&key.id(), &pin(), &chain).unwrap();
    }
}
