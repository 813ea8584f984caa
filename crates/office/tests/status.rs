//! What strangers learn of a certificate: OpenSSL asks, by list and by question.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use support::{Office, collection::Collection, eventually};

/// Files that OpenSSL reads, and what it says.
struct Stranger {
    folder: tempfile::TempDir,
    url: String,
}

impl Stranger {
    fn new(office: &Office) -> Self {
        let stranger = Self {
            folder: tempfile::tempdir().unwrap(),
            url: office.status_url(),
        };
        let chain = office.read("public/authority_chain.pem");
        stranger.put("chain.pem", &chain);
        let text = String::from_utf8(chain).unwrap();
        let end = text.find("-----END CERTIFICATE-----\n").unwrap() + 26;
        stranger.put("issuing.pem", &text.as_bytes()[..end]);
        stranger.put("root.pem", &text.as_bytes()[end..]);
        stranger
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Whether OpenSSL was content, and both its streams.
    fn openssl(&self, words: &[&str]) -> (bool, String) {
        let done = Command::new("openssl")
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.success(), text)
    }

    fn ask(&self, about: &[&str]) -> String {
        let url = format!("{}/ocsp", self.url);
        let words = [
            "ocsp",
            "-issuer",
            "issuing.pem",
            "-url",
            &url,
            "-CAfile",
            "chain.pem",
        ];
        let (content, text) = self.openssl(&[&words[..], about].concat());
        assert!(content && text.contains("Response verify OK"), "{text}");
        // It says so when a nonce is not echoed.
        assert!(!text.contains("WARNING"), "{text}");
        text
    }

    fn fetch(&self, path: &str) -> (String, Vec<u8>) {
        self.http(
            &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            b"",
        )
    }

    fn http(&self, head: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let end = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        (head.to_lowercase(), all[end + 4..].to_vec())
    }
}

fn answering() -> Office {
    Office::start_with(|settings| {
        let listen = toml::toml! { listen = "127.0.0.1:0" };
        settings.insert("status".into(), listen.into());
    })
}

#[test]
fn openssl_sees_good_revoked_and_unknown() {
    let s = Collection::with(answering(), true);
    let stranger = Stranger::new(&s.office);
    // Before any certificate there is a list and an answer.
    assert!(stranger.ask(&["-serial", "0x41"]).contains("0x41: unknown"));
    stranger.put("certificate.pem", s.collected().as_bytes());
    let about = ["-cert", "certificate.pem"];
    let good = stranger.ask(&about);
    assert!(good.contains("certificate.pem: good"), "{good}");
    assert!(
        stranger
            .ask(&["-sha256", "-cert", "certificate.pem"])
            .contains(": good")
    );
    assert!(checked_by_list(&stranger).0);

    let (_, serial) = stranger.openssl(&["x509", "-in", "certificate.pem", "-noout", "-serial"]);
    let serial = serial.trim().strip_prefix("serial=").unwrap();
    s.office
        .command(&["revoke", serial, "--reason", "key_compromise"]);
    let revoked = eventually("it is revoked", || {
        let text = stranger.ask(&about);
        text.contains("certificate.pem: revoked").then_some(text)
    });
    assert!(revoked.contains("Reason: keyCompromise"), "{revoked}");
    let (content, text) = checked_by_list(&stranger);
    assert!(!content && text.contains("certificate revoked"), "{text}");

    // Another root's certificate is none of ours, whatever its number.
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout k.pem -out other.pem";
    stranger.openssl(&words.split(' ').collect::<Vec<_>>());
    let url = format!("{}/ocsp", stranger.url);
    let number = format!("0x{serial}");
    let (_, text) = stranger.openssl(&[
        "ocsp",
        "-issuer",
        "other.pem",
        "-serial",
        &number,
        "-url",
        &url,
        "-noverify",
    ]);
    assert!(text.contains(": unknown"), "{text}");
    // Who revoked once may not collect the same application again.
    assert_eq!(
        s.office
            .try_command(&["revoke", serial, "--reason", "superseded"])
            .status
            .code(),
        Some(1)
    );
    let submission = s.application.id;
    let again = s.open(exchange::api::CollectBy::Waiting { submission });
    assert_eq!(again.status, 404);
}

/// With the list as it is served now.
fn checked_by_list(stranger: &Stranger) -> (bool, String) {
    let (head, list) = stranger.fetch("/revoked.crl");
    assert!(
        head.contains("content-type: application/pkix-crl"),
        "{head}"
    );
    stranger.put("revoked.crl", &list);
    let words = "verify -crl_check -CRLfile revoked.crl -CAfile chain.pem certificate.pem";
    stranger.openssl(&words.split(' ').collect::<Vec<_>>())
}

#[test]
fn questions_by_get_may_be_kept_and_bad_ones_are_answered() {
    let s = Collection::with(answering(), true);
    let stranger = Stranger::new(&s.office);
    stranger.put("certificate.pem", s.collected().as_bytes());
    let make = |nonce: &str| {
        let (made, text) = stranger.openssl(&[
            "ocsp",
            "-issuer",
            "issuing.pem",
            "-cert",
            "certificate.pem",
            nonce,
            "-reqout",
            "q.der",
        ]);
        assert!(made, "{text}");
        std::fs::read(stranger.folder.path().join("q.der")).unwrap()
    };
    let verified = |answer: &[u8]| {
        stranger.put("a.der", answer);
        let (content, text) = stranger.openssl(&[
            "ocsp",
            "-issuer",
            "issuing.pem",
            "-cert",
            "certificate.pem",
            "-CAfile",
            "chain.pem",
            "-respin",
            "a.der",
            "-no_nonce",
        ]);
        assert!(content && text.contains("certificate.pem: good"), "{text}");
    };
    let question = make("-no_nonce");
    let encoded = BASE64
        .encode(&question)
        .replace('+', "%2B")
        .replace('=', "%3D");
    for path in [encoded.clone(), encoded.replace('/', "%2F")] {
        let (head, answer) = stranger.fetch(&format!("/ocsp/{path}"));
        for header in [
            "content-type: application/ocsp-response",
            "cache-control: max-age=300, public",
            "expires: ",
            "etag: \"",
            "last-modified: ",
        ] {
            assert!(head.contains(header), "{header}: {head}");
        }
        verified(&answer);
    }
    let with_nonce = BASE64.encode(make("-nonce")).replace('+', "%2B");
    let (head, _) = stranger.fetch(&format!("/ocsp/{with_nonce}"));
    assert!(
        head.contains("cache-control: no-store"),
        "a nonce is for one: {head}"
    );

    // malformedRequest, unsigned: SEQUENCE { ENUMERATED 1 }.
    let malformed = [0x30, 3, 0x0a, 1, 1];
    for path in [
        "/ocsp/MAAw",
        "/ocsp/no%20base64",
        "/ocsp/%",
        "/ocsp/MIIB//8=",
    ] {
        let (head, answer) = stranger.fetch(path);
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert_eq!(answer, malformed, "{path}");
    }
    let post = |body: &[u8]| {
        let head = format!(
            "POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stranger.http(&head, body)
    };
    verified(&post(&question).1);
    assert_eq!(post(b"").1, malformed);
    assert!(post(&[0; 5000]).0.starts_with("http/1.1 413"));
    assert!(stranger.fetch("/elsewhere").0.starts_with("http/1.1 404"));
    let (head, issuer) = stranger.fetch("/issuing.cer");
    assert!(head.contains("application/pkix-cert"), "{head}");
    stranger.put("served.cer", &issuer);
    let show = |file: &str| {
        stranger
            .openssl(&["x509", "-in", file, "-noout", "-fingerprint"])
            .1
    };
    assert_eq!(show("served.cer"), show("issuing.pem"));
}

/// The listening part was never near a key that issues, decides or opens.
#[test]
fn the_part_that_answers_lives_without_every_other_key() {
    let mut office = answering();
    office.stop();
    let dir = office.dir();
    for kept_elsewhere in ["issue", "desk", "receive"] {
        std::fs::rename(
            dir.join(kept_elsewhere),
            dir.join(format!("{kept_elsewhere}.away")),
        )
        .unwrap();
    }
    let mut part = Command::new(env!("CARGO_BIN_EXE_office"))
        .arg("status")
        .arg(&dir)
        .spawn()
        .unwrap();
    let pid = i64::from(part.id());
    let url = eventually("it listens", || {
        let run = std::fs::read(dir.join("run/status.json")).ok()?;
        let run: serde_json::Value = serde_json::from_slice(&run).ok()?;
        (run["pid"] == pid).then(|| format!("http://{}", run["address"].as_str().unwrap()))
    });
    let mut stranger = Stranger {
        folder: tempfile::tempdir().unwrap(),
        url,
    };
    let chain = office.read("public/authority_chain.pem");
    stranger.put("chain.pem", &chain);
    stranger.put("issuing.pem", &chain);
    let text = stranger.ask(&["-serial", "0x4a"]);
    assert!(text.contains("0x4a: unknown"), "{text}");
    stranger.url.clear();
    part.kill().unwrap();
    part.wait().unwrap();
}

#[test]
fn lists_are_numbered_without_a_gap_backwards() {
    let s = Collection::with(Office::start(), true);
    let number = || {
        let der = s.office.read("public/revoked.crl");
        let list: x509_cert::crl::CertificateList = der::Decode::from_der(&der).unwrap();
        let extensions = list.tbs_cert_list.crl_extensions.unwrap();
        let found = extensions
            .iter()
            .find(|e| e.extn_id.to_string() == "2.5.29.20")
            .unwrap();
        let number: u64 = der::Decode::from_der(found.extn_value.as_bytes()).unwrap();
        let revoked = list
            .tbs_cert_list
            .revoked_certificates
            .map_or(0, |r| r.len());
        (number, revoked)
    };
    let (first, none) = number();
    assert_eq!(none, 0, "a list is there from the start");
    let pem = s.collected();
    let serial = support::collection::serial(&pem);
    let colons: Vec<&str> = serial
        .as_bytes()
        .chunks(2)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    let serial = colons.join(":").to_uppercase();
    s.office
        .command(&["revoke", &serial, "--reason", "affiliation_changed"]);
    let (second, one) = eventually("a list with it", || Some(number()).filter(|n| n.1 > 0));
    assert!(second > first && one == 1, "{first} {second}");
    eventually("the same in PEM", || {
        let pem = s.office.read("public/revoked.crl.pem");
        let der = der::pem::decode_vec(&pem).unwrap().1;
        (der == s.office.read("public/revoked.crl")).then_some(())
    });
}
