//! The desk's texts, the three languages side by side: Kazakh, Russian, English.

use exchange::Language;

macro_rules! words {
    ($($name:ident: $kk:literal, $ru:literal, $en:literal;)*) => {
        /// Every text of the pages in one language.
        pub struct Words {
            pub language: Language,
            $(pub $name: &'static str,)*
        }

        const KK: Words = Words { language: Language::Kk, $($name: $kk,)* };
        const RU: Words = Words { language: Language::Ru, $($name: $ru,)* };
        const EN: Words = Words { language: Language::En, $($name: $en,)* };

        #[cfg(test)]
        const NAMES: &[(&str, [&str; 3])] = &[$((stringify!($name), [$kk, $ru, $en]),)*];
    };
}

words! {
    skip: "Мазмұнға өту", "К содержанию", "Skip to content";
    office: "Орталық кеңсе", "Центральный офис", "Central office";
    language_of_page: "Бет тілі", "Язык страницы", "Page language";
    sections: "Бөлімдер", "Разделы", "Sections";
    sign_out: "Шығу", "Выйти", "Sign out";
    signed_in_as: "Оператор", "Оператор", "Operator";

    sign_in: "Кіру", "Войти", "Sign in";
    sign_in_title: "Оператордың жұмыс орны", "Рабочее место оператора", "Operator's desk";
    user_name: "Пайдаланушы аты", "Имя пользователя", "User name";
    password: "Құпиясөз", "Пароль", "Password";
    wrong_sign_in: "Пайдаланушы аты немесе құпиясөз сәйкес келмейді. Қайта енгізіп көріңіз.",
        "Имя пользователя или пароль не подходят. Введите их ещё раз.",
        "User name or password do not match. Please enter them again.";
    too_many_sign_ins: "Сәтсіз әрекет тым көп болды. Біраздан кейін қайталап көріңіз.",
        "Слишком много неудачных попыток. Попробуйте позже.",
        "Too many failed tries. Please try again later.";

    applications: "Өтінімдер", "Заявки", "Applications";
    kiosks: "Киоскілер", "Киоски", "Kiosks";
    messages: "SMS-хабарламалар", "SMS-сообщения", "Text messages";
    alarms: "Дабылдар", "Тревоги", "Alarms";

    waiting: "Шешім күтетіндер", "Ждут решения", "Awaiting a decision";
    decided: "Шешім қабылданғандар", "Решённые", "Decided";
    all: "Барлығы", "Все", "All";
    none_waiting: "Шешім күтіп тұрған өтінім жоқ.", "Нет заявок, ждущих решения.",
        "No application awaits a decision.";
    nothing_here: "Әзірге ештеңе жоқ.", "Пока ничего нет.", "Nothing here yet.";
    state: "Күйі", "Состояние", "State";
    received: "Түскен уақыты", "Поступила", "Received";
    age: "Қашан", "Давность", "Age";
    kiosk: "Киоск", "Киоск", "Kiosk";
    number: "Өтінім нөмірі", "Номер заявки", "Application number";
    to_check: "Назар аударатын жайт", "Требует внимания", "Needs attention";
    nothing_to_check: "жоқ", "нет", "none";

    state_received: "Қабылданды", "Получена", "Received";
    state_open: "Шешім күтуде", "Ждёт решения", "Awaiting decision";
    state_approved: "Мақұлданды", "Одобрена", "Approved";
    state_collected: "Сертификат берілді", "Сертификат получен", "Certificate collected";
    state_rejected: "Мақұлданбады", "Отклонена", "Rejected";
    state_ask_again: "Толықтыру сұралды", "Запрошено дополнение", "Asked again";

    days: "күн", "дн.", "d";
    hours: "сағ", "ч", "h";
    minutes: "мин", "мин", "min";
    seconds: "с", "с", "s";

    checks: "Тексерулер", "Проверки", "Checks";
    check_passed: "Расталды", "Подтверждено", "Confirmed";
    check_failed: "Сәйкес емес", "Не подтверждено", "Failed";
    check_judge: "Оператор бағалайды", "Решает оператор", "For you to judge";
    check_weak: "Расталды, бірақ әлсіз алгоритммен", "Подтверждено, но слабым алгоритмом", "Confirmed, by a weak algorithm";
    check_not_done: "Тексерілмеді", "Не проверено", "Not examined";
    chip_checks: "Құжат чипі", "Чип документа", "The document's chip";
    sod_structure: "Қауіпсіздік объектісі (EF.SOD) оқылады", "Объект безопасности (EF.SOD) читается", "The security object (EF.SOD) is well formed";
    sod_content_digest: "EF.SOD мазмұны қол қойылғандай", "Содержимое EF.SOD то же, что подписано", "The content of EF.SOD is what was signed";
    sod_signature: "EF.SOD қолтаңбасы дұрыс", "Подпись EF.SOD верна", "The signature of EF.SOD is right";
    com_agrees_with_sod: "EF.COM мен EF.SOD тізімдері бірдей", "Списки EF.COM и EF.SOD совпадают", "EF.COM and EF.SOD list the same files";
    data_group_digest: "Деректер тобы өзгермеген:", "Группа данных не изменена:", "Data group unchanged:";
    signer_chain: "Қол қоюшыны мемлекет растаған (CSCA)", "Подписавший заверен государством (CSCA)", "The signer is certified by a state (CSCA)";
    signer_state: "Ол құжатты берген мемлекет", "Это государство, выдавшее документ", "That state is the one that issued the document";
    signer_validity: "Қол қойылғанда сертификаттар жарамды болған", "При подписании сертификаты действовали", "The certificates were valid at signing";
    signer_revocation: "Қол қоюшы кері қайтарылмаған", "Подписавший не отозван", "The signer is not revoked";
    card_security: "EF.CardSecurity файлына мемлекет қол қойған", "Файл EF.CardSecurity подписан государством", "EF.CardSecurity is signed by the state";
    card_access_agrees: "PACE параметрлері өзгертілмеген", "Параметры PACE не подменены", "The parameters of PACE were not exchanged";
    chip_authentication: "Чип түпнұсқа (чип аутентификациясы)", "Чип подлинный (аутентификация чипа)", "The chip is the original (chip authentication)";
    active_authentication: "Чип түпнұсқа (белсенді аутентификация)", "Чип подлинный (активная аутентификация)", "The chip is the original (active authentication)";
    parts_whole: "Барлық бөлік бар және ашылады", "Все части на месте и открываются", "All parts are there and open";
    manifest_signed: "Өтінімге киоск қол қойған", "Заявка подписана киоском", "The application is signed by its kiosk";
    request_right: "Сертификат сұрауына өз кілтімен қол қойылған", "Запрос на сертификат подписан своим ключом",
        "The certificate request is signed by its own key";
    request_same: "Сұраудағы деректер өтінімдегідей", "Данные запроса совпадают с заявкой",
        "The request says the same as the application";
    receipt_code_same: "Түбіртек коды өтінімге тиесілі", "Код квитанции принадлежит заявке",
        "The receipt code belongs to the application";
    iin_right: "ЖСН-ның бақылау цифры дұрыс", "Контрольная цифра ИИН верна", "The IIN's check digit is right";
    person_known: "Адам мемлекеттік тізілімде бар", "Человек есть в государственном реестре",
        "The person is in the state register";
    name_same: "Аты-жөні тізілімдегідей", "Имя совпадает с реестром", "The name is that of the register";
    phone_right: "Телефон осы адамға тиесілі екені расталды", "Принадлежность телефона подтверждена",
        "The phone is proven to be this person's";
    phone_changed_since: "Расталған нөмір базада кейін өзгерген", "Подтверждённый номер в базе с тех пор изменён",
        "The proven number was changed in the database since";
    phone_not_proven: "Телефон әлі расталмаған", "Телефон ещё не подтверждён", "The phone is not proven yet";
    phone_new: "Жаңа телефон нөмірі сұралды", "Запрошен новый номер телефона", "A new phone number is requested";
    document_chip: "Құжат деректері чиптен оқылды", "Данные документа прочитаны с чипа",
        "The document's data come from its chip";
    document_printed: "Құжат деректері чиптен емес, жазудан оқылды", "Данные документа прочитаны с напечатанных строк, не с чипа",
        "The document's data come from its printed lines, not its chip";
    document_typed: "Құжат деректері қолмен енгізілді", "Данные документа введены вручную",
        "The document's data were typed in";
    document_genuine: "Чип деректеріне мемлекет қол қойған", "Данные чипа подписаны государством",
        "The chip's data are signed by the issuing state";
    document_unverified: "Чип деректерін осы жерде толық тексеру мүмкін болмады", "Данные чипа здесь нельзя проверить полностью",
        "The chip's data cannot be fully verified here";
    chip_may_be_copied: "Чиптің көшірме еместігі дәлелденбеді", "Не доказано, что чип не является копией",
        "Nothing shows that the chip is not a copy";
    document_in_force: "Құжаттың мерзімі өтпеген", "Срок действия документа не истёк", "The document has not expired";
    document_same: "Өтінімдегі құжат деректері оқылған деректердей", "Данные документа в заявке совпадают с прочитанными",
        "The application says of the document what was read";
    iin_not_compared: "Құжаттан ЖСН оқылмады, салыстырылмады", "ИИН с документа не прочитан и не сверен",
        "No IIN was read from the document to compare";
    iin_mismatch: "ЖСН-дағы күн немесе жыныс құжаттағыдан өзгеше (бас тартуға негіз емес)",
        "Дата или пол в ИИН отличаются от документа (не основание для отказа)",
        "Date or sex in the IIN differ from the document (no reason to refuse)";
    clock_unsure: "Киоск сағаты расталмаған", "Часы киоска не подтверждены", "The kiosk was not sure of the time";
    keyless_note: "Кілт азамат сертификатты алған кезде ғана жасалады: оны жасау тасымалдағыштағы бұрынғы кілттерді өшіреді.",
        "Ключ будет создан только при получении: его создание стирает прежние ключи на носителе.",
        "The key is made only at collection: making it erases the older keys in the storage.";
    renewal_note: "Бұл кілттерді қайта шығару: азаматты ескі сертификаттың кілті растайды, құжат пен бет-жүз көрсетілмейді.",
        "Это перевыпуск ключей: гражданина подтверждает ключ прежнего сертификата, документ и лицо не показываются.",
        "This is a key renewal: the key of the old certificate proves the citizen; no document or face is shown.";
    renewal_ours: "Ескі сертификатты осы орталық берген", "Прежний сертификат выдан этим центром",
        "The old certificate is of this authority";
    renewal_in_time: "Ескі сертификаттың мерзімі өтпеген", "Срок прежнего сертификата не истёк",
        "The old certificate had not expired";
    renewal_not_revoked: "Ескі сертификат кері қайтарып алынбаған", "Прежний сертификат не отозван",
        "The old certificate is not revoked";
    renewal_person: "Ескі сертификаттағы ЖСН өтінімдегідей", "ИИН прежнего сертификата совпадает с заявкой",
        "The old certificate has the IIN of the application";
    renewal_name: "Ескі сертификаттағы аты-жөні өтінімдегідей", "Имя в прежнем сертификате совпадает с заявкой",
        "The old certificate has the name of the application";
    renewal_signed: "Өтінімге ескі сертификаттың кілтімен қол қойылған", "Заявка подписана ключом прежнего сертификата",
        "The application is signed with the key of the old certificate";
    renewal_nonce: "Қол қойылған бір реттік сан осы өтінімге берілген", "Подписанное одноразовое число выдано для этой заявки",
        "The one-time number that was signed was given for this application";
    renewal_new_key: "Жаңа кілт ескісінен бөлек", "Новый ключ отличается от прежнего", "The new key is another than the old one";
    renewal_phone_same: "Телефон нөмірі ескі сертификат алынғаннан бері өзгермеген",
        "Номер телефона не менялся со времени прежнего сертификата",
        "The phone number is the same as when the old certificate was applied for";
    by_rule: "ереже, оператордың қатысуынсыз", "правило, без оператора", "a rule, without an operator";
    same_face: "Селфидегі, бейнедегі және құжаттағы адам бір адам", "На селфи, видео и документе один и тот же человек",
        "Selfie, recording and document show the same person";
    followed_prompts: "Бейнеде тірі адам нұсқауларды орындап тұр", "На видео живой человек выполняет указания",
        "The recording shows a living person following the prompts";
    not_approvable: "Расталмаған тексеру болғандықтан, өтінімді мақұлдауға болмайды.",
        "Заявку нельзя одобрить: есть неподтверждённые проверки.",
        "The application cannot be approved: a check has failed.";
    looked_at_soon: "Өтінім қазір тексеріліп жатыр. Бетті сәлден кейін жаңартыңыз.",
        "Заявка сейчас проверяется. Обновите страницу чуть позже.",
        "The application is being checked. Reload the page in a moment.";
    pictures: "Суреттер", "Снимки", "Pictures";
    selfie: "Селфи", "Селфи", "Selfie";
    document_photo: "Құжаттың суреті", "Снимок документа", "Photo of the document";
    video: "Бейнесәйкестендіру", "Видеоидентификация", "Video identification";
    video_frames: "Бейнежазба кадрлары", "Кадры видеозаписи", "Frames of the recording";
    video_unreadable: "Бейнежазбадан кадр оқылмады.", "Кадры видеозаписи не читаются.",
        "No frame of the recording can be read.";
    play_video: "Бейнежазбаны қарау", "Посмотреть видеозапись", "Play the recording";
    open_full_size: "толық көлемде ашу", "открыть в полном размере", "open in full size";
    frame: "Кадр", "Кадр", "Frame";

    form: "Өтінім деректері", "Данные заявки", "Application data";
    surname: "Тегі", "Фамилия", "Surname";
    given_name: "Аты", "Имя", "Given name";
    patronymic: "Әкесінің аты", "Отчество", "Patronymic";
    iin: "ЖСН", "ИИН", "IIN";
    document: "Құжат", "Документ", "Document";
    document_number: "Құжат нөмірі", "Номер документа", "Document number";
    id_card: "Жеке куәлік", "Удостоверение личности", "Identity card";
    passport: "Паспорт", "Паспорт", "Passport";
    read_by: "Қалай оқылды", "Как прочитан", "How it was read";
    by_chip: "чиптен", "с чипа", "from the chip";
    by_mrz: "машинамен оқылатын жолдардан", "из машиносчитываемых строк", "from the machine-readable lines";
    by_typing: "қолмен енгізілді", "введён вручную", "typed in";
    phone: "Телефон", "Телефон", "Phone";
    phone_proven: "SMS-кодпен расталды", "подтверждён SMS-кодом", "proven by one-time code";
    phone_requested: "жаңа нөмір сұралды", "запрошен новый номер", "new number requested";
    phone_unproven: "байланыссыз алынды, сертификатты алғанда расталады",
        "принят без связи, подтверждается при получении",
        "taken offline, proven at collection";
    phone_before: "Базадағы нөмір", "Номер в базе", "Number in the database";
    phone_change_note: "Мақұлдасаңыз, жаңа нөмір күшіне енеді, ескі нөмірге хабарлама жіберіледі.",
        "Если Вы одобрите заявку, новый номер вступит в силу, а на прежний уйдёт уведомление.",
        "If you approve, the new number takes effect and a notice goes to the old one.";
    email: "Электрондық пошта", "Электронная почта", "E-mail";
    storage: "Кілттер қоймасы", "Хранилище ключей", "Key storage";
    storage_file: "PKCS#12 файлы", "файл PKCS#12", "PKCS#12 file";
    storage_piv: "USB-токен (PIV)", "USB-токен (PIV)", "USB token (PIV)";
    algorithm: "Кілт алгоритмі", "Алгоритм ключа", "Key algorithm";
    citizen_language: "Азаматтың тілі", "Язык гражданина", "Citizen's language";
    consented: "Келісім берілді", "Согласие дано", "Consent given";
    language_kk: "қазақша", "казахский", "Kazakh";
    language_ru: "орысша", "русский", "Russian";
    language_en: "ағылшынша", "английский", "English";

    decision: "Шешім", "Решение", "Decision";
    decided_by: "Шешім қабылдаған", "Решение принял", "Decided by";
    approve: "Мақұлдау", "Одобрить", "Approve";
    approve_note: "Сертификат азамат кілтін киоскіде дәлелдегенде ғана шығарылады.",
        "Сертификат выпускается, только когда гражданин подтвердит свой ключ у киоска.",
        "The certificate is issued only when the citizen proves the key at a kiosk.";
    ask_again: "Толықтыруды сұрау", "Запросить дополнение", "Ask again";
    ask_again_label: "Азамат нені қайта әкелуі керек", "Что гражданину принести снова", "What the citizen should bring again";
    reject: "Бас тарту", "Отклонить", "Reject";
    reject_label: "Бас тарту себебі", "Причина отказа", "Reason for rejecting";
    citizen_reads: "Бұл мәтінді азамат киоск экранында оқиды; азаматтың тілі:",
        "Этот текст гражданин прочтёт на экране киоска; язык гражданина:",
        "The citizen reads this on the kiosk's screen; the citizen's language:";
    text_needed: "Мәтін жазыңыз.", "Напишите текст.", "Please write the text.";
    already_decided: "Бұл өтінім бойынша шешім қабылданып қойған.", "По этой заявке решение уже принято.",
        "This application has already been decided.";
    cannot_decide: "Шешімді сақтау мүмкін болмады.", "Решение не удалось сохранить.",
        "The decision could not be saved.";
    back_to_list: "Өтінімдерге оралу", "К списку заявок", "Back to the applications";

    certificates: "Сертификаттар", "Сертификаты", "Certificates";
    serial_number: "Сериялық нөмірі", "Серийный номер", "Serial number";
    valid_until: "Жарамдылық мерзімі", "Действует до", "Valid until";
    certificate_live: "Жарамды", "Действует", "In force";
    certificate_unconfirmed: "Берілді, әлі расталмаған", "Выдан, ещё не подтверждён", "Issued, not yet confirmed";
    certificate_revoked: "Кері қайтарып алынды", "Отозван", "Revoked";
    revoke: "Кері қайтарып алу", "Отозвать", "Revoke";
    revoke_note: "Кері қайтарып алынған сертификат қалпына келтірілмейді.",
        "Отозванный сертификат восстановить нельзя.", "A revoked certificate cannot be restored.";
    revocation_reason: "Кері қайтарып алу себебі", "Причина отзыва", "Reason for revoking";
    reason_key_compromise: "Кілт жоғалған немесе басқа адамның қолында болуы мүмкін",
        "Ключ утерян или мог попасть к другому человеку", "The key is lost, or someone else may have it";
    reason_affiliation_changed: "Адамның деректері өзгерген", "Данные человека изменились", "The person's data changed";
    reason_superseded: "Орнына басқа сертификат алынған", "Заменён другим сертификатом", "Another certificate takes its place";
    reason_cessation_of_operation: "Бұдан былай қажет емес", "Больше не нужен", "No longer needed";
    reason_privilege_withdrawn: "Берілмеуге тиіс еді", "Не должен был выдаваться", "It should not have been issued";
    reason_not_confirmed: "Киоск мерзімінде растамаған", "Киоск не подтвердил вовремя", "The kiosk did not confirm it in time";
    revocation_ordered: "Кері қайтарып алу тапсырылды, орындалып жатыр", "Отзыв поручен и выполняется",
        "Revocation is ordered and under way";
    revocation_held: "Иесі киоскіде кері қайтарып алуды сұраған, оператордың шешімі керек",
        "Владелец попросил отозвать у киоска, нужно решение оператора",
        "The holder asked at a kiosk to revoke it; an operator must decide";
    revocation_refused: "Кері қайтарып алу сұрауы қабылданбады: қолтаңбасы дұрыс емес",
        "Запрос на отзыв не принят: подпись неверна", "A request to revoke it was refused: its signature is wrong";
    already_revoked: "Бұл сертификат кері қайтарып алынған.", "Этот сертификат уже отозван.",
        "This certificate is revoked already.";

    last_seen: "Соңғы байланыс", "Последняя связь", "Last seen";
    never: "ешқашан", "никогда", "never";
    ago: "бұрын", "назад", "ago";
    queue: "Кезекте", "В очереди", "Queue";
    quarantined: "оқшауланған", "в карантине", "quarantined";
    oldest_unsent: "Ең ескісі", "Самая старая", "Oldest";
    disk_free: "Бос орын", "Свободно", "Disk free";
    version: "Нұсқа", "Версия", "Version";
    faults: "Ақаулар", "Неисправности", "Faults";
    fault_over: "өтті", "устранено", "over";
    kiosk_invited: "Шақырылды", "Приглашён", "Invited";
    kiosk_awaiting: "Растауды күтуде", "Ждёт подтверждения", "Awaiting confirmation";
    kiosk_confirmed: "Жұмыс істеп тұр", "Работает", "In service";
    kiosk_silent: "Хабар жоқ", "Не отвечает", "Silent";
    kiosk_revoked: "Ажыратылды", "Отключён", "Revoked";
    compare_words: "Киоск экранындағы сөздермен салыстырыңыз", "Сравните со словами на экране киоска",
        "Compare with the words on the kiosk's screen";
    missing: "Келмеген өтінім", "Не дошло заявок", "Applications missing";
    no_kiosks: "Бірде-бір киоск қосылмаған.", "Не подключено ни одного киоска.", "No kiosk is connected.";

    kiosk_record: "Киоскінің күйі", "Состояние киоска", "Kiosk's state";
    kiosk_group: "Тобы", "Группа", "Group";
    readiness: "Дайындығы", "Готовность", "Readiness";
    report_received: "Есеп келген уақыты", "Отчёт получен", "Report received";
    aspect: "Құрылғы", "Устройство", "Device";
    aspect_ready: "Дайын", "Готово", "Ready";
    aspect_degraded: "Толық емес", "С ограничениями", "Degraded";
    aspect_failed: "Жұмыс істемейді", "Не работает", "Failed";
    aspect_absent: "Жоқ", "Отсутствует", "Absent";
    aspect_unknown: "Тексерілмеген", "Не проверено", "Not examined";
    clock: "Сағаты", "Часы", "Clock";
    clock_confirmed: "уақытты кеңсе растаған", "время подтверждено офисом", "time confirmed by the office";
    clock_above_floor: "уақыт іске қосылғалы расталмаған", "время после запуска не подтверждено",
        "time not confirmed since the start";
    clock_doubtful: "уақыт күмәнді", "время сомнительно", "time is doubtful";
    reports_unsigned: "Қолтаңбасы осы киоскінікі емес есептер", "Отчёты не с подписью этого киоска",
        "Reports without this kiosk's signature";
    work_orders: "Техникалық жұмыстар", "Технические работы", "Work orders";
    technician: "Техник", "Техник", "Technician";
    technician_unknown: "белгісіз техник", "неизвестный техник", "unknown technician";
    before: "Жұмысқа дейін", "До работ", "Before";
    after: "Жұмыстан кейін", "После работ", "After";
    work_inspected: "Тексерілді", "Осмотрено", "Inspected";
    work_cleaned: "Тазаланды", "Очищено", "Cleaned";
    work_replaced: "Ауыстырылды", "Заменено", "Replaced";
    work_restarted: "Қайта іске қосылды", "Перезапущено", "Restarted";
    work_configured: "Бапталды", "Настроено", "Configured";
    work_updated: "Жаңартылды", "Обновлено", "Updated";
    work_queue_exported: "Кезек тасымалдағышқа көшірілді", "Очередь вынесена на носителе",
        "The queue was carried out on a drive";
    work_other: "Басқа жұмыс", "Другая работа", "Other work";
    updates: "Жаңартулар", "Обновления", "Updates";
    update_offered: "Ұсынылған", "Предложено", "Offered";
    update_from_drive: "Техниктің USB-жинақтағышынан", "С USB-накопителя техника", "From a technician's USB drive";
    update_installed: "Орнатылды", "Установлено", "Installed";
    update_rolled_back: "Алдыңғы нұсқаға қайтарылды", "Возвращена прежняя версия", "Rolled back";
    update_refused: "Орнатылмады", "Не установлено", "Refused";

    to_number: "Нөмір", "Номер", "Number";
    text: "Мәтін", "Текст", "Text";
    sent: "Жіберілді", "Отправлено", "Sent";
    messages_note: "1414 қызметінің орнындағы сынақ шлюзі: хабарламалар осында ғана көрінеді.",
        "Учебный шлюз вместо службы 1414: сообщения видны только здесь.",
        "Stand-in for the 1414 gateway: messages are shown here only.";

    when: "Уақыты", "Время", "Time";
    what: "Не болды", "Что случилось", "What happened";
    alarm_submission_changed: "Бұрын түскен өтінім басқа мазмұнмен қайта келді",
        "Уже принятая заявка пришла снова с другим содержанием",
        "A received application came again with other content";
    alarm_foreign_submission: "Өтінім басқа киоскіден келді",
        "Заявка пришла с чужого киоска", "An application came from another kiosk";
    alarm_request_reused: "Сертификат сұрауы немесе түбіртек коды басқа өтінімде қайталанды",
        "Запрос на сертификат или код квитанции повторился в другой заявке",
        "A certificate request or receipt code came under another application";
    alarm_sequence_reused: "Киоск бір реттік нөмірді екі рет пайдаланды",
        "Киоск дважды использовал один порядковый номер", "A kiosk used a sequence number twice";
    alarm_token_reused: "Қосу коды басқа кілттермен қайта пайдаланылды",
        "Код подключения использован повторно с другими ключами",
        "A provisioning token was used again with other keys";
    alarm_not_confirmed: "Сертификат мерзімінде расталмай, кері қайтарып алынды",
        "Сертификат не был подтверждён вовремя и отозван",
        "A certificate was not confirmed in time and was revoked";
    alarm_issue_failed: "Куәландырушы орталық сертификат шығара алмады",
        "Удостоверяющий центр не выпустил сертификат", "The authority could not issue a certificate";
    alarm_revocations_held: "Киоскілерден кері қайтарып алу тым көп, қалғаны оператордың шешімін күтіп тұр",
        "Через киоски отзывают слишком много, остальные запросы ждут оператора",
        "Too many revocations come from kiosks; the rest await an operator";
    alarm_revocation_refused: "Кері қайтарып алу сұрауының қолтаңбасы дұрыс емес",
        "Подпись запроса на отзыв неверна", "A request to revoke was not signed as it should be";
    alarm_key_refused: "Алу кезінде жасалған кілт қабылданбады: қолтаңбасы дұрыс емес немесе өтінімге сәйкес келмейді",
        "Ключ, созданный при получении, не принят: подпись неверна или он не соответствует заявке",
        "A key made at collection was refused: not signed as it should be, or not for this application";

    alarm_report_changed: "Киоск бір нөмірмен екі түрлі есеп жіберді",
        "Киоск прислал под одним номером два разных отчёта",
        "A kiosk sent two different reports under one number";
    alarm_update_rolled_back: "Жаңарту киоскіде іске қосылмай, алдыңғы нұсқа қайтарылды",
        "Обновление не запустилось на киоске, возвращена прежняя версия",
        "An update did not come up at a kiosk and was rolled back";
    alarm_technician_doubtful: "Киоскіге техник сертификатынсыз немесе ол жарамсыз болғанда қызмет көрсетілген",
        "Киоск обслуживали без действующего сертификата техника",
        "A kiosk was maintained without a technician's valid certificate";

    not_found: "Мұндай бет немесе өтінім жоқ.", "Такой страницы или заявки нет.", "No such page or application.";
    forbidden: "Сұрау қабылданбады. Бетті жаңартып, қайталап көріңіз.",
        "Запрос отклонён. Обновите страницу и повторите.",
        "The request was refused. Reload the page and try again.";
    failed: "Қазір орындау мүмкін болмады. Сәл кейінірек қайталап көріңіз.",
        "Сейчас это не удалось. Повторите немного позже.",
        "This did not work now. Please try again a little later.";
}

impl Words {
    pub fn of(language: Language) -> &'static Words {
        match language {
            Language::Kk => &KK,
            Language::Ru => &RU,
            Language::En => &EN,
        }
    }

    /// The name of a citizen's language.
    pub fn name_of(&self, language: Language) -> &'static str {
        match language {
            Language::Kk => self.language_kk,
            Language::Ru => self.language_ru,
            Language::En => self.language_en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_its_own_script() {
        let cyrillic = |c: char| ('\u{400}'..='\u{4ff}').contains(&c);
        for (name, [kk, ru, en]) in NAMES {
            for text in [kk, ru, en] {
                assert!(!text.is_empty() && text.trim() == *text, "{name}");
            }
            assert!(kk.chars().any(cyrillic), "{name}: {kk}");
            assert!(ru.chars().any(cyrillic), "{name}: {ru}");
            assert!(!en.chars().any(cyrillic), "{name}: {en}");
            assert!(
                !ru.chars().any(|c| "ӘәҒғҚқҢңӨөҰұҮүҺһІі".contains(c)),
                "{name}: {ru}"
            );
        }
    }
}
