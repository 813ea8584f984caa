//! Updates offered to kiosks: who gets which, how the bytes come down, what is told back.

mod support;

use exchange::{
    BundleCheck, Digest, OfferError, Signed, UnixMillis, UpdateOffer, UpdateResult, UpdateSource,
    api::ApiError,
    update::{self, UpdateOutcome},
};
use support::{
    Office, eventually,
    http::Answer,
    kiosk::{Kiosk, anyone},
};

/// Larger than what is sent in one go.
const LENGTH: usize = 700_000;

fn bundle(seed: u8) -> Vec<u8> {
    let byte = |n: usize| (n.wrapping_mul(31) >> 3) as u8 ^ seed;
    (0..LENGTH).map(byte).collect()
}

/// Offers it with more words; gives the update's number.
fn add(office: &Office, bytes: &[u8], more: &[&str]) -> String {
    let path = office.dir().join("qoltanba-2026.11.28.raucb");
    std::fs::write(&path, bytes).unwrap();
    let words = [&["update", "add", path.to_str().unwrap()], more].concat();
    office.json(&words)[0]["id"].to_string()
}

fn ask(office: &Office, kiosk: &Kiosk) -> Answer {
    kiosk
        .client
        .request(&office.address(), "GET", update::OFFER, &[], b"")
}

fn offered(office: &Office, kiosk: &Kiosk) -> Signed<UpdateOffer> {
    eventually("an update is offered", || {
        let answer = ask(office, kiosk);
        (answer.status == 200).then(|| answer.json())
    })
}

/// Once the desk has looked.
fn nothing(office: &Office, kiosk: &Kiosk) {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT count(*) FROM kiosk WHERE offer_due_at IS NULL";
    eventually("the desk has looked at every kiosk", || {
        let unseen: i64 = database
            .read(|c| c.query_row(sql, [], |r| r.get(0)))
            .unwrap();
        (unseen == 0).then_some(())
    });
    assert_eq!(ask(office, kiosk).status, 204);
}

fn accept(
    kiosk: &Kiosk,
    signed: &Signed<UpdateOffer>,
    seen: u64,
) -> Result<UpdateOffer, OfferError> {
    let key = office::keys::verifying_key(&kiosk.provisioned.decision_key_pem).unwrap();
    let now = UnixMillis::from_system_clock();
    UpdateOffer::accept(signed, &key, &kiosk.id, seen, now)
}

fn download(office: &Office, kiosk: &Kiosk, offer: &UpdateOffer, range: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = range.iter().map(|r| ("range", *r)).collect();
    let path = offer.bundle_path();
    kiosk
        .client
        .request(&office.address(), "GET", &path, &headers, b"")
}

fn result(kiosk: &Kiosk, number: u64, offer: &UpdateOffer, outcome: UpdateOutcome) -> UpdateResult {
    UpdateResult {
        kiosk: kiosk.id.clone(),
        number,
        source: UpdateSource::Offer {
            offer: offer.number,
            sha256: offer.sha256,
        },
        outcome,
        at: UnixMillis::from_system_clock(),
    }
}

fn tell(office: &Office, kiosk: &Kiosk, result: &UpdateResult) -> Answer {
    let signed = Signed::new(result, &kiosk.manifest_key);
    kiosk.post(office, update::RESULT, &signed)
}

#[test]
fn a_bundle_comes_down_in_pieces_and_is_not_offered_again_once_installed() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    assert_eq!(ask(&office, &kiosk).status, 204);
    let bytes = bundle(1);
    add(&office, &bytes, &["--window", "00:00-00:00"]);
    let signed = offered(&office, &kiosk);
    let offer = accept(&kiosk, &signed, 0).unwrap();
    assert_eq!(offer.version.as_str(), "2026.11.28", "of the file's name");
    assert_eq!(offer.length, bytes.len() as u64);
    assert!(offer.window.contains(UnixMillis::from_system_clock()));
    assert!(offer.bundle_path().starts_with('/'), "relative");

    let mut check = BundleCheck::of(&offer);
    let first = download(&office, &kiosk, &offer, Some("bytes=0-299999"));
    assert_eq!(first.status, 206);
    assert_eq!(first.header("content-range"), Some("bytes 0-299999/700000"));
    check.add(&first.body).unwrap();
    let rest = format!("bytes={}-", check.length());
    let rest = download(&office, &kiosk, &offer, Some(&rest));
    assert_eq!(rest.status, 206);
    check.add(&rest.body).unwrap();
    check.finish().unwrap();
    let whole = download(&office, &kiosk, &offer, None);
    assert_eq!((whole.status, whole.body == bytes), (200, true));
    let beyond = download(&office, &kiosk, &offer, Some("bytes=700000-"));
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some("bytes */700000"));

    let busy = UpdateOutcome::Refused {
        fault: "DSK-01".parse().unwrap(),
    };
    assert_eq!(
        tell(&office, &kiosk, &result(&kiosk, 1, &offer, busy)).status,
        204
    );
    let again = accept(&kiosk, &offered(&office, &kiosk), offer.number).unwrap();
    assert_eq!(again.number, offer.number, "the same order stands");
    let installed = result(&kiosk, 2, &offer, UpdateOutcome::Installed);
    assert_eq!(tell(&office, &kiosk, &installed).status, 204);
    assert_eq!(tell(&office, &kiosk, &installed).status, 204, "once more");
    nothing(&office, &kiosk);
    assert_eq!(download(&office, &kiosk, &offer, None).status, 404);
    assert_eq!(office.alarms(), Vec::<String>::new());
}

#[test]
fn an_offer_and_its_bundle_are_for_one_kiosk() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let other = Kiosk::provision(&office, "kiosk-2");
    office.command(&["kiosk", "group", "kiosk-1", "trial"]);
    add(&office, &bundle(1), &["--group", "trial"]);
    let signed = offered(&office, &kiosk);
    let offer = accept(&kiosk, &signed, 0).unwrap();
    nothing(&office, &other);
    assert_eq!(accept(&other, &signed, 0), Err(OfferError::OtherKiosk));
    assert_eq!(download(&office, &other, &offer, None).status, 404);
    assert_eq!(download(&office, &kiosk, &offer, None).status, 200);
    let nobody = anyone(&office).request(&office.address(), "GET", &offer.bundle_path(), &[], b"");
    assert_eq!(nobody.json::<ApiError>(), ApiError::UnknownKiosk);
    let escape = format!("{}/..%2F..%2Foffice.db", update::BUNDLES);
    let escaped = kiosk
        .client
        .request(&office.address(), "GET", &escape, &[], b"");
    assert_eq!(escaped.status, 404);

    // What a kiosk says of an order that was never its own settles nothing of it.
    let foreign = result(&other, 1, &offer, UpdateOutcome::Installed);
    assert_eq!(tell(&office, &other, &foreign).status, 204);
    office.command(&["kiosk", "group", "kiosk-2", "trial"]);
    accept(&other, &offered(&office, &other), 0).unwrap();
    office.command(&["kiosk", "group", "kiosk-1"]);
    nothing(&office, &kiosk);
}

#[test]
fn a_newer_order_supersedes_and_a_withdrawn_one_ends() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let one = add(&office, &bundle(1), &[]);
    let first = offered(&office, &kiosk);
    let number = accept(&kiosk, &first, 0).unwrap().number;
    let two = add(&office, &bundle(2), &["--version", "2027.1"]);
    let second = eventually("the newer one is offered", || {
        accept(&kiosk, &offered(&office, &kiosk), number)
            .ok()
            .filter(|o| o.number > number)
    });
    assert_eq!(second.sha256, Digest::of(&bundle(2)));
    let replayed = accept(&kiosk, &first, second.number);
    assert_eq!(replayed, Err(OfferError::Superseded));

    // Rolled back: neither it nor what is older comes again.
    office.command(&["update", "withdraw", &two]);
    let back = eventually("the older one is offered again", || {
        accept(&kiosk, &offered(&office, &kiosk), second.number).ok()
    });
    assert_eq!(back.sha256, Digest::of(&bundle(1)));
    assert!(back.number > second.number);
    let fault = "INT-01".parse().unwrap();
    let rolled = result(&kiosk, 1, &back, UpdateOutcome::RolledBack { fault });
    assert_eq!(tell(&office, &kiosk, &rolled).status, 204);
    nothing(&office, &kiosk);
    assert_eq!(office.alarms(), ["update_rolled_back"]);
    office.command(&["update", "withdraw", &one]);
    assert!(
        !office
            .try_command(&["update", "withdraw", &one])
            .status
            .success()
    );
    let left = std::fs::read_dir(office.dir().join("updates")).unwrap();
    assert_eq!(left.count(), 0, "nor are their bytes kept");
    let listed = office.json(&["update", "list"]);
    assert!(listed.iter().all(|u| u["withdrawn_at"].is_i64()));
}

#[test]
fn a_percentage_reaches_those_whose_turn_it_is() {
    let office = Office::start();
    let sha256 = Digest::of(&bundle(1));
    let kiosks = ["kiosk-1", "kiosk-2", "kiosk-3"].map(|id| Kiosk::provision(&office, id));
    let turn = |kiosk: &Kiosk| office::desk::share(&sha256, &kiosk.id);
    let mut order: Vec<&Kiosk> = kiosks.iter().collect();
    order.sort_by_key(|kiosk| turn(kiosk));
    let first = u32::from(turn(order[0])) / 100 + 1;
    assert!(
        u32::from(turn(order[2])) >= first * 100,
        "the last has another"
    );
    let percent = first.to_string();
    let id = add(&office, &bundle(1), &["--percent", &percent]);
    accept(order[0], &offered(&office, order[0]), 0).unwrap();
    nothing(&office, order[2]);
    office.command(&["update", "percent", &id, "100"]);
    for kiosk in &kiosks {
        accept(kiosk, &offered(&office, kiosk), 0).unwrap();
    }
}

/// An offer that nobody renews dies; the desk renews what it still means.
#[test]
fn an_offer_is_signed_anew_before_it_expires_and_keeps_its_number() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    add(&office, &bundle(1), &[]);
    let first = accept(&kiosk, &offered(&office, &kiosk), 0).unwrap();
    assert!(first.expires_at > first.signed_at);
    // As if half of its life had passed.
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "UPDATE kiosk SET offer_due_at = 1 WHERE offer_due_at IS NOT NULL";
    eventually("the desk had looked", || {
        (database.write(|t| t.execute(sql, [])).unwrap() == 1).then_some(())
    });
    let second = eventually("it is signed anew", || {
        let offer = accept(&kiosk, &offered(&office, &kiosk), first.number).unwrap();
        (offer.expires_at > first.expires_at).then_some(offer)
    });
    assert_eq!(second.number, first.number);
    // Stored, and past its end: not handed out.
    let mut office = office;
    office.stop();
    let sql = "UPDATE update_offer SET expires_at = 1";
    database.write(|t| t.execute(sql, [])).unwrap();
    let sql = "UPDATE kiosk SET offer_due_at = 9223372036854775807";
    database.write(|t| t.execute(sql, [])).unwrap();
    office.serve();
    assert_eq!(ask(&office, &kiosk).status, 204);
    assert_eq!(download(&office, &kiosk, &second, None).status, 404);
}

#[test]
fn half_a_bundle_is_not_sent_and_an_empty_one_not_taken() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    add(&office, &bundle(1), &[]);
    let offer = accept(&kiosk, &offered(&office, &kiosk), 0).unwrap();
    let kept = office.dir().join("updates").join(offer.sha256.to_string());
    std::fs::write(&kept, &bundle(1)[..1000]).unwrap();
    let short = download(&office, &kiosk, &offer, None);
    assert_eq!(short.json::<ApiError>(), ApiError::Unavailable);

    let empty = office.dir().join("empty-1.raucb");
    std::fs::write(&empty, b"").unwrap();
    let empty = empty.to_str().unwrap();
    for words in [
        &["update", "add", empty][..],
        &["update", "add", empty, "--percent", "101"],
        &["update", "add", empty, "--group", "../x"],
        &["update", "add", "no-such-file"],
    ] {
        assert!(!office.try_command(words).status.success(), "{words:?}");
    }
    let left = std::fs::read_dir(office.dir().join("updates")).unwrap();
    assert_eq!(left.count(), 1, "nothing half is left");
}
