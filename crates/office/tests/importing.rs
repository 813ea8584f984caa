//! A kiosk's queue that came on a drive instead of over the line.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use exchange::{
    PartName, PhoneStanding, Signed, SubmissionId,
    api::{CodePurpose, DurableReceipt},
};
use outbox::{Limits, Outbox};
use serde_json::Value;
use support::{
    Office,
    kiosk::{Application, Kiosk, Submission, submission_id},
};

struct Setting {
    office: Office,
    kiosk: Kiosk,
    queue: Outbox,
    /// Holds the queue and the drive.
    folder: tempfile::TempDir,
}

fn setting() -> Setting {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        media_floor_bytes: 1 << 20,
        ballast_bytes: 0,
        ..Limits::default()
    };
    let queue = Outbox::open(&folder.path().join("queue"), limits).unwrap();
    Setting {
        office,
        kiosk,
        queue,
        folder,
    }
}

impl Setting {
    /// Committed in the kiosk's queue.
    fn saved(&self) -> Submission {
        self.saved_as(|_| {})
    }

    fn saved_as(&self, change: impl Fn(&mut Submission)) -> Submission {
        let id = submission_id();
        let proof = self.kiosk.prove_phone(&self.office, CodePurpose::Enrol, id);
        let application = Application::new(id, PhoneStanding::Proven { proof });
        let mut sealed = self.kiosk.seal(&application);
        let head = self.queue.next_sequence_and_previous().unwrap();
        (sealed.manifest.sequence, sealed.manifest.previous) = (head.next_sequence, head.previous);
        change(&mut sealed);
        for (part, bytes) in &sealed.parts {
            let mut staged = self.queue.stage(id, *part).unwrap();
            staged.write_all(bytes).unwrap();
            staged.finish().unwrap();
        }
        self.queue.commit(&self.signed(&sealed)).unwrap();
        sealed
    }

    fn signed(&self, sealed: &Submission) -> Signed<exchange::Manifest> {
        Signed::new(&sealed.manifest, &self.kiosk.manifest_key)
    }

    fn drive(&self) -> PathBuf {
        self.folder.path().join("drive")
    }

    /// Where the kiosk puts one on a technician's drive.
    fn export(&self, sealed: &Submission) -> PathBuf {
        let id = sealed.manifest.submission;
        let folder = format!("qoltanba/queue-kiosk-1/{id}");
        let into = self.drive().join(folder);
        self.queue.export(id, &into).unwrap();
        into
    }

    /// Exit status, and what became of each.
    fn import(&self) -> (Option<i32>, Vec<Value>) {
        let drive = self.drive();
        let words = ["import", drive.to_str().unwrap(), "--json"];
        let output = self.office.try_command(&words);
        let told = String::from_utf8(output.stdout).unwrap();
        let told = told.lines().map(|l| serde_json::from_str(l).unwrap());
        (output.status.code(), told.collect())
    }

    /// Refused for this reason, and nothing of it stays.
    fn refuses(&self, id: SubmissionId, why: &str) {
        let before = self.objects();
        let (status, told) = self.import();
        assert_eq!(status, Some(1), "{told:?}");
        let found = told.iter().find(|t| is_of(t, id)).unwrap();
        assert_eq!(found["outcome"], "refused");
        let reason = found["reason"].as_str().unwrap();
        assert!(reason.contains(why), "{reason}");
        assert_eq!(self.office.state_of(&id.to_string()), "");
        assert_eq!(self.objects(), before);
    }

    fn objects(&self) -> Vec<PathBuf> {
        files(&self.office.dir().join("objects"))
    }
}

fn is_of(told: &Value, id: SubmissionId) -> bool {
    let folder = told["folder"].as_str().unwrap();
    folder.ends_with(&id.to_string())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn what_was_carried_is_a_submission_like_any_other() {
    let s = setting();
    let sealed = s.saved();
    let id = sealed.manifest.submission;
    s.export(&sealed);
    let (status, told) = s.import();
    assert_eq!((status, told.len()), (Some(0), 1), "{told:?}");
    assert_eq!(told[0]["outcome"], "taken_in");
    assert_eq!(told[0]["kiosk"], "kiosk-1");
    s.office.approve(&id.to_string());
    assert_eq!(s.office.state_of(&id.to_string()), "approved");

    let objects = s.objects();
    let (status, told) = s.import();
    assert_eq!((status, told.len()), (Some(0), 1), "{told:?}");
    assert_eq!(told[0]["outcome"], "already_there");
    assert_eq!(s.objects(), objects);

    // The kiosk uploads it like any other: every part is there, and so is its receipt.
    for (part, bytes) in &sealed.parts {
        let made = s.kiosk.create_upload(&s.office, id, *part, bytes);
        let length = bytes.len().to_string();
        assert_eq!(made.header("upload-offset"), Some(length.as_str()));
    }
    let signed = s.signed(&sealed);
    let answer = s.kiosk.put_manifest(&s.office, id, &signed);
    assert_eq!(answer.status, 200, "{:?}", answer.seen());
    let key = office::keys::verifying_key(&s.kiosk.provisioned.receipt_key_pem).unwrap();
    let receipt: Signed<DurableReceipt> = answer.json();
    s.queue.record_receipt(&receipt, &key).unwrap();
    assert!(s.queue.list(false).unwrap().is_empty());
    assert!(s.office.alarms().is_empty());
}

#[test]
fn what_came_half_over_the_line_is_made_whole() {
    let s = setting();
    let sealed = s.saved();
    let id = sealed.manifest.submission;
    let bytes = |wanted| &sealed.parts.iter().find(|(p, _)| *p == wanted).unwrap().1;
    s.kiosk
        .upload(&s.office, id, PartName::Form, bytes(PartName::Form));
    let video = bytes(PartName::Video);
    let made = s.kiosk.create_upload(&s.office, id, PartName::Video, video);
    let place = made.header("location").unwrap();
    s.kiosk.patch(&s.office, place, 0, &video[..1000]);
    let folder = s.export(&sealed);
    // The office has it already.
    flip(&folder.join("form.age"));
    let (status, told) = s.import();
    assert_eq!(status, Some(0), "{told:?}");
    assert_eq!(s.objects().len(), sealed.parts.len(), "no half is left");

    assert_eq!(s.kiosk.patch(&s.office, place, 1000, video).status, 410);
    let anew = s.kiosk.create_upload(&s.office, id, PartName::Video, video);
    let length = video.len().to_string();
    assert_eq!(anew.header("upload-offset"), Some(length.as_str()));
    let answer = s.kiosk.put_manifest(&s.office, id, &s.signed(&sealed));
    assert_eq!(answer.status, 200, "{:?}", answer.seen());
    assert!(s.office.alarms().is_empty());
}

#[test]
fn what_is_damaged_is_refused_and_the_others_go_on() {
    let s = setting();
    let (first, second) = (s.saved(), s.saved());
    let (bad, good) = (first.manifest.submission, second.manifest.submission);
    let folder = s.export(&first);
    let video = folder.join("video.age");
    flip(&video);
    s.refuses(bad, "video.age is damaged");
    flip(&video);
    let whole = fs::read(&video).unwrap();
    fs::write(&video, &whole[1..]).unwrap();
    s.refuses(bad, "video.age is damaged");
    fs::remove_file(&video).unwrap();
    s.refuses(bad, "video.age is missing");
    std::os::unix::fs::symlink("/etc/passwd", &video).unwrap();
    s.refuses(bad, "video.age cannot be read");
    fs::remove_file(&video).unwrap();
    fs::write(&video, &whole).unwrap();
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replacen("\\\"sequence\\\":1", "\\\"sequence\\\":7", 1),
    )
    .unwrap();
    s.refuses(bad, "not signed by the key of its kiosk");
    fs::remove_file(&manifest).unwrap();
    s.refuses(bad, "exporting was broken off");

    s.export(&second);
    let (status, told) = s.import();
    assert_eq!((status, told.len()), (Some(1), 2), "{told:?}");
    let of = |id| told.iter().find(|t| is_of(t, id)).unwrap();
    assert_eq!(of(bad)["outcome"], "refused");
    assert_eq!(of(good)["outcome"], "taken_in");
    fs::write(&manifest, text).unwrap();
    let (status, told) = s.import();
    assert_eq!(status, Some(0), "{told:?}");
    assert!(s.office.alarms().is_empty());
}

#[test]
fn strangers_are_refused() {
    let s = setting();
    let foreign = s.saved_as(|sealed| sealed.manifest.kiosk = "kiosk-9".parse().unwrap());
    let folder = s.export(&foreign);
    s.refuses(foreign.manifest.submission, "no kiosk kiosk-9");
    fs::remove_dir_all(folder).unwrap();

    let other = Kiosk::provision(&s.office, "kiosk-2");
    let forged = s.saved_as(|sealed| sealed.manifest.kiosk = other.id.clone());
    let folder = s.export(&forged);
    s.refuses(forged.manifest.submission, "not signed by the key");
    fs::remove_dir_all(folder).unwrap();

    let own = s.saved();
    s.export(&own);
    s.office.command(&["kiosk", "revoke", "kiosk-1"]);
    s.refuses(own.manifest.submission, "kiosk-1 was revoked");
}

#[test]
fn a_folder_without_any_says_so() {
    let s = setting();
    fs::create_dir_all(s.drive().join("qoltanba/queue-kiosk-1")).unwrap();
    let output = s
        .office
        .try_command(&["import", s.drive().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no exported submission"), "{told}");
}
