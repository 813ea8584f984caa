//! What a session asks the world to do.

use chip::AccessKey;
use exchange::certificates::RevocationReason;
use exchange::{
    Digest, Form, Iin, KeyAlgorithm, Language, ReceiptCode, RenewalForm, Secret, StorageType,
    SubmissionId, api::CodePurpose,
};

use crate::maintenance;

use super::event::{CertifiedKey, DriveId, MediaHandle, RequestId, SessionId};

#[derive(Debug, Clone)]
pub enum Command {
    /// Answered by exactly one `Event::Reply` with the same ids.
    Ask {
        session: SessionId,
        request: RequestId,
        what: Request,
    },
    /// The answer is no longer wanted; the world may stop working on it.
    Abandon {
        session: SessionId,
        request: RequestId,
    },
    /// Start or stop what has no answer of its own.
    Do(Action),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show the live picture and report `DeviceEvent::Face` against the circle.
    StartPreview(PreviewFor),
    StopPreview,
    /// Forget this picture or recording.
    DropMedia(MediaHandle),
    /// Watch for a card in the reader; `CardInserted` comes at once if one is there.
    WatchCard(bool),
    Speak(Language),
    /// The session is over: drop every medium, staged part and handle of it.
    /// Sent exactly once, last.
    EndSession {
        session: SessionId,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewFor {
    /// Mirrored, with the face circle.
    Face,
    /// Not mirrored, with the document frame.
    Document,
    /// Not mirrored; the machine-readable zone is looked for and told by
    /// `DeviceEvent::MrzHint` and `DeviceEvent::MrzSeen`.
    Mrz,
}

/// Where a key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLocation {
    pub storage: StorageType,
    pub drive: Option<DriveId>,
    /// Folder from the drive's root; empty for tokens.
    pub path: Vec<String>,
}

/// What the video asks the person to do, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prompt {
    LookStraight,
    TurnLeft,
    TurnRight,
    LookUp,
    Blink,
    Smile,
}

/// Each with the replies it may get; any may get `Failed`.
#[derive(Debug, Clone)]
pub enum Request {
    /// -> `Begun`. First of every enrolment, and of every revocation.
    Begin,
    /// -> `PhoneFound`
    LookUpPhone { submission: SubmissionId, iin: Iin },
    /// -> `CodeSent`, `CodesFrozen`
    SendCode {
        purpose: CodePurpose,
        submission: SubmissionId,
        iin: Option<Iin>,
    },
    /// -> `CodeRight`, `CodeWrong`, `CodeExpired`, `CodesFrozen`
    CheckCode {
        purpose: CodePurpose,
        submission: SubmissionId,
        code: Secret,
    },
    /// A code for the holder of certificates, whoever that is. -> `CodeSent` that does
    /// not say where to, `CodesFrozen`
    SendHolderCode { visit: SubmissionId, iin: Iin },
    /// -> `Certificates`, `HolderRefused`, `CodesFrozen`
    ListCertificates { visit: SubmissionId, code: Secret },
    /// -> `Revocation`
    Revoke {
        visit: SubmissionId,
        /// SHA-256 of the certificate, DER.
        certificate: Digest,
        reason: RevocationReason,
    },
    /// -> `CardSeen`
    ReadCard,
    /// Reads the chip of the document in the reader, examines it and keeps its files
    /// until they are sealed. -> `DocumentRead`, `DocumentRefused`; progress
    /// `DocumentRead`.
    ReadDocument {
        submission: SubmissionId,
        key: AccessKey,
    },
    /// -> `Picture`. Refused with a fault unless the finding is `Good`.
    CaptureSelfie,
    /// -> `Recorded`, `RecordingFailed`; progress `Prompt`, `FaceLost`. Each prompt
    /// lasts `seconds_each`.
    Record {
        submission: SubmissionId,
        prompts: Vec<Prompt>,
        seconds_each: f32,
    },
    /// -> `Picture`
    CaptureDocument,
    /// -> `Picture`: read, checked and normalised by the worker.
    LoadDocumentFile { drive: DriveId, path: Vec<String> },
    /// -> `Sealed`: encrypts the picture to the office and keeps it staged;
    /// a second seal of the same part replaces the first. (The recording is sealed
    /// while it is made; `Recorded` says so.)
    SealSelfie {
        submission: SubmissionId,
        media: MediaHandle,
    },
    SealDocumentPhoto {
        submission: SubmissionId,
        media: MediaHandle,
    },
    SealAccountPin {
        submission: SubmissionId,
        pin: Secret,
    },
    /// -> `Storages`
    FindStorages,
    /// -> `Folder`; `pictures`: list picture files too.
    ListFolder {
        drive: DriveId,
        path: Vec<String>,
        pictures: bool,
    },
    /// Looks through every inserted drive and token for the pending key with this
    /// subject key identifier (hex). -> `PendingKey`
    FindPendingKey { subject_key_identifier: String },
    /// Looks through every inserted drive and token for keys with a certificate.
    /// -> `CertifiedKeys`
    FindCertifiedKeys,
    /// Opens such a key and reads whom its certificate names. -> `KeyOpened`
    OpenCertifiedKey { key: CertifiedKey, password: Secret },
    /// Says what a token is able and willing to do; changes nothing on it.
    /// -> `TokenSeen`
    LookAtToken { kind: StorageType },
    /// -> `PinRight`
    TryTokenPin { kind: StorageType, pin: Secret },
    /// -> `PinSet`
    ChangeTokenPin {
        kind: StorageType,
        old: Secret,
        new: Secret,
    },
    /// Gives a blocked token a new PIN by its PUK. -> `PinSet`
    UnblockToken {
        kind: StorageType,
        puk: Secret,
        new_pin: Secret,
    },
    /// Empties one place of a token, whatever lies there: its owner said so.
    /// -> `TokenCleared`
    ClearToken {
        kind: StorageType,
        slot: String,
        pin: Secret,
    },
    /// Makes the key in its storage, seals request and form, commits. -> `Saved`;
    /// progress `Phase`. Asked again for the same submission after a failure: what
    /// was already committed is answered `Saved`, never committed twice.
    Submit {
        submission: SubmissionId,
        form: Box<Form>,
        location: KeyLocation,
        algorithm: KeyAlgorithm,
        /// Password of the file or PIN of the token.
        password: Secret,
    },
    /// As `Submit`, without a key: that is made at collection. -> `Saved`; progress
    /// `Phase`
    SubmitKeyless {
        submission: SubmissionId,
        form: Box<Form>,
    },
    /// As `Submit`, with an old key's signature instead of document and face. Needs the
    /// link: the office gives a number to sign. -> `Saved`; progress `Phase`
    SubmitRenewal {
        submission: SubmissionId,
        form: Box<RenewalForm>,
        old: Box<CertifiedKey>,
        /// Of the old key.
        old_password: Secret,
        location: KeyLocation,
        algorithm: KeyAlgorithm,
        password: Secret,
    },
    /// Uploads this submission ahead of others and, when `wait`, goes on to the
    /// certificate. -> `Installed`, `ComeBack`; progress `Phase`, `Upload`.
    Obtain {
        submission: SubmissionId,
        location: KeyLocation,
        password: Secret,
        wait: bool,
    },
    /// -> `CollectOpened`
    OpenCollect { receipt_code: ReceiptCode },
    /// Finds the pending key, proves it, installs the certificate. -> `Installed`;
    /// progress `Phase`.
    InstallCollected {
        submission: SubmissionId,
        subject_key_identifier: String,
        location: KeyLocation,
        password: Secret,
    },
    /// Makes the key that the office waits for, proves it, installs the certificate.
    /// -> `Installed`; progress `Phase`. Asked again after a failure it goes on with the
    /// key that was made.
    MakeCollected {
        submission: SubmissionId,
        location: KeyLocation,
        password: Secret,
    },
    /// Signs something of no meaning with the key that was just certified, and
    /// verifies it by the certificate beside the key. -> `SignatureTried`
    TrySignature {
        location: KeyLocation,
        password: Secret,
    },
    /// In maintenance mode. -> `Maintenance`; progress `Maintenance`
    Maintain(Box<maintenance::Ask>),
}
