//! `qoltanba-fallback`: on the framebuffer, or in a picture file, until it is told to end.
//!
//! Exit status: 0 told to end, or shown for as long as it was told to; 1 there is nothing
//! to draw on; 2 the command line is wrong.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use embedded_graphics::prelude::Size;
use fallback_screen::canvas::Canvas;
use fallback_screen::drives::{self, Outcome, Watch};
use fallback_screen::framebuffer::Framebuffer;
use fallback_screen::input;
use fallback_screen::page::{Content, Page};
use fallback_screen::pixels::Layout;
use faults::Fault;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Kazakhstan has one time, UTC+5, since 1 March 2024.
const KAZAKHSTAN: jiff::tz::Offset = jiff::tz::offset(5);
/// How often time, drives and the size of the screen are looked at.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Parser)]
#[command(
    name = "qoltanba-fallback",
    about = "Out of service, on the framebuffer"
)]
struct CommandLine {
    #[arg(long, default_value = "/dev/fb0")]
    framebuffer: PathBuf,
    /// Draws into this PNG file instead.
    #[arg(long, requires = "size")]
    png: Option<PathBuf>,
    /// Of the picture: WIDTHxHEIGHT.
    #[arg(long, value_parser = size)]
    size: Option<Size>,
    /// Draws one frame and ends.
    #[arg(long)]
    once: bool,
    /// Where the kiosk leaves the code of its fault.
    #[arg(long, default_value = "/run/qoltanba/fault")]
    fault: PathBuf,
    /// TOML: phone, kiosk. The technician's, in the data partition.
    #[arg(long, default_value = "/etc/qoltanba/fallback.toml")]
    config: PathBuf,
    /// The same, the image's: for what the technician's does not say, or where it cannot be reached.
    #[arg(long, default_value = "/usr/share/qoltanba/fallback.toml")]
    image_config: PathBuf,
    #[arg(long, default_value = steward::client::SOCKET)]
    steward: PathBuf,
    /// Each mount point in it is a drive.
    #[arg(long, default_value = "/run/media/kiosk")]
    drives: PathBuf,
    #[arg(long, default_value = "/proc/self/mountinfo")]
    mounts: PathBuf,
    /// Ends after so many minutes, so that the kiosk can be tried again.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: Option<u64>,
}

fn size(text: &str) -> Result<Size, String> {
    let side = |side: &str| side.parse().ok().filter(|side| (1..=8192).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some(Size::new(side(width)?, side(height)?)))
        .ok_or_else(|| "WIDTHxHEIGHT, each from 1 to 8192".into())
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    match run(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is drawn on.
enum Screen {
    Framebuffer(Framebuffer),
    Picture { path: PathBuf, size: Size },
}

/// What a frame was made for: the framebuffer's layout, and what it tells. Where either
/// is another by now, it is drawn anew.
type Frame = (Option<Layout>, Content);

impl Screen {
    fn open(line: &CommandLine) -> anyhow::Result<Screen> {
        if let (Some(path), Some(size)) = (line.png.clone(), line.size) {
            return Ok(Screen::Picture { path, size });
        }
        let framebuffer = Framebuffer::open(&line.framebuffer)
            .with_context(|| line.framebuffer.display().to_string())?;
        Ok(Screen::Framebuffer(framebuffer))
    }

    /// Draws where something changed since the frame that is shown.
    fn show(&self, content: Content, shown: &mut Option<Frame>) -> anyhow::Result<()> {
        match self {
            Screen::Framebuffer(framebuffer) => {
                let layout = framebuffer.layout()?;
                let frame = (Some(layout), content);
                if shown.as_ref() != Some(&frame) {
                    framebuffer.show(&layout, &draw(layout.size(), &frame.1))?;
                    *shown = Some(frame);
                }
            }
            Screen::Picture { path, size } => {
                let frame = (None, content);
                if shown.as_ref() != Some(&frame) {
                    draw(*size, &frame.1)
                        .write_png(path)
                        .with_context(|| path.display().to_string())?;
                    *shown = Some(frame);
                }
            }
        }
        Ok(())
    }
}

fn run(line: &CommandLine) -> anyhow::Result<()> {
    let screen = Screen::open(line)?;
    let told = Told::read(line);
    if line.once {
        return screen.show(told.content(None, None), &mut None);
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(show(line, &told, &screen))
}

async fn show(line: &CommandLine, told: &Told, screen: &Screen) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let mut watch = Watch::new(line.mounts.clone(), line.drives.clone());
    let mut drive = (!watch.is_empty()).then_some(Outcome::TakeOut);
    let life = line
        .minutes
        .map(|minutes| Duration::from_secs(minutes * 60));
    let end = life.map(|life| Instant::now() + life);
    let next_try = life.and_then(|life| jiff::Timestamp::now().checked_add(life).ok());
    let mut shown = None;
    let mut work: Option<tokio::task::JoinHandle<()>> = None;
    loop {
        screen.show(told.content(next_try, drive.clone()), &mut shown)?;
        let working = work.as_ref().is_some_and(|work| !work.is_finished());
        // What was begun on a drive is shown to its end.
        if !working && end.is_some_and(|end| Instant::now() >= end) {
            return Ok(());
        }
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            Some(outcome) = outcomes.recv() => drive = Some(outcome),
            () = tokio::time::sleep(LOOK) => {
                // A drive that comes while another is worked on waits.
                if working {
                    continue;
                }
                let change = watch.look();
                if change.none_left && drive != Some(Outcome::Installed) {
                    drive = None;
                }
                if !change.came.is_empty() {
                    let (socket, sender) = (line.steward.clone(), sender.clone());
                    work = Some(tokio::spawn(async move {
                        for name in change.came {
                            drives::serve(&socket, name, &sender).await;
                        }
                    }));
                }
            }
        }
    }
}

fn draw(size: Size, content: &Content) -> Canvas {
    let page = Page::new(size, content);
    if !page.fits() {
        tracing::warn!(%size, "the screen is too small for everything");
    }
    let mut canvas = Canvas::new(size);
    let Ok(()) = page.draw(&mut canvas);
    canvas
}

/// What does not change while the screen stands.
struct Told {
    fault: Fault,
    config: input::Config,
}

impl Told {
    /// Without a good configuration: no phone, no name.
    fn read(line: &CommandLine) -> Told {
        let config = |path| {
            input::config(path).unwrap_or_else(|error| {
                tracing::warn!("shown without: {error:#}");
                input::Config::default()
            })
        };
        Told {
            fault: input::fault(&line.fault),
            config: config(&line.config).over(config(&line.image_config)),
        }
    }

    fn content(&self, next_try: Option<jiff::Timestamp>, drive: Option<Outcome>) -> Content {
        let clock = |time: jiff::Timestamp, format: &str| {
            KAZAKHSTAN.to_datetime(time).strftime(format).to_string()
        };
        Content {
            fault: self.fault,
            phone: self.config.phone.clone(),
            kiosk: self.config.kiosk.clone(),
            time: clock(jiff::Timestamp::now(), "%d.%m.%Y %H:%M"),
            next_try: next_try.map(|time| clock(time, "%H:%M")),
            drive,
        }
    }
}
