//! `cargo xtask`: the project's chores, from a fresh Debian 12 on.
//!
//! Each command first installs the Debian packages that it lacks, says so, and
//! then does its work. Exit status: 0 done, 1 failed, 2 not possible (wrong
//! words).

mod bench;
mod cargo;
mod check;
mod demo;
mod device;
mod flags;
mod image;
mod journey;
mod packages;
mod screens;
mod soak;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo      a citizen gets a signature: opens a window to touch, or walks by itself
    --headless        no window (so without a display): every step rendered, touched, checked
    --out DIR         where pictures, summary.json and data go (default: a new temporary one)
    --lang kk|ru|en   language of the walk (kk); in the window the person chooses
    --size WxH        1080x1920 or 1280x800 (1080x1920)
    --pace N          prompts N times faster (1)
    --token           the key goes onto a simulated token whose PIN was forgotten
    --card            the key goes onto a simulated ID card, at collection
    --renew           then the citizen gets another key by the first one
    --revoke          at the end the citizen revokes the certificate
    --maintain        a technician instead: a new kiosk set up, looked through, tested
    --keyboard        with --headless: by a hardware keyboard, nothing is touched
    --offline         the office cannot be reached until the citizen has the receipt
    --camera DEV      a real camera instead of the simulated one, e.g. /dev/video0
    --reader          a real card reader by PC/SC instead of the simulated one
    --usb DIR         a folder that stands for the citizen's USB drive
cargo xtask test      format, lints, all tests, translations, licences
cargo xtask bench     the numbers of benches/, measured in a release build
cargo xtask soak kill the kiosk killed at every boundary and at random moments
cargo xtask soak chip a document read 200 times while card, chip and service fail at random
cargo xtask soak token 40 tokens written, each cut at a random moment and presented again
cargo xtask soak update the power cut at 20 points of an update, in a virtual machine
cargo xtask device    the kiosk as the image ships it, searched for simulated devices
cargo xtask screens   docs/screens renewed: every screen, language, size
cargo xtask image     the bootable image and its update bundle, in image-build/out
    VERSION           (that of this workspace)
    --flavour F       release: nobody can log in; test: a root shell on the serial line (release)
    --programs DIR    kiosk and kiosk-worker, built before
    --keys DIR        keys of a release; without: keys that are made for tests
cargo xtask vmtest    the image, flavour test, in a virtual machine: looked at, plugged, attacked, updated
    VERSION, --programs DIR   as above, where the image is not built yet
    --only W          one of the suites: ui: started and touched; poweron: how long that takes, beside a bare
                      image; devices: camera, card, writer, network, clock, watchdogs; journey: a citizen's
                      visit by touches; secureboot: tampered starts, sealed data; update: bundles, power cuts (all)
    --work DIR        where pictures, serial.log and summary.json go (target/vmtest)
    --direct          ui: without firmware and boot loader
    --starts N        poweron: N starts of each (3)
    --points N        update: the power is cut at N points of an install (5 points)
    --cases WORDS     with --only devices, secureboot or update: only cases whose name holds one of these words (with commas between)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match command {
        "demo" => demo::run(rest),
        "test" => check::run(rest),
        "bench" => bench::run(rest),
        "soak" => soak::run(rest),
        "device" => device::run(rest),
        "screens" => screens::run(rest),
        "image" => image::run(rest),
        "vmtest" => image::test_in_machine(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!("No command `{other}`.\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask {command}: {error:#}");
            let usage = error.downcast_ref::<flags::WrongWords>().is_some();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
