//! What goes wrong, each with the error of its own. The authority is OpenSSL's, wrong
//! by itself where it can be, else behind somebody who spoils its answers.

mod support;

use std::sync::Mutex;

use cmp::{
    Body, CertOrEncCert, CertRepMessage, Client, Configuration, Credentials, Error, Header,
    IMPLICIT_CONFIRM, InfoTypeAndValue, Mac, Message, PathError, Patience, Progress, Status,
    StatusInfo, Transport, Unfit, Unproven, Waiting, protect,
};
use der::asn1::{Any, GeneralizedTime, OctetString};
use support::{
    PKI,
    http::{Http, Spoiled},
    now,
    server::Server,
    shared_secret,
};

fn begin(office: &Configuration, transport: &dyn Transport) -> Result<Progress, Error> {
    Client::new(office, transport).begin(&PKI.request(), now())
}

fn refusal(server: &Server) -> Error {
    let http = Http::to(server.port);
    begin(&PKI.signing(), &http).unwrap_err()
}

/// An unfit certificate: why, and that the authority was told.
fn unfit(name: &str) -> Unfit {
    let server = Server::signing(name, "");
    let http = Http::to(server.port);
    let Err(Error::Unfit(why)) = begin(&PKI.signing(), &http) else {
        panic!("{name} was taken");
    };
    assert_eq!(http.said(), ["p10cr", "certConf"]);
    let Body::CertConf(said) = http.last_sent().body else {
        panic!("no confirmation");
    };
    let status = said[0].status.as_ref().unwrap();
    assert_eq!(status.status(), Status::Rejection);
    why
}

#[test]
fn a_certificate_for_another_key_is_rejected_at_the_authority() {
    assert_eq!(unfit("namesake"), Unfit::Key);
}

#[test]
fn a_certificate_for_another_subject_is_rejected_at_the_authority() {
    assert_eq!(unfit("renamed"), Unfit::Subject);
}

#[test]
fn a_certificate_of_another_authority_is_rejected_at_the_authority() {
    assert_eq!(unfit("foreign-issuer"), Unfit::Path(PathError::NoPath));
}

#[test]
fn a_certificate_that_may_issue_others_is_rejected_at_the_authority() {
    assert_eq!(unfit("promoted"), Unfit::Authority);
}

#[test]
fn a_chain_without_its_middle_leads_nowhere() {
    let server = Server::signing("citizen", "-rsp_extracerts cmp-ca.pem");
    let http = Http::to(server.port);
    let refused = begin(&PKI.signing(), &http);
    let expected = Unfit::Path(PathError::NoPath);
    assert!(matches!(refused, Err(Error::Unfit(why)) if why == expected));
    // Unless it is known here.
    let mut office = PKI.signing();
    office.intermediates = vec![PKI.certificate("issuing")];
    begin(&office, &http).unwrap();
}

#[test]
fn a_certificate_out_of_its_time() {
    // It lives for a day, the authority's own for twenty. An authority's clock may be
    // a little ahead of ours, but the certificate must not be over by either.
    let server = Server::signing("short", "");
    let http = Http::to(server.port);
    let mut office = PKI.signing();
    office.clock_difference = 10 * 86_400_000;
    let client = Client::new(&office, &http);
    let at = |days: i64| now().plus_millis(days * 86_400_000);
    let refused = client.begin(&PKI.request(), at(5));
    let expected = Unfit::Path(PathError::Validity);
    assert!(matches!(refused, Err(Error::Unfit(why)) if why == expected));

    office.clock_difference = 30 * 86_400_000;
    let client = Client::new(&office, &http);
    let refused = client.begin(&PKI.request(), at(25));
    let expected = PathError::Validity;
    assert!(matches!(refused, Err(Error::Signer(why)) if why == expected));
}

#[test]
fn an_answer_without_protection() {
    let server = Server::signing("citizen", "-send_unprotected");
    let refused = refusal(&server);
    assert!(matches!(refused, Error::Protection(Unproven::Missing)));
}

#[test]
fn an_answer_signed_under_another_authority() {
    let server = Server::signing_as("impostor", "citizen", "");
    assert!(matches!(refusal(&server), Error::Signer(PathError::NoPath)));
}

#[test]
fn an_answer_of_somebody_else_under_the_same_authority() {
    let server = Server::signing_as("clerk", "citizen", "");
    assert!(matches!(refusal(&server), Error::Sender));
}

#[test]
fn an_answer_signed_with_a_key_that_may_not_sign() {
    let server = Server::signing_as("encryptor", "citizen", "");
    assert!(matches!(
        refusal(&server),
        Error::Signer(PathError::KeyUsage)
    ));
}

#[test]
fn a_secret_that_is_not_shared() {
    let server = Server::sharing("citizen", "");
    let http = Http::to(server.port);
    let mut office = PKI.sharing();
    office.recipient = Default::default();
    let other = cmp::SharedSecret::new(support::REFERENCE, b"another", Mac::Pbm);
    office.credentials = Credentials::Secret(other);
    let refused = begin(&office, &http);
    // The server protects its error message with the right one.
    assert!(matches!(refused, Err(Error::Protection(Unproven::Wrong))));
}

#[test]
fn an_answer_with_one_bit_changed() {
    let server = Server::signing("citizen", "");
    for (what, place) in [("in the certificate", 3), ("in the protection", 2)] {
        let spoil = |mut answer: Vec<u8>| {
            let message = Message::from_der(&answer).unwrap();
            let field = match place {
                2 => message.protection().unwrap().to_vec(),
                _ => PKI.certificate("citizen").der()[100..140].to_vec(),
            };
            let at = answer.windows(field.len()).position(|w| w == field);
            answer[at.unwrap() + field.len() - 1] ^= 1;
            answer
        };
        let http = Http::to(server.port);
        let refused = begin(&PKI.signing(), &Spoiled { http, spoil });
        let wrong = matches!(refused, Err(Error::Protection(Unproven::Wrong)));
        assert!(wrong, "{what}");
    }
}

#[test]
fn an_answer_of_another_transaction() {
    let server = Server::signing("citizen", "");
    let first = Http::to(server.port);
    begin(&PKI.signing(), &first).unwrap();
    let old = first.received.lock().unwrap()[0].clone();
    let http = Http::to(server.port);
    let spoiled = Spoiled {
        http,
        spoil: |_| old.clone(),
    };
    let refused = begin(&PKI.signing(), &spoiled);
    assert!(matches!(refused, Err(Error::Transaction)));
}

fn waiting(office: &Configuration, transport: &dyn Transport) -> Waiting {
    match begin(office, transport).unwrap() {
        Progress::Waiting(waiting) => waiting,
        Progress::Issued(_) => panic!("already issued"),
    }
}

#[test]
fn an_answer_given_twice() {
    let server = Server::signing("citizen", "-poll_count 9");
    let kept = Mutex::new(None);
    let spoil = |answer: Vec<u8>| {
        let mut kept = kept.lock().unwrap();
        kept.get_or_insert(answer).clone()
    };
    let http = Http::to(server.port);
    let spoiled = Spoiled { http, spoil };
    let office = PKI.signing();
    let mut waiting = waiting(&office, &spoiled);
    let refused = Client::new(&office, &spoiled).poll(&mut waiting, now());
    assert!(matches!(refused, Err(Error::Replay)));
}

#[test]
fn an_authority_that_puts_off_for_ever() {
    let server = Server::signing("citizen", "-poll_count 100000 -check_after 1");
    let http = Http::to(server.port);
    let mut office = PKI.signing();
    office.patience = Patience {
        polls: 5,
        total: 3_600_000,
    };
    let client = Client::new(&office, &http);
    let mut waits = waiting(&office, &http);
    for _ in 0..office.patience.polls {
        let at = waits.ask_at();
        assert!(client.poll(&mut waits, at).unwrap().is_none());
    }
    let at = waits.ask_at();
    assert!(matches!(client.poll(&mut waits, at), Err(Error::Patience)));
    assert_eq!(http.said().len(), 6);

    // By the clock instead of the count; no further message goes out. The server
    // counts for all its callers together.
    let server = Server::signing("citizen", "-poll_count 9");
    let http = Http::to(server.port);
    let mut waits = waiting(&office, &http);
    let late = now().plus_millis(3_600_001);
    assert!(matches!(
        client.poll(&mut waits, late),
        Err(Error::Patience)
    ));
    assert_eq!(http.said(), ["p10cr"]);
}

#[test]
fn an_authority_that_wants_to_be_asked_when_it_is_too_late() {
    let server = Server::signing("citizen", "-poll_count 9 -check_after 4000");
    let http = Http::to(server.port);
    let office = PKI.signing();
    let mut waits = waiting(&office, &http);
    let refused = Client::new(&office, &http).poll(&mut waits, now());
    assert!(matches!(refused, Err(Error::Patience)));
}

#[test]
fn an_authority_that_says_no() {
    let server = Server::signing("citizen", "-send_error -failure 2 -statusstring no");
    let Error::Refused(status) = refusal(&server) else {
        panic!("not refused");
    };
    assert_eq!(status.to_string(), "rejection badRequest");
    let server = Server::signing("citizen", "-pkistatus 2 -failure 9");
    let Error::Refused(status) = refusal(&server) else {
        panic!("not refused");
    };
    assert_eq!(status.to_string(), "rejection badPOP");
}

#[test]
fn no_authority_at_all() {
    let server = Server::signing("citizen", "");
    let http = Http::to(server.port);
    drop(server);
    let refused = begin(&PKI.signing(), &http);
    assert!(matches!(refused, Err(Error::Transport(_))));
}

#[test]
fn a_request_that_is_not_signed_by_its_key_is_not_sent() {
    let http = Http::to(1);
    let office = PKI.signing();
    let mut request = PKI.request();
    *request.last_mut().unwrap() ^= 1;
    let refused = Client::new(&office, &http).begin(&request, now());
    assert!(matches!(refused, Err(Error::Request)));
    assert!(http.said().is_empty());
}

/// What an authority that knows the secret could say and should not: the answer is
/// changed and protected anew.
fn said_wrongly(change: impl Fn(&mut Header, &mut Body) + Send + Sync) -> Error {
    let server = Server::sharing("citizen", "");
    let spoil = |answer: Vec<u8>| {
        let Message {
            mut header,
            mut body,
            ..
        } = Message::from_der(&answer).unwrap();
        if !matches!(body, Body::Cp(_)) {
            return answer;
        }
        change(&mut header, &mut body);
        protect(header, &body, &shared_secret(Mac::Pbm)).unwrap()
    };
    let http = Http::to(server.port);
    let mut office = PKI.sharing();
    office.recipient = Default::default();
    office.intermediates = vec![PKI.certificate("issuing")];
    begin(&office, &Spoiled { http, spoil }).unwrap_err()
}

fn response(body: &mut Body) -> &mut CertRepMessage {
    match body {
        Body::Cp(response) => response,
        _ => panic!("no cp"),
    }
}

#[test]
fn a_confirmation_that_nobody_gave() {
    let error = said_wrongly(|header, _| {
        header.general_info = Some(vec![InfoTypeAndValue {
            info_type: IMPLICIT_CONFIRM,
            info_value: Some(Any::null()),
        }]);
    });
    assert!(matches!(error, Error::ImplicitConfirm));
}

#[test]
fn a_header_for_somebody_or_some_time_else() {
    let error = said_wrongly(|header, _| {
        header.recipient = cmp::directory_name(PKI.certificate("clerk").subject())
    });
    assert!(matches!(error, Error::Recipient));
    let error = said_wrongly(|header, _| {
        header.sender = cmp::directory_name(PKI.certificate("clerk").subject())
    });
    assert!(matches!(error, Error::Sender));
    let error = said_wrongly(|header, _| {
        let long_ago = std::time::Duration::from_secs(1_600_000_000);
        header.message_time = GeneralizedTime::from_unix_duration(long_ago).ok();
    });
    assert!(matches!(error, Error::MessageTime));
    let error = said_wrongly(|header, _| header.pvno = 1);
    assert!(matches!(error, Error::Version(1)));
}

#[test]
fn a_nonce_that_is_missing_short_or_ours() {
    let error = said_wrongly(|header, _| header.sender_nonce = None);
    assert!(matches!(error, Error::Nonce));
    let error = said_wrongly(|header, _| header.sender_nonce = OctetString::new([7; 8]).ok());
    assert!(matches!(error, Error::Nonce));
    let error = said_wrongly(|header, _| header.sender_nonce = header.recip_nonce.clone());
    assert!(matches!(error, Error::Nonce));
    let error = said_wrongly(|header, _| header.recip_nonce = None);
    assert!(matches!(error, Error::Replay));
}

#[test]
fn a_response_to_other_requests_or_none() {
    let error = said_wrongly(|_, body| response(body).response[0].cert_req_id = 7);
    assert!(matches!(error, Error::CertReqId));
    let error = said_wrongly(|_, body| {
        let again = response(body).response[0].clone();
        response(body).response.push(again);
    });
    assert!(matches!(error, Error::CertReqId));
    let error = said_wrongly(|_, body| *body = Body::PkiConf);
    assert!(matches!(error, Error::UnexpectedBody("pkiconf")));
    let error = said_wrongly(|_, body| response(body).response[0].certified_key_pair = None);
    assert!(matches!(error, Error::Unfit(Unfit::Malformed)));
    let error = said_wrongly(|_, body| {
        response(body).response[0].status = StatusInfo::of(Status::Other(6));
    });
    assert!(matches!(error, Error::Refused(_)));
}

#[test]
fn a_private_key_that_the_authority_made() {
    let error = said_wrongly(|_, body| {
        let pair = response(body).response[0].certified_key_pair.as_mut();
        pair.unwrap().private_key = Some(Any::null());
    });
    assert!(matches!(error, Error::Unfit(Unfit::Encrypted)));
    let error = said_wrongly(|_, body| {
        let pair = response(body).response[0].certified_key_pair.as_mut();
        pair.unwrap().cert_or_enc_cert = CertOrEncCert::Encrypted(Any::null());
    });
    assert!(matches!(error, Error::Unfit(Unfit::Encrypted)));
}

#[test]
fn the_number_of_the_request_may_be_minus_one_or_zero() {
    for number in [-1, 0] {
        let server = Server::sharing("citizen", "");
        let spoil = |answer: Vec<u8>| {
            let Message {
                header, mut body, ..
            } = Message::from_der(&answer).unwrap();
            response(&mut body).response[0].cert_req_id = number;
            protect(header, &body, &shared_secret(Mac::Pbmac1)).unwrap()
        };
        let http = Http::to(server.port);
        let mut office = PKI.sharing();
        office.recipient = Default::default();
        office.intermediates = vec![PKI.certificate("issuing")];
        begin(&office, &Spoiled { http, spoil }).unwrap();
    }
}
