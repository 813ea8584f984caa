//! What a request of a session is answered with.

use exchange::certificates::{HeldCertificate, RevocationStanding};
use exchange::{Secret, SubmissionId, UnixMillis};

use crate::maintenance;

use super::event::{
    CertifiedKey, ChipDocument, CollectState, ComeBackReason, DocumentRefusal, Failure,
    FolderListing, Installed, KeyHolder, MediaHandle, PendingKey, StorageFound, TokenSeen,
};

/// The final answer to a request. Which request gets which: see [`super::command::Request`].
#[derive(Clone)]
pub enum Reply {
    /// To `Begin`.
    Begun {
        submission: SubmissionId,
        randomness: [u8; 32],
    },
    /// To `LookUpPhone`.
    PhoneFound {
        registered_masked: Option<String>,
    },
    /// To `SendCode`.
    CodeSent {
        digits: u8,
        lifetime_seconds: u32,
        resend_after_seconds: u32,
        sent_to_masked: String,
    },
    /// To `CheckCode`.
    CodeRight {
        proof: String,
    },
    CodeWrong {
        tries_left: u8,
    },
    CodeExpired,
    CodesFrozen {
        seconds: u32,
    },
    /// To `ListCertificates`: those that can be used now, oldest first.
    Certificates(Vec<HeldCertificate>),
    /// To `ListCertificates`: a wrong code, an old one, or nobody has this IIN. The
    /// office does not say which.
    HolderRefused,
    /// To `Revoke`.
    Revocation(RevocationStanding),
    /// To `ReadCard`: the card answers.
    CardSeen {
        /// Answer to reset (ISO 7816-3), hex.
        atr: String,
        /// It has the eMRTD application.
        emrtd: bool,
    },
    /// To `ReadDocument`.
    DocumentRead(Box<ChipDocument>),
    /// To `ReadDocument`: the chip answers, and does not give its data.
    DocumentRefused(DocumentRefusal),
    /// To `CaptureSelfie`, `CaptureDocument`, `LoadDocumentFile`.
    Picture {
        media: MediaHandle,
    },
    /// To `Record`: all prompts were followed with a face present.
    Recorded {
        media: MediaHandle,
        seconds: u32,
    },
    /// To `Record`: a prompt was not followed, or the face was lost for too long.
    RecordingFailed,
    /// To `Seal…`.
    Sealed,
    /// To `FindStorages`.
    Storages(Vec<StorageFound>),
    /// To `ListFolder`.
    Folder(FolderListing),
    /// To `FindPendingKey`: where it lies, if in any storage that is in now.
    PendingKey(Option<PendingKey>),
    /// To `FindCertifiedKeys`.
    CertifiedKeys(Vec<CertifiedKey>),
    /// To `OpenCertifiedKey`.
    KeyOpened(Box<KeyHolder>),
    /// To `LookAtToken`.
    TokenSeen(TokenSeen),
    /// To `TryTokenPin`. A right PIN that must be changed first is the fault
    /// `TokenPinDefault` instead.
    PinRight,
    /// To `ChangeTokenPin` and `UnblockToken`.
    PinSet {
        /// Made together with the PIN: nobody but the person who reads it now will ever
        /// know it.
        new_puk: Option<Secret>,
    },
    /// To `ClearToken`.
    TokenCleared,
    /// To `Submit`: durable in the kiosk, "saved" may be shown.
    Saved,
    /// To `Obtain` and `InstallCollected`: certificate in the storage, read back, proven, confirmed.
    Installed(Installed),
    /// To `Obtain`: not now; come back with the receipt code.
    ComeBack(ComeBackReason),
    /// To `OpenCollect`.
    CollectOpened(CollectState),
    /// To `TrySignature`.
    SignatureTried {
        /// The holder, as the certificate names them.
        signer: String,
        valid_until: UnixMillis,
        /// The signature fits the certificate.
        ok: bool,
    },
    /// To `Maintain`.
    Maintenance(maintenance::Answer),
    Failed(Failure),
}

/// The name of the reply; contents are personal or secret.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Reply::Begun { .. } => "Begun",
            Reply::PhoneFound { .. } => "PhoneFound",
            Reply::CodeSent { .. } => "CodeSent",
            Reply::CodeRight { .. } => "CodeRight",
            Reply::CodeWrong { .. } => "CodeWrong",
            Reply::CodeExpired => "CodeExpired",
            Reply::CodesFrozen { .. } => "CodesFrozen",
            Reply::Certificates(_) => "Certificates",
            Reply::HolderRefused => "HolderRefused",
            Reply::Revocation(_) => "Revocation",
            Reply::CardSeen { .. } => "CardSeen",
            Reply::DocumentRead(_) => "DocumentRead",
            Reply::DocumentRefused(_) => "DocumentRefused",
            Reply::Picture { .. } => "Picture",
            Reply::Recorded { .. } => "Recorded",
            Reply::RecordingFailed => "RecordingFailed",
            Reply::Sealed => "Sealed",
            Reply::Storages(_) => "Storages",
            Reply::Folder(_) => "Folder",
            Reply::PendingKey(_) => "PendingKey",
            Reply::CertifiedKeys(_) => "CertifiedKeys",
            Reply::KeyOpened(_) => "KeyOpened",
            Reply::TokenSeen(_) => "TokenSeen",
            Reply::PinRight => "PinRight",
            Reply::PinSet { .. } => "PinSet",
            Reply::TokenCleared => "TokenCleared",
            Reply::Saved => "Saved",
            Reply::Installed(_) => "Installed",
            Reply::ComeBack(_) => "ComeBack",
            Reply::CollectOpened(_) => "CollectOpened",
            Reply::SignatureTried { .. } => "SignatureTried",
            Reply::Maintenance(answer) => return write!(f, "Maintenance({answer:?})"),
            Reply::Failed(failure) => return write!(f, "Failed({})", failure.fault),
        };
        f.write_str(name)
    }
}
