//! How many certificates a second the issuing part makes, each durable: from the desk's
//! order and the citizen's proof of key to the rows in the database.
//!
//! `cargo bench -p office --bench issue`

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, Signed, SigningKey, StorageType,
    SubmissionId, UnixMillis, api::proof_bytes,
};
use keystore::{PrivateKey, csr};
use office::{
    config::Configuration,
    db::Database,
    init::{Wishes, init},
    issue::Issue,
    keys,
    layout::Layout,
    order::{IssueOrder, Subject},
};

const MANY: usize = 3000;
const FEW: usize = 200;
/// What the issuing part must reach.
const WANTED: f64 = 300.0;

/// An approved application whose citizen stands there with the key.
struct Approved {
    submission: SubmissionId,
    order: String,
    nonce: String,
    signature: String,
}

impl Approved {
    fn new(decision_key: &SigningKey, now: UnixMillis) -> Self {
        let mut random = [0; 10];
        getrandom::fill(&mut random).unwrap();
        let submission = SubmissionId::from_parts(now, &random);
        let subject = Subject {
            iin: Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
            name: HolderName::new("ҮЛГІБЕКОВА", "САУЛЕ", "ҚАНАТҚЫЗЫ").unwrap(),
            email: EmailAddress::parse("sample@example.kz").unwrap(),
        };
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let borrowed = keystore::Subject {
            holder: &subject.name,
            iin: &subject.iin,
            email: &subject.email,
        };
        let storage = StorageType::Pkcs12;
        let draft = csr::Draft::new(borrowed, storage, None, key.public()).unwrap();
        let signature = key.sign(draft.to_be_signed()).unwrap();
        let request = draft.signed(&signature).unwrap();
        let order = IssueOrder::new(submission, &request, subject, storage, now, "bench");
        let nonce = keys::random_hex::<32>().unwrap();
        let signature = key.sign(&proof_bytes(submission, &nonce)).unwrap();
        Self {
            submission,
            order: serde_json::to_string(&Signed::new(&order, decision_key)).unwrap(),
            nonce,
            signature: BASE64.encode(signature),
        }
    }

    /// As the desk and the listener leave it.
    fn insert(&self, t: &rusqlite::Transaction, now: UnixMillis) -> rusqlite::Result<()> {
        let id = self.submission.to_string();
        t.execute(
            "INSERT INTO submission (id, kiosk, sequence, manifest, manifest_digest,
               previous_digest, csr_sha256, receipt_code_sha256, receipt, received_at, state,
               issue_order) VALUES (?1, 'bench', 1, '', '', '', ?1, ?1, '', ?2, 'approved', ?3)",
            (&id, now.0, &self.order),
        )?;
        t.execute(
            "INSERT INTO key_proof (nonce, submission, kiosk, signature, at, state)
             VALUES (?, ?, 'bench', ?, ?, 'waiting')",
            (&self.nonce, &id, &self.signature, now.0),
        )
        .map(drop)
    }
}

/// On the disk that the target directory is on: where `/tmp` is memory, nothing is durable.
fn main() {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("issue-{}", std::process::id()));
    let layout = Layout::new(folder.join("office"));
    let wishes = Wishes {
        configuration: Configuration::default(),
        names: vec!["localhost".into()],
        demo_citizens: false,
        issuing: None,
    };
    init(&layout, &wishes).unwrap();
    let decision_key = keys::load_signing_key(&layout.decision_key()).unwrap();
    let database = Arc::new(Database::open(&layout.database()).unwrap());
    let synchronous: i64 = database
        .read(|c| c.pragma_query_value(None, "synchronous", |r| r.get(0)))
        .unwrap();
    assert_eq!(synchronous, 2, "FULL");
    let issue = Issue::open(&layout).unwrap();
    let now = UnixMillis::from_system_clock();
    let made: Vec<Approved> = (0..MANY + FEW)
        .map(|_| Approved::new(&decision_key, now))
        .collect();
    let (many, few) = made.split_at(MANY);

    // Each comes when the one before has gone.
    let mut alone = Vec::with_capacity(FEW);
    for approved in few {
        database.write(|t| approved.insert(t, now)).unwrap();
        let start = Instant::now();
        assert_eq!(issue.turn(now).unwrap(), 1);
        alone.push(start.elapsed());
    }
    alone.sort();
    let at = |percent: usize| alone[FEW * percent / 100].as_secs_f64() * 1000.0;

    database
        .write(|t| many.iter().try_for_each(|a| a.insert(t, now)))
        .unwrap();
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    loop {
        let turn = Instant::now();
        if issue.turn(now).unwrap() == 0 {
            break;
        }
        longest = longest.max(turn.elapsed());
    }
    let rate = MANY as f64 / start.elapsed().as_secs_f64();
    let issued: usize = database
        .read(|c| {
            let sql = "SELECT count(DISTINCT serial) FROM certificate WHERE state = 'issued'";
            c.query_row(sql, [], |r| r.get(0))
        })
        .unwrap();
    assert_eq!(issued, MANY + FEW, "every one has its own certificate");

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("cores                          {cores}");
    println!("alone, median                  {:.1} ms", at(50));
    println!("alone, 95 of 100 within        {:.1} ms", at(95));
    println!("{MANY} waiting                   {rate:.0} certificates/s, each durable");
    println!(
        "longest turn                   {:.1} ms",
        longest.as_secs_f64() * 1000.0
    );
    drop(issue);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        rate >= WANTED,
        "{rate:.0} certificates/s are fewer than {WANTED:.0}"
    );
}
