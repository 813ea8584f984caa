//! Answers of a certificate authority. Nothing that a fuzzer writes is believed, unless
//! it leaves what the authority protected as it was.

#![no_main]

use std::sync::LazyLock;

use cmp::{
    Body, CertOrEncCert, CertRepMessage, CertResponse, CertifiedKeyPair, Configuration,
    Credentials, DerCertificate, Header, Mac, Message, SharedSecret, Status, StatusInfo,
    directory_name, protect,
};
use der::{Decode, asn1::Any};
use exchange::UnixMillis;
use libfuzzer_sys::fuzz_target;
use specimen::{Authority, SeededRandom};
use x509_cert::name::Name;

/// 22 November 2026.
const NOW: UnixMillis = UnixMillis(1_795_305_600_000);

struct Known {
    office: Configuration,
    answer: Vec<u8>,
    read: Message,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let authority = Authority::new("KZ", &mut SeededRandom::new(1)).expect("an authority");
    let certificate = Any::from_der(authority.csca_der()).expect("a certificate");
    let response = CertResponse {
        cert_req_id: -1,
        status: StatusInfo::of(Status::Accepted),
        certified_key_pair: Some(CertifiedKeyPair {
            cert_or_enc_cert: CertOrEncCert::Certificate(certificate),
            private_key: None,
            publication_info: None,
        }),
        rsp_info: None,
    };
    let body = Body::Cp(CertRepMessage {
        ca_pubs: None,
        response: vec![response],
    });
    let header = Header {
        pvno: 2,
        sender: directory_name(&Name::default()),
        recipient: directory_name(&Name::default()),
        message_time: None,
        protection_alg: None,
        sender_kid: None,
        recip_kid: None,
        transaction_id: None,
        sender_nonce: None,
        recip_nonce: None,
        free_text: None,
        general_info: None,
    };
    let secret = SharedSecret::new(b"office", b"shared", Mac::Pbm);
    let secret = Credentials::Secret(secret);
    let answer = protect(header, &body, &secret).expect("a message");
    Known {
        read: Message::from_der(&answer).expect("a message"),
        office: Configuration::new(Name::default(), secret),
        answer,
    }
});

fuzz_target!(|data: &[u8]| {
    let _ = Message::from_der(data);
    let _ = DerCertificate::from_der(data);
    // A MAC takes ten thousand digests, reading a message none: longer inputs are for
    // reading alone.
    if data.len() > 12 {
        return;
    }
    let known = &*KNOWN;
    // Up to four places and what is written there.
    let mut answer = known.answer.clone();
    for change in data.chunks_exact(3) {
        let at = usize::from(change[0]) << 8 | usize::from(change[1]);
        let length = answer.len();
        answer[at % length] = change[2];
    }
    let Ok(read) = Message::from_der(&answer) else {
        return;
    };
    if known.office.verify_protection(&read, NOW).is_ok() {
        assert_eq!(read.protected_part(), known.read.protected_part());
    }
});
