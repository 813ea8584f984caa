//! The simulated token behaves as tokens do: it counts, blocks, is full, is pulled.

mod test_authority;

use exchange::{KeyAlgorithm, Secret, StorageType};
use faults::Fault;
use keystore::{KeyStorage, SimulatedToken, Token, TokenFault};
use test_authority::TestAuthority;

const KIND: StorageType = StorageType::AKKaztokenStore;
const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn pin() -> Secret {
    Secret::from("13572468")
}

#[test]
fn a_key_is_made_proven_and_certified() {
    let mut token = SimulatedToken::new(KIND, &pin(), 1);
    let key = token.generate(P256, &pin()).unwrap();
    assert_eq!(token.contents().unwrap().pending, [key.id()]);
    let signature = token.sign(&key.id(), &pin(), b"message").unwrap();
    assert!(key.verifies(b"message", &signature));
    let chain = TestAuthority::new().issue(&key);
    for _ in 0..2 {
        let stored = token.install(&key.id(), &pin(), &chain).unwrap();
        assert_eq!(stored.chain.as_ref(), Some(&chain));
    }
    assert_eq!(token.contents().unwrap().installed, [key.id()]);
    // A key with a certificate is never thrown away.
    token.discard(&key.id(), &pin()).unwrap();
    assert_eq!(token.contents().unwrap().installed, [key.id()]);
    assert_eq!(
        token.generate(P256, &pin()).unwrap_err().fault(),
        Fault::TokenOccupied
    );
}

#[test]
fn three_wrong_pins_block_it() {
    let mut token = SimulatedToken::new(KIND, &pin(), 1);
    let wrong = Secret::from("87654321");
    for left in [2, 1] {
        let error = token.generate(P256, &wrong).unwrap_err();
        assert!(
            matches!(error, keystore::StorageError::WrongSecret { tries_left: Some(n) } if n == left)
        );
        assert_eq!(error.fault(), Fault::TokenPinWrong);
    }
    assert_eq!(
        token.generate(P256, &wrong).unwrap_err().fault(),
        Fault::TokenPinBlocked
    );
    assert_eq!(
        token.generate(P256, &pin()).unwrap_err().fault(),
        Fault::TokenPinBlocked
    );
    let puk = Secret::from(keystore::simulated_token::DEFAULT_PUK);
    let wrong_puk = token
        .unblock(&Secret::from("00000000"), &pin())
        .unwrap_err();
    assert_eq!(wrong_puk.fault(), Fault::TokenPukWrong);
    token.unblock(&puk, &pin()).unwrap();
    token.generate(P256, &pin()).unwrap();
}

#[test]
fn a_right_pin_begins_the_count_anew() {
    let mut token = SimulatedToken::new(KIND, &pin(), 1);
    let wrong = Secret::from("0000");
    for _ in 0..4 {
        assert_eq!(
            token.generate(P256, &wrong).unwrap_err().fault(),
            Fault::TokenPinWrong
        );
        let none = keystore::PrivateKey::generate(P256).unwrap().public().id();
        let error = token.sign(&none, &pin(), b"x").unwrap_err();
        assert_eq!(error.fault(), Fault::KeyPendingMissing);
    }
}

#[test]
fn pulled_at_any_moment_it_can_go_on() {
    let mut token = SimulatedToken::new(KIND, &pin(), 1);
    let key = token.generate(P256, &pin()).unwrap();
    let chain = TestAuthority::new().issue(&key);
    for after in 0..2 {
        token.set_fault(TokenFault::PulledAfter(after));
        let error = token.install(&key.id(), &pin(), &chain).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenMissing);
        assert_eq!(token.contents().unwrap_err().fault(), Fault::TokenMissing);
        token.set_fault(TokenFault::None);
        assert_eq!(token.contents().unwrap().pending, [key.id()]);
    }
    token.install(&key.id(), &pin(), &chain).unwrap();
    token.set_fault(TokenFault::Failing);
    assert_eq!(
        token.read_back(&key.id(), &pin()).unwrap_err().fault(),
        Fault::TokenFailed
    );
}

#[test]
fn kept_in_a_file_it_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.json");
    let open = || SimulatedToken::in_file(KIND, &pin(), 2, &file).unwrap();
    let key = open().generate(KeyAlgorithm::Rsa2048, &pin()).unwrap();
    open().generate(P256, &Secret::from("0")).unwrap_err();
    let error = open()
        .sign(&key.id(), &Secret::from("0"), b"x")
        .unwrap_err();
    assert!(matches!(
        error,
        keystore::StorageError::WrongSecret {
            tries_left: Some(1)
        }
    ));
    let chain = TestAuthority::new().issue(&key);
    open().install(&key.id(), &pin(), &chain).unwrap();
    assert_eq!(
        open().read_back(&key.id(), &pin()).unwrap().chain,
        Some(chain)
    );
}

#[test]
fn the_pin_it_came_with_makes_no_key() {
    let old = Secret::from(keystore::simulated_token::DEFAULT_PIN);
    let mut token = SimulatedToken::new(KIND, &old, 1);
    assert_eq!(token.status().unwrap().pin.is_default, Some(true));
    assert_eq!(
        token.generate(P256, &old).unwrap_err().fault(),
        Fault::TokenPinDefault
    );
    for refused in ["12345", "123456789", "12345678"] {
        let error = token.change_pin(&old, &Secret::from(refused)).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinRule, "{refused}");
    }
    token.change_pin(&old, &pin()).unwrap();
    token.verify_pin(&pin()).unwrap();
    token.generate(P256, &pin()).unwrap();
}
