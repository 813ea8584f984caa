//! What this kiosk alone has of configuration, asked for as the kiosk asks.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::place::Place;
use steward::local::LONGEST_TEXT;
use steward::{Answer, Reason, Request, client};

const CA: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const OTHER_CA: &str = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n";
const OFFICE: &str = "https://office.example:8443";

async fn set(place: &Place, text: &str) -> Answer {
    let text = text.into();
    let answer = client::ask(&place.socket(), &Request::SetLocal { text }, |_, _| ()).await;
    answer.unwrap()
}

async fn adopt(place: &Place, url: &str, ca: &str) -> Answer {
    let request = Request::AdoptOffice {
        url: url.into(),
        ca: ca.into(),
    };
    client::ask(&place.socket(), &request, |_, _| ())
        .await
        .unwrap()
}

fn reason(answer: Answer) -> Reason {
    match answer {
        Answer::Refused(refusal) => refusal.reason,
        answer => panic!("{answer:?}"),
    }
}

fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(&place.config.local_dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(place: &Place, name: &str) -> u32 {
    let metadata = fs::metadata(place.config.local_dir.join(name)).unwrap();
    metadata.permissions().mode() & 0o7777
}

#[tokio::test]
async fn the_technicians_layer_is_replaced() {
    let place = Place::new();
    place.start();
    // Left behind by a power cut.
    fs::write(place.path("local/kiosk.toml.new"), "half of somethi").unwrap();
    for text in [
        "[office]\nurl = \"https://office.example\"\n",
        "camera = \"auto\"\n",
        "",
    ] {
        assert_eq!(set(&place, text).await, Answer::Done {});
        let written = fs::read_to_string(place.path("local/kiosk.toml")).unwrap();
        assert_eq!(written, text);
        assert_eq!(mode(&place, "kiosk.toml"), 0o644);
    }
    assert_eq!(names(&place), ["kiosk.toml"]);
    // The longest, each byte of which JSON makes two.
    let longest = "\n".repeat(LONGEST_TEXT);
    assert_eq!(set(&place, &longest).await, Answer::Done {});
    assert!(place.calls().is_empty());
}

#[tokio::test]
async fn what_a_technician_may_not_set_changes_nothing_and_is_named() {
    let place = Place::new();
    place.start();
    let before = "camera = \"auto\"\n";
    assert_eq!(set(&place, before).await, Answer::Done {});
    for (text, key) in [
        ("office.ca_file = \"/tmp/ca.pem\"", "office.ca_file"),
        ("camera = \"auto\"\nworker = \"/tmp/evil\"", "worker"),
        ("camera = [1]", "camera"),
        ("camera = ", "not TOML"),
        (&"#".repeat(LONGEST_TEXT + 1), "3000"),
    ] {
        let Answer::Refused(refusal) = set(&place, text).await else {
            panic!("{text}")
        };
        assert_eq!(refusal.reason, Reason::BadRequest);
        assert!(refusal.detail.contains(key), "{refusal}");
    }
    let written = fs::read_to_string(place.path("local/kiosk.toml")).unwrap();
    assert_eq!(written, before);
    assert_eq!(names(&place), ["kiosk.toml"]);
}

#[tokio::test]
async fn what_cannot_be_written_leaves_what_was() {
    let place = Place::new();
    place.start();
    assert_eq!(set(&place, "camera = \"auto\"\n").await, Answer::Done {});
    fs::create_dir(place.path("local/kiosk.toml.new")).unwrap();
    assert_eq!(reason(set(&place, "").await), Reason::Storage);
    let written = fs::read_to_string(place.path("local/kiosk.toml")).unwrap();
    assert_eq!(written, "camera = \"auto\"\n");
}

#[tokio::test]
async fn a_kiosk_of_nobody_adopts_an_office_and_another_after_it() {
    let place = Place::new();
    place.start();
    // Keys that no office has confirmed.
    fs::create_dir(place.path("data/identity")).unwrap();
    fs::write(place.path("data/identity/device-key.pem"), "").unwrap();
    for (url, ca) in [(OFFICE, CA), ("https://b.example", CA), (OFFICE, OTHER_CA)] {
        assert_eq!(adopt(&place, url, ca).await, Answer::Done {});
        let authority = place.path("local/office-ca.pem");
        assert_eq!(fs::read_to_string(&authority).unwrap(), ca);
        let layer = fs::read_to_string(place.path("local/office.toml")).unwrap();
        let expected = format!(
            "[office]\nurl = \"{url}\"\nca_file = \"{}\"\n",
            authority.display()
        );
        assert_eq!(layer, expected);
    }
    assert_eq!(names(&place), ["office-ca.pem", "office.toml"]);
    assert_eq!(mode(&place, "office.toml"), 0o644);
    assert_eq!(mode(&place, "office-ca.pem"), 0o644);
}

#[tokio::test]
async fn a_kiosk_of_an_office_keeps_it() {
    for folder in ["identity", "identity.confirmed"] {
        let place = Place::new();
        place.start();
        assert_eq!(adopt(&place, OFFICE, CA).await, Answer::Done {});
        fs::create_dir(place.path("data").join(folder)).unwrap();
        let provisioned = place.path("data").join(folder).join("provisioned.json");
        fs::write(provisioned, "{}").unwrap();

        let other = adopt(&place, "https://b.example", CA).await;
        assert_eq!(reason(other), Reason::OfficeKnown);
        let other = adopt(&place, OFFICE, OTHER_CA).await;
        assert_eq!(reason(other), Reason::OfficeKnown);
        let written = fs::read_to_string(place.path("local/office-ca.pem")).unwrap();
        assert_eq!(written, CA);
        // The same once more is what a technician does who saw no answer.
        assert_eq!(adopt(&place, OFFICE, CA).await, Answer::Done {});
    }
    // What cannot be looked at may be there.
    let place = Place::new();
    place.start();
    fs::write(place.path("data/identity"), "").unwrap();
    let answer = adopt(&place, OFFICE, CA).await;
    assert_eq!(reason(answer), Reason::OfficeKnown);
    assert!(names(&place).is_empty());
}

#[tokio::test]
async fn an_office_is_not_named_before_its_authority_lies_there() {
    let place = Place::new();
    place.start();
    fs::create_dir(place.path("local/office-ca.pem.new")).unwrap();
    let answer = adopt(&place, OFFICE, CA).await;
    assert_eq!(reason(answer), Reason::Storage);
    assert!(!place.path("local/office.toml").exists());
    fs::remove_dir(place.path("local/office-ca.pem.new")).unwrap();

    // Cut in between: the authority lies there alone, and the next try is a whole one.
    fs::create_dir(place.path("local/office.toml.new")).unwrap();
    let answer = adopt(&place, OFFICE, CA).await;
    assert_eq!(reason(answer), Reason::Storage);
    assert_eq!(names(&place), ["office-ca.pem", "office.toml.new"]);
    fs::remove_dir(place.path("local/office.toml.new")).unwrap();
    assert_eq!(adopt(&place, OFFICE, CA).await, Answer::Done {});
}

#[tokio::test]
async fn what_is_no_office_is_refused() {
    let place = Place::new();
    place.start();
    for (url, ca) in [
        ("http://office.example", CA.to_owned()),
        ("https://office.example\"\nworker = \"/tmp/evil", CA.into()),
        (OFFICE, String::new()),
        (OFFICE, format!("{CA}{OTHER_CA}")),
        (OFFICE, CA.replace("MIIB", &"MIIB".repeat(700))),
    ] {
        let answer = adopt(&place, url, &ca).await;
        assert_eq!(reason(answer), Reason::BadRequest, "{url} {ca}");
    }
    assert!(names(&place).is_empty());
}
