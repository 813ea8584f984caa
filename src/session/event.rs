//! What can happen to a session.

use chip::mrz::Mrz;
use exchange::certificates::RevocationReason;
use exchange::{
    DocumentKind, HolderName, Language, StorageType, SubmissionId, TimeTrust, UnixMillis,
};
use faults::Fault;
use zeroize::Zeroizing;

use crate::maintenance;

pub use super::places::{
    CertifiedKey, FileEntry, FolderListing, Installed, KeyHolder, PendingKey, PukSeen, SlotHolds,
    StorageFound, StorageUnusable, TakenSlot, TokenSeen,
};

pub use super::reply::Reply;

/// The moment at which an event is handled. Time-outs run on `boottime` only:
/// the wall clock may jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since boot, counting suspend.
    pub boottime: std::time::Duration,
    pub wall: UnixMillis,
    pub trust: TimeTrust,
}

/// Numbers each session of this process; a reply to another session is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SessionId(pub u64);

/// Numbers each request of a session; a reply that is not outstanding is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

#[derive(Debug, Clone)]
pub enum Event {
    /// At least four times a second while a session lives.
    Tick,
    Touch(Touch),
    Device(DeviceEvent),
    /// Progress of a request that is still outstanding.
    Progress {
        session: SessionId,
        request: RequestId,
        progress: Progress,
    },
    /// The one final answer to a request.
    Reply {
        session: SessionId,
        request: RequestId,
        reply: Reply,
    },
    /// The link to the office came or went.
    Link {
        up: bool,
    },
    /// The kiosk is out of use for this reason, or no longer for it; a citizen who is
    /// being served is served to the end.
    Pause {
        why: PauseReason,
        begins: bool,
    },
}

/// Each ends by itself: a kiosk is out of use as long as one of them stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseReason {
    /// The office, or a technician for it, has taken the kiosk out of use.
    Office,
    /// It is about to be updated and started anew.
    Update,
}

/// What a person did, already in the session's words. Screens send nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touch {
    /// From the welcome screen: apply.
    Start,
    /// From the welcome screen: come back with a receipt code.
    StartCollect,
    /// From the welcome screen: a new key by the old one.
    StartRenew,
    /// From the welcome screen: end a certificate.
    StartRevoke,
    ChooseLanguage(Language),
    SetTextSize(TextSize),
    SetHighContrast(bool),
    /// The primary action, bottom right.
    Next,
    Back,
    /// Opens the question; nothing is lost yet.
    Cancel,
    ConfirmCancel,
    /// Closes whichever dialog is open.
    DismissDialog,
    Help,
    /// "I am still here" on the idle warning.
    StillHere,
    /// The finger (or Tab) went to this field.
    Focus(Field),
    /// A key of the on-screen pad or keyboard, or of a hardware keyboard.
    Key(Key),
    /// Hardware keyboard state, shown while a password is entered.
    CapsLock(bool),
    /// The on-screen keyboard's layout changed.
    Layout(KeyboardLayout),
    /// Show one character of the secret for a moment; the session answers in the view.
    RevealCharacter {
        position: usize,
    },
    /// One of the named choices of the current step.
    Choose(Choice),
    /// In maintenance mode, and the way into it.
    Maintain(maintenance::Do),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Backspace,
    Left,
    Right,
    /// Next field, or the primary action after the last.
    Enter,
}

/// Never the character: keys are names, numbers and passwords.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Key::Char(_) => "Char(..)",
            Key::Backspace => "Backspace",
            Key::Left => "Left",
            Key::Right => "Right",
            Key::Enter => "Enter",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextSize {
    #[default]
    Percent100,
    Percent125,
    Percent150,
    Percent200,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyboardLayout {
    /// Cyrillic with Ә Ғ Қ Ң Ө Ұ Ү Һ І.
    #[default]
    Kazakh,
    Russian,
    Latin,
    Symbols,
}

/// Every field a person can type into, over all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    IdentityNumber,
    Phone,
    PhoneCode,
    DocumentNumber,
    /// Card access number: six digits printed on the document.
    Can,
    Surname,
    GivenName,
    Patronymic,
    MrzLine1,
    MrzLine2,
    MrzLine3,
    AccountPin,
    AccountPinAgain,
    /// The account PIN asked again for the personal cabinet.
    CabinetPin,
    Email,
    KeyPassword,
    KeyPasswordAgain,
    ReceiptCode,
    /// The PIN that a token has.
    TokenPin,
    /// The PIN that a token shall have.
    NewTokenPin,
    NewTokenPinAgain,
    /// PIN unblocking key (SP 800-73-4) of a token.
    Puk,
    /// Of a technician's card.
    TechnicianPin,
    /// One-use token of the office, for a new kiosk.
    ProvisioningToken,
    /// With the length of the prefix: `10.1.2.3/24`.
    NetworkAddress,
    NetworkGateway,
    /// Up to three, with spaces between them.
    NameServers,
    /// `2026-11-28`
    ClockDate,
    /// `15:50`
    ClockTime,
    /// One value of the local configuration.
    SettingValue,
}

/// Choices that are neither Next nor Back nor typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Consent(bool),
    /// `phone`: this registered number is not mine, or none is registered.
    RegisterNewPhone,
    /// `phone`: back to the registered number.
    UseRegisteredPhone,
    ResendCode,
    /// `phone_code`: "the code does not come".
    CodeDoesNotCome,
    Document(DocumentKind),
    EnterDocumentAs(DocumentEntry),
    /// `document`: show the other ways to enter it.
    OtherWays,
    /// `document`: go on although the chip was not read, where that is offered.
    WithoutChip,
    /// `document`: forget what was read and begin with another one.
    AnotherDocument,
    /// `document`: the IIN was mistyped.
    CorrectIdentityNumber,
    TakePicture,
    RetakePicture,
    StartRecording,
    DocumentPhotoFrom(PhotoSource),
    /// Open a folder of the USB drive: an index into the listing shown, or up.
    OpenFolder(usize),
    FolderUp,
    /// Take this file of the listing as the document photo.
    PickFile(usize),
    /// `email`: take the suggested correction.
    AcceptSuggestion,
    /// `email`: it is right as typed.
    KeepAsTyped,
    Storage(StorageType),
    /// Look again for storages (a drive was just put in).
    RefreshStorage,
    /// `review`: change the answers of this step, then come back here.
    Edit(StepName),
    /// `review`: wait for the certificate here, or come back for it.
    WaitHere(bool),
    /// `key_password`: what lies in this place of the token, of those shown, may go.
    EraseSlot(usize),
    /// `renew_key`: this one of the keys shown.
    CertifiedKey(usize),
    /// `revoke_certificate`: this one of the list shown.
    Certificate(usize),
    /// `revoking`: why.
    RevokeBecause(RevocationReason),
    /// At the end: sign something with the new key, to see that it works.
    TrySignature,
    /// Beside a shown fault: try again what failed. Where the primary action reads
    /// `Retry`, `Next` does the same; in `issuing`, once saved, `Next` leaves with the
    /// receipt and only this tries again.
    Retry,
}

/// How a document's data, or what opens its chip, is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentEntry {
    /// The machine-readable zone before the camera.
    Camera,
    /// The card access number, typed: opens the chip, says nothing of the holder.
    Can,
    /// The machine-readable zone, typed.
    Mrz,
    /// Number and names, typed.
    Typed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoSource {
    Camera,
    UsbDrive,
}

/// The steps in the citizen's order, then those of coming back, of ending a
/// certificate, and those that only a renewal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepName {
    Consent,
    IdentityNumber,
    Phone,
    PhoneCode,
    Document,
    Selfie,
    Liveness,
    AccountPin,
    DocumentPhoto,
    Email,
    Storage,
    StorageLocation,
    Review,
    KeyPassword,
    Issuing,
    Receipt,
    CollectCode,
    CollectPhoneCode,
    CollectStorage,
    CollectPassword,
    Collecting,
    Collected,
    RevokeIdentity,
    RevokePhoneCode,
    RevokeCertificate,
    Revoking,
    Revoked,
    RenewKey,
    RenewSecret,
    RenewHolder,
}

/// What the devices say on their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    /// About each analysed camera frame, several times a second while a preview runs.
    Face(FaceFinding),
    /// About each analysed camera frame while a preview for the MRZ runs.
    MrzHint(MrzHint),
    /// Several frames agree on this zone, and all of its check digits are right.
    MrzSeen(Box<Mrz>),
    /// `atr`: answer to reset (ISO 7816-3), hex.
    CardInserted {
        atr: String,
    },
    CardRemoved,
    /// A USB drive came; `drive` names it to the devices, `label` to the person.
    DriveInserted {
        drive: DriveId,
        label: String,
    },
    DriveRemoved {
        drive: DriveId,
    },
    TokenInserted {
        kind: StorageType,
    },
    TokenRemoved,
    /// Something was put in where technicians put their cards; whose it is, is not known.
    OfficeCardInserted,
    OfficeCardRemoved,
    Raised(Fault),
    Cleared(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DriveId(pub u32);

/// What the camera sees of the person, against the circle in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaceFinding {
    NoFace,
    SeveralFaces,
    TooSmall,
    TooLarge,
    OffCentre,
    TooDark,
    Good,
}

/// What the camera sees of a machine-readable zone, and what would help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MrzHint {
    /// No zone in sight.
    Nothing,
    TooDark,
    /// A reflection lies over it.
    Glare,
    /// Out of focus or moving.
    Blur,
    /// Partly out of view.
    CutOff,
    TooSmall,
    /// It is being read: hold still.
    Reading,
}

/// A captured picture or recording, held by the devices' side; dropped with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaHandle(pub u64);

#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// The recording follows the prompts: this one is now shown.
    Prompt {
        index: usize,
    },
    /// During the recording the face was lost (true) or is back (false).
    FaceLost(bool),
    Phase(IssuingPhase),
    /// How far the chip is read.
    DocumentRead(chip::Stage),
    Maintenance(maintenance::Step),
    /// Bytes sent of bytes to send.
    Upload {
        sent: u64,
        total: u64,
    },
}

/// What issuing is doing, in order; the screen lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssuingPhase {
    MakingKey,
    Sealing,
    Saving,
    Uploading,
    AwaitingDecision,
    ProvingKey,
    AwaitingCertificate,
    Installing,
    Confirming,
}

/// What a chip says, as far as the visit needs it; its files stay with the world,
/// which seals them.
#[derive(Clone)]
pub struct ChipDocument {
    /// DG1.
    pub mrz: Mrz,
    /// The holder in national characters, from DG11; none where it is not there.
    pub holder: Option<HolderName>,
    /// From DG11.
    pub personal_number: Option<Zeroizing<String>>,
    pub genuine: Genuine,
    /// The face of DG2, decoded; none where it cannot be shown.
    pub portrait: Option<MediaHandle>,
}

/// The name alone: everything in it is personal.
impl std::fmt::Debug for ChipDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChipDocument({:?})", self.genuine)
    }
}

/// What the kiosk found out about a chip. The office examines it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Genuine {
    /// Signed by the issuing state, and nothing speaks against it.
    Proven,
    /// The kiosk has nothing to compare with.
    NotExamined,
    /// Altered, copied or made by somebody else.
    Refuted,
}

/// Why a chip gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentRefusal {
    WrongKey {
        /// As the chip says; most say nothing.
        tries_left: Option<u8>,
    },
    /// It has blocked the CAN, or knows none.
    CanNotTaken,
    /// No eMRTD application, or none whose protocols are known.
    NoApplication,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComeBackReason {
    /// Saved here; sent when the link is back.
    Offline,
    /// Received by the office, not decided yet.
    Undecided,
    /// The phone must be proven at collection.
    PhoneUnproven,
    /// The key is made at collection.
    KeyLater,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectState {
    PhoneCodeNeeded {
        submission: SubmissionId,
    },
    Undecided,
    Rejected {
        reason: String,
    },
    AskAgain {
        what: String,
    },
    /// The phone is proven: put in a storage of this type, in which the key is made now.
    KeyWanted {
        submission: SubmissionId,
        storage: StorageType,
    },
    /// The phone is proven: put in the storage with this pending key.
    Ready {
        submission: SubmissionId,
        subject_key_identifier: String,
    },
}

/// Why a request failed, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub fault: Fault,
    /// Extra words for the log only; never personal data.
    pub detail: String,
}
