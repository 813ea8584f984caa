//! A technician's visit: every page, in every state that looks different.

use exchange::UnixMillis;
use exchange::work_order::Action;
use faults::Fault;

use super::contents::field;
use super::{Sample, sample};
use crate::maintenance::{
    Act, Device, Hint, Layer, Light, MaintenanceView, Outcome, Page, Refusal, Row, RowName,
    TestView, Value, Who, Word,
};
use crate::session::event::{Field, KeyboardLayout};
use crate::session::view::*;

/// 28 November 2026, 15:50 in Kazakhstan.
const NOW: UnixMillis = UnixMillis(1_795_863_007_000);

pub(super) fn all() -> Vec<Sample> {
    let mut samples = entering();
    samples.extend(overviews());
    samples.extend(super::device_tests::all());
    samples.extend(network());
    samples.extend(kept());
    samples.extend(settings());
    samples.extend(joining());
    samples.extend(updating());
    samples.extend(leaving());
    samples
}

pub(super) fn shown(page: Page) -> MaintenanceView {
    MaintenanceView {
        page,
        who: Who::Technician {
            name: "СЕРІКБАЕВ НҰРЖАН".into(),
            valid_until: NOW.plus_millis(400 * 86_400_000),
        },
        rows: Vec::new(),
        opens: Vec::new(),
        doors: Vec::new(),
        acts: Vec::new(),
        primary: None,
        fields: Vec::new(),
        outcome: None,
        tests: Vec::new(),
        test: None,
        done: Vec::new(),
        percent: None,
        working: false,
    }
}

pub(super) fn page(name: &'static str, view: MaintenanceView) -> Sample {
    let (typed, primary) = (!view.fields.is_empty(), view.primary);
    let first = view.page == Page::WorkOrder;
    let sample = sample(name, None, Screen::Maintenance(Box::new(view)))
        .primary(primary.map(|_| PrimaryLabel::Confirm))
        .with(|view| {
            view.can_go_back = true;
            view.can_cancel = !first;
        });
    match typed {
        true => sample.full(KeyboardLayout::Latin),
        false => sample,
    }
}

/// Rows that lead nowhere.
fn facts(page: Page, acts: &[Act], rows: Vec<Row>) -> MaintenanceView {
    MaintenanceView {
        opens: vec![None; rows.len()],
        acts: acts.to_vec(),
        rows,
        ..shown(page)
    }
}

fn good(name: RowName, value: Value) -> Row {
    Row::new(name, Light::Good, value)
}

fn entering() -> Vec<Sample> {
    let pin = |error| MaintenanceView {
        fields: vec![field(Field::TechnicianPin, "•••", true, error)],
        ..shown(Page::Pin)
    };
    let wrong = FieldError::TokenPinWrong {
        tries_left: Some(2),
    };
    let confirm = Some(PrimaryLabel::Confirm);
    let refused = MaintenanceView {
        who: Who::Installer,
        outcome: Some(Outcome::Refused(Refusal::ListTooOld)),
        ..shown(Page::Refused)
    };
    vec![
        page("maintenance_pin", pin(None))
            .primary(confirm)
            .discreet_keyboard(),
        page("maintenance_pin_wrong", pin(Some(wrong)))
            .primary(confirm)
            .discreet_keyboard(),
        page("maintenance_refused", refused),
        sample(
            "out_of_service_set_up",
            None,
            Screen::OutOfService {
                faults: vec![Fault::NotProvisioned],
            },
        )
        .primary(None),
    ]
}

fn overviews() -> Vec<Sample> {
    use RowName::*;
    let rows = vec![
        Row::word(Camera, Light::Bad, Word::Missing).with(Fault::CameraMissing),
        Row::word(Reader, Light::Good, Word::Works),
        Row::word(Writer, Light::Good, Word::Works),
        Row::new(Drives, Light::None, Value::Count(1)),
        Row::word(Panel, Light::Running, Word::NotTested),
        Row::new(Disk, Light::Good, Value::Bytes(48_200_000_000)),
        Row::new(Queue, Light::Warning, Value::Count(1_204)).with(Fault::QueueStale),
        Row::word(Link, Light::Good, Word::ConfirmedByOffice),
        Row::word(Clock, Light::Good, Word::ConfirmedByOffice),
        Row::word(Configuration, Light::Good, Word::Good),
        Row::word(Update, Light::Warning, Word::RolledBack),
        Row::word(Keys, Light::Good, Word::InTpm),
        Row::word(Program, Light::Good, Word::Works),
        Row::text(KioskVersion, "1.4.0+g7a3c91e"),
        Row::text(ImageVersion, "2026.11.21-3"),
        Row::text(KernelVersion, "6.12.57-amd64"),
        Row::new(Uptime, Light::None, Value::Seconds(1_052_407)),
    ];
    let behind = |row: &Row| match row.name {
        Camera | Reader | Writer | Drives | Panel => Some(Page::Devices),
        Disk => Some(Page::StorageHealth),
        Queue => Some(Page::Queue),
        Link => Some(Page::Network),
        Clock => Some(Page::Time),
        Configuration => Some(Page::Configuration),
        Update => Some(Page::Update),
        Keys => Some(Page::Provisioning),
        Program => Some(Page::Logs),
        _ => None,
    };
    let overview = MaintenanceView {
        opens: rows.iter().map(behind).collect(),
        rows: rows.clone(),
        doors: vec![
            Page::Devices,
            Page::Network,
            Page::Queue,
            Page::StorageHealth,
            Page::Update,
            Page::Logs,
            Page::Configuration,
            Page::Time,
            Page::Provisioning,
            Page::Report,
            Page::Wipe,
        ],
        acts: vec![Act::TestAll, Act::LookAgain],
        ..shown(Page::Overview)
    };
    let installing = MaintenanceView {
        who: Who::Installer,
        rows: rows[1..5].to_vec(),
        opens: vec![Some(Page::Devices); 4],
        doors: vec![Page::Devices, Page::Network, Page::Time, Page::Provisioning],
        acts: vec![Act::LookAgain],
        ..shown(Page::Overview)
    };
    let looking = MaintenanceView {
        rows: Vec::new(),
        opens: Vec::new(),
        working: true,
        ..overview.clone()
    };
    vec![
        page("maintenance_overview", overview.clone()),
        page("maintenance_overview_offline", overview.clone()).with(|view| view.offline = true),
        page("maintenance_overview_looking", looking),
        page("maintenance_installer", installing),
        page("maintenance_idle", overview).with(|view| {
            view.dialog = Some(Dialog::IdleWarning { seconds_left: 21 });
        }),
    ]
}

fn network() -> Vec<Sample> {
    use RowName::*;
    let acts = [Act::LookAgain, Act::EditNetwork, Act::AutomaticNetwork];
    let rows = vec![
        Row::word(Wired, Light::Good, Word::Up),
        Row::word(Wifi, Light::None, Word::NotThere),
        Row::word(Mobile, Light::None, Word::Down),
        good(
            Address,
            Value::Text("2a03:6f00:6:1::5c3a:b1f4/64, 192.168.10.20/24".into()),
        ),
        good(Gateway, Value::Text("192.168.10.1".into())),
        good(NameResolution, Value::Millis(38)),
        good(Connection, Value::Millis(212)),
        Row::word(Tls, Light::Bad, Word::Failed).with(Fault::OfficeUntrusted),
        Row::new(
            CertificateUntil,
            Light::Warning,
            Value::Moment(NOW.plus_millis(9 * 86_400_000)),
        ),
        good(ClockDifference, Value::Millis(412)),
        Row::word(OfficeAnswer, Light::Bad, Word::Silent).with(Fault::OfficeUnreachable),
    ];
    let edited = MaintenanceView {
        fields: vec![
            field(Field::NetworkAddress, "192.168.10.20/24", false, None),
            field(Field::NetworkGateway, "192.168.10.1", true, None),
            field(Field::NameServers, "", false, None),
        ],
        primary: Some(Act::SaveNetwork),
        outcome: Some(Outcome::Refused(Refusal::BadAddress)),
        ..shown(Page::NetworkSettings)
    };
    vec![
        page("maintenance_network", facts(Page::Network, &acts, rows))
            .with(|view| view.offline = true),
        page("maintenance_network_settings", edited),
    ]
}

/// What lies on the disk: queue, database, journal.
fn kept() -> Vec<Sample> {
    use RowName::*;
    let queue = facts(
        Page::Queue,
        &[Act::RetryUploads, Act::ExportQueue, Act::LookAgain],
        vec![
            Row::new(Waiting, Light::Warning, Value::Count(1_204)).with(Fault::QueueStale),
            Row::new(Quarantined, Light::Bad, Value::Count(1)).with(Fault::SubmissionQuarantined),
            Row::new(
                Oldest,
                Light::Warning,
                Value::Moment(NOW.plus_millis(-52 * 3_600_000)),
            ),
            Row::text(
                LastError,
                "refused with status 422: the manifest is malformed",
            ),
            Row::text(
                LastError,
                "PATCH https://kiosks.eds.example.kz:8443/v1/submissions/01936f7e-53a1-7b4c-9d21-f0a4c1e75b02/video: connection reset by peer",
            ),
            Row::new(QueueBytes, Light::None, Value::Bytes(14_300_000_000)),
        ],
    );
    let exporting = MaintenanceView {
        percent: Some(37),
        working: true,
        ..queue.clone()
    };
    let exported = MaintenanceView {
        outcome: Some(Outcome::Done(Act::ExportQueue)),
        ..queue.clone()
    };
    let disk = facts(
        Page::StorageHealth,
        &[Act::LookAgain],
        vec![
            good(FreeSpace, Value::Bytes(48_200_000_000)),
            Row::new(SpaceFloor, Light::None, Value::Bytes(2_000_000_000)),
            good(Ballast, Value::Bytes(256_000_000)),
            good(DatabaseBytes, Value::Bytes(18_700_000)),
            good(WalBytes, Value::Bytes(4_100_000)),
            Row::new(SyncTime, Light::Bad, Value::Millis(1_840)).with(Fault::DiskFailed),
            Row::word(FileSystem, Light::Good, Word::Writable),
            Row::text(DatabaseVersion, "7 (SQLite 3.53.0)"),
        ],
    );
    let line = |seconds: i64, warning, text: &str| {
        let at = NOW.plus_millis(-seconds * 1000);
        let text = text.into();
        Row::new(LogLine, Light::None, Value::Line { at, warning, text })
    };
    let logs = facts(
        Page::Logs,
        &[Act::FilterLogs, Act::ExportLogs, Act::LookAgain],
        vec![
            line(4, false, "kiosk: station: a technician is let in"),
            line(
                9,
                false,
                "kiosk: devices: card in slot “office”, ATR 3BFD1300008131FE158073C021C057597562694B657940",
            ),
            line(
                61,
                true,
                "kiosk: sync: PATCH https://kiosks.eds.example.kz:8443/v1/submissions/01936f7e-53a1-7b4c-9d21-f0a4c1e75b02/video: connection reset by peer (os error 104); next try in 812 s",
            ),
            line(
                75,
                true,
                "kernel: usb 1-3: device descriptor read/64, error -71",
            ),
            line(
                312,
                false,
                "kiosk-worker: ended by its deadline; started anew",
            ),
        ],
    );
    let none = facts(Page::Logs, &[Act::FilterLogs, Act::LookAgain], Vec::new());
    vec![
        page("maintenance_queue", queue),
        page("maintenance_queue_exporting", exporting),
        page("maintenance_queue_exported", exported),
        page("maintenance_disk", disk.clone()),
        page("maintenance_disk_failed", disk).with(|view| view.fault = Some(Fault::DiskFailed)),
        page("maintenance_logs", logs),
        page("maintenance_logs_none", none),
    ]
}

fn setting(key: &str, value: &str, layer: Layer, editable: bool) -> Row {
    let value = Value::Setting {
        key: key.into(),
        value: value.into(),
        layer,
        editable,
    };
    Row::new(RowName::Setting, Light::None, value)
}

fn settings() -> Vec<Sample> {
    let rows = vec![
        setting(
            "office.address",
            "https://kiosks.eds.example.kz:8443",
            Layer::Office,
            false,
        ),
        setting(
            "camera.device",
            "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_8D5C1F2F-video-index0",
            Layer::Local,
            true,
        ),
        setting("session.idle_seconds", "90", Layer::BuiltIn, true),
        setting("queue.most_unsent", "2000", Layer::Image, true),
    ];
    let opens = rows.iter().map(|row| match row.value {
        Value::Setting { editable: true, .. } => Some(Page::Setting),
        _ => None,
    });
    let configuration = MaintenanceView {
        opens: opens.collect(),
        acts: vec![Act::RestartKiosk, Act::LookAgain],
        outcome: Some(Outcome::Done(Act::SaveSetting)),
        rows: rows.clone(),
        ..shown(Page::Configuration)
    };
    let one = MaintenanceView {
        rows: vec![rows[1].clone()],
        opens: vec![None],
        acts: vec![Act::ClearSetting],
        primary: Some(Act::SaveSetting),
        fields: vec![field(
            Field::SettingValue,
            "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_8D5C1F2F-video-index0",
            true,
            None,
        )],
        ..shown(Page::Setting)
    };
    vec![
        page("maintenance_configuration", configuration),
        page("maintenance_setting", one),
    ]
}

fn joining() -> Vec<Sample> {
    use RowName::*;
    let waiting = MaintenanceView {
        who: Who::Installer,
        fields: vec![field(Field::ProvisioningToken, "", true, None)],
        primary: Some(Act::Provision),
        working: true,
        ..facts(
            Page::Provisioning,
            &[Act::ProvisionFromDrive],
            vec![
                Row::text(OfficeAddress, "https://kiosks.eds.example.kz:8443"),
                Row::word(Provisioned, Light::Running, Word::AwaitingOffice),
                Row::word(DeviceKey, Light::Warning, Word::InFile),
                Row::text(OwnWords, "тал – көпір – алма – жұлдыз – қайың – тас"),
                Row::word(OfficeWords, Light::Running, Word::Compare),
            ],
        )
    };
    let refused = MaintenanceView {
        outcome: Some(Outcome::Refused(Refusal::TokenRefused)),
        working: false,
        rows: Vec::new(),
        opens: Vec::new(),
        ..waiting.clone()
    };
    let time = MaintenanceView {
        fields: vec![
            field(Field::ClockDate, "2026-11-28", false, None),
            field(Field::ClockTime, "15:5", true, None),
        ],
        primary: Some(Act::SetTime),
        ..facts(
            Page::Time,
            &[Act::LookAgain],
            vec![
                Row::new(WallClock, Light::Bad, Value::Moment(UnixMillis(0)))
                    .with(Fault::ClockDoubtful),
                Row::word(ClockTrust, Light::Warning, Word::Doubtful),
                Row::new(OfficeTime, Light::None, Value::Moment(NOW)),
                Row::text(TimeZone, "Asia/Almaty (UTC+5)"),
            ],
        )
    };
    vec![
        page("maintenance_provisioning", waiting),
        page("maintenance_provisioning_refused", refused),
        page("maintenance_time", time),
    ]
}

fn updating() -> Vec<Sample> {
    use RowName::*;
    let rows = vec![
        Row::text(KioskVersion, "1.4.0+g7a3c91e"),
        Row::text(ImageVersion, "2026.11.21-3"),
        Row::text(Offer, "2026.11.27-1"),
        Row::new(
            OfferWindow,
            Light::None,
            Value::Moment(NOW.plus_millis(10 * 3_600_000)),
        ),
        Row::new(Fetched, Light::Running, Value::Percent(64)),
        Row::word(LastResult, Light::Warning, Word::RolledBack),
        Row::word(BootedSlot, Light::Good, Word::Booted),
        Row::word(OtherSlot, Light::Bad, Word::Bad),
    ];
    let acts = [Act::AskForUpdate, Act::InstallFromDrive, Act::LookAgain];
    let update = MaintenanceView {
        outcome: Some(Outcome::Refused(Refusal::BundleRefused)),
        ..facts(Page::Update, &acts, rows)
    };
    let lost = vec![
        Row::new(Unsent, Light::Good, Value::Count(0)),
        Row::text(Erased, "/var/lib/kiosk"),
    ];
    let wipe = facts(Page::Wipe, &[Act::AskWipe], Vec::new());
    let asked = MaintenanceView {
        outcome: Some(Outcome::Done(Act::AskWipe)),
        ..facts(Page::Wipe, &[Act::AskWipe, Act::Wipe], lost)
    };
    let unsent = MaintenanceView {
        outcome: Some(Outcome::Refused(Refusal::UnsentSubmissions)),
        ..wipe.clone()
    };
    vec![
        page("maintenance_update", update),
        page("maintenance_wipe", wipe),
        page("maintenance_wipe_unsent", unsent),
        page("maintenance_wipe_asked", asked),
    ]
}

fn leaving() -> Vec<Sample> {
    use RowName::*;
    let report = MaintenanceView {
        outcome: Some(Outcome::Refused(Refusal::NoDrive)),
        ..facts(
            Page::Report,
            &[Act::ReportToDrive, Act::ReportToOffice],
            vec![
                Row::new(ReportNumber, Light::None, Value::Count(317)),
                Row::new(MadeAt, Light::None, Value::Moment(NOW)),
                Row::word(SentAt, Light::Warning, Word::Never),
                Row::text(WrittenTo, "KINGSTON/qoltanba/report-0317.json"),
            ],
        )
    };
    let was = |action: &Action| matches!(action, Action::Inspected | Action::QueueExported);
    let order = MaintenanceView {
        primary: Some(Act::Leave),
        done: Action::ALL.iter().map(|a| (*a, was(a))).collect(),
        ..shown(Page::WorkOrder)
    };
    let closing = MaintenanceView {
        working: true,
        ..order.clone()
    };
    let installed = MaintenanceView {
        who: Who::Installer,
        done: Vec::new(),
        ..order.clone()
    };
    vec![
        page("maintenance_report", report),
        page("maintenance_work_order", order),
        page("maintenance_work_order_closing", closing),
        page("maintenance_work_order_installer", installed),
    ]
}

/// The tests as they stand in the middle of all of them.
pub(super) fn lights(running: Device) -> Vec<(Device, Light)> {
    let of = |device: &Device| match device {
        device if *device == running => Light::Running,
        Device::Camera | Device::Touch => Light::Good,
        Device::Reader => Light::Bad,
        Device::Writer => Light::Warning,
        _ => Light::None,
    };
    Device::ALL.iter().map(|d| (*d, of(d))).collect()
}

pub(super) fn testing(device: Device, hint: Option<Hint>, asks: bool) -> TestView {
    TestView {
        device,
        hint,
        asks,
        touched: Vec::new(),
        columns: 4,
        colour: None,
    }
}
