//! How fast a submission of 10 MiB becomes durable, against a bare loop that does
//! the same steps without sealing: each part written, synced, named, its folder
//! synced; the manifest likewise; one transaction with `synchronous=FULL`.
//!
//! Both on the disk of the build directory, turn about, so that what else the
//! machine does meets both.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use exchange::seal::{Place, Recipients, Sealing};
use exchange::{
    Digest, KioskId, Manifest, PartName, Signed, SigningKey, SubmissionId, TimeTrust, UnixMillis,
};
use outbox::{Limits, Outbox};

const RUNS: usize = 25;
/// 10 MiB in all: what a citizen with a good camera leaves.
const PARTS: [(PartName, usize); 7] = [
    (PartName::Form, 2 << 10),
    (PartName::Csr, 1 << 10),
    (PartName::AccountPin, 6),
    (PartName::ChipData, 40 << 10),
    (PartName::Selfie, 400 << 10),
    (PartName::DocumentPhoto, 800 << 10),
    (PartName::Video, (10 << 20) - (1243 << 10) - 6),
];

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-commit");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder to write to");

    let parts: Vec<(PartName, Vec<u8>)> = PARTS.map(|(name, size)| (name, noise(size))).into();
    let total: usize = PARTS.iter().map(|(_, size)| size).sum();
    assert_eq!(total, 10 << 20);
    let mut kiosk = Kiosk::open(&folder.join("outbox"));
    let mut bare = Bare::open(&folder.join("bare"));

    let (mut sealed, mut plain) = (Vec::new(), Vec::new());
    for round in 0..RUNS + 2 {
        let began = Instant::now();
        kiosk.commit(&parts);
        let kiosk_took = began.elapsed();
        let began = Instant::now();
        bare.commit(&parts);
        // The first rounds find the files of the database growing.
        if round >= 2 {
            sealed.push(kiosk_took);
            plain.push(began.elapsed());
        }
    }
    let (sealed, plain) = (median(sealed), median(plain));
    let ratio = plain.as_secs_f64() / sealed.as_secs_f64();
    println!(
        "commit of 10 MiB, sealed                {:>7.1} ms",
        millis(sealed)
    );
    println!(
        "the same steps bare                     {:>7.1} ms",
        millis(plain)
    );
    println!("rate against the bare loop              {ratio:>7.2}     (at least 0.80)");
    drop((kiosk, bare));
    let _ = fs::remove_dir_all(&folder);
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Bytes that nothing can shrink.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

struct Kiosk {
    outbox: Outbox,
    recipients: Recipients,
    key: SigningKey,
    id: KioskId,
    /// Of the next submission's id.
    random: [u8; 10],
}

impl Kiosk {
    fn open(folder: &Path) -> Self {
        let identity = || age::x25519::Identity::generate();
        let recipients = [identity(), identity()].map(|i| i.to_public().to_string());
        Self {
            outbox: Outbox::open(folder, Limits::default()).expect("an outbox"),
            recipients: Recipients::parse(&recipients).expect("two recipients"),
            key: SigningKey::from_slice(&[7; 32]).expect("a key"),
            id: "bench-1".parse().expect("an id"),
            random: [0; 10],
        }
    }

    fn commit(&mut self, parts: &[(PartName, Vec<u8>)]) {
        self.random[9] = self.random[9].wrapping_add(1);
        let submission = SubmissionId::from_parts(UnixMillis(1), &self.random);
        for (part, plain) in parts {
            let place = Place {
                kiosk: self.id.clone(),
                submission,
                part: *part,
            };
            let staged = self.outbox.stage(submission, *part).expect("staged");
            let mut sealing = Sealing::start(&self.recipients, &place, staged).expect("sealing");
            sealing.write_all(plain).expect("written");
            sealing.finish().expect("sealed").finish().expect("durable");
        }
        let head = self.outbox.next_sequence_and_previous().expect("a chain");
        let manifest = Manifest {
            submission,
            kiosk: self.id.clone(),
            sequence: head.next_sequence,
            parts: self.outbox.staged_parts(submission),
            csr_sha256: Some(Digest::of(b"csr")),
            previous: head.previous,
            committed_at: UnixMillis(1),
            time_trust: TimeTrust::Doubtful,
            receipt_code_sha256: Digest::of(b"code"),
        };
        self.outbox
            .commit(&Signed::new(&manifest, &self.key))
            .expect("committed");
    }
}

struct Bare {
    folder: PathBuf,
    database: rusqlite::Connection,
    count: u32,
}

impl Bare {
    fn open(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let database = rusqlite::Connection::open(folder.join("bare.sqlite")).expect("a database");
        database
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE submission (id INTEGER PRIMARY KEY, manifest TEXT NOT NULL) STRICT;",
            )
            .expect("a table");
        Self {
            folder: folder.into(),
            database,
            count: 0,
        }
    }

    fn commit(&mut self, parts: &[(PartName, Vec<u8>)]) {
        self.count += 1;
        let folder = self.folder.join(self.count.to_string());
        fs::create_dir(&folder).expect("a folder");
        sync(&self.folder);
        for (part, plain) in parts {
            write(&folder, part.as_str(), plain);
        }
        write(&folder, "manifest.json", &noise(2 << 10));
        self.database
            .execute(
                "INSERT INTO submission VALUES (?1, ?2)",
                (self.count, "x".repeat(2 << 10)),
            )
            .expect("a row");
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let temporary = folder.join(format!("{name}.tmp"));
    let mut file = File::create(&temporary).expect("a file");
    file.write_all(bytes).expect("written");
    file.sync_data().expect("synced");
    fs::rename(temporary, folder.join(name)).expect("named");
    sync(folder);
}

fn sync(folder: &Path) {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .expect("a folder synced");
}
