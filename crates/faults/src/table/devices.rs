//! Camera, card reader, the worker that drives them, and the status panel.

use super::{Row, row};

pub(super) const CAMERA_MISSING: Row = row(
    [
        "Киоск камераны таппай тұр.",
        "Басқа киоскіні пайдаланыңыз. Техник: камераның кабелі мен қуатын тексеріңіз.",
    ],
    [
        "Киоск не находит камеру.",
        "Пожалуйста, воспользуйтесь другим киоском. Технику: проверьте кабель и питание камеры.",
    ],
    [
        "The kiosk cannot find its camera.",
        "Please use another kiosk. Technician: check the camera's cable and power.",
    ],
);

pub(super) const CAMERA_BLACK: Row = row(
    [
        "Камерадан ештеңе көрінбей тұр.",
        "Камераның алдында бір зат болса, алып тастаңыз. Көмектеспесе, басқа киоскіні пайдаланыңыз.",
    ],
    [
        "Камера ничего не видит.",
        "Если камера чем-то закрыта, откройте её. Если не поможет, воспользуйтесь другим киоском.",
    ],
    [
        "The camera sees only darkness.",
        "If something covers the camera, please take it away. If that does not help, use another kiosk.",
    ],
);

pub(super) const CAMERA_FROZEN: Row = row(
    [
        "Камерадағы сурет қозғалмай қалды.",
        "Камера қайта қосылып жатыр. Бірнеше секунд күте тұрыңыз: енгізген деректеріңіз жоғалмайды.",
    ],
    [
        "Изображение с камеры застыло.",
        "Камера перезапускается. Подождите несколько секунд: введённые данные не потеряются.",
    ],
    [
        "The camera picture has frozen.",
        "The camera is restarting. Please wait a few seconds; nothing you entered is lost.",
    ],
);

pub(super) const CAMERA_SLOW: Row = row(
    [
        "Камера суретті тым баяу береді.",
        "Басқа киоскіні пайдаланыңыз. Техник: камераны USB портына тікелей қосып, кабелін тексеріңіз.",
    ],
    [
        "Камера передаёт изображение слишком медленно.",
        "Пожалуйста, воспользуйтесь другим киоском. Технику: подключите камеру прямо к порту USB, проверьте кабель.",
    ],
    [
        "The camera delivers its picture too slowly.",
        "Please use another kiosk. Technician: connect the camera directly to a USB port and check the cable.",
    ],
);

pub(super) const READER_MISSING: Row = row(
    [
        "Киоск карта оқу құрылғысын таппай тұр.",
        "Құжат деректерін экранда енгізуге болады. Техник: карта оқу құрылғысының кабелін тексеріңіз.",
    ],
    [
        "Киоск не находит считыватель карт.",
        "Данные документа можно ввести на экране. Технику: проверьте кабель считывателя карт.",
    ],
    [
        "The kiosk cannot find its card reader.",
        "You can type in the document's data instead. Technician: check the card reader's cable.",
    ],
);

pub(super) const CARD_SERVICE_DOWN: Row = row(
    [
        "Карта оқу қызметі жауап бермей тұр.",
        "Ол қайта іске қосылып жатыр. Бір минут күтіңіз немесе құжат деректерін экранда енгізіңіз.",
    ],
    [
        "Служба чтения карт не отвечает.",
        "Она перезапускается. Подождите минуту или введите данные документа на экране.",
    ],
    [
        "The card reading service does not answer.",
        "It is restarting. Please wait a minute, or type in the document's data.",
    ],
);

pub(super) const CARD_SILENT: Row = row(
    [
        "Карта жауап бермей тұр.",
        "Картаны алып, чипін сүртіңіз де, чипін алға қаратып қайта салыңыз. Көмектеспесе, деректерді экранда енгізіңіз.",
    ],
    [
        "Карта не отвечает.",
        "Выньте карту, протрите чип и вставьте её снова чипом вперёд. Если не поможет, введите данные на экране.",
    ],
    [
        "The card does not answer.",
        "Take the card out, wipe its chip and insert it again, chip first. If that does not help, type in the data.",
    ],
);

pub(super) const CARD_PULLED: Row = row(
    [
        "Карта оқылып бітпей алынды.",
        "Картаны қайта салыңыз да, оқылып біткенше қозғамаңыз.",
    ],
    [
        "Карта вынута до окончания чтения.",
        "Вставьте карту снова и не трогайте её, пока чтение не закончится.",
    ],
    [
        "The card came out before reading was finished.",
        "Insert the card again and leave it there until reading is finished.",
    ],
);

pub(super) const CARD_UNREADABLE: Row = row(
    [
        "Картаны оқу мүмкін болмады.",
        "Картаны қайта салып көріңіз немесе құжат деректерін экранда енгізіңіз.",
    ],
    [
        "Не удалось прочитать карту.",
        "Попробуйте вставить карту ещё раз или введите данные документа на экране.",
    ],
    [
        "The card could not be read.",
        "Please try the card once more, or type in the document's data.",
    ],
);

pub(super) const CARD_TAMPERED: Row = row(
    [
        "Чиптен келген деректер жолда бұрмаланды.",
        "Картаны алып, қайта салыңыз. Тағы қайталанса, басқа киоскіні пайдаланыңыз.",
    ],
    [
        "Данные чипа искажены по пути.",
        "Выньте карту и вставьте её снова. Если это повторится, воспользуйтесь другим киоском.",
    ],
    [
        "The chip's data were altered on their way.",
        "Take the card out and insert it again. If it happens once more, please use another kiosk.",
    ],
);

pub(super) const WORKER_DIED: Row = row(
    [
        "Құрылғылармен жұмыс істейтін бағдарлама қайта іске қосылып жатыр.",
        "Бірнеше секунд күтіп, әрекетті қайталаңыз. Енгізген деректеріңіз жоғалмайды.",
    ],
    [
        "Программа, работающая с устройствами, перезапускается.",
        "Подождите несколько секунд и повторите действие. Введённые данные не потеряются.",
    ],
    [
        "The program that drives the devices is restarting.",
        "Please wait a few seconds and try again. Nothing you entered is lost.",
    ],
);

pub(super) const PANEL_MISSING: Row = row(
    [
        "Киоск сыртындағы күй таблосы жауап бермей тұр.",
        "Барлық қызмет бұрынғыдай қолжетімді. Техник: таблоның кабелін және I2C шинасын тексеріңіз.",
    ],
    [
        "Табло состояния на корпусе киоска не отвечает.",
        "Все услуги доступны как обычно. Технику: проверьте кабель табло и шину I2C.",
    ],
    [
        "The status panel on the outside of the kiosk does not answer.",
        "Everything works as usual. Technician: check the panel's cable and the I2C bus.",
    ],
);
