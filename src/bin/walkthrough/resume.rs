//! What a kiosk does that was killed: started again, it sends what was saved, and
//! the next citizen finds nothing of the former.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kiosk::run::Kiosk;
use kiosk::session::event::Event;
use kiosk::ui::headless::Driver;
use kiosk::ui::{Stage, WindowSize};

use super::Arguments;
use super::journey::{IIN, PERSONAL};
use super::office::Office;
use super::summary::Summary;
use super::visit;

/// The longest wait between two tries to send, and the sending itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// # Errors
/// There is nothing to go on with.
pub fn resume(arguments: &Arguments) -> Result<Summary> {
    let out = &arguments.out.canonicalize()?;
    let size = WindowSize::parse(&arguments.size)
        .with_context(|| format!("{}: a size is 1080x1920 or 1280x800", arguments.size))?;
    let mut office = Office::open(&visit::office_program(arguments)?, &out.join("office"))?;
    office.start()?;
    let config = visit::config(arguments, out, &office)?;
    let media = config.data_dir.join("outbox/media");
    let mut summary = Summary {
        language: arguments.lang.code().into(),
        size: arguments.size.clone(),
        kiosk_data: config.data_dir.clone(),
        ..Summary::default()
    };

    let driver = Driver::new(size)?;
    let stage = Arc::new(driver.ui().on_stage(size));
    let kiosk = Kiosk::start(config, arguments.lang, stage)?;
    let events = kiosk.events();
    driver
        .ui()
        .on_touch(move |touch| events.send(Event::Touch(touch)));
    let mut next = Next {
        driver,
        summary: &mut summary,
    };
    let walked = next
        .step("welcome", |n| n.nothing_is_shown_at("start"))
        .and_then(|()| next.step("queue_empty", |n| n.nothing_waits_in(&media)))
        .and_then(|()| next.step("next_citizen", Next::begin));
    drop(next);
    drop(kiosk);
    Stage::clear();
    // What went wrong is in the summary.
    drop(walked);
    Ok(summary)
}

/// The citizen who comes after the one whose kiosk was killed.
struct Next<'a> {
    driver: Driver,
    summary: &'a mut Summary,
}

impl Next<'_> {
    fn begin(&mut self) -> Result<()> {
        self.driver.touch_id("start")?;
        self.driver.touch_id("agree")?;
        self.driver.touch_id("primary")?;
        self.nothing_is_shown_at("field-identity-number")?;
        // The search can fail: what this citizen types is seen by it.
        self.driver.type_text(IIN)?;
        // The session answers from a thread of its own.
        let begun = Instant::now();
        while self.found().is_empty() {
            ensure!(
                begun.elapsed() < PATIENCE,
                "what is typed now is not found on the screen"
            );
            self.driver.pump()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn nothing_is_shown_at(&mut self, id: &str) -> Result<()> {
        self.driver.wait_for_within(id, PATIENCE)?;
        let found = self.found();
        ensure!(
            found.is_empty(),
            "of the former citizen there is shown: {}",
            found.join(", ")
        );
        Ok(())
    }

    /// Grouping of digits does not hide a number.
    fn found(&self) -> Vec<&'static str> {
        let plain = |text: &str| {
            text.chars()
                .filter(|c| !c.is_whitespace() && *c != '-')
                .collect::<String>()
        };
        let words = [self.driver.words(), self.driver.values()].concat();
        let words: Vec<String> = words.iter().map(|w| plain(w)).collect();
        let shown = |text: &&str| words.iter().any(|word| word.contains(&plain(text)));
        PERSONAL.into_iter().filter(shown).collect()
    }

    /// Media go only once the office has signed that it holds them.
    fn nothing_waits_in(&mut self, media: &Path) -> Result<()> {
        let begun = Instant::now();
        while fs::read_dir(media)?.next().is_some() {
            ensure!(begun.elapsed() < PATIENCE, "the queue is never empty");
            self.driver.pump()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn step(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let started = Instant::now();
        let outcome = walk(self);
        self.summary.note(name, started, &outcome);
        outcome
    }
}
