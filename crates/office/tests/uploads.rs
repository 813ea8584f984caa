//! tus 1.0 as a kiosk, or somebody who is none, speaks it.

mod support;

use std::io::Write;
use std::time::Duration;

use exchange::{Digest, PartName, SubmissionId, api};
use support::{
    Office, eventually,
    http::{Answer, answer, head},
    kiosk::{Kiosk, metadata, submission_id},
};

const VERSION: (&str, &str) = ("tus-resumable", "1.0.0");
const STREAM: (&str, &str) = ("content-type", "application/offset+octet-stream");

struct Setting {
    office: Office,
    kiosk: Kiosk,
    id: SubmissionId,
}

fn setting() -> Setting {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let id = submission_id();
    Setting { office, kiosk, id }
}

impl Setting {
    fn say(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let address = self.office.address();
        self.kiosk
            .client
            .request(&address, method, path, headers, body)
    }

    fn create(&self, bytes: &[u8]) -> String {
        let made = self
            .kiosk
            .create_upload(&self.office, self.id, PartName::Selfie, bytes);
        assert_eq!(made.status, 201);
        made.header("location").unwrap().to_owned()
    }

    /// Sends the head of a PATCH that promises `whole` and only the bytes `sent`,
    /// and keeps the line open.
    fn begin_patch(&self, location: &str, whole: usize, sent: &[u8]) -> support::http::Stream {
        let mut stream = self.kiosk.client.connect(&self.office.address());
        let length = whole.to_string();
        let headers = [
            VERSION,
            STREAM,
            ("upload-offset", "0"),
            ("content-length", &length),
        ];
        stream
            .write_all(&head("PATCH", location, &headers))
            .unwrap();
        stream.write_all(sent).unwrap();
        stream.flush().unwrap();
        stream
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

#[test]
fn every_wrong_word_has_its_own_answer() {
    let s = setting();
    let bytes = noise(1000);
    let about = metadata(s.id, PartName::Selfie, &Digest::of(&bytes));
    let about = ("upload-metadata", about.as_str());
    let length = ("upload-length", "1000");
    let post = |headers: &[(&str, &str)]| s.say("POST", api::UPLOADS, headers, b"").status;
    assert_eq!(post(&[length, about]), 412, "no Tus-Resumable");
    assert_eq!(post(&[VERSION, about]), 400, "no length");
    assert_eq!(post(&[VERSION, length]), 400, "no metadata");
    assert_eq!(
        post(&[VERSION, ("upload-length", "99999999999"), about]),
        413,
        "larger than any part"
    );
    let old = s.say("POST", api::UPLOADS, &[("tus-resumable", "0.2.2")], b"");
    assert_eq!(
        (old.status, old.header("tus-version")),
        (412, Some("1.0.0"))
    );

    let place = s.create(&bytes);
    let at = |offset: &'static str| ("upload-offset", offset);
    let patch = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        s.say("PATCH", path, headers, body).status
    };
    assert_eq!(patch(&place, &[STREAM, at("0")], b"x"), 412);
    assert_eq!(patch(&place, &[VERSION, at("0")], b"x"), 415);
    assert_eq!(patch(&place, &[VERSION, STREAM], b"x"), 400, "no offset");
    assert_eq!(patch(&place, &[VERSION, STREAM, at("5")], b"x"), 409);
    assert_eq!(
        patch(&place, &[VERSION, STREAM, at("0")], &noise(1001)),
        413
    );
    let absent = format!("{}/{}", api::UPLOADS, "0".repeat(32));
    assert_eq!(patch(&absent, &[VERSION, STREAM, at("0")], b"x"), 404);
    assert_eq!(s.say("HEAD", &absent, &[VERSION], b"").status, 404);
    assert_eq!(
        s.say("HEAD", "/v1/uploads/..%2F..%2Foffice.db", &[VERSION], b"")
            .status,
        404
    );
    assert_eq!(
        s.kiosk.offset(&s.office, &place),
        0,
        "nothing of it counted"
    );

    assert_eq!(s.say("DELETE", &place, &[VERSION], b"").status, 204);
    assert_eq!(s.say("HEAD", &place, &[VERSION], b"").status, 410);
    assert_eq!(patch(&place, &[VERSION, STREAM, at("0")], b"x"), 410);
}

#[test]
fn more_than_announced_in_chunks_is_refused_and_forgotten() {
    let s = setting();
    let bytes = noise(1000);
    let place = s.create(&bytes);
    let mut stream = s.kiosk.client.connect(&s.office.address());
    let chunked = ("transfer-encoding", "chunked");
    let headers = [VERSION, STREAM, ("upload-offset", "0"), chunked];
    stream.write_all(&head("PATCH", &place, &headers)).unwrap();
    for _ in 0..2 {
        stream.write_all(b"258\r\n").unwrap();
        stream.write_all(&noise(600)).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    stream.flush().unwrap();
    assert_eq!(answer(&mut stream, false).status, 413);
    assert_eq!(s.kiosk.offset(&s.office, &place), 0);
    assert_eq!(s.kiosk.patch(&s.office, &place, 0, &bytes).status, 204);
}

#[test]
fn bytes_may_come_with_the_creation_and_a_lost_answer_costs_nothing() {
    let s = setting();
    let bytes = noise(5000);
    let about = metadata(s.id, PartName::Selfie, &Digest::of(&bytes));
    let headers = [
        VERSION,
        STREAM,
        ("upload-length", "5000"),
        ("upload-metadata", about.as_str()),
    ];
    let create = |body: &[u8]| s.say("POST", api::UPLOADS, &headers, body);
    let first = create(&bytes[..2000]);
    assert_eq!(
        (first.status, first.header("upload-offset")),
        (201, Some("2000"))
    );
    // The kiosk did not get that answer and says it again.
    let again = create(&bytes[..2000]);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("upload-offset"), Some("2000"));
    let place = first.header("location").unwrap();
    let end = s.kiosk.patch(&s.office, place, 2000, &bytes[2000..]);
    assert_eq!(
        (end.status, end.header("upload-offset")),
        (204, Some("5000"))
    );
    // Nor that one.
    assert_eq!(s.kiosk.offset(&s.office, place), 5000);
    assert_eq!(create(b"").header("upload-offset"), Some("5000"));
}

#[test]
fn other_bytes_than_announced_are_found_at_the_end() {
    let s = setting();
    let mut bytes = noise(3000);
    let place = s.create(&bytes);
    bytes[1500] ^= 1;
    assert_eq!(s.kiosk.patch(&s.office, &place, 0, &bytes).status, 460);
    assert_eq!(s.say("HEAD", &place, &[VERSION], b"").status, 410);
    bytes[1500] ^= 1;
    let anew = s.create(&bytes);
    assert_ne!(anew, place);
    assert_eq!(s.kiosk.patch(&s.office, &anew, 0, &bytes).status, 204);
}

#[test]
fn another_kiosk_sees_nothing_of_it() {
    let s = setting();
    let place = s.create(&noise(10));
    let other = Kiosk::provision(&s.office, "kiosk-2");
    assert_eq!(other.patch(&s.office, &place, 0, b"0123456789").status, 404);
}

#[test]
fn a_broken_line_keeps_what_arrived() {
    let s = setting();
    let bytes = noise(3 << 20);
    let place = s.create(&bytes);
    let stream = s.begin_patch(&place, bytes.len(), &bytes[..700_000]);
    std::thread::sleep(Duration::from_millis(300));
    drop(stream);
    let reached = eventually("what arrived is durable", || {
        let reached = s.kiosk.offset(&s.office, &place);
        (reached > 0).then_some(reached)
    });
    assert!(reached <= 700_000);
    let rest = &bytes[usize::try_from(reached).unwrap()..];
    assert_eq!(s.kiosk.patch(&s.office, &place, reached, rest).status, 204);
}

#[test]
fn a_line_that_only_seems_alive_does_not_hold_the_upload() {
    let s = setting();
    let bytes = noise(1 << 20);
    let place = s.create(&bytes);
    // Still open, sends no more: as after the network changed.
    let _dead = s.begin_patch(&place, bytes.len(), &bytes[..300_000]);
    std::thread::sleep(Duration::from_millis(300));
    let reached = s.kiosk.offset(&s.office, &place);
    assert_eq!(reached, 300_000);
    let rest = &bytes[300_000..];
    assert_eq!(s.kiosk.patch(&s.office, &place, reached, rest).status, 204);
}

#[test]
fn an_upload_goes_on_after_the_receiver_was_killed() {
    let s = setting();
    let bytes = noise(8 << 20);
    let place = s.create(&bytes);
    let before = s.office.address();
    let _cut = s.begin_patch(&place, bytes.len(), &bytes[..5 << 20]);
    std::thread::sleep(Duration::from_millis(700));
    s.office.kill("receive");
    s.office.wait_for_restart(&before);
    let reached = s.kiosk.offset(&s.office, &place);
    // At most one megabyte of what was sent is lost.
    assert!(
        (4 << 20..=5 << 20).contains(&reached),
        "{reached} of {} sent",
        5 << 20
    );
    let rest = &bytes[usize::try_from(reached).unwrap()..];
    assert_eq!(s.kiosk.patch(&s.office, &place, reached, rest).status, 204);
    assert_eq!(s.kiosk.offset(&s.office, &place), 8 << 20);
}

#[test]
fn a_crash_before_the_digest_was_checked_is_made_up_for() {
    let s = setting();
    let bytes = noise(3000);
    let place = s.create(&bytes);
    assert_eq!(s.kiosk.patch(&s.office, &place, 0, &bytes).status, 204);
    // As if the office had died between the last byte and the check.
    let database = office::db::Database::open(&s.office.dir().join("office.db")).unwrap();
    let count = |state: &str| -> u64 {
        let sql = "SELECT count(*) FROM upload WHERE state = ?";
        database
            .read(|c| c.query_row(sql, [state], |r| r.get(0)))
            .unwrap()
    };
    for again in [true, false] {
        database
            .write(|t| t.execute("UPDATE upload SET state = 'open'", []))
            .unwrap();
        assert_eq!(count("complete"), 0);
        if again {
            assert_eq!(s.create(&bytes), place);
        } else {
            assert_eq!(s.kiosk.offset(&s.office, &place), 3000);
        }
        assert_eq!(count("complete"), 1);
    }
}

#[test]
fn stopping_the_office_loses_nothing_that_arrived() {
    let mut s = setting();
    let bytes = noise(4 << 20);
    let place = s.create(&bytes);
    let cut = s.begin_patch(&place, bytes.len(), &bytes[..1_300_000]);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(s.office.stop(), Some(0));
    drop(cut);
    s.office.serve();
    let reached = s.kiosk.offset(&s.office, &place);
    assert_eq!(reached, 1_300_000);
    let rest = &bytes[1_300_000..];
    assert_eq!(s.kiosk.patch(&s.office, &place, reached, rest).status, 204);
}
