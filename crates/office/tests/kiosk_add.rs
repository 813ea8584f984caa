//! What `office kiosk add` gives a technician to take along.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use p256::pkcs8::EncodePublicKey;
use serde_json::json;
use support::{
    Office,
    kiosk::{Kiosk, NewKiosk},
};

const URL: &str = "https://office.example.kz:8443";

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_drive_gets_the_token_and_the_office() {
    let office = Office::start();
    let drive = tempfile::tempdir().unwrap();
    let root = drive.path().to_str().unwrap();
    let folder = drive.path().join("qoltanba");
    let (token, named) = (
        folder.join("provisioning-token"),
        folder.join("office.toml"),
    );
    let add = ["kiosk", "add", "kiosk-1", "--drive", root, "--url", URL];
    let mut tokens = Vec::new();
    // The second replaces what the first wrote.
    for _ in 0..2 {
        let added = office.json(&add);
        assert_eq!(added[0]["written"]["token"], json!(token));
        assert_eq!(added[0]["written"]["office"], json!(named));
        let printed = added[0]["token"].as_str().unwrap().to_owned();
        assert_eq!(text(&token), format!("{printed}\n"));
        let mode = std::fs::metadata(&token).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        tokens.push(printed);
    }
    assert_ne!(tokens[0], tokens[1]);
    let ca = text(&office.dir().join("public/tls_ca.pem"));
    let expected = format!("[office]\nurl = \"{URL}\"\nca = \"\"\"{ca}\"\"\"\n");
    assert_eq!(text(&named), expected);
    let read: toml::Table = toml::from_str(&text(&named)).unwrap();
    assert_eq!(read["office"]["ca"].as_str(), Some(ca.as_str()));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);

    let new = NewKiosk::new(text(&token).trim());
    assert_eq!(new.provision(&office).status, 200, "the token is good");
}

#[test]
fn what_cannot_be_is_refused_before_there_is_a_token() {
    let office = Office::start();
    let drive = tempfile::tempdir().unwrap();
    let root = drive.path().to_str().unwrap();
    let refused = |words: &[&str], why: &str| {
        let output = office.try_command(&[&["kiosk", "add", "kiosk-1"], words].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(told.contains(why), "{told}");
    };
    let plain = "http://office.example.kz";
    refused(&["--drive", root, "--url", plain], "https only");
    refused(&["--drive", root], "--url");
    refused(&["--url", URL], "--drive");
    let absent = format!("{root}/not-mounted");
    refused(&["--drive", &absent, "--url", URL], "mount the drive");
    assert!(!Path::new(&absent).exists());
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 0);
    assert!(office.json(&["kiosk", "list"]).is_empty());
}

#[test]
fn the_office_shows_the_words_of_the_keys_that_it_hands_out() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let der = |pem: &str| {
        let key = office::keys::verifying_key(pem).unwrap();
        key.to_public_key_der().unwrap().into_vec()
    };
    let words = exchange::fingerprint_words(
        &der(&kiosk.provisioned.receipt_key_pem),
        &der(&kiosk.provisioned.decision_key_pem),
    );
    let line = words.join(" ");
    assert_eq!(office.command(&["words"]).trim_end(), line);
    assert_eq!(office.json(&["words"])[0]["words"], json!(words));
    assert_eq!(
        office.json(&["kiosk", "add", "kiosk-2"])[0]["words"],
        json!(words)
    );
    let told = office.command(&["kiosk", "add", "kiosk-3"]);
    assert!(told.contains(&line), "{told}");
}
