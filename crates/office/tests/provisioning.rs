//! How a kiosk becomes known, and what closes the door again.

mod support;

use exchange::api::{self, ApiError, ProvisionAnswer};
use support::{
    Office,
    kiosk::{Kiosk, NewKiosk, anyone, token},
};

#[test]
fn a_kiosk_is_confirmed_by_comparing_words() {
    let office = Office::start();
    let new = NewKiosk::new(&token(&office, "kiosk-1"));
    let ProvisionAnswer::AwaitingConfirmation {
        kiosk,
        fingerprint_words,
    } = new.provision(&office).json()
    else {
        panic!("confirmed without an administrator");
    };
    assert_eq!(kiosk.as_str(), "kiosk-1");
    assert_eq!(fingerprint_words, new.words);
    let listed = office.json(&["kiosk", "list"]);
    assert_eq!(listed[0]["state"], "awaiting");
    assert_eq!(
        listed[0]["fingerprint_words"],
        serde_json::json!(new.words),
        "the administrator sees the words of the kiosk's own keys"
    );
    office.command(&["kiosk", "confirm", "kiosk-1"]);
    let ProvisionAnswer::Confirmed(provisioned) = new.provision(&office).json() else {
        panic!("not confirmed");
    };
    assert!(provisioned.sealing_recipients[0].starts_with("age1"));
    assert_ne!(
        provisioned.sealing_recipients[0],
        provisioned.sealing_recipients[1]
    );
}

#[test]
fn a_token_serves_one_kiosk_once() {
    let office = Office::start();
    let given = token(&office, "kiosk-1");
    let refused = |answer: support::http::Answer| {
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json::<ApiError>(), ApiError::ProvisioningToken);
    };
    refused(NewKiosk::new("00000000000000000000000000000000").provision(&office));
    let first = NewKiosk::new(&given);
    assert_eq!(first.provision(&office).status, 200);
    refused(NewKiosk::new(&given).provision(&office));
    assert_eq!(office.alarms(), ["token_reused"]);

    // Seen with its certificate, the kiosk needs no token any more.
    let kiosk = Kiosk::provision(&office, "kiosk-2");
    let heartbeat = api::Heartbeat::default();
    let beat = |k: &Kiosk| k.post(&office, api::HEARTBEAT, &heartbeat).status;
    assert_eq!(beat(&kiosk), 204);
    let again = anyone(&office);
    refused(again.post(&office.address(), api::PROVISION, &kiosk.request));
    assert!(
        !office
            .try_command(&["kiosk", "add", "kiosk-2"])
            .status
            .success(),
        "a known kiosk is not invited again"
    );
}

#[test]
fn without_a_living_certificate_only_provisioning_answers() {
    let office = Office::start();
    let stranger = anyone(&office);
    for path in [api::TIME, "/v1/submissions/x/result", "/v1/uploads/x"] {
        let answer = stranger.request(&office.address(), "GET", path, &[], b"");
        assert_eq!(answer.json::<ApiError>(), ApiError::UnknownKiosk, "{path}");
    }
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let time = || {
        let answer = kiosk
            .client
            .request(&office.address(), "GET", api::TIME, &[], b"");
        answer.status
    };
    assert_eq!(time(), 200);
    office.command(&["kiosk", "revoke", "kiosk-1"]);
    assert_eq!(time(), 403, "revoked at once, without a restart");
}

#[test]
fn the_parts_end_with_their_supervisor() {
    let mut office = Office::start();
    let parts = ["receive", "desk", "issue"].map(|p| office.pid(p));
    assert_eq!(office.stop(), Some(0));
    for part in parts {
        assert!(rustix::process::test_kill_process(part).is_err());
    }
    // Killed without a chance to tell its children.
    office.serve();
    let parts = ["receive", "desk", "issue"].map(|p| office.pid(p));
    rustix::process::kill_process(office.supervisor(), rustix::process::Signal::KILL).unwrap();
    support::eventually("all parts ended", || {
        parts
            .iter()
            .all(|p| rustix::process::test_kill_process(*p).is_err())
            .then_some(())
    });
}
