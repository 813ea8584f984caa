//! What a kiosk tells of itself, and a technician who comes to it.

use exchange::{
    AtMost, CertificateSerial, KeyAlgorithm, ReadinessReport, TimeTrust, UnixMillis, WorkOrder,
    readiness::{AspectReadiness, AspectState, PartVersion, Readiness},
    work_order::{Action, WorkDone},
};
use keystore::PrivateKey;

use super::{
    Office, collection,
    kiosk::{IIN, Kiosk, NAME, holder, request},
};

pub fn now() -> UnixMillis {
    UnixMillis::from_system_clock()
}

pub fn state(camera: AspectState, faults: &[&str]) -> Readiness {
    let aspect = AspectReadiness {
        aspect: "camera".parse().unwrap(),
        state: camera,
        faults: AtMost::new(faults.iter().map(|f| f.parse().unwrap()).collect()).unwrap(),
        detail: Some("<b>7 frames/s".parse().unwrap()),
    };
    let version = PartVersion {
        part: "image".parse().unwrap(),
        version: "2026.11.28".parse().unwrap(),
    };
    Readiness {
        aspects: AtMost::new(vec![aspect]).unwrap(),
        versions: AtMost::new(vec![version]).unwrap(),
    }
}

pub fn report(kiosk: &Kiosk, number: u64) -> ReadinessReport {
    ReadinessReport {
        kiosk: kiosk.id.clone(),
        number,
        made_at: now(),
        time_trust: TimeTrust::AboveFloor,
        readiness: state(AspectState::Failed, &["CAM-01"]),
    }
}

pub fn order(kiosk: &Kiosk, number: u64, technician: &CertificateSerial) -> WorkOrder {
    let done = WorkDone {
        action: Action::Replaced,
        aspect: Some("camera".parse().unwrap()),
        note: Some("кабель ауыстырылды".parse().unwrap()),
        at: now(),
    };
    WorkOrder {
        kiosk: kiosk.id.clone(),
        number,
        technician: technician.clone(),
        began_at: now(),
        ended_at: now(),
        time_trust: TimeTrust::OfficeConfirmed,
        done: AtMost::new(vec![done]).unwrap(),
        before: state(AspectState::Failed, &["CAM-01"]),
        after: state(AspectState::Ready, &[]),
    }
}

/// A technician's certificate, PEM, of `office technician add`.
pub fn certified(office: &Office, more: &[&str]) -> String {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let csr = request(&key, &holder(NAME), IIN, "technician@example.kz");
    let file = office.dir().join("technician.csr");
    std::fs::write(&file, csr).unwrap();
    let words = ["technician", "add", "Сынақ Техник", "--csr"];
    office.command(&[&words[..], &[file.to_str().unwrap()], more].concat())
}

pub fn serial(pem: &str) -> CertificateSerial {
    collection::serial(pem).parse().unwrap()
}
