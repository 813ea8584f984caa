//! Ending a certificate: by an operator at the desk, by its holder at a kiosk.

mod support;

use exchange::{
    Digest, Signed, SubmissionId, UnixMillis,
    api::ApiError,
    certificates::{
        self, CodeOnItsWay, CodeWanted, HeldCertificate, HeldCertificates, ListWanted,
        RevocationReason, RevocationStanding, RevocationWish,
    },
};
use support::{
    Office,
    collection::{Collection, der, serial},
    desk::{Browser, office_with_operator},
    eventually,
    http::Answer,
    kiosk::{IIN, Kiosk, PHONE, iin, submission_id},
};

/// A person at a kiosk.
struct Holder<'a> {
    office: &'a Office,
    kiosk: &'a Kiosk,
    visit: SubmissionId,
}

impl<'a> Holder<'a> {
    fn at(office: &'a Office, kiosk: &'a Kiosk) -> Self {
        let visit = submission_id();
        Self {
            office,
            kiosk,
            visit,
        }
    }

    fn ask_code(&self, who: &str) -> Answer {
        let wanted = CodeWanted {
            visit: self.visit,
            iin: iin(who),
        };
        self.kiosk.post(self.office, certificates::CODE, &wanted)
    }

    fn list(&self, code: &str) -> Answer {
        let wanted = ListWanted {
            visit: self.visit,
            code: code.into(),
        };
        self.kiosk.post(self.office, certificates::LIST, &wanted)
    }

    /// Asks for a code, reads it from the phone, and sees what there is.
    fn proven(&self) -> Vec<HeldCertificate> {
        let before = self.office.json(&["sms", "list", "--phone", PHONE]).len();
        assert_eq!(self.ask_code(IIN).status, 200);
        eventually("the message is sent", || {
            let all = self.office.json(&["sms", "list", "--phone", PHONE]);
            (all.len() > before).then_some(())
        });
        let listed = self.list(&self.office.newest_code(PHONE));
        assert_eq!(listed.status, 200, "{:?}", listed.seen());
        listed.json::<HeldCertificates>().certificates
    }

    fn wish(&self, certificate: Digest) -> RevocationWish {
        RevocationWish {
            visit: self.visit,
            kiosk: self.kiosk.id.clone(),
            certificate,
            reason: RevocationReason::KeyCompromise,
            asked_at: UnixMillis::from_system_clock(),
        }
    }

    fn send(&self, wish: &RevocationWish) -> Answer {
        let signed = Signed::new(wish, &self.kiosk.manifest_key);
        self.kiosk.post(self.office, certificates::REVOKE, &signed)
    }

    fn revoke(&self, certificate: Digest) -> RevocationStanding {
        self.send(&self.wish(certificate)).json()
    }
}

#[test]
fn a_holder_sees_and_ends_a_certificate_at_any_kiosk() {
    let s = Collection::proven();
    let pem = s.collected();
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let holder = Holder::at(&s.office, &other);
    let held = holder.proven();
    let [one] = held.as_slice() else {
        panic!("{held:?}");
    };
    assert!(serial(&pem).ends_with(&one.serial_tail) && one.serial_tail.len() == 8);
    assert_eq!(one.sha256, Digest::of(&der(&pem)));
    assert_eq!(one.storage, exchange::StorageType::Pkcs12);
    assert!((364..=366).contains(&((one.not_after.0 - one.not_before.0) / 86_400_000)));

    let standing = eventually("it is revoked", || match holder.revoke(one.sha256) {
        RevocationStanding::Waiting => None,
        revoked => Some(revoked),
    });
    assert_eq!(
        holder.revoke(one.sha256),
        standing,
        "asked again, told again"
    );
    let again = holder.list(&s.office.newest_code_before_notice(PHONE));
    assert_eq!(again.json::<HeldCertificates>().certificates, []);
    let messages = s.office.json(&["sms", "list", "--phone", PHONE]);
    let notice = messages.last().unwrap()["text"].as_str().unwrap();
    assert!(notice.contains("кері қайтарып алынды"), "{notice}");
}

/// Each differs from the right one in one thing, and the answers in nothing.
#[test]
fn unknown_and_wrong_are_answered_alike() {
    let s = Collection::proven();
    s.collected();
    let [known, nobody, without_number] = [(); 3].map(|()| Holder::at(&s.office, &s.kiosk));
    let sent = known.ask_code(IIN);
    assert_eq!(sent.json::<CodeOnItsWay>().digits, 6);
    // Nobody has this one; the other has no number.
    let unknown = nobody.ask_code("050101600808");
    assert_eq!(unknown.alike(), sent.alike());
    assert_eq!(
        without_number.ask_code("050101500000").alike(),
        sent.alike()
    );

    let code = eventually("the message is sent", || {
        let code = s.office.newest_code(PHONE);
        (code.len() == 6).then_some(code)
    });
    let wrong = known.list(&other_code(&code));
    assert_eq!(wrong.json::<ApiError>(), ApiError::NotFound);
    assert_eq!(nobody.list(&code).alike(), wrong.alike());
    assert_eq!(without_number.list(&code).alike(), wrong.alike());
    let never_asked = Holder::at(&s.office, &s.kiosk).list(&code);
    assert_eq!(never_asked.alike(), wrong.alike());
    let elsewhere = Kiosk::provision(&s.office, "kiosk-2");
    let carried = Holder {
        kiosk: &elsewhere,
        ..Holder::at(&s.office, &elsewhere)
    };
    let carried = Holder {
        visit: known.visit,
        ..carried
    };
    assert_eq!(carried.list(&code).alike(), wrong.alike());
    assert_eq!(
        carried.ask_code(IIN).alike(),
        wrong.alike(),
        "a visit of another kiosk"
    );
    assert_eq!(known.list(&code).status, 200);
}

fn other_code(code: &str) -> String {
    let digit = (code.as_bytes()[0] - b'0' + 1) % 10;
    format!("{digit}{}", &code[1..])
}

#[test]
fn guessing_meets_a_limit_for_kiosk_and_person() {
    let office = Office::start_with(|settings| {
        let limits = settings["limits"].as_table_mut().unwrap();
        limits.insert("wrong_revocation_codes_per_hour".into(), 3.into());
    });
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let holder = Holder::at(&office, &kiosk);
    holder.ask_code(IIN);
    let statuses = [(); 4].map(|()| holder.list("no code").status);
    assert_eq!(statuses, [404, 404, 404, 429]);
    // The person is guarded at other kiosks too, the one who exists as the one who does not.
    let second = Kiosk::provision(&office, "kiosk-2");
    let refused = Holder::at(&office, &second).ask_code(IIN);
    assert!(matches!(refused.json(), ApiError::TooMany { .. }));
}

#[test]
fn a_wish_counts_only_as_its_kiosk_signed_it_for_whom_it_knows() {
    let s = Collection::proven();
    let pem = s.collected();
    let sha256 = Digest::of(&der(&pem));
    let holder = Holder::at(&s.office, &s.kiosk);
    // The phone is not proven yet.
    let wish = holder.wish(sha256);
    let unproven = holder.send(&wish);
    assert_eq!(unproven.json::<ApiError>(), ApiError::NotFound);
    holder.proven();

    let stranger = office::keys::generate_signing_key().unwrap();
    let forged = Signed::new(&wish, &stranger);
    let answer = s.kiosk.post(&s.office, certificates::REVOKE, &forged);
    assert_eq!(answer.alike(), unproven.alike(), "another key");
    let not_held = holder.send(&holder.wish(Digest::of(b"somebody else's")));
    assert_eq!(not_held.alike(), unproven.alike());
    let other = Kiosk::provision(&s.office, "kiosk-2");
    let elsewhere = Holder {
        kiosk: &other,
        ..Holder::at(&s.office, &other)
    };
    let carried = elsewhere.send(&RevocationWish {
        kiosk: other.id.clone(),
        ..wish.clone()
    });
    assert_eq!(carried.alike(), unproven.alike(), "another kiosk");
    assert_eq!(state(&s.office, &pem), "confirmed");
}

fn state(office: &Office, pem: &str) -> String {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT state FROM certificate WHERE serial = ?";
    database
        .read(|c| c.query_row(sql, [serial(pem)], |r| r.get(0)))
        .unwrap()
}

/// Someone who broke the listener and writes what it may write, a kiosk's key in hand
/// or not.
#[test]
fn a_broken_listener_does_not_revoke_everybody() {
    let office = Office::start_with(|settings| {
        let limits = settings["limits"].as_table_mut().unwrap();
        limits.insert("revocations_per_kiosk_per_hour".into(), 0.into());
    });
    let s = Collection::with(office, true);
    let pem = s.collected();
    let wish = Holder::at(&s.office, &s.kiosk).wish(Digest::of(&der(&pem)));
    let write = |wish: &str| {
        let database = office::db::Database::open(&s.office.dir().join("office.db")).unwrap();
        let sql = "INSERT INTO revocation (certificate, at, state, wish, kiosk)
                   SELECT id, ?, 'asked', ?, 'kiosk-1' FROM certificate WHERE serial = ?";
        let now = UnixMillis::from_system_clock().0;
        database
            .write(|t| t.execute(sql, (now, wish, serial(&pem))))
            .unwrap();
    };
    let alarm = |kind: &str| {
        eventually(kind, || {
            s.office.alarms().iter().any(|a| a == kind).then_some(())
        });
    };
    let stranger = office::keys::generate_signing_key().unwrap();
    write(&serde_json::to_string(&Signed::new(&wish, &stranger)).unwrap());
    alarm("revocation_refused");
    // With a kiosk's key: more than is plausible waits for an operator.
    let signed = Signed::new(&wish, &s.kiosk.manifest_key);
    write(&serde_json::to_string(&signed).unwrap());
    alarm("revocations_held");
    // An order of its own making is nobody's.
    let database = office::db::Database::open(&s.office.dir().join("office.db")).unwrap();
    let sql = "INSERT INTO revocation (certificate, at, state, desk_order)
               SELECT id, 0, 'ordered', ? FROM certificate WHERE serial = ?";
    let order = Signed::new(
        &office::order::RevocationOrder {
            serial: serial(&pem),
            reason: office::authority::Reason::KeyCompromise,
            ordered_at: UnixMillis(0),
            ordered_by: "receive".into(),
        },
        &stranger,
    );
    let order = serde_json::to_string(&order).unwrap();
    database
        .write(|t| t.execute(sql, (order, serial(&pem))))
        .unwrap();
    eventually("the authority refuses", || {
        let sql = "SELECT count(*) FROM revocation WHERE state = 'refused'";
        let count: i64 = database
            .read(|c| c.query_row(sql, [], |r| r.get(0)))
            .unwrap();
        (count == 2).then_some(())
    });
    assert_eq!(state(&s.office, &pem), "confirmed");
}

#[test]
fn an_operator_ends_a_certificate_with_a_reason() {
    let (office, password) = office_with_operator();
    let s = Collection::with(office, true);
    let pem = s.collected();
    let path = format!("/applications/{}", s.application.id);
    let mut browser = Browser::new(&s.office);
    assert_eq!(browser.sign_in(&password).status, 303);
    let page = browser.get(&path);
    assert!(page.text().contains(&serial(&pem)) && page.text().contains("Жарамды"));
    let csrf = page.csrf();
    let (number, revoke) = (serial(&pem), format!("{path}/revoke"));
    let form = |csrf: &str, reason: &str| -> Vec<(String, String)> {
        [("csrf", csrf), ("serial", &number), ("reason", reason)]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec()
    };
    let mut send = |csrf: &str, reason: &str| {
        let form = form(csrf, reason);
        let form: Vec<(&str, &str)> = form.iter().map(|(a, b)| (&**a, &**b)).collect();
        browser.post(&revoke, &form).status
    };
    assert_eq!(send("guess", "key_compromise"), 403);
    assert_eq!(send(&csrf, "no reason"), 403);
    assert_eq!(send(&csrf, "privilege_withdrawn"), 303);
    eventually("the authority has done it", || {
        (state(&s.office, &pem) == "revoked").then_some(())
    });
    assert_eq!(send(&csrf, "key_compromise"), 409, "only once");
    let page = browser.get(&path).text();
    assert!(page.contains("Кері қайтарып алынды") && page.contains("Берілмеуге тиіс еді"));
    assert!(!page.contains("/revoke"));
}
