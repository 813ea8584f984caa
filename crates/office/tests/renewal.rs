//! A new key for who signs with the key of a certificate in force.

mod support;

use std::cell::Cell;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    Digest, EmailAddress, HolderName, IinPolicy, KeyAlgorithm, Language, PartName, PhoneStanding,
    ReceiptCode, RenewalForm, RenewalNonce, RenewalProof, StorageType, SubmissionId,
    SubmissionKind, UnixMillis,
    api::{
        self, ApiError, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen,
        CollectOpened, CollectProve,
    },
    renewal::{self, NonceGiven, NonceWanted},
    renewal_bytes,
};
use keystore::{PrivateKey, certificate, csr};
use office::db::{
    Database,
    certificates::{self, CertificateState},
};
use support::{
    Office,
    collection::{Collection, der, serial},
    desk::{Browser, office_with_operator},
    eventually,
    http::Answer,
    kiosk::{IIN, Kiosk, NAME, Submission, iin, submission_id},
};

/// A citizen with a certificate in force, and what they bring to a kiosk with it. What
/// a test changes is what is wrong.
struct Renewal<'a> {
    collection: &'a Collection,
    kiosk: &'a Kiosk,
    id: SubmissionId,
    who: &'static str,
    email: &'static str,
    name: (&'static str, &'static str, &'static str),
    /// DER.
    old_certificate: Vec<u8>,
    old_key: PrivateKey,
    new_key: PrivateKey,
    nonce: RenewalNonce,
    receipt_code: ReceiptCode,
    /// What the old key signs is of another submission or request.
    signed_id: Cell<Option<SubmissionId>>,
    signed_csr: Cell<Option<Digest>>,
    flipped: Cell<bool>,
    phone: PhoneStanding,
}

fn again(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap()
}

fn nonce(office: &Office, kiosk: &Kiosk, submission: SubmissionId) -> Answer {
    let wanted = NonceWanted { submission };
    kiosk.post(office, renewal::NONCE, &wanted)
}

impl<'a> Renewal<'a> {
    fn of(collection: &'a Collection, pem: &str) -> Self {
        let (office, kiosk) = (&collection.office, &collection.kiosk);
        let id = submission_id();
        let proof = kiosk.prove_phone(office, CodePurpose::Enrol, id);
        let given: NonceGiven = nonce(office, kiosk, id).json();
        assert!(given.expires_at > UnixMillis::from_system_clock());
        let mut random = [0; 12];
        getrandom::fill(&mut random).unwrap();
        Self {
            collection,
            kiosk,
            id,
            who: IIN,
            email: "sample@example.kz",
            name: NAME,
            old_certificate: der(pem),
            old_key: again(&collection.application.key),
            new_key: PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
            nonce: given.nonce,
            receipt_code: ReceiptCode::from_random(&random),
            signed_id: Cell::default(),
            signed_csr: Cell::default(),
            flipped: Cell::default(),
            phone: PhoneStanding::Proven { proof },
        }
    }

    fn form(&self) -> RenewalForm {
        let (surname, given, patronymic) = self.name;
        RenewalForm {
            iin: iin(self.who),
            holder: HolderName::new(surname, given, patronymic).unwrap(),
            phone: self.phone.clone(),
            email: EmailAddress::parse(self.email).unwrap(),
            storage: StorageType::Pkcs12,
            algorithm: KeyAlgorithm::EcdsaP256,
            language: Language::Kk,
            consented_at: UnixMillis::from_system_clock(),
            receipt_code: self.receipt_code.clone(),
        }
    }

    fn csr(&self) -> Vec<u8> {
        let form = self.form();
        let subject = keystore::Subject {
            holder: &form.holder,
            iin: &form.iin,
            email: &form.email,
        };
        let draft = csr::Draft::new(subject, form.storage, None, self.new_key.public()).unwrap();
        let signature = self.new_key.sign(draft.to_be_signed()).unwrap();
        draft.signed(&signature).unwrap()
    }

    /// As JSON; made as the kiosk does where nothing is wrong, else written by hand.
    fn proof(&self, csr_sha256: &Digest) -> Vec<u8> {
        let id = self.signed_id.get().unwrap_or(self.id);
        let csr = self.signed_csr.get().unwrap_or(*csr_sha256);
        let message = renewal_bytes(id, &csr, &self.nonce);
        let mut signature = self.old_key.sign(&message).unwrap();
        if self.flipped.get() {
            *signature.last_mut().unwrap() ^= 1;
        }
        let made = RenewalProof::new(
            self.old_certificate.clone(),
            self.nonce,
            signature.clone(),
            self.id,
            csr_sha256,
            |message, signature| self.old_key.public().verifies(message, signature),
        );
        let wrong = id != self.id || csr != *csr_sha256 || self.flipped.get();
        assert_eq!(made.is_err(), wrong, "the kiosk sees it too");
        match made {
            Ok(proof) => serde_json::to_vec(&proof).unwrap(),
            Err(_) => serde_json::to_vec(&serde_json::json!({
                "certificate": BASE64.encode(&self.old_certificate),
                "nonce": self.nonce,
                "signature": BASE64.encode(signature),
            }))
            .unwrap(),
        }
    }

    fn seal(&self) -> Submission {
        let csr = self.csr();
        let form = serde_json::to_vec(&self.form()).unwrap();
        let proof = self.proof(&Digest::of(&csr));
        let plain = |part| match part {
            PartName::Form => form.clone(),
            PartName::Csr => csr.clone(),
            PartName::RenewalProof => proof.clone(),
            other => unreachable!("{other} is no part of a renewal"),
        };
        let kind = SubmissionKind::Renewal;
        self.kiosk
            .seal_parts(self.id, kind, &csr, &self.receipt_code, plain)
    }

    /// Sent, and looked at by the desk: its findings.
    fn sent(&self) -> Vec<String> {
        let office = &self.collection.office;
        let answer = self.kiosk.submit(office, &self.seal());
        assert_eq!(answer.status, 200, "{:?}", answer.seen());
        let id = self.id.to_string();
        eventually("the desk has looked", || {
            let all = office.json(&["submissions"]);
            let found = all.iter().find(|s| s["id"] == id.as_str())?;
            (found["state"] != "received").then(|| {
                let findings = found["findings"].as_array().unwrap();
                let code = |f: &serde_json::Value| f["finding"].as_str().unwrap().to_owned();
                findings.iter().map(code).collect()
            })
        })
    }

    fn state(&self) -> String {
        self.collection.office.state_of(&self.id.to_string())
    }

    /// Found so, and neither a rule nor an operator can approve it.
    fn is_refused(&self, findings: &[&str]) {
        assert_eq!(self.sent(), findings);
        assert_eq!(self.state(), "open");
        let office = &self.collection.office;
        let approved = office.try_command(&["approve", &self.id.to_string()]);
        assert!(!approved.status.success());
        assert_eq!(self.state(), "open");
    }
}

/// Many renewals of one number.
fn settings(settings: &mut toml::Table) {
    let codes = settings["codes"].as_table_mut().unwrap();
    codes.insert("sent_per_hour".into(), 1000.into());
}

/// A citizen with a certificate in force.
fn citizen() -> (Collection, String) {
    let collection = Collection::with(Office::start_with(settings), true);
    let pem = collection.collected();
    (collection, pem)
}

fn database(office: &Office) -> Database {
    Database::open(&office.dir().join("office.db")).unwrap()
}

#[test]
fn a_key_in_force_gets_a_new_one_without_document_face_or_operator() {
    let (collection, pem) = citizen();
    let (office, kiosk) = (&collection.office, &collection.kiosk);
    let renewal = Renewal::of(&collection, &pem);
    assert_eq!(renewal.sent(), Vec::<String>::new());
    eventually("the rule has approved", || {
        (renewal.state() == "approved").then_some(())
    });
    let all = office.json(&["submissions"]);
    let id = renewal.id.to_string();
    let found = all.iter().find(|s| s["id"] == id.as_str()).unwrap();
    assert_eq!(found["decided_by"], "rule");

    // Collected as any other: here by who has not left.
    let by = CollectBy::Waiting {
        submission: renewal.id,
    };
    let answer = kiosk.post(office, api::COLLECT_OPEN, &CollectOpen { by });
    let nonce = answer.json::<CollectOpened>().nonce.unwrap();
    let signed = |key: &PrivateKey| CollectProve {
        submission: renewal.id,
        nonce: nonce.clone(),
        signature: BASE64.encode(key.sign(&api::proof_bytes(renewal.id, &nonce)).unwrap()),
    };
    let by_old = kiosk.post(office, api::COLLECT_PROVE, &signed(&renewal.old_key));
    assert_eq!(by_old.status, 422, "the new key has to be there");
    let prove = signed(&renewal.new_key);
    let issued: CollectIssued = eventually("the authority has signed", || {
        let answer = kiosk.post(office, api::COLLECT_PROVE, &prove);
        (answer.status == 200).then(|| answer.json())
    });
    let chain = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(chain.key(), renewal.new_key.public());
    let confirm = CollectConfirm {
        submission: renewal.id,
        certificate_sha256: Digest::of(&der(&issued.certificate_pem)),
    };
    let answer = kiosk.post(office, api::COLLECT_CONFIRM, &confirm);
    assert_eq!(answer.status, 204);

    // New keys do not revoke old ones: both are in force.
    let now = UnixMillis::from_system_clock();
    let live = database(office).read(|c| certificates::live_of(c, &iin(IIN), now));
    let serials: Vec<_> = live.unwrap().into_iter().filter_map(|c| c.serial).collect();
    assert_eq!(serials, [serial(&pem), serial(&issued.certificate_pem)]);
    assert!(office.alarms().is_empty());
}

#[test]
fn what_a_rule_may_not_decide_an_operator_does() {
    let by_hand = Office::start_with(|all| {
        settings(all);
        let renewal = all["renewal"].as_table_mut().unwrap();
        renewal.insert("by_rule".into(), false.into());
    });
    let collection = Collection::with(by_hand, true);
    let pem = collection.collected();
    let renewal = Renewal::of(&collection, &pem);
    assert_eq!(renewal.sent(), Vec::<String>::new());
    assert_eq!(renewal.state(), "open");
    let office = &collection.office;
    office.approve(&renewal.id.to_string());
    assert_eq!(renewal.state(), "approved");
}

#[test]
fn a_number_that_changed_since_is_for_an_operator_to_judge() {
    let (collection, pem) = citizen();
    let office = &collection.office;
    // Another number was the person's when the old certificate was applied for.
    let sql = "UPDATE submission SET contact_phone = '+77010000009' WHERE id = ?";
    let old = collection.application.id.to_string();
    database(office).write(|t| t.execute(sql, [&old])).unwrap();
    let renewal = Renewal::of(&collection, &pem);
    assert_eq!(renewal.sent(), ["renewal_phone_changed"]);
    assert_eq!(renewal.state(), "open");
    office.approve(&renewal.id.to_string());
}

#[test]
fn an_expired_certificate_renews_nothing() {
    let (collection, _) = citizen();
    let (der, key) = issued_here(&collection.office, IIN, -400 * DAY);
    record(&collection, &der, key.1);
    let mut renewal = Renewal::of(&collection, &key.0);
    renewal.old_key = again(&key.2);
    renewal.is_refused(&["renewal_expired"]);
}

#[test]
fn a_revoked_certificate_renews_nothing() {
    let (collection, pem) = citizen();
    let office = &collection.office;
    let renewal = Renewal::of(&collection, &pem);
    office.command(&["revoke", &serial(&pem), "--reason", "key_compromise"]);
    eventually("it was revoked", || {
        let found = database(office).read(|c| certificates::by_serial(c, &serial(&pem)));
        (found.unwrap()?.state == CertificateState::Revoked).then_some(())
    });
    renewal.is_refused(&["renewal_revoked"]);
}

/// Looked at once more when it is approved: it was in force when the renewal came.
#[test]
fn a_certificate_revoked_before_the_decision_renews_nothing() {
    let by_hand = Office::start_with(|all| {
        settings(all);
        let renewal = all["renewal"].as_table_mut().unwrap();
        renewal.insert("by_rule".into(), false.into());
    });
    let collection = Collection::with(by_hand, true);
    let pem = collection.collected();
    let renewal = Renewal::of(&collection, &pem);
    assert_eq!(renewal.sent(), Vec::<String>::new());
    let office = &collection.office;
    office.command(&["revoke", &serial(&pem), "--reason", "key_compromise"]);
    let approved = office.try_command(&["approve", &renewal.id.to_string()]);
    assert!(!approved.status.success());
    assert!(String::from_utf8_lossy(&approved.stderr).contains("RenewalRevoked"));
}

#[test]
fn a_certificate_of_another_authority_renews_nothing() {
    let (collection, _) = citizen();
    let elsewhere = Office::start();
    let (der, key) = issued_here(&elsewhere, IIN, 0);
    let mut renewal = Renewal::of(&collection, &key.0);
    renewal.old_certificate.clone_from(&der);
    renewal.old_key = again(&key.2);
    renewal.is_refused(&["renewal_foreign"]);
    // Nor does one that somebody wrote into the database.
    record(&collection, &der, key.1);
    let mut renewal = Renewal::of(&collection, &key.0);
    renewal.old_key = again(&key.2);
    renewal.is_refused(&["renewal_foreign"]);
}

/// Signed by the authority, but never given out by this office.
#[test]
fn a_certificate_that_nobody_recorded_renews_nothing() {
    let (collection, _) = citizen();
    let (_, key) = issued_here(&collection.office, IIN, 0);
    let mut renewal = Renewal::of(&collection, &key.0);
    renewal.old_key = again(&key.2);
    renewal.is_refused(&["renewal_foreign"]);
}

#[test]
fn another_persons_certificate_renews_nothing() {
    let (collection, pem) = citizen();
    let mut renewal = Renewal::of(&collection, &pem);
    renewal.who = "900101300811";
    let findings = renewal.sent();
    assert!(
        findings.contains(&"renewal_other_person".to_owned()),
        "{findings:?}"
    );
    let office = &collection.office;
    let approved = office.try_command(&["approve", &renewal.id.to_string()]);
    assert!(!approved.status.success());
}

#[test]
fn a_number_is_good_for_its_own_submission_and_kiosk_only() {
    let (collection, pem) = citizen();
    let (office, kiosk) = (&collection.office, &collection.kiosk);
    let first = Renewal::of(&collection, &pem);
    assert_eq!(first.sent(), Vec::<String>::new());
    // None is given any more for what was received.
    let late = nonce(office, kiosk, first.id);
    assert_eq!((late.status, late.json()), (409, ApiError::Conflict));

    let mut replayed = Renewal::of(&collection, &pem);
    replayed.nonce = first.nonce;
    replayed.is_refused(&["renewal_nonce_wrong"]);

    let other = Kiosk::provision(office, "kiosk-2");
    let mut carried = Renewal::of(&collection, &pem);
    carried.nonce = nonce(office, &other, carried.id).json::<NonceGiven>().nonce;
    carried.is_refused(&["renewal_nonce_wrong"]);

    let mut invented = Renewal::of(&collection, &pem);
    invented.nonce = RenewalNonce::from_random([7; 32]);
    invented.is_refused(&["renewal_nonce_wrong"]);
}

#[test]
fn a_number_that_waited_too_long_is_none() {
    let office = Office::start_with(|all| {
        settings(all);
        let renewal = all["renewal"].as_table_mut().unwrap();
        renewal.insert("nonce_minutes".into(), 0.into());
    });
    let collection = Collection::with(office, true);
    let pem = collection.collected();
    let office = &collection.office;
    let id = submission_id();
    let given: NonceGiven = nonce(office, &collection.kiosk, id).json();
    assert!(given.expires_at <= UnixMillis::from_system_clock());
    let proof = collection.kiosk.prove_phone(office, CodePurpose::Enrol, id);
    let renewal = Renewal {
        collection: &collection,
        kiosk: &collection.kiosk,
        id,
        who: IIN,
        email: "sample@example.kz",
        name: NAME,
        old_certificate: der(&pem),
        old_key: again(&collection.application.key),
        new_key: PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
        nonce: given.nonce,
        receipt_code: ReceiptCode::from_random(&[9; 12]),
        signed_id: Cell::default(),
        signed_csr: Cell::default(),
        flipped: Cell::default(),
        phone: PhoneStanding::Proven { proof },
    };
    renewal.is_refused(&["renewal_nonce_wrong"]);
}

#[test]
fn a_signature_for_anything_else_renews_nothing() {
    let (collection, pem) = citizen();
    let of_another = Renewal::of(&collection, &pem);
    of_another.signed_id.set(Some(submission_id()));
    of_another.is_refused(&["renewal_unsigned"]);

    let other_request = Renewal::of(&collection, &pem);
    other_request.signed_csr.set(Some(Digest::of(b"another")));
    other_request.is_refused(&["renewal_unsigned"]);

    let flipped = Renewal::of(&collection, &pem);
    flipped.flipped.set(true);
    flipped.is_refused(&["renewal_unsigned"]);

    let mut thief = Renewal::of(&collection, &pem);
    thief.old_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    thief.is_refused(&["renewal_unsigned"]);
}

#[test]
fn the_old_key_is_no_new_key() {
    let (collection, pem) = citizen();
    let mut renewal = Renewal::of(&collection, &pem);
    renewal.new_key = again(&collection.application.key);
    // The very same request would be refused on arrival.
    renewal.email = "another@example.kz";
    renewal.is_refused(&["renewal_same_key"]);
}

#[test]
fn a_name_that_changed_is_for_an_operator_to_judge() {
    let (collection, pem) = citizen();
    let mut renewal = Renewal::of(&collection, &pem);
    renewal.name = ("ӨЗГЕРГЕНОВА", NAME.1, NAME.2);
    assert_eq!(renewal.sent(), ["name_differs", "renewal_name_differs"]);
    assert_eq!(renewal.state(), "open");
}

#[test]
fn a_renewal_brings_nothing_of_an_enrolment() {
    let (collection, pem) = citizen();
    let (office, kiosk) = (&collection.office, &collection.kiosk);
    let renewal = Renewal::of(&collection, &pem);
    let mut sealed = renewal.seal();
    let mut selfie = sealed.manifest.parts[0].clone();
    selfie.name = PartName::Selfie;
    sealed.manifest.parts.push(selfie);
    let signed = exchange::Signed::new(&sealed.manifest, &kiosk.manifest_key);
    let answer = kiosk.put_manifest(office, renewal.id, &signed);
    assert_eq!(answer.status, 400);
    assert!(matches!(answer.json(), ApiError::Malformed { .. }));
}

#[test]
fn a_proof_that_is_none_is_found_unreadable() {
    let (collection, pem) = citizen();
    let mut renewal = Renewal::of(&collection, &pem);
    // A certificate that is none, signed for all the same.
    renewal.old_certificate = vec![0x30, 0x03, 0x02, 0x01, 0x01];
    assert_eq!(renewal.sent(), ["part_unreadable"]);
    assert_eq!(renewal.state(), "open");
}

#[test]
fn the_desk_shows_it_check_by_check() {
    let (mut office, password) = office_with_operator();
    office.stop();
    let path = office.dir().join("office.toml");
    let mut all: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    settings(&mut all);
    std::fs::write(&path, toml::to_string(&all).unwrap()).unwrap();
    office.serve();
    let collection = Collection::with(office, true);
    let pem = collection.collected();
    let good = Renewal::of(&collection, &pem);
    assert_eq!(good.sent(), Vec::<String>::new());
    let bad = Renewal::of(&collection, &pem);
    bad.flipped.set(true);
    bad.sent();
    let mut browser = Browser::new(&collection.office);
    browser.sign_in(&password);
    browser.cookies.insert("language".into(), "en".into());
    let page = browser.get(&format!("/applications/{}", good.id)).text();
    assert!(page.contains("ҮЛГІБЕКОВА"), "{page}");
    assert!(!page.contains("/selfie") && !page.contains("/video"));
    let checks = |page: &str, class: &str| page.matches(&format!("<li class=\"{class}\">")).count();
    assert_eq!((checks(&page, "bad"), checks(&page, "judge")), (0, 0));
    let all = checks(&page, "good");
    let page = browser.get(&format!("/applications/{}", bad.id)).text();
    assert_eq!((checks(&page, "bad"), checks(&page, "judge")), (1, 0));
    assert_eq!(checks(&page, "good"), all - 1);
}

const DAY: i64 = 86_400_000;

/// A certificate that this office's authority signs, begun `shift` from now: DER, then
/// PEM, serial number and key.
fn issued_here(office: &Office, who: &str, shift: i64) -> (Vec<u8>, (String, String, PrivateKey)) {
    use office::authority::{Authority, Statements, Usage};
    let authority = Authority::open(
        &office.dir().join("issue"),
        Statements {
            identification: office::authority::Identification::Remote,
            locations: office::authority::Locations::default(),
        },
    )
    .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let holder = HolderName::new(NAME.0, NAME.1, NAME.2).unwrap();
    let iin = exchange::Iin::parse(who, IinPolicy::Strict).unwrap();
    let email = EmailAddress::parse("sample@example.kz").unwrap();
    let subject = keystore::Subject {
        holder: &holder,
        iin: &iin,
        email: &email,
    };
    let storage = StorageType::Pkcs12;
    let draft = csr::Draft::new(subject, storage, None, key.public()).unwrap();
    let signature = key.sign(draft.to_be_signed()).unwrap();
    let request = draft.signed(&signature).unwrap();
    let from = UnixMillis::from_system_clock().plus_millis(shift);
    let issued = authority
        .issue(&request, subject, Usage::Signing, storage, from)
        .unwrap();
    let serial = issued.serial.to_string();
    (
        issued.certificate_der,
        (issued.certificate_pem, serial, key),
    )
}

/// As the issuing part does, confirmed.
fn record(collection: &Collection, der: &[u8], serial: String) {
    let id = submission_id();
    let before = collection.application.id.to_string();
    database(&collection.office)
        .write(|t| {
            // Its application is like the one that is there.
            t.execute(
                "INSERT INTO submission SELECT ?1, kiosk, sequence + 1000, manifest,
                   manifest_digest, previous_digest, ?1, ?1, receipt, received_at, state, result,
                   decided_at, decided_by, findings, contact_phone, subject_key_identifier,
                   issue_order, approved_subject FROM submission WHERE id = ?2",
                [&id.to_string(), &before],
            )?;
            t.execute(
                "INSERT INTO certificate (submission, nonce, serial, der, sha256, issued_at,
                   confirm_before, state) VALUES (?1, ?1, ?2, ?3, ?4, 0, 0, 'confirmed')",
                (id.to_string(), serial, der, Digest::of(der).to_string()),
            )
        })
        .unwrap();
}
