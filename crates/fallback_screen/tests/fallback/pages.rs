//! Every text of every fault, measured on both screens.

use embedded_graphics::geometry::Point;
use embedded_graphics::prelude::Size;
use embedded_graphics::primitives::Rectangle;
use fallback_screen::canvas::Canvas;
use fallback_screen::drives::{Outcome, Work};
use fallback_screen::page::{Content, Page};
use faults::{Fault, Language};
use steward::Reason;

const SCREENS: [(Size, f32); 2] = [
    // Smallest letters of a sentence that a standing person reads, in pixels.
    (Size::new(1080, 1920), 26.0),
    (Size::new(1280, 800), 17.0),
];

pub fn content(fault: Fault) -> Content {
    Content {
        fault,
        phone: Some("+7 (7172) 90-64-00".into()),
        kiosk: Some("AST-0042".into()),
        time: "28.11.2026 14:05".into(),
        next_try: Some("14:15".into()),
        drive: None,
    }
}

fn outcomes() -> Vec<Outcome> {
    let reasons = [
        Reason::BadRequest,
        Reason::NotAllowed,
        Reason::Busy,
        Reason::NoSuchDrive,
        Reason::DriveFailed,
        Reason::NoBundle,
        Reason::SeveralBundles,
        Reason::BundleTooLarge,
        Reason::Older,
        Reason::OfficeKnown,
        Reason::NoSpace,
        Reason::NotConfirmed,
        Reason::ProgramFailed,
        Reason::DeadlinePassed,
        Reason::Storage,
    ];
    let refused = reasons.into_iter().flat_map(|reason| {
        [Work::Logs, Work::Update].map(|work| Outcome::Refused {
            work,
            reason,
            detail: "rauc: exit status: 1: LastError: signature verification failed. ".repeat(4),
        })
    });
    let doing = [Work::Logs, Work::Update].map(|work| Outcome::Doing { work, percent: 100 });
    [
        Outcome::TakeOut,
        Outcome::Installed,
        Outcome::LogsWritten {
            file: "qoltanba/journal-20261128T090500Z.txt".into(),
        },
        Outcome::Unreachable {
            detail: "x".repeat(500),
        },
    ]
    .into_iter()
    .chain(doing)
    .chain(refused)
    .collect()
}

fn assert_whole(size: Size, smallest: f32, content: &Content) {
    let page = Page::new(size, content);
    let what = format!("{} at {size:?} with {:?}", content.fault, content.drive);
    assert!(page.fits(), "{what}");
    let screen = Rectangle::new(Point::zero(), size);
    let areas: Vec<Rectangle> = page.texts.iter().map(|text| text.area()).collect();
    for (i, (text, area)) in page.texts.iter().zip(&areas).enumerate() {
        assert_eq!(area.intersection(&screen), *area, "{what}: {text:?}");
        for other in &areas[..i] {
            assert!(area.intersection(other).is_zero_sized(), "{what}: {text:?}");
        }
        assert!(text.style.size >= smallest, "{what}: {}", text.style.size);
    }
    let all: String = page
        .texts
        .iter()
        .map(|text| format!("{} ", text.text))
        .collect();
    for language in [Language::Kk, Language::Ru, Language::En] {
        let text = content.fault.text(language);
        assert!(all.contains(text.cause), "{what}: {all}");
        assert!(all.contains(text.remedy), "{what}: {all}");
    }
    assert!(all.contains(content.fault.code()), "{what}");
}

#[test]
fn every_text_of_every_fault_is_whole_on_both_screens() {
    for (size, smallest) in SCREENS {
        for &fault in Fault::ALL {
            assert_whole(size, smallest, &content(fault));
        }
    }
}

#[test]
fn whatever_is_done_with_a_drive_has_room_beside_the_longest_fault() {
    let length = |fault: &Fault| {
        let text = fault.text(Language::Kk);
        text.cause.chars().count() + text.remedy.chars().count()
    };
    let longest = *Fault::ALL.iter().max_by_key(|fault| length(fault)).unwrap();
    for (size, smallest) in SCREENS {
        for outcome in outcomes() {
            for fault in [longest, Fault::KioskWillNotStart] {
                let content = Content {
                    drive: Some(outcome.clone()),
                    ..content(fault)
                };
                assert_whole(size, smallest * 0.85, &content);
            }
        }
    }
}

#[test]
fn any_other_screen_is_drawn_too() {
    for (width, height) in [(1, 1), (7, 900), (320, 240), (640, 480), (3840, 2160)] {
        let size = Size::new(width, height);
        let mut canvas = Canvas::new(size);
        let Ok(()) = Page::new(size, &content(Fault::CameraMissing)).draw(&mut canvas);
        assert_eq!(canvas.rows().count(), height as usize);
    }
}
