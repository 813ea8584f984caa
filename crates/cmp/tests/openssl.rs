//! What goes right with a stranger: the mock authority of OpenSSL.

mod support;

use cmp::{Body, Client, Error, FailInfo, Issued, Mac, Progress, Status, Unproven, Waiting};
use exchange::UnixMillis;
use support::{PKI, http::Http, now, server::Server, shared_secret};

fn issued(progress: Progress) -> Issued {
    match progress {
        Progress::Issued(issued) => *issued,
        Progress::Waiting(_) => panic!("still waiting"),
    }
}

fn waiting(progress: Progress) -> Waiting {
    match progress {
        Progress::Waiting(waiting) => waiting,
        Progress::Issued(_) => panic!("already issued"),
    }
}

#[test]
fn a_certificate_is_confirmed_only_when_somebody_says_so() {
    let server = Server::signing("citizen", "");
    let http = Http::to(server.port);
    let office = PKI.signing();
    let client = Client::new(&office, &http);

    let issued = issued(client.begin(&PKI.request(), now()).unwrap());
    assert_eq!(issued.certificate(), PKI.certificate("citizen").der());
    let issuing = PKI.certificate("issuing");
    assert!(issued.extra_certificates().any(|der| der == issuing.der()));
    assert_eq!(http.said(), ["p10cr"]);

    // The office is stopped and started: what it stored is enough.
    let stored = serde_json::to_string(&issued).unwrap();
    let mut issued: Issued = serde_json::from_str(&stored).unwrap();
    let office = PKI.signing();
    let client = Client::new(&office, &http);
    client.confirm(&mut issued, now()).unwrap();
    assert_eq!(http.said(), ["p10cr", "certConf"]);
    let Body::CertConf(said) = http.last_sent().body else {
        panic!("no confirmation");
    };
    assert_eq!(said[0].status.as_ref().unwrap().status(), Status::Accepted);
}

#[test]
fn a_certificate_that_did_not_reach_its_key_is_rejected() {
    let server = Server::signing("citizen", "");
    let http = Http::to(server.port);
    let office = PKI.signing();
    let client = Client::new(&office, &http);
    let mut issued = issued(client.begin(&PKI.request(), now()).unwrap());
    client
        .reject(&mut issued, FailInfo::SYSTEM_FAILURE, "not stored", now())
        .unwrap();
    let Body::CertConf(said) = http.last_sent().body else {
        panic!("no confirmation");
    };
    let status = said[0].status.as_ref().unwrap();
    assert_eq!(status.to_string(), "rejection systemFailure");
    assert_eq!(status.text(), ["not stored"]);
}

#[test]
fn an_authority_that_takes_its_time_is_asked_when_it_wants_to_be() {
    let server = Server::signing("citizen", "-poll_count 3 -check_after 40");
    let http = Http::to(server.port);
    let office = PKI.signing();
    let client = Client::new(&office, &http);
    let mut at = now();
    let mut waiting = waiting(client.begin(&PKI.request(), at).unwrap());
    let mut issued = loop {
        let stored = serde_json::to_string(&waiting).unwrap();
        waiting = serde_json::from_str(&stored).unwrap();
        if let Some(issued) = client.poll(&mut waiting, at).unwrap() {
            break issued;
        }
        let due = waiting.ask_at();
        assert_eq!(due, at.plus_millis(40_000));
        let early = client.poll(&mut waiting, UnixMillis(due.0 - 1));
        assert!(matches!(early, Err(Error::TooEarly)));
        at = due;
    };
    client.confirm(&mut issued, at).unwrap();
    let said = ["p10cr", "pollReq", "pollReq", "pollReq", "certConf"];
    assert_eq!(http.said(), said);
}

#[test]
fn a_shared_secret_protects_both_directions() {
    let server = Server::sharing("citizen", "-poll_count 1");
    let http = Http::to(server.port);
    let mut office = PKI.sharing();
    // It has no certificate to give it a name.
    office.recipient = Default::default();
    let client = Client::new(&office, &http);
    let mut waiting = waiting(client.begin(&PKI.request(), now()).unwrap());
    let mut issued = client.poll(&mut waiting, now()).unwrap().unwrap();
    client.confirm(&mut issued, now()).unwrap();

    // What OpenSSL 3.0 answers with has to be allowed.
    office.hmac_sha1 = false;
    let client = Client::new(&office, &http);
    let refused = client.begin(&PKI.request(), now());
    assert!(matches!(
        refused,
        Err(Error::Protection(Unproven::HmacSha1))
    ));
}

#[test]
fn a_profile_is_asked_for_by_name() {
    let server = Server::signing("citizen", "");
    let http = Http::to(server.port);
    let mut office = PKI.signing();
    office.profile = Some("natural person".into());
    let client = Client::new(&office, &http);
    client.begin(&PKI.request(), now()).unwrap();
    let header = http.last_sent().header;
    assert!(header.says(&cmp::CERT_PROFILE));
    assert!(!header.says(&cmp::IMPLICIT_CONFIRM));
}

/// No released `openssl cmp` knows PBMAC1; `openssl kdf` and `openssl mac` know its
/// two halves.
#[test]
fn openssl_computes_the_same_pbmac1() {
    let server = Server::signing("citizen", "");
    let http = Http::to(server.port);
    let mut office = PKI.signing();
    office.credentials = shared_secret(Mac::Pbmac1);
    let client = Client::new(&office, &http);
    // This server shares no secret: only our message is of interest.
    assert!(client.begin(&PKI.request(), now()).is_err());
    let message = http.last_sent();
    office.verify_protection(&message, now()).unwrap();

    let parameters = message.header.protection_alg.as_ref().unwrap();
    let parameters = der::Encode::to_der(parameters).unwrap();
    let salt = parameters
        .windows(18)
        .find(|w| w.starts_with(&[4, 16]))
        .map(|w| hex::encode(&w[2..]))
        .unwrap();
    let secret = hex::encode(support::SECRET);
    std::fs::write(PKI.path("part"), message.protected_part()).unwrap();
    PKI.openssl(
        "kdf -keylen 32 -binary -out derived -kdfopt digest:SHA256 -kdfopt iter:10000",
        &[
            "-kdfopt",
            &format!("hexpass:{secret}"),
            "-kdfopt",
            &format!("hexsalt:{salt}"),
            "PBKDF2",
        ],
    );
    let derived = hex::encode(std::fs::read(PKI.path("derived")).unwrap());
    PKI.openssl(
        "mac -digest SHA256 -in part -out part.mac -binary",
        &["-macopt", &format!("hexkey:{derived}"), "HMAC"],
    );
    let mac = std::fs::read(PKI.path("part.mac")).unwrap();
    assert_eq!(message.protection(), Some(mac.as_slice()));
}
