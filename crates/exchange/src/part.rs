//! The parts of which a submission consists.

use serde::{Deserialize, Serialize};

/// A captured part. The name is also its file name and its tus metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartName {
    /// [`crate::Form`] as JSON; in a renewal [`crate::RenewalForm`].
    Form,
    /// [`crate::DocumentRecord`] as JSON: the document, and its chip where it was read.
    ChipData,
    /// JPEG.
    Selfie,
    /// Motion JPEG in Matroska, silent.
    Video,
    /// JPEG.
    DocumentPhoto,
    /// UTF-8 text of the PIN for later account entry.
    AccountPin,
    /// PKCS#10, DER (RFC 2986).
    Csr,
    /// [`crate::RenewalProof`] as JSON: makes the submission a renewal.
    RenewalProof,
}

impl PartName {
    /// Small ones first: the order of upload.
    pub const ALL: [PartName; 8] = [
        PartName::Form,
        PartName::Csr,
        PartName::RenewalProof,
        PartName::AccountPin,
        PartName::ChipData,
        PartName::Selfie,
        PartName::DocumentPhoto,
        PartName::Video,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            PartName::Form => "form",
            PartName::ChipData => "chip_data",
            PartName::Selfie => "selfie",
            PartName::Video => "video",
            PartName::DocumentPhoto => "document_photo",
            PartName::AccountPin => "account_pin",
            PartName::Csr => "csr",
            PartName::RenewalProof => "renewal_proof",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

impl std::fmt::Display for PartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a submission asks for, told by the parts that its manifest lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionKind {
    /// Proven by document, face and phone.
    Enrolment,
    /// The same where making a key erases older ones: the key is made only at collection.
    KeylessEnrolment,
    /// Proven by the key of a certificate in force.
    Renewal,
}

impl SubmissionKind {
    pub const ALL: [SubmissionKind; 3] = [
        SubmissionKind::Enrolment,
        SubmissionKind::KeylessEnrolment,
        SubmissionKind::Renewal,
    ];

    /// The key was made before the submission, whose request comes along.
    pub fn brings_key(self) -> bool {
        self.parts().contains(&PartName::Csr)
    }

    /// Exactly these belong to it.
    pub fn parts(self) -> &'static [PartName] {
        match self {
            SubmissionKind::Enrolment => &[
                PartName::Form,
                PartName::Csr,
                PartName::AccountPin,
                PartName::ChipData,
                PartName::Selfie,
                PartName::DocumentPhoto,
                PartName::Video,
            ],
            SubmissionKind::KeylessEnrolment => &[
                PartName::Form,
                PartName::AccountPin,
                PartName::ChipData,
                PartName::Selfie,
                PartName::DocumentPhoto,
                PartName::Video,
            ],
            SubmissionKind::Renewal => &[PartName::Form, PartName::Csr, PartName::RenewalProof],
        }
    }
}
