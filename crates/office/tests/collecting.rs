//! From approval to a certificate in the citizen's storage.

mod support;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    Digest, ReceiptCode,
    api::{
        self, ApiError, CodeChecked, CodePurpose, CollectBy, CollectConfirm, CollectIssued,
        CollectOpen, CollectOpened, CollectProve, Decision,
    },
};
use keystore::certificate;
use support::{
    Office,
    collection::Collection,
    eventually,
    kiosk::{Application, Kiosk, PHONE},
};

#[test]
fn the_citizen_who_waits_gets_the_certificate_at_once() {
    let s = Collection::proven();
    let before = s.waiting();
    assert_eq!((before.decision, before.nonce), (Decision::Pending, None));
    s.approve();
    let opened = s.waiting();
    assert_eq!(opened.decision, Decision::Approved);
    assert!(!opened.phone_code_needed, "the code was right a moment ago");
    let key = s.application.key.public();
    assert_eq!(opened.subject_key_identifier, Some(key.id().to_string()));
    let nonce = opened.nonce.unwrap();
    assert_eq!(
        s.waiting().nonce.as_deref(),
        Some(nonce.as_str()),
        "polling keeps it"
    );

    let issued = s.issued(&nonce);
    let got = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(got.key().id(), key.id());
    assert_eq!(
        s.issued(&nonce),
        issued,
        "a lost answer can be asked for again"
    );
    assert_eq!(s.confirm(&issued).status, 204);
    assert_eq!(s.confirm(&issued).status, 204);
    assert_eq!(s.office.json(&["submissions"])[0]["collected"], true);

    // It is over: the application cannot be collected a second time.
    let submission = s.application.id;
    let again = s.open(CollectBy::Waiting { submission });
    assert_eq!(again.json::<ApiError>(), ApiError::NotFound);
}

#[test]
fn coming_back_needs_code_phone_and_key() {
    let s = Collection::unproven();
    s.approve();
    // Even who waits must prove the phone now.
    let waiting = s.waiting();
    assert!(waiting.phone_code_needed && waiting.nonce.is_none());
    let opened = s.by_code();
    assert_eq!(opened.submission, s.application.id);
    assert!(opened.phone_code_needed);
    assert_eq!((opened.nonce, opened.subject_key_identifier), (None, None));
    s.kiosk
        .prove_phone(&s.office, CodePurpose::Collect, s.application.id);
    let opened = s.by_code();
    assert!(!opened.phone_code_needed);
    let issued = s.issued(&opened.nonce.unwrap());
    assert_eq!(s.confirm(&issued).status, 204);
}

#[test]
fn any_kiosk_serves_who_comes_back_but_none_pretends_they_waited() {
    let s = Collection::proven();
    s.approve();
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let submission = s.application.id;
    let by = CollectBy::Waiting { submission };
    let answer = other.post(&s.office, api::COLLECT_OPEN, &CollectOpen { by });
    assert_eq!(answer.json::<ApiError>(), ApiError::NotFound);
    let receipt_code = s.application.form.receipt_code.clone();
    let by = CollectBy::Code { receipt_code };
    let opened: CollectOpened = other
        .post(&s.office, api::COLLECT_OPEN, &CollectOpen { by })
        .json();
    assert!(
        opened.phone_code_needed,
        "proven elsewhere is not proven here"
    );
}

#[test]
fn wrong_codes_are_answered_alike_and_counted() {
    let s = Collection::proven();
    let code = |seed: u8| CollectBy::Code {
        receipt_code: ReceiptCode::from_random(&[seed; 12]),
    };
    let first = s.open(code(1)).seen();
    assert_eq!(first.0, 404);
    // Nine more that differ in nothing but their number.
    for seed in 2..=10 {
        assert_eq!(s.open(code(seed)).seen(), first);
    }
    assert_eq!(s.open(code(11)).status, 429);
    let receipt_code = s.application.form.receipt_code.clone();
    let right = s.open(CollectBy::Code { receipt_code });
    assert_eq!(right.status, 429, "the right one is no way to find out");
}

#[test]
fn every_proof_but_the_right_one_is_refused_alike() {
    let s = Collection::proven();
    s.approve();
    let nonce = s.waiting().nonce.unwrap();
    let right = s.application.sign_nonce(&nonce);
    let thief = Application::new(s.application.id, s.application.form.phone.clone());

    let wrong_key = s.prove_with(&nonce, thief.sign_nonce(&nonce)).seen();
    assert_eq!(wrong_key.0, 422);
    let own_nonce = "ab".repeat(32);
    let invented = s.prove_with(&own_nonce, s.application.sign_nonce(&own_nonce));
    assert_eq!(invented.seen(), wrong_key, "a nonce of one's own");
    let garbage = s.prove_with(&nonce, "no base64 !".into());
    assert_eq!(garbage.seen(), wrong_key);
    let bare = s.application.key.sign(nonce.as_bytes()).unwrap();
    assert_eq!(
        s.prove_with(&nonce, BASE64.encode(bare)).seen(),
        wrong_key,
        "signed outside its domain"
    );
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let prove = CollectProve {
        submission: s.application.id,
        nonce: nonce.clone(),
        signature: right,
    };
    let elsewhere = other.post(&s.office, api::COLLECT_PROVE, &prove);
    assert_eq!(elsewhere.seen(), wrong_key, "carried to another kiosk");

    let issued = s.issued(&nonce);
    // ECDSA signs anew each time unless deterministic: any other signature is a replay.
    let replayed = s.prove_with(&nonce, thief.sign_nonce(&nonce));
    assert_eq!(replayed.seen(), wrong_key, "a used nonce");
    let wrong_certificate = CollectConfirm {
        submission: s.application.id,
        certificate_sha256: Digest::of(b"another"),
    };
    let answer = s
        .kiosk
        .post(&s.office, api::COLLECT_CONFIRM, &wrong_certificate);
    assert_eq!(answer.seen(), wrong_key);
    assert_eq!(s.confirm(&issued).status, 204);
}

#[test]
fn an_unconfirmed_certificate_is_revoked_and_another_may_be_issued() {
    let office = Office::start_with(|settings| {
        let collect = settings["collect"].as_table_mut().unwrap();
        collect.insert("confirm_minutes".into(), 0.into());
    });
    let s = Collection::with(office, true);
    s.approve();
    // Without any time to confirm, each certificate is overdue when it is issued.
    let nonce = s.waiting().nonce.unwrap();
    let signature = s.application.sign_nonce(&nonce);
    s.prove_with(&nonce, signature.clone());
    eventually("it was revoked", || {
        s.office
            .alarms()
            .contains(&"not_confirmed".to_owned())
            .then_some(())
    });
    let late = s.prove_with(&nonce, signature);
    assert_eq!(late.status, 422, "a revoked certificate is not handed out");
    let list = String::from_utf8(s.office.read("public/revoked.crl.pem")).unwrap();
    assert!(list.starts_with("-----BEGIN X509 CRL"));
    let fresh = s.waiting().nonce.unwrap();
    assert_ne!(fresh, nonce);
}

#[test]
fn a_second_certificate_ends_the_first() {
    let s = Collection::proven();
    s.approve();
    let first = s.issued(&s.waiting().nonce.unwrap());
    // The kiosk lost it before confirming and begins again.
    let second = s.issued(&s.waiting().nonce.unwrap());
    assert_ne!(first.certificate_pem, second.certificate_pem);
    assert_eq!(s.confirm(&first).status, 422);
    assert_eq!(s.confirm(&second).status, 204);
    let live = live_certificates(&s.office);
    assert_eq!(live, 1);
}

/// Two kiosks, each with the phone proven and the key at hand (a copy of the file), at
/// the same moment: one certificate lives, whatever order they come in.
#[test]
fn two_who_collect_at_once_get_one_certificate() {
    let s = Collection::proven();
    s.approve();
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let receipt_code = s.application.form.receipt_code.clone();
    let by = CollectBy::Code { receipt_code };
    let open = CollectOpen { by };
    other.post(&s.office, api::COLLECT_OPEN, &open);
    other.prove_phone(&s.office, CodePurpose::Collect, s.application.id);
    let opened: CollectOpened = other.post(&s.office, api::COLLECT_OPEN, &open).json();
    let nonces = [s.waiting().nonce.unwrap(), opened.nonce.unwrap()];
    let proofs = nonces.map(|nonce| CollectProve {
        submission: s.application.id,
        signature: s.application.sign_nonce(&nonce),
        nonce,
    });
    let (here, there) = (&s.kiosk.client, &other.client);
    let address = s.office.address();
    let prove = |kiosk: &support::http::Client, proof: &CollectProve| {
        eventually("an answer", || {
            let answer = kiosk.post(&address, api::COLLECT_PROVE, proof);
            (answer.status != 202).then_some(answer.status)
        })
    };
    let answers = std::thread::scope(|scope| {
        let one = scope.spawn(|| prove(here, &proofs[0]));
        let two = scope.spawn(|| prove(there, &proofs[1]));
        [one.join().unwrap(), two.join().unwrap()]
    });
    // The first may have had its answer before the second ended it.
    assert!(answers.contains(&200), "{answers:?}");
    assert_eq!(live_certificates(&s.office), 1);
}

/// What tells a thief nothing: neither status nor headers nor body say which part of
/// what was shown was wrong.
#[test]
fn a_refused_collector_cannot_tell_why() {
    let s = Collection::proven();
    s.approve();
    let code = |receipt_code| s.open(CollectBy::Code { receipt_code });
    let unknown = code(ReceiptCode::from_random(&[3; 12]));
    let another = code(ReceiptCode::from_random(&[4; 12]));
    assert_eq!(unknown.alike(), another.alike());
    let submission = support::kiosk::submission_id();
    let nobody = s.open(CollectBy::Waiting { submission });
    assert_eq!(nobody.alike(), unknown.alike(), "no such application");
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let submission = s.application.id;
    let by = CollectBy::Waiting { submission };
    let elsewhere = other.post(&s.office, api::COLLECT_OPEN, &CollectOpen { by });
    assert_eq!(elsewhere.alike(), unknown.alike(), "at a second kiosk");

    // The right code, then everything but the right key.
    let nonce = s.waiting().nonce.unwrap();
    let thief = Application::new(s.application.id, s.application.form.phone.clone());
    let wrong_token = s.prove_with(&nonce, thief.sign_nonce(&nonce));
    assert_eq!(wrong_token.status, 422);
    let own = "ef".repeat(32);
    let invented = s.prove_with(&own, s.application.sign_nonce(&own));
    let right = s.application.sign_nonce(&nonce);
    let prove = CollectProve {
        submission: s.application.id,
        nonce: nonce.clone(),
        signature: right.clone(),
    };
    let carried = other.post(&s.office, api::COLLECT_PROVE, &prove);
    let issued = s.issued(&nonce);
    assert_eq!(s.confirm(&issued).status, 204);
    let used = s.prove_with(&nonce, thief.sign_nonce(&nonce));
    let foreign = CollectProve {
        submission: support::kiosk::submission_id(),
        nonce,
        signature: right,
    };
    let unopened = s.kiosk.post(&s.office, api::COLLECT_PROVE, &foreign);
    for (what, answer) in [
        ("a nonce of one's own", invented),
        ("a second kiosk", carried),
        ("a used nonce", used),
        ("another application", unopened),
    ] {
        assert_eq!(answer.alike(), wrong_token.alike(), "{what}");
    }
}

/// The code of an application that had its certificate is a code that nobody has.
#[test]
fn an_application_that_is_over_is_none() {
    let s = Collection::proven();
    s.collected();
    let receipt_code = s.application.form.receipt_code.clone();
    let over = s.open(CollectBy::Code { receipt_code });
    let receipt_code = ReceiptCode::from_random(&[5; 12]);
    let unknown = s.open(CollectBy::Code { receipt_code });
    assert_eq!((over.status, over.alike()), (404, unknown.alike()));
}

#[test]
fn a_wrong_phone_code_opens_nothing() {
    let s = Collection::unproven();
    s.approve();
    let id = s.application.id;
    let (purpose, office) = (CodePurpose::Collect, &s.office);
    s.by_code();
    assert_eq!(s.kiosk.send_code(office, purpose, id).status, 200);
    let right = office.newest_code(PHONE);
    // One digit off.
    let digit = char::from(b'0' + (right.as_bytes()[0] - b'0' + 1) % 10);
    let wrong = format!("{digit}{}", &right[1..]);
    let checked = s.kiosk.check_code(office, purpose, id, &wrong);
    assert!(matches!(checked, CodeChecked::Wrong { .. }), "{checked:?}");
    let opened = s.by_code();
    assert!(opened.phone_code_needed);
    assert_eq!((opened.nonce, opened.subject_key_identifier), (None, None));

    // Typed at another kiosk, the right one is a code that was never sent there.
    let other = Kiosk::provision(office, "kiosk-2");
    let carried = other.check_code(office, purpose, id, &right);
    let never_sent = other.check_code(office, purpose, support::kiosk::submission_id(), &right);
    assert_eq!(carried, never_sent);

    // The right token makes up for nothing, and is told no more than a wrong one.
    let nonce = "ab".repeat(32);
    let right_key = s.prove_with(&nonce, s.application.sign_nonce(&nonce));
    let thief = Application::new(id, s.application.form.phone.clone());
    let wrong_key = s.prove_with(&nonce, thief.sign_nonce(&nonce));
    assert_eq!(
        (right_key.status, right_key.alike()),
        (422, wrong_key.alike())
    );
    assert_eq!(live_certificates(office), 0);
}

#[test]
fn an_earlier_nonce_or_its_signature_is_good_for_nothing() {
    let s = Collection::proven();
    s.approve();
    let earlier = s.waiting().nonce.unwrap();
    let old = s.application.sign_nonce(&earlier);
    // The same answer again and again, at once, is one answer.
    let prove = CollectProve {
        submission: s.application.id,
        nonce: earlier.clone(),
        signature: old.clone(),
    };
    let (client, address) = (&s.kiosk.client, &s.office.address());
    let answers: Vec<CollectIssued> = std::thread::scope(|scope| {
        let send = || {
            eventually("an answer", || {
                let answer = client.post(address, api::COLLECT_PROVE, &prove);
                (answer.status == 200).then(|| answer.json())
            })
        };
        let sent: Vec<_> = (0..5).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(certificates(&s.office).len(), 1);

    let nonce = s.waiting().nonce.unwrap();
    let thief = Application::new(s.application.id, s.application.form.phone.clone());
    let wrong_key = s.prove_with(&nonce, thief.sign_nonce(&nonce));
    for (what, nonce, signature) in [
        ("an earlier signature under the new nonce", &nonce, &old),
        (
            "a new signature under the earlier nonce",
            &earlier,
            &s.application.sign_nonce(&nonce),
        ),
    ] {
        let answer = s.prove_with(nonce, signature.clone());
        assert_eq!(
            (answer.status, answer.alike()),
            (422, wrong_key.alike()),
            "{what}"
        );
    }
    // The second certificate ends the first, and with it what its proof was good for.
    let second = s.issued(&nonce);
    let replayed = s.prove_with(&earlier, old);
    assert_eq!(
        (replayed.status, replayed.alike()),
        (422, wrong_key.alike())
    );
    assert_eq!(s.confirm(&second).status, 204);
    assert_eq!(live_certificates(&s.office), 1);
}

/// Two kiosks that both have everything (a copied file), each as fast as it can from the
/// nonce to the confirmation, until one of them is told that it is over.
#[test]
fn kiosks_that_race_to_the_end_leave_one_certificate() {
    let s = Collection::proven();
    s.approve();
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let receipt_code = s.application.form.receipt_code.clone();
    let open = CollectOpen {
        by: CollectBy::Code { receipt_code },
    };
    other.post(&s.office, api::COLLECT_OPEN, &open);
    other.prove_phone(&s.office, CodePurpose::Collect, s.application.id);
    let address = &s.office.address();
    let submission = s.application.id;
    let here = CollectOpen {
        by: CollectBy::Waiting { submission },
    };
    let race = |client: &support::http::Client, open: &CollectOpen| -> u32 {
        let mut confirmed = 0;
        for _ in 0..40 {
            let opened = client.post(address, api::COLLECT_OPEN, open);
            if opened.status != 200 {
                break;
            }
            let Some(nonce) = opened.json::<CollectOpened>().nonce else {
                continue;
            };
            let prove = CollectProve {
                submission,
                signature: s.application.sign_nonce(&nonce),
                nonce,
            };
            let proven = eventually("an answer", || {
                let answer = client.post(address, api::COLLECT_PROVE, &prove);
                (answer.status != 202).then_some(answer)
            });
            if proven.status != 200 {
                continue;
            }
            let pem = proven.json::<CollectIssued>().certificate_pem;
            let confirm = CollectConfirm {
                submission,
                certificate_sha256: Digest::of(&support::collection::der(&pem)),
            };
            let answer = client.post(address, api::COLLECT_CONFIRM, &confirm);
            confirmed += u32::from(answer.status == 204);
        }
        confirmed
    };
    let kiosks = [(&s.kiosk.client, &here), (&other.client, &open)];
    let confirmed: u32 = std::thread::scope(|scope| {
        let racing = kiosks.map(|(client, open)| scope.spawn(move || race(client, open)));
        racing.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(confirmed, 1, "one of them had it");
    let states = certificates(&s.office);
    let count = |wanted: &str| states.iter().filter(|state| *state == wanted).count();
    assert_eq!(count("confirmed"), 1, "{states:?}");
    assert_eq!(count("revoked"), states.len() - 1, "{states:?}");
}

/// The state of every certificate that was ever signed.
fn certificates(office: &Office) -> Vec<String> {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT state FROM certificate WHERE serial IS NOT NULL ORDER BY id";
    database
        .read(|c| c.prepare(sql)?.query_map([], |r| r.get(0))?.collect())
        .unwrap()
}

fn live_certificates(office: &Office) -> u64 {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT count(*) FROM certificate WHERE state <> 'revoked'";
    database
        .read(|c| c.query_row(sql, [], |r| r.get(0)))
        .unwrap()
}

#[test]
fn an_order_the_desk_did_not_sign_issues_nothing() {
    let s = Collection::proven();
    s.approve();
    // Someone who can write the database, but has no key of the desk.
    let database = office::db::Database::open(&s.office.dir().join("office.db")).unwrap();
    let (id, nonce) = (s.application.id.to_string(), "cd".repeat(32));
    let signature = s.application.sign_nonce(&nonce);
    database
        .write(|t| {
            t.execute(
                "UPDATE submission SET issue_order = replace(issue_order, 'PKCS12', 'AKKaztokenStore')
                 WHERE id = ?",
                [&id],
            )?;
            t.execute(
                "INSERT INTO key_proof (nonce, submission, kiosk, signature, at, state)
                 VALUES (?, ?, 'kiosk-1', ?, ?, 'waiting')",
                (
                    &nonce,
                    &id,
                    &signature,
                    exchange::UnixMillis::from_system_clock().0,
                ),
            )
        })
        .unwrap();
    eventually("the authority refused", || {
        s.office
            .alarms()
            .contains(&"issue_failed".to_owned())
            .then_some(())
    });
    assert_eq!(live_certificates(&s.office), 0);
}
