//! Tokens through a real worker process: a PIV card in software, in a reader of a real
//! pcscd and in a serial writer. Enrolled, tried, pulled.

mod kiosk;
#[path = "../../keystore/tests/test_authority/mod.rs"]
mod test_authority;

use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{KeyStorage, SlotContent, StorageError, Token};
use kiosk::Kiosk;
use test_authority::TestAuthority;
use virtual_card::{CardService, PORT, apart_without_documents};
use virtual_reader::{InsertedCard as CardInWriter, ReaderModel, VirtualSerialReader};
use virtual_token::{InsertedCard, PivCard};
use worker::{RemoteToken, TokenEvent, TokenPlace};

const DEFAULT_PIN: &str = "123456";
const PIN: &str = "731946";

/// From a token as its maker sells it to one with a certificate.
fn enrol(token: &mut RemoteToken) {
    let (old, pin) = (Secret::from(DEFAULT_PIN), Secret::from(PIN));
    let p256 = KeyAlgorithm::EcdsaP256;
    assert!(token.status().unwrap().has_room());
    assert!(matches!(
        token.verify_pin(&old),
        Err(StorageError::TokenPinDefault)
    ));
    assert!(matches!(
        token.generate(p256, &old),
        Err(StorageError::TokenPinDefault)
    ));
    let puk = token.change_pin(&old, &pin).unwrap();
    assert!(puk.is_some_and(|puk| puk.len() == 8));
    assert!(matches!(
        token.verify_pin(&Secret::from("000001")),
        Err(StorageError::WrongSecret { .. })
    ));
    token.verify_pin(&pin).unwrap();

    let key = token.generate(p256, &pin).unwrap();
    assert_eq!(token.contents().unwrap().pending, [key.id()]);
    let signature = token.sign(&key.id(), &pin, b"message").unwrap();
    assert!(key.verifies(b"message", &signature));
    let chain = TestAuthority::new().issue(&key);
    let stored = token.install(&key.id(), &pin, &chain).unwrap();
    assert_eq!(stored.key, key);
    assert_eq!(
        stored.chain.unwrap().certificate(),
        chain.certificate(),
        "what lies on the token is the citizen's own certificate"
    );
    assert_eq!(token.contents().unwrap().installed, [key.id()]);
    let content = SlotContent::Installed(key.id());
    let slots = token.status().unwrap().slots;
    assert!(slots.iter().any(|slot| slot.content == content));
}

#[test]
fn a_token_in_a_reader_is_enrolled() {
    // Built while there is still a network.
    virtual_token::program();
    apart_without_documents("a_token_in_a_reader_is_enrolled", || {
        let _service = CardService::start();
        let mut kiosk = Kiosk::with(TokenPlace::Pcsc {
            reader: "Virtual PCD".into(),
        });
        kiosk.told(TokenEvent::Removed);
        let card = InsertedCard::at(PORT);
        kiosk.told(TokenEvent::Inserted(StorageType::Piv));
        enrol(&mut kiosk.token(StorageType::Piv));
        drop(card);
        kiosk.told(TokenEvent::Removed);
        let gone = kiosk.token(StorageType::Piv).status().unwrap_err();
        assert!(matches!(gone, StorageError::TokenMissing), "{gone}");
    });
}

#[test]
fn a_token_in_the_serial_writer_is_enrolled() {
    let writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    let mut kiosk = Kiosk::with(TokenPlace::Serial {
        tty: writer.path().to_owned(),
    });
    kiosk.told(TokenEvent::Removed);
    let card = PivCard::fresh();
    writer.insert(CardInWriter::reset_by(move || Box::new(card.insert())));
    kiosk.told(TokenEvent::Inserted(StorageType::Piv));
    enrol(&mut kiosk.token(StorageType::Piv));
    writer.take_out();
    kiosk.told(TokenEvent::Removed);
    let gone = kiosk.token(StorageType::Piv).status().unwrap_err();
    assert!(matches!(gone, StorageError::TokenMissing), "{gone}");
}
