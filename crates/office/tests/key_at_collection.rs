//! An application whose key is made only when it is collected: for storages that erase
//! older keys when they make one.

mod support;

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    ApprovedSubject, Digest, KeyAlgorithm, KeyMade, KeyNonce, KeyStanding, KeyWanted, PartName,
    PhoneStanding, Secret, Signed, SigningKey, StorageType, SubmissionKind, UnixMillis,
    api::{
        self, ApiError, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen,
        CollectOpened, CollectProve, Decision,
    },
};
use keystore::{Chain, KeyId, KeyStorage, SimulatedToken, Subject, Token, csr};
use office::db::{
    Database,
    made_keys::{self, Arrival, MadeKeyState},
    submissions,
};
use support::{
    Office, eventually,
    http::Answer,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};

/// A card that erases older keys, with one that it would be a pity to lose.
struct Card {
    folder: tempfile::TempDir,
    pin: Secret,
    older: KeyId,
}

impl Card {
    fn new() -> Self {
        let mut card = Self {
            folder: tempfile::tempdir().unwrap(),
            pin: Secret::from("246810"),
            older: "00".repeat(20).parse().unwrap(),
        };
        card.older = card.make();
        card
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("card")
    }

    fn present(&self) -> SimulatedToken {
        let kind = StorageType::AKKZIDCardStore;
        SimulatedToken::in_file(kind, &self.pin, 2, &self.file())
            .unwrap()
            .erasing()
    }

    fn make(&self) -> KeyId {
        let mut card = self.present();
        let key = card.generate(KeyAlgorithm::EcdsaP256, &self.pin).unwrap();
        key.id()
    }

    fn keys(&self) -> Vec<KeyId> {
        let contents = self.present().contents().unwrap();
        [contents.pending, contents.installed].concat()
    }

    fn request(&self, key: &KeyId, approved: &ApprovedSubject) -> Vec<u8> {
        let mut card = self.present();
        let key = card.read_back(key, &self.pin).unwrap().key;
        let subject = subject(approved);
        keystore::request(&mut card, &key, &self.pin, subject, None).unwrap()
    }

    fn sign(&self, key: &KeyId, application: &Application, nonce: &str) -> String {
        let mut card = self.present();
        let signature = keystore::prove(&mut card, key, &self.pin, application.id, nonce);
        BASE64.encode(signature.unwrap())
    }
}

fn subject(approved: &ApprovedSubject) -> Subject<'_> {
    Subject {
        holder: &approved.holder,
        iin: &approved.iin,
        email: &approved.email,
    }
}

/// One application without a key, received from the first of two kiosks.
struct Setting {
    office: Office,
    first: Kiosk,
    second: Kiosk,
    application: Application,
    card: Card,
}

impl Setting {
    fn received() -> Self {
        let office = Office::start_with(|settings| {
            let mut set = |table: &str, name: &str, value: i64| {
                let table = settings[table].as_table_mut().unwrap();
                table.insert(name.into(), value.into());
            };
            set("codes", "sent_per_hour", 100);
            set("codes", "resend_after_seconds", 0);
            set("limits", "wrong_proofs_per_hour", 100);
        });
        let first = Kiosk::provision(&office, "kiosk-1");
        let second = Kiosk::provision(&office, "kiosk-2");
        let application = application();
        let answer = first.submit(&office, &first.seal_keyless(&application));
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
        let id = application.id.to_string();
        eventually("the desk has looked", || {
            (office.state_of(&id) == "open").then_some(())
        });
        Self {
            office,
            first,
            second,
            application,
            card: Card::new(),
        }
    }

    fn approved() -> Self {
        let s = Self::received();
        s.office.approve(&s.application.id.to_string());
        s
    }

    fn open(&self, kiosk: &Kiosk) -> CollectOpened {
        let receipt_code = self.application.form.receipt_code.clone();
        let by = CollectBy::Code { receipt_code };
        let open = CollectOpen { by };
        kiosk.post(&self.office, api::COLLECT_OPEN, &open).json()
    }

    /// With receipt code and phone code.
    fn come_to(&self, kiosk: &Kiosk) -> CollectOpened {
        assert!(self.open(kiosk).phone_code_needed);
        kiosk.prove_phone(&self.office, CodePurpose::Collect, self.application.id);
        self.open(kiosk)
    }

    /// What the desk approved; only its own word counts.
    fn approved_subject(&self, wanted: &KeyWanted) -> ApprovedSubject {
        let key = &self.first.provisioned.decision_key_pem;
        let key = office::keys::verifying_key(key).unwrap();
        wanted.approved.verify(&key).unwrap()
    }

    fn made(&self, kiosk: &Kiosk, csr: &[u8], nonce: KeyNonce) -> Signed<KeyMade> {
        Signed::new(&self.statement(kiosk, csr, nonce), &kiosk.manifest_key)
    }

    fn statement(&self, kiosk: &Kiosk, csr: &[u8], nonce: KeyNonce) -> KeyMade {
        let at = UnixMillis::from_system_clock();
        KeyMade::new(
            self.application.id,
            kiosk.id.clone(),
            csr.to_vec(),
            nonce,
            at,
        )
        .unwrap()
    }

    /// The office's last word.
    fn say(&self, kiosk: &Kiosk, signed: &Signed<KeyMade>) -> Answer {
        eventually("the desk has looked", || {
            let answer = kiosk.post(&self.office, api::COLLECT_KEY, signed);
            (answer.status != 202).then_some(answer)
        })
    }

    fn taken(&self, kiosk: &Kiosk, signed: &Signed<KeyMade>) -> String {
        let answer = self.say(kiosk, signed);
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
        match answer.json() {
            KeyStanding::Taken { nonce } => nonce,
            KeyStanding::Waiting => panic!("with status 200"),
        }
    }

    fn issued(&self, kiosk: &Kiosk, key: &KeyId, nonce: &str) -> CollectIssued {
        let prove = CollectProve {
            submission: self.application.id,
            nonce: nonce.to_owned(),
            signature: self.card.sign(key, &self.application, nonce),
        };
        eventually("the authority has signed", || {
            let answer = kiosk.post(&self.office, api::COLLECT_PROVE, &prove);
            (answer.status != 202).then(|| answer.json())
        })
    }

    /// Beside its key, read back, and confirmed.
    fn install(&self, kiosk: &Kiosk, key: &KeyId, issued: &CollectIssued) {
        let chain = Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
        let mut card = self.card.present();
        card.install(key, &self.card.pin, &chain).unwrap();
        card.read_back(key, &self.card.pin).unwrap();
        let confirm = CollectConfirm {
            submission: self.application.id,
            certificate_sha256: Digest::of(&support::collection::der(&issued.certificate_pem)),
        };
        let answer = kiosk.post(&self.office, api::COLLECT_CONFIRM, &confirm);
        assert_eq!(answer.status, 204);
    }

    fn database(&self) -> Database {
        Database::open(&self.office.dir().join("office.db")).unwrap()
    }

    fn has_order(&self) -> bool {
        let id = self.application.id;
        let order = self.database().read(|c| submissions::issue_order(c, id));
        order.unwrap().is_some()
    }
}

fn application() -> Application {
    let number = phone(PHONE);
    let mut application = Application::new(submission_id(), PhoneStanding::Unproven { number });
    application.form.storage = StorageType::AKKZIDCardStore;
    application.video.truncate(20_000);
    application
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, 422, "{:?}", answer.seen());
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
}

#[test]
fn the_key_is_made_at_another_kiosk_after_approval() {
    let s = Setting::received();
    let before = s.come_to(&s.second);
    assert_eq!(before.decision, Decision::Pending);
    assert_eq!((before.nonce, before.key_wanted), (None, None));
    assert_eq!(
        s.card.keys(),
        [s.card.older.clone()],
        "nothing is erased yet"
    );

    s.office.approve(&s.application.id.to_string());
    let opened = s.open(&s.second);
    assert_eq!(
        (opened.decision, &opened.nonce),
        (Decision::Approved, &None)
    );
    assert_eq!(opened.subject_key_identifier, None);
    let wanted = opened.key_wanted.unwrap();
    assert_eq!(
        s.open(&s.second).key_wanted.unwrap(),
        wanted,
        "polling keeps it"
    );
    let approved = s.approved_subject(&wanted);
    let form = &s.application.form;
    assert_eq!(approved.submission, s.application.id);
    assert_eq!((&approved.iin, &approved.email), (&form.iin, &form.email));
    assert_eq!(approved.holder, form.document.holder);
    assert_eq!(
        (approved.storage, approved.algorithm),
        (form.storage, form.algorithm)
    );

    assert!(s.card.present().status().unwrap().generation_erases);
    let key = s.card.make();
    assert_eq!(s.card.keys(), [key.clone()]);
    let csr = s.card.request(&key, &approved);
    let signed = s.made(&s.second, &csr, wanted.nonce);
    let nonce = s.taken(&s.second, &signed);
    assert_eq!(
        s.taken(&s.second, &signed),
        nonce,
        "the same again is a poll"
    );
    let opened = s.open(&s.second);
    assert_eq!(opened.key_wanted, None);
    assert_eq!(opened.nonce.as_ref(), Some(&nonce));
    assert_eq!(opened.subject_key_identifier, Some(key.to_string()));

    let issued = s.issued(&s.second, &key, &nonce);
    s.install(&s.second, &key, &issued);
    assert_eq!(s.office.json(&["submissions"])[0]["collected"], true);
    assert_eq!(s.office.alarms(), [""; 0]);
    // It is over, for the key too.
    refused(&s.say(&s.second, &signed));
}

#[test]
fn who_still_stands_there_makes_the_key_at_once() {
    let s = Setting::received();
    let mut application = application();
    let proof = s
        .first
        .prove_phone(&s.office, CodePurpose::Enrol, application.id);
    application.form.phone = PhoneStanding::Proven { proof };
    let answer = s
        .first
        .submit(&s.office, &s.first.seal_keyless(&application));
    assert_eq!(answer.status, 200);
    s.office.approve(&application.id.to_string());
    let submission = application.id;
    let by = CollectBy::Waiting { submission };
    let open = CollectOpen { by };
    let opened: CollectOpened = s.first.post(&s.office, api::COLLECT_OPEN, &open).json();
    assert!(!opened.phone_code_needed && opened.key_wanted.is_some());
}

#[test]
fn every_statement_but_the_right_one_is_refused_alike() {
    let s = Setting::approved();
    // Without a proven phone nothing is told, and nothing taken.
    let early = s.open(&s.second);
    assert_eq!((early.key_wanted, early.nonce), (None, None));
    s.second
        .prove_phone(&s.office, CodePurpose::Collect, s.application.id);
    let wanted = s.open(&s.second).key_wanted.unwrap();
    let elsewhere = s.come_to(&s.first).key_wanted.unwrap();
    assert_ne!(wanted.nonce, elsewhere.nonce, "one nonce a kiosk");
    let approved = s.approved_subject(&wanted);
    let key = s.card.make();
    let csr = s.card.request(&key, &approved);
    let (nonce, kiosk) = (wanted.nonce, &s.second);
    let right = s.statement(kiosk, &csr, nonce);

    // Somebody else's application, whose key came along.
    let mut other = application();
    other.form.storage = StorageType::Pkcs12;
    let brought = other.csr();
    let sealed = s.first.seal_with_request(&other, &brought);
    assert_eq!(s.first.submit(&s.office, &sealed).status, 200);
    let other_id = other.id.to_string();
    s.office.approve(&other_id);
    let same_key = {
        let draft = csr::Draft::new(
            subject(&approved),
            approved.storage,
            None,
            other.key.public(),
        );
        let draft = draft.unwrap();
        let signature = other.key.sign(draft.to_be_signed()).unwrap();
        draft.signed(&signature).unwrap()
    };
    let mut unsigned = csr.clone();
    *unsigned.last_mut().unwrap() ^= 1;
    let renamed = KeyMade::new(
        other.id,
        kiosk.id.clone(),
        csr.clone(),
        nonce,
        right.made_at,
    );
    let thief = SigningKey::from_slice(&[9; 32]).unwrap();

    let wrong = [
        ("not signed by this kiosk", Signed::new(&right, &thief)),
        (
            "signed by the other kiosk",
            Signed::new(&right, &s.first.manifest_key),
        ),
        (
            "names the other kiosk",
            Signed::new(&s.statement(&s.first, &csr, nonce), &kiosk.manifest_key),
        ),
        (
            "the nonce of the other kiosk",
            s.made(kiosk, &csr, elsewhere.nonce),
        ),
        (
            "a nonce of nobody",
            s.made(kiosk, &csr, KeyNonce::from_random([7; 32])),
        ),
        ("not signed by its own key", s.made(kiosk, &unsigned, nonce)),
        (
            "the request of another application",
            s.made(kiosk, &brought, nonce),
        ),
        (
            "the key of another application",
            s.made(kiosk, &same_key, nonce),
        ),
        (
            "an application that has its key",
            Signed::new(&renamed.unwrap(), &kiosk.manifest_key),
        ),
    ];
    let first = s.say(kiosk, &wrong[0].1).seen();
    for (what, signed) in &wrong {
        let answer = s.say(kiosk, signed);
        refused(&answer);
        assert_eq!(answer.seen(), first, "{what}");
    }
    // At the kiosk that has another nonce.
    assert_eq!(
        s.say(&s.first, &s.made(&s.first, &csr, nonce)).seen(),
        first
    );
    assert!(!s.has_order());
    assert_eq!(s.office.alarms(), [""; 0], "none of it came to the desk");

    let signed = s.made(kiosk, &csr, nonce);
    let proof = s.taken(kiosk, &signed);
    s.install(kiosk, &key, &s.issued(kiosk, &key, &proof));
}

#[test]
fn no_key_before_approval_or_a_proven_phone() {
    let s = Setting::received();
    s.come_to(&s.second);
    let approved = ApprovedSubject {
        submission: s.application.id,
        iin: s.application.form.iin.clone(),
        holder: s.application.form.document.holder.clone(),
        email: s.application.form.email.clone(),
        storage: s.application.form.storage,
        algorithm: s.application.form.algorithm,
        approved_at: UnixMillis(0),
    };
    let csr = s.card.request(&s.card.older, &approved);
    let guessed = s.made(&s.second, &csr, KeyNonce::from_random([1; 32]));
    refused(&s.say(&s.second, &guessed));
    s.office.approve(&s.application.id.to_string());
    // The receipt code alone.
    s.open(&s.first);
    let guessed = s.made(&s.first, &csr, KeyNonce::from_random([1; 32]));
    refused(&s.say(&s.first, &guessed));
    assert!(!s.has_order());
}

#[test]
fn what_the_desk_refuses_makes_room_for_another_key() {
    let s = Setting::approved();
    let mut wanted = s.come_to(&s.second).key_wanted.unwrap();
    let approved = s.approved_subject(&wanted);
    let key = s.card.make();
    let other_email = ApprovedSubject {
        email: exchange::EmailAddress::parse("other@example.kz").unwrap(),
        ..approved.clone()
    };
    let other_name = ApprovedSubject {
        holder: exchange::HolderName::new("БАСҚА", "АДАМ", "").unwrap(),
        ..approved.clone()
    };
    let made_by = |algorithm, storage| {
        let key = keystore::PrivateKey::generate(algorithm).unwrap();
        let draft = csr::Draft::new(subject(&approved), storage, None, key.public()).unwrap();
        let signature = key.sign(draft.to_be_signed()).unwrap();
        draft.signed(&signature).unwrap()
    };
    let wrong = [
        ("e-mail", s.card.request(&key, &other_email)),
        ("name", s.card.request(&key, &other_name)),
        (
            "algorithm",
            made_by(KeyAlgorithm::Rsa2048, approved.storage),
        ),
        (
            "storage",
            made_by(KeyAlgorithm::EcdsaP256, StorageType::Pkcs12),
        ),
    ];
    for (what, csr) in wrong {
        let signed = s.made(&s.second, &csr, wanted.nonce);
        refused(&s.say(&s.second, &signed));
        assert!(!s.has_order(), "{what}");
        refused(&s.say(&s.second, &signed));
        let again = s.open(&s.second).key_wanted.unwrap();
        assert_ne!(again.nonce, wanted.nonce, "{what}: its nonce is used up");
        wanted = again;
    }
    assert_eq!(s.office.alarms(), ["key_refused"], "told once an hour");
    let csr = s.card.request(&key, &approved);
    let nonce = s.taken(&s.second, &s.made(&s.second, &csr, wanted.nonce));
    s.install(&s.second, &key, &s.issued(&s.second, &key, &nonce));
}

#[test]
fn one_key_is_taken_and_no_second() {
    let s = Setting::approved();
    let here = s.come_to(&s.first).key_wanted.unwrap();
    let there = s.come_to(&s.second).key_wanted.unwrap();
    let approved = s.approved_subject(&here);
    // Lost before the office heard of it: nothing was signed for it.
    s.card.make();
    let key = s.card.make();
    let csr = s.card.request(&key, &approved);
    let signed = s.made(&s.first, &csr, here.nonce);
    s.taken(&s.first, &signed);

    let second = {
        let another = Card::new();
        another.request(&another.make(), &approved)
    };
    refused(&s.say(&s.second, &s.made(&s.second, &second, there.nonce)));
    refused(&s.say(&s.first, &s.made(&s.first, &second, here.nonce)));
    assert_eq!(s.taken(&s.first, &signed).len(), 64, "the first stands");
    // The same request at the other kiosk: told of the same key.
    s.taken(&s.second, &s.made(&s.second, &csr, there.nonce));

    // And there the citizen goes on with the card as it is.
    let opened = s.open(&s.second);
    assert_eq!(opened.subject_key_identifier, Some(key.to_string()));
    assert_eq!(opened.key_wanted, None);
    let nonce = opened.nonce.unwrap();
    s.install(&s.second, &key, &s.issued(&s.second, &key, &nonce));
    let live = s
        .database()
        .read(|c| office::db::certificates::of_submission(c, s.application.id))
        .unwrap();
    assert_eq!(live.len(), 1);
}

/// `receive` may write what it likes: it has neither a kiosk's key nor the desk's.
#[test]
fn the_desk_believes_no_row() {
    let s = Setting::approved();
    let wanted = s.come_to(&s.second).key_wanted.unwrap();
    let approved = s.approved_subject(&wanted);
    let csr = s.card.request(&s.card.make(), &approved);
    let forger = SigningKey::from_slice(&[9; 32]).unwrap();
    let (id, database) = (s.application.id, s.database());
    let put = |kiosk: &Kiosk, csr: &[u8], signer: &SigningKey, nonce: u8| {
        let said = KeyNonce::from_random([nonce; 32]);
        let text = Signed::new(&s.statement(kiosk, csr, said), signer);
        let text = serde_json::to_string(&text).unwrap();
        // Of another nonce than the kiosk says, where it is even.
        let nonce = KeyNonce::from_random([nonce | 1; 32]).to_string();
        let arrival = Arrival {
            submission: id,
            kiosk: &kiosk.id,
            nonce: &nonce,
            csr_sha256: &Digest::of(csr),
            subject_key_identifier: "00",
            statement: &text,
            at: UnixMillis::from_system_clock(),
        };
        database.write(|t| made_keys::insert(t, &arrival)).unwrap();
        eventually("the desk has looked", || {
            let row = database.read(|c| made_keys::by_nonce(c, &nonce)).unwrap()?;
            (row.state != MadeKeyState::Asked).then_some(())
        });
        s.has_order()
    };
    let (first, second) = (&s.first, &s.second);
    assert!(!put(second, &csr, &forger, 1));
    assert!(!put(second, &csr, &first.manifest_key, 3));
    assert!(!put(second, &csr, &second.manifest_key, 4));
    // What was approved, changed.
    let changed = ApprovedSubject {
        email: exchange::EmailAddress::parse("other@example.kz").unwrap(),
        ..approved
    };
    let changed_csr = s.card.request(&s.card.keys()[0], &changed);
    let write = |subject: &Signed<ApprovedSubject>| {
        let text = serde_json::to_string(subject).unwrap();
        let sql = "UPDATE submission SET approved_subject = ? WHERE id = ?";
        let written = database.write(|t| t.execute(sql, (text, id.to_string())));
        assert_eq!(written.unwrap(), 1);
    };
    write(&Signed::new(&changed, &forger));
    assert!(!put(second, &changed_csr, &second.manifest_key, 7));
    write(&wanted.approved);
    s.office.command(&["kiosk", "revoke", second.id.as_str()]);
    assert!(!put(second, &csr, &second.manifest_key, 9));
    // Only what a kiosk in service signed about its own citizen.
    assert!(put(first, &csr, &first.manifest_key, 11));
    assert!(s.office.alarms().iter().all(|a| a == "key_refused"));
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let s = Setting::received();
    let put = |change: &dyn Fn(&mut exchange::Manifest)| {
        let application = application();
        let mut sealed = s.first.seal(&application);
        change(&mut sealed.manifest);
        for (part, bytes) in &sealed.parts {
            s.first.upload(&s.office, application.id, *part, bytes);
        }
        let signed = Signed::new(&sealed.manifest, &s.first.manifest_key);
        let answer = s.first.put_manifest(&s.office, application.id, &signed);
        answer.status
    };
    assert_eq!(put(&|_| {}), 200);
    assert_eq!(put(&|m| m.csr_sha256 = None), 400);
    let without = |m: &mut exchange::Manifest| m.parts.retain(|p| p.name != PartName::Csr);
    assert_eq!(put(&|m| without(m)), 400);
    let renewal = |m: &mut exchange::Manifest| {
        m.parts.retain(|p| p.name == PartName::Form);
        let mut proof = m.parts[0].clone();
        proof.name = PartName::RenewalProof;
        m.parts.push(proof);
        m.csr_sha256 = None;
        assert_eq!(m.kind(), SubmissionKind::Renewal);
    };
    assert_eq!(put(&|m| renewal(m)), 400, "the old key signs for a request");
}
