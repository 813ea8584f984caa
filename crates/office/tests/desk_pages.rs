//! The desk's pages, spoken to as a browser would: signing in, looking, deciding,
//! and what must not be possible.

mod support;

use support::desk::{Browser, OPERATOR, office_with_operator, open_application, picture};
use support::kiosk::Kiosk;

/// Everything in one office: each takes a second to make.
#[test]
fn an_operator_signs_in_looks_and_decides() {
    let (office, password) = office_with_operator();
    let kiosk = Kiosk::provision(&office, "demo-1");
    let id = open_application(&office, &kiosk);
    let mut browser = Browser::new(&office);
    nothing_without_signing_in(&mut browser, &id);
    only_the_right_password_opens(&mut browser, &password);
    an_application_is_shown(&mut browser, &id);
    only_our_own_forms_decide(&office, &mut browser, &id);
    lists_say_what_there_is(&mut browser, &id);
    let second = open_application(&office, &kiosk);
    a_reason_is_kept_as_written_and_shown_harmless(&office, &mut browser, &second);
    the_language_is_kept(&mut browser);
    signing_out_ends_the_session(&mut browser);
}

fn nothing_without_signing_in(browser: &mut Browser, id: &str) {
    for path in [
        "/",
        "/kiosks",
        "/messages",
        "/alarms",
        &format!("/applications/{id}"),
        &format!("/applications/{id}/selfie"),
        &format!("/applications/{id}/video"),
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 303, "{path}");
        assert_eq!(page.header("location"), Some("/sign-in"), "{path}");
        assert!(page.body.is_empty(), "{path}");
    }
    let page = browser.post(&format!("/applications/{id}/approve"), &[("csrf", "")]);
    assert_eq!(page.header("location"), Some("/sign-in"));
}

fn only_the_right_password_opens(browser: &mut Browser, password: &str) {
    let page = browser.get("/sign-in");
    assert!(page.text().contains("<html lang=\"kk\">"), "Kazakh first");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(!page.text().contains("<script") && !page.text().contains(" style="));

    let wrong = browser.sign_in("not the password");
    assert_eq!(wrong.status, 200);
    assert!(wrong.text().contains("сәйкес келмейді"));
    assert!(!browser.cookies.contains_key("qoltanba_desk"));

    let form = [
        ("csrf", "guess"),
        ("name", OPERATOR),
        ("password", password),
    ];
    browser.post("/sign-in", &form);
    assert!(!browser.cookies.contains_key("qoltanba_desk"), "no token");
    let foreign = [("Origin", "http://evil.example")];
    let page = browser.request("POST", "/sign-in", &foreign, "");
    assert_eq!(page.status, 403, "from a foreign page");
    let page = browser.request("GET", "/sign-in", &[("Host", "evil.example")], "");
    assert_eq!(page.status, 403, "by a foreign name");

    let page = browser.sign_in(password);
    assert_eq!(page.status, 303);
    let cookie = page
        .headers("set-cookie")
        .find(|c| c.starts_with("qoltanba_desk="))
        .unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
}

fn an_application_is_shown(browser: &mut Browser, id: &str) {
    let list = browser.get("/").text();
    assert!(list.contains(&format!("/applications/{id}")));
    let page = browser.get(&format!("/applications/{id}"));
    assert_eq!(page.status, 200);
    let text = page.text();
    for word in [
        "ҮЛГІБЕКОВА",
        "8804 1240 1006",
        "sample@example.kz",
        "041236587",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert_eq!(text.matches("data:image/jpeg;base64,").count(), 10);

    let selfie = browser.get(&format!("/applications/{id}/selfie"));
    assert_eq!(selfie.header("content-type"), Some("image/jpeg"));
    assert_eq!(selfie.header("cache-control"), Some("no-store"));
    assert!(selfie.body == picture());
    let video = browser.get(&format!("/applications/{id}/video"));
    let kind = video.header("content-type").unwrap();
    assert_eq!(kind, "multipart/x-mixed-replace; boundary=frame");
    let parts = video
        .body
        .windows(24)
        .filter(|w| *w == b"Content-Type: image/jpeg")
        .count();
    assert_eq!(parts, 12);

    for path in ["/applications/nonsense", "/nowhere"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    for part in ["account_pin", "csr", "form", "../form"] {
        let path = format!("/applications/{id}/{part}");
        assert_eq!(browser.get(&path).status, 404, "{part}");
    }
}

fn only_our_own_forms_decide(office: &support::Office, browser: &mut Browser, id: &str) {
    let approve = format!("/applications/{id}/approve");
    for form in [
        vec![],
        vec![("csrf", "")],
        vec![("csrf", "0".repeat(64).leak() as &str)],
    ] {
        assert_eq!(browser.post(&approve, &form).status, 403, "{form:?}");
    }
    assert_eq!(office.state_of(id), "open");
    let csrf = browser.get(&format!("/applications/{id}")).csrf();
    let body = format!("csrf={csrf}");
    let foreign = [("Origin", "http://evil.example")];
    assert_eq!(
        browser.request("POST", &approve, &foreign, &body).status,
        403
    );
    assert_eq!(browser.request("POST", &approve, &[], &body).status, 403);
    assert_eq!(office.state_of(id), "open");

    let done = browser.post(&approve, &[("csrf", &csrf)]);
    assert_eq!(done.status, 303);
    assert_eq!(office.state_of(id), "approved");
    let page = browser.get(&format!("/applications/{id}")).text();
    assert!(page.contains(OPERATOR) && !page.contains("/approve"));
    let again = browser.post(&approve, &[("csrf", &csrf)]);
    assert_eq!(again.status, 409);
}

fn lists_say_what_there_is(browser: &mut Browser, id: &str) {
    let waiting = browser.get("/?show=waiting").text();
    assert!(!waiting.contains(id));
    assert!(browser.get("/?show=decided").text().contains(id));
    assert!(browser.get("/kiosks").text().contains("demo-1"));
    let messages = browser.get("/messages").text();
    assert!(messages.contains("+77010000001") && messages.contains("растау коды"));
    assert_eq!(browser.get("/alarms").status, 200);
    assert!(browser.get("/style.css").text().contains("--primary"));
}

fn a_reason_is_kept_as_written_and_shown_harmless(
    office: &support::Office,
    browser: &mut Browser,
    id: &str,
) {
    let path = format!("/applications/{id}");
    let csrf = browser.get(&path).csrf();
    let reject = format!("{path}/reject");
    let empty = browser.post(&reject, &[("csrf", &csrf), ("text", "  ")]);
    assert_eq!(empty.status, 409);
    assert_eq!(office.state_of(id), "open");
    let reason = "Құжаттың суреті анық емес <script>alert(1)</script> & т.б.";
    let done = browser.post(&reject, &[("csrf", &csrf), ("text", reason)]);
    assert_eq!(done.status, 303);
    assert_eq!(office.state_of(id), "rejected");
    let page = browser.get(&path).text();
    assert!(page.contains("Құжаттың суреті анық емес &lt;script&gt;"));
    assert!(!page.contains("<script"));
}

fn the_language_is_kept(browser: &mut Browser) {
    let page = browser.get("/language/ru?back=/kiosks");
    assert_eq!(page.header("location"), Some("/kiosks"));
    assert!(browser.get("/kiosks").text().contains("<html lang=\"ru\">"));
    for back in ["//evil.example", "https://evil.example", "/%0d%0aX: y", ""] {
        let page = browser.get(&format!("/language/en?back={}", back.replace(' ', "%20")));
        assert_eq!(page.header("location"), Some("/"), "{back}");
    }
    assert!(browser.get("/").text().contains("<html lang=\"en\">"));
}

fn signing_out_ends_the_session(browser: &mut Browser) {
    let csrf = browser.get("/").csrf();
    let before = browser.cookies.clone();
    assert_eq!(browser.post("/sign-out", &[("csrf", "x")]).status, 403);
    assert_eq!(browser.get("/").status, 200);
    let page = browser.post("/sign-out", &[("csrf", &csrf)]);
    assert_eq!(page.header("location"), Some("/sign-in"));
    assert!(!browser.cookies.contains_key("qoltanba_desk"));
    browser.cookies = before;
    assert_eq!(browser.get("/").status, 303, "the old cookie opens nothing");
}

/// Guessing passwords meets a limit even where the right one comes at last.
#[test]
fn guessing_a_password_is_stopped() {
    let (office, password) = office_with_operator();
    let mut browser = Browser::new(&office);
    for _ in 0..10 {
        browser.sign_in("a wrong password");
    }
    let page = browser.sign_in(&password);
    assert_eq!(page.status, 200);
    assert!(!browser.cookies.contains_key("qoltanba_desk"));
    assert!(page.text().contains("тым көп"));
}
