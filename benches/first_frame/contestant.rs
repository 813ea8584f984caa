//! A program that shows a screen, started, watched and ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::display::{Display, HEIGHT, WIDTH, ink};

/// Nothing has changed on the screen for so long: it is finished.
const QUIET: Duration = Duration::from_millis(2500);
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Contestant {
    program: PathBuf,
    arguments: Vec<String>,
}

pub struct Measured {
    pub first_frame: Duration,
    pub pss_kib: u64,
}

pub fn is_there(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).is_file()))
}

impl Contestant {
    /// The release build that lies beside the benches, with a simulated camera, its
    /// workers running.
    pub fn kiosk(folder: &Path) -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        // .../release/deps/first_frame-<hash>
        let bench = std::env::current_exe().expect("this program");
        let release = bench.ancestors().nth(2).expect("the build directory");
        let configuration = folder.join("kiosk.toml");
        let quoted = |path: &Path| format!("{:?}", path.display().to_string());
        let text = format!(
            "data_dir = {}\nworker = {}\n\
             [camera.simulated]\nfile = {}\n\
             [card_reader.simulated]\ninsert_after_millis = 3600000\n\
             [usb]\nroot = {}\n",
            quoted(&folder.join("kiosk-data")),
            quoted(&release.join("kiosk-worker")),
            quoted(&manifest.join("tests/fixtures/camera/astronaut-selfie.jpg")),
            quoted(folder),
        );
        fs::write(&configuration, text).expect("a configuration");
        Self {
            program: release.join("kiosk"),
            arguments: vec![
                "run".into(),
                "--config".into(),
                configuration.display().to_string(),
                "--size".into(),
                format!("{WIDTH}x{HEIGHT}"),
            ],
        }
    }

    /// Debian's browser with what it does besides showing a page switched off.
    pub fn browser(folder: &Path) -> Self {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/first_frame/welcome.html");
        let mut arguments: Vec<String> = [
            "--kiosk",
            "--no-first-run",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--disable-extensions",
        ]
        .map(String::from)
        .into();
        // Its sandbox refuses to run as root.
        if rustix::process::geteuid().is_root() {
            arguments.push("--no-sandbox".into());
        }
        arguments.push(format!("--window-size={WIDTH},{HEIGHT}"));
        arguments.push(format!(
            "--user-data-dir={}",
            folder.join("browser").display()
        ));
        arguments.push(format!("file://{}", page.display()));
        Self {
            program: "chromium".into(),
            arguments,
        }
    }

    /// Shows the screen once; its last picture goes to `picture`.
    pub fn measure(&self, display: &Display, picture: &Path) -> Measured {
        display.wait_until_empty();
        let began = Instant::now();
        let running = Running(
            Command::new(&self.program)
                .args(&self.arguments)
                .env("DISPLAY", display.name())
                .env("RUST_LOG", "off")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|e| panic!("{}: {e}", self.program.display())),
        );
        // How much was drawn when, each time that it changed.
        let mut drawn: Vec<(Duration, usize)> = Vec::new();
        let mut last = Vec::new();
        let mut changed = Instant::now();
        loop {
            let points = display.points();
            if points != last {
                changed = Instant::now();
                drawn.push((began.elapsed(), ink(&points)));
                last = points;
            }
            let finished = drawn.last().is_some_and(|(_, ink)| *ink > 0);
            if finished && changed.elapsed() > QUIET {
                break;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} shows nothing",
                self.program.display()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        let whole = ink(&last);
        let (first_frame, _) = drawn
            .into_iter()
            .find(|(_, ink)| ink * 2 >= whole)
            .expect("the last one fits");
        let pss_kib = running.family().iter().map(|pid| pss_kib(*pid)).sum();
        display.write(picture);
        Measured {
            first_frame,
            pss_kib,
        }
    }
}

struct Running(Child);

impl Running {
    /// The program and all that came of it.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.0.id()];
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .filter_map(|entry| {
                let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
                let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
                // The name in parentheses may hold spaces.
                let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
                Some((pid, parent.parse().ok()?))
            })
            .collect();
        let mut at = 0;
        while let Some(&one) = family.get(at) {
            family.extend(
                parents
                    .iter()
                    .filter(|(_, p)| *p == one)
                    .map(|(pid, _)| pid),
            );
            at += 1;
        }
        family
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for pid in self.family().into_iter().rev() {
            if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
                // It may have ended with its parent.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        let _ = self.0.wait();
    }
}

/// Zero for one that has just ended.
fn pss_kib(pid: u32) -> u64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else {
        return 0;
    };
    text.lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
