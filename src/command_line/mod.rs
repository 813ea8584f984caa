//! The commands of the binary `kiosk`.

mod check;
mod chip;
mod journal;
mod mrz;
mod queue;
mod token;
#[cfg(feature = "ui")]
mod window;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use exchange::{Language, Secret};
use kiosk::config::Config;

/// A kiosk at which a citizen obtains an electronic digital signature.
#[derive(Parser)]
#[command(name = "kiosk", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the kiosk.
    #[cfg(feature = "ui")]
    Run(window::Run),
    /// Look at every device, a line each; the exit status says whether all are well.
    Check(Layers),
    /// Chips of identity documents.
    #[command(subcommand)]
    Chip(chip::Chip),
    /// The queue of submissions.
    #[command(subcommand)]
    Outbox(queue::Outbox),
    /// What the selfie step makes of picture files.
    Face {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Read the machine-readable zone off a picture of a document.
    Mrz {
        /// A JPEG or PNG file.
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
    #[command(subcommand)]
    Config(ConfigCommand),
    #[command(subcommand)]
    Key(KeyCommand),
    /// The token in the place for tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Make this kiosk known to the office; the one-use token comes on standard input.
    Provision(Layers),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check one file of configuration and show what it gives with the defaults.
    Check {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Open a key file with the password on standard input and try its key.
    Verify {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
}

/// Where the configuration comes from.
#[derive(Args)]
pub struct Layers {
    /// A layer of configuration, lowest first; repeatable.
    #[arg(long = "config", value_name = "FILE")]
    layers: Vec<PathBuf>,
    #[arg(long)]
    json: bool,
}

impl Layers {
    pub fn load(&self) -> Config {
        let standard = [
            "/usr/share/qoltanba/kiosk.toml",
            // Root's, like the next: what got into the kiosk must not be able to choose its office.
            "/etc/qoltanba/office.toml",
            "/etc/qoltanba/kiosk.toml",
        ];
        let layers = if self.layers.is_empty() {
            standard.map(PathBuf::from).to_vec()
        } else {
            self.layers.clone()
        };
        let (config, raised) = Config::load(&layers);
        for (fault, e) in raised {
            tracing::error!("{fault}: {e}");
        }
        config
    }
}

pub fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,kiosk=info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match journal::ForJournal::if_it_reads() {
        Some(format) => log.with_ansi(false).event_format(format).init(),
        None => log.init(),
    }
    match run(CommandLine::parse().command) {
        Ok(status) => status,
        Err(e) => {
            eprintln!("kiosk: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let all_is_well = match command {
        // Has exit statuses of its own.
        Command::Chip(command) => return chip::run(command),
        #[cfg(feature = "ui")]
        Command::Run(wishes) => window::run(&wishes).map(|()| true),
        Command::Check(layers) => check::check(&layers),
        Command::Outbox(command) => queue::run(command),
        Command::Face { files, json } => faces(&files, json),
        Command::Mrz { file, json } => mrz::run(&file, json),
        Command::Config(ConfigCommand::Check { file, json }) => {
            let config = Config::check(&file)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&config)?);
            } else {
                println!("{} is good; with the defaults it gives:\n", file.display());
                println!("{}", toml::to_string_pretty(&config)?);
            }
            Ok(true)
        }
        Command::Key(KeyCommand::Verify { file, json }) => {
            let found = keystore::pkcs12::inspect(&file, &secret_from_input()?)
                .with_context(|| file.display().to_string())?;
            if json {
                println!("{}", serde_json::to_string_pretty(&found)?);
            } else {
                let state = if found.pending {
                    "waits for its certificate"
                } else {
                    "has its certificate"
                };
                println!("key {} ({:?}) {state}", found.key_id, found.algorithm);
                println!("valid {} to {}", found.not_before, found.not_after);
            }
            Ok(true)
        }
        Command::Token(command) => token::run(&command),
        Command::Provision(layers) => provision(&layers),
    }?;
    Ok(if all_is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn faces(files: &[PathBuf], json: bool) -> Result<bool> {
    let reports = portrait::report(files, portrait::SelfieConfig::default())?;
    if json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
        return Ok(true);
    }
    for report in &reports {
        match &report.outcome {
            portrait::Outcome::Judged { faces, verdict, .. } => {
                println!("{}: {verdict:?}", report.file.display());
                for face in faces {
                    println!("  score {:.2} at {:?}", face.score, face.area);
                }
            }
            portrait::Outcome::Unreadable { error } => {
                println!("{}: {error}", report.file.display());
            }
        }
    }
    Ok(true)
}

fn secret_from_input() -> Result<Secret> {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(512));
    std::io::stdin()
        .take(512)
        .read_to_string(&mut text)
        .context("reading standard input")?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        bail!("nothing came on standard input");
    }
    Ok(Secret::from(text))
}

fn provision(layers: &Layers) -> Result<bool> {
    use kiosk::sync::{Identity, OfficeClient, Provisioning, TimeFloor};
    let config = layers.load();
    let tpm = kiosk::run::tpm(&config.tpm);
    let identity = Identity::to_provision(&config.data_dir.join("identity"), &tpm)?;
    let floor = TimeFloor::open(config.data_dir.join("office-time.json"), None)?;
    let office = kiosk::run::office_config(&config.office)?;
    let client = OfficeClient::unprovisioned(&office, floor.into())?;
    let token = secret_from_input()?;
    let json = layers.json;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(
        client.provision_and_wait(&identity, &token, |now| match now {
            Provisioning::Awaiting { kiosk, words } if json => {
                println!(
                    "{}",
                    serde_json::json!({ "kiosk": kiosk, "fingerprint_words": words })
                );
            }
            Provisioning::Awaiting { kiosk, words } => {
                println!(
                    "this is {kiosk}; compare with the office: {}",
                    words.join(" ")
                );
            }
            Provisioning::Done => {}
        }),
    )?;
    println!(
        "{}",
        if json {
            "{\"provisioned\":true}"
        } else {
            "provisioned"
        }
    );
    Ok(true)
}

/// For `run`: the language in which the first citizen finds the kiosk.
pub const FIRST_LANGUAGE: Language = Language::Kk;
