//! A queue over two versions of the program, for the test of updates in a virtual machine
//! (image-build/vmtest/bundles.sh).
//!
//! ```text
//! queue full DIR COUNT   makes a queue of COUNT submissions that wait, each sealed and signed
//! queue newer DIR        does to its database what a later release may do: additions only
//! ```

use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use exchange::seal::{Place, Recipients, Sealing};
use exchange::{
    Digest, KioskId, Manifest, PartName, Signed, SigningKey, SubmissionId, TimeTrust, UnixMillis,
};
use outbox::{Limits, Outbox};
use rusqlite::Connection;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// As a citizen leaves them, the pictures smaller: a disk has to carry all of them.
const PARTS: [(PartName, usize); 7] = [
    (PartName::Form, 2 << 10),
    (PartName::Csr, 1 << 10),
    (PartName::AccountPin, 6),
    (PartName::ChipData, 8 << 10),
    (PartName::Selfie, 24 << 10),
    (PartName::DocumentPhoto, 24 << 10),
    (PartName::Video, 64 << 10),
];

/// Columns with a default, filled from what is there; a table; an index: this program's statements mean
/// the same as before. `minimum_reader` stays.
const ADDITIONS: &str = "
ALTER TABLE submission ADD COLUMN later_parts INTEGER NOT NULL DEFAULT 0;
UPDATE submission SET later_parts = (SELECT count(*) FROM part WHERE part.submission = submission.id);
ALTER TABLE part ADD COLUMN later_note TEXT;
CREATE TABLE later (submission TEXT PRIMARY KEY REFERENCES submission (id), note TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO later SELECT id, 'of a later release' FROM submission;
CREATE INDEX later_by_time ON submission (committed_at);
";

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["full", dir, count] => full(Path::new(dir), count.parse()?),
        ["newer", dir] => newer(&Path::new(dir).join("outbox.db")),
        _ => Err("queue full DIR COUNT | queue newer DIR".into()),
    }
}

fn full(dir: &Path, count: u32) -> Outcome {
    // The kiosk takes its own reserve where it opens the queue.
    let limits = Limits {
        ballast_bytes: 0,
        ..Limits::default()
    };
    let outbox = Outbox::open(dir, limits)?;
    let office = [(); 2].map(|()| age::x25519::Identity::generate().to_public().to_string());
    let recipients = Recipients::parse(&office)?;
    let device_key = SigningKey::from_slice(&[7; 32])?;
    let kiosk: KioskId = "kiosk-1".parse()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = UnixMillis(i64::try_from(now.as_millis())?);
    for number in 0..count {
        let mut random = [0; 10];
        random[6..].copy_from_slice(&number.to_be_bytes());
        let submission = SubmissionId::from_parts(now, &random);
        for (part, length) in PARTS {
            let place = Place {
                kiosk: kiosk.clone(),
                submission,
                part,
            };
            let staged = outbox.stage(submission, part)?;
            let mut sealing = Sealing::start(&recipients, &place, staged)?;
            sealing.write_all(&vec![b'x'; length])?;
            sealing.finish()?.finish()?;
        }
        let head = outbox.next_sequence_and_previous()?;
        let manifest = Manifest {
            submission,
            kiosk: kiosk.clone(),
            sequence: head.next_sequence,
            parts: outbox.staged_parts(submission),
            csr_sha256: Some(Digest::of(&vec![b'x'; 1 << 10])),
            previous: head.previous,
            committed_at: now,
            time_trust: TimeTrust::AboveFloor,
            receipt_code_sha256: Digest::of(submission.to_string().as_bytes()),
        };
        outbox.commit(&Signed::new(&manifest, &device_key))?;
    }
    Ok(())
}

fn newer(file: &Path) -> Outcome {
    if !file.exists() {
        return Ok(());
    }
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Started again and again, it does it once.
    if connection.table_exists(None, "later")? {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.execute_batch(ADDITIONS)?;
    transaction.pragma_update(None, "user_version", version + 1)?;
    transaction.commit()?;
    Ok(())
}
