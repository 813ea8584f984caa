//! What this project put on a PIV card, seen by Yubico's tool and OpenSC through a real
//! card service; their signatures are checked by OpenSSL.

mod support;
mod test_authority;

use exchange::{KeyAlgorithm, Secret};
use keystore::{Chain, KeyStorage, PivToken, Token};
use support::piv::{KIND, P256, default_pin};
use support::strangers::Strangers;
use test_authority::TestAuthority;
use virtual_card::{CardService, PORT, PcscChannel, apart_without_documents};
use virtual_token::InsertedCard;

const READER: &str = "Virtual PCD 00 00";
const PIN: &str = "80531927";

#[test]
fn others_sign_with_p256() {
    // Built while there is still a network.
    virtual_token::program();
    apart_without_documents("others_sign_with_p256", || others_sign_with(P256));
}

#[test]
fn others_sign_with_rsa() {
    virtual_token::program();
    apart_without_documents("others_sign_with_rsa", || {
        others_sign_with(KeyAlgorithm::Rsa2048);
    });
}

fn others_sign_with(algorithm: KeyAlgorithm) {
    let _service = CardService::start();
    let _card = InsertedCard::at(PORT);
    let strangers = Strangers::with(&enrol(algorithm), PIN);
    strangers.yubico_piv_tool(READER);
    strangers.pkcs11_tool("opensc-pkcs11.so");
}

/// By this project, through the same card service.
fn enrol(algorithm: KeyAlgorithm) -> Chain {
    let pin = Secret::from(PIN);
    let mut token = PivToken::new(PcscChannel::open(), KIND);
    token.change_pin(&default_pin(), &pin).unwrap();
    let key = token.generate(algorithm, &pin).unwrap();
    let chain = TestAuthority::new().issue(&key);
    token.install(&key.id(), &pin, &chain).unwrap();
    chain
}
