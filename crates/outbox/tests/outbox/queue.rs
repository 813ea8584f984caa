//! A kiosk's queue with synthetic submissions, shared by the tests.

use std::io::Write;
use std::path::Path;

use exchange::api::DurableReceipt;
use exchange::{
    Digest, Manifest, PartName, Signed, SigningKey, SubmissionId, TimeTrust, UnixMillis,
};
use outbox::{Limits, Outbox};

pub const DAY: UnixMillis = UnixMillis(1_760_000_000_000);

pub fn small() -> Limits {
    Limits {
        media_floor_bytes: 1 << 20,
        ballast_bytes: 1 << 20,
        ..Limits::default()
    }
}

pub fn device_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

pub fn office_key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

pub fn id(number: u8) -> SubmissionId {
    SubmissionId::from_parts(DAY.plus_millis(i64::from(number)), &[number; 10])
}

/// Stands for sealed bytes: the queue never looks inside.
pub fn bytes_of(submission: SubmissionId, part: PartName) -> Vec<u8> {
    let length = if part == PartName::Video {
        200_000
    } else {
        3_000
    };
    let seed = Digest::of(format!("{submission} {part}").as_bytes()).0;
    seed.iter().copied().cycle().take(length).collect()
}

pub fn stage(outbox: &Outbox, submission: SubmissionId, part: PartName) {
    let mut writer = outbox.stage(submission, part).unwrap();
    writer.write_all(&bytes_of(submission, part)).unwrap();
    writer.finish().unwrap();
}

/// The manifest that continues the queue's chain over what is staged.
pub fn manifest(outbox: &Outbox, submission: SubmissionId) -> Signed<Manifest> {
    let head = outbox.next_sequence_and_previous().unwrap();
    let manifest = Manifest {
        submission,
        kiosk: "kiosk-1".parse().unwrap(),
        sequence: head.next_sequence,
        parts: outbox.staged_parts(submission),
        csr_sha256: Some(Digest([1; 32])),
        previous: head.previous,
        committed_at: DAY,
        time_trust: TimeTrust::AboveFloor,
        receipt_code_sha256: Digest::of(submission.to_string().as_bytes()),
    };
    Signed::new(&manifest, &device_key())
}

pub const PARTS: [PartName; 3] = [PartName::Form, PartName::Selfie, PartName::Video];

pub fn commit(outbox: &Outbox, submission: SubmissionId) {
    // The video first, as at the kiosk: order of upload is not order of capture.
    for part in PARTS.into_iter().rev() {
        stage(outbox, submission, part);
    }
    outbox.commit(&manifest(outbox, submission)).unwrap();
}

pub fn receipt(outbox: &Outbox, submission: SubmissionId) -> Signed<DurableReceipt> {
    let mut all = outbox.list(true).unwrap();
    all.retain(|l| l.submission == submission);
    assert_eq!(all.len(), 1);
    let export = tempfile::tempdir().unwrap();
    outbox.export(submission, export.path()).unwrap();
    receipt_for(&export.path().join("manifest.json"))
}

pub fn receipt_for(manifest: &Path) -> Signed<DurableReceipt> {
    let signed: Signed<Manifest> =
        serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let statement = DurableReceipt {
        submission: signed.read_unverified().unwrap().submission,
        manifest: signed.digest(),
        received_at: DAY,
    };
    Signed::new(&statement, &office_key())
}

/// Every file below `dir/media`.
pub fn media(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join("media")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
            let path = entry.path();
            found.push(path.strip_prefix(dir).unwrap().display().to_string());
        }
    }
    found.sort();
    found
}
