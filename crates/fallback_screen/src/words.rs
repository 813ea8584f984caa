//! What the screen says beside the table of faults, in the three languages.

use faults::Language;
use steward::Reason;

use crate::drives::{Outcome, Work};
use crate::letters::NO_BREAK;

/// Kazakh first.
pub const LANGUAGES: [Language; 3] = [Language::Kk, Language::Ru, Language::En];

fn one(language: Language, [kk, ru, en]: [&str; 3]) -> &str {
    match language {
        Language::Kk => kk,
        Language::Ru => ru,
        Language::En => en,
    }
}

pub fn out_of_service(language: Language) -> &'static str {
    one(
        language,
        [
            "Киоск жұмыс істемейді",
            "Киоск не работает",
            "Out of service",
        ],
    )
}

pub fn call(language: Language, phone: &str) -> String {
    let words = [
        "Қоңырау шалып, кодты айтыңыз:",
        "Позвоните и назовите код:",
        "Call and say the code:",
    ];
    // A number is read in one line.
    let phone = phone.replace(' ', &NO_BREAK.to_string());
    format!("{} {phone}", one(language, words))
}

/// `time`: on this kiosk's clock, `14:05`.
pub fn next_try(language: Language, time: &str) -> String {
    let words = [
        "Келесі іске қосу әрекеті:",
        "Следующая попытка запуска:",
        "Next try to start:",
    ];
    format!("{} {time}", one(language, words))
}

/// What is done with a technician's drive.
pub fn outcome(language: Language, outcome: &Outcome) -> String {
    match outcome {
        Outcome::TakeOut => one(
            language,
            [
                "USB-жинақтағышты алып, қайта салыңыз.",
                "Выньте USB-накопитель и вставьте снова.",
                "Take the USB drive out and put it in again.",
            ],
        )
        .into(),
        Outcome::Doing { work, percent } => doing(language, *work, *percent),
        Outcome::LogsWritten { .. } => one(
            language,
            [
                "Журнал жазылды. USB-жинақтағышты алуға болады.",
                "Журнал записан. USB-накопитель можно вынуть.",
                "The journal is written. You can take the USB drive out.",
            ],
        )
        .into(),
        Outcome::Installed => one(
            language,
            [
                "Жаңарту орнатылды. Киоск қайта қосылады.",
                "Обновление установлено. Киоск перезапускается.",
                "The update is installed. The kiosk restarts.",
            ],
        )
        .into(),
        Outcome::Unreachable { .. } => one(
            language,
            [
                "USB-жинақтағышпен жұмыс істейтін қызмет жауап бермейді.",
                "Служба для работы с USB-накопителем не отвечает.",
                "The service that works with USB drives does not answer.",
            ],
        )
        .into(),
        Outcome::Refused { work, reason, .. } => refused(language, *work, *reason).into(),
    }
}

fn doing(language: Language, work: Work, percent: u8) -> String {
    match (work, language) {
        (Work::Logs, Language::Kk) => "Журнал жазылуда. USB-жинақтағышты алмаңыз.".into(),
        (Work::Logs, Language::Ru) => "Записывается журнал. Не вынимайте USB-накопитель.".into(),
        (Work::Logs, Language::En) => "Writing the journal. Leave the USB drive in.".into(),
        (Work::Update, Language::Kk) => {
            format!("Жаңарту орнатылуда: {percent}%. USB-жинақтағышты алмаңыз.")
        }
        (Work::Update, Language::Ru) => {
            format!("Устанавливается обновление: {percent}%. Не вынимайте USB-накопитель.")
        }
        (Work::Update, Language::En) => {
            format!("Installing the update: {percent}%. Leave the USB drive in.")
        }
    }
}

fn refused(language: Language, work: Work, reason: Reason) -> &'static str {
    let words = match (work, reason) {
        (_, Reason::SeveralBundles) => [
            "USB-жинақтағышта бірнеше жаңарту бар: біреуін ғана қалдырыңыз.",
            "На USB-накопителе несколько обновлений: оставьте одно.",
            "There are several updates on the USB drive: leave one.",
        ],
        (_, Reason::NoSpace | Reason::BundleTooLarge | Reason::Storage) => [
            "Киоск жадында орын жетпейді немесе диск істемейді.",
            "В памяти киоска не хватает места или диск не работает.",
            "The kiosk's own disk has no space or does not work.",
        ],
        (_, Reason::NoSuchDrive | Reason::DriveFailed) => [
            "USB-жинақтағышты оқу немесе оған жазу мүмкін болмады.",
            "USB-накопитель не удалось прочитать или записать.",
            "The USB drive could not be read or written.",
        ],
        (Work::Update, Reason::Older) => [
            "Жаңарту қабылданбады: ол киосктағы нұсқадан ескі.",
            "Обновление не принято: оно старее версии на киоске.",
            "The update was not accepted: it is older than the kiosk's version.",
        ],
        (Work::Update, Reason::ProgramFailed) => [
            "Жаңарту қабылданбады: файл зақымдалған немесе қолтаңбасы жарамсыз.",
            "Обновление не принято: файл повреждён или его подпись недействительна.",
            "The update was not accepted: it is damaged or its signature is not valid.",
        ],
        (Work::Update, _) => [
            "Жаңарту орнатылмады.",
            "Обновление не установлено.",
            "The update was not installed.",
        ],
        (Work::Logs, _) => [
            "Журнал жазылмады.",
            "Журнал не записан.",
            "The journal was not written.",
        ],
    };
    one(language, words)
}
