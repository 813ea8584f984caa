//! Submissions that a technician carried here on a drive, as a kiosk's outbox exports them:
//!
//! ```text
//! qoltanba/queue-<kiosk>/<submission>/manifest.json   Signed<Manifest>, written last
//! qoltanba/queue-<kiosk>/<submission>/<part>.age      sealed parts
//! ```
//!
//! They end where uploads end, in [`manifest::take_in`]: the kiosk that uploads one of them later
//! finds its parts complete, and gets the same receipt.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use exchange::{Digest, KioskId, Manifest, SealedPart, Signed, SubmissionId, api::ApiError};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::answer::{LONGEST_BODY, Refusal};
use super::manifest::{self, Brought};
use super::{Caller, Receive};
use crate::{
    db::{
        kiosks::{self, KioskState},
        submissions, uploads,
    },
    layout::Layout,
    objects::ObjectId,
};

const MANIFEST: &str = "manifest.json";
/// Read and written in one go.
const PIECE: usize = 256 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    TakenIn,
    AlreadyThere,
    Refused,
}

/// What became of one folder.
#[derive(Debug, serde::Serialize)]
pub struct Imported {
    pub folder: PathBuf,
    /// As its manifest says, which may be anybody's where it was refused.
    pub submission: Option<SubmissionId>,
    pub kiosk: Option<KioskId>,
    pub outcome: Outcome,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// Takes in every submission below `dir`, the drive or a folder of it; `tell` hears of each as
/// soon as it is durable.
///
/// # Errors
/// Nothing is there, or the office itself cannot take anything in now. What was told before
/// stays taken in.
pub fn import(layout: &Layout, dir: &Path, mut tell: impl FnMut(&Imported)) -> Result<()> {
    let found = exported(dir).with_context(|| format!("reading {}", dir.display()))?;
    if found.is_empty() {
        bail!(
            "there is no exported submission in {}: name the drive, or the folder queue-… on it",
            dir.display()
        );
    }
    let s = Receive::open(layout)?;
    for folder in found {
        let mut imported = Imported {
            folder,
            submission: None,
            kiosk: None,
            outcome: Outcome::Refused,
            reason: None,
        };
        match one(&s, &mut imported) {
            Ok(outcome) => imported.outcome = outcome,
            Err(Stop::Refused(reason)) => imported.reason = Some(reason),
            Err(Stop::Office(e)) => {
                return Err(e.context(format!("taking in {}", imported.folder.display())));
            }
        }
        tell(&imported);
    }
    Ok(())
}

/// The folders of submissions, oldest first. What else lies on the drive is not looked at, and
/// no link is followed.
fn exported(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let is_submission = |name: &OsStr| {
        name.to_str()
            .is_some_and(|n| n.parse::<SubmissionId>().is_ok())
    };
    if dir.file_name().is_some_and(is_submission) || dir.join(MANIFEST).exists() {
        return Ok(vec![dir.to_owned()]);
    }
    let mut found = Vec::new();
    let mut ahead = vec![(dir.to_owned(), 0)];
    while let Some((folder, depth)) = ahead.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let name = entry.file_name();
            let leads_on = name == "qoltanba" || name.as_encoded_bytes().starts_with(b"queue-");
            if is_submission(&name) {
                found.push(entry.path());
            } else if leads_on && depth < 2 {
                ahead.push((entry.path(), depth + 1));
            }
        }
    }
    // An id begins with its time.
    found.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(found)
}

enum Stop {
    /// This one; the others go on.
    Refused(String),
    /// Nothing can be taken in now.
    Office(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(e: anyhow::Error) -> Self {
        Self::Office(e)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        let error = match refusal {
            Refusal::Internal(e) => return Self::Office(e),
            Refusal::Api(error) => error,
        };
        Self::Refused(match error {
            ApiError::Unverified => "its manifest is not signed by the key of its kiosk".into(),
            ApiError::Malformed { detail } => format!("its manifest cannot be: {detail}"),
            ApiError::Conflict => "the office has this submission, its request or its receipt \
                                   code with other content: see `office alarms`"
                .into(),
            other => other.to_string(),
        })
    }
}

fn refused(reason: impl Into<String>) -> Stop {
    Stop::Refused(reason.into())
}

fn one(s: &Receive, imported: &mut Imported) -> Result<Outcome, Stop> {
    let signed = read_manifest(&imported.folder)?;
    let claimed = signed
        .read_unverified()
        .map_err(|_| refused(format!("{MANIFEST} is damaged")))?;
    imported.submission = Some(claimed.submission);
    imported.kiosk = Some(claimed.kiosk.clone());
    let manifest = manifest::verify(&known(s, &claimed.kiosk)?, &signed)?;
    let before = s
        .database
        .read(|c| submissions::get(c, manifest.submission))?;
    let mut brought = Vec::new();
    // What is there already is not copied, only compared.
    if before.is_none()
        && let Err(stop) = bring(s, &imported.folder, &manifest, &mut brought)
    {
        for left in &brought {
            if let Err(e) = s.objects.remove(&left.object) {
                tracing::warn!("an object of a refused submission stays: {e}");
            }
        }
        return Err(stop);
    }
    let taken = manifest::take_in(s, &manifest, &signed, &brought)?;
    Ok(if taken.again {
        Outcome::AlreadyThere
    } else {
        Outcome::TakenIn
    })
}

fn read_manifest(folder: &Path) -> Result<Signed<Manifest>, Stop> {
    let (file, _) = open(&folder.join(MANIFEST)).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => refused(format!(
            "{MANIFEST} is missing: exporting was broken off; export again"
        )),
        _ => refused(format!("{MANIFEST} cannot be read: {e}")),
    })?;
    let mut text = Vec::new();
    file.take(LONGEST_BODY as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|e| refused(format!("{MANIFEST} cannot be read: {e}")))?;
    if text.len() > LONGEST_BODY {
        return Err(refused(format!("{MANIFEST} is too long")));
    }
    serde_json::from_slice(&text).map_err(|_| refused(format!("{MANIFEST} is damaged")))
}

/// As at each request of a kiosk: revoked is as good as unknown.
fn known(s: &Receive, id: &KioskId) -> Result<Caller, Stop> {
    let kiosk = s.database.read(|c| kiosks::by_id(c, id))?;
    let Some(kiosk) = kiosk else {
        return Err(refused(format!("this office has no kiosk {id}")));
    };
    match (kiosk.state, kiosk.manifest_key_pem) {
        (KioskState::Confirmed, Some(manifest_key_pem)) => Ok(Caller {
            id: kiosk.id,
            manifest_key_pem,
        }),
        (KioskState::Revoked, _) => Err(refused(format!("kiosk {id} was revoked"))),
        _ => Err(refused(format!(
            "kiosk {id} is not confirmed: confirm it, then import again"
        ))),
    }
}

/// Copies every part that the office lacks; `brought` has what was begun, also after an error.
fn bring(
    s: &Receive,
    folder: &Path,
    manifest: &Manifest,
    brought: &mut Vec<Brought>,
) -> Result<(), Stop> {
    for part in &manifest.parts {
        let wanted = manifest::wanted(manifest, part);
        let uploaded = s
            .database
            .read(|c| uploads::complete(c, &manifest.kiosk, &wanted))?;
        if uploaded.is_none() {
            copy(s, folder, part, brought)?;
        }
    }
    Ok(())
}

/// Durable, and of the digest that the kiosk signed, when this returns.
fn copy(
    s: &Receive,
    folder: &Path,
    part: &SealedPart,
    brought: &mut Vec<Brought>,
) -> Result<(), Stop> {
    let name = format!("{}.age", part.name);
    if part.length > s.configuration.uploads.max_part_bytes {
        return Err(refused(format!("{name} is larger than the office takes")));
    }
    let unreadable = |e: io::Error| refused(format!("{name} cannot be read: {e}"));
    let damaged = || refused(format!("{name} is damaged: export again"));
    let (mut file, length) = open(&folder.join(&name)).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => refused(format!("{name} is missing: export again")),
        _ => unreadable(e),
    })?;
    if length != part.length {
        return Err(damaged());
    }
    let object = ObjectId::random().map_err(anyhow::Error::from)?;
    brought.push(Brought {
        part: part.clone(),
        object: object.clone(),
    });
    let failed = |e: io::Error| anyhow::Error::from(e).context("writing a sealed object");
    s.objects.begin(&object).map_err(failed)?;
    let mut partial = s.objects.resume(&object, 0).map_err(failed)?;
    let (mut hash, mut left) = (Sha256::new(), length);
    let mut buffer = vec![0; PIECE];
    loop {
        let n = file.read(&mut buffer).map_err(unreadable)?;
        if n == 0 {
            break;
        }
        // It may grow while it is read.
        left = left.checked_sub(n as u64).ok_or_else(damaged)?;
        hash.update(&buffer[..n]);
        partial.append(&buffer[..n]).map_err(failed)?;
    }
    if left > 0 || Digest(hash.finalize().into()) != part.sha256 {
        return Err(damaged());
    }
    partial.sync().map_err(failed)?;
    Ok(())
}

/// A plain file, with its length: the drive is a stranger's, and a link or a pipe is no part.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    Ok((file, metadata.len()))
}
