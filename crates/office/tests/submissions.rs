//! From manifest to decision.

mod support;

use exchange::{
    Digest, PartName, PhoneStanding, Signed,
    api::{ApiError, CodePurpose, Decision, DurableReceipt, SubmissionResult},
};
use support::{
    Office, eventually,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};

struct Setting {
    office: Office,
    kiosk: Kiosk,
}

fn setting() -> Setting {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    Setting { office, kiosk }
}

impl Setting {
    fn application(&self) -> Application {
        let id = submission_id();
        let proof = self.kiosk.prove_phone(&self.office, CodePurpose::Enrol, id);
        Application::new(id, PhoneStanding::Proven { proof })
    }

    fn decision(&self, application: &Application) -> Decision {
        let key = office::keys::verifying_key(&self.kiosk.provisioned.decision_key_pem).unwrap();
        let answer = eventually("the desk has looked", || {
            let answer = self.kiosk.result(&self.office, application.id);
            (answer.status != 503).then_some(answer)
        });
        let result = answer.json::<Signed<SubmissionResult>>().verify(&key);
        let result = result.unwrap();
        assert_eq!(result.submission, application.id);
        result.decision
    }

    fn findings(&self, application: &Application) -> String {
        self.decision(application);
        let all = self.office.json(&["submissions"]);
        let id = application.id.to_string();
        let found = all.iter().find(|s| s["id"] == id.as_str()).unwrap();
        found["findings"].to_string()
    }
}

#[test]
fn the_receipt_is_signed_and_the_same_every_time() {
    let s = setting();
    let application = s.application();
    let sealed = s.kiosk.seal(&application);
    let first = s.kiosk.submit(&s.office, &sealed);
    assert_eq!(first.status, 200, "{:?}", first.seen());
    let key = office::keys::verifying_key(&s.kiosk.provisioned.receipt_key_pem).unwrap();
    let receipt: Signed<DurableReceipt> = first.json();
    let signed = Signed::new(&sealed.manifest, &s.kiosk.manifest_key);
    let said = receipt.verify(&key).unwrap();
    assert_eq!(said.submission, application.id);
    assert_eq!(said.manifest, signed.digest());

    let again = s.kiosk.put_manifest(&s.office, application.id, &signed);
    assert_eq!(again.seen(), first.seen(), "byte for byte");
    // Repeating the uploads changes nothing either.
    for (part, bytes) in &sealed.parts {
        let again = s
            .kiosk
            .create_upload(&s.office, application.id, *part, bytes);
        let length = bytes.len().to_string();
        assert_eq!(again.header("upload-offset"), Some(length.as_str()));
    }
    assert!(s.office.alarms().is_empty());
}

#[test]
fn missing_parts_are_named() {
    let s = setting();
    let application = s.application();
    let sealed = s.kiosk.seal(&application);
    for (part, bytes) in &sealed.parts {
        if !matches!(part, PartName::Selfie | PartName::Video) {
            s.kiosk.upload(&s.office, application.id, *part, bytes);
        }
    }
    let signed = Signed::new(&sealed.manifest, &s.kiosk.manifest_key);
    let answer = s.kiosk.put_manifest(&s.office, application.id, &signed);
    assert_eq!(answer.status, 409);
    let ApiError::MissingParts { parts } = answer.json() else {
        panic!("{:?}", answer.seen());
    };
    assert_eq!(parts, [PartName::Selfie, PartName::Video]);
    // Half a video is no video.
    let (_, video) = sealed
        .parts
        .iter()
        .find(|(p, _)| *p == PartName::Video)
        .unwrap();
    let made = s
        .kiosk
        .create_upload(&s.office, application.id, PartName::Video, video);
    let place = made.header("location").unwrap();
    let half = video.len() / 2;
    s.kiosk.patch(&s.office, place, 0, &video[..half]);
    let answer = s.kiosk.put_manifest(&s.office, application.id, &signed);
    assert!(matches!(answer.json(), ApiError::MissingParts { parts } if parts.len() == 2));
}

#[test]
fn what_was_received_cannot_be_changed() {
    let s = setting();
    let application = s.application();
    let mut sealed = s.kiosk.seal(&application);
    assert_eq!(s.kiosk.submit(&s.office, &sealed).status, 200);
    let conflict = |answer: support::http::Answer| {
        assert_eq!(answer.status, 409);
        assert_eq!(answer.json::<ApiError>(), ApiError::Conflict);
    };
    let other_bytes = b"another selfie";
    let part = PartName::Selfie;
    conflict(
        s.kiosk
            .create_upload(&s.office, application.id, part, other_bytes),
    );
    sealed.manifest.sequence += 1;
    let changed = Signed::new(&sealed.manifest, &s.kiosk.manifest_key);
    conflict(s.kiosk.put_manifest(&s.office, application.id, &changed));
    assert_eq!(s.office.alarms(), ["submission_changed"]);

    let thief = Kiosk::provision(&s.office, "kiosk-2");
    conflict(thief.create_upload(&s.office, application.id, part, other_bytes));
    assert!(s.office.alarms().contains(&"foreign_submission".to_owned()));
}

#[test]
fn a_request_serves_one_submission() {
    let s = setting();
    let application = s.application();
    let first = s.kiosk.seal(&application);
    assert_eq!(s.kiosk.submit(&s.office, &first).status, 200);
    let again = Application {
        id: submission_id(),
        ..application
    };
    let mut second = s.kiosk.seal(&again);
    // The same request; only ECDSA's randomness made its encoding differ.
    second.manifest.csr_sha256 = first.manifest.csr_sha256;
    second.manifest.receipt_code_sha256 = Digest([7; 32]);
    let answer = s.kiosk.submit(&s.office, &second);
    assert_eq!(answer.json::<ApiError>(), ApiError::Conflict);
    assert_eq!(s.office.alarms(), ["request_reused"]);
}

#[test]
fn only_the_device_key_signs_for_its_kiosk() {
    let s = setting();
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let application = s.application();
    let sealed = s.kiosk.seal(&application);
    let unverified = |signed: &Signed<exchange::Manifest>| {
        let answer = s.kiosk.put_manifest(&s.office, application.id, signed);
        assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    };
    unverified(&Signed::new(&sealed.manifest, &other.manifest_key));
    let mut of_another = sealed.manifest.clone();
    of_another.kiosk = other.id.clone();
    unverified(&Signed::new(&of_another, &s.kiosk.manifest_key));
    let mut of_another = sealed.manifest;
    of_another.submission = submission_id();
    unverified(&Signed::new(&of_another, &s.kiosk.manifest_key));
}

#[test]
fn the_desk_decides_once_and_says_so_signed() {
    let s = setting();
    let [approved, rejected, asked] = std::array::from_fn(|i| {
        // One number, one code a minute: the later two were taken offline.
        let application = if i == 0 {
            s.application()
        } else {
            let number = phone(PHONE);
            Application::new(submission_id(), PhoneStanding::Unproven { number })
        };
        assert_eq!(
            s.kiosk
                .submit(&s.office, &s.kiosk.seal(&application))
                .status,
            200
        );
        assert_eq!(s.decision(&application), Decision::Pending);
        application
    });
    let id = approved.id.to_string();
    s.office.command(&["approve", &id]);
    assert_eq!(s.decision(&approved), Decision::Approved);
    let twice = s.office.try_command(&["reject", &id, "--reason", "x"]);
    assert!(!twice.status.success());

    let id = rejected.id.to_string();
    assert!(
        !s.office
            .try_command(&["reject", &id, "--reason", " "])
            .status
            .success()
    );
    s.office
        .command(&["reject", &id, "--reason", "сурет анық емес"]);
    let reason = "сурет анық емес".to_owned();
    assert_eq!(s.decision(&rejected), Decision::Rejected { reason });

    let id = asked.id.to_string();
    s.office.command(&["ask-again", &id, "--what", "паспорт"]);
    let what = "паспорт".to_owned();
    assert_eq!(s.decision(&asked), Decision::AskAgain { what });
    assert_eq!(s.kiosk.result(&s.office, submission_id()).status, 404);
}

#[test]
fn the_holder_of_the_key_opens_every_part_and_nobody_else() {
    let s = setting();
    let application = s.application();
    assert_eq!(
        s.kiosk
            .submit(&s.office, &s.kiosk.seal(&application))
            .status,
        200
    );
    let id = application.id.to_string();
    let folder = s.office.dir().parent().unwrap().join("opened");
    s.office.command(&["open", &id, folder.to_str().unwrap()]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let form: exchange::Form = serde_json::from_slice(&read("form.json")).unwrap();
    assert_eq!(form, application.form);
    assert_eq!(read("account_pin.txt"), b"482913");
    assert_eq!(read("video.mkv"), application.video);
    assert!(keystore::csr::Request::verify(&read("csr.der")).is_ok());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 7);

    let escrow = s.office.dir().join("escrow-identity.MOVE-AWAY.txt");
    let second = folder.with_extension("escrow");
    let with = |identity: &std::path::Path, to: &std::path::Path| {
        let words = ["open", &id, to.to_str().unwrap(), "--identity"];
        let words = [&words[..], &[identity.to_str().unwrap()]].concat();
        s.office.try_command(&words).status.success()
    };
    assert!(with(&escrow, &second));
    let stranger = folder.with_extension("stranger.txt");
    office::keys::make_identity(&stranger).unwrap();
    let third = folder.with_extension("stranger");
    assert!(!with(&stranger, &third));
    assert_eq!(std::fs::read_dir(&third).unwrap().count(), 0);
}

#[test]
fn a_part_sealed_for_another_place_is_found() {
    let s = setting();
    let application = s.application();
    let other = Application::new(
        submission_id(),
        PhoneStanding::Unproven {
            number: phone(PHONE),
        },
    );
    let mut sealed = s.kiosk.seal(&application);
    let stolen = s.kiosk.seal(&other).parts.pop().unwrap();
    assert_eq!(stolen.0, PartName::Video);
    for part in &mut sealed.manifest.parts {
        if part.name == stolen.0 {
            part.sha256 = Digest::of(&stolen.1);
            part.length = stolen.1.len() as u64;
        }
    }
    *sealed.parts.last_mut().unwrap() = stolen;
    assert_eq!(s.kiosk.submit(&s.office, &sealed).status, 200);
    let findings = s.findings(&application);
    assert!(
        findings.contains("part_unreadable") && findings.contains("video"),
        "{findings}"
    );
    let id = application.id.to_string();
    assert!(!s.office.try_command(&["approve", &id]).status.success());
}

#[test]
fn a_form_that_claims_more_than_the_office_knows_is_found() {
    let s = setting();
    let proof = "00112233445566778899aabbccddeeff".to_owned();
    let mut application = Application::new(submission_id(), PhoneStanding::Proven { proof });
    // The key was requested for this e-mail; the form names another.
    let csr = application.csr();
    application.form.email = exchange::EmailAddress::parse("other@example.kz").unwrap();
    let mut sealed = s.kiosk.seal_with_request(&application, &csr);
    sealed.manifest.receipt_code_sha256 = Digest([9; 32]);
    assert_eq!(s.kiosk.submit(&s.office, &sealed).status, 200);
    let findings = s.findings(&application);
    for expected in [
        "phone_proof_wrong",
        "request_differs",
        "receipt_code_differs",
    ] {
        assert!(findings.contains(expected), "{expected} in {findings}");
    }
}

#[test]
fn approving_a_requested_number_tells_the_old_one() {
    let s = setting();
    let number = phone("+77059998877");
    let standing = PhoneStanding::Requested {
        number: number.clone(),
    };
    let application = Application::new(submission_id(), standing);
    assert_eq!(
        s.kiosk
            .submit(&s.office, &s.kiosk.seal(&application))
            .status,
        200
    );
    assert!(s.findings(&application).contains("phone_requested"));
    assert!(
        s.office.json(&["sms", "list"]).is_empty(),
        "nothing before the decision"
    );
    s.office.approve(&application.id.to_string());
    let messages = s.office.json(&["sms", "list", "--phone", PHONE]);
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["text"].as_str().unwrap().contains("1414"));
    let lookup = exchange::api::PhoneLookup {
        submission: submission_id(),
        iin: support::kiosk::iin(support::kiosk::IIN),
    };
    let found: exchange::api::PhoneFound = s
        .kiosk
        .post(&s.office, exchange::api::PHONE_LOOKUP, &lookup)
        .json();
    assert_eq!(found.registered_masked, Some(number.masked()));
}
