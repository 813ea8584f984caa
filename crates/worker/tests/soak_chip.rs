//! A document is read again and again through a real worker and a real pcscd, while in
//! random order the card is pulled, falls silent, gets a wrong CAN, or pcscd is killed.
//! No read goes past its deadline, each trouble has its own fault, the next read works,
//! and nothing is left behind. About ten minutes: `cargo xtask soak chip`.
//!
//! Arguments: `--rounds N` (200), `--seed N`.

mod soak;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chip::{AccessKey, Can, ChipRead, ReadRequest};
use faults::Fault;
use serde_json::json;
use soak::{Random, Usage, argument};
use tokio::sync::mpsc;
use virtual_card::{Document, VirtualReader, program_apart};
use worker::{CallError, DocumentError, Patience, Refusal, Role, WorkerClient, WorkerConfig};

const PATIENCE: Patience = Patience {
    whole: Duration::from_secs(30),
    silence: Duration::from_secs(4),
};
/// To end the worker and to tell of it.
const GRACE: Duration = Duration::from_secs(2);
/// pcscd needs a moment to see a card, and longer on a busy machine.
const INSERTION: Duration = Duration::from_secs(30);
/// Reads after which everything that is allocated once is.
const WARM_UP: u32 = 10;

#[derive(Clone, Copy, Debug)]
enum Round {
    Good,
    /// The card leaves after so many APDUs.
    Pulled(u32),
    /// The chip answers so many APDUs, then none.
    Silent(u32),
    /// pcscd is killed after so many words of progress.
    ServiceKilled(u32),
    WrongCan,
}

impl Round {
    /// With short APDUs a read takes more than 100 and tells of progress as often.
    fn choose(random: &mut Random) -> Round {
        match random.below(5) {
            0 => Round::Good,
            1 => Round::Pulled(random.below(90)),
            2 => Round::Silent(random.below(90)),
            3 => Round::ServiceKilled(random.below(60)),
            _ => Round::WrongCan,
        }
    }

    fn card(self) -> serde_json::Value {
        match self {
            Round::Pulled(after) => {
                json!({"extended": false, "fault": "drop", "fault_after": after})
            }
            Round::Silent(after) => {
                json!({"extended": false, "fault": "stall", "fault_after": after})
            }
            _ => json!({"extended": false}),
        }
    }

    fn fault(self) -> Option<Fault> {
        match self {
            Round::Good => None,
            Round::Pulled(_) => Some(Fault::CardPulled),
            Round::Silent(_) => Some(Fault::CardSilent),
            Round::ServiceKilled(_) => Some(Fault::CardServiceDown),
            Round::WrongCan => Some(Fault::DocumentKeyWrong),
        }
    }
}

fn main() -> ExitCode {
    let rounds = argument("--rounds").unwrap_or(200);
    let seed = argument("--seed").unwrap_or_else(soak::any_seed);
    program_apart(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("tokio");
        runtime.block_on(run(u32::try_from(rounds).expect("rounds"), seed))
    })
}

async fn run(rounds: u32, seed: u64) -> ExitCode {
    println!("{rounds} rounds, --seed {seed}");
    let mut random = Random::new(seed);
    let mut soak = Soak::start();
    let mut failures = 0;
    for number in 1..=rounds {
        let round = Round::choose(&mut random);
        let begun = Instant::now();
        let outcome = soak.round(round, number > WARM_UP).await;
        let took = begun.elapsed().as_millis();
        match outcome {
            Ok(said) => println!("{number}/{rounds} {round:?}: {said} ({took} ms)"),
            Err(why) => {
                failures += 1;
                println!("{number}/{rounds} {round:?}: FAILED: {why} ({took} ms)");
            }
        }
    }
    println!("{rounds} rounds, {failures} failed; {}", soak.summary());
    if failures == 0 && rounds > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Soak {
    reader: VirtualReader,
    document: Document,
    client: WorkerClient,
    /// Of this process and of the worker, when warm.
    baseline: Option<(Usage, Usage)>,
    longest: Duration,
}

impl Soak {
    fn start() -> Soak {
        let mut reader = VirtualReader::start();
        let document = reader.cards.make(json!({}));
        let client = WorkerClient::new(WorkerConfig {
            program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
            ..WorkerConfig::new(Role::Cards)
        });
        Soak {
            reader,
            document,
            client,
            baseline: None,
            longest: Duration::ZERO,
        }
    }

    /// The trouble, and then a good read. What was seen, or what is wrong with it.
    async fn round(&mut self, round: Round, warm: bool) -> Result<String, String> {
        self.reader.cards.insert(&self.document, round.card());
        let can = match round {
            Round::WrongCan => Can::parse("654321").expect("six digits"),
            _ => self.document.can.clone(),
        };
        let kill_after = match round {
            Round::ServiceKilled(after) => Some(after),
            _ => None,
        };
        let read = self.read(can, kill_after).await?;
        let fault = read.as_ref().err().map(DocumentError::fault);
        if fault != round.fault() {
            // A good read all the same, so that the next round begins well.
            self.recover(round);
            return Err(format!(
                "{fault:?} instead of {:?}: {:?}",
                round.fault(),
                read.err()
            ));
        }
        if let Ok(read) = &read {
            self.compare(read)?;
        }
        self.recover(round);
        let next = self.read(self.document.can.clone(), None).await?;
        let next = next.map_err(|error| format!("the next read: {error}"))?;
        self.compare(&next)?;
        let usage = self.look(warm)?;
        let told = fault.map_or_else(|| "read".to_owned(), |fault| format!("{fault:?}"));
        Ok(format!("{told}, then read; {usage}"))
    }

    /// What a person does: puts the card in again where it left or fell silent. After a
    /// wrong CAN nothing is done.
    fn recover(&mut self, round: Round) {
        match round {
            Round::Good | Round::WrongCan => return,
            Round::ServiceKilled(_) => self.reader.start_service(),
            Round::Pulled(_) | Round::Silent(_) => {}
        }
        self.reader.cards.insert(&self.document, Round::Good.card());
    }

    /// One read, as soon as pcscd sees the card. The outer error: past the deadline.
    async fn read(
        &mut self,
        can: Can,
        kill_after: Option<u32>,
    ) -> Result<Result<ChipRead, DocumentError>, String> {
        let request = ReadRequest {
            access: AccessKey::Can(can),
            data_groups: ReadRequest::DATA_GROUPS.to_vec(),
            challenge: *b"soaking!",
            short_only: false,
        };
        let inserted = Instant::now();
        loop {
            let begun = Instant::now();
            let (progress, mut stages) = mpsc::unbounded_channel();
            let mut read = Box::pin(
                self.client
                    .read_document(request.clone(), progress, PATIENCE),
            );
            let mut told = 0;
            let outcome = loop {
                tokio::select! {
                    outcome = &mut read => break outcome,
                    Some(_) = stages.recv() => told += 1,
                }
                if kill_after.is_some_and(|after| told > after) {
                    self.reader.kill_service();
                }
            };
            drop(read);
            let took = begun.elapsed();
            self.longest = self.longest.max(took);
            if took > PATIENCE.whole + GRACE {
                return Err(format!("{} ms, past the deadline", took.as_millis()));
            }
            let not_yet = [
                Refusal::CardAbsent,
                Refusal::ReaderMissing,
                Refusal::ServiceDown,
            ]
            .map(|refusal| DocumentError::Call(CallError::Refused(refusal)));
            let waits = told == 0 && inserted.elapsed() < INSERTION;
            match outcome {
                Err(error) if waits && not_yet.contains(&error) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                outcome => return Ok(outcome),
            }
        }
    }

    fn compare(&self, read: &ChipRead) -> Result<(), String> {
        for (id, made) in &self.document.files {
            if read.files.get(*id) != Some(made) {
                return Err(format!("{id} differs"));
            }
        }
        match read
            .checks
            .iter()
            .find(|check| check.outcome != chip::Outcome::Passed)
        {
            Some(check) => Err(format!("{check:?}")),
            None => Ok(()),
        }
    }

    /// What this process and the worker hold, right after a good read.
    fn look(&mut self, warm: bool) -> Result<String, String> {
        let kiosk = Usage::of(std::process::id())?;
        let workers: Vec<u32> = soak::children_named("kiosk-worker");
        let [worker] = workers[..] else {
            return Err(format!("{} workers run", workers.len()));
        };
        let worker = Usage::of(worker)?;
        if warm {
            let (kiosk_before, worker_before) = self.baseline.get_or_insert((kiosk, worker));
            kiosk.not_above(kiosk_before, "the kiosk's side")?;
            worker.not_above(worker_before, "the worker")?;
        }
        Ok(format!("kiosk {kiosk}, worker {worker}"))
    }

    fn summary(&self) -> String {
        let first = self.baseline.map_or_else(String::new, |(kiosk, worker)| {
            format!("; when warm: kiosk {kiosk}, worker {worker}")
        });
        format!("longest read {} ms{first}", self.longest.as_millis())
    }
}
