//! The citizen's own things: USB drive, files, key.

use super::{Row, row};

pub(super) const USB_MISSING: Row = row(
    [
        "USB-жинақтағыш табылмады.",
        "USB-жинақтағышты киоскідегі USB ұясына салыңыз. Ол бірнеше секундтан кейін экранда пайда болады.",
    ],
    [
        "USB-накопитель не найден.",
        "Вставьте USB-накопитель в разъём киоска. Через несколько секунд он появится на экране.",
    ],
    [
        "No USB drive was found.",
        "Put your USB drive into the kiosk's USB socket. It appears on the screen after a few seconds.",
    ],
);

pub(super) const USB_PULLED: Row = row(
    [
        "USB-жинақтағыш жұмыс аяқталмай алынды.",
        "Сол USB-жинақтағышты қайта салыңыз да, киоск жұмыс аяқталғанын хабарлағанша алмаңыз.",
    ],
    [
        "USB-накопитель вынут до окончания работы.",
        "Вставьте тот же USB-накопитель и не вынимайте его, пока киоск не сообщит, что всё готово.",
    ],
    [
        "The USB drive came out before the work was finished.",
        "Put the same USB drive back in and leave it there until the kiosk says that all is done.",
    ],
);

pub(super) const USB_FULL: Row = row(
    [
        "USB-жинақтағышта бос орын жоқ.",
        "Кемінде 1 МБ бос орны бар басқа USB-жинақтағышты салыңыз.",
    ],
    [
        "На USB-накопителе нет свободного места.",
        "Вставьте другой USB-накопитель, где есть хотя бы 1 МБ свободного места.",
    ],
    [
        "The USB drive has no free space.",
        "Put in another USB drive with at least 1 MB of free space.",
    ],
);

pub(super) const USB_READ_ONLY: Row = row(
    [
        "Бұл USB-жинақтағышқа жазуға болмайды.",
        "Оның жазудан қорғайтын ажыратқышы болса, өшіріңіз немесе басқа USB-жинақтағышты салыңыз.",
    ],
    [
        "На этот USB-накопитель нельзя записывать.",
        "Если на нём есть переключатель защиты от записи, отключите её или вставьте другой USB-накопитель.",
    ],
    [
        "Nothing can be written to this USB drive.",
        "If the drive has a write-protection switch, turn it off, or put in another USB drive.",
    ],
);

pub(super) const USB_FAILED: Row = row(
    [
        "USB-жинақтағышты пайдалану мүмкін болмады.",
        "Оны алып, қайта салыңыз. Көмектеспесе, басқа USB-жинақтағышты салыңыз.",
    ],
    [
        "Не удалось использовать USB-накопитель.",
        "Выньте его и вставьте снова. Если не поможет, вставьте другой USB-накопитель.",
    ],
    [
        "The USB drive could not be used.",
        "Take it out and put it in again. If that does not help, use another USB drive.",
    ],
);

pub(super) const FILE_TOO_LARGE: Row = row(
    [
        "Файл тым үлкен.",
        "Көлемі кішірек суретті таңдаңыз немесе құжатты киоск камерасымен түсіріңіз.",
    ],
    [
        "Файл слишком большой.",
        "Выберите снимок меньшего размера или сфотографируйте документ камерой киоска.",
    ],
    [
        "The file is too large.",
        "Choose a smaller picture, or photograph the document with the kiosk's camera.",
    ],
);

pub(super) const FILE_WRONG_TYPE: Row = row(
    [
        "Бұл файл JPEG немесе PNG суреті емес.",
        "JPEG немесе PNG пішіміндегі суретті таңдаңыз немесе құжатты киоск камерасымен түсіріңіз.",
    ],
    [
        "Этот файл не является снимком JPEG или PNG.",
        "Выберите снимок в формате JPEG или PNG либо сфотографируйте документ камерой киоска.",
    ],
    [
        "This file is not a JPEG or PNG picture.",
        "Choose a JPEG or PNG picture, or photograph the document with the kiosk's camera.",
    ],
);

pub(super) const FILE_DAMAGED: Row = row(
    [
        "Файл зақымдалған: сурет толық ашылмайды.",
        "Басқа файлды таңдаңыз немесе құжатты киоск камерасымен түсіріңіз.",
    ],
    [
        "Файл повреждён: снимок не открывается полностью.",
        "Выберите другой файл или сфотографируйте документ камерой киоска.",
    ],
    [
        "The file is damaged: the picture does not open completely.",
        "Choose another file, or photograph the document with the kiosk's camera.",
    ],
);

pub(super) const FILE_UNREADABLE: Row = row(
    [
        "Файлды USB-жинақтағыштан оқу мүмкін болмады.",
        "USB-жинақтағышты алып, қайта салыңыз да, файлды тағы бір рет таңдаңыз.",
    ],
    [
        "Не удалось прочитать файл с USB-накопителя.",
        "Выньте USB-накопитель, вставьте его снова и выберите файл ещё раз.",
    ],
    [
        "The file could not be read from the USB drive.",
        "Take the USB drive out, put it in again and choose the file once more.",
    ],
);

pub(super) const KEY_PENDING_MISSING: Row = row(
    [
        "Бұл қоймада өтініміңіздің кілті жоқ.",
        "Өтінім бергенде пайдаланған USB-жинақтағышты немесе токенді салып, сол папканы таңдаңыз.",
    ],
    [
        "В этом хранилище нет ключа Вашей заявки.",
        "Вставьте тот же USB-накопитель или токен, что и при подаче заявки, и выберите ту же папку.",
    ],
    [
        "This storage does not hold the key of your application.",
        "Put in the USB drive or token that you used when applying, and choose the same folder.",
    ],
);

pub(super) const KEY_PASSWORD_WRONG: Row = row(
    [
        "Құпиясөз бұл кілтке сәйкес келмейді.",
        "Пернетақта тілі мен бас әріптерді тексеріп, құпиясөзді қайта енгізіңіз.",
    ],
    [
        "Пароль не подходит к этому ключу.",
        "Проверьте раскладку клавиатуры и заглавные буквы и введите пароль ещё раз.",
    ],
    [
        "The password does not open this key.",
        "Check the keyboard layout and the capital letters, and enter the password again.",
    ],
);

pub(super) const KEY_FILE_DAMAGED: Row = row(
    [
        "Кілт файлы зақымдалған.",
        "Файлдың көшірмесі бар USB-жинақтағыш болса, соны салыңыз. Болмаса, жаңа өтінім беріңіз.",
    ],
    [
        "Файл с ключом повреждён.",
        "Если есть USB-накопитель с копией файла, вставьте его. Если нет, подайте новую заявку.",
    ],
    [
        "The key file is damaged.",
        "If you have a USB drive with a copy of the file, put it in. If not, please apply again.",
    ],
);

pub(super) const KEY_GENERATION_FAILED: Row = row(
    [
        "Кілтті жасау мүмкін болмады.",
        "Бірнеше секундтан кейін қайталап көріңіз. Көмектеспесе, басқа киоскіні пайдаланыңыз.",
    ],
    [
        "Не удалось создать ключ.",
        "Повторите через несколько секунд. Если не поможет, воспользуйтесь другим киоском.",
    ],
    [
        "The key could not be made.",
        "Please try again in a few seconds. If that does not help, use another kiosk.",
    ],
);

pub(super) const KEY_TEST_FAILED: Row = row(
    [
        "Кілтті сынақ қолтаңбасымен тексеру сәтсіз аяқталды.",
        "Бұл кілтті пайдаланбаңыз, оның тіркеу куәлігі кері қайтарып алынады. Жаңа өтінім беріңіз.",
    ],
    [
        "Ключ не прошёл проверку пробной подписью.",
        "Не пользуйтесь этим ключом: его регистрационное свидетельство будет отозвано. Подайте новую заявку.",
    ],
    [
        "The key did not pass a test signature.",
        "Please do not use this key: its registration certificate will be revoked. Apply again.",
    ],
);
