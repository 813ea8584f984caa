//! A kiosk is killed again and again: at every boundary of its queue and at random
//! moments. Whatever it called saved reaches the office exactly once, and the next
//! citizen finds nothing of the former. Takes about an hour: `cargo xtask soak kill`.
//!
//! Arguments: `--moments N` (50), `--only PART-OF-A-NAME`.

mod support;

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use outbox::Boundary;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use support::{WALKTHROUGH, build_office_and_worker, memory, submissions};

/// From the welcome screen to the certificate, with some to spare.
const LONGEST_MOMENT: Duration = Duration::from_secs(32);
const PATIENCE: Duration = Duration::from_secs(300);

/// When the kiosk is killed, and whether the office can be reached from the start.
#[derive(Clone, Copy)]
struct Case {
    when: When,
    offline: bool,
}

#[derive(Clone, Copy)]
enum When {
    /// At its n-th passing.
    At(Boundary, u32),
    /// Since the welcome screen.
    After(Duration),
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let link = if self.offline { "offline" } else { "online" };
        match self.when {
            When::At(boundary, n) => write!(f, "{boundary}:{n} {link}"),
            When::After(moment) => write!(f, "{} ms {link}", moment.as_millis()),
        }
    }
}

/// What was seen of one case.
struct Seen {
    /// The screen had said "saved".
    told: bool,
    at_office: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let moments = value("--moments").map_or(50, |n| n.parse().expect("a number of moments"));
    let only = value("--only").unwrap_or_default();
    build_office_and_worker();

    let cases: Vec<Case> = cases(moments)
        .into_iter()
        .filter(|c| c.to_string().contains(&only))
        .collect();
    let (mut failed, mut told, mut reached) = (0, 0, 0);
    for (i, case) in cases.iter().enumerate() {
        let started = Instant::now();
        let outcome = try_case(*case);
        let seconds = started.elapsed().as_secs();
        let sentence = match &outcome {
            Ok(seen) => {
                told += usize::from(seen.told);
                reached += seen.at_office;
                let said = if seen.told {
                    "said saved"
                } else {
                    "nothing said"
                };
                format!("{said}, {} at the office", seen.at_office)
            }
            Err(why) => {
                failed += 1;
                format!("FAILED: {why}")
            }
        };
        println!("{}/{} {case}: {sentence} ({seconds} s)", i + 1, cases.len());
    }
    println!(
        "{} kills, {failed} failed; {told} times \"saved\" was on the screen, {reached} submissions reached the office",
        cases.len(),
    );
    // None told of would mean that nothing was tried.
    if failed == 0 && !cases.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn cases(moments: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for &boundary in Boundary::ALL {
        // Of what happens once for each part, also in the middle of the parts.
        let passed_by_each_part = matches!(
            boundary,
            Boundary::PartStaged
                | Boundary::UploadUrlRecorded
                | Boundary::PartSentRecorded
                | Boundary::MediaUnlinked
        );
        let times: &[u32] = if passed_by_each_part { &[1, 4] } else { &[1] };
        cases.extend(times.iter().map(|&n| Case {
            when: When::At(boundary, n),
            offline: false,
        }));
    }
    // Written to disk and not sent: the power fails before there is a link.
    for boundary in [Boundary::ManifestSynced, Boundary::Committed] {
        cases.push(Case {
            when: When::At(boundary, 1),
            offline: true,
        });
    }
    cases.extend((0..moments).map(|i| {
        let mut random = [0; 4];
        getrandom::fill(&mut random).unwrap();
        let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        Case {
            when: When::After(LONGEST_MOMENT.mul_f64(share)),
            offline: i % 2 == 1,
        }
    }));
    cases
}

fn try_case(case: Case) -> Result<Seen, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let ended = killed(case, folder.path())?;
    let by_kill = ended.signal() == Some(Signal::KILL.as_raw());
    match case.when {
        When::At(boundary, _) if !by_kill => {
            return Err(format!("{boundary} was never passed: {ended}"));
        }
        // A late moment may find the walk at its end.
        When::After(_) if !by_kill && !ended.success() => {
            return Err(format!("the walk failed by itself: {ended}"));
        }
        _ => {}
    }
    let told = folder.path().join("saved").exists();
    resume(folder.path())?;

    let at_office = submissions(folder.path()).len();
    let durable = match case.when {
        When::At(boundary, _) => passed(boundary, Boundary::Committed),
        When::After(_) => told,
    };
    if at_office > 1 {
        return Err(format!("{at_office} submissions of one visit"));
    }
    if (durable || told) && at_office != 1 {
        return Err("what was saved did not reach the office".into());
    }
    if let When::At(boundary, _) = case.when
        && !passed(boundary, Boundary::Committed)
        && (told || at_office != 0)
    {
        return Err("something was saved before it was committed".into());
    }
    Ok(Seen { told, at_office })
}

/// Whether a submission at this boundary has passed the other.
fn passed(boundary: Boundary, other: Boundary) -> bool {
    let order = |b: Boundary| Boundary::ALL.iter().position(|a| *a == b);
    order(boundary) >= order(other)
}

/// A walk that is killed, and then its office and worker ended.
fn killed(case: Case, folder: &Path) -> Result<ExitStatus, String> {
    let mut walk = walk(folder);
    walk.args(["--pace", "20"]);
    if case.offline {
        walk.arg("--offline");
    }
    if let When::At(boundary, n) = case.when {
        walk.env("QOLTANBA_KILL_AT", format!("{boundary}:{n}"));
    }
    let mut process = walk.spawn().map_err(|e| e.to_string())?;
    if let When::After(moment) = case.when {
        // The first picture is of the welcome screen.
        let welcome = folder.join("01_welcome.png");
        let begun = Instant::now();
        while !welcome.exists() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(moment);
        let _ = kill_process(Pid::from_child(&process), Signal::KILL);
    }
    end(&mut process)
}

/// The kiosk started again on what is left.
fn resume(folder: &Path) -> Result<(), String> {
    let mut process = walk(folder)
        .arg("--resume")
        .spawn()
        .map_err(|e| e.to_string())?;
    let ended = end(&mut process)?;
    if ended.success() {
        return Ok(());
    }
    let summary = std::fs::read_to_string(folder.join("resumed")).unwrap_or_default();
    Err(format!("the kiosk started again: {ended} {summary}"))
}

fn walk(folder: &Path) -> Command {
    let mut walk = Command::new(WALKTHROUGH);
    // In a group of its own, so that its office can be ended with it.
    walk.arg("--out")
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::null());
    // What it says is told by its exit status; a failure speaks on standard error.
    walk.stdout(std::fs::File::create(folder.join("resumed")).map_or(Stdio::null(), Into::into));
    walk
}

/// Waits for the end of a walk, then ends whatever it started.
fn end(process: &mut Child) -> Result<ExitStatus, String> {
    let begun = Instant::now();
    let ended = loop {
        if let Some(status) = process.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            process.kill().map_err(|e| e.to_string())?;
            return Err("it takes too long".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let group = process.id();
    let begun = Instant::now();
    while memory::lives_in_group(group) {
        let late = begun.elapsed() > Duration::from_secs(10);
        let signal = if late { Signal::KILL } else { Signal::TERM };
        let _ = kill_process_group(Pid::from_child(process), signal);
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(ended)
}
