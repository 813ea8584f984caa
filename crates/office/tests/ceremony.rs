//! The authority made apart from the office, and its root brought back.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn office(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_office"))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn done(words: &[&str]) {
    let output = office(words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "office {words:?}: {said}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_authority_made_elsewhere_comes_to_the_office_without_its_root() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let (root, made, dir) = (text("root"), text("issuing"), text("office"));
    done(&["ca", "init", &made, "--root", &root, "--name", "Sample"]);
    assert!(
        !office(&["ca", "init", &made, "--root", &root])
            .status
            .success(),
        "once"
    );

    let init = [
        "init",
        &dir,
        "--issuing",
        &made,
        "--status-listen",
        "127.0.0.1:0",
    ];
    let https = office(&[&init[..], &["--status-url", "https://pki.example.kz"]].concat());
    assert!(!https.status.success() && !at("office").exists());
    done(&[&init[..], &["--status-url", "http://pki.example.kz/"]].concat());
    assert!(!at("office").join(office::init::ROOT_FOLDER).exists());
    let chain = at("office/public/authority_chain.pem");
    assert!(read(&chain).ends_with(&read(&at("root/root.pem"))));
    let settings: toml::Table = read(&at("office/office.toml")).parse().unwrap();
    let url = settings["issue"]["locations"]["ocsp_urls"][0].as_str();
    assert_eq!(url, Some("http://pki.example.kz/ocsp"));

    let before = read(&chain);
    done(&["--dir", &dir, "ca", "renew-issuing", "--root", &root]);
    assert_ne!(read(&chain), before);
    assert_eq!(read(&chain), read(&at("office/issue/chain.pem")));
    let words = ["--dir", &dir, "ca", "renew-issuing", "--root", &made];
    assert!(!office(&words).status.success(), "that is no root");
}
