//! PIV cards in software, and what another program does to them.

use apdu::{CardChannel, Command, Response};
use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{PivToken, PublicKey, Token};
use openssl::symm::{Cipher, Crypter, Mode};
use virtual_token::{PivCard, PivChannel};

pub const KIND: StorageType = StorageType::AKKaztokenStore;
pub const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

pub fn default_pin() -> Secret {
    Secret::from("123456")
}

pub fn pin() -> Secret {
    Secret::from("80531927")
}

/// As if just put in.
pub fn token(card: &PivCard) -> PivToken<PivChannel> {
    PivToken::new(card.insert(), KIND)
}

/// A card with [`pin`], and its PUK.
pub fn personalised() -> (PivCard, Secret) {
    let card = PivCard::fresh();
    let puk = token(&card).change_pin(&default_pin(), &pin()).unwrap();
    (card, puk.expect("a PUK was made"))
}

/// The default, 3DES.
pub fn default_key() -> Vec<u8> {
    [1, 2, 3, 4, 5, 6, 7, 8].repeat(3)
}

/// Sends a short command that is given up to its data; everything is fetched.
pub fn ask(channel: &mut impl CardChannel, header: [u8; 4], data: &[u8]) -> Response {
    let [cla, ins, p1, p2] = header;
    let mut command = Command::new(ins, p1, p2, data, Some(256));
    command.cla = cla;
    let send = |channel: &mut dyn CardChannel, command: &Command| {
        let answer = channel.transmit(&command.encode(false).unwrap()).unwrap();
        Response::parse(&answer).unwrap()
    };
    let mut response = send(channel, &command);
    while let Some(more) = response.status.more_bytes() {
        let rest = send(channel, &Command::new(0xC0, 0, 0, &[], Some(more)));
        let mut data = response.data.to_vec();
        data.extend_from_slice(&rest.data);
        response = Response::new(&data, rest.status);
    }
    response
}

/// Selects the application and shows the host to have a 3DES management key (SP 800-73-4,
/// part 2, appendix A.2): the card's verdict.
pub fn authenticate(channel: &mut impl CardChannel, key: &[u8]) -> Response {
    let aid = hex::decode("A00000030800001000").unwrap();
    ask(channel, [0, 0xA4, 4, 0], &aid);
    let challenge = ask(channel, [0, 0x87, 3, 0x9B], &[0x7C, 2, 0x81, 0]);
    let mut crypter = Crypter::new(Cipher::des_ede3_ecb(), Mode::Encrypt, key, None).unwrap();
    crypter.pad(false);
    let mut response = [0; 16];
    crypter
        .update(&challenge.data[4..12], &mut response)
        .unwrap();
    let mut answer = vec![0x7C, 0x0A, 0x82, 8];
    answer.extend_from_slice(&response[..8]);
    ask(channel, [0, 0x87, 3, 0x9B], &answer)
}

/// Of a card with the default management key.
pub fn put_data(channel: &mut impl CardChannel, object: &[u8]) {
    assert!(authenticate(channel, &default_key()).status.is_ok());
    assert!(ask(channel, [0, 0xDB, 0x3F, 0xFF], object).status.is_ok());
}

/// In place of the default management key.
pub fn set_management_key(channel: &mut impl CardChannel, algorithm: u8, key: &[u8]) {
    assert!(authenticate(channel, &default_key()).status.is_ok());
    let data = [&[algorithm, 0x9B, key.len() as u8], key].concat();
    assert!(ask(channel, [0, 0xFF, 0xFF, 0xFF], &data).status.is_ok());
}

/// The same with the key behind the PIN (Yubico's "PIN-protected management key").
pub fn protect_management_key(channel: &mut impl CardChannel, algorithm: u8, key: &[u8]) {
    let length = key.len() as u8;
    let head = [
        0x5C,
        3,
        0x5F,
        0xC1,
        9,
        0x53,
        length + 4,
        0x88,
        length + 2,
        0x89,
        length,
    ];
    put_data(channel, &[&head, key].concat());
    set_management_key(channel, algorithm, key);
}

pub fn change_puk(channel: &mut impl CardChannel, old: &str, new: &str) {
    let aid = hex::decode("A00000030800001000").unwrap();
    ask(channel, [0, 0xA4, 4, 0], &aid);
    let data = [old.as_bytes(), new.as_bytes()].concat();
    assert!(ask(channel, [0, 0x24, 0, 0x81], &data).status.is_ok());
}

/// Makes a key in 9C of a fresh card and leaves it without certificate; what the card
/// says of it.
pub fn generate(channel: &mut impl CardChannel, algorithm: u8) -> Response {
    assert!(authenticate(channel, &default_key()).status.is_ok());
    let template = [0xAC, 3, 0x80, 1, algorithm];
    let answer = ask(channel, [0, 0x47, 0, 0x9C], &template);
    assert!(answer.status.is_ok());
    answer
}

/// Of an RSA key with 2048 bits.
pub fn public_key(answer: &Response) -> PublicKey {
    let n = openssl::bn::BigNum::from_slice(&answer.data[9..265]).unwrap();
    let e = openssl::bn::BigNum::from_u32(65537).unwrap();
    let rsa = openssl::rsa::Rsa::from_public_components(n, e).unwrap();
    PublicKey::from_der(&rsa.public_key_to_der().unwrap()).unwrap()
}
