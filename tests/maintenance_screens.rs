//! Maintenance mode's screens in every language, size, text size and contrast, as
//! tests/screens.rs holds of the citizens'; and what a technician touches arrives.
//!
//! One test function: the event loop exists once a process.
#![cfg(feature = "headless")]

mod layout;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use exchange::Language;
use exchange::work_order::Action;
use kiosk::maintenance::{Act, Device, Do, Page};
use kiosk::session::event::{Field, Key, TextSize, Touch};
use kiosk::session::view::{Screen, View};
use kiosk::ui::headless::Driver;
use kiosk::ui::{WindowSize, samples};
use layout::{dressed, layout_problems, list};

/// The smallest in all languages, the largest in the two with long words.
const LOOKS: [(TextSize, &[Language]); 3] = [
    (TextSize::Percent100, &Language::ALL),
    (TextSize::Percent125, &[Language::Kk]),
    (TextSize::Percent200, &[Language::Kk, Language::Ru]),
];

#[test]
fn maintenance_screens() {
    every_page_has_a_sample();
    for size in WindowSize::ALL {
        let mut driver = Driver::new(size).expect("the window opens");
        what_is_touched_arrives(&mut driver);
        the_colour_fills_the_window(&mut driver);
        it_looks_different_at_a_glance(&mut driver);
        nothing_of_a_page_is_left_on_the_next(&mut driver);
        let mut problems = BTreeSet::new();
        for (text_size, languages) in LOOKS {
            for &language in languages {
                for sample in samples::maintenance() {
                    let view = dressed(&sample, language, text_size, false);
                    driver.show_sample(&view).expect("the sample is shown");
                    for problem in problems_from_top_to_end(&mut driver, &view) {
                        problems.insert(format!(
                            "{size} {} {text_size:?} {}: {problem}",
                            language.code(),
                            sample.name
                        ));
                    }
                }
            }
        }
        assert!(problems.is_empty(), "{}", list(&problems));
    }
}

fn problems_from_top_to_end(driver: &mut Driver, view: &View) -> Vec<String> {
    let mut problems = Vec::new();
    driver.scroll(-100_000.0).expect("scrolled");
    loop {
        problems.extend(layout_problems(driver, view));
        let before = driver.seen();
        let step = driver.find("page").map_or(200.0, |page| page.height * 0.7);
        driver.scroll(step).expect("scrolled");
        if driver.seen() == before {
            return problems;
        }
    }
}

fn every_page_has_a_sample() {
    let shown: BTreeSet<Page> = samples::maintenance()
        .iter()
        .filter_map(|sample| match &sample.view.screen {
            Screen::Maintenance(view) => Some(view.page),
            _ => None,
        })
        .collect();
    let all: BTreeSet<Page> = Page::ALL.iter().copied().collect();
    assert_eq!(shown, all);
}

fn named(name: &str) -> View {
    samples::maintenance()
        .into_iter()
        .find(|sample| sample.name == name)
        .expect("a sample of this name")
        .view
}

/// What a touch of this element tells.
fn told(driver: &mut Driver, sample: &str, id: &str) -> Vec<Touch> {
    let touches = Rc::new(RefCell::new(Vec::new()));
    let record = touches.clone();
    driver
        .ui()
        .on_touch(move |touch| record.borrow_mut().push(touch));
    driver.show_sample(&named(sample)).expect("shown");
    driver.touch_id(id).expect("touched");
    touches.take()
}

fn what_is_touched_arrives(driver: &mut Driver) {
    for (sample, id, what) in [
        ("out_of_service_set_up", "set-up", Do::SetUp),
        (
            "maintenance_overview",
            "door-storage-health",
            Do::Open(Page::StorageHealth),
        ),
        ("maintenance_overview", "row-6", Do::Row(6)),
        (
            "maintenance_overview",
            "act-test-all",
            Do::Act(Act::TestAll),
        ),
        (
            "maintenance_queue",
            "act-retry-uploads",
            Do::Act(Act::RetryUploads),
        ),
        ("maintenance_configuration", "row-3", Do::Row(3)),
        ("maintenance_devices", "test-panel", Do::Test(Device::Panel)),
        ("maintenance_test_camera", "judge-yes", Do::Judge(true)),
        ("maintenance_test_camera", "judge-no", Do::Judge(false)),
        ("maintenance_test_reader", "skip-test", Do::SkipTest),
        ("maintenance_test_touch", "cell-23", Do::Cell(23)),
        ("maintenance_test_display_red", "judge-yes", Do::Judge(true)),
        ("maintenance_test_display_red", "judge-no", Do::Judge(false)),
        ("maintenance_test_display_black", "skip-test", Do::SkipTest),
        ("maintenance_wipe", "act-ask-wipe", Do::Act(Act::AskWipe)),
        ("maintenance_wipe_asked", "act-wipe", Do::Act(Act::Wipe)),
        (
            "maintenance_work_order",
            "done-replaced",
            Do::Toggle(Action::Replaced),
        ),
    ] {
        assert_eq!(
            told(driver, sample, id),
            [Touch::Maintain(what)],
            "{id} of {sample}"
        );
    }
    let finish = told(driver, "maintenance_work_order", "primary");
    assert_eq!(finish, [Touch::Next]);
    let leave = told(driver, "maintenance_queue", "cancel");
    assert_eq!(leave, [Touch::Cancel]);
    let field = told(driver, "maintenance_time", "field-clock-date");
    assert_eq!(field, [Touch::Focus(Field::ClockDate)]);
    let key = told(driver, "maintenance_pin", "key-7");
    assert_eq!(key, [Touch::Key(Key::Char('7'))]);
    // A second touch does not interrupt what is being done.
    driver
        .show_sample(&named("maintenance_queue_exporting"))
        .expect("shown");
    let export = driver.find("act-export-queue").expect("it is there");
    assert!(!export.enabled);
}

/// But for the words and two buttons: it could hide no spot.
fn the_colour_fills_the_window(driver: &mut Driver) {
    for (sample, colour) in [
        ("maintenance_test_display_red", [255, 0, 0]),
        ("maintenance_test_display_white", [255, 255, 255]),
        ("maintenance_test_display_black", [0, 0, 0]),
    ] {
        driver.show_sample(&named(sample)).expect("shown");
        let picture = driver.ui().window().take_snapshot().expect("a picture");
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let at = |x: usize, y: usize| {
            let pixel = picture.as_slice()[y * width + x];
            [pixel.r, pixel.g, pixel.b]
        };
        for x in 0..width {
            assert_eq!((at(x, 0), at(x, height - 1)), (colour, colour), "{sample}");
        }
        for y in 0..height {
            assert_eq!((at(0, y), at(width - 1, y)), (colour, colour), "{sample}");
        }
        let of_it = picture
            .as_slice()
            .iter()
            .filter(|pixel| [pixel.r, pixel.g, pixel.b] == colour)
            .count();
        let share = of_it as f64 / (width * height) as f64;
        assert!(share > 0.8, "{sample}: {share:.2} of the window");
    }
}

fn it_looks_different_at_a_glance(driver: &mut Driver) {
    let mut bars = Vec::new();
    for contrast in [false, true] {
        for sample in [
            samples::journey().swap_remove(1),
            samples::maintenance().swap_remove(4),
        ] {
            let view = dressed(&sample, Language::Kk, TextSize::Percent100, contrast);
            driver.show_sample(&view).expect("shown");
            let picture = driver.ui().window().take_snapshot().expect("a picture");
            let pixel = picture.as_slice()[picture.width() as usize * 4 + 4];
            bars.push([pixel.r, pixel.g, pixel.b]);
        }
    }
    assert_ne!(bars[0], bars[1], "normal colours");
    assert_ne!(bars[2], bars[3], "high contrast");
}

/// Lists are shared by all pages.
fn nothing_of_a_page_is_left_on_the_next(driver: &mut Driver) {
    for sample in ["maintenance_overview", "maintenance_test_touch"] {
        driver.show_sample(&named(sample)).expect("shown");
    }
    driver
        .show_sample(&named("maintenance_work_order"))
        .expect("shown");
    let left: Vec<String> = driver
        .seen()
        .into_iter()
        .map(|one| one.id)
        .filter(|id| {
            [
                "row-", "fact-", "door-", "act-", "test-", "cell-", "field-", "skip-",
            ]
            .iter()
            .any(|prefix| id.starts_with(prefix))
        })
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
