//! An operator at the desk: plain HTTP with cookies, and an application to look at.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use exchange::{PhoneStanding, api::CodePurpose};

use super::kiosk::{Application, Kiosk, submission_id};
use super::{Office, eventually};

pub const OPERATOR: &str = "aigerim";

/// An office with one operator; gives her password.
pub fn office_with_operator() -> (Office, String) {
    let mut office = Office::start();
    let added = office.try_command(&["operator", "add", OPERATOR]);
    assert!(added.status.success());
    let said = String::from_utf8(added.stderr).unwrap();
    let password = said.trim().rsplit(' ').next().unwrap().to_owned();
    // Operators are read when the desk starts.
    office.stop();
    office.serve();
    (office, password)
}

pub fn address(office: &Office) -> String {
    let run = office.read("run/desk.json");
    let run: serde_json::Value = serde_json::from_slice(&run).unwrap();
    run["address"].as_str().unwrap().to_owned()
}

/// A submission with real pictures that awaits a decision; gives its id.
pub fn open_application(office: &Office, kiosk: &Kiosk) -> String {
    let id = submission_id();
    let lookup = exchange::api::PhoneLookup {
        submission: id,
        iin: super::kiosk::iin(super::kiosk::IIN),
    };
    kiosk.post(office, exchange::api::PHONE_LOOKUP, &lookup);
    let proof = kiosk.prove_phone(office, CodePurpose::Enrol, id);
    let mut application = Application::new(id, PhoneStanding::Proven { proof });
    application.picture = picture();
    application.video = recording(&application.picture, 12);
    let answer = kiosk.submit(office, &kiosk.seal(&application));
    assert_eq!(answer.status, 200, "{:?}", answer.seen());
    eventually("the desk has looked", || {
        (office.state_of(&id.to_string()) == "open").then_some(())
    });
    id.to_string()
}

/// The one real person of the tests (see tests/fixtures/camera/README.md).
pub fn picture() -> Vec<u8> {
    let path = "../../tests/fixtures/camera/astronaut-selfie.jpg";
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Matroska with `frames` times the same picture, 100 ms apart.
pub fn recording(jpeg: &[u8], frames: u16) -> Vec<u8> {
    let element = |id: &[u8], body: &[u8]| {
        let size = (body.len() as u64 | 1 << 56).to_be_bytes();
        [id, &size, body].concat()
    };
    let blocks: Vec<u8> = (0..frames)
        .flat_map(|i| {
            let head = [&[0x81][..], &(i * 100).to_be_bytes(), &[0x80]].concat();
            element(&[0xa3], &[&head, jpeg].concat())
        })
        .collect();
    let cluster = [element(&[0xe7], &[0]), blocks].concat();
    let segment = element(&[0x1f, 0x43, 0xb6, 0x75], &cluster);
    [
        element(&[0x1a, 0x45, 0xdf, 0xa3], &[]),
        element(&[0x18, 0x53, 0x80, 0x67], &segment),
    ]
    .concat()
}

/// A browser without eyes: keeps cookies, follows nothing.
pub struct Browser {
    address: String,
    pub cookies: BTreeMap<String, String>,
}

pub struct Page {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Page {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.lines().filter_map(move |line| {
            let (n, value) = line.split_once(": ")?;
            n.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The token of the first form.
    pub fn csrf(&self) -> String {
        let text = self.text();
        let (_, after) = text.split_once("name=\"csrf\" value=\"").expect("a form");
        after.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub fn new(office: &Office) -> Self {
        Self {
            address: address(office),
            cookies: BTreeMap::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.request("GET", path, &[], "")
    }

    /// As a form of our own pages is sent.
    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let origin = format!("http://{}", self.address);
        self.request("POST", path, &[("Origin", &origin)], &encoded(form))
    }

    pub fn request(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !more.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in more {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !cookies.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        if method == "POST" {
            head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let page = Page {
            head: String::from_utf8(bytes[..end].to_vec()).unwrap(),
            status: std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap(),
            body: bytes[end + 4..].to_vec(),
        };
        self.keep_cookies(&page);
        page
    }

    fn keep_cookies(&mut self, page: &Page) {
        for cookie in page.headers("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub fn sign_in(&mut self, password: &str) -> Page {
        let csrf = self.get("/sign-in").csrf();
        let form = [("csrf", &*csrf), ("name", OPERATOR), ("password", password)];
        self.post("/sign-in", &form)
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(b).to_string(),
                _ => format!("%{b:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}
