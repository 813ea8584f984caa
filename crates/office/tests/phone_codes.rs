//! One-time codes: right, wrong, expired, frozen, bound.

mod support;

use exchange::api::{self, ApiError, CodeChecked, CodePurpose, CodeSent, PhoneFound, PhoneLookup};
use support::{
    Office,
    kiosk::{Kiosk, PHONE, iin, submission_id},
};

const ENROL: CodePurpose = CodePurpose::Enrol;

fn codes(settings: &mut toml::Table, key: &str, value: i64) {
    settings["codes"]
        .as_table_mut()
        .unwrap()
        .insert(key.into(), value.into());
}

/// A code of the same length that is not `code`.
fn other(code: &str) -> String {
    let digit = (code.as_bytes()[0] - b'0' + 1) % 10;
    format!("{digit}{}", &code[1..])
}

#[test]
fn the_number_is_shown_masked_and_the_code_goes_there() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let id = submission_id();
    let look = |who: &str| -> PhoneFound {
        let lookup = PhoneLookup {
            submission: id,
            iin: iin(who),
        };
        kiosk.post(&office, api::PHONE_LOOKUP, &lookup).json()
    };
    let masked = look("880412401006").registered_masked.unwrap();
    assert_eq!(masked, "+7 7•• ••• •• 01");
    assert_eq!(look("050101500000").registered_masked, None);

    let sent: CodeSent = kiosk.send_code(&office, ENROL, id).json();
    assert_eq!(
        (sent.digits, sent.lifetime_seconds, sent.sent_to_masked),
        (6, 180, masked)
    );
    let code = office.newest_code(PHONE);
    assert_eq!(code.len(), 6);
    let right = kiosk.check_code(&office, ENROL, id, &code);
    assert!(matches!(right, CodeChecked::Right { .. }));
    assert_eq!(
        kiosk.check_code(&office, ENROL, id, &code),
        right,
        "an answer lost on the way can be asked for again"
    );
    let nobody = kiosk.send_code_to(&office, ENROL, submission_id(), "050101500000");
    assert_eq!(nobody.json::<ApiError>(), ApiError::NotFound);
}

#[test]
fn too_many_wrong_codes_freeze_the_number() {
    let office = Office::start_with(|s| {
        codes(s, "tries", 3);
        codes(s, "resend_after_seconds", 0);
    });
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let id = submission_id();
    kiosk.send_code(&office, ENROL, id);
    let code = office.newest_code(PHONE);
    let wrong = other(&code);
    let check = |code: &str| kiosk.check_code(&office, ENROL, id, code);
    assert_eq!(check(&wrong), CodeChecked::Wrong { tries_left: 2 });
    // A new code does not give new tries.
    kiosk.send_code(&office, ENROL, id);
    let code = office.newest_code(PHONE);
    let wrong = other(&code);
    assert_eq!(check(&wrong), CodeChecked::Wrong { tries_left: 1 });
    assert_eq!(check(&wrong), CodeChecked::Frozen { seconds: 1800 });
    assert!(
        matches!(check(&code), CodeChecked::Frozen { .. }),
        "even the right one"
    );
    // Neither does another application for the same number.
    let again = kiosk.send_code(&office, ENROL, submission_id());
    assert_eq!(again.status, 429);
    assert!(matches!(again.json(), ApiError::TooMany { seconds } if seconds > 1700));
    assert!(again.header("retry-after").is_some());
}

#[test]
fn a_code_expires_and_is_replaced() {
    let office = Office::start_with(|s| {
        codes(s, "lifetime_seconds", 1);
        codes(s, "resend_after_seconds", 2);
    });
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let id = submission_id();
    kiosk.send_code(&office, ENROL, id);
    let early = kiosk.send_code(&office, ENROL, id);
    assert_eq!(early.status, 429, "resending is for later");
    let code = office.newest_code(PHONE);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(
        kiosk.check_code(&office, ENROL, id, &code),
        CodeChecked::Expired
    );
    kiosk.send_code(&office, ENROL, id);
    let second = office.newest_code(PHONE);
    if second != code {
        let old = kiosk.check_code(&office, ENROL, id, &code);
        assert!(matches!(old, CodeChecked::Wrong { .. }));
    }
    let right = kiosk.check_code(&office, ENROL, id, &second);
    assert!(matches!(right, CodeChecked::Right { .. }));
}

#[test]
fn a_code_is_bound_to_purpose_submission_and_kiosk() {
    let office = Office::start();
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let stranger = Kiosk::provision(&office, "kiosk-2");
    let (id, unknown) = (submission_id(), submission_id());
    kiosk.send_code(&office, ENROL, id);
    let code = office.newest_code(PHONE);
    // What was never sent looks like what has expired.
    let elsewhere = [
        stranger.check_code(&office, ENROL, id, &code),
        kiosk.check_code(&office, ENROL, unknown, &code),
        kiosk.check_code(&office, CodePurpose::Collect, id, &code),
    ];
    assert_eq!(elsewhere, [const { CodeChecked::Expired }; 3]);
    // To collect, a visit must be open here.
    let collect = kiosk.send_code(&office, CodePurpose::Collect, id);
    assert_eq!(collect.json::<ApiError>(), ApiError::NotFound);
}

#[test]
fn looking_up_people_has_a_limit() {
    let office = Office::start_with(|s| {
        s["limits"]
            .as_table_mut()
            .unwrap()
            .insert("lookups_per_hour".into(), 3.into());
    });
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let lookup = PhoneLookup {
        submission: submission_id(),
        iin: iin("900101300811"),
    };
    let statuses: Vec<u16> = (0..4)
        .map(|_| kiosk.post(&office, api::PHONE_LOOKUP, &lookup).status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
}
