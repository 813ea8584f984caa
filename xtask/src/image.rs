//! `cargo xtask image` and `vmtest`: the bootable image, and it in a virtual machine.
//!
//! The work is done by image-build/; here programs are built as the caller, not as root.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::ensure;

use crate::cargo::{self, cargo};
use crate::device;
use crate::flags::Flags;
use crate::journey;
use crate::packages::{self, Need};

/// QEMU of Debian 12 itself (7.2) has no touch screen; that of its backports has.
const TOUCH_SCREEN: &str = "virtio-multitouch-pci";
/// What an image is made of, and folders in there that it is not.
const SOURCES: [&str; 6] = [
    "Cargo.lock",
    "crates",
    "image-build",
    "src",
    "systemd",
    "ui",
];
const NO_SOURCES: [&str; 6] = ["benches", "out", "tests", "vmtest", "work", "__pycache__"];
/// Of crates/outbox/examples: fills a queue, and changes its schema.
const QUEUE: &str = "queue";

/// `[VERSION] [--flavour release|test] [--programs DIR] [--keys DIR]`
pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    let (version, words) = leading(words);
    let flags = Flags::parse(words, &[], &["--flavour", "--programs", "--keys"])?;
    let flavour = flags.one_of("--flavour", &["release", "test"])?;
    build(
        version.unwrap_or(env!("CARGO_PKG_VERSION")),
        flavour,
        flags.value("--programs"),
        flags.value("--keys"),
    )
}

/// `[VERSION] [--only ui|poweron|devices|journey|secureboot|update] [--programs DIR] [--work DIR] [--direct] [--starts N]
/// [--points N] [--cases WORDS]`; the image is built where it is missing or older than its sources. `ui` looks at it, `poweron` times its start, `devices`
/// plugs and pulls what a kiosk works with, `journey` is a citizen's whole visit there, `secureboot` tampers with what starts and
/// moves the disk to another TPM, `update` installs bundles; without `--only` all of them.
pub fn test_in_machine(words: &[String]) -> anyhow::Result<ExitCode> {
    let (version, words) = leading(words);
    let version = version.unwrap_or(env!("CARGO_PKG_VERSION"));
    let flags = Flags::parse(
        words,
        &["--direct"],
        &[
            "--only",
            "--programs",
            "--work",
            "--starts",
            "--points",
            "--cases",
        ],
    )?;
    let suites = [
        "all",
        "ui",
        "poweron",
        "devices",
        "journey",
        "secureboot",
        "update",
    ];
    let only = flags.one_of("--only", &suites)?;
    let wanted = |suite| only == "all" || only == suite;
    packages::install(&[Need::Machine, Need::Tpm])?;
    let devices = Command::new("qemu-system-x86_64")
        .args(["-device", "help"])
        .output()?;
    ensure!(
        String::from_utf8_lossy(&devices.stdout).contains(TOUCH_SCREEN),
        "this QEMU has no {TOUCH_SCREEN}: on Debian 12 install qemu-system-x86 of bookworm-backports"
    );
    let image = folder().join("out").join(format!("{version}-test"));
    if is_stale(&image.join("disk.img"), cargo::root())? {
        let built = build(version, "test", flags.value("--programs"), None)?;
        if built != ExitCode::SUCCESS {
            return Ok(built);
        }
    }
    let work = match flags.value("--work") {
        Some(directory) => PathBuf::from(directory),
        None => cargo::target()?.join("vmtest"),
    };
    println!("Pictures and serial.log: {}", work.display());
    let mut well = true;
    if wanted("ui") {
        let mut boot = python("boot.py", &image, &[]);
        boot.arg("--work").arg(work.join("ui"));
        if flags.has("--direct") {
            boot.arg("--direct");
        }
        well &= cargo::status(&mut boot)?.success();
    }
    if wanted("poweron") {
        let bare = prepared("poweron", &image, None)?;
        let mut power_on = python("poweron.py", &image, &[&bare]);
        power_on.arg("--work").arg(work.join("poweron"));
        if let Some(value) = flags.value("--starts") {
            power_on.args(["--starts", value]);
        }
        well &= cargo::status(&mut power_on)?.success();
    }
    // The suites whose cases can be chosen, and the points of the one that cuts the power.
    let cases = |mut suite: Command, name: &str| {
        suite.arg("--work").arg(work.join(name));
        if let Some(value) = flags.value("--cases") {
            suite.args(["--cases", value]);
        }
        suite
    };
    if wanted("devices") {
        let mut devices = cases(python("devices.py", &image, &[]), "devices");
        well &= cargo::status(&mut devices)?.success();
    }
    if wanted("journey") {
        well &= journey::run(&image, &bundles(&image)?, &work.join("journey"))?;
    }
    if wanted("secureboot") {
        let keys = prepared("secureboot", &image, None)?;
        let mut secure_boot = cases(python("secureboot.py", &image, &[&keys]), "secureboot");
        well &= cargo::status(&mut secure_boot)?.success();
    }
    if wanted("update") {
        let mut update = cases(python("update.py", &image, &[&bundles(&image)?]), "update");
        if let Some(value) = flags.value("--points") {
            update.args(["--points", value]);
        }
        well &= cargo::status(&mut update)?.success();
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `[--points N]` and the like: the power cut at 20 points of an update, and nothing else.
pub fn cut_power(words: &[&str]) -> anyhow::Result<ExitCode> {
    let own = [
        "--only",
        "update",
        "--cases",
        "the power cut",
        "--points",
        "20",
    ];
    // What is said twice counts as it was said last.
    let words: Vec<String> = own.iter().chain(words).map(|&w| w.to_owned()).collect();
    test_in_machine(&words)
}

/// Updates of this image, and a full queue.
fn bundles(image: &Path) -> anyhow::Result<PathBuf> {
    cargo::run(cargo().args(["build", "-p", "outbox", "--example", QUEUE]))?;
    let queue = cargo::target()?.join("debug/examples").join(QUEUE);
    prepared("bundles", image, Some(&queue))
}

/// What a suite needs beside the image, made by the script of this name in a directory
/// beside it, with the program that it needs for that.
fn prepared(name: &str, image: &Path, program: Option<&Path>) -> anyhow::Result<PathBuf> {
    let directory = image.with_added_extension(name);
    let script = folder().join("vmtest").join(name).with_extension("sh");
    let mut make = as_root(&script);
    make.arg(image).arg(&directory).args(program);
    ensure!(
        cargo::status(&mut make)?.success(),
        "{} failed",
        script.display()
    );
    Ok(directory)
}

/// A script of vmtest/ with the image and further directories.
fn python(script: &str, image: &Path, more: &[&Path]) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(folder().join("vmtest").join(script))
        .arg(image)
        .args(more);
    command
}

/// A script of image-build/ that makes Debian trees.
fn as_root(script: &Path) -> Command {
    if packages::is_root() {
        return Command::new(script);
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("--preserve-env=WORK,OUT,SUITE,MIRROR").arg(script);
    sudo
}

fn build(
    version: &str,
    flavour: &str,
    programs: Option<&str>,
    keys: Option<&str>,
) -> anyhow::Result<ExitCode> {
    packages::install(&[Need::Image])?;
    let programs = match programs {
        Some(directory) => PathBuf::from(directory),
        None => {
            let built = device::run(&[])?;
            if built != ExitCode::SUCCESS {
                return Ok(built);
            }
            cargo::run(cargo().args(["build", "--release", "--bins"]).args([
                "-p",
                "worker",
                "-p",
                "fallback_screen",
                "-p",
                "steward",
            ]))?;
            cargo::target()?.join("release")
        }
    };
    let mut command = as_root(&folder().join("build.sh"));
    command
        .arg(version)
        .args(["--flavour", flavour, "--programs"])
        .arg(&programs);
    if let Some(directory) = keys {
        command.args(["--keys", directory]);
    }
    status(&mut command)
}

fn folder() -> PathBuf {
    cargo::root().join("image-build")
}

fn status(command: &mut Command) -> anyhow::Result<ExitCode> {
    Ok(if cargo::status(command)?.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Something that it is made of has changed since.
fn is_stale(image: &Path, root: &Path) -> anyhow::Result<bool> {
    let Ok(built) = image.metadata() else {
        return Ok(true);
    };
    let built = built.modified()?;
    let mut places: Vec<PathBuf> = SOURCES.iter().map(|name| root.join(name)).collect();
    while let Some(place) = places.pop() {
        if !place.is_dir() {
            if place.symlink_metadata()?.modified()? > built {
                println!("{} is newer than the image", place.display());
                return Ok(true);
            }
            continue;
        }
        for entry in std::fs::read_dir(&place)? {
            let entry = entry?.path();
            let name = entry.file_name().unwrap_or_default();
            if !NO_SOURCES.iter().any(|&no| name == no) {
                places.push(entry);
            }
        }
    }
    Ok(false)
}

/// The first word, where it is no flag.
fn leading(words: &[String]) -> (Option<&str>, &[String]) {
    match words.split_first() {
        Some((first, rest)) if !first.starts_with('-') => (Some(first), rest),
        _ => (None, words),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir_all};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{SOURCES, is_stale, leading};

    #[test]
    fn an_image_is_as_old_as_what_it_is_made_of() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let touch = |name: &str, seconds| {
            let path = root.join(name);
            create_dir_all(path.parent().unwrap()).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::create(path).unwrap().set_modified(at).unwrap();
        };
        let stale = || is_stale(&root.join("disk.img"), root).unwrap();
        for name in SOURCES {
            match Path::new(name).extension() {
                Some(_) => touch(name, 10),
                None => touch(&format!("{name}/a/b.rs"), 10),
            }
        }
        assert!(stale(), "there is none");
        touch("disk.img", 20);
        assert!(!stale());
        for other in ["image-build/out/x", "crates/a/tests/x.rs", "xtask/x.rs"] {
            touch(other, 30);
            assert!(!stale(), "{other}");
        }
        touch("systemd/units/x.service", 30);
        assert!(stale());
    }

    #[test]
    fn a_version_stands_before_the_flags() {
        let words = ["1.2", "--direct"].map(str::to_owned);
        assert_eq!(leading(&words), (Some("1.2"), &words[1..]));
        assert_eq!(leading(&words[1..]), (None, &words[1..]));
        assert_eq!(leading(&[]), (None, &[][..]));
    }
}
