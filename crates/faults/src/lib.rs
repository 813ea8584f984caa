//! The one table of faults: code, who sees it, cause, remedy, recovery, in
//! Kazakh, Russian and English. UI, log, heartbeat and manual all read it.
//!
//! Here: the codes and their texts. Not here: what raises or clears them.

mod table;

use serde::{Deserialize, Serialize};

/// Languages of the table's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Kk,
    Ru,
    En,
}

/// What ends a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Ends by itself when the cause is gone; the kiosk looks again.
    Automatic,
    /// The citizen can mend it with the remedy.
    Citizen,
    /// A technician must come.
    Technician,
    /// The office must act.
    Office,
}

/// One row of the table in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultText {
    /// What is wrong, one sentence.
    pub cause: &'static str,
    /// What to do now, one or two sentences.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $recovery:ident;)*) => {
        /// A fault that a citizen or a technician can meet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Fault {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Fault {
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            /// The code as shown, logged and told on the phone.
            pub fn code(self) -> &'static str {
                match self { $(Fault::$name => $code,)* }
            }

            pub fn recovery(self) -> Recovery {
                match self { $(Fault::$name => Recovery::$recovery,)* }
            }
        }
    };
}

codes! {
    CameraMissing = "CAM-01", Technician;
    CameraBlack = "CAM-02", Citizen;
    CameraFrozen = "CAM-03", Automatic;
    CameraSlow = "CAM-04", Technician;
    ReaderMissing = "CRD-01", Technician;
    CardServiceDown = "CRD-02", Automatic;
    CardSilent = "CRD-03", Citizen;
    CardPulled = "CRD-04", Citizen;
    CardUnreadable = "CRD-05", Citizen;
    /// Secure messaging: an answer's check value is wrong.
    CardTampered = "CRD-06", Citizen;
    DocumentNotGenuine = "DOC-01", Citizen;
    DocumentExpired = "DOC-02", Citizen;
    /// Another IIN than the one entered.
    DocumentOfAnother = "DOC-03", Citizen;
    /// The chip refused MRZ or CAN.
    DocumentKeyWrong = "DOC-04", Citizen;
    /// No chip, or none with an eMRTD application.
    DocumentWithoutChip = "DOC-05", Citizen;
    /// The chip has blocked the CAN, or knows none.
    DocumentCanNotTaken = "DOC-06", Citizen;
    UsbMissing = "USB-01", Citizen;
    UsbPulled = "USB-02", Citizen;
    UsbFull = "USB-03", Citizen;
    UsbReadOnly = "USB-04", Citizen;
    UsbFailed = "USB-05", Citizen;
    FileTooLarge = "FIL-01", Citizen;
    FileWrongType = "FIL-02", Citizen;
    FileDamaged = "FIL-03", Citizen;
    FileUnreadable = "FIL-04", Citizen;
    TokenMissing = "TOK-01", Citizen;
    TokenPinWrong = "TOK-02", Citizen;
    TokenPinBlocked = "TOK-03", Citizen;
    TokenOccupied = "TOK-04", Citizen;
    TokenFailed = "TOK-05", Technician;
    TokenPulled = "TOK-06", Citizen;
    TokenPinDefault = "TOK-07", Citizen;
    TokenPinRule = "TOK-08", Citizen;
    TokenPukWrong = "TOK-09", Citizen;
    TokenPukBlocked = "TOK-10", Citizen;
    TokenFull = "TOK-11", Citizen;
    TokenReadOnly = "TOK-12", Citizen;
    TokenUnknown = "TOK-13", Citizen;
    TokenManagementKey = "TOK-14", Citizen;
    TokenSeveral = "TOK-15", Citizen;
    /// The place for tokens itself.
    WriterSilent = "TOK-16", Technician;
    KeyPendingMissing = "KEY-01", Citizen;
    KeyPasswordWrong = "KEY-02", Citizen;
    KeyFileDamaged = "KEY-03", Citizen;
    KeyGenerationFailed = "KEY-04", Automatic;
    KeyTestFailed = "KEY-05", Office;
    OfficeUnreachable = "NET-01", Automatic;
    OfficeUntrusted = "NET-02", Technician;
    OfficeRefused = "NET-03", Office;
    CaptivePortal = "NET-04", Technician;
    KioskRevoked = "NET-05", Office;
    NotProvisioned = "NET-06", Technician;
    /// No interface has an address, or none leads to the office.
    NoAddress = "NET-07", Technician;
    NoNameResolution = "NET-08", Technician;
    /// By a clock that agrees with the office.
    OfficeCertificateExpired = "NET-09", Office;
    CodesFrozen = "SMS-01", Automatic;
    CodeNotSent = "SMS-02", Automatic;
    DiskFull = "DSK-01", Automatic;
    DiskFailed = "DSK-02", Technician;
    DiskReadOnly = "DSK-03", Technician;
    /// What would open the data partition is not this board's TPM, or not these keys of Secure Boot.
    DiskOfAnotherBoard = "DSK-04", Technician;
    /// The data partition holds neither what the kiosk made nor nothing at all.
    DiskContentsDamaged = "DSK-05", Technician;
    QueueDamaged = "QUE-01", Technician;
    QueueFull = "QUE-02", Automatic;
    QueueStale = "QUE-03", Automatic;
    SubmissionQuarantined = "QUE-04", Office;
    /// The database was damaged; a new one was made from the sealed files.
    QueueRebuilt = "QUE-05", Automatic;
    SealingImpossible = "SEA-01", Technician;
    /// The kiosk's own key cannot sign.
    DeviceKeyFailed = "TPM-01", Technician;
    ClockDoubtful = "CLK-01", Automatic;
    /// Off by more than a day, mostly by years.
    ClockWrong = "CLK-02", Technician;
    ConfigurationBad = "CFG-01", Technician;
    WorkerDied = "WRK-01", Automatic;
    PanelMissing = "PAN-01", Technician;
    /// The kiosk went back to the version before; told until a later one holds.
    UpdateFailed = "UPD-01", Office;
    LivenessFailed = "LIV-01", Citizen;
    LivenessBlocked = "LIV-02", Automatic;
    ApplicationRejected = "APP-01", Office;
    ApplicationUnknown = "APP-02", Citizen;
    AuthorityFailed = "APP-03", Office;
    Internal = "INT-01", Technician;
    /// The kiosk's program ends again and again; the fallback screen says so.
    KioskWillNotStart = "INT-02", Technician;
}

impl Fault {
    pub fn text(self, language: Language) -> FaultText {
        table::text(self, language)
    }

    /// The fault of a code such as `CAM-01`.
    pub fn from_code(code: &str) -> Option<Fault> {
        Self::ALL.iter().copied().find(|f| f.code() == code)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
