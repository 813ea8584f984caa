//! `cargo xtask demo`: one citizen gets a signature, from first touch to certificate.
//!
//! Headless, the program `walkthrough` plays the citizen and the operator and
//! checks the outcome. With a display, a person touches the kiosk's window and
//! this command plays the operator.

mod headless;
mod office;
mod window;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::cargo;
use crate::flags::{Flags, wrong};
use crate::packages::{self, Need};

/// What the person asked for.
struct Wanted {
    out: PathBuf,
    language: String,
    size: String,
    pace: Option<String>,
    offline: bool,
    token: bool,
    card: bool,
    renew: bool,
    revoke: bool,
    keyboard: bool,
    maintain: bool,
    camera: Option<PathBuf>,
    reader: bool,
    usb: Option<PathBuf>,
}

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    let flags = Flags::parse(
        words,
        &[
            "--headless",
            "--offline",
            "--token",
            "--card",
            "--renew",
            "--revoke",
            "--keyboard",
            "--maintain",
            "--reader",
        ],
        &["--out", "--lang", "--size", "--pace", "--camera", "--usb"],
    )?;
    let headless = flags.has("--headless") || std::env::var_os("DISPLAY").is_none();
    let pace = flags.value("--pace").map(str::to_owned);
    if let Some(pace) = &pace
        && !pace.parse::<f32>().is_ok_and(|p| p >= 1.0)
    {
        return Err(wrong("--pace is a number, 1 or more"));
    }
    let language = flags.one_of("--lang", &["kk", "ru", "en"])?.to_owned();
    let size = flags
        .one_of("--size", &["1080x1920", "1280x800"])?
        .to_owned();
    if headless {
        for real in ["--camera", "--usb"] {
            if flags.value(real).is_some() {
                return Err(wrong(format!("{real} needs the window and a display")));
            }
        }
        if flags.has("--reader") {
            return Err(wrong("--reader needs the window and a display"));
        }
        if !flags.has("--headless") {
            println!("There is no display: the walk by itself, as with --headless.");
        }
    }
    if flags.has("--token") && (!headless || flags.has("--offline")) {
        return Err(wrong(
            "--token is a walk by itself, with a link: in the window a simulated token is in",
        ));
    }
    for then in ["--card", "--renew", "--revoke"] {
        if flags.has(then) && (!headless || flags.has("--offline")) {
            return Err(wrong(format!(
                "{then} is a walk by itself, with a link: in the window touch the button"
            )));
        }
    }
    if flags.has("--maintain") {
        let citizens = ["--offline", "--token", "--card", "--renew", "--revoke"];
        if !headless || citizens.iter().any(|flag| flags.has(flag)) {
            return Err(wrong("--maintain is a walk by itself, without a citizen"));
        }
    }
    if flags.has("--keyboard") && !headless {
        return Err(wrong(
            "--keyboard is a walk by itself: in the window use the keyboard",
        ));
    }
    let wanted = Wanted {
        out: out_folder(flags.value("--out"))?,
        language,
        size,
        pace,
        offline: flags.has("--offline"),
        token: flags.has("--token"),
        card: flags.has("--card"),
        renew: flags.has("--renew"),
        revoke: flags.has("--revoke"),
        keyboard: flags.has("--keyboard"),
        maintain: flags.has("--maintain"),
        camera: flags.value("--camera").map(PathBuf::from),
        reader: flags.has("--reader"),
        usb: flags.value("--usb").map(PathBuf::from),
    };

    let window_or_walk = if headless { Need::Walk } else { Need::Window };
    packages::install(&[Need::Build, window_or_walk])?;
    let binaries = cargo::binaries()?;
    println!("Building. The first time takes some minutes.");
    cargo::build_programs()?;
    if headless {
        headless::run(&wanted, &binaries)
    } else {
        window::run(&wanted, &binaries)
    }
}

/// The folder asked for, or a fresh one that is named on the screen. Absolute,
/// because what is started may have another working directory.
fn out_folder(asked: Option<&str>) -> anyhow::Result<PathBuf> {
    let folder = match asked {
        Some(folder) => PathBuf::from(folder),
        None => {
            let seconds = std::time::UNIX_EPOCH.elapsed()?.as_secs();
            let name = format!("qoltanba-demo-{seconds}-{}", std::process::id());
            std::env::temp_dir().join(name)
        }
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    // Only its owner: the demonstration's keys and pictures lie in it.
    #[cfg(unix)]
    if asked.is_none() {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700))?;
    }
    folder
        .canonicalize()
        .with_context(|| format!("{}", folder.display()))
}
