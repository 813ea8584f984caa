//! What kiosks tell of themselves, and the technicians who come to them.

mod support;

use exchange::{
    KeyAlgorithm, ReadinessReport, RevokedTechnicians, Signed, Technician, TechnicianError,
    UnixMillis, WorkOrder,
    api::ApiError,
    readiness::{self, AspectState},
    technician, work_order,
};
use keystore::PrivateKey;
use support::{
    Office,
    collection::der,
    desk::{Browser, office_with_operator},
    eventually,
    http::Answer,
    kiosk::{IIN, Kiosk, NAME, holder, request},
    maintenance::{certified, now, order, report, serial, state},
};

fn send<T: exchange::Statement>(
    office: &Office,
    kiosk: &Kiosk,
    path: &str,
    statement: &T,
) -> Answer {
    kiosk.post(office, path, &Signed::new(statement, &kiosk.manifest_key))
}

fn readiness(office: &Office, kiosk: &Kiosk, report: &ReadinessReport) -> Answer {
    send(office, kiosk, readiness::READINESS, report)
}

/// The newest list, as the kiosk accepts it.
fn list(office: &Office, kiosk: &Kiosk, seen: u64) -> Result<RevokedTechnicians, TechnicianError> {
    let answer = eventually("there is a list", || {
        let address = office.address();
        let answer = kiosk
            .client
            .request(&address, "GET", technician::REVOKED, &[], b"");
        (answer.status == 200).then_some(answer)
    });
    let key = office::keys::verifying_key(&kiosk.provisioned.decision_key_pem).unwrap();
    RevokedTechnicians::accept(&answer.json(), &key, seen)
}

fn admit(
    office: &Office,
    pem: &str,
    list: &RevokedTechnicians,
    at: UnixMillis,
) -> Result<Technician, TechnicianError> {
    let authority = office.read("public/tls_ca.pem");
    let authority = der(std::str::from_utf8(&authority).unwrap());
    Technician::admit(&der(pem), &authority, list, at)
}

const DAY: i64 = 24 * 3600 * 1000;

#[test]
fn a_technician_is_admitted_until_expired_or_revoked() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let pem = certified(&office, &[]);
    let before = list(&office, &kiosk, 0).unwrap();
    let technician = admit(&office, &pem, &before, now()).unwrap();
    assert_eq!(technician.name, "Сынақ Техник");
    let life = technician.not_after.0 - now().0;
    assert!((29 * DAY..=30 * DAY).contains(&life));
    // Without a link: for as long as the list is good, and not longer.
    let offline = before.good_until.plus_millis(-1);
    assert!(admit(&office, &pem, &before, offline).is_ok());
    let stale = admit(&office, &pem, &before, before.good_until).err();
    assert_eq!(stale, Some(TechnicianError::ListStale));
    let late = admit(&office, &pem, &before, now().plus_millis(31 * DAY)).err();
    assert_eq!(late, Some(TechnicianError::Expired));

    let second = certified(&office, &["--days", "1"]);
    office.command(&["technician", "revoke", serial(&pem).as_str()]);
    let after = list(&office, &kiosk, before.number).unwrap();
    assert!(after.number > before.number);
    let revoked = admit(&office, &pem, &after, now()).err();
    assert_eq!(revoked, Some(TechnicianError::Revoked));
    assert!(admit(&office, &second, &after, now()).is_ok());
    assert_eq!(
        list(&office, &kiosk, after.number + 1).err(),
        Some(TechnicianError::ListSuperseded)
    );
    let again = office.try_command(&["technician", "revoke", serial(&pem).as_str()]);
    assert!(!again.status.success());

    // Another office's, and a list of another office.
    let foreign = Office::start();
    let theirs = certified(&foreign, &[]);
    let refused = admit(&office, &theirs, &after, now()).err();
    assert_eq!(refused, Some(TechnicianError::OtherOffice));
    let key = office::keys::load_verifying_key(&foreign.dir().join("public/decision_key.pem"));
    let ours = kiosk
        .client
        .request(&office.address(), "GET", technician::REVOKED, &[], b"");
    let refused = RevokedTechnicians::accept(&ours.json(), &key.unwrap(), 0).err();
    assert_eq!(refused, Some(TechnicianError::ListNotSigned));
}

#[test]
fn a_technicians_certificate_opens_no_connection() {
    let office = Office::start();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let csr = request(&key, &holder(NAME), IIN, "technician@example.kz");
    let file = office.dir().join("technician.csr");
    std::fs::write(&file, csr).unwrap();
    let file = file.to_str().unwrap();
    let pem = office.command(&["technician", "add", "Техник", "--csr", file]);
    let pkcs8 = key.to_pkcs8().unwrap();
    let key = der::pem::encode_string("PRIVATE KEY", der::pem::LineEnding::LF, &pkcs8).unwrap();
    let ca = office.read("public/tls_ca.pem");
    let client = support::http::Client::new(&ca, Some((&pem, &key)));
    let mut stream = client.connect(&office.address());
    use std::io::{Read, Write};
    let asked = stream.write_all(&support::http::head("GET", exchange::api::TIME, &[]));
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(
        asked.is_err() || read.is_err(),
        "refused while shaking hands"
    );
    assert!(answer.is_empty());
    for wrong in [&["--days", "0"][..], &["--days", "91"]] {
        let words = [&["technician", "add", "Техник", "--csr", file], wrong].concat();
        assert!(!office.try_command(&words).status.success());
    }
}

#[test]
fn a_report_counts_once_and_only_as_its_kiosk_signed_it() {
    let office = Office::start_with(|settings| {
        let settings = settings["maintenance"].as_table_mut().unwrap();
        settings.insert("reports_per_hour".into(), 3.into());
    });
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let other = Kiosk::provision(&office, "kiosk-2");
    let first = report(&kiosk, 1);
    for _ in 0..5 {
        assert_eq!(readiness(&office, &kiosk, &first).status, 204, "idempotent");
    }
    // Signed by another kiosk, carried by another kiosk, or both.
    let foreign = Signed::new(&report(&kiosk, 2), &other.manifest_key);
    let answer = kiosk.post(&office, readiness::READINESS, &foreign);
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    let carried = Signed::new(&report(&kiosk, 2), &kiosk.manifest_key);
    let answer = other.post(&office, readiness::READINESS, &carried);
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    let answer = readiness(&office, &other, &report(&kiosk, 2));
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    // One kind is not another.
    let answer = kiosk.post(
        &office,
        work_order::WORK_ORDERS,
        &Signed::new(&first, &kiosk.manifest_key),
    );
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    assert_eq!(office.alarms(), Vec::<String>::new());

    let mut changed = first.clone();
    changed.readiness = state(AspectState::Ready, &[]);
    let answer = readiness(&office, &kiosk, &changed);
    assert_eq!(answer.json::<ApiError>(), ApiError::Conflict);
    assert_eq!(office.alarms(), ["report_changed"]);
    for number in [0, u64::MAX] {
        assert_eq!(
            readiness(&office, &kiosk, &report(&kiosk, number)).status,
            400
        );
    }
    assert_eq!(readiness(&office, &kiosk, &report(&kiosk, 5)).status, 204);
    assert_eq!(
        readiness(&office, &kiosk, &report(&kiosk, 3)).status,
        204,
        "late"
    );
    let flood = readiness(&office, &kiosk, &report(&kiosk, 6));
    assert!(matches!(flood.json(), ApiError::TooMany { .. }));
}

#[test]
fn what_is_too_large_is_not_taken() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    // Of the right shape, and more of it than a report has.
    let mut many = serde_json::to_value(report(&kiosk, 1)).unwrap();
    let aspect = many["readiness"]["aspects"][0].clone();
    many["readiness"]["aspects"] = vec![aspect; 49].into();
    let answer = send(&office, &kiosk, readiness::READINESS, &Loose(many));
    assert_eq!(answer.json::<ApiError>(), ApiError::Unverified);
    let mut long = serde_json::to_value(report(&kiosk, 1)).unwrap();
    long["readiness"]["aspects"][0]["detail"] = "x".repeat(100_000).into();
    let answer = send(&office, &kiosk, readiness::READINESS, &Loose(long));
    assert_eq!(answer.status, 400);
    assert_eq!(readiness(&office, &kiosk, &report(&kiosk, 1)).status, 204);
}

/// Signed as a report, whatever it says.
#[derive(serde::Serialize, serde::Deserialize)]
struct Loose(serde_json::Value);

impl exchange::Statement for Loose {
    const DOMAIN: &'static str = <ReadinessReport as exchange::Statement>::DOMAIN;
}

#[test]
fn work_by_somebody_who_is_no_technician_is_kept_and_shown() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let pem = certified(&office, &[]);
    let work = |order: &WorkOrder| send(&office, &kiosk, work_order::WORK_ORDERS, order).status;
    let good = order(&kiosk, 1, &serial(&pem));
    assert_eq!(work(&good), 204);
    assert_eq!(office.alarms(), Vec::<String>::new());
    office.command(&["technician", "revoke", serial(&pem).as_str()]);
    // Sent again, or late from before: nothing to doubt.
    assert_eq!(work(&good), 204);
    let mut before = good.clone();
    before.number = 2;
    assert_eq!(work(&before), 204);
    assert_eq!(office.alarms(), Vec::<String>::new());
    assert_eq!(work(&order(&kiosk, 3, &serial(&pem))), 204);
    assert_eq!(office.alarms(), ["technician_doubtful"]);

    let second = Kiosk::provision(&office, "kiosk-2");
    let foreign = serial(&certified(&Office::start(), &[]));
    let of_another_office = order(&second, 1, &foreign);
    let answer = send(
        &office,
        &second,
        work_order::WORK_ORDERS,
        &of_another_office,
    );
    assert_eq!(answer.status, 204);
    let expired = serial(&certified(&office, &["--days", "1"]));
    let third = Kiosk::provision(&office, "kiosk-3");
    let mut late = order(&third, 1, &expired);
    late.began_at = now().plus_millis(2 * DAY);
    let answer = send(&office, &third, work_order::WORK_ORDERS, &late);
    assert_eq!(answer.status, 204);
    assert_eq!(office.alarms(), ["technician_doubtful"; 3]);
}

#[test]
fn the_desk_shows_each_kiosks_state_and_believes_no_listener() {
    let (office, password) = office_with_operator();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let pem = certified(&office, &[]);
    assert_eq!(readiness(&office, &kiosk, &report(&kiosk, 1)).status, 204);
    let work = order(&kiosk, 1, &serial(&pem));
    let answer = send(&office, &kiosk, work_order::WORK_ORDERS, &work);
    assert_eq!(answer.status, 204);
    let mut browser = Browser::new(&office);
    let page = browser.get("/kiosks/kiosk-1");
    assert_eq!(page.header("location"), Some("/sign-in"));
    assert_eq!(browser.sign_in(&password).status, 303);
    assert!(
        browser
            .get("/kiosks")
            .text()
            .contains("\"/kiosks/kiosk-1\"")
    );
    let page = browser.get("/kiosks/kiosk-1").text();
    for text in [
        "CAM-01",
        "2026.11.28",
        "Сынақ Техник",
        "кабель ауыстырылды",
        "Жұмыс істемейді",
        "&lt;b&gt;7 frames/s",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for (language, text) in [("ru", "Состояние киоска"), ("en", "Kiosk&#39;s state")]
    {
        browser.get(&format!("/language/{language}"));
        let page = browser.get("/kiosks/kiosk-1").text();
        assert!(page.contains(text) || page.contains(&text.replace("&#39;", "'")));
    }
    for path in ["/kiosks/nobody", "/kiosks/NO%20NAME"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }

    // Someone who broke the listener and writes what it may write.
    let stranger = office::keys::generate_signing_key().unwrap();
    let mut forged = report(&kiosk, 9);
    forged.readiness = state(AspectState::Ready, &[]);
    let forged = serde_json::to_string(&Signed::new(&forged, &stranger)).unwrap();
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "INSERT INTO kiosk_report (kiosk, kind, number, digest, statement, at, settled)
               VALUES ('kiosk-1', 'readiness', 9, '', ?, 0, 0)";
    database.write(|t| t.execute(sql, [&forged])).unwrap();
    let page = browser.get("/kiosks/kiosk-1").text();
    assert!(page.contains("Reports without this kiosk") && page.contains("role=\"alert\""));
}
