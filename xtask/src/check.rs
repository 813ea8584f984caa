//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Every check runs even when one before it failed, so that one run shows all.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

enum Outcome {
    Passed(String),
    Failed(String),
}

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    let start = Instant::now();
    packages::install(&[Need::Build, Need::Walk, Need::Test, Need::Tpm])?;
    type Check = fn() -> anyhow::Result<Outcome>;
    let checks: [(&str, Check); 5] = [
        ("format", format),
        ("lints", lints),
        ("tests", tests),
        ("translations", translations),
        ("licences", licences),
    ];
    let mut results = Vec::new();
    for (name, check) in checks {
        println!("\n== {name}");
        let began = Instant::now();
        let outcome = check().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        results.push((name, outcome, began.elapsed()));
    }
    Ok(report(&results, start.elapsed()))
}

fn report(results: &[(&str, Outcome, Duration)], total: Duration) -> ExitCode {
    println!();
    let mut failed = 0;
    for (name, outcome, took) in results {
        let (word, detail) = match outcome {
            Outcome::Passed(detail) => ("passed", detail),
            Outcome::Failed(why) => {
                failed += 1;
                ("FAILED", why)
            }
        };
        println!("{name:14} {word:8} {:>5} s  {detail}", took.as_secs());
    }
    let seconds = total.as_secs();
    if failed == 0 {
        println!("All passed in {} min {} s.", seconds / 60, seconds % 60);
        ExitCode::SUCCESS
    } else {
        println!(
            "{failed} of {} failed in {} min {} s.",
            results.len(),
            seconds / 60,
            seconds % 60
        );
        ExitCode::FAILURE
    }
}

fn outcome(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = cargo::status(command)?;
    Ok(if status.success() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed(cargo::shown(command))
    })
}

fn format() -> anyhow::Result<Outcome> {
    outcome(cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> anyhow::Result<Outcome> {
    outcome(
        cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--features", "headless", "--", "-D", "warnings"]),
    )
}

/// Shows what cargo says and adds the numbers of all test programs up.
fn tests() -> anyhow::Result<Outcome> {
    let mut command = cargo();
    command
        .args([
            "test",
            "--workspace",
            "--features",
            "headless",
            "--no-fail-fast",
        ])
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("cargo test")?;
    let stdout = child.stdout.take().context("cargo test without output")?;
    let mut sum = Sum::default();
    let mut screen = std::io::stdout().lock();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        screen.write_all(&line)?;
        screen.write_all(b"\n")?;
        sum.add(&String::from_utf8_lossy(&line));
    }
    let status = child.wait()?;
    Ok(if status.success() && sum.failed == 0 {
        Outcome::Passed(sum.to_string())
    } else {
        Outcome::Failed(sum.to_string())
    })
}

#[derive(Debug, Default, PartialEq)]
struct Sum {
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Sum {
    /// Takes in a line like `test result: ok. 6 passed; 0 failed; 1 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some(numbers) = line
            .strip_prefix("test result: ")
            .and_then(|l| l.split_once(". "))
        else {
            return;
        };
        for part in numbers.1.split("; ") {
            let Some((number, what)) = part.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u32>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} ignored",
            self.passed, self.failed, self.ignored
        )
    }
}

/// `ui/lang/<language>/LC_MESSAGES/*.po` by gettext's own check.
fn translations() -> anyhow::Result<Outcome> {
    let lang = cargo::root().join("ui/lang");
    let mut checked = 0;
    let mut bad = Vec::new();
    for language in ["kk", "ru"] {
        let folder = lang.join(language).join("LC_MESSAGES");
        let files = std::fs::read_dir(&folder)
            .with_context(|| format!("{}", folder.display()))?
            .collect::<Result<Vec<_>, _>>()?;
        for file in files.into_iter().map(|f| f.path()) {
            if file.extension().is_none_or(|e| e != "po") {
                continue;
            }
            checked += 1;
            let mut command = Command::new("msgfmt");
            command
                .args(["--check", "-o", "/dev/null"])
                .arg(&file)
                .current_dir(cargo::root());
            if !cargo::status(&mut command)?.success() {
                bad.push(file.display().to_string());
            }
        }
    }
    Ok(if !bad.is_empty() {
        Outcome::Failed(bad.join(", "))
    } else if checked < 2 {
        Outcome::Failed(format!(
            "{checked} catalogues for two languages beside the English source"
        ))
    } else {
        Outcome::Passed(format!("{checked} catalogues"))
    })
}

/// Built beside everything else where it is missing. In the dev profile: it runs for
/// a second, and compiles for minutes.
const CARGO_DENY: &str = "0.20.2";

fn licences() -> anyhow::Result<Outcome> {
    let present = cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    let mut check = if present {
        let mut check = cargo();
        check.arg("deny");
        check
    } else {
        let tools = cargo::target()?.join("tools");
        cargo::run(
            cargo()
                .args(["install", "cargo-deny", "--locked", "--debug", "--quiet"])
                .args(["--version", CARGO_DENY, "--root"])
                .arg(&tools),
        )?;
        let mut check = Command::new(tools.join("bin/cargo-deny"));
        check.current_dir(cargo::root());
        check
    };
    outcome(check.args(["check", "licenses", "bans", "sources"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_results_add_up() {
        let mut sum = Sum::default();
        for line in [
            "test result: ok. 6 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
            "test parses_a_test_result ... ok",
        ] {
            sum.add(line);
        }
        let expected = Sum {
            passed: 8,
            failed: 3,
            ignored: 1,
        };
        assert_eq!(sum, expected);
    }
}
