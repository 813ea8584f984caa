//! Stand-in for the gateway of 1414, and the texts that go through it.

use std::sync::Arc;

use exchange::{Language, PhoneNumber, UnixMillis, api::CodePurpose};
use rusqlite::params;

use super::{ServiceError, SmsGateway};
use crate::db::Database;

/// Keeps messages in the office's database, where `office sms list` shows them.
#[derive(Clone)]
pub struct StandInSms(Arc<Database>);

impl StandInSms {
    pub fn new(database: Arc<Database>) -> Self {
        Self(database)
    }
}

impl SmsGateway for StandInSms {
    fn send(&self, to: &PhoneNumber, text: &str) -> Result<(), ServiceError> {
        self.0
            .write(|t| {
                t.execute(
                    "INSERT INTO sms (phone, text, sent_at) VALUES (?, ?, ?)",
                    params![to.expose(), text, UnixMillis::from_system_clock().0],
                )
                .map(drop)
            })
            .map_err(|e| ServiceError::Unavailable(e.to_string()))
    }
}

/// What a code is for, as its message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFor {
    Enrol,
    Collect,
    /// Seeing and revoking one's certificates.
    Holder,
}

impl From<CodePurpose> for CodeFor {
    fn from(purpose: CodePurpose) -> Self {
        match purpose {
            CodePurpose::Enrol => Self::Enrol,
            CodePurpose::Collect => Self::Collect,
        }
    }
}

/// The message that carries a one-time code. Without a known language: Kazakh, then Russian.
pub fn code_message(
    language: Option<Language>,
    purpose: CodeFor,
    code: &str,
    lifetime_seconds: u32,
) -> String {
    let minutes = lifetime_seconds.div_ceil(60);
    let kk = || {
        let what = match purpose {
            CodeFor::Enrol => "ЭЦҚ алуға өтінім",
            CodeFor::Collect => "ЭЦҚ сертификатын алу",
            CodeFor::Holder => "ЭЦҚ сертификаттарыңызды көру және кері қайтарып алу",
        };
        format!("{code} – растау коды ({what}). {minutes} мин жарамды. Ешкімге айтпаңыз.")
    };
    let ru = || {
        let what = match purpose {
            CodeFor::Enrol => "заявка на ЭЦП",
            CodeFor::Collect => "получение сертификата ЭЦП",
            CodeFor::Holder => "просмотр и отзыв Ваших сертификатов ЭЦП",
        };
        format!(
            "{code} – код подтверждения ({what}). Действует {minutes} мин. Никому не сообщайте."
        )
    };
    let en = || {
        let what = match purpose {
            CodeFor::Enrol => "EDS application",
            CodeFor::Collect => "collecting the EDS certificate",
            CodeFor::Holder => "seeing and revoking your EDS certificates",
        };
        format!("{code} is your code ({what}). Valid for {minutes} min. Tell it to nobody.")
    };
    match language {
        Some(Language::Kk) => kk(),
        Some(Language::Ru) => ru(),
        Some(Language::En) => en(),
        None => format!("{} {}", kk(), ru()),
    }
}

/// Notice to the number a person had before. Without a known language: Kazakh, then Russian.
pub fn number_changed_message(language: Option<Language>) -> &'static str {
    match language {
        Some(Language::Kk) => {
            "Азаматтар базасындағы телефон нөміріңіз өзгертілді. Бұл сіз болмасаңыз, 1414-ке хабарласыңыз."
        }
        Some(Language::Ru) => {
            "Ваш номер телефона в базе граждан изменён. Если это были не вы, позвоните 1414."
        }
        Some(Language::En) => {
            "Your phone number in the citizens database was changed. If this was not you, call 1414."
        }
        None => {
            "Азаматтар базасындағы телефон нөміріңіз өзгертілді. Бұл сіз болмасаңыз, 1414-ке хабарласыңыз. \
             Ваш номер телефона в базе граждан изменён. Если это были не вы, позвоните 1414."
        }
    }
}

/// Notice to a holder whose certificate was revoked at a kiosk. Without a known
/// language: Kazakh, then Russian.
pub fn revoked_message(language: Option<Language>) -> &'static str {
    match language {
        Some(Language::Kk) => {
            "ЭЦҚ сертификатыңыз киоскіде кері қайтарып алынды. Бұл сіз болмасаңыз, 1414-ке хабарласыңыз."
        }
        Some(Language::Ru) => {
            "Ваш сертификат ЭЦП отозван через киоск. Если это были не вы, позвоните 1414."
        }
        Some(Language::En) => {
            "Your EDS certificate was revoked at a kiosk. If this was not you, call 1414."
        }
        None => {
            "ЭЦҚ сертификатыңыз киоскіде кері қайтарып алынды. Бұл сіз болмасаңыз, 1414-ке хабарласыңыз. \
             Ваш сертификат ЭЦП отозван через киоск. Если это были не вы, позвоните 1414."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_code_purpose_and_lifetime_once() {
        for language in Language::ALL {
            let text = code_message(Some(language), CodeFor::Enrol, "012345", 180);
            assert_eq!(text.matches("012345").count(), 1, "{text}");
            assert!(text.contains('3'), "{text}");
            let collect = code_message(Some(language), CodeFor::Collect, "012345", 180);
            assert_ne!(text, collect);
        }
        let both = code_message(None, CodeFor::Enrol, "012345", 180);
        assert!(both.contains("растау") && both.contains("подтверждения"));
    }
}
