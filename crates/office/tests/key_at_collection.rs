//! An application whose key is made only when it is collected: for storages that erase
//! older keys when they make one.

mod support;

use exchange::{
    ApprovedSubject, Digest, KeyAlgorithm, KeyMade, KeyNonce, PartName, PhoneStanding, Signed,
    SigningKey, StorageType, SubmissionKind, UnixMillis,
    api::{self, CodePurpose, CollectBy, CollectOpen, CollectOpened, Decision},
};
use keystore::{Token, csr};
use office::db::made_keys::{self, Arrival, MadeKeyState};
use support::{
    eventually,
    kiosk::Kiosk,
    late_key::{Card, Setting, application, refused, subject},
};

#[test]
fn the_key_is_made_at_another_kiosk_after_approval() {
    let s = Setting::received();
    let before = s.come_to(&s.second);
    assert_eq!(before.decision, Decision::Pending);
    assert_eq!((before.nonce, before.key_wanted), (None, None));
    assert_eq!(s.card.keys(), [s.card.older], "nothing is erased yet");

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
    assert_eq!(s.card.keys(), [key]);
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
