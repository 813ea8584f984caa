//! Tokens and cards that hold keys.

use super::{Row, row};

pub(super) const TOKEN_MISSING: Row = row(
    [
        "Токен табылмады.",
        "Токенді киоскідегі ұяға салыңыз немесе басқа кілттер қоймасын таңдаңыз.",
    ],
    [
        "Токен не найден.",
        "Вставьте токен в разъём киоска или выберите другое хранилище ключей.",
    ],
    [
        "No token was found.",
        "Put your token into the kiosk's socket, or choose another key storage.",
    ],
);

pub(super) const TOKEN_PIN_WRONG: Row = row(
    [
        "Токеннің PIN-коды сәйкес келмейді.",
        "PIN-кодты қайта енгізіңіз. Бірнеше сәтсіз әрекеттен кейін токен бұғатталады.",
    ],
    [
        "PIN-код токена не подходит.",
        "Введите PIN-код ещё раз. После нескольких неудачных попыток токен заблокируется.",
    ],
    [
        "The token's PIN does not match.",
        "Please enter the PIN again. After several failed tries the token blocks itself.",
    ],
);

pub(super) const TOKEN_PIN_BLOCKED: Row = row(
    [
        "Токеннің PIN-коды бұғатталған.",
        "Басқа кілттер қоймасын таңдаңыз. Токен бұғатын оны берген ұйым шеше алады.",
    ],
    [
        "PIN-код токена заблокирован.",
        "Выберите другое хранилище ключей. Разблокировать токен может организация, которая его выдала.",
    ],
    [
        "The token's PIN is blocked.",
        "Choose another key storage. The organisation that gave you the token can unblock it.",
    ],
);

pub(super) const TOKEN_OCCUPIED: Row = row(
    [
        "Токенде басқа кілттер бар.",
        "Киоск оларды өшірмейді. Басқа токенді салыңыз немесе басқа кілттер қоймасын таңдаңыз.",
    ],
    [
        "На токене уже есть другие ключи.",
        "Киоск их не удалит. Вставьте другой токен или выберите другое хранилище ключей.",
    ],
    [
        "The token already holds other keys.",
        "The kiosk will not erase them. Put in another token, or choose another key storage.",
    ],
);

pub(super) const TOKEN_FAILED: Row = row(
    [
        "Токенге жазу мүмкін болмады.",
        "Басқа кілттер қоймасын таңдаңыз. Техник: токен ұясы мен токен драйверін тексеріңіз.",
    ],
    [
        "Не удалось записать на токен.",
        "Выберите другое хранилище ключей. Технику: проверьте разъём и драйвер токена.",
    ],
    [
        "The token could not be written.",
        "Choose another key storage. Technician: check the token socket and the token's driver.",
    ],
);

pub(super) const TOKEN_PULLED: Row = row(
    [
        "Токен жұмыс кезінде суырып алынды.",
        "Сол токенді қайта салыңыз. Бастағанымыз сақталды, жалғастыра аламыз.",
    ],
    [
        "Токен вынули во время работы.",
        "Вставьте тот же токен снова. Начатое сохранено, можно продолжить.",
    ],
    [
        "The token was pulled out while in use.",
        "Put the same token in again. What was begun is kept, and we can go on.",
    ],
);

pub(super) const TOKEN_PIN_DEFAULT: Row = row(
    [
        "Токенде әлі зауыттық PIN-код тұр.",
        "Жаңа PIN-код ойлап табыңыз. Зауыттық PIN-код бәріне белгілі.",
    ],
    [
        "На токене ещё заводской PIN-код.",
        "Придумайте новый PIN-код. Заводской PIN-код известен всем.",
    ],
    [
        "The token still has the PIN it came with.",
        "Choose a new PIN. The one it came with is known to everybody.",
    ],
);

pub(super) const TOKEN_PIN_RULE: Row = row(
    [
        "Бұл PIN-код токенге сәйкес келмейді.",
        "Токен ережесіне сай басқа PIN-код таңдаңыз: 6-8 цифр, бірдей цифрлардан емес.",
    ],
    [
        "Такой PIN-код токен не принимает.",
        "Выберите другой PIN-код по правилам токена: 6-8 цифр, не все одинаковые.",
    ],
    [
        "The token does not take this PIN.",
        "Choose another one by the token's rules: 6 to 8 digits, not all the same.",
    ],
);

pub(super) const TOKEN_PUK_WRONG: Row = row(
    [
        "PUK-код сәйкес келмейді.",
        "PUK-кодты қайта енгізіңіз. Бірнеше сәтсіз әрекеттен кейін токенді ашу мүмкін болмайды.",
    ],
    [
        "PUK-код не подходит.",
        "Введите PUK-код ещё раз. После нескольких неудачных попыток токен нельзя будет разблокировать.",
    ],
    [
        "The PUK does not match.",
        "Please enter the PUK again. After several failed tries the token can no longer be unblocked.",
    ],
);

pub(super) const TOKEN_PUK_BLOCKED: Row = row(
    [
        "PUK-код бұғатталған, токенді мұнда ашу мүмкін емес.",
        "Басқа кілттер қоймасын таңдаңыз. Токенді оны берген ұйымға апарыңыз.",
    ],
    [
        "PUK-код заблокирован, здесь токен не разблокировать.",
        "Выберите другое хранилище ключей. С токеном обратитесь в организацию, которая его выдала.",
    ],
    [
        "The PUK is blocked; the token cannot be unblocked here.",
        "Choose another key storage. Take the token to the organisation that gave it to you.",
    ],
);

pub(super) const TOKEN_FULL: Row = row(
    [
        "Токенде бос орын жоқ.",
        "Басқа токенді салыңыз немесе басқа кілттер қоймасын таңдаңыз.",
    ],
    [
        "На токене нет свободного места.",
        "Вставьте другой токен или выберите другое хранилище ключей.",
    ],
    [
        "The token has no space left.",
        "Put in another token, or choose another key storage.",
    ],
);

pub(super) const TOKEN_READ_ONLY: Row = row(
    [
        "Бұл токенге жазуға болмайды.",
        "Басқа токенді салыңыз немесе басқа кілттер қоймасын таңдаңыз.",
    ],
    [
        "На этот токен нельзя записать.",
        "Вставьте другой токен или выберите другое хранилище ключей.",
    ],
    [
        "This token cannot be written to.",
        "Put in another token, or choose another key storage.",
    ],
);

pub(super) const TOKEN_UNKNOWN: Row = row(
    [
        "Киоск токеннің бұл түрін танымайды.",
        "Басқа токенді салыңыз немесе басқа кілттер қоймасын таңдаңыз.",
    ],
    [
        "Киоск не знает такой токен.",
        "Вставьте другой токен или выберите другое хранилище ключей.",
    ],
    [
        "The kiosk does not know this kind of token.",
        "Put in another token, or choose another key storage.",
    ],
);

pub(super) const TOKEN_MANAGEMENT_KEY: Row = row(
    [
        "Токеннің басқару кілті өзгертілген, сондықтан киоск оған жаза алмайды.",
        "Басқа токенді салыңыз немесе токенді берген ұйымға хабарласыңыз.",
    ],
    [
        "Ключ управления токеном изменён, поэтому киоск не может записать на него.",
        "Вставьте другой токен или обратитесь в организацию, которая его выдала.",
    ],
    [
        "The token's management key was changed, so the kiosk cannot write to it.",
        "Put in another token, or ask the organisation that gave it to you.",
    ],
);

pub(super) const TOKEN_SEVERAL: Row = row(
    [
        "Киоскіге бірнеше токен салынған.",
        "Тек өз токеніңізді қалдырып, басқаларын алып тастаңыз.",
    ],
    [
        "В киоск вставлено несколько токенов.",
        "Оставьте только свой токен, остальные выньте.",
    ],
    [
        "More than one token is in the kiosk.",
        "Leave only your own token in, and take the others out.",
    ],
);

pub(super) const WRITER_SILENT: Row = row(
    [
        "Токен ұясы жауап бермей тұр.",
        "Кілтті USB-жинақтағышқа сақтауға болады. Техник: токен жазу құрылғысының кабелі мен қуатын тексеріңіз.",
    ],
    [
        "Разъём для токенов не отвечает.",
        "Ключ можно сохранить на USB-накопитель. Технику: проверьте кабель и питание устройства записи токенов.",
    ],
    [
        "The place for tokens does not answer.",
        "You can keep your key on a USB drive instead. Technician: check the token writer's cable and power.",
    ],
);
