//! The journey done as a citizen would: the kiosk rendered without a display,
//! walked through by injected touches against a real office on loopback.

mod checks;
mod journey;
mod office;
mod summary;
mod visit;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use exchange::Language;

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
    /// The program `office`; default: beside this program.
    #[arg(long)]
    office_bin: Option<PathBuf>,
    /// The program `kiosk-worker`; default: beside this program.
    #[arg(long)]
    worker_bin: Option<PathBuf>,
    /// What the simulated camera sees; default: the fixture portrait.
    #[arg(long)]
    face: Option<PathBuf>,
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
    let walked = kiosk::ui::provide_fonts(&arguments.out).and_then(|()| visit::walk(&arguments));
    match walked {
        Ok(summary) => {
            println!("{}", summary.sentence());
            if summary.all_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(e) => {
            eprintln!("walkthrough: {e:#}");
            ExitCode::FAILURE
        }
    }
}
