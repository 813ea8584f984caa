//! Debian packages, each with its reason: the one place that names them.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Build,
    /// Opening the kiosk's window on a desktop.
    Window,
    /// Checks of the headless walk.
    Walk,
    Test,
    /// A TPM for tests and for the virtual machine.
    Tpm,
    /// Building what the image ships.
    Device,
    Bench,
    /// Building the image: the rest is in a tree that the build makes.
    Image,
    /// The image in a virtual machine.
    Machine,
}

const PACKAGES: &[(&str, Need, &str)] = &[
    ("ca-certificates", Need::Build, "crates are fetched by TLS"),
    ("gcc", Need::Build, "links Rust; compiles SQLite and ring"),
    ("libc6-dev", Need::Build, "C headers and start files"),
    ("pkg-config", Need::Build, "finds the libraries below"),
    ("libssl-dev", Need::Build, "RSA keys by OpenSSL"),
    ("libpcsclite-dev", Need::Build, "card readers by PC/SC"),
    ("libtss2-dev", Need::Build, "the kiosk's keys in a TPM 2.0"),
    (
        "libclang-dev",
        Need::Build,
        "bindings to the camera interface",
    ),
    ("libfontconfig-dev", Need::Build, "Slint's text layout"),
    ("libx11-6", Need::Window, "X11 window"),
    ("libx11-xcb1", Need::Window, "X11 window"),
    ("libxcursor1", Need::Window, "X11 window: pointer"),
    ("libxi6", Need::Window, "X11 window: touch"),
    ("libxrandr2", Need::Window, "X11 window: screens"),
    ("libxkbcommon-x11-0", Need::Window, "X11 window: keyboard"),
    (
        "openssl",
        Need::Walk,
        "opens the finished key file as others would",
    ),
    ("gettext", Need::Test, "msgfmt checks the translations"),
    (
        "default-jre-headless",
        Need::Test,
        "keytool opens the finished key file",
    ),
    ("softhsm2", Need::Test, "a PKCS#11 token in software"),
    ("faketime", Need::Test, "a kiosk whose clock is years off"),
    (
        "opensc",
        Need::Test,
        "pkcs11-tool uses the token as others would",
    ),
    (
        "libnss3-tools",
        Need::Test,
        "pk12util opens the finished key file",
    ),
    (
        "gnutls-bin",
        Need::Test,
        "certtool opens the finished key file",
    ),
    ("ffmpeg", Need::Test, "ffprobe reads the recorded video"),
    ("pcscd", Need::Test, "cards by the real card service"),
    ("vsmartcard-vpcd", Need::Test, "a virtual card in pcscd"),
    (
        "libccid",
        Need::Test,
        "pcscd's own driver at the virtual serial reader",
    ),
    (
        "libeac3",
        Need::Test,
        "the virtual card's PACE, by OpenPACE",
    ),
    (
        "libengine-gost-openssl",
        Need::Test,
        "GOST keys, certificates and requests by OpenSSL",
    ),
    (
        "yubico-piv-tool",
        Need::Test,
        "reads and uses a PIV token as others would",
    ),
    ("opensc-pkcs11", Need::Test, "the same token by PKCS#11"),
    (
        "ykcs11",
        Need::Test,
        "a PIV token enrolled through its maker's PKCS#11 module",
    ),
    ("python3", Need::Test, "the virtual card; pkilint"),
    (
        "python3-venv",
        Need::Test,
        "their packages, beside the build",
    ),
    (
        "util-linux",
        Need::Test,
        "unshare: a card service of its own",
    ),
    ("swtpm", Need::Tpm, "a TPM 2.0 in software"),
    (
        "libtss2-tcti-swtpm0",
        Need::Tpm,
        "the way to it, for the kiosk",
    ),
    ("iproute2", Need::Test, "brings the private network up"),
    (
        "libxkbcommon-dev",
        Need::Device,
        "keyboard without a desktop",
    ),
    ("libinput-dev", Need::Device, "touch without a desktop"),
    (
        "libudev-dev",
        Need::Device,
        "input devices that come and go",
    ),
    ("xvfb", Need::Bench, "a display for both contestants"),
    (
        "chromium",
        Need::Bench,
        "the browser that the window is measured against",
    ),
    ("mmdebstrap", Need::Image, "makes the image's Debian trees"),
    (
        "debian-archive-keyring",
        Need::Image,
        "keys that Debian's packages are signed with",
    ),
    ("git", Need::Image, "the image's one time: the last commit"),
    ("qemu-system-x86", Need::Machine, "the virtual machine"),
    ("qemu-utils", Need::Machine, "a disk over the image's"),
    ("ovmf", Need::Machine, "its firmware"),
    ("dosfstools", Need::Machine, "a citizen's USB drive"),
    ("mtools", Need::Machine, "what lies on that drive"),
    (
        "ffmpeg",
        Need::Machine,
        "the pictures that its camera sends",
    ),
    (
        "cryptsetup-bin",
        Need::Machine,
        "opens its disk by the recovery key",
    ),
    (
        "python3-minimal",
        Need::Machine,
        "the test that touches and looks",
    ),
    ("libpython3-stdlib", Need::Machine, "all that it needs"),
];

fn needed(needs: &[Need]) -> impl Iterator<Item = &'static (&'static str, Need, &'static str)> {
    PACKAGES.iter().filter(move |(_, n, _)| needs.contains(n))
}

/// Installs what is missing of `needs`, saying so. Silent when all is there.
pub fn install(needs: &[Need]) -> anyhow::Result<()> {
    let names: Vec<&str> = needed(needs).map(|(name, ..)| *name).collect();
    let Some(installed) = installed(&names)? else {
        eprintln!(
            "This is no Debian system. The following is needed under its own names: {}",
            names.join(" ")
        );
        return Ok(());
    };
    let missing: Vec<_> = needed(needs)
        .filter(|(name, ..)| !installed.iter().any(|i| i == name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Debian packages that are missing and now get installed:");
    for (name, _, reason) in &missing {
        println!("  {name:22} {reason}");
    }
    apt_get(&["update", "-q"])?;
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend(missing.iter().map(|(name, ..)| *name));
    apt_get(&words)
}

/// Which of `names` are installed; `None` where there is no dpkg.
fn installed(names: &[&str]) -> anyhow::Result<Option<Vec<String>>> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
        .args(names)
        .stderr(Stdio::null())
        .output();
    match output {
        // Exit status 1 only says that some are unknown.
        Ok(output) => Ok(Some(parse_installed(&String::from_utf8_lossy(
            &output.stdout,
        )))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("dpkg-query"),
    }
}

fn parse_installed(listing: &str) -> Vec<String> {
    listing
        .lines()
        .filter_map(|line| line.strip_prefix("ii "))
        .map(|name| name.trim().to_owned())
        .collect()
}

pub fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

fn apt_get(words: &[&str]) -> anyhow::Result<()> {
    let root = is_root();
    let mut command = if root {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(words)
        .stdin(if root {
            Stdio::null()
        } else {
            Stdio::inherit()
        });
    let status = command
        .status()
        .context("neither root nor sudo: install the packages above by hand")?;
    if !status.success() {
        bail!("apt-get {} ended with {status}", words[0]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fully_installed_packages_count() {
        let listing = "ii  gcc\nrc  gettext\nun  openssl\nii  libssl-dev\niU  xvfb\n";
        assert_eq!(parse_installed(listing), ["gcc", "libssl-dev"]);
    }

    #[test]
    fn every_package_is_named_once_for_a_need_with_a_reason() {
        let mut names: Vec<_> = PACKAGES
            .iter()
            .map(|(name, need, _)| (name, format!("{need:?}")))
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), PACKAGES.len());
        assert!(PACKAGES.iter().all(|(.., reason)| !reason.is_empty()));
    }
}
