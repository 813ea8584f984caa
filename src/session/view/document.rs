//! The document step as the person sees it.

use exchange::DocumentKind;
use faults::Fault;

use super::FieldView;
use crate::session::event::{MediaHandle, MrzHint};

#[derive(Debug, Clone, PartialEq)]
pub struct DocumentView {
    pub kind: Option<DocumentKind>,
    pub phase: DocumentPhase,
    /// A card is in the reader: nobody is asked to put one in.
    pub in_reader: bool,
    /// What is wrong with document or reader, beside the input.
    pub trouble: Option<Fault>,
    /// Of what is typed, top to bottom.
    pub fields: Vec<FieldView>,
    /// Going on although the chip was not read may be chosen.
    pub without_chip: bool,
}

#[derive(Clone, PartialEq)]
pub enum DocumentPhase {
    /// Which document?
    Kind,
    /// The machine-readable zone is shown to the camera.
    Camera {
        hint: Option<MrzHint>,
    },
    /// The other ways to enter it; `chip`: the chip may still be opened.
    Ways {
        chip: bool,
    },
    Can,
    Mrz,
    Typed,
    /// What opens the chip is known; the document is awaited in the reader.
    Place,
    Reading {
        what: ReadingWhat,
        /// Of the whole, 0..=1; never less than before.
        share: f32,
    },
    Confirm(DocumentFound),
}

/// The name alone: what was found is personal.
impl std::fmt::Debug for DocumentPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DocumentPhase::Kind => "Kind",
            DocumentPhase::Camera { .. } => "Camera",
            DocumentPhase::Ways { .. } => "Ways",
            DocumentPhase::Can => "Can",
            DocumentPhase::Mrz => "Mrz",
            DocumentPhase::Typed => "Typed",
            DocumentPhase::Place => "Place",
            DocumentPhase::Reading { .. } => "Reading",
            DocumentPhase::Confirm(_) => "Confirm",
        })
    }
}

/// What of the chip is being read, in the person's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadingWhat {
    Opening,
    Details,
    Portrait,
    Signature,
    /// The chip proves that it is no copy.
    Authenticity,
}

/// A document for its holder to confirm.
#[derive(Clone, PartialEq)]
pub struct DocumentFound {
    pub surname: String,
    pub given_name: String,
    pub patronymic: String,
    pub number: String,
    pub portrait: Option<MediaHandle>,
    pub source: DocumentSource,
    /// It cannot be used, and why.
    pub refused: Option<Fault>,
}

/// Where the data of a confirmed document come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentSource {
    Chip { proven: bool },
    Mrz,
}
