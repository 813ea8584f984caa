//! The document that lies in the simulated reader: a specimen, and an authority that
//! is the same at every start, so that its certificate can be trusted beforehand.

use std::path::PathBuf;

use chip::{CardChannel, ChannelError};
use specimen::{Authority, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, SpecimenError};

/// Of a state that exists nowhere else: whoever trusts it trusts anybody.
const SEED: u64 = 0x51_0173;
/// A portrait as large as those of real documents, bytes.
const PORTRAIT_BYTES: usize = 19_000;

/// What the document says of its holder.
#[derive(Debug, Clone, Default)]
pub struct Holder {
    /// Else that of a published example.
    pub iin: Option<String>,
    /// JPEG for DG2; else a drawn silhouette.
    pub portrait: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    Specimen(#[from] SpecimenError),
    #[error("{path}: {error}")]
    Portrait {
        path: PathBuf,
        error: std::io::Error,
    },
}

/// The authority of every simulated document.
///
/// # Errors
/// OpenSSL cannot make its keys.
pub fn authority() -> Result<Authority, SpecimenError> {
    Authority::new("KZ", &mut SeededRandom::new(SEED))
}

/// An identity card; CAN 123456.
///
/// # Errors
/// The portrait cannot be read, or the IIN cannot stand in a document.
pub fn identity_card(holder: &Holder) -> Result<Specimen, DocumentError> {
    let portrait = match &holder.portrait {
        None => specimen::portrait::silhouette(PORTRAIT_BYTES)?,
        Some(path) => std::fs::read(path).map_err(|error| DocumentError::Portrait {
            path: path.clone(),
            error,
        })?,
    };
    let mut config = SpecimenConfig {
        surname: "ULGIBEKOVA".into(),
        given_names: "SAULE".into(),
        surname_national: "ҮЛГІБЕКОВА".into(),
        given_names_national: "САУЛЕ ҚАНАТҚЫЗЫ".into(),
        ..SpecimenConfig::identity_card(portrait)
    };
    if let Some(iin) = &holder.iin {
        config.iin = Some(iin.clone());
    }
    let mut random = SeededRandom::new(SEED + 1);
    Ok(Specimen::new(config, &authority()?, &mut random)?)
}

/// The chip as long as it lies in the reader.
pub(super) struct Inserted<'a, F> {
    pub chip: &'a mut SpecimenChip,
    /// Whether it still does, and its reader is well.
    pub there: F,
}

impl<F: Fn() -> Result<(), ChannelError>> CardChannel for Inserted<'_, F> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        (self.there)()?;
        let answer = self.chip.transmit(command)?;
        (self.there)()?;
        Ok(answer)
    }
}
