//! That a refusal does the same work whatever was wrong: the statements that it puts to
//! the database, one by one. Times are measured by `cargo bench -p office --bench
//! collecting`.

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, ReceiptCode, StorageType,
    api::proof_bytes,
};
use keystore::{PrivateKey, csr};
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;
use crate::{
    config::Configuration,
    init::{Wishes, init},
    layout::Layout,
    order::Subject,
};

thread_local! {
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, sql) = event {
        ASKED.with_borrow_mut(|asked| asked.push(sql.to_owned()));
    }
}

struct Setting {
    receive: Receive,
    caller: Caller,
    folder: tempfile::TempDir,
}

/// An approved application and the key of its storage.
struct Approved {
    id: SubmissionId,
    code: ReceiptCode,
    key: PrivateKey,
}

impl Setting {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("office"));
        let mut configuration = Configuration::default();
        configuration.limits.wrong_receipt_codes_per_hour = 100;
        configuration.limits.wrong_proofs_per_hour = 100;
        let wishes = Wishes {
            configuration,
            names: vec!["localhost".into()],
            demo_citizens: false,
            issuing: None,
        };
        init(&layout, &wishes).unwrap();
        Self {
            receive: Receive::open(&layout).unwrap(),
            caller: caller("kiosk-1"),
            folder,
        }
    }

    /// As the desk leaves it. The order is signed by the desk's own key.
    fn approved(&self, seed: u8) -> Approved {
        let id = submission(seed);
        let code = ReceiptCode::from_random(&[seed; 12]);
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let layout = Layout::new(self.folder.path().join("office"));
        let decision_key = keys::load_signing_key(&layout.decision_key()).unwrap();
        let subject = Subject {
            iin: Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
            name: HolderName::new("ҮЛГІБЕКОВА", "САУЛЕ", "ҚАНАТҚЫЗЫ").unwrap(),
            email: EmailAddress::parse("sample@example.kz").unwrap(),
        };
        let named = keystore::Subject {
            holder: &subject.name,
            iin: &subject.iin,
            email: &subject.email,
        };
        let storage = StorageType::Pkcs12;
        let draft = csr::Draft::new(named, storage, None, key.public()).unwrap();
        let signature = key.sign(draft.to_be_signed()).unwrap();
        let request = draft.signed(&signature).unwrap();
        let now = UnixMillis::from_system_clock();
        let order = IssueOrder::new(id, &request, subject, storage, now, "test");
        let order = serde_json::to_string(&Signed::new(&order, &decision_key)).unwrap();
        let receipt = Digest::of(code.expose().as_bytes()).to_string();
        let insert = "INSERT INTO submission (id, kiosk, sequence, manifest, manifest_digest,
            previous_digest, csr_sha256, receipt_code_sha256, receipt, received_at, state,
            issue_order) VALUES (?1, 'kiosk-1', 1, '', ?2, '', ?2, ?2, '', ?3, 'approved', ?4)";
        let database = &self.receive.database;
        database
            .write(|t| t.execute(insert, (id.to_string(), receipt, now.0, order)))
            .unwrap();
        Approved { id, code, key }
    }

    /// The statements that `f` puts to the database.
    fn asked<T>(&self, f: impl FnOnce() -> T) -> (T, Vec<String>) {
        let trace = |codes, to| {
            let database = &self.receive.database;
            database
                .read(|c| {
                    c.trace_v2(codes, to);
                    Ok(())
                })
                .unwrap();
        };
        trace(TraceEventCodes::SQLITE_TRACE_STMT, Some(note as _));
        let value = f();
        trace(TraceEventCodes::empty(), None);
        (value, ASKED.take())
    }

    fn open(&self, code: &ReceiptCode) -> (ApiError, Vec<String>) {
        let by = CollectBy::Code {
            receipt_code: code.clone(),
        };
        let (answer, asked) = self.asked(|| opened(&self.receive, &self.caller, &by));
        (refusal(answer.map(drop)), asked)
    }

    fn visited(&self, id: SubmissionId, nonce: &str) {
        let now = UnixMillis::from_system_clock();
        let later = now.plus_millis(60_000);
        let kiosk = &self.caller.id;
        let database = &self.receive.database;
        database
            .write(|t| {
                visits::open(t, kiosk, id, now, later)?;
                visits::set_nonce(t, kiosk, id, nonce, later)
            })
            .unwrap();
    }

    fn prove(&self, caller: &Caller, request: &CollectProve) -> (ApiError, Vec<String>) {
        let (answer, asked) = self.asked(|| proven(&self.receive, caller, request));
        (refusal(answer.map(drop)), asked)
    }
}

fn caller(id: &str) -> Caller {
    Caller {
        id: id.parse().unwrap(),
        manifest_key_pem: String::new(),
    }
}

fn submission(seed: u8) -> SubmissionId {
    SubmissionId::from_parts(UnixMillis::from_system_clock(), &[seed; 10])
}

fn refusal(answer: Result<(), Refusal>) -> ApiError {
    match answer.unwrap_err() {
        Refusal::Api(error) => error,
        Refusal::Internal(error) => panic!("{error:#}"),
    }
}

fn signed(id: SubmissionId, nonce: &str, key: &PrivateKey) -> CollectProve {
    let signature = key.sign(&proof_bytes(id, nonce)).unwrap();
    CollectProve {
        submission: id,
        nonce: nonce.to_owned(),
        signature: BASE64.encode(signature),
    }
}

#[test]
fn a_code_that_nobody_has_costs_what_one_costs_that_is_over() {
    let s = Setting::new();
    let application = s.approved(1);
    let over = "INSERT INTO certificate (submission, nonce, serial, issued_at, confirm_before,
        state) VALUES (?, 'n', '01', 0, 0, 'confirmed')";
    let database = &s.receive.database;
    database
        .write(|t| t.execute(over, [application.id.to_string()]))
        .unwrap();
    // The statements are prepared once.
    s.open(&ReceiptCode::from_random(&[7; 12]));
    let unknown = s.open(&ReceiptCode::from_random(&[8; 12]));
    assert_eq!(unknown.0, ApiError::NotFound);
    assert!(
        unknown
            .1
            .iter()
            .any(|sql| sql.contains("INSERT INTO counted")),
        "{:?}",
        unknown.1
    );
    assert_eq!(s.open(&application.code), unknown);
}

#[test]
fn a_proof_is_refused_by_the_same_work_whatever_is_wrong_with_it() {
    let s = Setting::new();
    let application = s.approved(1);
    let thief = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let (id, nonce, earlier) = (application.id, "ab".repeat(32), "cd".repeat(32));
    s.visited(id, &earlier);
    s.visited(id, &nonce);
    let here = s.caller.clone();
    let wrong_key = s.prove(&here, &signed(id, &nonce, &thief));
    assert_eq!(wrong_key.0, ApiError::Unverified);
    let elsewhere = caller("kiosk-2");
    let nobody = submission(9);
    for (what, caller, request) in [
        (
            "an earlier nonce",
            &here,
            signed(id, &earlier, &application.key),
        ),
        (
            "another kiosk",
            &elsewhere,
            signed(id, &nonce, &application.key),
        ),
        (
            "no such application",
            &here,
            signed(nobody, &nonce, &application.key),
        ),
        (
            "signed for another",
            &here,
            CollectProve {
                submission: id,
                ..signed(nobody, &nonce, &application.key)
            },
        ),
    ] {
        assert_eq!(s.prove(caller, &request), wrong_key, "{what}");
    }
    // And the right one is right.
    let (queued, _) = s.asked(|| proven(&s.receive, &here, &signed(id, &nonce, &application.key)));
    assert!(queued.unwrap().is_none(), "it waits for the authority");
}

#[test]
fn the_decoy_is_whole_and_nobody_meets_it() {
    let decoy = super::super::decoy::Decoy::make().unwrap();
    let order: Signed<IssueOrder> = serde_json::from_str(decoy.order()).unwrap();
    let order = order.verify(decoy.decision_key()).unwrap();
    keystore::csr::Request::verify(&order.csr_der()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let nonce = "ab".repeat(32);
    let proof = signed(order.submission, &nonce, &key);
    assert!(!order.is_proven_by(&proof.nonce, &proof.signature));
}
