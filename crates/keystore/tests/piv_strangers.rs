//! What this project put on a PIV card, seen by Yubico's tool and OpenSC through a real
//! card service; their signatures are checked by OpenSSL.

mod support;
mod test_authority;

use std::path::Path;
use std::process::{Command, Output};

use exchange::KeyAlgorithm;
use keystore::{KeyStorage, PivToken, Token, certificate};
use support::piv::{KIND, P256, default_pin, pin};
use test_authority::TestAuthority;
use virtual_card::{CardService, PORT, PcscChannel, apart_without_documents};
use virtual_token::InsertedCard;

const READER: &str = "Virtual PCD 00 00";

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
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    enrol(algorithm, at);
    std::fs::write(at.join("message"), "a message").unwrap();
    run(
        at,
        "openssl x509 -in certificate.pem -pubkey -noout -out public.pem",
    );

    let name = match algorithm {
        KeyAlgorithm::EcdsaP256 => "ECCP256",
        KeyAlgorithm::Rsa2048 => "RSA2048",
    };
    let tool = ["yubico-piv-tool", "-r", READER, "-s", "9c"];
    succeeded(
        at,
        &[&tool[..], &["-a", "read-certificate", "-o", "seen.pem"]].concat(),
    );
    let read = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    assert_eq!(read("seen.pem"), read("certificate.pem"));
    let sign = [
        "-a",
        "verify-pin",
        "-P",
        pin_text(),
        "--sign",
        "-H",
        "SHA256",
        "-A",
        name,
    ];
    let files = ["-i", "message", "-o", "yubico.signature"];
    succeeded(at, &[&tool[..], &sign, &files].concat());
    run(
        at,
        "openssl dgst -sha256 -verify public.pem -signature yubico.signature message",
    );

    let (mechanism, format) = match algorithm {
        KeyAlgorithm::EcdsaP256 => ("ECDSA-SHA256", &["--signature-format", "openssl"][..]),
        KeyAlgorithm::Rsa2048 => ("SHA256-RSA-PKCS", &[][..]),
    };
    let tool = [
        "pkcs11-tool",
        "--module",
        "opensc-pkcs11.so",
        "--slot-index",
        "0",
    ];
    let listed = succeeded(at, &[&tool[..], &["--list-objects"]].concat());
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("Certificate Object"), "{listed}");
    // 02: the signature key, SP 800-73-4's second with OpenSC.
    let sign = [
        "--login",
        "--pin",
        pin_text(),
        "--sign",
        "--id",
        "02",
        "--mechanism",
        mechanism,
    ];
    let files = [
        "--input-file",
        "message",
        "--output-file",
        "opensc.signature",
    ];
    succeeded(at, &[&tool[..], &sign, format, &files].concat());
    run(
        at,
        "openssl dgst -sha256 -verify public.pem -signature opensc.signature message",
    );
}

/// By this project, through the same card service; the certificate goes to a file.
fn enrol(algorithm: KeyAlgorithm, at: &Path) {
    let mut token = PivToken::new(PcscChannel::open(), KIND);
    token.change_pin(&default_pin(), &pin()).unwrap();
    let key = token.generate(algorithm, &pin()).unwrap();
    let chain = TestAuthority::new().issue(&key);
    token.install(&key.id(), &pin(), &chain).unwrap();
    let pem = certificate::to_pem(chain.certificate()).unwrap();
    std::fs::write(at.join("certificate.pem"), pem).unwrap();
}

/// Of a card that exists for a second.
fn pin_text() -> &'static str {
    "80531927"
}

fn run(at: &Path, words: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    succeeded(at, &words);
}

fn succeeded(at: &Path, words: &[&str]) -> Output {
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(at)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    assert!(
        output.status.success(),
        "{words:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
