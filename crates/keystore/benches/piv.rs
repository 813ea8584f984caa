//! How long issuing on a PIV token takes that needs 10 ms an APDU: key with placeholder,
//! request, proof, certificate, reading back. What the software card computes beyond these
//! 10 ms, above all for making the key, is not counted, nor is anything of the network.
//!
//! Fails where a number is above its limit.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use apdu::{CardChannel, ChannelError};
use exchange::{KeyAlgorithm, Secret, SubmissionId, UnixMillis};
use keystore::{KeyStorage, PivToken, Token};
use support::piv::{KIND, default_pin, pin};
use test_authority::{Citizen, TestAuthority};
use virtual_token::{PivCard, PivChannel};

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/test_authority/mod.rs"]
mod test_authority;

const LATENCY: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_millis(1_500);

/// A channel whose every APDU takes as long.
struct Slow {
    channel: PivChannel,
    /// What the card took longer.
    beyond: Duration,
}

impl CardChannel for &mut Slow {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let begun = Instant::now();
        let answer = self.channel.transmit(command);
        let taken = begun.elapsed();
        std::thread::sleep(LATENCY.saturating_sub(taken));
        self.beyond += taken.saturating_sub(LATENCY);
        answer
    }
}

fn main() -> ExitCode {
    let mut passed = true;
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        passed &= measure(algorithm);
    }
    match passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn measure(algorithm: KeyAlgorithm) -> bool {
    let card = PivCard::fresh();
    PivToken::new(card.insert(), KIND)
        .change_pin(&default_pin(), &pin())
        .expect("a PIN of its own");
    let mut slow = Slow {
        channel: card.insert(),
        beyond: Duration::ZERO,
    };
    let authority = TestAuthority::new();
    let begun = Instant::now();
    let steps = issue(&card, PivToken::new(&mut slow, KIND), algorithm, &authority);
    let time = begun.elapsed() - slow.beyond;
    let holds = time <= LIMIT;
    let steps: Vec<String> = steps
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    println!(
        "PIV, {algorithm:?}: {} APDUs ({}), {} ms (at most {}); the software card took {} ms \
         longer{}",
        card.apdus(),
        steps.join(", "),
        time.as_millis(),
        LIMIT.as_millis(),
        slow.beyond.as_millis(),
        if holds { "" } else { ": TOO MUCH" },
    );
    holds
}

/// The APDUs of each step.
fn issue(
    card: &PivCard,
    mut token: PivToken<&mut Slow>,
    algorithm: KeyAlgorithm,
    authority: &TestAuthority,
) -> Vec<(&'static str, usize)> {
    let secret: Secret = pin();
    let mut steps = Vec::new();
    let mut before = 0;
    let mut step = |name| {
        let now = card.apdus();
        steps.push((name, now - before));
        before = now;
    };
    let key = token.generate(algorithm, &secret).expect("a key");
    step("generate");
    let citizen = Citizen::aigul();
    keystore::request(&mut token, &key, &secret, citizen.subject(), None).expect("a request");
    step("request");
    let submission = SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[7; 10]);
    let nonce = "ab".repeat(32);
    keystore::prove(&mut token, &key.id(), &secret, submission, &nonce).expect("a proof");
    step("prove");
    let chain = authority.issue(&key);
    token
        .install(&key.id(), &secret, &chain)
        .expect("installed");
    step("install");
    token.read_back(&key.id(), &secret).expect("read back");
    step("read back");
    steps
}
