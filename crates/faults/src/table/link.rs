//! The link to the office, and the phone codes that come through it.

use super::{Row, row};

pub(super) const OFFICE_UNREACHABLE: Row = row(
    [
        "Орталықпен байланыс жоқ.",
        "Өтінім беруге болады: ол сақталып, байланыс қалпына келгенде жіберіледі. Сертификатты кейін аласыз.",
    ],
    [
        "Нет связи с центром.",
        "Заявку подать можно: она сохранится и уйдёт, когда связь вернётся. Сертификат Вы получите позже.",
    ],
    [
        "There is no link to the central office.",
        "You can still apply: it is kept safe and sent when the link is back. You collect the certificate later.",
    ],
);

pub(super) const OFFICE_UNTRUSTED: Row = row(
    [
        "Орталық сервердің түпнұсқалығы расталмады.",
        "Деректеріңіз оған жіберілген жоқ. Басқа киоскіні пайдаланыңыз. Техник: желіні, сағатты және орталық сертификатын тексеріңіз.",
    ],
    [
        "Подлинность сервера центра не подтверждена.",
        "Ваши данные ему не отправлены. Воспользуйтесь другим киоском. Технику: проверьте сеть, часы и сертификат центра.",
    ],
    [
        "The server of the central office could not prove that it is genuine.",
        "Your data was not sent to it. Please use another kiosk. Technician: check network, clock and office certificate.",
    ],
);

pub(super) const OFFICE_REFUSED: Row = row(
    [
        "Орталық бұл сұрауды қабылдамады.",
        "Қайталап көріңіз. Көмектеспесе, киоскіде жазылған нөмірге қоңырау шалып, осы кодты айтыңыз.",
    ],
    [
        "Центр не принял этот запрос.",
        "Попробуйте ещё раз. Если не поможет, позвоните по номеру на киоске и назовите этот код.",
    ],
    [
        "The central office did not accept this request.",
        "Please try again. If that does not help, call the number on the kiosk and say this code.",
    ],
);

pub(super) const CAPTIVE_PORTAL: Row = row(
    [
        "Желі алдымен веб-бет арқылы кіруді талап етіп тұр.",
        "Өтінім беруге болады: ол кейін жіберіледі. Техник: желіге веб-бет арқылы кіріңіз немесе басқа желіні таңдаңыз.",
    ],
    [
        "Сеть требует входа через веб-страницу.",
        "Заявку подать можно: она уйдёт позже. Технику: войдите в сеть через её веб-страницу или выберите другую сеть.",
    ],
    [
        "The network asks for a sign-in on a web page.",
        "You can still apply: it is sent later. Technician: sign in to the network, or choose another one.",
    ],
);

pub(super) const KIOSK_REVOKED: Row = row(
    [
        "Бұл киоск орталықтан ажыратылған.",
        "Басқа киоскіні пайдаланыңыз. Өтінімді осында берген болсаңыз, киоскіде жазылған нөмірге қоңырау шалыңыз.",
    ],
    [
        "Этот киоск отключён центром.",
        "Воспользуйтесь другим киоском. Если Вы подавали заявку здесь, позвоните по номеру на киоске.",
    ],
    [
        "The central office has disconnected this kiosk.",
        "Please use another kiosk. If you applied here, call the number on the kiosk.",
    ],
);

pub(super) const NOT_PROVISIONED: Row = row(
    [
        "Бұл киоск орталыққа әлі қосылмаған.",
        "Басқа киоскіні пайдаланыңыз. Техник: орталық берген бір реттік кодпен киоскіні қосыңыз.",
    ],
    [
        "Этот киоск ещё не подключён к центру.",
        "Воспользуйтесь другим киоском. Технику: подключите киоск одноразовым кодом, который выдал центр.",
    ],
    [
        "This kiosk is not yet connected to the central office.",
        "Please use another kiosk. Technician: connect it with the one-time token given by the office.",
    ],
);

pub(super) const NO_ADDRESS: Row = row(
    [
        "Киоск желіге қосылмаған.",
        "Өтінім беруге болады: ол сақталып, кейін жіберіледі. Техник: желі кабелін, маршрутизаторды және мекенжай баптауын тексеріңіз.",
    ],
    [
        "Киоск не подключён к сети.",
        "Заявку подать можно: она сохранится и уйдёт позже. Технику: проверьте сетевой кабель, маршрутизатор и настройки адреса.",
    ],
    [
        "The kiosk is not connected to the network.",
        "You can still apply: it is kept and sent later. Technician: check the network cable, the router and the address settings.",
    ],
);

pub(super) const NO_NAME_RESOLUTION: Row = row(
    [
        "Орталық сервер желіде аты бойынша табылмай тұр.",
        "Өтінім беруге болады: ол сақталып, кейін жіберіледі. Техник: DNS баптауын және орталық сервердің атын тексеріңіз.",
    ],
    [
        "Сеть не находит сервер центра по имени.",
        "Заявку подать можно: она сохранится и уйдёт позже. Технику: проверьте настройки DNS и имя сервера центра.",
    ],
    [
        "The network does not find the central office's server by its name.",
        "You can still apply: it is kept and sent later. Technician: check the DNS settings and the office's host name.",
    ],
);

pub(super) const OFFICE_CERTIFICATE_EXPIRED: Row = row(
    [
        "Орталық сервер сертификатының мерзімі өтіп кеткен.",
        "Өтінім беруге болады: ол сақталып, орталық сервердің сертификаты жаңартылған соң жіберіледі.",
    ],
    [
        "Срок действия сертификата сервера центра истёк.",
        "Заявку подать можно: она сохранится и уйдёт, когда центр обновит сертификат сервера.",
    ],
    [
        "The certificate of the central office's server is no longer valid.",
        "You can still apply: it is kept and sent when the office has renewed its server's certificate.",
    ],
);

pub(super) const CODES_FROZEN: Row = row(
    [
        "Бұл нөмір үшін SMS-код енгізу уақытша тоқтатылды.",
        "Экранда көрсетілген уақыт өткен соң жаңа SMS-код сұраңыз. Кейінірек қайта келуге де болады.",
    ],
    [
        "Ввод SMS-кодов для этого номера временно приостановлен.",
        "Когда пройдёт время, показанное на экране, запросите новый SMS-код. Можно прийти и позже.",
    ],
    [
        "Entering codes is paused for this phone number.",
        "When the time shown on the screen has passed, ask for a new code. You may also come back later.",
    ],
);

pub(super) const CODE_NOT_SENT: Row = row(
    [
        "SMS-код жіберілмеді.",
        "Бір минуттан кейін кодты қайта сұраңыз. Телефон қосулы екенін және желі барын тексеріңіз.",
    ],
    [
        "SMS-код не отправлен.",
        "Запросите код снова через минуту. Проверьте, что телефон включён и есть сеть.",
    ],
    [
        "The one-time code was not sent.",
        "Please ask for the code again in a minute. Check that your phone is on and has a signal.",
    ],
);
