//! Ending a certificate at the authority: with OpenSSL's, and behind somebody who
//! changes what it answers.

mod support;

use cmp::{
    Body, CertId, Client, Error, ErrorContent, FailInfo, Mac, Message, RevRepContent, Status,
    StatusInfo, protect,
};
use der::{Decode, Encode};
use support::{
    PKI,
    http::{Http, Spoiled},
    now,
    server::Server,
    shared_secret,
};
use x509_cert::{ext::pkix::CrlReason, serial_number::SerialNumber};

fn revoke(server: &Server, name: &str) -> (Http, Result<(), Error>) {
    let http = Http::to(server.port);
    let office = PKI.signing();
    let certificate = PKI.certificate(name);
    let reason = CrlReason::KeyCompromise;
    let done = Client::new(&office, &http).revoke(&certificate, reason, now());
    (http, done)
}

#[test]
fn a_certificate_is_named_by_issuer_and_serial_number_with_one_reason() {
    let server = Server::signing("citizen", "");
    let (http, done) = revoke(&server, "citizen");
    done.unwrap();
    assert_eq!(http.said(), ["rr"]);
    let Body::Rr(said) = http.last_sent().body else {
        panic!("no revocation request");
    };
    let [details] = said.as_slice() else {
        panic!("not one");
    };
    let citizen = PKI.certificate("citizen");
    let contents = citizen.certificate().tbs_certificate();
    let template = &details.cert_details;
    assert_eq!(
        template.serial_number.as_ref(),
        Some(contents.serial_number())
    );
    assert_eq!(template.issuer.as_ref(), Some(contents.issuer()));
    let [entry] = details.crl_entry_details.as_deref().unwrap() else {
        panic!("not one extension");
    };
    assert_eq!(entry.extn_id.to_string(), "2.5.29.21");
    assert!(!entry.critical);
    // ENUMERATED 1, keyCompromise.
    assert_eq!(entry.extn_value.as_bytes(), [0x0a, 1, 1]);
}

/// What OpenSSL's own client sends for the same certificate, its names apart.
#[test]
fn openssl_says_the_same() {
    let server = Server::signing("citizen", "");
    let (http, done) = revoke(&server, "citizen");
    done.unwrap();
    let own = "-cert office.pem -key office.key -trusted cmp-ca.pem -reqout openssl.rr";
    let address = format!("-server localhost:{} -path /", server.port);
    PKI.openssl(
        &format!("cmp -cmd rr -oldcert citizen.pem -revreason 1 {address} {own}"),
        &["-config", ""],
    );
    let theirs = std::fs::read(PKI.path("openssl.rr")).unwrap();
    let theirs = Message::from_der(&theirs).unwrap();
    assert_eq!(theirs.body, http.last_sent().body);
}

#[test]
fn another_certificate_than_the_authority_gave_is_refused() {
    let server = Server::signing("citizen", "");
    let (_, refused) = revoke(&server, "namesake");
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}

#[test]
fn an_authority_that_says_no() {
    let server = Server::signing("citizen", "-pkistatus 2 -failure 23");
    let (_, refused) = revoke(&server, "citizen");
    let Err(Error::Refused(status)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(status.to_string(), "rejection notAuthorized");
    let server = Server::signing("citizen", "-send_error -failure 2");
    let (_, refused) = revoke(&server, "citizen");
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}

#[test]
fn what_is_revoked_already_is_no_error() {
    let server = Server::signing("citizen", "-pkistatus 2 -failure 10");
    revoke(&server, "citizen").1.unwrap();
    // Some say it by an error message.
    said(|body| {
        *body = Body::Error(ErrorContent {
            status: StatusInfo::rejection(FailInfo::CERT_REVOKED, "").unwrap(),
            error_code: None,
            error_details: None,
        });
    })
    .unwrap();
}

#[test]
fn an_answer_without_protection_ends_nothing() {
    let server = Server::signing("citizen", "-send_unprotected");
    let (_, refused) = revoke(&server, "citizen");
    assert!(matches!(refused, Err(Error::Protection(_))), "{refused:?}");
    let server = Server::signing_as("impostor", "citizen", "");
    let (_, refused) = revoke(&server, "citizen");
    assert!(matches!(refused, Err(Error::Signer(_))), "{refused:?}");
}

#[test]
fn an_answer_to_an_earlier_request_ends_nothing() {
    let server = Server::signing("citizen", "");
    let (first, done) = revoke(&server, "citizen");
    done.unwrap();
    let old = first.received.lock().unwrap()[0].clone();
    let http = Http::to(server.port);
    let spoil = |_| old.clone();
    let office = PKI.signing();
    let citizen = PKI.certificate("citizen");
    let refused = Client::new(&office, &Spoiled { http, spoil }).revoke(
        &citizen,
        CrlReason::Superseded,
        now(),
    );
    assert!(matches!(refused, Err(Error::Transaction)), "{refused:?}");
}

/// What an authority that knows the secret could say and should not.
fn said(change: impl Fn(&mut Body) + Send + Sync) -> Result<(), Error> {
    let server = Server::sharing("citizen", "");
    let spoil = |answer: Vec<u8>| {
        let Message {
            header, mut body, ..
        } = Message::from_der(&answer).unwrap();
        change(&mut body);
        protect(header, &body, &shared_secret(Mac::Pbm)).unwrap()
    };
    let http = Http::to(server.port);
    let mut office = PKI.sharing();
    office.recipient = Default::default();
    let citizen = PKI.certificate("citizen");
    Client::new(&office, &Spoiled { http, spoil }).revoke(&citizen, CrlReason::Superseded, now())
}

fn content(body: &mut Body) -> &mut RevRepContent {
    match body {
        Body::Rp(content) => content,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn one_status_about_the_one_certificate() {
    said(|_| ()).unwrap();
    // The certificate need not be named again.
    said(|body| content(body).rev_certs = None).unwrap();
    for (what, refused) in [
        ("no status", said(|body| content(body).status.clear())),
        (
            "two",
            said(|body| {
                let again = content(body).status[0].clone();
                content(body).status.push(again);
            }),
        ),
        (
            "another serial number",
            said(|body| {
                let named = &mut content(body).rev_certs.as_mut().unwrap()[0];
                named.serial_number = SerialNumber::new(&[7]).unwrap();
            }),
        ),
        (
            "another issuer",
            said(|body| {
                let named = &mut content(body).rev_certs.as_mut().unwrap()[0];
                named.issuer = cmp::directory_name(PKI.certificate("root").subject());
            }),
        ),
        (
            "two certificates",
            said(|body| {
                let named: &mut Vec<CertId> = content(body).rev_certs.as_mut().unwrap();
                named.push(named[0].clone());
            }),
        ),
    ] {
        assert!(
            matches!(refused, Err(Error::CertReqId)),
            "{what}: {refused:?}"
        );
    }
    let refused = said(|body| *body = Body::PkiConf);
    assert!(matches!(refused, Err(Error::UnexpectedBody("pkiconf"))));
}

#[test]
fn nothing_but_yes_is_yes() {
    for status in [
        Status::Waiting,
        Status::Other(4),
        Status::Other(5),
        Status::Other(9),
    ] {
        let refused = said(|body| content(body).status[0] = StatusInfo::of(status));
        let Err(Error::Refused(said)) = refused else {
            panic!("{status:?}: {refused:?}");
        };
        assert_eq!(said.status(), status);
    }
    // A reason counts only beside a refusal.
    let refused = said(|body| {
        let rejection = StatusInfo::rejection(FailInfo::CERT_REVOKED, "").unwrap();
        let mut der = rejection.to_der().unwrap();
        // SEQUENCE { INTEGER status, ...
        der[4] = 3;
        content(body).status[0] = StatusInfo::from_der(&der).unwrap();
    });
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}
