//! What a kiosk tells of itself, and whom it lets in.

use exchange::readiness::{Readiness, ReadinessReport};
use exchange::work_order::{Action, WorkDone};
use exchange::{
    AtMost, EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, StorageType, TechnicianError,
    TimeTrust, UnixMillis, WorkOrder,
};
use keystore::{PrivateKey, Subject, csr};
use kiosk::sync::{StatementKind, Statements, SyncError, Technicians};

use crate::place::{Place, eventually};

fn now() -> UnixMillis {
    UnixMillis::from_system_clock()
}

fn report(number: u64) -> ReadinessReport {
    ReadinessReport {
        kiosk: "kiosk-7".parse().unwrap(),
        number,
        made_at: now(),
        time_trust: TimeTrust::AboveFloor,
        readiness: Readiness::default(),
    }
}

fn order(number: u64) -> WorkOrder {
    let done = WorkDone {
        action: Action::Cleaned,
        aspect: Some("camera".parse().unwrap()),
        note: None,
        at: now(),
    };
    WorkOrder {
        kiosk: "kiosk-7".parse().unwrap(),
        number,
        technician: "01".parse().unwrap(),
        began_at: now(),
        ended_at: now(),
        time_trust: TimeTrust::AboveFloor,
        done: AtMost::new(vec![done]).unwrap(),
        before: Readiness::default(),
        after: Readiness::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_wait_for_the_office_and_count_once() {
    let mut place = tokio::task::spawn_blocking(|| Place::new(""))
        .await
        .unwrap();
    let (identity, client) = place.office_side();
    let key = identity.device_key();
    let dir = place.path("data/statements");
    let statements = Statements::open(dir.clone()).unwrap();
    place.office.stop();
    for _ in 0..3 {
        statements.make(key, order).unwrap();
    }
    let kind = StatementKind::WorkOrder;
    let lost = client.send_statements(&statements, kind).await.unwrap_err();
    assert!(matches!(lost, SyncError::Unreachable(_)), "{lost}");
    let before = statements.unsent(kind).unwrap();

    // The power goes; the same bytes are sent, and sent again where the answer was lost.
    drop(statements);
    let statements = Statements::open(dir.clone()).unwrap();
    assert_eq!(statements.unsent(kind).unwrap(), before);
    place.office.serve();
    client.send_statements(&statements, kind).await.unwrap();
    assert_eq!(statements.unsent(kind).unwrap(), []);
    for (number, text) in &before {
        std::fs::write(dir.join(format!("work-orders/{number}.json")), text).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.join(format!("work-orders/{number}.json")), private).unwrap();
    }
    client.send_statements(&statements, kind).await.unwrap();
    let numbers: Vec<u64> = place
        .told("work_order")
        .iter()
        .map(|told| told["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert!(!place.alarms().contains("report_changed"));

    // A number that was used before, by a kiosk that lost its count: put aside, and no obstacle.
    std::fs::remove_dir_all(&dir).unwrap();
    let statements = Statements::open(dir.clone()).unwrap();
    for _ in 0..4 {
        statements.make(key, order).unwrap();
    }
    client.send_statements(&statements, kind).await.unwrap();
    assert_eq!(place.told("work_order").len(), 4);
    assert!(dir.join("work-orders/3.refused").exists());
    assert!(place.alarms().contains("report_changed"));
    let (number, _) = statements.make(key, report).unwrap();
    let kind = StatementKind::Readiness;
    client.send_statements(&statements, kind).await.unwrap();
    assert_eq!(place.told("readiness")[0]["number"], number);
}

/// A technician's certificate of this office, DER and serial number.
fn technician(place: &Place) -> (Vec<u8>, String) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = Subject {
        holder: &HolderName::new("СЫНАҚ", "ТЕХНИК", "").unwrap(),
        iin: &Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
        email: &EmailAddress::parse("technician@example.kz").unwrap(),
    };
    let draft = csr::Draft::new(subject, StorageType::Pkcs12, None, key.public()).unwrap();
    let signature = key.sign(draft.to_be_signed()).unwrap();
    let file = place.path("technician.csr");
    std::fs::write(&file, draft.signed(&signature).unwrap()).unwrap();
    let words = [
        "technician",
        "add",
        "Сынақ Техник",
        "--csr",
        file.to_str().unwrap(),
    ];
    let pem = place.office.run(&words);
    let certificate = keystore::certificate::from_pem(&pem).unwrap();
    let serial = hex::encode(certificate.tbs_certificate().serial_number().as_bytes());
    let der = x509_cert::der::Encode::to_der(&certificate).unwrap();
    (der, serial)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_is_let_in_by_the_kept_list_until_revoked_or_the_list_is_old() {
    let mut place = tokio::task::spawn_blocking(|| Place::new(""))
        .await
        .unwrap();
    let (_, client) = place.office_side();
    let (certificate, serial) = technician(&place);
    let open = || {
        let authority = place.office.config().office_ca_pem;
        let key = client.credentials().unwrap().decision_key;
        Technicians::open(place.path("list.json"), &authority, key).unwrap()
    };
    let technicians = open();
    let before = technicians.admit(&certificate, now());
    assert_eq!(
        before,
        Err(TechnicianError::ListStale),
        "there is no list yet"
    );
    client.ask_revoked_technicians(&technicians).await.unwrap();
    let admitted = technicians.admit(&certificate, now()).unwrap();
    assert_eq!(admitted.name, "Сынақ Техник");

    // Without a link, after a restart, as long as the list is good.
    let technicians = open();
    let end = technicians.good_until().unwrap();
    assert!(technicians.admit(&certificate, end.plus_millis(-1)).is_ok());
    let late = technicians.admit(&certificate, end);
    assert_eq!(late, Err(TechnicianError::ListStale));

    place.office.run(&["technician", "revoke", &serial]);
    // The desk signs a new list within its next look.
    loop {
        client.ask_revoked_technicians(&technicians).await.unwrap();
        match technicians.admit(&certificate, now()) {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            refused => break assert_eq!(refused, Err(TechnicianError::Revoked)),
        }
    }
    assert_eq!(
        open().admit(&certificate, now()),
        Err(TechnicianError::Revoked)
    );
    place.office.stop();
}

#[test]
fn a_kiosk_tells_how_it_is_at_each_start_and_fetches_the_list() {
    let mut place = Place::new("");
    place.start_kiosk();
    for line in [
        "screen=drawn",
        "devices=answered",
        "outbox=open",
        "office=reached",
        "citizen=absent",
        "queue=safe",
    ] {
        place.await_standing(line);
    }
    let report = eventually("a report", || place.told("readiness").into_iter().next());
    let aspects = report["readiness"]["aspects"].as_array().unwrap();
    let state = |name: &str| {
        let of = aspects.iter().find(|a| a["aspect"] == name).unwrap();
        of["state"].as_str().unwrap().to_owned()
    };
    for (aspect, expected) in [
        ("camera", "ready"),
        ("reader", "ready"),
        ("writer", "absent"),
        ("panel", "absent"),
        ("disk", "ready"),
        ("queue", "ready"),
        ("link", "ready"),
    ] {
        assert_eq!(state(aspect), expected, "{aspect}");
    }
    eventually("the list", || {
        place.path("data/technicians.json").exists().then_some(())
    });
    place.kill_kiosk();

    place.office.stop();
    place.start_kiosk();
    place.await_standing("office=reason NET-01");
    eventually("a report is made", || {
        let kept = place.path("data/statements/readiness/2.json");
        kept.exists().then_some(())
    });
    place.kill_kiosk();
    place.office.serve();
    place.start_kiosk();
    eventually("the newest report", || {
        let told = place.told("readiness");
        (told.first()?["number"] == 3).then_some(())
    });
}
