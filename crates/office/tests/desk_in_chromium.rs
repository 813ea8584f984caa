//! The desk in a real browser, driven through WebDriver: sign in, list, detail,
//! approve, with a picture of every page.
//!
//! Needs Debian's chromium-driver, so it runs only when asked for:
//! `DESK_PICTURES=DIR cargo test -p office --test desk_in_chromium -- --ignored`

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use exchange::Signed;
use serde_json::{Value, json};
use support::desk::{OPERATOR, address, office_with_operator, open_application};
use support::eventually;
use support::kiosk::Kiosk;
use support::maintenance::{certified, order, report, serial};

#[test]
#[ignore = "needs chromium-driver"]
fn an_operator_approves_in_chromium() {
    let (office, password) = office_with_operator();
    let kiosk = Kiosk::provision(&office, "demo-1");
    let id = open_application(&office, &kiosk);
    let rejected = open_application(&office, &kiosk);
    let technician = serial(&certified(&office, &[]));
    let signed = Signed::new(&report(&kiosk, 1), &kiosk.manifest_key);
    kiosk.post(&office, exchange::readiness::READINESS, &signed);
    let signed = Signed::new(&order(&kiosk, 1, &technician), &kiosk.manifest_key);
    kiosk.post(&office, exchange::work_order::WORK_ORDERS, &signed);
    let desk = format!("http://{}", address(&office));
    let chromium = Chromium::start();

    chromium.open(&desk);
    chromium.picture("1-sign-in");
    chromium.fill("#name", OPERATOR);
    chromium.fill("#password", &password);
    chromium.click(".sign-in button");
    chromium.see("h1", "Өтінімдер");
    chromium.picture("2-applications");
    chromium.click(&format!("a[href='/applications/{id}']"));
    chromium.see("h1", "ҮЛГІБЕКОВА САУЛЕ");
    let natural = "return [...document.images].every(i => i.complete && i.naturalWidth > 100)";
    assert_eq!(chromium.run(natural), json!(true), "every picture is shown");
    let narrow = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(chromium.run(narrow), json!(true), "nothing sticks out");
    chromium.picture("3-application");
    chromium.click("form[action$='/approve'] button");
    chromium.see(".notice .tag", "Мақұлданды");
    assert_eq!(office.state_of(&id), "approved");
    chromium.picture("4-approved");

    chromium.open(&format!("{desk}/language/ru?back=/applications/{rejected}"));
    chromium.click(".choice:last-of-type summary");
    chromium.fill("#reject", "Снимок документа нечёткий.");
    chromium.picture("5-rejecting");
    chromium.click(".choice:last-of-type button");
    chromium.see(".told", "Снимок документа нечёткий.");
    assert_eq!(office.state_of(&rejected), "rejected");
    for (name, path) in [
        ("6-decided", "/?show=all"),
        ("7-kiosks", "/kiosks"),
        ("7-kiosk", "/kiosks/demo-1"),
        ("8-messages", "/messages"),
        ("9-alarms", "/alarms"),
    ] {
        chromium.open(&format!("{desk}{path}"));
        assert_eq!(chromium.run(narrow), json!(true), "{path}");
        if name == "7-kiosk" {
            chromium.click(".choice summary");
        }
        chromium.picture(name);
    }
    chromium.click(".who button");
    chromium.see("h1", "Рабочее место оператора");
    assert_eq!(
        chromium.run("return document.cookie"),
        json!(""),
        "out of scripts' reach"
    );
}

/// chromedriver and one browser window, ended together.
struct Chromium {
    driver: Child,
    port: u16,
    session: String,
    /// Keeps the profile until the end.
    _profile: tempfile::TempDir,
}

impl Chromium {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let profile = tempfile::tempdir().unwrap();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian package chromium-driver");
        let mut chromium = Self {
            driver,
            port,
            session: String::new(),
            _profile: profile,
        };
        eventually("chromedriver listens", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        let data = format!("--user-data-dir={}", chromium._profile.path().display());
        let options = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000",
            "--hide-scrollbars", data
        ]}}}});
        let made = chromium.call("POST", "/session", &options);
        chromium.session = made["sessionId"].as_str().expect("a session").to_owned();
        chromium
    }

    fn open(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    fn element(&self, css: &str) -> String {
        let wanted = json!({"using": "css selector", "value": css});
        let found = self.command("/element", &wanted);
        let ids = found.as_object().expect(css).values().next();
        ids.and_then(Value::as_str).expect(css).to_owned()
    }

    fn fill(&self, css: &str, text: &str) {
        let path = format!("/element/{}/value", self.element(css));
        self.command(&path, &json!({ "text": text }));
    }

    fn click(&self, css: &str) {
        let path = format!("/element/{}/click", self.element(css));
        self.command(&path, &json!({}));
    }

    fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({"script": script, "args": []}))
    }

    fn see(&self, css: &str, text: &str) {
        eventually(text, || {
            let script = format!(
                "return document.querySelector({})?.innerText ?? ''",
                json!(css)
            );
            let seen = self.run(&script);
            seen.as_str()?.contains(text).then_some(())
        });
    }

    /// Of the whole page, where DESK_PICTURES names a folder.
    fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("DESK_PICTURES").map(PathBuf::from) else {
            return;
        };
        let height = self.run("return document.documentElement.scrollHeight");
        let size = |height: &Value| {
            let window = json!({"width": 1280, "height": height});
            self.command("/window/rect", &window);
        };
        size(&json!(height.as_i64().unwrap().clamp(600, 4000) + 140));
        let png = self.call(
            "GET",
            &format!("/session/{}/screenshot", self.session),
            &json!({}),
        );
        let png = BASE64.decode(png.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
        size(&json!(1000));
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// One WebDriver call (W3C); gives its `value`.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" {
            body.to_string()
        } else {
            String::new()
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let answer: Value = serde_json::from_slice(&body_of(stream)).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }
}

/// chromedriver keeps the connection open, so its length tells where an answer ends.
fn body_of(stream: TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
