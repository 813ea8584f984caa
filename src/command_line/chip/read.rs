//! `kiosk chip read`: the document in the reader, through the worker.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use chip::{AccessKey, Can, ChipRead, DataGroup, FileId, Mrz, MrzKey, ReadRequest, Stage, passive};
use clap::{ArgGroup, Args};
use kiosk::devices::card_reader::DocumentFailure;
use serde_json::json;
use tokio::sync::mpsc;
use worker::{DocumentError, Patience, Role, WorkerClient, WorkerConfig};
use zeroize::Zeroizing;

use super::report::{ReadReport, Report};
use super::{DEVICE_FAILED, KEY_REFUSED, NOT_READABLE, files, now, trust};
use crate::command_line::Layers;

/// No citizen waits: a slow card may take its time.
const PATIENCE: Patience = Patience {
    whole: Duration::from_secs(120),
    silence: Duration::from_secs(15),
};

#[derive(Args)]
#[command(group(ArgGroup::new("key").required(true).args(["can", "mrz_file", "document_number"])))]
pub struct Read {
    /// Card access number, six digits.
    #[arg(long, value_name = "N")]
    can: Option<String>,
    /// A file with the lines of the machine-readable zone.
    #[arg(long, value_name = "FILE")]
    mrz_file: Option<PathBuf>,
    /// As in the MRZ; with --birth and --expiry.
    #[arg(long, value_name = "N", requires = "birth", requires = "expiry")]
    document_number: Option<String>,
    #[arg(long, value_name = "YYMMDD", requires = "document_number")]
    birth: Option<String>,
    #[arg(long, value_name = "YYMMDD", requires = "document_number")]
    expiry: Option<String>,
    /// A CSCA certificate in DER, or a folder of them with master lists and revocation
    /// lists; else those of the configuration.
    #[arg(long, value_name = "DIR|FILE")]
    csca: Option<PathBuf>,
    /// Data groups by number; else 1, 2, 11, 12, 14 and 15.
    #[arg(long, value_name = "1,2", value_delimiter = ',')]
    only: Vec<u8>,
    /// Keep the files here, readable by their owner only.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Never use extended length.
    #[arg(long)]
    short: bool,
    /// Only a reader whose PC/SC name contains this.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    #[command(flatten)]
    layers: Layers,
}

impl Read {
    fn key(&self) -> Result<AccessKey> {
        if let Some(can) = &self.can {
            return Ok(AccessKey::Can(Can::parse(can).map_err(|why| anyhow!(why))?));
        }
        let key = match (
            &self.mrz_file,
            &self.document_number,
            &self.birth,
            &self.expiry,
        ) {
            (Some(file), ..) => MrzKey::of(&mrz(file)?),
            (None, Some(number), Some(birth), Some(expiry)) => MrzKey::new(number, birth, expiry),
            _ => bail!("one of --can, --mrz-file and --document-number opens a chip"),
        };
        key.map(AccessKey::Mrz).map_err(|why| anyhow!(why))
    }

    fn request(&self) -> Result<ReadRequest> {
        let groups = self.only.iter().map(|&number| {
            DataGroup::new(number).with_context(|| format!("there is no data group {number}"))
        });
        let mut data_groups = groups.collect::<Result<Vec<_>>>()?;
        if data_groups.is_empty() {
            data_groups = ReadRequest::DATA_GROUPS.to_vec();
        }
        let mut challenge = [0; 8];
        getrandom::fill(&mut challenge)?;
        Ok(ReadRequest {
            access: self.key()?,
            data_groups,
            challenge,
            short_only: self.short,
        })
    }
}

fn mrz(file: &Path) -> Result<Mrz> {
    let text = std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .with_context(|| file.display().to_string())?;
    let lines: Vec<&str> = text.split_whitespace().collect();
    Mrz::parse(&lines).with_context(|| file.display().to_string())
}

pub fn run(wanted: &Read) -> Result<ExitCode> {
    let config = wanted.layers.load();
    let request = wanted.request()?;
    let csca = wanted.csca.as_ref().or(config.document.csca.as_ref());
    let trust = trust(csca.map(PathBuf::as_path))?;
    let worker = WorkerConfig {
        program: config.worker,
        reader: wanted.reader.clone(),
        ..WorkerConfig::new(Role::Cards)
    };
    let json = wanted.layers.json;
    let key = request.access.clone();
    let begun = Instant::now();
    let read = match read(worker, request, !json)? {
        Ok(read) => read,
        Err(error) => return Ok(refuse(&error, &key, json)),
    };
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut checks = passive::verify(&read.files, &trust, now());
    checks.extend(read.checks);
    if let Some(folder) = &wanted.out {
        files::write(folder, &read.files)?;
    }
    let told = ReadReport {
        access: read.access,
        apdus: read.apdus,
        bytes: read.bytes,
        millis,
    };
    Report::new(Some(told), &read.files, &checks).tell(json)
}

fn read(
    worker: WorkerConfig,
    request: ReadRequest,
    show: bool,
) -> Result<Result<ChipRead, DocumentError>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(async {
        let client = WorkerClient::new(worker);
        let (progress, mut stages) = mpsc::unbounded_channel();
        let showing = tokio::spawn(async move {
            let mut last = None;
            while let Some(stage) = stages.recv().await {
                let step = step(stage);
                if show && last.as_ref() != Some(&step) {
                    eprintln!("{step}");
                }
                last = Some(step);
            }
        });
        let read = client.read_document(request, progress, PATIENCE).await;
        // Ends with the sender; a line that is missing is no reason to fail.
        let _ = showing.await;
        read
    }))
}

fn step(stage: Stage) -> String {
    match stage {
        Stage::Access => "opening the chip".into(),
        Stage::File {
            id: FileId::AtrInfo,
            ..
        } => "asking what the chip can do".into(),
        Stage::File { id, .. } => format!("reading {id}"),
        Stage::ChipAuthentication => "chip authentication".into(),
        Stage::ActiveAuthentication => "active authentication".into(),
    }
}

/// Says why there is no document; the exit status says what kind of reason it is.
fn refuse(error: &DocumentError, key: &AccessKey, json: bool) -> ExitCode {
    let failure = DocumentFailure::of(error, key);
    let fault = error.fault();
    let text = fault.text(faults::Language::En);
    if json {
        let tries_left = match failure {
            DocumentFailure::WrongKey { tries_left } => tries_left,
            _ => None,
        };
        let told = json!({
            "error": error.to_string(),
            "fault": fault,
            "tries_left": tries_left,
        });
        println!("{told:#}");
    } else {
        eprintln!("kiosk: {error}");
        if let DocumentFailure::WrongKey {
            tries_left: Some(tries),
        } = failure
        {
            eprintln!("tries left: {tries}");
        }
        eprintln!("{fault}: {} {}", text.cause, text.remedy);
    }
    ExitCode::from(match failure {
        DocumentFailure::WrongKey { .. } | DocumentFailure::CanNotTaken => KEY_REFUSED,
        DocumentFailure::NoApplication => NOT_READABLE,
        DocumentFailure::Fault(_) => DEVICE_FAILED,
    })
}
