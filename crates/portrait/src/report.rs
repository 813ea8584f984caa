//! What `kiosk face FILE...` says about picture files.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::detector::{DetectError, Face, FaceSize};
use crate::picture::{MAX_PIXELS, Picture};
use crate::selfie::{Finding, SelfieCheck, SelfieConfig, SelfieJudge};

/// About one file: either a verdict or an error.
#[derive(Debug, Serialize)]
pub struct FileReport {
    pub file: PathBuf,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    Judged {
        width: u32,
        height: u32,
        faces: Vec<Face>,
        verdict: Finding,
    },
    Unreadable {
        error: String,
    },
}

/// Looks at each file as if a selfie had been taken with the whole picture shown.
pub fn report(files: &[PathBuf], config: SelfieConfig) -> Result<Vec<FileReport>, DetectError> {
    let mut judge = SelfieCheck::new(config)?;
    Ok(files
        .iter()
        .map(|file| FileReport {
            file: file.clone(),
            outcome: look(file, &mut judge).unwrap_or_else(|error| Outcome::Unreadable { error }),
        })
        .collect())
}

fn look(file: &Path, judge: &mut SelfieCheck) -> Result<Outcome, String> {
    let size = std::fs::metadata(file).map_err(|e| e.to_string())?.len();
    // Uncompressed pixels are the most that a picture within limits can need.
    if size > MAX_PIXELS * 3 {
        return Err("the file is too large for a picture".into());
    }
    let bytes = zeroize::Zeroizing::new(std::fs::read(file).map_err(|e| e.to_string())?);
    let picture = Picture::decode(&bytes).map_err(|e| e.to_string())?;
    let judgement = judge
        .judge(&picture, picture.whole(), FaceSize::Recheck)
        .map_err(|e| e.to_string())?;
    Ok(Outcome::Judged {
        width: picture.width(),
        height: picture.height(),
        faces: judgement.faces,
        verdict: judgement.finding,
    })
}
