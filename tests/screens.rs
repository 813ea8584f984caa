//! Every screen in every language, size, text size and contrast: nothing outside
//! the window, nothing cut, nothing too small to touch, nothing hard to read; and
//! a person's touches and keys arrive as they should.
//!
//! One test function: the event loop exists once a process.
#![cfg(feature = "headless")]

mod layout;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use exchange::Language;
use kiosk::session::event::{Choice, Field, Key, KeyboardLayout, TextSize, Touch};
use kiosk::session::view::{Screen, View};
use kiosk::ui::headless::Driver;
use kiosk::ui::samples;
use kiosk::ui::{WindowSize, theme_pairs};
use layout::{dressed, layout_problems, list};

const TEXT_SIZES: [TextSize; 4] = [
    TextSize::Percent100,
    TextSize::Percent125,
    TextSize::Percent150,
    TextSize::Percent200,
];

/// All at both ends; between them the one with the longest words.
fn languages(text_size: TextSize) -> &'static [Language] {
    match text_size {
        TextSize::Percent100 | TextSize::Percent200 => &Language::ALL,
        TextSize::Percent125 | TextSize::Percent150 => &[Language::Kk],
    }
}

#[test]
fn screens() {
    for size in WindowSize::ALL {
        let mut driver = Driver::new(size).expect("the window opens");
        high_contrast_is_legible_and_drawn(&mut driver);
        typing_arrives(&mut driver);
        hardware_keys_arrive(&mut driver);
        what_is_typed_is_seen(&mut driver);
        let mut problems = BTreeSet::new();
        for text_size in TEXT_SIZES {
            for &language in languages(text_size) {
                let mut headings = BTreeSet::new();
                for sample in samples::all() {
                    let view = dressed(&sample, language, text_size, false);
                    driver.show_sample(&view).expect("the sample is shown");
                    // From the top to the end of what scrolls.
                    driver.scroll(-10_000.0).expect("scrolled");
                    if let Some(heading) = driver.find("heading") {
                        headings.insert(heading.label);
                    }
                    loop {
                        for problem in layout_problems(&driver, &view) {
                            problems.insert(format!(
                                "{size} {} {text_size:?} {}: {problem}",
                                language.code(),
                                sample.name
                            ));
                        }
                        let before = driver.seen();
                        driver.scroll(200.0).expect("scrolled");
                        if driver.seen() == before {
                            break;
                        }
                    }
                }
                for problem in broken_words(&mut driver, &headings, language, text_size) {
                    problems.insert(format!("{size} {text_size:?}: {problem}"));
                }
            }
        }
        assert!(problems.is_empty(), "{}", list(&problems));
    }
}

/// Words of headings and of the bottom bar that are wider than their place: they
/// would be broken in their middle. A field that does not wrap measures them.
fn broken_words(
    driver: &mut Driver,
    headings: &BTreeSet<String>,
    language: Language,
    text_size: TextSize,
) -> Vec<String> {
    let sample = samples::all()
        .into_iter()
        .find(|sample| sample.name == "email_wrong")
        .expect("a sample with a field");
    let mut view = dressed(&sample, language, text_size, false);
    // Heading to input size, and semi-bold to regular.
    let factor = match driver.size() {
        WindowSize::Portrait => 64.0 / 56.0,
        WindowSize::Landscape => 44.0 / 40.0,
    } * 1.07;
    let mut words: Vec<(String, f32, f32)> = Vec::new();
    driver.show_sample(&view).expect("the sample is shown");
    let page = driver.find("page").map_or(0.0, |page| page.width);
    let split = driver.size() == WindowSize::Landscape
        && matches!(text_size, TextSize::Percent100 | TextSize::Percent125);
    // The margins, and in two columns the gap and the input's part.
    let room = if split {
        (page - 160.0) * 0.45
    } else {
        page - 128.0
    };
    for word in headings
        .iter()
        .flat_map(|heading| heading.split_whitespace())
    {
        if word.chars().count() > 8 {
            words.push((word.to_owned(), factor, room));
        }
    }
    // The bottom bar's short words, less the padding; icon and gap stay beside them.
    for (id, beside) in [("back", true), ("help", true), ("cancel", false)] {
        let button = driver.find(id).expect("the bottom bar is there");
        let (to_input, size) = match driver.size() {
            WindowSize::Portrait => (40.0 / 56.0, 40.0),
            WindowSize::Landscape => (28.0 / 40.0, 28.0),
        };
        let icon = if beside {
            size * percent(text_size) + 16.0
        } else {
            0.0
        };
        words.push((button.label, to_input, button.width - 48.0 - icon + 1.0));
    }
    let mut found = Vec::new();
    for (word, factor, room) in words {
        if let Screen::Email { email, .. } = &mut view.screen {
            email.text = word.clone();
            email.cursor = word.chars().count();
        }
        driver.show_sample(&view).expect("the word is shown");
        let mut width = 0.0_f32;
        driver.every_element(|element| {
            if element.id().is_some_and(|id| id == "Field::left") {
                width = width.max(element.size().width);
            }
        });
        assert!(width > 0.0, "the field measures nothing of `{word}`");
        if width * factor > room {
            found.push(format!(
                "`{word}` is {} px wide, its place {room} px",
                width * factor
            ));
        }
    }
    found
}

fn percent(text_size: TextSize) -> f32 {
    match text_size {
        TextSize::Percent100 => 1.0,
        TextSize::Percent125 => 1.25,
        TextSize::Percent150 => 1.5,
        TextSize::Percent200 => 2.0,
    }
}

fn high_contrast_is_legible_and_drawn(driver: &mut Driver) {
    let sample = &samples::journey()[1];
    let mut grounds = Vec::new();
    for contrast in [false, true] {
        let view = dressed(sample, Language::Kk, TextSize::Percent100, contrast);
        driver.show_sample(&view).expect("the sample is shown");
        for (name, words, ground) in theme_pairs(driver.ui()) {
            let ratio = contrast_ratio(words, ground);
            assert!(
                ratio >= 7.0,
                "{name} (high contrast {contrast}): {ratio:.1}:1"
            );
        }
        let pixels = driver.ui().window().take_snapshot().expect("a picture");
        let drawn: BTreeSet<[u8; 3]> = pixels
            .as_slice()
            .iter()
            .map(|pixel| [pixel.r, pixel.g, pixel.b])
            .collect();
        assert!(drawn.len() > 8, "the picture is empty");
        grounds.push(pixels.as_slice()[pixels.width() as usize * 200]);
    }
    assert_ne!(grounds[0], grounds[1], "high contrast changes the ground");
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast_ratio(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |colour: [u8; 3]| {
        let linear = colour.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn recorder(driver: &Driver) -> Rc<RefCell<Vec<Touch>>> {
    let touches = Rc::new(RefCell::new(Vec::new()));
    let told = touches.clone();
    driver
        .ui()
        .on_touch(move |touch| told.borrow_mut().push(touch));
    touches
}

fn named(name: &str) -> View {
    samples::all()
        .into_iter()
        .find(|sample| sample.name == name)
        .expect("a sample of this name")
        .view
}

/// What is touched on the screen arrives, and only that.
fn typing_arrives(driver: &mut Driver) {
    let touches = recorder(driver);
    driver
        .show_sample(&named("identity_number"))
        .expect("shown");
    driver.type_text("90").expect("typed");
    driver.touch_id("key-backspace").expect("touched");
    driver.touch_id("primary").expect("touched");
    driver.touch_id("language-ru").expect("touched");
    assert_eq!(
        touches.take(),
        [
            Touch::Key(Key::Char('9')),
            Touch::Key(Key::Char('0')),
            Touch::Key(Key::Backspace),
            Touch::Next,
            Touch::ChooseLanguage(Language::Ru),
        ]
    );

    driver.show_sample(&named("key_password")).expect("shown");
    driver.type_text("aQ7").expect("typed");
    assert_eq!(
        touches.take(),
        ['a', 'Q', '7'].map(|sign| Touch::Key(Key::Char(sign)))
    );
    driver.touch_id("layout-kazakh").expect("touched");
    assert_eq!(touches.take(), [Touch::Layout(KeyboardLayout::Kazakh)]);

    // Below the visible part of the page.
    let mut review = named("review");
    review.text_size = TextSize::Percent200;
    driver.show_sample(&review).expect("shown");
    driver
        .touch_id("edit-email")
        .expect("scrolled to and touched");
    driver
        .touch_id("come-back")
        .expect("scrolled to and touched");
    assert_eq!(
        touches.take(),
        [
            Touch::Choose(Choice::Edit(kiosk::session::event::StepName::Email)),
            Touch::Choose(Choice::WaitHere(false)),
        ]
    );
}

/// Large letters push a field below the visible part: the first key brings it back.
fn what_is_typed_is_seen(driver: &mut Driver) {
    for sample in ["token_pin", "token_pin_change", "account_pin"] {
        let mut view = named(sample);
        view.text_size = TextSize::Percent200;
        driver.show_sample(&view).expect("shown");
        driver.scroll(-10_000.0).expect("scrolled");
        let typed = match &mut view.screen {
            Screen::TokenPin(token) => &mut token.fields[0],
            Screen::AccountPin { again, .. } => again,
            other => panic!("{other:?}"),
        };
        typed.text.push('•');
        typed.cursor += 1;
        let id = match typed.field {
            Some(Field::TokenPin) => "field-token-pin",
            Some(Field::NewTokenPin) => "field-new-token-pin",
            _ => "field-account-pin-again",
        };
        driver.show_sample(&view).expect("shown");
        let page = driver.find("page").expect("the page is there");
        let field = driver.find(id).expect("the field is there");
        assert!(
            field.y >= page.y && field.y + field.height <= page.y + page.height,
            "{id} at {} of {} px is out of sight",
            field.y - page.y,
            page.height
        );
    }
}

/// What is typed on a hardware keyboard arrives; all else of it: tests/keyboard.rs.
fn hardware_keys_arrive(driver: &mut Driver) {
    let touches = recorder(driver);
    driver.show_sample(&named("account_pin")).expect("shown");
    driver.press_key("4").expect("pressed");
    driver.press_key("\n").expect("pressed");
    assert_eq!(
        touches.take(),
        [Touch::Key(Key::Char('4')), Touch::Key(Key::Enter)]
    );
}

/// Every text of the screens stands in both languages, complete.
#[test]
fn every_text_is_translated() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut sources = Vec::new();
    slint_files(&root, &mut sources);
    let mut texts = BTreeSet::new();
    for source in &sources {
        for part in source.split("@tr(").skip(1) {
            let text = part
                .trim_start()
                .strip_prefix('"')
                .expect("@tr begins with a text");
            let end = text.find('"').expect("the text ends");
            texts.insert(text[..end].to_owned());
        }
    }
    assert!(texts.len() > 200, "only {} texts were found", texts.len());
    for (language, forms) in [("kk", 1), ("ru", 3)] {
        let path = root
            .join("lang")
            .join(language)
            .join("LC_MESSAGES/kiosk.po");
        let po = std::fs::read_to_string(&path).expect("the translation is there");
        assert!(!po.contains("fuzzy"), "{language} has doubtful entries");
        for text in &texts {
            let at = po
                .find(&format!("\nmsgid \"{text}\"\n"))
                .unwrap_or_else(|| panic!("{language} lacks `{text}`"));
            let entry = po[at + 1..].split("\n\n").next().unwrap_or_default();
            let said: Vec<&str> = entry
                .lines()
                .filter(|line| line.starts_with("msgstr"))
                .filter_map(|line| line.split_once('"'))
                .map(|(_, said)| said.trim_end_matches('"'))
                .collect();
            let wanted = if entry.contains("msgid_plural") {
                forms
            } else {
                1
            };
            assert_eq!(said.len(), wanted, "{language}: forms of `{text}`");
            for said in said {
                assert!(!said.is_empty(), "{language}: `{text}` is empty");
                assert_eq!(
                    said.matches('{').count(),
                    text.matches('{').count(),
                    "{language}: places of `{text}`"
                );
            }
        }
    }
}

fn slint_files(directory: &std::path::Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            slint_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "slint") {
            into.push(std::fs::read_to_string(&path).expect("a text file"));
        }
    }
}
