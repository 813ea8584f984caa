//! The session's names and the screens' names for the same things.

use exchange::certificates::RevocationReason;
use exchange::{DocumentKind, Language, StorageType};

use super::generated as screen;
use crate::session::command::Prompt;
use crate::session::event::{
    FaceFinding, Field, IssuingPhase, KeyboardLayout, MrzHint, SlotHolds, StepName,
    StorageUnusable, TextSize,
};
use crate::session::view::{
    BusyWith, DocumentPhase, DocumentSource, FieldError, KeyboardKind, PrimaryLabel, ReadingWhat,
    Screen, TokenPinPhase,
};

/// One way: a name of the session as the screens have it.
pub(super) trait Named {
    type Name;
    fn name(self) -> Self::Name;
}

/// Names that also come back with a touch.
macro_rules! both_ways {
    ($ours:ty, $theirs:ty, $from:ident { $($a:ident = $b:ident),* $(,)? }) => {
        impl Named for $ours {
            type Name = $theirs;
            fn name(self) -> $theirs {
                match self { $(<$ours>::$a => <$theirs>::$b,)* }
            }
        }
        /// None: a name that only the screens have.
        #[allow(unreachable_patterns)]
        pub(in crate::ui) fn $from(name: $theirs) -> Option<$ours> {
            match name { $(<$theirs>::$b => Some(<$ours>::$a),)* _ => None }
        }
    };
}

macro_rules! one_way {
    ($ours:ty, $theirs:ty { $($a:ident = $b:ident),* $(,)? }) => {
        impl Named for $ours {
            type Name = $theirs;
            fn name(self) -> $theirs {
                match self { $(<$ours>::$a => <$theirs>::$b,)* }
            }
        }
    };
}

both_ways!(Language, screen::LanguageName, language { Kk = Kk, Ru = Ru, En = En });

both_ways!(KeyboardLayout, screen::LayoutName, layout {
    Kazakh = Kazakh, Russian = Russian, Latin = Latin, Symbols = Symbols,
});

both_ways!(Field, screen::FieldName, field {
    IdentityNumber = IdentityNumber, Phone = Phone, PhoneCode = PhoneCode,
    DocumentNumber = DocumentNumber, Can = Can, Surname = Surname, GivenName = GivenName,
    Patronymic = Patronymic, MrzLine1 = MrzLine1, MrzLine2 = MrzLine2, MrzLine3 = MrzLine3,
    AccountPin = AccountPin, AccountPinAgain = AccountPinAgain, CabinetPin = CabinetPin,
    Email = Email, KeyPassword = KeyPassword, KeyPasswordAgain = KeyPasswordAgain,
    ReceiptCode = ReceiptCode, TokenPin = TokenPin, NewTokenPin = NewTokenPin,
    NewTokenPinAgain = NewTokenPinAgain, Puk = Puk, TechnicianPin = TechnicianPin,
    ProvisioningToken = ProvisioningToken, NetworkAddress = NetworkAddress,
    NetworkGateway = NetworkGateway, NameServers = NameServers, ClockDate = ClockDate,
    ClockTime = ClockTime, SettingValue = SettingValue,
});

both_ways!(StorageType, screen::StorageName, storage {
    Pkcs12 = Pkcs12, AKKaztokenStore = Kaztoken, AKKZIDCardStore = IdCard,
    AKEToken72KStore = Etoken72k, AKEToken5110Store = Etoken5110, AKJaCartaStore = Jacarta,
    AKAKEYStore = Akey, Piv = Piv,
});

both_ways!(StepName, screen::StepTitle, step {
    Consent = Consent, IdentityNumber = IdentityNumber, Phone = Phone, PhoneCode = PhoneCode,
    Document = Document, Selfie = Selfie, Liveness = Liveness, AccountPin = AccountPin,
    DocumentPhoto = DocumentPhoto, Email = Email, Storage = Storage,
    StorageLocation = StorageLocation, Review = Review, KeyPassword = KeyPassword,
    Issuing = Issuing, Receipt = Receipt, CollectCode = CollectCode,
    CollectPhoneCode = CollectPhoneCode, CollectStorage = CollectStorage,
    CollectPassword = CollectPassword, Collecting = Collecting, Collected = Collected,
    RevokeIdentity = RevokeIdentity, RevokePhoneCode = RevokePhoneCode,
    RevokeCertificate = RevokeCertificate, Revoking = Revoking, Revoked = Revoked,
    RenewKey = RenewKey, RenewSecret = RenewSecret, RenewHolder = RenewHolder,
});

mod maintenance;
pub(super) use maintenance::*;

one_way!(PrimaryLabel, screen::PrimaryName {
    Start = Start, Agree = Agree, Continue = Proceed, GetCode = GetCode,
    SendRequest = SendRequest, Confirm = Confirm, TakePicture = TakePicture,
    StartRecording = StartRecording, SetPin = SetPin, OpenCabinet = OpenCabinet,
    ChooseThisFolder = ChooseThisFolder, SubmitApplication = SubmitApplication,
    MakeKey = MakeKey, DownloadCertificates = DownloadCertificates, Retry = Retry,
    AnotherDocument = AnotherDocument, AnotherStorage = AnotherStorage, RevokeCertificate = RevokeCertificate,
    EraseKey = EraseKey, Finish = Finish,
});

one_way!(KeyboardKind, screen::KeyboardName {
    None = None, Digits = Digits, Full = Full, Mrz = Mrz,
});

one_way!(BusyWith, screen::BusyName {
    Office = Office, Camera = Camera, Card = Card, Drive = Drive, Storage = Storage,
    Sealing = Sealing, Key = Key, Token = Token, Signature = Signature,
});

one_way!(DocumentKind, screen::DocumentName { IdCard = IdCard, Passport = Passport });

one_way!(MrzHint, screen::MrzHintName {
    Nothing = Nothing, TooDark = TooDark, Glare = Glare, Blur = Blur, CutOff = CutOff,
    TooSmall = TooSmall, Reading = Reading,
});

one_way!(ReadingWhat, screen::ReadingName {
    Opening = Opening, Details = Details, Portrait = Portrait, Signature = Signature,
    Authenticity = Authenticity,
});

one_way!(FaceFinding, screen::FindingName {
    NoFace = NoFace, SeveralFaces = SeveralFaces, TooSmall = TooSmall, TooLarge = TooLarge,
    OffCentre = OffCentre, TooDark = TooDark, Good = Good,
});

one_way!(Prompt, screen::PromptName {
    LookStraight = LookStraight, TurnLeft = TurnLeft, TurnRight = TurnRight, LookUp = LookUp,
    Blink = Blink, Smile = Smile,
});

one_way!(StorageUnusable, screen::UnusableName {
    NotInserted = NotInserted, NotSupportedHere = NotSupportedHere, ReadOnly = ReadOnly,
    Full = Full, Failed = Failed, Occupied = Occupied, Blocked = Blocked, Unknown = Unknown,
    Several = Several,
});

one_way!(TokenPinPhase, screen::TokenPhaseName {
    Insert = Insert, Look = Look, Enter = Enter, Change = Change, Unblock = Unblock,
    NewPuk = NewPuk, Erases = Erases, Occupied = Occupied, Refused = Refused,
});

one_way!(SlotHolds, screen::SlotHoldsName {
    Waiting = Waiting, Certified = Certified, Unknown = Unknown,
});

one_way!(RevocationReason, screen::ReasonName {
    KeyCompromise = KeyCompromise, Superseded = Superseded,
    CessationOfOperation = CessationOfOperation,
});

one_way!(IssuingPhase, screen::PhaseName {
    MakingKey = MakingKey, Sealing = Sealing, Saving = Saving, Uploading = Uploading,
    AwaitingDecision = AwaitingDecision, ProvingKey = ProvingKey,
    AwaitingCertificate = AwaitingCertificate, Installing = Installing,
    Confirming = Confirming,
});

/// With the tries that are left, where the error has them.
pub(super) fn field_error(error: Option<FieldError>) -> (screen::FieldErrorName, i32) {
    use screen::FieldErrorName as To;
    match error {
        None => (To::None, 0),
        Some(FieldError::Incomplete) => (To::Incomplete, 0),
        Some(FieldError::IinCheckDigit) => (To::IinCheckDigit, 0),
        Some(FieldError::PhoneNotMobile) => (To::PhoneNotMobile, 0),
        Some(FieldError::CodeWrong { tries_left }) => (To::CodeWrong, tries_left.into()),
        Some(FieldError::CodeExpired) => (To::CodeExpired, 0),
        Some(FieldError::CodeRefused) => (To::CodeRefused, 0),
        Some(FieldError::DocumentNumber) => (To::DocumentNumber, 0),
        Some(FieldError::Name) => (To::Name, 0),
        Some(FieldError::MrzLength) => (To::MrzLength, 0),
        Some(FieldError::MrzCheckDigit) => (To::MrzCheckDigit, 0),
        Some(FieldError::MrzRefused { tries_left }) => (To::MrzRefused, tries_left.into()),
        Some(FieldError::CanRefused { tries_left }) => (To::CanRefused, tries_left.into()),
        Some(FieldError::PinObvious) => (To::PinObvious, 0),
        Some(FieldError::PinsDiffer) => (To::PinsDiffer, 0),
        Some(FieldError::PinWrong { tries_left }) => (To::PinWrong, tries_left.into()),
        Some(FieldError::EmailAt) => (To::EmailAt, 0),
        Some(FieldError::EmailLocal) => (To::EmailLocal, 0),
        Some(FieldError::EmailDomain) => (To::EmailDomain, 0),
        Some(FieldError::EmailNotLatin) => (To::EmailNotLatin, 0),
        Some(FieldError::PasswordRules) => (To::PasswordRules, 0),
        Some(FieldError::PasswordsDiffer) => (To::PasswordsDiffer, 0),
        Some(FieldError::ReceiptCodeMistyped) => (To::ReceiptCodeMistyped, 0),
        Some(FieldError::TokenPinWrong {
            tries_left: Some(left),
        }) => (To::PinWrong, left.into()),
        Some(FieldError::TokenPinWrong { tries_left: None }) => (To::TokenPinWrong, 0),
        Some(FieldError::PukWrong {
            tries_left: Some(left),
        }) => (To::PukWrongCounted, left.into()),
        Some(FieldError::PukWrong { tries_left: None }) => (To::PukWrong, 0),
        Some(FieldError::TokenPinRule { digits: true }) => (To::TokenPinDigits, 0),
        Some(FieldError::TokenPinRule { digits: false }) => (To::TokenPinSigns, 0),
        Some(FieldError::PinUnchanged) => (To::PinUnchanged, 0),
    }
}

pub(super) fn document_phase(of: &DocumentPhase) -> screen::DocumentPhaseName {
    use screen::DocumentPhaseName as To;
    match of {
        DocumentPhase::Kind => To::Kind,
        DocumentPhase::Camera { .. } => To::Camera,
        DocumentPhase::Ways { .. } => To::Ways,
        DocumentPhase::Can => To::Can,
        DocumentPhase::Mrz => To::Mrz,
        DocumentPhase::Typed => To::Typed,
        DocumentPhase::Place => To::Place,
        DocumentPhase::Reading { .. } => To::Reading,
        DocumentPhase::Confirm(_) => To::Confirm,
    }
}

pub(super) fn document_source(of: DocumentSource) -> screen::SourceName {
    match of {
        DocumentSource::Chip { proven: true } => screen::SourceName::ProvenChip,
        DocumentSource::Chip { proven: false } => screen::SourceName::Chip,
        DocumentSource::Mrz => screen::SourceName::Mrz,
    }
}

pub(super) fn screen_name(of: &Screen) -> screen::ScreenName {
    use screen::ScreenName as To;
    match of {
        Screen::Welcome { .. } => To::Welcome,
        Screen::OutOfService { .. } => To::OutOfService,
        Screen::Consent { .. } => To::Consent,
        Screen::IdentityNumber { .. } => To::IdentityNumber,
        Screen::Phone(_) => To::Phone,
        Screen::PhoneCode(_) => To::PhoneCode,
        Screen::Document(_) => To::Document,
        Screen::Selfie { .. } => To::Selfie,
        Screen::Liveness(_) => To::Liveness,
        Screen::AccountPin { .. } => To::AccountPin,
        Screen::DocumentPhoto(_) => To::DocumentPhoto,
        Screen::Email { .. } => To::Email,
        Screen::Storage { .. } => To::Storage,
        Screen::StorageLocation { .. } => To::StorageLocation,
        Screen::Review(_) => To::Review,
        Screen::KeyPassword(_) => To::KeyPassword,
        Screen::TokenPin(_) => To::TokenPin,
        Screen::Issuing(_) => To::Issuing,
        Screen::Receipt(_) => To::Receipt,
        Screen::CollectCode { .. } => To::CollectCode,
        Screen::CollectPhoneCode(_) => To::CollectPhoneCode,
        Screen::CollectStorage { .. } => To::CollectStorage,
        Screen::CollectPassword { .. } => To::CollectPassword,
        Screen::Collecting(_) => To::Collecting,
        Screen::Collected(_) => To::Collected,
        Screen::CollectAnswer(_) => To::CollectAnswer,
        Screen::RevokeIdentity { .. } => To::RevokeIdentity,
        Screen::RevokePhoneCode(_) => To::RevokePhoneCode,
        Screen::RevokeCertificate { .. } => To::RevokeCertificate,
        Screen::Revoking { .. } => To::Revoking,
        Screen::Revoked { .. } => To::Revoked,
        Screen::Maintenance(_) => To::Maintenance,
        Screen::RenewKey { .. } => To::RenewKey,
        Screen::RenewPassword { .. } => To::RenewPassword,
        Screen::RenewHolder { .. } => To::RenewHolder,
    }
}

pub(super) fn percent(size: TextSize) -> i32 {
    match size {
        TextSize::Percent100 => 100,
        TextSize::Percent125 => 125,
        TextSize::Percent150 => 150,
        TextSize::Percent200 => 200,
    }
}

pub(super) fn text_size(percent: i32) -> TextSize {
    match percent {
        200.. => TextSize::Percent200,
        150.. => TextSize::Percent150,
        125.. => TextSize::Percent125,
        _ => TextSize::Percent100,
    }
}

/// The fault table's own enumeration of languages.
pub(super) fn fault_language(language: Language) -> faults::Language {
    match language {
        Language::Kk => faults::Language::Kk,
        Language::Ru => faults::Language::Ru,
        Language::En => faults::Language::En,
    }
}
