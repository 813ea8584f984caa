//! The application: video identification, decision, certificate.

use super::{Row, row};

pub(super) const LIVENESS_FAILED: Row = row(
    [
        "Бейнесәйкестендіру аяқталмады.",
        "Қайталап көріңіз: бетіңізді шеңбердің ішінде ұстап, нұсқауларды асықпай орындаңыз.",
    ],
    [
        "Видеоидентификация не завершена.",
        "Попробуйте ещё раз: держите лицо в круге и не спеша выполняйте указания на экране.",
    ],
    [
        "Video identification was not completed.",
        "Please try again: keep your face inside the circle and follow the prompts without hurry.",
    ],
);

pub(super) const LIVENESS_BLOCKED: Row = row(
    [
        "Бейнесәйкестендіру уақытша тоқтатылды.",
        "Экранда көрсетілген уақыт өткен соң қайталап көріңіз немесе Халыққа қызмет көрсету орталығына барыңыз.",
    ],
    [
        "Видеоидентификация временно приостановлена.",
        "Повторите, когда пройдёт время, показанное на экране, или обратитесь в центр обслуживания населения.",
    ],
    [
        "Video identification is paused.",
        "Please try again when the time shown on the screen has passed, or visit a Public Service Centre.",
    ],
);

pub(super) const APPLICATION_REJECTED: Row = row(
    [
        "Өтінім мақұлданбады.",
        "Себебі экранда көрсетілген. Соны ескеріп, жаңа өтінім бере аласыз.",
    ],
    [
        "Заявка не одобрена.",
        "Причина указана на экране. Вы можете подать новую заявку с её учётом.",
    ],
    [
        "The application was not approved.",
        "The reason is shown on the screen. You can apply again with it in mind.",
    ],
);

pub(super) const APPLICATION_UNKNOWN: Row = row(
    [
        "Мұндай деректері бар өтінім табылмады.",
        "Түбіртектегі кодты қайта тексеріңіз. Өтінім әлі орталыққа жетпеген болса, кейінірек келіңіз.",
    ],
    [
        "Заявка с такими данными не найдена.",
        "Сверьте код с квитанцией. Если заявка ещё не дошла до центра, придите позже.",
    ],
    [
        "No application with these details was found.",
        "Compare the code with your receipt. If the application has not reached the office yet, come back later.",
    ],
);

pub(super) const AUTHORITY_FAILED: Row = row(
    [
        "Тіркеу куәлігі әзірге шығарылмады.",
        "Өтініміңіз сақтаулы. Кейінірек кез келген киоскіге түбіртектегі кодпен келіңіз.",
    ],
    [
        "Регистрационное свидетельство пока не выпущено.",
        "Ваша заявка сохранена. Придите позже к любому киоску с кодом из квитанции.",
    ],
    [
        "The registration certificate has not been issued yet.",
        "Your application is kept. Please come to any kiosk later with the code of your receipt.",
    ],
);
