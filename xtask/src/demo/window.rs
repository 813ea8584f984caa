//! The kiosk in a window, touched by a person.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::Wanted;
use super::office::{OPERATOR, Office};
use crate::cargo;

const KIOSK: &str = "demo-1";
/// Time for a person to see that the application awaits a decision.
const APPROVE_AFTER: Duration = Duration::from_secs(5);
/// Seconds of one prompt at pace 1, the kiosk's own default.
const PROMPT_SECONDS: f32 = 3.0;

pub fn run(wanted: &Wanted, binaries: &Path) -> anyhow::Result<ExitCode> {
    println!("Everything goes to {}", wanted.out.display());
    let csca = specimen(binaries, &wanted.out.join("specimen"))?;
    let mut office = Office::init(binaries.join("office"), wanted.out.join("office"), &csca)?;
    office.start()?;
    let configuration = configure(wanted, binaries, &office, &csca)?;
    provision(&office, binaries, &configuration)?;
    if wanted.offline {
        office.stop();
        println!(
            "The office is stopped. Press Enter here to start it, when the kiosk shows the receipt."
        );
    } else {
        introduce(&office);
    }
    let mut kiosk = Command::new(binaries.join("kiosk"))
        .arg("run")
        .arg("--config")
        .arg(&configuration)
        .args(["--size", &wanted.size])
        .current_dir(cargo::root())
        .spawn()
        .context("starting the kiosk")?;
    if wanted.offline {
        let key = std::thread::spawn(|| std::io::stdin().read_line(&mut String::new()));
        while kiosk.try_wait()?.is_none() && !key.is_finished() {
            std::thread::sleep(Duration::from_millis(200));
        }
        office.start()?;
        introduce(&office);
    }
    let status = operate(&office, &mut kiosk)?;
    Ok(if status {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn introduce(office: &Office) {
    println!("Operator's desk: {}", office.desk_url());
    println!("  user name {OPERATOR}, password {}", office.password());
    println!("Citizens: 880412401006, 900101300811, 061211600012.");
    println!("The card in the simulated reader is the first citizen's; its CAN is 123456.");
    println!("Messages of 1414 appear here. Applications are approved by this command");
    println!("in the role of the operator, unless you decide sooner at the desk.");
}

/// The document of the simulated reader; gives the certificate of its state.
fn specimen(binaries: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let status = Command::new(binaries.join("kiosk"))
        .args(["chip", "specimen"])
        .arg(folder)
        .stdout(Stdio::null())
        .status()
        .context("kiosk chip specimen")?;
    ensure!(status.success(), "kiosk chip specimen ended with {status}");
    Ok(folder.join("csca.der"))
}

/// The kiosk's local configuration layer.
fn configure(
    wanted: &Wanted,
    binaries: &Path,
    office: &Office,
    csca: &Path,
) -> anyhow::Result<PathBuf> {
    let drive = match &wanted.usb {
        Some(folder) => folder
            .canonicalize()
            .with_context(|| format!("--usb {}", folder.display()))?,
        None => {
            let folder = wanted.out.join("usb");
            std::fs::create_dir_all(&folder)?;
            folder
        }
    };
    let camera = match &wanted.camera {
        Some(device) => format!("{{ device = {} }}", quoted(device)?),
        None => {
            let face = cargo::root().join("tests/fixtures/camera/astronaut-selfie.jpg");
            format!("{{ simulated = {{ file = {} }} }}", quoted(&face)?)
        }
    };
    let reader = if wanted.reader {
        "\"pcsc\""
    } else {
        "{ simulated = {} }"
    };
    let pace: f32 = wanted.pace.as_deref().unwrap_or("1").parse()?;
    let text = format!(
        "data_dir = {data}\ntpm = \"none\"\nworker = {worker}\ncamera = {camera}\ncard_reader = {reader}\n\
         panel = {{ simulated = {panel} }}\n\n\
         [office]\nurl = \"{url}\"\nca_file = {ca}\n\n\
         [token_writer.simulated]\nfile = {token}\n\n\
         [usb]\nroot = {drive}\nroot_is_drive = true\n\n\
         [document]\ncsca = {csca}\n\n\
         [session]\nliveness_seconds_each = {seconds:.2}\n",
        csca = quoted(csca)?,
        data = quoted(&wanted.out.join("kiosk"))?,
        worker = quoted(&binaries.join("kiosk-worker"))?,
        panel = quoted(&wanted.out.join("panel.png"))?,
        url = office.url(),
        ca = quoted(&office.ca_file())?,
        token = quoted(&wanted.out.join("token.json"))?,
        drive = quoted(&drive)?,
        seconds = PROMPT_SECONDS / pace,
    );
    let path = wanted.out.join("kiosk.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// A TOML string: JSON's escapes are a part of TOML's.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path
        .to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(serde_json::to_string(text)?)
}

/// The kiosk brings its token; this command compares the words as an administrator
/// would, on both sides, and confirms.
fn provision(office: &Office, binaries: &Path, configuration: &Path) -> anyhow::Result<()> {
    let token = office.add_kiosk(KIOSK)?;
    let mut kiosk = Command::new(binaries.join("kiosk"))
        .args(["provision", "--config"])
        .arg(configuration)
        .stdin(Stdio::piped())
        .spawn()
        .context("kiosk provision")?;
    kiosk
        .stdin
        .take()
        .context("kiosk provision takes no token")?
        .write_all(format!("{token}\n").as_bytes())?;
    let until = Instant::now() + Duration::from_secs(60);
    let words = loop {
        if let Some(words) = office.awaiting(KIOSK)? {
            break words;
        }
        if let Some(status) = kiosk.try_wait()? {
            bail!("kiosk provision ended with {status}");
        }
        ensure!(
            Instant::now() < until,
            "the kiosk does not reach the office"
        );
        std::thread::sleep(Duration::from_millis(200));
    };
    println!("The kiosk's words at the office: {words}");
    office.confirm_kiosk(KIOSK)?;
    let status = kiosk.wait()?;
    ensure!(status.success(), "kiosk provision ended with {status}");
    Ok(())
}

/// Shows messages and approves what waits, until the window is closed.
fn operate(office: &Office, kiosk: &mut Child) -> anyhow::Result<bool> {
    let mut shown = 0;
    let mut waiting: Vec<(String, Option<Instant>)> = Vec::new();
    loop {
        if let Some(status) = kiosk.try_wait()? {
            return Ok(status.success());
        }
        let messages = office.messages()?;
        for (phone, text) in messages.iter().skip(shown) {
            println!("SMS to {phone}: {text}");
        }
        shown = messages.len();
        let open = office.open_submissions()?;
        waiting.retain(|(id, _)| open.contains(id));
        for id in open {
            let Some((_, since)) = waiting.iter_mut().find(|(known, _)| *known == id) else {
                waiting.push((id, Some(Instant::now())));
                continue;
            };
            // Once only: what cannot be approved is left to the desk.
            if since.is_some_and(|s| s.elapsed() >= APPROVE_AFTER) {
                *since = None;
                match office.approve(&id) {
                    Ok(()) => println!("Approved as the operator: {id}"),
                    Err(error) => println!("{error:#}"),
                }
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
