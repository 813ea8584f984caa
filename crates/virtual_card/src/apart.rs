//! A test in mount and network name spaces of its own.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::python;

/// Tells a program that it is already apart.
const APART: &str = "VIRTUAL_CARD_APART";

/// A pcscd of one's own needs its socket's directory, vpcd's port a network.
const PREPARE: &str = "mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd && \
                       ip link set lo up && exec \"$@\"";

/// Runs `body` in a second run of this test program, in name spaces of its own.
/// `test` is the full name of the test that calls.
///
/// # Panics
/// Something is not installed, or `body` panicked.
pub fn apart(test: &str, body: impl FnOnce()) {
    if std::env::var_os(APART).is_none() {
        // Fetched while there is still a network.
        python::prepare();
    }
    apart_without_documents(test, body);
}

/// The same for a test whose cards are none of Python's.
///
/// # Panics
/// As [`apart`].
pub fn apart_without_documents(test: &str, body: impl FnOnce()) {
    if std::env::var_os(APART).is_some() {
        return body();
    }
    let Some(mut command) = in_name_spaces() else {
        return;
    };
    let output = command
        .args(["--exact", "--nocapture", test])
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout);
    // Without what the other run's harness says of itself.
    let of_harness = ["running ", "test "];
    said.lines()
        .filter(|line| !line.is_empty() && !of_harness.iter().any(|word| line.starts_with(word)))
        .for_each(|line| println!("{line}"));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The same for a program that is no test harness: `body` is its whole work.
pub fn program_apart(body: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::env::var_os(APART).is_none() {
        python::prepare();
    }
    program_apart_without_documents(body)
}

/// The same for a program whose cards are none of Python's.
pub fn program_apart_without_documents(body: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::env::var_os(APART).is_some() {
        return body();
    }
    let Some(mut command) = in_name_spaces() else {
        return ExitCode::SUCCESS;
    };
    let status = command
        .args(std::env::args_os().skip(1))
        .status()
        .expect("unshare");
    if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// This program in name spaces of its own, with everything in place that it needs;
/// none where they are not permitted, which is said.
fn in_name_spaces() -> Option<Command> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net"]);
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
    };
    let allowed = unshare().arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED: this environment does not permit unshare --mount --net");
        return None;
    }
    assert!(
        Path::new("/usr/sbin/pcscd").exists(),
        "Debian's packages pcscd and vsmartcard-vpcd are missing"
    );
    let mut command = unshare();
    command
        .args(["sh", "-c", PREPARE, "sh"])
        .arg(std::env::current_exe().expect("the running program"))
        .env(APART, "1");
    Some(command)
}
