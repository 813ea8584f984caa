//! The kiosk itself: disk, queue, sealing, clock, configuration.

use super::{Row, row};

pub(super) const DISK_FULL: Row = row(
    [
        "Киоск жадында бос орын қалмады.",
        "Сақталған өтінімдер жіберілгенше жаңасы қабылданбайды. Басқа киоскіні пайдаланыңыз немесе кейінірек келіңіз.",
    ],
    [
        "В памяти киоска закончилось место.",
        "Пока сохранённые заявки не уйдут, новые не принимаются. Воспользуйтесь другим киоском или придите позже.",
    ],
    [
        "The kiosk has no space left.",
        "It takes no new applications until the stored ones are sent. Please use another kiosk or come back later.",
    ],
);

pub(super) const DISK_FAILED: Row = row(
    [
        "Киоск дискісі дұрыс жұмыс істемей тұр.",
        "Басқа киоскіні пайдаланыңыз. Техник: журналды қарап, дискіні тексеріңіз, қажет болса ауыстырыңыз.",
    ],
    [
        "Диск киоска работает со сбоями.",
        "Воспользуйтесь другим киоском. Технику: посмотрите журнал, проверьте диск и при необходимости замените его.",
    ],
    [
        "The kiosk's disk does not work properly.",
        "Please use another kiosk. Technician: read the journal, check the disk and replace it if needed.",
    ],
);

pub(super) const DISK_READ_ONLY: Row = row(
    [
        "Киоск дискісіне жазу мүмкін болмай тұр.",
        "Өтінім беру үшін басқа киоскіні пайдаланыңыз. Техник: журналды қарап, дискіні тексеріңіз де, киоскіні қайта қосыңыз.",
    ],
    [
        "На диск киоска ничего нельзя записать.",
        "Для подачи заявки воспользуйтесь другим киоском. Технику: посмотрите журнал, проверьте диск и перезапустите киоск.",
    ],
    [
        "Nothing can be written to the kiosk's disk.",
        "To apply, please use another kiosk. Technician: read the journal, check the disk and restart the kiosk.",
    ],
);

pub(super) const DISK_OF_ANOTHER_BOARD: Row = row(
    [
        "Киоск дискісі басқа платаға байланған, бұл жерде ашылмайды.",
        "Басқа киоскіні пайдаланыңыз. Техник: дискіні өз платасына салып, TPM мен Secure Boot-ты қосыңыз. Болмаса: стендтегі қалпына келтіру кілті не жаңа диск.",
    ],
    [
        "Диск киоска привязан к другой плате и здесь не открывается.",
        "Воспользуйтесь другим киоском. Технику: верните диск в его плату, включите TPM и Secure Boot. Иначе: ключ восстановления на стенде или новый диск.",
    ],
    [
        "The kiosk's disk is sealed to another board and does not open here.",
        "Please use another kiosk. Technician: put the disk back into its board, turn on TPM and Secure Boot. Else: the recovery key on a bench, or a new disk.",
    ],
);

pub(super) const DISK_CONTENTS_DAMAGED: Row = row(
    [
        "Киоск дискісіндегі деректер зақымдалған немесе бөтен.",
        "Басқа киоскіні пайдаланыңыз. Техник: дискіге ештеңе жазбай, оны орталыққа тапсырыңыз; жаңа диск салып, киоскіні қайта баптаңыз.",
    ],
    [
        "Данные на диске киоска повреждены или чужие.",
        "Воспользуйтесь другим киоском. Технику: ничего не записывайте на диск, передайте его в центр; поставьте новый и настройте киоск заново.",
    ],
    [
        "The data on the kiosk's disk is damaged, or not its own.",
        "Please use another kiosk. Technician: write nothing to the disk, send it to the office; put in a new one and set the kiosk up anew.",
    ],
);

pub(super) const QUEUE_DAMAGED: Row = row(
    [
        "Өтінімдер кезегінің деректері зақымдалған.",
        "Басқа киоскіні пайдаланыңыз. Техник: ештеңені өшірмеңіз, кезектің көшірмесін алып, орталыққа хабарласыңыз.",
    ],
    [
        "Данные очереди заявок повреждены.",
        "Воспользуйтесь другим киоском. Технику: ничего не удаляйте, сделайте копию очереди и свяжитесь с центром.",
    ],
    [
        "The data of the application queue is damaged.",
        "Please use another kiosk. Technician: delete nothing, export the queue and call the central office.",
    ],
);

pub(super) const QUEUE_FULL: Row = row(
    [
        "Киоскіде жіберілмеген өтінімдер көп жиналды.",
        "Олар жіберілген соң киоск қайта қабылдайды. Басқа киоскіні пайдаланыңыз немесе кейінірек келіңіз.",
    ],
    [
        "В киоске накопилось много неотправленных заявок.",
        "Когда они уйдут, киоск снова начнёт приём. Воспользуйтесь другим киоском или придите позже.",
    ],
    [
        "Too many applications are waiting in this kiosk.",
        "It opens again when they are sent. Please use another kiosk or come back later.",
    ],
);

pub(super) const QUEUE_STALE: Row = row(
    [
        "Киоскідегі өтінімдер көптен бері жіберілмей тұр.",
        "Олар сақтаулы және байланыс болғанда жіберіледі. Жаңа өтінім үшін басқа киоскіні пайдаланыңыз.",
    ],
    [
        "Заявки из этого киоска давно не отправлялись.",
        "Они сохранены и уйдут, когда будет связь. Для новой заявки воспользуйтесь другим киоском.",
    ],
    [
        "Applications have waited in this kiosk for a long time.",
        "They are safe and are sent when the link is back. For a new application, please use another kiosk.",
    ],
);

pub(super) const SUBMISSION_QUARANTINED: Row = row(
    [
        "Орталық бір өтінімді қабылдай алмады.",
        "Өтінім жоғалған жоқ, оны орталық тексереді. Сұрағыңыз болса, киоскіде жазылған нөмірге қоңырау шалыңыз.",
    ],
    [
        "Центр не смог принять одну заявку.",
        "Она не потеряна, её проверят в центре. Если есть вопросы, позвоните по номеру на киоске.",
    ],
    [
        "The central office could not accept one application.",
        "It is not lost; the office looks into it. If you have questions, call the number on the kiosk.",
    ],
);

pub(super) const QUEUE_REBUILT: Row = row(
    [
        "Өтінімдер кезегі зақымдалып, сақталған файлдардан қалпына келтірілді.",
        "Жалғастыра беріңіз: сақталған өтінімдер осында және жіберіледі. Бұл туралы орталыққа хабарланады.",
    ],
    [
        "Очередь заявок была повреждена и восстановлена из сохранённых файлов.",
        "Можно продолжать: сохранённые заявки на месте и будут отправлены. Центр об этом узнает.",
    ],
    [
        "The application queue was damaged and has been restored from the stored files.",
        "You can go on: stored applications are still here and will be sent. The central office is told of it.",
    ],
);

pub(super) const SEALING_IMPOSSIBLE: Row = row(
    [
        "Деректерді қорғап сақтау мүмкін болмай тұр, сондықтан киоск оларды қабылдамайды.",
        "Басқа киоскіні пайдаланыңыз. Техник: орталықтың шифрлау кілттері мен киоск баптауын тексеріңіз.",
    ],
    [
        "Киоск не может надёжно защитить данные и поэтому их не принимает.",
        "Воспользуйтесь другим киоском. Технику: проверьте ключи шифрования центра и настройки киоска.",
    ],
    [
        "The kiosk cannot protect your data now, so it does not take it.",
        "Please use another kiosk. Technician: check the office's sealing keys and the configuration.",
    ],
);

pub(super) const DEVICE_KEY_FAILED: Row = row(
    [
        "Киоск орталыққа өзінің кім екенін растай алмай тұр.",
        "Басқа киоскіні пайдаланыңыз. Техник: киоскіні өшіріп, іске қосыңыз; көмектеспесе, оны орталыққа қайта қосыңыз.",
    ],
    [
        "Киоск не может подтвердить центру, кто он.",
        "Воспользуйтесь другим киоском. Технику: выключите и включите киоск; если не поможет, подключите его к центру заново.",
    ],
    [
        "The kiosk cannot prove to the central office who it is.",
        "Please use another kiosk. Technician: switch it off and on; if that does not help, connect it to the office anew.",
    ],
);

pub(super) const CLOCK_DOUBTFUL: Row = row(
    [
        "Киоск сағатының дәлдігі расталмаған.",
        "Жалғастыра беріңіз: сағат байланыс болғанда өзі түзеледі. Өтінімде бұл туралы белгі қойылады.",
    ],
    [
        "Точность часов киоска не подтверждена.",
        "Можно продолжать: часы исправятся сами, когда будет связь. В заявке появится отметка об этом.",
    ],
    [
        "The kiosk is not sure of the time.",
        "You can go on: the clock corrects itself when the link is back. Your application carries a note of it.",
    ],
);

pub(super) const CLOCK_WRONG: Row = row(
    [
        "Киоск сағаты мүлде қате уақытты көрсетіп тұр.",
        "Жалғастыра беріңіз: өтінімде бұл туралы белгі қойылады. Техник: сағатты түзетіп, оның батареясын тексеріңіз.",
    ],
    [
        "Часы киоска показывают совсем неверное время.",
        "Можно продолжать: в заявке появится отметка об этом. Технику: исправьте часы и проверьте их батарею.",
    ],
    [
        "The kiosk's clock is wrong by a day or more.",
        "You can go on: your application carries a note of it. Technician: set the clock and check its battery.",
    ],
);

pub(super) const CONFIGURATION_BAD: Row = row(
    [
        "Киоск баптауында қате бар, соңғы жарамды баптау қолданылып тұр.",
        "Жалғастыра беруге болады. Техник: баптауды kiosk config check командасымен тексеріңіз.",
    ],
    [
        "В настройках киоска ошибка, действуют последние исправные.",
        "Можно продолжать. Технику: проверьте настройки командой kiosk config check.",
    ],
    [
        "The configuration has an error; the last good one is in use.",
        "You can go on. Technician: check the configuration with the command kiosk config check.",
    ],
);

pub(super) const UPDATE_FAILED: Row = row(
    [
        "Киоск бағдарламасын жаңарту сәтсіз аяқталды, бұрынғы нұсқа жұмыс істеп тұр.",
        "Барлық қызмет бұрынғыдай қолжетімді. Жаңартуды орталық тексеріп, қайта жібереді.",
    ],
    [
        "Обновить программу киоска не удалось, работает прежняя версия.",
        "Все услуги доступны как обычно. Центр проверит обновление и пришлёт его снова.",
    ],
    [
        "An update of the kiosk's program failed; the version before it is running.",
        "Everything works as usual. The central office looks into the update and sends it again.",
    ],
);

pub(super) const INTERNAL: Row = row(
    [
        "Киоск жұмысында ішкі қате болды.",
        "Басқа киоскіні пайдаланыңыз. Техник: осы код пен журналды орталыққа жеткізіңіз.",
    ],
    [
        "В работе киоска произошла внутренняя ошибка.",
        "Воспользуйтесь другим киоском. Технику: передайте этот код и журнал в центр.",
    ],
    [
        "Something went wrong inside the kiosk.",
        "Please use another kiosk. Technician: send this code and the journal to the central office.",
    ],
);

pub(super) const WILL_NOT_START: Row = row(
    [
        "Киоск бағдарламасы іске қосылмай тұр.",
        "Басқа киоскіні пайдаланыңыз. Техник: журналды USB-жинақтағышқа көшіріп, киоскіні қайта қосыңыз немесе жаңартыңыз.",
    ],
    [
        "Программа киоска не запускается.",
        "Воспользуйтесь другим киоском. Технику: сохраните журнал на USB-накопитель, перезапустите или обновите киоск.",
    ],
    [
        "The kiosk's program does not start.",
        "Please use another kiosk. Technician: export the journal to a USB drive, then restart or update the kiosk.",
    ],
);
