//! A PIV card enrolled through a real worker, cut at one APDU, and presented again to
//! another worker: the end is a good certificate, or a clean card and then a good
//! certificate; never two keys, and no try of the PIN is lost.

mod stand;

use std::time::{Duration, Instant};

use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{Chain, KeyStorage, PublicKey, SlotContent, StorageError, Token};
use virtual_token::{CountedCard, Cut, PivCard};
use worker::{RemoteToken, TokenEvent};

use crate::kiosk::Kiosk;
use crate::soak::Random;
use crate::test_authority::TestAuthority;
pub use stand::Stand;

const KIND: StorageType = StorageType::Piv;
const DEFAULT_PIN: &str = "123456";
const PIN: &str = "731946";
/// SP 800-73-4 leaves it to the card; this one's.
const TRIES: Option<u8> = Some(3);

/// What cuts an enrolment off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    CardPulled,
    /// By SIGKILL; the card stays where it is.
    WorkerKilled,
    /// pcscd killed, or the reader unplugged with the card in it.
    ReaderLost,
}

/// One cut, drawn by lot.
#[derive(Debug)]
pub struct Round {
    trouble: Trouble,
    cut: Cut,
    algorithm: KeyAlgorithm,
    /// APDUs that go well.
    after: u32,
}

/// How many APDUs an enrolment has.
pub struct Length {
    rsa: u32,
    p256: u32,
}

impl Length {
    /// # Errors
    /// What goes wrong without any trouble.
    pub fn measured_at(stand: &mut Stand) -> Result<Length, String> {
        let mut measure = |algorithm| {
            let card = CountedCard::new(PivCard::fresh());
            let kiosk = presented(stand, &card);
            let begun = card.apdus();
            let mut enrolment = Enrolment::default();
            let done = enrolment.run(&mut kiosk.token(KIND), algorithm);
            done.map_err(|error| format!("without trouble: {error}"))?;
            Ok::<_, String>(card.apdus() - begun)
        };
        Ok(Length {
            rsa: measure(KeyAlgorithm::Rsa2048)?,
            p256: measure(KeyAlgorithm::EcdsaP256)?,
        })
    }
}

impl Round {
    /// RSA once in eight rounds: the card takes seconds for a key.
    pub fn choose(random: &mut Random, length: &Length) -> Round {
        let (algorithm, apdus) = match random.below(8) {
            0 => (KeyAlgorithm::Rsa2048, length.rsa),
            _ => (KeyAlgorithm::EcdsaP256, length.p256),
        };
        Round {
            trouble: match random.below(3) {
                0 => Trouble::CardPulled,
                1 => Trouble::WorkerKilled,
                _ => Trouble::ReaderLost,
            },
            cut: match random.below(2) {
                0 => Cut::BeforeCommand,
                _ => Cut::BeforeAnswer,
            },
            algorithm,
            after: random.below(apdus),
        }
    }

    /// The cut, and what a person does then. What was found on the card, or what is
    /// wrong.
    pub fn run(&self, stand: &mut Stand) -> Result<String, String> {
        let card = CountedCard::new(PivCard::fresh());
        let kiosk = presented(stand, &card);
        let mut enrolment = Enrolment::default();
        card.at(self.after, self.cut, stand.happening(self.trouble));
        let cut = enrolment.run(&mut kiosk.token(KIND), self.algorithm);
        let told = match (&cut, card.forget()) {
            (Ok(()), true) => "over before the cut".to_owned(),
            (Err(error), true) => return Err(format!("before the cut: {error}")),
            (Ok(()), false) => "not noticed".to_owned(),
            (Err(error), false) if self.is_named_by(error) => format!("{:?}", error.fault()),
            (Err(error), false) => return Err(format!("the cut was told as {error}")),
        };
        drop(kiosk);

        let kiosk = presented(stand, &card);
        let found = enrolment.go_on(&mut kiosk.token(KIND), self.algorithm)?;
        Ok(format!("{told}; {found}"))
    }

    fn is_named_by(&self, error: &StorageError) -> bool {
        match self.trouble {
            Trouble::CardPulled => {
                matches!(
                    error,
                    StorageError::TokenPulled | StorageError::TokenMissing
                )
            }
            // Of the worker, the service and the reader the watch tells.
            Trouble::WorkerKilled | Trouble::ReaderLost => {
                matches!(error, StorageError::TokenFailed | StorageError::TokenPulled)
            }
        }
    }
}

fn presented(stand: &mut Stand, card: &CountedCard) -> Kiosk {
    stand.put_in(card);
    let mut kiosk = Kiosk::with(stand.place());
    kiosk.told(TokenEvent::Inserted(KIND));
    kiosk
}

/// What the office knows of it.
#[derive(Default)]
struct Enrolment {
    chain: Option<Chain>,
}

impl Enrolment {
    /// From a card as its maker sells it.
    fn run(&mut self, token: &mut RemoteToken, kind: KeyAlgorithm) -> Result<(), StorageError> {
        let (old, pin) = (Secret::from(DEFAULT_PIN), Secret::from(PIN));
        token.change_pin(&old, &pin)?;
        token.verify_pin(&pin)?;
        let key = token.generate(kind, &pin)?;
        token.sign(&key.id(), &pin, b"request")?;
        let chain = self.chain_for(&key);
        token.install(&key.id(), &pin, &chain)?;
        token.read_back(&key.id(), &pin).map(drop)
    }

    /// One certificate is issued for a key, however often it is installed.
    fn chain_for(&mut self, key: &PublicKey) -> Chain {
        let known = self.chain.take().filter(|chain| chain.key() == key);
        let chain = known.unwrap_or_else(|| TestAuthority::new().issue(key));
        self.chain.insert(chain).clone()
    }

    fn go_on(&mut self, token: &mut RemoteToken, kind: KeyAlgorithm) -> Result<String, String> {
        self.go_on_from_what_lies_there(token, kind)
            .map_err(|error| format!("presented again: {error}"))?
    }

    /// The inner error: what is wrong without an error of the token.
    fn go_on_from_what_lies_there(
        &mut self,
        token: &mut RemoteToken,
        kind: KeyAlgorithm,
    ) -> Result<Result<String, String>, StorageError> {
        let pin = Secret::from(PIN);
        let status = token.status()?;
        if status.pin.tries_left.is_some() && status.pin.tries_left != TRIES {
            return Ok(Err(format!("tries lost: {:?}", status.pin)));
        }
        // As a person: the PIN that was chosen, else the one it came with.
        let is_old = match token.verify_pin(&pin) {
            Err(StorageError::WrongSecret { .. }) => true,
            other => other.map(|()| false)?,
        };
        let old = if is_old { DEFAULT_PIN } else { PIN };
        token.change_pin(&Secret::from(old), &pin)?;

        let seen = token.contents()?;
        let (found, key) = match (&seen.pending[..], &seen.installed[..]) {
            ([], []) => ("clean", token.generate(kind, &pin)?),
            ([id], []) => ("a pending key", token.read_back(id, &pin)?.key),
            ([], [id]) => ("a certificate", token.read_back(id, &pin)?.key),
            _ => return Ok(Err(format!("two keys: {seen:?}"))),
        };
        let chain = self.chain_for(&key);
        token.install(&key.id(), &pin, &chain)?;

        let stored = token.read_back(&key.id(), &pin)?;
        if stored.chain.as_ref().map(Chain::certificate) != Some(chain.certificate()) {
            return Ok(Err("another certificate came back".to_owned()));
        }
        let signature = token.sign(&key.id(), &pin, b"message")?;
        if !key.verifies(b"message", &signature) {
            return Ok(Err("the signature is wrong".to_owned()));
        }
        let status = token.status()?;
        let filled = status.slots.iter().map(|slot| &slot.content);
        let filled: Vec<_> = filled.filter(|c| **c != SlotContent::Empty).collect();
        if filled != [&SlotContent::Installed(key.id())] {
            return Ok(Err(format!("on the card: {filled:?}")));
        }
        match status.pin.tries_left == TRIES {
            true => Ok(Ok(found.to_owned())),
            false => Ok(Err(format!("tries lost at the end: {:?}", status.pin))),
        }
    }
}

/// Rounds at one stand. How many failed, each of which is told.
pub fn rounds(stand: &mut Stand, count: u32, random: &mut Random) -> u32 {
    let length = match Length::measured_at(stand) {
        Ok(length) => length,
        Err(why) => {
            println!("{stand}: FAILED: {why}");
            return count;
        }
    };
    println!(
        "{stand}: {} APDUs with P-256, {} with RSA",
        length.p256, length.rsa
    );
    let mut failures = 0;
    let mut longest = Duration::ZERO;
    for number in 1..=count {
        let round = Round::choose(random, &length);
        println!("{stand} {number}/{count} {round:?}");
        let begun = Instant::now();
        let outcome = round.run(stand).unwrap_or_else(|why| {
            failures += 1;
            format!("FAILED: {why}")
        });
        let took = begun.elapsed();
        longest = longest.max(took);
        println!(
            "{stand} {number}/{count} {outcome} ({} ms)",
            took.as_millis()
        );
    }
    println!("{stand}: {count} rounds, {failures} failed, the longest {longest:.1?}");
    failures
}
