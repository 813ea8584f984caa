//! The office's side played by a small server that can lie, cut and hang.

mod bundle;
mod office;
mod tus;
mod uplink;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use exchange::seal::Recipients;
use exchange::{
    Digest, Manifest, PartName, Signed, SigningKey, SubmissionId, TimeTrust, UnixMillis,
};
use outbox::{Limits, Outbox};

use super::{Credentials, FileDeviceKey, OfficeClient, OfficeConfig, TimeFloor};

const DAY: UnixMillis = UnixMillis(1_760_000_000_000);

fn office_key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn submission(number: u8) -> SubmissionId {
    SubmissionId::from_parts(DAY, &[number; 10])
}

/// A certificate of nobody: over plain HTTP it is never shown.
const CA: &str = include_str!("ca.pem");

/// Plain HTTP, which a kiosk never speaks: what is tried here is above TLS.
fn client(address: std::net::SocketAddr, dir: &Path) -> OfficeClient {
    let config = OfficeConfig {
        base_url: format!("http://{address}"),
        office_ca_pem: CA.into(),
    };
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned();
    let key = office_key();
    let credentials = Credentials {
        kiosk: "kiosk-1".parse().unwrap(),
        tls_certificate_pem: CA.into(),
        tls_key: Arc::new(FileDeviceKey::open_or_create(&dir.join("tls-key.pem")).unwrap()),
        receipt_key: *key.verifying_key(),
        decision_key: *key.verifying_key(),
        recipients: Recipients::parse(&[recipient.clone(), recipient]).unwrap(),
        authority_chain_pem: String::new(),
    };
    let floor = TimeFloor::open(dir.join("time.json"), Some(key.verifying_key())).unwrap();
    OfficeClient::build(&config, Some(Arc::new(credentials)), Arc::new(floor), false).unwrap()
}

fn queue(dir: &Path) -> Outbox {
    let limits = Limits {
        media_floor_bytes: 1 << 20,
        ballast_bytes: 0,
        ..Limits::default()
    };
    Outbox::open(&dir.join("outbox"), limits).unwrap()
}

fn bytes_of(part: PartName) -> Vec<u8> {
    let length = if part == PartName::Video {
        3_000_000
    } else {
        5_000
    };
    let seed = Digest::of(part.as_str().as_bytes()).0;
    seed.iter().copied().cycle().take(length).collect()
}

fn commit(outbox: &Outbox, id: SubmissionId) {
    for part in [PartName::Video, PartName::Form, PartName::Csr] {
        let mut writer = outbox.stage(id, part).unwrap();
        writer.write_all(&bytes_of(part)).unwrap();
        writer.finish().unwrap();
    }
    let head = outbox.next_sequence_and_previous().unwrap();
    let manifest = Manifest {
        submission: id,
        kiosk: "kiosk-1".parse().unwrap(),
        sequence: head.next_sequence,
        parts: outbox.staged_parts(id),
        csr_sha256: Some(Digest([1; 32])),
        previous: head.previous,
        committed_at: DAY,
        time_trust: TimeTrust::AboveFloor,
        receipt_code_sha256: Digest([2; 32]),
    };
    outbox
        .commit(&Signed::new(&manifest, &office_key()))
        .unwrap();
}
