//! What holds of every screen: nothing outside the window, nothing cut, nothing too
//! small to touch, no two things to touch over each other.

use std::collections::BTreeSet;

use exchange::Language;
use kiosk::session::event::TextSize;
use kiosk::session::view::View;
use kiosk::ui::WindowSize;
use kiosk::ui::headless::{Driver, Seen};
use kiosk::ui::samples::Sample;

/// Smallest side of an action and of a key, in pixels: 20 mm and 14 mm at
/// 4.03 px/mm (21.5 inch portrait) and 3.8 px/mm (15.6 inch landscape).
fn smallest(size: WindowSize) -> (f32, f32) {
    match size {
        WindowSize::Portrait => (81.0, 57.0),
        WindowSize::Landscape => (76.0, 54.0),
    }
}

pub fn list(problems: &BTreeSet<String>) -> String {
    let lines: Vec<&str> = problems.iter().map(String::as_str).collect();
    format!("{} problems:\n{}", lines.len(), lines.join("\n"))
}

pub fn dressed(sample: &Sample, language: Language, text_size: TextSize, contrast: bool) -> View {
    let mut view = sample.view.clone();
    view.language = language;
    view.text_size = text_size;
    view.high_contrast = contrast;
    view
}

pub fn layout_problems(driver: &Driver, view: &View) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = driver.seen();
    // What fills the whole window covers all but what stands on it.
    let covered = seen.iter().any(|one| one.id == "colour-field");
    if covered {
        seen.retain(|one| ["judge-no", "skip-test", "hint"].contains(&one.id.as_str()));
    }
    let size = driver.size();
    let (width, height) = size.pixels();
    let (action, key) = smallest(size);

    driver.every_element(|element| {
        if element.id().is_some_and(|id| id == "Phrase::cut") {
            problems.push("a text has less height than it needs".to_owned());
        }
        let is_words = element.type_name().is_some_and(|name| name == "Phrase")
            || element
                .bases()
                .is_some_and(|mut bases| bases.any(|base| base == "Phrase"));
        if is_words && element.size().height > 0.0 {
            let (x, w) = (element.absolute_position().x, element.size().width);
            if x < -0.5 || x + w > width as f32 + 0.5 {
                problems.push(format!(
                    "`{}` reaches out of the window",
                    element.accessible_label().unwrap_or_default()
                ));
            }
        }
    });
    for one in &seen {
        let scrolls = !is_bar(one) && !covered;
        if one.x < -0.5 || one.x + one.width > width as f32 + 0.5 {
            problems.push(format!("`{}` reaches out of the window's sides", one.id));
        }
        if !scrolls && (one.y < -0.5 || one.y + one.height > height as f32 + 0.5) {
            problems.push(format!("`{}` reaches out of the window", one.id));
        }
        let least = match one.id.as_str() {
            id if id.starts_with("key-") || id.starts_with("layout-") => key,
            _ if is_action(one) => action,
            _ => continue,
        };
        if one.width < least - 0.5 || one.height < least - 0.5 {
            problems.push(format!(
                "`{}` is {} x {}, too small to touch",
                one.id, one.width, one.height
            ));
        }
    }
    // Dialogs lie over the page on purpose.
    if view.dialog.is_none() {
        problems.extend(overlaps(&seen));
    }
    match seen.iter().find(|one| one.id == "page") {
        _ if covered => {}
        Some(page) if page.height >= 160.0 => {}
        Some(page) => problems.push(format!("only {} px are left to the page", page.height)),
        None => problems.push("there is no page".to_owned()),
    }
    problems
}

/// Outside what scrolls.
fn is_bar(one: &Seen) -> bool {
    const BARS: [&str; 10] = [
        "top-bar",
        "bottom-bar",
        "page",
        "primary",
        "back",
        "help",
        "cancel",
        "display",
        "position",
        "more",
    ];
    BARS.contains(&one.id.as_str())
        || ["key-", "layout-", "language-"]
            .iter()
            .any(|prefix| one.id.starts_with(prefix))
}

/// Something to touch that is not a key.
fn is_action(one: &Seen) -> bool {
    const READ_ONLY: [&str; 32] = [
        "top-bar",
        "bottom-bar",
        "page",
        "position",
        "heading",
        "preview",
        "picture-taken",
        "receipt-code",
        "new-puk",
        "receipt-qr",
        "file-name",
        "file-location",
        "busy",
        "dialog",
        "registered-phone",
        "password-rules",
        "folder-path",
        "field-problem",
        "portrait",
        "holder-surname",
        "document-number",
        "token-label",
        "signature-result",
        "technician",
        "link-state",
        "outcome",
        "refusal",
        "percent",
        "working",
        "at-work",
        "hint",
        "colour-field",
    ];
    !READ_ONLY.contains(&one.id.as_str())
        && !one.id.starts_with("fault-")
        && !one.id.starts_with("phase")
        && !one.id.starts_with("fact-")
}

/// Two things to touch never lie over each other.
fn overlaps(seen: &[Seen]) -> Vec<String> {
    let actions: Vec<&Seen> = seen
        .iter()
        .filter(|one| is_action(one) && one.width > 0.0 && one.height > 0.0)
        .collect();
    let mut found = Vec::new();
    for (at, one) in actions.iter().enumerate() {
        for other in &actions[at + 1..] {
            // What scrolls passes behind the bars, where it is clipped.
            let alike = is_bar(one) == is_bar(other);
            let apart = one.x + one.width <= other.x + 0.5
                || other.x + other.width <= one.x + 0.5
                || one.y + one.height <= other.y + 0.5
                || other.y + other.height <= one.y + 0.5;
            if alike && !apart && one.id != other.id {
                found.push(format!("`{}` lies over `{}`", one.id, other.id));
            }
        }
    }
    found
}
