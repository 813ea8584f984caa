//! What is done behind the PIN, and by who unpacks a kiosk of nobody.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faults::Fault;
use kiosk::config;
use kiosk::maintenance::{
    Act, Do, Layer, MaintenanceView, Outcome, Page, Refusal, RowName, Value, Who, Word,
};
use kiosk::session::event::{Choice, Field, Key, Touch};
use kiosk::session::view::Screen;
use kiosk::sync::{Identity, Tpm};

use super::card::Files;
use super::enter;
use super::office::KIOSK;
use super::software_tpm::SoftwareTpm;
use super::stand::Stand;

/// What a citizen typed here before.
const CITIZEN: [&str; 3] = ["880412401006", "7010000001", "0000001"];

/// The real steward; what it runs are the scripts of its own tests, which keep what they
/// were called with.
fn steward(stand: &Stand) -> (tokio::runtime::Runtime, PathBuf) {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/steward/tests/programs");
    let place = stand.path("programs");
    fs::create_dir(&place).unwrap();
    for name in ["rauc", "systemctl", "journalctl", "networkctl"] {
        std::os::unix::fs::symlink(programs.join(name), place.join(name)).unwrap();
    }
    let calls = place.join("calls");
    fs::write(&calls, "").unwrap();
    let drive = &stand.config.usb.root;
    let device = fs::metadata(drive).unwrap().dev();
    let mount = format!(
        "36 35 {}:{} / {} rw,nosuid,nodev,noexec shared:1 - vfat /dev/sda1 rw\n",
        rustix::fs::major(device),
        rustix::fs::minor(device),
        drive.display()
    );
    fs::write(place.join("mounts"), mount).unwrap();
    let config = steward::Config {
        peers: vec![rustix::process::getuid().as_raw()],
        // The kiosk's drive is a folder here; so it is one for the steward.
        drives: stand.config.usb.root.parent().unwrap().to_owned(),
        mount_table: place.join("mounts"),
        state_dir: stand.path("steward"),
        kiosk_dir: stand.config.data_dir.clone(),
        data_dirs: vec![stand.config.data_dir.clone()],
        programs: steward::config::Programs {
            rauc: place.join("rauc"),
            systemctl: place.join("systemctl"),
            journalctl: place.join("journalctl"),
            networkctl: place.join("networkctl"),
        },
        ..steward::Config::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let socket = stand.config.steward.clone();
    let listener = runtime.block_on(async { tokio::net::UnixListener::bind(socket).unwrap() });
    runtime.spawn(steward::serve::serve(
        listener,
        Arc::new(steward::verbs::Steward::new(config)),
    ));
    (runtime, calls)
}

fn open(stand: &Stand, page: Page) -> MaintenanceView {
    stand.act(Do::Open(page));
    stand.sees_page(page)
}

/// Waits until it is done or refused.
fn done(stand: &Stand, page: Page, act: Act) -> MaintenanceView {
    stand.settles(page, |stand| stand.act(Do::Act(act)))
}

fn settled(stand: &Stand, page: Page) -> MaintenanceView {
    let view = stand.sees("an outcome", |view| {
        let Screen::Maintenance(view) = &view.screen else {
            return false;
        };
        view.page == page && !view.working && view.outcome.is_some()
    });
    let Screen::Maintenance(view) = view.screen else {
        unreachable!()
    };
    *view
}

fn value(view: &MaintenanceView, name: RowName) -> Option<Value> {
    let mut rows = view.rows.iter();
    rows.find(|row| row.name == name)
        .map(|row| row.value.clone())
}

#[test]
fn nothing_of_a_citizen_is_shown() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    let (_runtime, _) = steward(&stand);
    stand.start_with_list();
    stand.sees_welcome();
    stand.touch(Touch::Start);
    stand.sees("consent", |view| {
        matches!(view.screen, Screen::Consent { .. })
    });
    stand.touch(Touch::Choose(Choice::Consent(true)));
    stand.touch(Touch::Next);
    stand.sees("identity number", |view| {
        matches!(view.screen, Screen::IdentityNumber { .. })
    });
    stand.type_into(Field::IdentityNumber, CITIZEN[0]);
    stand.touch(Touch::Next);
    stand.sees("phone", |view| matches!(view.screen, Screen::Phone { .. }));
    stand.type_into(Field::Phone, CITIZEN[1]);
    stand.touch(Touch::Cancel);
    stand.touch(Touch::ConfirmCancel);
    stand.sees_welcome();

    enter(&stand, &card);
    let pages = Page::ALL.iter().filter(|page| {
        // Without a way there by itself.
        !matches!(
            page,
            Page::Pin | Page::Refused | Page::NetworkSettings | Page::Setting | Page::Devices
        )
    });
    for page in pages {
        open(&stand, *page);
    }
    stand.act(Do::Act(Act::Leave));
    stand.sees_welcome();
    for view in stand.maintenance_views() {
        let typed = view.fields.iter().map(|field| field.text.as_str());
        let all = format!("{view:?} {}", typed.collect::<Vec<_>>().join(" "));
        for canary in CITIZEN {
            assert!(!all.contains(canary), "{canary} in {all}");
        }
    }
}

#[test]
fn a_setting_is_changed_and_counts_after_a_restart() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.start_with_list();
    enter(&stand, &card);
    let local = stand.config.layers[0].clone();

    let change = |typed: &str| {
        let page = open(&stand, Page::Configuration);
        let is_it = |value: &Value| matches!(value, Value::Setting { key, .. } if key == "session.idle_seconds");
        let row = page.rows.iter().position(|row| is_it(&row.value)).unwrap();
        stand.act(Do::Row(row));
        stand.sees_page(Page::Setting);
        for _ in 0..6 {
            stand.touch(Touch::Key(Key::Backspace));
        }
        stand.type_into(Field::SettingValue, typed);
    };
    change("1");
    let refused = stand.settles(Page::Setting, |stand| stand.touch(Touch::Next));
    assert_eq!(refused.outcome, Some(Outcome::Refused(Refusal::BadValue)));
    assert!(!local.exists());
    change("45");
    stand.touch(Touch::Next);
    let page = stand.sees_page(Page::Configuration);
    let set = page.rows.iter().any(|row| {
        matches!(&row.value, Value::Setting { key, value, layer: Layer::Local, editable: true }
            if key == "session.idle_seconds" && value == "45")
    });
    assert!(set, "{:?}", page.rows);
    let text = fs::read_to_string(&local).unwrap();
    assert!(text.contains("idle_seconds = 45"), "{text}");
    assert_eq!(
        kiosk::config::Config::load(&[local]).0.session.idle_seconds,
        45
    );

    done(&stand, Page::Configuration, Act::RestartKiosk);
    stand.ends();
    // As the service manager would.
    stand.stop();
    card.take_out();
    stand.start();
    let order = stand.office_has_work_order();
    let done: Vec<&str> = order["done"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["action"].as_str().unwrap())
        .collect();
    assert_eq!(done, ["configured", "restarted"]);
}

#[test]
fn the_report_goes_onto_a_drive_and_to_the_office() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.start_with_list();
    enter(&stand, &card);
    open(&stand, Page::Report);
    let written = done(&stand, Page::Report, Act::ReportToDrive);
    assert_eq!(
        written.outcome,
        Some(Outcome::Done(Act::ReportToDrive)),
        "{written:?}"
    );
    let Some(Value::Count(number)) = value(&written, RowName::ReportNumber) else {
        panic!("{written:?}");
    };
    let folder = stand.config.usb.root.join("qoltanba");
    let file = folder.join(format!("readiness-{KIOSK}-{number}"));
    let json = fs::read_to_string(file.with_extension("json")).unwrap();
    let signed: exchange::Signed<exchange::ReadinessReport> = serde_json::from_str(&json).unwrap();
    let identity = stand.config.data_dir.join("identity");
    let identity = Identity::open(&identity, &Tpm::none()).unwrap().unwrap();
    let report = signed.verify(&identity.device_key().public_key()).unwrap();
    assert_eq!(report.number, number);
    let page = fs::read_to_string(file.with_extension("html")).unwrap();
    assert!(page.contains(KIOSK) && page.contains("camera"), "{page}");
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        2,
        "nothing unfinished"
    );

    let sent = done(&stand, Page::Report, Act::ReportToOffice);
    assert_eq!(sent.outcome, Some(Outcome::Done(Act::ReportToOffice)));
    assert!(matches!(
        value(&sent, RowName::SentAt),
        Some(Value::Moment(_))
    ));
    let told = stand.office.run(&["kiosk", "told", KIOSK]);
    assert!(
        told.contains(&format!("\"number\":{}", number + 1)),
        "{told}"
    );
}

#[test]
fn clock_and_wipe_go_by_the_steward_and_not_against_the_office() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    let (_runtime, calls) = steward(&stand);
    // What lies in the slots is looked at whenever.
    let called = || {
        let calls = fs::read_to_string(&calls).unwrap();
        let others = calls
            .lines()
            .filter(|call| !call.starts_with("rauc status"));
        others.collect::<Vec<_>>().join("\n")
    };
    stand.start_with_list();
    stand.until("the office said what time it is", |stand| {
        stand.config.data_dir.join("office-time.json").exists()
    });
    enter(&stand, &card);

    open(&stand, Page::Time);
    let set = |date: &str| {
        stand.type_into(Field::ClockDate, date);
        stand.type_into(Field::ClockTime, "15:50");
        let told = stand.settles(Page::Time, |stand| stand.touch(Touch::Next));
        for field in [Field::ClockDate, Field::ClockTime] {
            stand.touch(Touch::Focus(field));
            (0..12).for_each(|_| stand.touch(Touch::Key(Key::Backspace)));
        }
        told.outcome
    };
    // Before what the office signed: ended certificates would be good again.
    assert_eq!(set("2025-06-01"), Some(Outcome::Refused(Refusal::BadTime)));
    assert_eq!(set("never"), Some(Outcome::Refused(Refusal::BadTime)));
    assert_eq!(called(), "");
    assert_eq!(set("2098-06-01"), Some(Outcome::Done(Act::SetTime)));
    assert!(
        called().contains("systemctl start qoltanba-clock@"),
        "{}",
        called()
    );

    open(&stand, Page::Wipe);
    stand.act(Do::Act(Act::Wipe));
    let asked = done(&stand, Page::Wipe, Act::AskWipe);
    assert!(asked.acts.contains(&Act::Wipe), "{asked:?}");
    assert!(!stand.path("steward/wipe").exists());
    // Who goes elsewhere has not confirmed.
    open(&stand, Page::Overview);
    open(&stand, Page::Wipe);
    stand.act(Do::Act(Act::Wipe));
    done(&stand, Page::Wipe, Act::AskWipe);
    assert!(!stand.path("steward/wipe").exists());
    let wiped = done(&stand, Page::Wipe, Act::Wipe);
    assert_eq!(wiped.outcome, Some(Outcome::Done(Act::Wipe)), "{wiped:?}");
    assert!(stand.path("steward/wipe").exists());
    assert!(called().contains("reboot"), "{}", called());
    // What the kiosk keeps goes; the office has the visit by then.
    let order = stand.office_has_work_order();
    let done = order["done"].as_array().unwrap();
    assert!(done.iter().any(|d| d["action"] == "other"), "{order}");
}

#[test]
fn the_office_hears_of_a_bundle_that_a_technician_could_not_install() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    let (_runtime, calls) = steward(&stand);
    let folder = stand.config.usb.root.join("qoltanba");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("update.raucb"), "somebody else's").unwrap();
    stand.start_with_list();
    enter(&stand, &card);
    open(&stand, Page::Update);
    let refused = done(&stand, Page::Update, Act::InstallFromDrive);
    let outcome = Some(Outcome::Refused(Refusal::BundleRefused));
    assert_eq!(refused.outcome, outcome, "{refused:?}");
    assert!(!calls.with_file_name("installed").exists());
    stand.until("the office heard of it", |stand| {
        let results = stand.told("update_result");
        let is_it =
            |r: &serde_json::Value| r["source"] == "drive" && r["outcome"]["fault"] == "UPD-01";
        results.iter().any(is_it)
    });
}

#[test]
fn a_kiosk_of_nobody_learns_its_office_from_the_drive() {
    let mut stand = Stand::unknown();
    let known = std::mem::take(&mut stand.config.office);
    let local = stand.path("local");
    fs::create_dir(&local).unwrap();
    stand.config.layers = ["office.toml", "kiosk.toml"].map(|l| local.join(l)).into();
    stand.start();
    stand.sees("out of service", |view| {
        matches!(view.screen, Screen::OutOfService { .. })
    });
    stand.act(Do::SetUp);
    stand.sees_page(Page::Overview);
    open(&stand, Page::Provisioning);
    let refused_for = |stand: &Stand, why| {
        let refused = done(stand, Page::Provisioning, Act::ProvisionFromDrive);
        assert_eq!(refused.outcome, Some(Outcome::Refused(why)));
        assert!(!local.join("office.toml").exists());
    };
    let folder = stand.config.usb.root.join("qoltanba");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("provisioning-token"), "guessed").unwrap();
    // No office at all, and what is none.
    refused_for(&stand, Refusal::BadAddress);
    for bad in [
        "[office]",
        "= x",
        "[office]\nurl = 'http://a'\nca = ''",
        "[office]\nurl = 'https://a'\nca = ''\nca_file = '/etc/passwd'",
    ] {
        fs::write(folder.join("office.toml"), bad).unwrap();
        refused_for(&stand, Refusal::BadAddress);
    }
    fs::remove_file(folder.join("provisioning-token")).unwrap();
    fs::remove_file(folder.join("office.toml")).unwrap();

    let drive = stand.config.usb.root.to_str().unwrap();
    let words = ["kiosk", "add", KIOSK, "--drive", drive, "--url", &known.url];
    stand.office.run(&words);
    stand.act(Do::Act(Act::ProvisionFromDrive));
    stand.sees("words to compare", |view| match &view.screen {
        Screen::Maintenance(view) => {
            let address = value(view, RowName::OfficeAddress);
            value(view, RowName::Provisioned) == Some(Value::Word(Word::AwaitingOffice))
                && address == Some(Value::Text(known.url.clone()))
        }
        _ => false,
    });
    stand.office.run(&["kiosk", "confirm", KIOSK]);
    stand.ends();
    stand.stop();

    let adopted = kiosk::config::Config::load(&stand.config.layers).0.office;
    assert_eq!(adopted.url, known.url);
    let ca = |office: &kiosk::config::Office| fs::read_to_string(&office.ca_file).unwrap();
    assert_eq!(ca(&adopted), ca(&known));
    stand.config.office = adopted;
    stand.start_with_list();
    stand.sees_welcome();
}

#[test]
fn a_kiosk_of_nobody_is_set_up_by_who_unpacks_it() {
    let mut stand = Stand::unknown();
    let mut tpm = SoftwareTpm::start(&stand.path("tpm"));
    stand.config.tpm = config::Tpm::Simulated(tpm.tcti());
    stand.start();
    stand.sees("the cause, without what only follows from it", |view| {
        let Screen::OutOfService { faults } = &view.screen else {
            return false;
        };
        faults.contains(&Fault::NotProvisioned) && !faults.contains(&Fault::SealingImpossible)
    });
    stand.act(Do::SetUp);
    let overview = stand.sees_page(Page::Overview);
    assert_eq!(overview.who, Who::Installer);
    // Not theirs.
    stand.act(Do::Open(Page::Wipe));
    stand.act(Do::Open(Page::Configuration));
    let view = open(&stand, Page::Provisioning);
    let place = value(&view, RowName::DeviceKey);
    assert_eq!(place, Some(Value::Word(Word::InTpm)), "or will be");
    let refused = done(&stand, Page::Provisioning, Act::ProvisionFromDrive);
    assert_eq!(refused.outcome, Some(Outcome::Refused(Refusal::NoToken)));
    let folder = stand.config.usb.root.join("qoltanba");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("provisioning-token"), "guessed\n").unwrap();
    tpm.off();
    let failed = done(&stand, Page::Provisioning, Act::ProvisionFromDrive);
    assert_eq!(failed.outcome, Some(Outcome::Refused(Refusal::Failed)));
    stand.sees("why, and that no file takes its place", |view| {
        view.fault == Some(Fault::DeviceKeyFailed)
    });
    tpm.on();
    let refused = done(&stand, Page::Provisioning, Act::ProvisionFromDrive);
    assert_eq!(
        refused.outcome,
        Some(Outcome::Refused(Refusal::TokenRefused))
    );

    let identity = stand.config.data_dir.join("identity");
    let identity = Identity::open(&identity, &kiosk::run::tpm(&stand.config.tpm));
    assert!(!identity.unwrap().unwrap().device_key().is_degraded());

    let token = stand.token();
    fs::write(folder.join("provisioning-token"), format!("{token}\n")).unwrap();
    stand.act(Do::Act(Act::ProvisionFromDrive));
    let words = |view: &MaintenanceView| value(view, RowName::OwnWords);
    let view = stand.sees("words to compare", |view| match &view.screen {
        Screen::Maintenance(view) => {
            let awaits = Some(Value::Word(Word::AwaitingOffice));
            value(view, RowName::Provisioned) == awaits && words(view).is_some()
        }
        _ => false,
    });
    let Screen::Maintenance(view) = view.screen else {
        unreachable!()
    };
    let Some(Value::Text(words)) = words(&view) else {
        panic!("{view:?}");
    };
    let listed = stand.office.run(&["kiosk", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let theirs: Vec<String> = serde_json::from_value(listed["fingerprint_words"].clone()).unwrap();
    assert_eq!(words, theirs.join(" "));
    stand.office.run(&["kiosk", "confirm", KIOSK]);
    let view = settled(&stand, Page::Provisioning);
    let provisioned = Some(Value::Word(Word::Provisioned));
    assert_eq!(value(&view, RowName::Provisioned), provisioned);
    let seen = stand.maintenance_views();
    assert!(
        seen.iter()
            .all(|view| !matches!(view.page, Page::Wipe | Page::Configuration))
    );
    stand.ends();
    stand.stop();

    stand.start();
    stand.sees_welcome();
    stand.act(Do::SetUp);
    assert_eq!(
        stand.work_orders(),
        Vec::<serde_json::Value>::new(),
        "an installer has none"
    );
}
