//! A technician needs no finger either: on every screen of maintenance mode Tab reaches
//! whatever can be touched, once round, and Enter does what a finger there does.
//!
//! One test of the window: the event loop exists once a process. The visits run in a process of their own.
#![cfg(feature = "headless")]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use exchange::Language;
use kiosk::maintenance::Do;
use kiosk::session::event::{TextSize, Touch};
use kiosk::session::view::View;
use kiosk::ui::headless::{Driver, Seen};
use kiosk::ui::{WindowSize, samples};
use slint::platform::Key as Hardware;

const LOOKS: [(WindowSize, TextSize, bool); 2] = [
    (WindowSize::Portrait, TextSize::Percent100, false),
    (WindowSize::Landscape, TextSize::Percent200, true),
];

type Touches = Rc<RefCell<Vec<Touch>>>;

#[test]
fn a_technician_needs_no_finger() {
    let mut problems = BTreeSet::new();
    for (size, text_size, contrast) in LOOKS {
        let mut driver = Driver::new(size).expect("the window opens");
        let touches = Touches::default();
        let told = touches.clone();
        driver.ui().on_touch(move |touch| {
            // Sent whenever the focus moves, for the clock that watches for idleness.
            if touch != Touch::StillHere {
                told.borrow_mut().push(touch);
            }
        });
        for sample in samples::maintenance() {
            // Dialogs are held by tests/keyboard.rs.
            if sample.view.dialog.is_some() {
                continue;
            }
            let mut view = sample.view;
            view.language = Language::Kk;
            view.text_size = text_size;
            view.high_contrast = contrast;
            for problem in walk_round(&mut driver, &touches, &view) {
                problems.insert(format!("{size} {}: {problem}", sample.name));
            }
        }
        the_colours_are_judged_by_keys(&mut driver, &touches);
    }
    let lines: Vec<&str> = problems.iter().map(String::as_str).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// As to somebody who has just come.
fn show_anew(driver: &mut Driver, view: &View) {
    let welcome = samples::journey().swap_remove(0).view;
    driver.show_sample(&welcome).expect("shown");
    driver.show_sample(view).expect("shown");
}

fn walk_round(driver: &mut Driver, touches: &Touches, view: &View) -> Vec<String> {
    let mut problems = Vec::new();
    show_anew(driver, view);
    let expected = can_be_touched(driver);
    show_anew(driver, view);
    let mut met = Vec::new();
    for _ in 0..expected.len() {
        driver.press_tab().expect("pressed");
        let Some(id) = driver.focused() else {
            problems.push("Tab leads nowhere".into());
            break;
        };
        problems.extend(acts_like_a_finger(driver, touches, &id));
        met.push(id);
    }
    let once: BTreeSet<String> = met.iter().cloned().collect();
    if once != expected || met.len() != expected.len() {
        problems.push(format!("Tab meets {met:?} instead of {expected:?}"));
    }
    driver.press_tab().expect("pressed");
    if driver.focused().as_ref() != met.first() {
        problems.push(format!("round is {:?}", driver.focused()));
    }
    problems
}

/// Ids of what rests not and is no key, wherever the page must be scrolled to.
fn can_be_touched(driver: &mut Driver) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    driver.scroll(-100_000.0).expect("scrolled");
    loop {
        let seen = driver.seen();
        // What fills the whole window covers all but what stands on it.
        let covered = seen.iter().any(|one| one.id == "colour-field");
        let on_it = |one: &Seen| one.id.starts_with("judge-") || one.id == "skip-test";
        let free = |one: &&Seen| one.enabled && one.touchable && !is_key(one);
        let open = seen.iter().filter(free);
        let open = open.filter(|one| !covered || on_it(one));
        found.extend(open.map(|one| one.id.clone()));
        driver.scroll(200.0).expect("scrolled");
        if driver.seen() == seen {
            return found;
        }
    }
}

fn is_key(one: &Seen) -> bool {
    one.id.starts_with("key-") || one.id.starts_with("layout-")
}

/// Of what has the focus, which is in sight for that.
fn acts_like_a_finger(driver: &mut Driver, touches: &Touches, id: &str) -> Option<String> {
    let Some(seen) = driver.find(id) else {
        return Some(format!("`{id}` has the focus and is not seen"));
    };
    touches.take();
    match id {
        // What the window does by itself.
        "more" => return None,
        "display" => {
            driver.press_key(Hardware::Return).expect("pressed");
            let opened = driver.find("close-display").is_some();
            driver.press_key(Hardware::Escape).expect("pressed");
            return (!opened).then(|| "`display` opens nothing".into());
        }
        // Being there is enough: Enter belongs to what is typed.
        field if field.starts_with("field-") => {}
        _ => driver.press_key(Hardware::Return).expect("pressed"),
    }
    let by_key = touches.take();
    let (x, y) = (seen.x + seen.width * 0.5, seen.y + seen.height * 0.5);
    driver.tap(x, y).expect("touched");
    let by_finger = touches.take();
    let same = by_key == by_finger && !by_key.is_empty() || id.starts_with("field-");
    (!same).then(|| format!("`{id}`: {by_key:?} instead of {by_finger:?}"))
}

/// The first key is on "uniform"; Escape leaves the test out.
fn the_colours_are_judged_by_keys(driver: &mut Driver, touches: &Touches) {
    let sample = samples::maintenance()
        .into_iter()
        .find(|sample| sample.name == "maintenance_test_display_red")
        .expect("a sample of this name");
    show_anew(driver, &sample.view);
    driver.press_tab().expect("pressed");
    assert_eq!(driver.focused().as_deref(), Some("judge-yes"));
    touches.take();
    driver.press_key(Hardware::Return).expect("pressed");
    driver.press_key(Hardware::Escape).expect("pressed");
    assert_eq!(
        touches.take(),
        [Do::Judge(true), Do::SkipTest].map(Touch::Maintain)
    );
}

/// A kiosk of nobody set up, then looked through and tested, with a real office, by keys.
#[test]
fn a_technicians_visits_by_keys_alone() {
    support::walk_by_keys(&["--maintain"]);
}
