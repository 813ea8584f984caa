//! The citizen's identity document and its chip.

use super::{Row, row};

pub(super) const NOT_GENUINE: Row = row(
    [
        "Бұл құжаттың түпнұсқалығы расталмады.",
        "Өзіңіздің басқа құжатыңызды пайдаланыңыз немесе осы құжатпен Халыққа қызмет көрсету орталығына барыңыз.",
    ],
    [
        "Подлинность этого документа не подтверждена.",
        "Воспользуйтесь другим своим документом или обратитесь с этим в Центр обслуживания населения.",
    ],
    [
        "This document could not be proven genuine.",
        "Please use another document of yours, or go to a Public Service Centre with this one.",
    ],
);

pub(super) const EXPIRED: Row = row(
    [
        "Бұл құжаттың жарамдылық мерзімі өтіп кеткен.",
        "Жарамды құжатыңызды пайдаланыңыз: жеке куәлік немесе төлқұжат.",
    ],
    [
        "Срок действия этого документа истёк.",
        "Используйте действующий документ: удостоверение личности или паспорт.",
    ],
    [
        "This document is no longer valid.",
        "Please use a valid one: your identity card or your passport.",
    ],
);

pub(super) const OF_ANOTHER: Row = row(
    [
        "Құжаттағы ЖСН сіз енгізген нөмірге сәйкес келмейді.",
        "Өзіңіздің құжатыңызды алыңыз немесе енгізген ЖСН-ді түзетіңіз.",
    ],
    [
        "ИИН в документе не совпадает с тем, который Вы ввели.",
        "Возьмите свой документ или исправьте введённый ИИН.",
    ],
    [
        "The document carries another IIN than the one you entered.",
        "Please take your own document, or correct the IIN that you entered.",
    ],
);

pub(super) const KEY_WRONG: Row = row(
    [
        "Бұл деректермен чип ашылмады.",
        "Құжатты қайта көрсетіңіз. Оқу құрылғысында дәл сол құжат жатқанын тексеріңіз.",
    ],
    [
        "С этими данными чип не открылся.",
        "Покажите документ ещё раз. Проверьте, что в считывателе лежит тот же самый документ.",
    ],
    [
        "The chip did not open with these data.",
        "Please show the document once more, and make sure that it is the one in the reader.",
    ],
);

pub(super) const WITHOUT_CHIP: Row = row(
    [
        "Бұл құжатта киоск оқи алатын чип жоқ.",
        "Чипсіз жалғастырыңыз: құжатты камераға көрсетіңіз немесе деректерін теріңіз.",
    ],
    [
        "В этом документе нет чипа, который киоск может прочитать.",
        "Продолжите без чипа: покажите документ камере или введите его данные.",
    ],
    [
        "This document has no chip that the kiosk can read.",
        "Please go on without the chip: show the document to the camera, or type its data.",
    ],
);

pub(super) const CAN_NOT_TAKEN: Row = row(
    [
        "Чип алты таңбалы нөмірмен ашылмайды.",
        "Құжатты камераға көрсетіңіз немесе машина оқитын жолдарын теріңіз.",
    ],
    [
        "Чип не открывается шестизначным номером.",
        "Покажите документ камере или введите его машиносчитываемые строки.",
    ],
    [
        "The chip does not open with the six-digit number.",
        "Please show the document to the camera, or type its machine-readable lines.",
    ],
);
