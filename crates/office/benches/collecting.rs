//! Whether the time of a refusal at collection tells what was wrong: medians of many
//! requests to a running office, one of each kind in turn.
//!
//! `cargo bench -p office --bench collecting`

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use exchange::{
    ReceiptCode,
    api::{self, CollectBy, CollectProve},
};
use support::{
    Office,
    collection::Collection,
    http::Answer,
    kiosk::{Application, submission_id},
};

const ROUNDS: usize = 400;
/// How many standard errors two medians may be apart. The work is the same; what is
/// left is the machine's.
const APART: f64 = 4.0;

struct Kind<'a> {
    name: &'static str,
    status: u16,
    ask: Box<dyn Fn() -> Answer + 'a>,
    times: Vec<Duration>,
}

impl<'a> Kind<'a> {
    fn new(name: &'static str, status: u16, ask: impl Fn() -> Answer + 'a) -> Self {
        Self {
            name,
            status,
            ask: Box::new(ask),
            times: Vec::with_capacity(ROUNDS),
        }
    }

    fn at(&mut self, percent: usize) -> f64 {
        self.times.sort();
        self.times[self.times.len() * percent / 100].as_secs_f64() * 1000.0
    }
}

fn office() -> Office {
    Office::start_with(|settings| {
        let limits = settings["limits"].as_table_mut().unwrap();
        let many = i64::from(u32::MAX);
        limits.insert("wrong_receipt_codes_per_hour".into(), many.into());
        limits.insert("wrong_proofs_per_hour".into(), many.into());
    })
}

/// Largest difference of two medians, in its standard errors.
fn compare(what: &str, mut kinds: Vec<Kind>) -> f64 {
    for _ in 0..ROUNDS {
        for kind in &mut kinds {
            let start = Instant::now();
            let answer = (kind.ask)();
            kind.times.push(start.elapsed());
            assert_eq!(answer.status, kind.status, "{}", kind.name);
        }
        // So that none always follows the same other.
        kinds.rotate_left(1);
        kinds.reverse();
    }
    println!("{what}, {ROUNDS} of each");
    let mut medians = Vec::new();
    for kind in &mut kinds {
        let (low, median, high) = (kind.at(25), kind.at(50), kind.at(75));
        println!(
            "  {:<28} median {median:.2} ms, half of them {low:.2} to {high:.2}",
            kind.name
        );
        // Of a median: 1.2533 sigma / sqrt(n), and sigma is the quartiles' distance / 1.349.
        let error = 0.929 * (high - low) / (ROUNDS as f64).sqrt();
        medians.push((median, error));
    }
    let apart = |(a, ea): (f64, f64), (b, eb): (f64, f64)| (a - b).abs() / ea.hypot(eb);
    let pairs = medians
        .iter()
        .flat_map(|a| medians.iter().map(move |b| apart(*a, *b)));
    pairs.fold(0.0, f64::max)
}

fn main() {
    let over = Collection::with(office(), true);
    over.collected();
    let open = |receipt_code: ReceiptCode| over.open(CollectBy::Code { receipt_code });
    let codes = compare(
        "receipt codes",
        vec![
            Kind::new("one that nobody has", 404, || {
                open(ReceiptCode::from_random(&[5; 12]))
            }),
            Kind::new("one of an application over", 404, || {
                open(over.application.form.receipt_code.clone())
            }),
        ],
    );

    let s = Collection::with(office(), true);
    s.approve();
    let nonce = s.waiting().nonce.unwrap();
    let own = "ab".repeat(32);
    let thief = Application::new(s.application.id, s.application.form.phone.clone());
    let by_thief = thief.sign_nonce(&nonce);
    let over_own = s.application.sign_nonce(&own);
    let nobody = submission_id();
    let post = |prove: CollectProve| s.kiosk.post(&s.office, api::COLLECT_PROVE, &prove);
    let prove = |submission, nonce: &str, signature: &str| {
        post(CollectProve {
            submission,
            nonce: nonce.to_owned(),
            signature: signature.to_owned(),
        })
    };
    let proofs = compare(
        "proofs of key",
        vec![
            Kind::new("the wrong token", 422, || {
                prove(s.application.id, &nonce, &by_thief)
            }),
            Kind::new("a nonce of one's own", 422, || {
                prove(s.application.id, &own, &over_own)
            }),
            Kind::new("no such application", 422, || {
                prove(nobody, &nonce, &by_thief)
            }),
        ],
    );
    println!("medians differ by {codes:.1} and {proofs:.1} standard errors at most");
    assert!(codes < APART && proofs < APART, "time tells them apart");
}
