//! The manual's table of faults, written from the table in the code.

use std::fmt::Write;
use std::path::Path;

use faults::{Fault, Language, Recovery};
use kiosk::station::{Effect, effect};

/// Injected into a real kiosk by the tests beside this one: how, and what ends it there.
const INJECTED: [(Fault, &str, &str); 19] = [
    (
        Fault::CameraMissing,
        "simulated camera unplugged",
        "plugged in again",
    ),
    (
        Fault::CameraBlack,
        "simulated camera's lens covered",
        "uncovered",
    ),
    (
        Fault::ReaderMissing,
        "a pcscd without a reader",
        "a pcscd with one",
    ),
    (
        Fault::CardServiceDown,
        "pcscd stopped (SIGSTOP)",
        "by itself: restarted by the steward",
    ),
    (
        Fault::WriterSilent,
        "serial writer answers nothing",
        "it answers again",
    ),
    (Fault::DiskFull, "file system filled", "space given back"),
    (
        Fault::DiskReadOnly,
        "file system read-only, running and at the start",
        "writable; after a failed start the kiosk restarted",
    ),
    (
        Fault::DiskOfAnotherBoard,
        "another TPM (image-build/vmtest/secureboot.py)",
        "its own TPM",
    ),
    (
        Fault::QueueRebuilt,
        "database overwritten",
        "a day of running well, the office told",
    ),
    (
        Fault::NoAddress,
        "no address in a network name space",
        "address given",
    ),
    (
        Fault::NoNameResolution,
        "no hosts entry, no name server",
        "name known again",
    ),
    (
        Fault::OfficeCertificateExpired,
        "office with a certificate of two years ago",
        "certificate renewed",
    ),
    (
        Fault::ClockWrong,
        "wall clock 20 years behind, 30 ahead",
        "clock set",
    ),
    (
        Fault::PanelMissing,
        "simulated panel unplugged; I2C bus that is not there",
        "plugged in again",
    ),
    (
        Fault::DeviceKeyFailed,
        "another TPM; its TPM gone at the start",
        "its own TPM; it is there again",
    ),
    (
        Fault::UpdateFailed,
        "raised as an installation does",
        "cleared by a version that holds",
    ),
    (
        Fault::KioskWillNotStart,
        "five starts that abort",
        "a day of running well, the office told",
    ),
    (
        Fault::OfficeUnreachable,
        "office stopped (tests/sync_office.rs)",
        "started again",
    ),
    (
        Fault::OfficeUntrusted,
        "office of another authority (tests/sync_office.rs)",
        "the right office",
    ),
];

fn who_sees(effect: Effect) -> &'static str {
    match effect {
        Effect::Closes => "citizen: out of service; technician; office",
        Effect::StopsApplying => "citizen: no applying, the rest goes on; technician; office",
        Effect::Offline => "citizen: applying only; technician; office when the link is back",
        Effect::Degrades => "citizen: a note, all goes on; technician; office",
        Effect::BehindTheScenes => "technician; office",
        Effect::OfOneVisit => "the citizen who meets it",
    }
}

fn who_ends(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Automatic => "by itself",
        Recovery::Citizen => "citizen",
        Recovery::Technician => "technician",
        Recovery::Office => "office",
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Faults\n\n\
         Written by `UPDATE=1 cargo test --test faults_injected manual`; the same test fails when\n\
         this page is not what the code says. Texts in Kazakh, Russian and English: `crates/faults`.\n\
         What each means for the next citizen: `src/station/readiness.rs`. What the office sees is in\n\
         the heartbeat: faults that stand, and those that came and went since the last one.\n\n\
         | code | what is wrong | who sees it | who ends it | injected in a test by | ends there when |\n\
         |---|---|---|---|---|---|\n",
    );
    for &fault in Fault::ALL {
        let text = fault.text(Language::En);
        let injected = INJECTED.iter().find(|(injected, _, _)| *injected == fault);
        let (how, ends) = injected.map_or(("", ""), |(_, how, ends)| (how, ends));
        writeln!(
            page,
            "| {fault} | {} | {} | {} | {how} | {ends} |",
            text.cause,
            who_sees(effect(fault)),
            who_ends(fault.recovery()),
        )
        .unwrap();
    }
    page
}

#[test]
fn the_manual_says_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == page(),
        "docs/faults.md is not what the code says"
    );
}

/// A fault that stands has an effect; one that a person meets on the way has none.
#[test]
fn what_is_injected_stands() {
    for (fault, _, _) in INJECTED {
        assert_ne!(effect(fault), Effect::OfOneVisit, "{fault}");
    }
}
