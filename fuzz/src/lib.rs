//! What several targets trust.

use specimen::{Authority, AuthorityConfig, Digest, Scheme, SeededRandom};

/// The issuing state of the seeds, and what made it, from where its documents go on.
/// Its keys are RSA: verified in microseconds, brainpool curves in milliseconds.
pub fn authority() -> (Authority, SeededRandom) {
    let mut random = SeededRandom::new(1);
    let rsa = Scheme::RsaPkcs1 {
        bits: 2048,
        exponent: 65537,
        digest: Digest::Sha256,
    };
    let config = AuthorityConfig {
        csca: rsa,
        signer: rsa,
        ..AuthorityConfig::default()
    };
    let authority = Authority::with("KZ", config, &mut random).expect("an authority");
    (authority, random)
}
