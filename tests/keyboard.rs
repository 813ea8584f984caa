//! A hardware keyboard alone is enough: on every screen Tab reaches whatever can be
//! touched, the ring shows where one is, Enter does what a finger would; and a whole
//! enrolment is done by keys.
//!
//! One test of the window: the event loop exists once a process. The enrolment runs
//! in a process of its own.
#![cfg(feature = "headless")]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use exchange::Language;
use kiosk::session::event::{Choice, Field, Key, TextSize, Touch};
use kiosk::session::view::{Dialog, View};
use kiosk::ui::headless::{Driver, Seen};
use kiosk::ui::samples::{self, Sample};
use kiosk::ui::{WindowSize, focus_colours};
use slint::platform::Key as Hardware;

/// Both sizes, both contrasts, the smallest and the largest text.
const LOOKS: [(WindowSize, TextSize, bool); 4] = [
    (WindowSize::Portrait, TextSize::Percent100, false),
    (WindowSize::Portrait, TextSize::Percent200, true),
    (WindowSize::Landscape, TextSize::Percent100, true),
    (WindowSize::Landscape, TextSize::Percent200, false),
];

#[test]
fn a_keyboard_alone_is_enough() {
    let mut problems = BTreeSet::new();
    for (size, text_size, high_contrast) in LOOKS {
        let mut driver = Driver::new(size).expect("the window opens");
        let touches = recorder(&driver);
        typing_goes_to_the_field(&mut driver, &touches);
        arrows_move_in_a_list(&mut driver, &touches);
        escape_leaves(&mut driver, &touches);
        a_dialog_keeps_the_focus_and_gives_it_back(&mut driver);
        a_screen_begins_where_a_person_would(&mut driver);
        what_has_the_focus_is_said(&mut driver);
        who_touches_sees_no_ring(&mut driver);
        for sample in samples::all() {
            let view = dressed(&sample, text_size, high_contrast);
            if sample.name == "consent" {
                problems.extend(display_dialog_problems(&mut driver, &view));
            }
            for problem in walk_round(&mut driver, &touches, &view) {
                let name = sample.name;
                problems.insert(format!("{size} {text_size:?} {name}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", list(&problems));
}

fn list(problems: &BTreeSet<String>) -> String {
    let lines: Vec<&str> = problems.iter().map(String::as_str).collect();
    format!("{} problems:\n{}", lines.len(), lines.join("\n"))
}

type Touches = Rc<RefCell<Vec<Touch>>>;

fn recorder(driver: &Driver) -> Touches {
    let touches = Touches::default();
    let told = touches.clone();
    driver
        .ui()
        .on_touch(move |touch| told.borrow_mut().push(touch));
    touches
}

/// Since the last call, but for what every move tells the clock of idleness.
fn chosen(touches: &Touches) -> Vec<Touch> {
    let mut chosen = touches.take();
    chosen.retain(|touch| *touch != Touch::StillHere);
    chosen
}

fn dressed(sample: &Sample, text_size: TextSize, high_contrast: bool) -> View {
    let mut view = sample.view.clone();
    view.language = Language::Kk;
    view.text_size = text_size;
    view.high_contrast = high_contrast;
    view
}

fn named(name: &str) -> View {
    let mut samples = samples::all().into_iter();
    let sample = samples.find(|sample| sample.name == name);
    sample.expect("a sample of this name").view
}

/// Shows the sample to somebody who has just come: the welcome screen lies between.
fn show_anew(driver: &mut Driver, view: &View) {
    let mut between = named("welcome");
    if view.screen == between.screen {
        between = named("consent");
    }
    driver.show_sample(&between).expect("shown");
    driver.show_sample(&named("welcome")).expect("shown");
    driver.show_sample(view).expect("the sample is shown");
}

/// Once round with Tab, and whether Enter does what a finger does.
fn walk_round(driver: &mut Driver, touches: &Touches, view: &View) -> Vec<String> {
    let mut problems = Vec::new();
    show_anew(driver, view);
    let expected = can_be_touched(driver);
    show_anew(driver, view);
    let mut met: Vec<(String, Vec<Touch>)> = Vec::new();
    for _ in 0..expected.len() {
        touches.take();
        driver.press_tab().expect("pressed");
        let Some(id) = driver.focused() else {
            problems.push("Tab leads nowhere".into());
            break;
        };
        problems.extend(focus_problem(driver, &id));
        let done = match id.starts_with("field-") {
            // Being there is enough: Enter belongs to what is typed.
            true => chosen(touches),
            false => struck(driver, touches),
        };
        met.push((id, done));
    }
    let ids: Vec<&String> = met.iter().map(|(id, _)| id).collect();
    let once: BTreeSet<String> = ids.iter().map(|&id| id.clone()).collect();
    if once != expected || met.len() != expected.len() {
        problems.push(format!("Tab meets {ids:?} instead of {expected:?}"));
    }
    driver.press_tab().expect("pressed");
    if driver.focused().as_ref() != ids.first().copied() {
        problems.push(format!("round is {:?} and not {ids:?}", driver.focused()));
    }
    driver.press_key(Hardware::Backtab).expect("pressed");
    if driver.focused().as_ref() != ids.last().copied() {
        problems.push(format!("Shift+Tab leads to {:?}", driver.focused()));
    }
    if view.text_size != TextSize::Percent100 {
        // What it does is the same at every size.
        return problems;
    }
    touches.take();
    driver.press_key("7").expect("pressed");
    // Typing goes there already; nobody need be told.
    let typed = driver.focused().filter(|id| id.starts_with("field-"));
    touches.take();
    for (id, by_key) in &met {
        // What the window does by itself.
        if ["display", "more"].contains(&id.as_str()) || typed.as_ref() == Some(id) {
            continue;
        }
        driver.touch_id(id).expect("touched");
        let by_finger = touches.take();
        let same = match (by_key.as_slice(), by_finger.as_slice()) {
            // Each time the next one.
            ([Touch::RevealCharacter { .. }], [Touch::RevealCharacter { .. }]) => true,
            (by_key, by_finger) => by_key == by_finger && !by_key.is_empty(),
        };
        if !same {
            problems.push(format!("`{id}`: {by_key:?} instead of {by_finger:?}"));
        }
    }
    problems
}

/// Enter on what has the focus.
fn struck(driver: &mut Driver, touches: &Touches) -> Vec<Touch> {
    touches.take();
    let before = driver.focused();
    let more = before.as_deref() == Some("more");
    let seen = if more { driver.seen() } else { Vec::new() };
    driver.press_key(Hardware::Return).expect("pressed");
    let done = touches.take();
    match before.as_deref() {
        Some("display") => {
            assert!(driver.find("close-display").is_some(), "it is open");
            driver.press_key(Hardware::Escape).expect("pressed");
            assert!(driver.find("close-display").is_none(), "it is closed");
        }
        Some("more") => assert_ne!(driver.seen(), seen, "the page moves"),
        _ => {}
    }
    assert_eq!(driver.focused(), before, "the focus stays");
    done
}

/// Where text size and contrast are chosen: once round with Tab.
fn display_dialog_problems(driver: &mut Driver, view: &View) -> Vec<String> {
    const CHOICES: [&str; 7] = [
        "text-100",
        "text-125",
        "text-150",
        "text-200",
        "contrast-normal",
        "contrast-high",
        "close-display",
    ];
    show_anew(driver, view);
    driver.focus_by_keys("display").expect("reached");
    driver.press_key(Hardware::Return).expect("pressed");
    let mut problems = Vec::new();
    for id in CHOICES {
        driver.focus_by_keys(id).expect("reached");
        problems.extend(focus_problem(driver, id));
    }
    driver.press_tab().expect("pressed");
    assert_eq!(driver.focused().as_deref(), Some(CHOICES[0]), "it keeps it");
    driver.press_key(Hardware::Escape).expect("pressed");
    problems
}

/// Ids of what rests not and is no key, wherever the page must be scrolled to.
fn can_be_touched(driver: &mut Driver) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    driver.scroll(-10_000.0).expect("scrolled");
    loop {
        let seen = driver.seen();
        let dialog = seen.iter().any(|one| one.id == "dialog");
        for one in seen.iter().filter(|one| one.enabled && one.touchable) {
            let key = one.id.starts_with("key-") || one.id.starts_with("layout-");
            if !key && (!dialog || is_in_dialog(&one.id)) {
                found.insert(one.id.clone());
            }
        }
        if !driver.scrolls(200.0).expect("scrolled") {
            return found;
        }
    }
}

fn is_in_dialog(id: &str) -> bool {
    ["dismiss", "confirm-cancel", "still-here"].contains(&id)
}

fn focus_problem(driver: &Driver, id: &str) -> Option<String> {
    let all = driver.seen();
    let Some(seen) = all.iter().find(|one| one.id == id) else {
        return Some(format!("`{id}` has the focus and is not seen"));
    };
    let (top, bottom) = sight(driver, &all, id);
    if seen.y < top - 0.5 || seen.y + seen.height > bottom + 0.5 {
        return Some(format!(
            "`{id}` ({} to {}) reaches out of {top} to {bottom}",
            seen.y,
            seen.y + seen.height
        ));
    }
    ring_problem(driver, seen)
}

/// Top and bottom of what can be seen of whatever this element lies in.
fn sight(driver: &Driver, all: &[Seen], id: &str) -> (f32, f32) {
    const BARS: [&str; 6] = ["primary", "back", "help", "cancel", "display", "more"];
    let find = |id| all.iter().find(|one| one.id == id);
    if BARS.contains(&id) || id.starts_with("language-") || find("dialog").is_some() {
        let (_, height) = driver.size().pixels();
        return (0.0, height as f32);
    }
    let page = find("page").expect("there is a page");
    let bottom = find("more").map_or(page.y + page.height, |more| more.y);
    (page.y, bottom)
}

/// The ring on each side of the element, at its middle: six pixels, then three of
/// the light one, in this order towards the element.
fn ring_problem(driver: &Driver, seen: &Seen) -> Option<String> {
    const OUTER: usize = 6;
    const INNER: usize = 3;
    let picture = driver.ui().window().take_snapshot().expect("a picture");
    let (outer, inner) = focus_colours(driver.ui());
    let colour = |x: f32, y: f32| {
        let (x, y) = (x.round() as i64, y.round() as i64);
        let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
        let inside = (0..width).contains(&x) && (0..height).contains(&y);
        inside.then(|| {
            let pixel = picture.as_slice()[(y * width + x) as usize];
            [pixel.r, pixel.g, pixel.b]
        })
    };
    let (middle_x, middle_y) = (seen.x + seen.width / 2.0, seen.y + seen.height / 2.0);
    let (right, bottom) = (seen.x + seen.width - 1.0, seen.y + seen.height - 1.0);
    // From eight pixels before each side to ten behind it.
    let sides: [(&str, [Option<[u8; 3]>; 18]); 4] = [
        (
            "left",
            std::array::from_fn(|i| colour(seen.x - 8.0 + i as f32, middle_y)),
        ),
        (
            "right",
            std::array::from_fn(|i| colour(right + 8.0 - i as f32, middle_y)),
        ),
        (
            "top",
            std::array::from_fn(|i| colour(middle_x, seen.y - 8.0 + i as f32)),
        ),
        (
            "bottom",
            std::array::from_fn(|i| colour(middle_x, bottom + 8.0 - i as f32)),
        ),
    ];
    for (side, colours) in sides {
        let drawn = colours.windows(OUTER + INNER).any(|run| {
            let (first, then) = run.split_at(OUTER);
            // Edges fall between pixels: one of each may be mixed.
            let count = |run: &[Option<[u8; 3]>], wanted| {
                run.iter().filter(|&&one| one == Some(wanted)).count()
            };
            count(first, outer) >= OUTER - 1 && count(then, inner) >= INNER - 1
        });
        if !drawn {
            return Some(format!(
                "`{}` has no ring on its {side}: {colours:?}",
                seen.id
            ));
        }
    }
    None
}

/// Letters go to the field wherever the focus is, and bring it along.
fn typing_goes_to_the_field(driver: &mut Driver, touches: &Touches) {
    show_anew(driver, &named("account_pin"));
    driver.focus_by_keys("help").expect("reached");
    touches.take();
    driver.press_key("4").expect("pressed");
    assert_eq!(touches.take(), [Touch::Key(Key::Char('4'))]);
    assert_eq!(driver.focused().as_deref(), Some("field-account-pin-again"));
    driver.press_key(Hardware::LeftArrow).expect("pressed");
    driver.press_key(Hardware::Backspace).expect("pressed");
    driver.press_key(" ").expect("pressed");
    driver.press_key(Hardware::Return).expect("pressed");
    assert_eq!(
        touches.take(),
        [Key::Left, Key::Backspace, Key::Char(' '), Key::Enter].map(Touch::Key)
    );
    // The other field, by the arrow; the session is told where typing goes.
    driver.press_key(Hardware::UpArrow).expect("pressed");
    assert_eq!(chosen(touches), [Touch::Focus(Field::AccountPin)]);
    assert_eq!(driver.focused().as_deref(), Some("field-account-pin"));
}

fn arrows_move_in_a_list(driver: &mut Driver, touches: &Touches) {
    show_anew(driver, &named("revoking"));
    driver
        .focus_by_keys("reason-key-compromise")
        .expect("reached");
    for (key, expected) in [
        (Hardware::DownArrow, "reason-superseded"),
        (Hardware::DownArrow, "reason-cessation-of-operation"),
        // The list ends here.
        (Hardware::DownArrow, "reason-cessation-of-operation"),
        (Hardware::UpArrow, "reason-superseded"),
    ] {
        driver.press_key(key).expect("pressed");
        assert_eq!(driver.focused().as_deref(), Some(expected));
    }
    assert_eq!(chosen(touches), [], "moving chooses nothing");
    driver.press_key(Hardware::Space).expect("pressed");
    let reason = exchange::certificates::RevocationReason::Superseded;
    assert_eq!(
        touches.take(),
        [Touch::Choose(Choice::RevokeBecause(reason))]
    );
    driver.focus_by_keys("language-kk").expect("reached");
    driver.press_key(Hardware::RightArrow).expect("pressed");
    assert_eq!(driver.focused().as_deref(), Some("language-ru"));
}

fn escape_leaves(driver: &mut Driver, touches: &Touches) {
    for (sample, expected) in [
        ("consent", vec![Touch::Back]),
        ("welcome", vec![]),
        ("dialog_help", vec![Touch::DismissDialog]),
        ("dialog_cancel", vec![Touch::DismissDialog]),
        ("dialog_idle", vec![Touch::StillHere]),
    ] {
        show_anew(driver, &named(sample));
        touches.take();
        driver.press_key(Hardware::Escape).expect("pressed");
        assert_eq!(touches.take(), expected, "{sample}");
    }
}

fn a_dialog_keeps_the_focus_and_gives_it_back(driver: &mut Driver) {
    let mut view = named("phone");
    show_anew(driver, &view);
    driver.focus_by_keys("register-new-phone").expect("reached");
    for (dialog, first) in [
        (Dialog::ConfirmCancel, "dismiss"),
        (Dialog::IdleWarning { seconds_left: 9 }, "still-here"),
    ] {
        view.dialog = Some(dialog);
        driver.show_sample(&view).expect("shown");
        assert_eq!(driver.focused().as_deref(), Some(first));
        for _ in 0..4 {
            driver.press_tab().expect("pressed");
            let id = driver.focused().expect("something has the focus");
            assert!(is_in_dialog(&id), "`{id}` lies under the dialog");
        }
        view.dialog = None;
        driver.show_sample(&view).expect("shown");
        assert_eq!(driver.focused().as_deref(), Some("register-new-phone"));
    }
    // Text size and contrast: the window's own dialog.
    driver.focus_by_keys("display").expect("reached");
    driver.press_key(Hardware::Return).expect("pressed");
    driver.pump().expect("pumped");
    assert_eq!(driver.focused().as_deref(), Some("text-100"));
    driver.press_key(Hardware::RightArrow).expect("pressed");
    assert_eq!(driver.focused().as_deref(), Some("text-125"));
    driver.focus_by_keys("contrast-high").expect("reached");
    driver.focus_by_keys("close-display").expect("reached");
    driver.press_key(Hardware::Return).expect("pressed");
    driver.pump().expect("pumped");
    assert!(driver.find("close-display").is_none(), "it is closed");
    assert_eq!(driver.focused().as_deref(), Some("display"));
}

fn a_screen_begins_where_a_person_would(driver: &mut Driver) {
    driver.show_sample(&named("welcome")).expect("shown");
    driver.show_sample(&named("consent")).expect("shown");
    driver.press_tab().expect("pressed");
    for (sample, first) in [
        ("document", "id-card"),
        ("email", "field-email"),
        ("phone", "primary"),
        ("revoke_certificate", "certificate-0"),
        ("selfie_taken", "primary"),
        ("account_pin", "field-account-pin-again"),
        ("document_camera", "other-ways"),
        // Another question on the same screen.
        ("document_ways", "enter-can"),
    ] {
        driver.show_sample(&named(sample)).expect("shown");
        assert_eq!(driver.focused().as_deref(), Some(first), "{sample}");
    }
    // The same question in another language keeps what had the focus.
    let mut view = named("document_ways");
    driver.focus_by_keys("language-ru").expect("reached");
    view.language = Language::Ru;
    driver.show_sample(&view).expect("shown");
    assert_eq!(driver.focused().as_deref(), Some("language-ru"));
    // What had the focus is gone: its neighbour has it.
    driver
        .show_sample(&named("storage_location"))
        .expect("shown");
    driver.focus_by_keys("folder-1").expect("reached");
    let mut view = named("storage_location");
    if let kiosk::session::view::Screen::StorageLocation { listing, .. } = &mut view.screen {
        let listing = listing.as_mut().expect("a listing");
        listing.folders.clear();
        listing.files.clear();
    }
    driver.show_sample(&view).expect("shown");
    assert_eq!(driver.focused().as_deref(), Some("folder-up"));
}

/// For audio guidance.
fn what_has_the_focus_is_said(driver: &mut Driver) {
    let said = Rc::new(RefCell::new(Vec::new()));
    let told = said.clone();
    driver.ui().on_focused(move |id, label| {
        told.borrow_mut().push((id.to_owned(), label.to_owned()));
    });
    show_anew(driver, &named("document"));
    for id in ["id-card", "passport"] {
        driver.press_tab().expect("pressed");
        let label = driver.find(id).expect("it is there").label;
        assert!(!label.is_empty());
        assert_eq!(said.take(), [(id.to_owned(), label)]);
    }
    driver.ui().on_focused(|_, _| {});
}

fn who_touches_sees_no_ring(driver: &mut Driver) {
    show_anew(driver, &named("revoking"));
    assert_eq!(driver.focused(), None, "nobody used a key");
    driver.focus_by_keys("reason-superseded").expect("reached");
    driver.touch_id("reason-key-compromise").expect("touched");
    assert_eq!(driver.focused(), None, "a touch hides the ring");
    // Who goes on by keys goes on from there.
    driver.press_tab().expect("pressed");
    assert_eq!(driver.focused().as_deref(), Some("reason-superseded"));
}

/// From the welcome screen to the certificate, with a real office, by keys.
#[test]
fn an_enrolment_by_keys_alone() {
    support::walk_by_keys(&[]);
}
