//! `qoltanba-steward`: started by its socket, ends when nobody asks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use steward::verbs::Steward;
use steward::{Config, activation, serve, wipe};

#[derive(Parser)]
#[command(name = "qoltanba-steward", about = "What the kiosk needs root for")]
struct CommandLine {
    /// A TOML file in place of the image's settings.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Answers requests on the socket that systemd passes.
    Serve,
    /// Carries out a wipe that was confirmed before the restart.
    Wipe,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        // The journal writes the time itself, and is not a terminal.
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    match run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(line: CommandLine) -> anyhow::Result<()> {
    let config = match &line.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    match line.what {
        What::Wipe => {
            if wipe::carry_out(&config).context("not everything could be deleted")? {
                tracing::info!("everything that the kiosk stored is deleted");
            }
            Ok(())
        }
        What::Serve => {
            let socket = activation::socket()?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(4)
                .enable_all()
                .build()?;
            let served = runtime.block_on(async {
                let listener = tokio::net::UnixListener::from_std(socket)?;
                serve::serve(listener, Arc::new(Steward::new(config))).await
            });
            // A call on a dying drive may never return.
            runtime.shutdown_background();
            Ok(served?)
        }
    }
}
