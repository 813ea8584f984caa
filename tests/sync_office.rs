//! The kiosk's sync against the real office over TLS: provisioning, time, upload over a restart of
//! the office, revocation.

#[path = "support/real_office.rs"]
mod real_office;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::seal::{Place, Sealing};
use exchange::{Digest, Manifest, PartName, Secret, SubmissionId, UnixMillis};
use faults::Fault;
use kiosk::sync::{
    Credentials, Identity, OfficeClient, OfficeConfig, Provisioning, SyncError, TimeFloor, Tpm,
    Uplink, UplinkEvent, sign_manifest,
};
use outbox::{Limits, Outbox, State};
use real_office::Office;

fn floor(dir: &Path, credentials: Option<&Credentials>) -> Arc<TimeFloor> {
    let key = credentials.map(|c| c.receipt_key);
    Arc::new(TimeFloor::open(dir.join("time.json"), key.as_ref()).unwrap())
}

/// Token, words compared, confirmed; gives the client of the provisioned kiosk.
async fn provisioned(office: &Office, dir: &Path, identity: &Identity) -> OfficeClient {
    let added = office.run(&["kiosk", "add", "kiosk-7", "--json"]);
    let added: serde_json::Value = serde_json::from_str(&added).unwrap();
    let token = Secret::from(added["token"].as_str().unwrap());
    let new = OfficeClient::unprovisioned(&office.config(), floor(dir, None)).unwrap();
    assert!(matches!(
        identity.credentials(),
        Err(SyncError::NotProvisioned)
    ));

    let wrong = new.provision(identity, &Secret::from("guessed")).await;
    assert!(matches!(wrong, Err(SyncError::Refused { .. })), "{wrong:?}");
    let Provisioning::Awaiting { kiosk, words } = new.provision(identity, &token).await.unwrap()
    else {
        panic!("confirmed by nobody");
    };
    assert_eq!((kiosk.as_str(), words.len()), ("kiosk-7", 6));
    let listed = office.run(&["kiosk", "list"]);
    assert!(words.iter().all(|w| listed.contains(w)), "{listed}");
    office.run(&["kiosk", "confirm", "kiosk-7"]);
    assert_eq!(
        new.provision(identity, &token).await.unwrap(),
        Provisioning::Done
    );

    let credentials = identity.credentials().unwrap();
    let floor = floor(dir, Some(&credentials));
    OfficeClient::new(&office.config(), credentials, floor).unwrap()
}

/// Seals to the office and commits; the video is of `video` bytes.
fn commit(outbox: &Outbox, identity: &Identity, number: u8, video: usize) -> SubmissionId {
    let now = UnixMillis::from_system_clock();
    let submission = SubmissionId::from_parts(now, &[number; 10]);
    let credentials = identity.credentials().unwrap();
    for (part, length) in [
        (PartName::Video, video),
        (PartName::Form, 900),
        (PartName::Csr, 700),
    ] {
        let place = Place {
            kiosk: credentials.kiosk.clone(),
            submission,
            part,
        };
        let writer = outbox.stage(submission, part).unwrap();
        let mut sealing = Sealing::start(&credentials.recipients, &place, writer).unwrap();
        sealing.write_all(&vec![number; length]).unwrap();
        sealing.finish().unwrap().finish().unwrap();
    }
    let head = outbox.next_sequence_and_previous().unwrap();
    let manifest = Manifest {
        submission,
        kiosk: credentials.kiosk,
        sequence: head.next_sequence,
        parts: outbox.staged_parts(submission),
        csr_sha256: Some(Digest([number; 32])),
        previous: head.previous,
        committed_at: now,
        time_trust: exchange::TimeTrust::OfficeConfirmed,
        receipt_code_sha256: Digest([number; 32]),
    };
    outbox
        .commit(&sign_manifest(identity.device_key(), &manifest).unwrap())
        .unwrap();
    submission
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_token_to_the_receipt_over_a_restart_of_the_office() {
    let dir = tempfile::tempdir().unwrap();
    let mut office = Office::start(dir.path());
    let identity = Identity::to_provision(&dir.path().join("identity"), &Tpm::none()).unwrap();
    let client = provisioned(&office, dir.path(), &identity).await;

    let told = client.office_time().await.unwrap();
    assert!(told.0.abs_diff(UnixMillis::from_system_clock().0) < 60_000);
    assert_eq!(client.floor().last_signed(), Some(told));

    let limits = Limits {
        ballast_bytes: 0,
        ..Limits::default()
    };
    let outbox = Outbox::open(&dir.path().join("outbox"), limits).unwrap();
    let uplink = Uplink::new(client.clone(), outbox.clone());
    let task = tokio::spawn(Arc::clone(&uplink).run());
    let first = commit(&outbox, &identity, 1, 50_000);
    uplink.send_first(first).await.unwrap();
    assert_eq!(outbox.show(first).unwrap().listed.state, State::Done);

    // The office goes in the middle of the second's video, and comes again.
    let total = 24 << 20;
    let second = commit(&outbox, &identity, 2, total);
    let mut events = uplink.subscribe();
    uplink.wake();
    let mut stopped = false;
    let mut after = None;
    let received = async {
        loop {
            match events.recv().await {
                Ok(UplinkEvent::Progress { sent, .. }) if !stopped && sent > (total / 4) as u64 => {
                    office.stop();
                    stopped = true;
                }
                Ok(UplinkEvent::Link(Err(held))) if stopped => {
                    assert_eq!(held.fault, Fault::OfficeUnreachable);
                    office.serve();
                    uplink.wake();
                }
                Ok(UplinkEvent::Link(Ok(()))) if stopped => after = Some(None),
                Ok(UplinkEvent::Progress { sent, .. }) if after == Some(None) => {
                    after = Some(Some(sent));
                }
                Ok(UplinkEvent::Received { submission }) if submission == second => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), received)
        .await
        .expect("never received");
    assert!(stopped);
    let resumed = after.flatten().expect("nothing was sent after the restart");
    assert!(resumed > 1 << 20, "began anew, at {resumed}");
    assert_eq!(outbox.show(second).unwrap().listed.state, State::Done);
    let submissions = office.run(&["submissions"]);
    for id in [first, second] {
        assert_eq!(
            submissions.matches(&id.to_string()).count(),
            1,
            "{submissions}"
        );
    }

    office.run(&["kiosk", "revoke", "kiosk-7"]);
    let third = commit(&outbox, &identity, 3, 50_000);
    let held = uplink.send_first(third).await.unwrap_err();
    assert_eq!(held.fault, Fault::KioskRevoked);
    assert_eq!(outbox.show(third).unwrap().listed.state, State::Waiting);
    task.abort();
}

#[tokio::test]
async fn an_office_of_another_authority_is_not_spoken_to() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(dir.path());
    let config = OfficeConfig {
        office_ca_pem: include_str!("../src/sync/tests/ca.pem").into(),
        ..office.config()
    };
    let client = OfficeClient::unprovisioned(&config, floor(dir.path(), None)).unwrap();
    let identity = Identity::to_provision(&dir.path().join("identity"), &Tpm::none()).unwrap();
    let error = client
        .provision(&identity, &Secret::from("token"))
        .await
        .unwrap_err();
    assert_eq!(error.fault(), Fault::OfficeUntrusted, "{error}");

    // What does not speak TLS at all: a captive portal that answers plain HTTP.
    let portal = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = OfficeConfig {
        base_url: format!("https://{}", portal.local_addr().unwrap()),
        ..config
    };
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        loop {
            let (mut stream, _) = portal.accept().await.unwrap();
            let _ = stream
                .write_all(b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n")
                .await;
        }
    });
    let client = OfficeClient::unprovisioned(&config, floor(dir.path(), None)).unwrap();
    let error = client
        .provision(&identity, &Secret::from("token"))
        .await
        .unwrap_err();
    assert_eq!(error.fault(), Fault::CaptivePortal, "{error}");
}
