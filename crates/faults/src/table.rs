//! The texts, by area. Written to be read by a citizen who stands alone at the
//! kiosk: what is wrong, what to do now. Where a technician must come, the
//! remedy says first what the citizen can do, then what the technician does.

mod application;
mod devices;
mod document;
mod kiosk;
mod link;
mod storage;
mod token;

use crate::{Fault, FaultText, Language};

/// One fault in the three languages.
struct Row {
    kk: FaultText,
    ru: FaultText,
    en: FaultText,
}

/// Each language: cause, remedy.
const fn row(kk: [&'static str; 2], ru: [&'static str; 2], en: [&'static str; 2]) -> Row {
    const fn text([cause, remedy]: [&'static str; 2]) -> FaultText {
        FaultText { cause, remedy }
    }
    Row {
        kk: text(kk),
        ru: text(ru),
        en: text(en),
    }
}

pub(crate) fn text(fault: Fault, language: Language) -> FaultText {
    let row = row_of(fault);
    match language {
        Language::Kk => row.kk,
        Language::Ru => row.ru,
        Language::En => row.en,
    }
}

fn row_of(fault: Fault) -> Row {
    match fault {
        Fault::CameraMissing => devices::CAMERA_MISSING,
        Fault::CameraBlack => devices::CAMERA_BLACK,
        Fault::CameraFrozen => devices::CAMERA_FROZEN,
        Fault::CameraSlow => devices::CAMERA_SLOW,
        Fault::ReaderMissing => devices::READER_MISSING,
        Fault::CardServiceDown => devices::CARD_SERVICE_DOWN,
        Fault::CardSilent => devices::CARD_SILENT,
        Fault::CardPulled => devices::CARD_PULLED,
        Fault::CardUnreadable => devices::CARD_UNREADABLE,
        Fault::CardTampered => devices::CARD_TAMPERED,
        Fault::WorkerDied => devices::WORKER_DIED,
        Fault::PanelMissing => devices::PANEL_MISSING,
        Fault::DocumentNotGenuine => document::NOT_GENUINE,
        Fault::DocumentExpired => document::EXPIRED,
        Fault::DocumentOfAnother => document::OF_ANOTHER,
        Fault::DocumentKeyWrong => document::KEY_WRONG,
        Fault::DocumentWithoutChip => document::WITHOUT_CHIP,
        Fault::DocumentCanNotTaken => document::CAN_NOT_TAKEN,
        Fault::UsbMissing => storage::USB_MISSING,
        Fault::UsbPulled => storage::USB_PULLED,
        Fault::UsbFull => storage::USB_FULL,
        Fault::UsbReadOnly => storage::USB_READ_ONLY,
        Fault::UsbFailed => storage::USB_FAILED,
        Fault::FileTooLarge => storage::FILE_TOO_LARGE,
        Fault::FileWrongType => storage::FILE_WRONG_TYPE,
        Fault::FileDamaged => storage::FILE_DAMAGED,
        Fault::FileUnreadable => storage::FILE_UNREADABLE,
        Fault::TokenMissing => token::TOKEN_MISSING,
        Fault::TokenPinWrong => token::TOKEN_PIN_WRONG,
        Fault::TokenPinBlocked => token::TOKEN_PIN_BLOCKED,
        Fault::TokenOccupied => token::TOKEN_OCCUPIED,
        Fault::TokenFailed => token::TOKEN_FAILED,
        Fault::TokenPulled => token::TOKEN_PULLED,
        Fault::TokenPinDefault => token::TOKEN_PIN_DEFAULT,
        Fault::TokenPinRule => token::TOKEN_PIN_RULE,
        Fault::TokenPukWrong => token::TOKEN_PUK_WRONG,
        Fault::TokenPukBlocked => token::TOKEN_PUK_BLOCKED,
        Fault::TokenFull => token::TOKEN_FULL,
        Fault::TokenReadOnly => token::TOKEN_READ_ONLY,
        Fault::TokenUnknown => token::TOKEN_UNKNOWN,
        Fault::TokenManagementKey => token::TOKEN_MANAGEMENT_KEY,
        Fault::TokenSeveral => token::TOKEN_SEVERAL,
        Fault::WriterSilent => token::WRITER_SILENT,
        Fault::KeyPendingMissing => storage::KEY_PENDING_MISSING,
        Fault::KeyPasswordWrong => storage::KEY_PASSWORD_WRONG,
        Fault::KeyFileDamaged => storage::KEY_FILE_DAMAGED,
        Fault::KeyGenerationFailed => storage::KEY_GENERATION_FAILED,
        Fault::KeyTestFailed => storage::KEY_TEST_FAILED,
        Fault::OfficeUnreachable => link::OFFICE_UNREACHABLE,
        Fault::OfficeUntrusted => link::OFFICE_UNTRUSTED,
        Fault::OfficeRefused => link::OFFICE_REFUSED,
        Fault::CaptivePortal => link::CAPTIVE_PORTAL,
        Fault::KioskRevoked => link::KIOSK_REVOKED,
        Fault::NotProvisioned => link::NOT_PROVISIONED,
        Fault::NoAddress => link::NO_ADDRESS,
        Fault::NoNameResolution => link::NO_NAME_RESOLUTION,
        Fault::OfficeCertificateExpired => link::OFFICE_CERTIFICATE_EXPIRED,
        Fault::CodesFrozen => link::CODES_FROZEN,
        Fault::CodeNotSent => link::CODE_NOT_SENT,
        Fault::DiskFull => kiosk::DISK_FULL,
        Fault::DiskFailed => kiosk::DISK_FAILED,
        Fault::DiskReadOnly => kiosk::DISK_READ_ONLY,
        Fault::DiskOfAnotherBoard => kiosk::DISK_OF_ANOTHER_BOARD,
        Fault::DiskContentsDamaged => kiosk::DISK_CONTENTS_DAMAGED,
        Fault::QueueDamaged => kiosk::QUEUE_DAMAGED,
        Fault::QueueFull => kiosk::QUEUE_FULL,
        Fault::QueueStale => kiosk::QUEUE_STALE,
        Fault::SubmissionQuarantined => kiosk::SUBMISSION_QUARANTINED,
        Fault::QueueRebuilt => kiosk::QUEUE_REBUILT,
        Fault::SealingImpossible => kiosk::SEALING_IMPOSSIBLE,
        Fault::DeviceKeyFailed => kiosk::DEVICE_KEY_FAILED,
        Fault::ClockDoubtful => kiosk::CLOCK_DOUBTFUL,
        Fault::ClockWrong => kiosk::CLOCK_WRONG,
        Fault::ConfigurationBad => kiosk::CONFIGURATION_BAD,
        Fault::UpdateFailed => kiosk::UPDATE_FAILED,
        Fault::Internal => kiosk::INTERNAL,
        Fault::KioskWillNotStart => kiosk::WILL_NOT_START,
        Fault::LivenessFailed => application::LIVENESS_FAILED,
        Fault::LivenessBlocked => application::LIVENESS_BLOCKED,
        Fault::ApplicationRejected => application::APPLICATION_REJECTED,
        Fault::ApplicationUnknown => application::APPLICATION_UNKNOWN,
        Fault::AuthorityFailed => application::AUTHORITY_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{Fault, Language, Recovery};

    const LANGUAGES: [Language; 3] = [Language::Kk, Language::Ru, Language::En];

    fn texts() -> impl Iterator<Item = (Fault, Language, &'static str)> {
        Fault::ALL.iter().flat_map(|&fault| {
            LANGUAGES.into_iter().flat_map(move |language| {
                let text = fault.text(language);
                [text.cause, text.remedy].map(|t| (fault, language, t))
            })
        })
    }

    fn cyrillic(c: char) -> bool {
        matches!(c, 'А'..='я' | 'Ё' | 'ё') || "ӘәҒғҚқҢңӨөҰұҮүҺһІі".contains(c)
    }

    /// What the embedded font (Golos Text) draws and a plain sentence needs.
    fn drawable(c: char) -> bool {
        cyrillic(c) || c.is_ascii_alphanumeric() || " .,:;-'()/+«»".contains(c)
    }

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for fault in Fault::ALL {
            let code = fault.code().as_bytes();
            assert_eq!(code.len(), 6, "{fault}");
            assert!(code[..3].iter().all(u8::is_ascii_uppercase), "{fault}");
            assert_eq!(code[3], b'-', "{fault}");
            assert!(code[4..].iter().all(u8::is_ascii_digit), "{fault}");
            assert!(seen.insert(fault.code()), "{fault} twice");
            assert_eq!(Fault::from_code(fault.code()), Some(*fault));
        }
        assert_eq!(Fault::from_code("CAM-99"), None);
    }

    #[test]
    fn texts_are_short_whole_sentences() {
        for (fault, language, text) in texts() {
            assert_eq!(text.trim(), text, "{fault} {language:?}");
            assert!(text.ends_with('.'), "{fault} {language:?}: {text}");
            assert!(
                text.chars().next().is_some_and(|c| !c.is_lowercase()),
                "{fault} {language:?}: {text}"
            );
            assert!(!text.contains("  "), "{fault} {language:?}: {text}");
            let length = text.chars().count();
            assert!(length <= 160, "{fault} {language:?}: {length} characters");
        }
        for fault in Fault::ALL {
            for language in LANGUAGES {
                // A cause shares its line with the code.
                let length = fault.text(language).cause.chars().count();
                assert!(length <= 90, "{fault} {language:?}: {length} characters");
            }
        }
    }

    #[test]
    fn every_letter_can_be_drawn() {
        for (fault, language, text) in texts() {
            for c in text.chars() {
                assert!(drawable(c), "{fault} {language:?}: {c:?} in {text}");
            }
        }
    }

    #[test]
    fn each_language_keeps_to_its_script() {
        for (fault, language, text) in texts() {
            let cyrillic_letters = text.chars().filter(|&c| cyrillic(c)).count();
            if language == Language::En {
                assert_eq!(cyrillic_letters, 0, "{fault}: {text}");
                continue;
            }
            let latin = text.chars().filter(char::is_ascii_alphabetic).count();
            assert!(
                cyrillic_letters > latin,
                "{fault} {language:?} is not Cyrillic: {text}"
            );
            // A Latin look-alike inside a Cyrillic word reads right and is wrong.
            for word in text.split(|c: char| !c.is_alphabetic()) {
                assert!(
                    word.chars().all(cyrillic) || !word.chars().any(cyrillic),
                    "{fault} {language:?}: mixed scripts in {word:?}"
                );
            }
        }
    }

    #[test]
    fn kazakh_and_russian_are_not_each_other() {
        let mut kazakh_letters = 0;
        for fault in Fault::ALL {
            let [kk, ru] = [Language::Kk, Language::Ru].map(|l| fault.text(l));
            assert_ne!(kk.cause, ru.cause, "{fault}");
            assert_ne!(kk.remedy, ru.remedy, "{fault}");
            for text in [ru.cause, ru.remedy] {
                assert!(
                    !text.contains(|c| "ӘәҒғҚқҢңӨөҰұҮүҺһІі".contains(c)),
                    "{fault}: {text}"
                );
            }
            kazakh_letters += usize::from(kk.remedy.contains(|c| "әғқңөұүһі".contains(c)));
        }
        assert_eq!(kazakh_letters, Fault::ALL.len());
    }

    #[test]
    fn a_technician_is_told_what_to_do_exactly_where_one_must_come() {
        for fault in Fault::ALL {
            for (language, word) in
                LANGUAGES
                    .into_iter()
                    .zip(["Техник:", "Технику:", "Technician:"])
            {
                assert_eq!(
                    fault.text(language).remedy.contains(word),
                    fault.recovery() == Recovery::Technician,
                    "{fault} {language:?}"
                );
            }
        }
    }
}
