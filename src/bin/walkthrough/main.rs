//! The journey done as a citizen would: the kiosk rendered without a display,
//! walked through by injected touches against a real office on loopback.

mod card;
mod checks;
mod journey;
mod office;
mod renewal;
mod resume;
mod revocation;
mod summary;
mod technician;
mod token;
mod visit;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use exchange::Language;

/// The same as the kiosk's: what is found in this process's memory is what would
/// be found in the kiosk's.
#[global_allocator]
static ALLOCATOR: wiping_allocator::WipingAllocator = wiping_allocator::WipingAllocator;

/// Walk through one enrolment and leave pictures, certificate and key in a folder.
#[derive(Parser)]
pub struct Arguments {
    /// Receives a PNG a step, summary.json, the certificate and the key file.
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value = "kk")]
    lang: Language,
    #[arg(long, default_value = "1080x1920")]
    size: String,
    /// Prompts are so many times faster.
    #[arg(long, default_value_t = 1.0)]
    pace: f32,
    /// The office is unreachable until the receipt is shown; the citizen comes back.
    #[arg(long)]
    offline: bool,
    /// The key goes onto a simulated token, whose PIN was forgotten.
    #[arg(long, conflicts_with = "offline")]
    token: bool,
    /// The key goes onto a simulated ID card, which erases its keys when it makes one:
    /// it is made at collection.
    #[arg(long, conflicts_with_all = ["offline", "token", "renew", "revoke"])]
    card: bool,
    /// Then the citizen gets another key by the first one.
    #[arg(long, conflicts_with = "offline")]
    renew: bool,
    /// At the end the citizen revokes the certificate.
    #[arg(long, conflicts_with = "offline")]
    revoke: bool,
    /// A technician instead of a citizen: a new kiosk is set up with the office's token,
    /// then looked through and tested with a card.
    #[arg(long, conflicts_with_all = ["offline", "token", "card", "renew", "revoke"])]
    maintain: bool,
    /// Everything is done by a hardware keyboard, nothing by touch.
    #[arg(long)]
    keyboard: bool,
    /// Receives every touch with what the screen was like, for one who does the same on
    /// a kiosk of which only the screen is known.
    #[arg(long, conflicts_with = "keyboard")]
    record: Option<PathBuf>,
    /// The program `office`; default: beside this program.
    #[arg(long)]
    office_bin: Option<PathBuf>,
    /// The program `kiosk-worker`; default: beside this program.
    #[arg(long)]
    worker_bin: Option<PathBuf>,
    /// What the simulated camera sees; default: the fixture portrait.
    #[arg(long)]
    face: Option<PathBuf>,
    /// Makes this file once the welcome screen is back and stays there until the
    /// file is gone.
    #[arg(long, hide = true)]
    pause_file: Option<PathBuf>,
    /// Starts office and kiosk anew on what a killed walk left in the folder,
    /// waits until nothing is left to send, and looks for the former citizen.
    #[arg(long, hide = true)]
    resume: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "error,kiosk=warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let walked = kiosk::ui::provide_fonts(&arguments.out).and_then(|()| {
        if arguments.resume {
            resume::resume(&arguments)
        } else {
            visit::walk(&arguments)
        }
    });
    match walked {
        Ok(summary) => {
            println!("{}", summary.sentence());
            if summary.all_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(e) => {
            eprintln!("walkthrough: {e:#}");
            ExitCode::FAILURE
        }
    }
}
