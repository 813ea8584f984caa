//! Technicians' cards, and what others put in their place.

use std::path::PathBuf;

use exchange::{EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, Secret, StorageType};
use keystore::{Chain, KeyStorage, PivToken, PrivateKey, Subject, Token, certificate, csr};
use kiosk::config::TechniciansCard;
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use p256::pkcs8::DecodePrivateKey;
use virtual_token::PivCard;
use x509_cert::der::pem::{LineEnding, encode_string};
use x509_cert::der::{Decode, Encode};

use super::office::Office;
use super::stand::Stand;

pub const NAME: &str = "Сынақ Техник";
/// Of the simulated card.
pub const PIN: &str = "314159";
/// Of the PIV card in software.
pub const PIV_PIN: &str = "731946";

/// `office technician add` for a key; gives the certificate, PEM.
fn certified(office: &Office, request: &[u8]) -> String {
    let file = office.file("technician.csr");
    std::fs::write(&file, request).unwrap();
    let file = file.to_str().unwrap();
    office.run(&["technician", "add", NAME, "--csr", file])
}

fn request(draft_for: &keystore::PublicKey, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let holder = HolderName::new("СЫНАҚ", "ТЕХНИК", "").unwrap();
    let subject = Subject {
        holder: &holder,
        iin: &Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
        email: &EmailAddress::parse("technician@example.kz").unwrap(),
    };
    let draft = csr::Draft::new(subject, StorageType::Piv, None, draft_for).unwrap();
    let signature = sign(draft.to_be_signed());
    draft.signed(&signature).unwrap()
}

/// Key and certificate of a technician of this office.
pub fn technician(office: &Office) -> (PrivateKey, String) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = request(key.public(), |message| key.sign(message).unwrap());
    let pem = certified(office, &request);
    (key, pem)
}

/// A simulated card: two files, and one that says whether it is in.
pub struct Files {
    pub certificate: PathBuf,
    pub serial: String,
    inserted: PathBuf,
}

impl Files {
    /// A technician of this office, with a card that the stand's kiosk will take.
    pub fn of(stand: &mut Stand) -> Files {
        let (key, pem) = technician(&stand.office);
        Self::holding(&key, &pem, stand)
    }

    pub fn holding(key: &PrivateKey, pem: &str, stand: &mut Stand) -> Files {
        let pkcs8 = key.to_pkcs8().unwrap();
        let key_file = stand.path("technician-key.pem");
        let key = encode_string("PRIVATE KEY", LineEnding::LF, &pkcs8).unwrap();
        std::fs::write(&key_file, key).unwrap();
        let files = Files {
            certificate: stand.path("technician.pem"),
            serial: serial(pem),
            inserted: stand.path("technician-is-here"),
        };
        std::fs::write(&files.certificate, pem).unwrap();
        stand.config.maintenance.card = TechniciansCard::Simulated {
            key: key_file,
            certificate: files.certificate.clone(),
            inserted_file: Some(files.inserted.clone()),
        };
        files
    }

    pub fn put_in(&self) {
        std::fs::write(&self.inserted, "").unwrap();
    }

    pub fn take_out(&self) {
        std::fs::remove_file(&self.inserted).unwrap();
    }
}

/// A technician's PIV card in software: PIN set, key made on it, certified by the office.
pub fn piv(office: &Office) -> (PivCard, String) {
    let card = PivCard::fresh();
    let pin = Secret::from(PIV_PIN);
    let mut token = PivToken::new(card.insert(), StorageType::Piv);
    token.change_pin(&Secret::from("123456"), &pin).unwrap();
    let key = token.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
    let request = request(&key, |message| {
        token.sign(&key.id(), &pin, message).unwrap()
    });
    let pem = certified(office, &request);
    let chain = Chain::partial(vec![certificate::from_pem(&pem).unwrap()]).unwrap();
    token.install(&key.id(), &pin, &chain).unwrap();
    (card, serial(&pem))
}

pub fn serial(pem: &str) -> String {
    let certificate = certificate::from_pem(pem).unwrap();
    let bytes = certificate.tbs_certificate().serial_number().as_bytes();
    // As the office names it: without what DER puts before a first bit that is set.
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    hex::encode(&bytes[leading..])
}

/// The same certificate with its days in the past, signed by the office's authority.
pub fn expired(office: &Office, pem: &str) -> String {
    let certificate = certificate::from_pem(pem).unwrap();
    let mut content = certificate.tbs_certificate().to_der().unwrap();
    // UTCTime (X.690, 11.8): year, month, day.
    for moment in [0, 1] {
        let at = times(&content)[moment];
        content[at..at + 2].copy_from_slice(b"25");
    }
    let key = std::fs::read_to_string(office.file("desk/tls_ca_key.pem")).unwrap();
    let key = SigningKey::from_pkcs8_pem(&key).unwrap();
    let signature: DerSignature = key.sign(&content);
    let mut bits = vec![0];
    bits.extend_from_slice(signature.as_bytes());
    let algorithm = certificate.signature_algorithm().to_der().unwrap();
    let body = [content, algorithm, tlv(0x03, &bits)].concat();
    let der = tlv(0x30, &body);
    x509_cert::Certificate::from_der(&der).unwrap();
    encode_string("CERTIFICATE", LineEnding::LF, &der).unwrap()
}

/// Where the values of UTCTime begin.
fn times(content: &[u8]) -> Vec<usize> {
    let is_time = |at: &usize| {
        let of = &content[*at..*at + 15];
        of[..2] == [0x17, 13] && of[14] == b'Z' && of[2..14].iter().all(u8::is_ascii_digit)
    };
    let starts = (0..content.len() - 15).filter(is_time);
    starts.map(|at| at + 2).collect()
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let mut der = vec![tag];
    match length {
        0..=0x7F => der.push(length as u8),
        0x80..=0xFF => der.extend([0x81, length as u8]),
        _ => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend_from_slice(value);
    der
}
