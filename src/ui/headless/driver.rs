//! Finds elements by accessible id or label and touches them where they are.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, mock_elapsed_time};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle as _, LogicalPosition};

use super::super::{Ui, WindowSize};
use super::recording::Recording;

/// How long an element may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest animation is over by then.
const SETTLED_AFTER: Duration = Duration::from_millis(350);

/// What stands outside the page that scrolls.
const FIXED: [&str; 12] = [
    "key-",
    "layout-",
    "language-",
    "text-",
    "contrast-",
    "close-display",
    "display",
    "dismiss",
    "confirm-cancel",
    "still-here",
    "more",
    "primary",
];
const FIXED_TOO: [&str; 3] = ["back", "help", "cancel"];

/// One element as it stands on the screen, in logical pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub id: String,
    pub label: String,
    /// What stands in a field, as it is drawn: dots for secrets.
    pub value: String,
    pub enabled: bool,
    /// A finger or a key does something to it.
    pub touchable: bool,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// A person before the screen: looks, touches, types.
pub struct Driver {
    pub(super) ui: Ui,
    size: WindowSize,
    last_pump: Instant,
    /// Nothing is touched: all is done by a hardware keyboard.
    pub(super) by_keyboard: bool,
    recording: Option<Recording>,
    /// The page was moved since the last touch.
    scrolled: bool,
}

impl Driver {
    /// # Errors
    /// When the window cannot be made.
    pub fn new(size: WindowSize) -> Result<Self> {
        super::start()?;
        let ui = Ui::new(size)?;
        ui.window.show().context("cannot show the window")?;
        Ok(Self {
            ui,
            size,
            last_pump: Instant::now(),
            by_keyboard: false,
            recording: None,
            scrolled: false,
        })
    }

    pub fn ui(&self) -> &Ui {
        &self.ui
    }

    pub fn size(&self) -> WindowSize {
        self.size
    }

    /// From now on every touch is written down in this folder, with what the screen was
    /// like: see [`Recording`].
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn record(&mut self, folder: &Path) -> Result<()> {
        self.recording = Some(Recording::begin(folder)?);
        Ok(())
    }

    /// Writes down what is done around the screen, where touches are.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn mark(&mut self, word: &str) -> Result<()> {
        let (all, size) = (self.seen(), self.size.pixels());
        self.recording
            .as_mut()
            .map_or(Ok(()), |r| r.world(word, &all, size))
    }

    /// What moves comes to rest, for a recording.
    fn settle(&mut self) -> Result<()> {
        if self.recording.is_none() {
            return Ok(());
        }
        let until = Instant::now() + SETTLED_AFTER;
        while Instant::now() < until {
            self.pump()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn record_touch(&mut self, found: &Seen) -> Result<()> {
        if self.recording.is_none() {
            return Ok(());
        }
        let (all, screen) = (self.seen(), self.ui.window.window().take_snapshot()?);
        self.recording
            .as_mut()
            .map_or(Ok(()), |r| r.touch(found, self.scrolled, &all, &screen))?;
        self.scrolled = false;
        Ok(())
    }

    /// Serves what other threads sent to the event loop and lets as much time
    /// pass for timers and animations as has really passed.
    ///
    /// # Errors
    /// When the event loop fails.
    pub fn pump(&mut self) -> Result<()> {
        // Everything queued before the end is served before it.
        slint::quit_event_loop()?;
        slint::run_event_loop_until_quit()?;
        let passed = self.last_pump.elapsed();
        self.last_pump = Instant::now();
        mock_elapsed_time(passed.max(Duration::from_millis(1)));
        Ok(())
    }

    fn handle(&self, fits: impl Fn(&ElementHandle) -> bool) -> Option<ElementHandle> {
        ElementQuery::from_root(&self.ui.window)
            .match_descendants()
            .find_all()
            .into_iter()
            .find(|element| fits(element))
    }

    /// Whatever now has an accessible id, in the order of the screen.
    pub fn seen(&self) -> Vec<Seen> {
        let mut found: Vec<Seen> = Vec::new();
        for element in ElementQuery::from_root(&self.ui.window)
            .match_descendants()
            .find_all()
        {
            let Some(id) = element.accessible_id().filter(|id| !id.is_empty()) else {
                continue;
            };
            let one = seen(&element, &id);
            // Where a component sets the id of another, both handles report it.
            if found.last() != Some(&one) {
                found.push(one);
            }
        }
        found
    }

    /// Every word that can be read now, in the order of the screen.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        ElementQuery::from_root(&self.ui.window)
            .match_descendants()
            .match_predicate(|e| e.accessible_label().is_some_and(|l| !l.is_empty()))
            .find_all()
            .into_iter()
            .for_each(|e| {
                let label: String = e.accessible_label().unwrap_or_default().into();
                if words.last() != Some(&label) {
                    words.push(label);
                }
            });
        words
    }

    /// What stands in the fields now, as it is drawn.
    pub fn values(&self) -> Vec<String> {
        let elements = ElementQuery::from_root(&self.ui.window)
            .match_descendants()
            .find_all();
        elements
            .into_iter()
            .filter_map(|e| e.accessible_value().filter(|v| !v.is_empty()))
            .map(Into::into)
            .collect()
    }

    pub fn find(&self, id: &str) -> Option<Seen> {
        self.handle(|e| e.accessible_id().is_some_and(|found| found == id))
            .map(|e| seen(&e, id))
    }

    /// Waits until this element is there and answers to touch.
    ///
    /// # Errors
    /// When it does not come within ten seconds.
    pub fn wait_for(&mut self, id: &str) -> Result<Seen> {
        self.wait_for_within(id, PATIENCE)
    }

    /// As [`Driver::wait_for`] with its own patience.
    ///
    /// # Errors
    /// When it does not come in that time.
    pub fn wait_for_within(&mut self, id: &str, patience: Duration) -> Result<Seen> {
        let begun = Instant::now();
        let mut searched = begun;
        loop {
            self.pump()?;
            if let Some(found) = self.find(id).filter(|found| found.enabled) {
                return Ok(found);
            }
            if searched.elapsed() > Duration::from_millis(400) {
                self.search_page(id)?;
                searched = Instant::now();
            }
            if begun.elapsed() > patience {
                bail!(
                    "`{id}` did not come in {} s; there are: {}",
                    patience.as_secs(),
                    self.seen()
                        .iter()
                        .map(|s| s.id.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Touches the element with this accessible id at its centre, scrolling it
    /// into sight first; or goes there by keys and acts on it.
    ///
    /// # Errors
    /// When it does not come, rests, or cannot be brought into sight.
    pub fn touch_id(&mut self, id: &str) -> Result<()> {
        if self.by_keyboard {
            return self.act_by_keys(id);
        }
        let found = self.come_to_rest(id)?;
        self.record_touch(&found)?;
        self.tap(found.x + found.width / 2.0, found.y + found.height / 2.0)
    }

    /// Where it is touched once the screen stands still. What comes late moves the page on
    /// and may push it out of sight again, out of the tree: it is then searched anew.
    fn come_to_rest(&mut self, id: &str) -> Result<Seen> {
        let fixed = FIXED.iter().any(|prefix| id.starts_with(prefix)) || FIXED_TOO.contains(&id);
        let until = Instant::now() + PATIENCE;
        loop {
            self.wait_for(id)?;
            self.settle()?;
            let found = match fixed {
                true => self.find(id),
                false => self.bring_into_sight(id)?,
            };
            if let Some(found) = found {
                return Ok(found);
            }
            ensure!(Instant::now() < until, "`{id}` goes away again and again");
        }
    }

    /// Touches the element with this label (in the language now shown).
    ///
    /// # Errors
    /// When there is none, or it cannot be brought into sight.
    pub fn touch_label(&mut self, label: &str) -> Result<()> {
        let look = |driver: &Driver| {
            driver
                .handle(|e| {
                    e.accessible_label().is_some_and(|found| found == label)
                        && e.accessible_id().is_some_and(|id| !id.is_empty())
                })
                .map(|e| seen(&e, &e.accessible_id().unwrap_or_default()))
        };
        let id = look(self)
            .with_context(|| format!("nothing is called `{label}`"))?
            .id;
        self.touch_id(&id)
    }

    /// Moves the page: what lies below comes up when `pixels` is positive.
    ///
    /// # Errors
    /// When the event cannot be delivered.
    pub fn scroll(&mut self, pixels: f32) -> Result<()> {
        let Some(page) = self.find("page") else {
            return Ok(());
        };
        if self.by_keyboard {
            return self.turn_page(pixels);
        }
        self.scrolled = true;
        self.dispatch(WindowEvent::PointerScrolled {
            position: LogicalPosition::new(page.x + 30.0, page.y + page.height / 3.0),
            delta_x: 0.0,
            delta_y: -pixels,
        })?;
        self.pump()
    }

    /// As [`Driver::scroll`]; tells whether anything moved.
    ///
    /// # Errors
    /// When the event cannot be delivered.
    pub fn scrolls(&mut self, pixels: f32) -> Result<bool> {
        // Long text has no ids: all that is drawn is compared.
        let places = |driver: &Self| {
            let mut places = Vec::new();
            driver.every_element(|element| {
                let at = element.absolute_position();
                places.push((at.x, at.y));
            });
            places
        };
        let before = places(self);
        self.scroll(pixels)?;
        Ok(places(self) != before)
    }

    /// Looks through the whole page for what is scrolled out of sight: the tree
    /// of elements holds only what can be seen.
    fn search_page(&mut self, id: &str) -> Result<()> {
        let Some(page) = self.find("page") else {
            return Ok(());
        };
        let step = (page.height * 0.5).max(40.0);
        for direction in [1.0, -1.0] {
            for _ in 0..16 {
                if self.find(id).is_some() {
                    return Ok(());
                }
                if !self.scrolls(direction * step)? {
                    break;
                }
            }
        }
        Ok(())
    }

    fn bring_into_sight(&mut self, id: &str) -> Result<Option<Seen>> {
        for _ in 0..60 {
            let (Some(found), Some(page)) = (self.find(id), self.find("page")) else {
                return Ok(None);
            };
            // The display's test covers the page.
            if self.find("colour-field").is_some() {
                return Ok(Some(found));
            }
            let centre = found.y + found.height / 2.0;
            let (top, bottom) = (page.y + 8.0, page.y + page.height - 8.0);
            // The strip "more below" takes its place from the page.
            let bottom = self.find("more").map_or(bottom, |more| more.y - 8.0);
            if centre >= top && centre <= bottom {
                return Ok(Some(found));
            }
            self.scroll(if centre < top { -60.0 } else { 60.0 })?;
        }
        bail!("`{id}` cannot be brought into sight by scrolling")
    }

    /// A finger at this place, for as long as a finger stays.
    ///
    /// # Errors
    /// When the event cannot be delivered.
    pub fn tap(&mut self, x: f32, y: f32) -> Result<()> {
        let position = LogicalPosition::new(x, y);
        let button = PointerEventButton::Left;
        self.dispatch(WindowEvent::PointerMoved { position })?;
        self.dispatch(WindowEvent::PointerPressed { position, button })?;
        mock_elapsed_time(Duration::from_millis(50));
        self.dispatch(WindowEvent::PointerReleased { position, button })?;
        self.dispatch(WindowEvent::PointerExited)?;
        self.pump()
    }

    pub(super) fn dispatch(&self, event: WindowEvent) -> Result<()> {
        let by_key = matches!(
            event,
            WindowEvent::KeyPressed { .. } | WindowEvent::KeyReleased { .. }
        );
        ensure!(
            by_key || !self.by_keyboard,
            "{event:?} is not of a keyboard"
        );
        self.ui.window.window().dispatch_event_with_result(event)?;
        Ok(())
    }

    /// Types by touching the keys of whichever pad or keyboard is shown, changing
    /// its layout and pressing its shift where a sign needs it.
    ///
    /// # Errors
    /// When a sign is on no layout.
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        for sign in text.chars() {
            self.type_sign(sign)
                .with_context(|| format!("while typing the {} signs", text.chars().count()))?;
        }
        Ok(())
    }

    fn type_sign(&mut self, sign: char) -> Result<()> {
        if self.by_keyboard {
            return self.type_by_keys(sign);
        }
        if sign == ' ' {
            return self.touch_id("key-space");
        }
        self.wait_for_keys()?;
        if self.type_here(sign)? {
            return Ok(());
        }
        for layout in [
            "layout-latin",
            "layout-kazakh",
            "layout-russian",
            "layout-symbols",
        ] {
            if self.find(layout).is_none() {
                break;
            }
            self.touch_id(layout)?;
            // The session answers with the new layout.
            let turned = Instant::now();
            while turned.elapsed() < Duration::from_millis(300) {
                if self.type_here(sign)? {
                    return Ok(());
                }
                self.pump()?;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        bail!("no key of any layout types it")
    }

    /// There is something to type into once there is something to type with.
    pub(super) fn wait_for_keys(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.find("key-backspace").is_none() {
            ensure!(begun.elapsed() < PATIENCE, "no keyboard came");
            self.pump()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Types the sign if the layout that is shown has it.
    fn type_here(&mut self, sign: char) -> Result<bool> {
        let exact = format!("key-{sign}");
        if self.find(&exact).is_some() {
            self.touch_id(&exact)?;
            return Ok(true);
        }
        let lower: String = sign.to_lowercase().collect();
        let lower = format!("key-{lower}");
        if lower == exact || self.find(&lower).is_none() || self.find("key-shift").is_none() {
            return Ok(false);
        }
        self.touch_id("key-shift")?;
        self.touch_id(&lower)?;
        Ok(true)
    }

    /// Whether the element's centre answers to the element and not to another:
    /// what is drawn over others comes later in the tree.
    pub fn is_inside_window(&self, found: &Seen) -> bool {
        let (width, height) = self.size.pixels();
        found.x >= -0.5
            && found.y >= -0.5
            && found.x + found.width <= width as f32 + 0.5
            && found.y + found.height <= height as f32 + 0.5
    }

    /// Calls `visit` with every element the compiler knows of, from the root.
    pub fn every_element(&self, mut visit: impl FnMut(&ElementHandle)) {
        for root in ElementQuery::from_root(&self.ui.window).find_all() {
            visit(&root);
            root.visit_descendants::<()>(|element| {
                visit(&element);
                ControlFlow::Continue(())
            });
        }
    }

    /// # Errors
    /// When the picture cannot be made or written.
    pub fn screenshot(&mut self, path: &Path) -> Result<()> {
        self.pump()?;
        self.ui.snapshot(path)
    }
}

fn seen(element: &ElementHandle, id: &str) -> Seen {
    let (at, size) = (element.absolute_position(), element.size());
    Seen {
        id: id.to_owned(),
        label: element.accessible_label().unwrap_or_default().into(),
        value: element.accessible_value().unwrap_or_default().into(),
        enabled: element.accessible_enabled().unwrap_or(true),
        touchable: matches!(
            element.accessible_role(),
            Some(AccessibleRole::Button | AccessibleRole::RadioButton | AccessibleRole::TextInput)
        ),
        x: at.x,
        y: at.y,
        width: size.width,
        height: size.height,
    }
}

impl Driver {
    /// Shows a sample: with a picture where the camera's would be, nothing moving.
    ///
    /// # Errors
    /// When the event loop fails.
    pub fn show_sample(&mut self, view: &crate::session::view::View) -> Result<()> {
        use crate::session::command::PreviewFor;
        use crate::ui::samples;

        let (width, height) = self.size.preview(PreviewFor::Face);
        let frame = samples::camera_frame(width, height);
        self.ui.set_motion(false);
        self.ui.set_preview(frame.clone());
        self.ui.set_picture(samples::PICTURE, frame);
        self.ui
            .set_picture(samples::PORTRAIT, samples::camera_frame(360, 480));
        self.ui.show(view);
        self.pump()?;
        mock_elapsed_time(Duration::from_millis(500));
        self.pump()
    }
}
