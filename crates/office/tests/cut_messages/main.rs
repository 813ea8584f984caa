//! Every message of an enrolment and a collection, cut: the office dies, or the kiosk is
//! gone, before it, while it is under way, and after it was answered. Afterwards another
//! kiosk gets the same key storage, and there is one good certificate, confirmed.

mod journey;
mod messages;
#[path = "../support/mod.rs"]
mod support;

use exchange::api;
use journey::{Journey, revoked};
use messages::{ALL, Cut, MOMENTS, Message, Moment, Who, cut_messages, messages};
use support::{Office, eventually, in_hand::Key, kiosk::Kiosk};

/// Many citizens with one number at two kiosks.
fn office(confirm_minutes: i64) -> (Office, [Kiosk; 2]) {
    let office = Office::start_with(|settings| {
        let mut set = |table: &str, name: &str, value: i64| {
            let table = settings[table].as_table_mut().unwrap();
            table.insert(name.into(), value.into());
        };
        set("codes", "sent_per_hour", 1000);
        set("codes", "resend_after_seconds", 0);
        set("limits", "wrong_receipt_codes_per_hour", 1000);
        set("collect", "confirm_minutes", confirm_minutes);
    });
    let kiosks = ["kiosk-1", "kiosk-2"].map(|id| Kiosk::provision(&office, id));
    (office, kiosks)
}

fn cut_by(who: Who) {
    let (mut office, [kiosk, other]) = office(10);
    for (key, message) in [Key::BeforeSending, Key::AtCollection]
        .into_iter()
        .flat_map(|key| cut_messages(key).into_iter().map(move |m| (key, m)))
    {
        for moment in MOMENTS {
            let cut = Cut {
                who,
                message,
                moment,
            };
            println!("{key:?} {cut:?}");
            let mut journey = Journey::new(&mut office, &kiosk, key, Some(cut));
            journey.whole().unwrap_err();
            journey.goes_on_at(&other);
            let ended = journey.ends_well();
            // Where the first certificate was out and nobody knew that it arrived.
            match (message, moment) {
                (Message::Prove, Moment::After) | (Message::Confirm, Moment::Before) => {
                    assert_eq!(ended, 1);
                }
                (Message::Prove | Message::Confirm, Moment::UnderWay) => assert!(ended <= 1),
                _ => assert_eq!(ended, 0),
            }
        }
    }
}

#[test]
fn the_office_dies_at_every_message() {
    cut_by(Who::Office);
}

#[test]
fn the_kiosk_is_gone_at_every_message() {
    cut_by(Who::Kiosk);
}

/// A journey without a cut says exactly the messages of the table, in its order.
#[test]
fn the_table_names_every_message() {
    let (mut office, [kiosk, _]) = office(10);
    for key in [Key::BeforeSending, Key::AtCollection] {
        let mut journey = Journey::new(&mut office, &kiosk, key, None);
        journey.whole().unwrap();
        assert!(journey.said.iter().copied().eq(messages(key)));
        assert_eq!(journey.ends_well(), 0);
    }
}

/// What is new between kiosk and office has to be put into the table, or here.
#[test]
fn no_message_of_the_interface_is_forgotten() {
    let elsewhere = [
        // Before an application begins, and beside it.
        api::PROVISION,
        api::TIME,
        api::HEARTBEAT,
        // Nothing of an application is changed by it.
        api::PHONE_LOOKUP,
    ];
    let source = include_str!("../../../exchange/src/api.rs");
    let paths = source.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("pub const ")?.split_once(": &str = \"")?;
        Some((name, value.strip_suffix("\";")?))
    });
    let mut seen = 0;
    for (name, path) in paths {
        seen += 1;
        // Its messages are the two that are named by their last part.
        if path == api::SUBMISSIONS || elsewhere.contains(&path) {
            continue;
        }
        assert!(
            ALL.iter().any(|m| m.route().1 == path),
            "{name} is in no table"
        );
    }
    assert_eq!(
        seen, 14,
        "the paths are no longer written as this test reads them"
    );
}

/// Nobody comes back: what was issued and not confirmed ends, also when the office was
/// down at its time.
#[test]
fn what_nobody_confirms_is_revoked_when_the_office_is_back() {
    let (mut office, [kiosk, _]) = office(0);
    let cut = Cut {
        who: Who::Office,
        message: Message::Prove,
        moment: Moment::After,
    };
    let mut journey = Journey::new(&mut office, &kiosk, Key::BeforeSending, Some(cut));
    journey.whole().unwrap_err();
    let id = journey.application.id;
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let issued = eventually("it was revoked", || {
        let all = database
            .read(|c| office::db::certificates::of_submission(c, id))
            .unwrap();
        let ended = |c: &office::db::certificates::Certificate| c.revoked_at.is_some();
        (!all.is_empty() && all.iter().all(ended)).then_some(all)
    });
    let revoked = revoked(&office);
    for certificate in issued {
        assert!(revoked.contains(&certificate.serial.unwrap()));
    }
}

/// A crash between the authority's decision to sign and the certificate's row: the proof
/// that waits is answered all the same.
#[test]
fn a_reservation_left_by_a_crash_is_in_nobodys_way() {
    let (mut office, [kiosk, _]) = office(10);
    let journey = Journey::new(&mut office, &kiosk, Key::BeforeSending, None);
    journey.queue_goes_on();
    journey.approve();
    let Journey {
        application, token, ..
    } = &journey;
    let nonce = "ab".repeat(32);
    let (id, signature) = (
        application.id.to_string(),
        token.sign(application.id, &nonce),
    );
    let database = office::db::Database::open(&journey.office.dir().join("office.db")).unwrap();
    database
        .write(|t| {
            let now = exchange::UnixMillis::from_system_clock().0;
            t.execute(
                "INSERT INTO key_proof (nonce, submission, kiosk, signature, at, state)
                 VALUES (?, ?, 'kiosk-1', ?, ?, 'waiting')",
                (&nonce, &id, &signature, now),
            )?;
            t.execute(
                "INSERT INTO certificate (submission, nonce, issued_at, confirm_before, state)
                 VALUES (?, ?, ?, ?, 'reserved')",
                (&id, &nonce, now, now + 600_000),
            )
        })
        .unwrap();
    eventually("it was issued", || {
        let found = database.read(|c| office::db::certificates::by_nonce(c, &nonce));
        found.unwrap()?.serial
    });
    assert!(journey.office.alarms().is_empty());
}
