//! What the person sees, as data. Screens draw this and decide nothing.
//!
//! Words are codes here; `ui/lang` and the fault table hold the texts.

mod document;

pub use document::*;

use exchange::certificates::{HeldCertificate, RevocationReason, RevocationStanding};
use exchange::{DocumentKind, Language, Secret, StorageType, UnixMillis};
use faults::Fault;

use crate::maintenance::MaintenanceView;

use super::command::Prompt;
use super::event::{
    CertifiedKey, ComeBackReason, FaceFinding, Field, FolderListing, IssuingPhase, KeyHolder,
    KeyboardLayout, MediaHandle, PhotoSource, StepName, StorageFound, TakenSlot, TextSize,
};

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub language: Language,
    pub text_size: TextSize,
    pub high_contrast: bool,
    /// No link to the office at this moment.
    pub offline: bool,
    /// Which of how many questions, e.g. (4, 12); none outside the journey.
    pub position: Option<(u8, u8)>,
    pub can_go_back: bool,
    pub can_cancel: bool,
    pub primary: Option<Primary>,
    pub keyboard: Keyboard,
    /// Something is being worked on; buttons but Cancel and Help rest.
    pub busy: Option<Busy>,
    /// By the input, in words; what to do about it.
    pub fault: Option<Fault>,
    pub dialog: Option<Dialog>,
    pub screen: Screen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary {
    pub label: PrimaryLabel,
    pub enabled: bool,
}

/// Buttons say what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrimaryLabel {
    Start,
    Agree,
    Continue,
    GetCode,
    SendRequest,
    Confirm,
    TakePicture,
    StartRecording,
    SetPin,
    OpenCabinet,
    ChooseThisFolder,
    SubmitApplication,
    MakeKey,
    DownloadCertificates,
    Retry,
    AnotherDocument,
    AnotherStorage,
    RevokeCertificate,
    EraseKey,
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyboard {
    pub kind: KeyboardKind,
    pub layout: KeyboardLayout,
    /// Keys give no visible press (PINs and codes are seen over the shoulder).
    pub discreet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyboardKind {
    #[default]
    None,
    Digits,
    /// Letters of the layout, digits, symbols.
    Full,
    /// A-Z, 0-9 and `<`.
    Mrz,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    pub what: BusyWith,
    /// 0..=1 where known.
    pub progress: Option<f32>,
    /// Shown once the work has lasted for a second.
    pub since_seconds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusyWith {
    Office,
    Camera,
    Card,
    Drive,
    /// Drives and tokens, while a storage is looked for.
    Storage,
    Sealing,
    Key,
    Token,
    Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialog {
    ConfirmCancel,
    Help,
    /// Everything is wiped when it reaches zero.
    IdleWarning {
        seconds_left: u16,
    },
}

/// One field as it stands on the screen.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FieldView {
    pub field: Option<Field>,
    /// Grouped as people read it. For secrets: dots, but for a revealed character.
    pub text: String,
    /// In characters of `text`.
    pub cursor: usize,
    pub focused: bool,
    pub error: Option<FieldError>,
}

impl std::fmt::Debug for FieldView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldView({:?}, error {:?})", self.field, self.error)
    }
}

/// What is wrong with a field; the screen says it and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldError {
    Incomplete,
    IinCheckDigit,
    PhoneNotMobile,
    CodeWrong {
        tries_left: u8,
    },
    CodeExpired,
    /// The code or the IIN before it: the office does not say which.
    CodeRefused,
    DocumentNumber,
    Name,
    MrzLength,
    MrzCheckDigit,
    /// The chip did not open with these lines.
    MrzRefused {
        tries_left: u8,
    },
    CanRefused {
        tries_left: u8,
    },
    PinObvious,
    PinsDiffer,
    PinWrong {
        tries_left: u8,
    },
    EmailAt,
    EmailLocal,
    EmailDomain,
    EmailNotLatin,
    PasswordRules,
    PasswordsDiffer,
    ReceiptCodeMistyped,
    /// `None`: the token does not say how many are left.
    TokenPinWrong {
        tries_left: Option<u8>,
    },
    PukWrong {
        tries_left: Option<u8>,
    },
    /// Too short, too long, or refused by the token.
    TokenPinRule {
        digits: bool,
    },
    /// The PIN the token had, or came with.
    PinUnchanged,
}

#[derive(Clone, PartialEq)]
pub enum Screen {
    /// Nobody's: the invitation. `cannot`: what does not work now, worst first.
    Welcome {
        can_apply: bool,
        can_collect: bool,
        can_renew: bool,
        can_revoke: bool,
        cannot: Vec<Fault>,
    },
    OutOfService {
        faults: Vec<Fault>,
    },
    Consent {
        agreed: bool,
    },
    IdentityNumber {
        number: FieldView,
    },
    Phone(PhoneView),
    PhoneCode(PhoneCodeView),
    Document(DocumentView),
    Selfie {
        finding: Option<FaceFinding>,
        taken: Option<MediaHandle>,
    },
    Liveness(LivenessView),
    AccountPin {
        pin: FieldView,
        again: FieldView,
    },
    DocumentPhoto(DocumentPhotoView),
    Email {
        email: FieldView,
        suggestion: Option<String>,
    },
    Storage {
        found: Vec<StorageFound>,
        chosen: Option<StorageType>,
        provider_ready: bool,
    },
    StorageLocation {
        listing: Option<FolderListing>,
        drive_label: String,
    },
    Review(ReviewView),
    KeyPassword(PasswordView),
    /// Instead of `KeyPassword` and `CollectPassword` where the key is in a token.
    TokenPin(TokenPinView),
    Issuing(IssuingView),
    Receipt(ReceiptView),
    CollectCode {
        code: FieldView,
    },
    CollectPhoneCode(PhoneCodeView),
    /// The kiosk itself looks through what is put in; `listing` stays empty while
    /// it does, and the person chooses no folder.
    CollectStorage {
        listing: Option<FolderListing>,
        drive_label: String,
        pending_found: bool,
        /// None: a key is looked for; else it is made, in a storage of this type.
        key_wanted: Option<StorageType>,
    },
    CollectPassword {
        password: FieldView,
    },
    Collecting(IssuingView),
    Collected(ReceiptView),
    /// The application was decided against, or needs something.
    CollectAnswer(CollectAnswer),
    RevokeIdentity {
        number: FieldView,
    },
    RevokePhoneCode(PhoneCodeView),
    /// Empty: there is none that is valid.
    RevokeCertificate {
        certificates: Vec<HeldCertificate>,
        chosen: Option<usize>,
    },
    Revoking {
        certificate: HeldCertificate,
        reason: Option<RevocationReason>,
    },
    /// None: the storages are being looked through.
    RenewKey {
        found: Option<Vec<CertifiedKey>>,
        chosen: Option<usize>,
    },
    RenewPassword {
        password: FieldView,
    },
    /// `over`: the certificate is not valid any more.
    RenewHolder {
        holder: Option<KeyHolder>,
        over: bool,
    },
    Revoked {
        standing: RevocationStanding,
        closes_in_seconds: u32,
    },
    /// A technician's, on every page.
    Maintenance(Box<MaintenanceView>),
}

impl Screen {
    /// The step's name in snake case, as its file and its screen have it.
    pub fn name(&self) -> &'static str {
        match self {
            Screen::Welcome { .. } => "welcome",
            Screen::OutOfService { .. } => "out_of_service",
            Screen::Consent { .. } => "consent",
            Screen::IdentityNumber { .. } => "identity_number",
            Screen::Phone(_) => "phone",
            Screen::PhoneCode(_) => "phone_code",
            Screen::Document(_) => "document",
            Screen::Selfie { .. } => "selfie",
            Screen::Liveness(_) => "liveness",
            Screen::AccountPin { .. } => "account_pin",
            Screen::DocumentPhoto(_) => "document_photo",
            Screen::Email { .. } => "email",
            Screen::Storage { .. } => "storage",
            Screen::StorageLocation { .. } => "storage_location",
            Screen::Review(_) => "review",
            Screen::KeyPassword(_) => "key_password",
            Screen::TokenPin(_) => "token_pin",
            Screen::Issuing(_) => "issuing",
            Screen::Receipt(_) => "receipt",
            Screen::CollectCode { .. } => "collect_code",
            Screen::CollectPhoneCode(_) => "collect_phone_code",
            Screen::CollectStorage { .. } => "collect_storage",
            Screen::CollectPassword { .. } => "collect_password",
            Screen::Collecting(_) => "collecting",
            Screen::Collected(_) => "collected",
            Screen::CollectAnswer(_) => "collect_answer",
            Screen::RevokeIdentity { .. } => "revoke_identity",
            Screen::RevokePhoneCode(_) => "revoke_phone_code",
            Screen::RevokeCertificate { .. } => "revoke_certificate",
            Screen::Revoking { .. } => "revoking",
            Screen::Revoked { .. } => "revoked",
            Screen::Maintenance(_) => "maintenance",
            Screen::RenewKey { .. } => "renew_key",
            Screen::RenewPassword { .. } => "renew_password",
            Screen::RenewHolder { .. } => "renew_holder",
        }
    }
}

/// The name alone: screens show personal data.
impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PhoneView {
    /// `+7 7•• ••• •• 45`
    pub registered_masked: Option<String>,
    /// A new number is being typed.
    pub registering: bool,
    /// Without a link the number is taken unproven.
    pub offline: bool,
    pub number: FieldView,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PhoneCodeView {
    pub sent_to_masked: String,
    pub digits: u8,
    pub code: FieldView,
    pub expires_in_seconds: u32,
    /// 0: may be asked for again now.
    pub resend_in_seconds: u32,
    pub frozen_for_seconds: u32,
    /// "The code does not come" was touched: say what can be done.
    pub helping: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LivenessView {
    pub prompts: Vec<Prompt>,
    /// The one shown now; none before the start.
    pub current: Option<usize>,
    /// Of the current prompt, 0..=1.
    pub elapsed: f32,
    pub finding: Option<FaceFinding>,
    pub face_lost: bool,
    pub failed_before: u8,
    pub tries: u8,
    pub done: bool,
    /// Blocked after too many failures, for so long.
    pub blocked_for_seconds: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DocumentPhotoView {
    /// The account PIN opens the personal cabinet first.
    pub cabinet_pin: Option<FieldView>,
    pub source: PhotoSource,
    pub listing: Option<FolderListing>,
    pub taken: Option<MediaHandle>,
    /// A USB drive is in.
    pub drive_present: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReviewView {
    /// One a step that has an answer, in order; masked where personal.
    pub answers: Vec<(StepName, Answer)>,
    pub wait_here: bool,
    pub can_wait: bool,
    /// From the measured link, where known.
    pub wait_seconds: Option<u32>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    Text(String),
    Document(DocumentKind, DocumentEntryMark),
    Picture(MediaHandle),
    Done,
    Storage(StorageType),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentEntryMark {
    Chip,
    Mrz,
    Typed,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PasswordView {
    pub password: FieldView,
    pub again: FieldView,
    pub rules: PasswordRules,
    pub caps_lock: bool,
}

/// Which rules hold so far: 6-32 Latin characters with lower case, upper case, digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PasswordRules {
    pub length: bool,
    pub latin_only: bool,
    pub lower: bool,
    pub upper: bool,
    pub digit: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TokenPinView {
    pub kind: StorageType,
    /// Name of the token, once it was seen.
    pub label: String,
    pub phase: TokenPinPhase,
    /// Of what is typed, top to bottom.
    pub fields: Vec<FieldView>,
    /// PIN or PUK, whichever is asked for; none where the token does not say.
    pub tries_left: Option<u8>,
    /// A wrong one now blocks it.
    pub last_try: bool,
    /// Its PINs are digits only.
    pub digits: bool,
    /// The key that is made next erases those that are in it.
    pub erases: bool,
    /// In phase `Occupied`: what may go, and which of it was chosen.
    pub taken: Vec<TakenSlot>,
    pub to_erase: Option<usize>,
    /// Shown while a password is typed with letters.
    pub caps_lock: bool,
    /// To be written down now; empty but in phase `NewPuk`. Nobody else ever knows it.
    pub new_puk: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPinPhase {
    /// It is awaited.
    Insert,
    /// It is asked what it can do.
    Look,
    Enter,
    /// Its PIN is the one it came with: a new one is chosen before anything else.
    Change,
    /// Its PIN is blocked: PUK and a new PIN.
    Unblock,
    /// The PIN is set, and with it a new PUK, which is shown.
    NewPuk,
    /// Making the key erases those that are there: `taken`.
    Erases,
    /// It has no room for a key: one that is there goes, or another storage is taken.
    Occupied,
    /// It cannot be used; the fault says why.
    Refused,
}

#[derive(Debug, Clone, PartialEq)]
pub struct IssuingView {
    pub phases: Vec<IssuingPhase>,
    /// Index into `phases` of the one at work.
    pub current: usize,
    pub uploaded: Option<(u64, u64)>,
    /// Durable in the kiosk: may be said.
    pub saved: bool,
    pub seconds: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptView {
    pub outcome: Outcome,
    /// Grouped 4-4-5; none after collecting.
    pub receipt_code: Option<String>,
    /// None: nothing to try, or not any more.
    pub trial: Option<SignatureTrial>,
    /// Seconds until the screen is wiped.
    pub closes_in_seconds: u32,
}

/// "Try your signature".
#[derive(Clone, PartialEq, Eq)]
pub enum SignatureTrial {
    Offered,
    Running,
    Done {
        signer: String,
        valid_until: UnixMillis,
        ok: bool,
    },
}

/// The name alone: the signer is a person.
impl std::fmt::Debug for SignatureTrial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SignatureTrial::Offered => "Offered",
            SignatureTrial::Running => "Running",
            SignatureTrial::Done { .. } => "Done",
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Installed {
        /// None in a token.
        file_name: Option<String>,
        location: String,
        valid_until: UnixMillis,
    },
    ComeBack(ComeBackReason),
}

#[derive(Debug, Clone, PartialEq)]
pub enum CollectAnswer {
    Undecided,
    Rejected { reason: String },
    AskAgain { what: String },
}
