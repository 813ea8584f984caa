//! The only place that knows Slint: view to properties, touches to events.
//!
//! Here: the window, what turns a [`View`] into its properties, and what turns
//! touches into [`Touch`]. Not here: any decision. Screens are in `ui/`.
//!
//! # How elements are found
//! Whatever can be touched carries an accessible id, the same in all languages:
//!
//! | id | what |
//! |---|---|
//! | `primary`, `back`, `help`, `cancel` | the bottom bar |
//! | `language-kk`, `language-ru`, `language-en` | the language pills |
//! | `display`, then `text-100` .. `text-200`, `contrast-normal`, `contrast-high`, `close-display` | text size and contrast |
//! | `dismiss`, `confirm-cancel`, `still-here` | dialogs |
//! | `more` | scrolls the page by most of a screen |
//! | `key-<sign>`, `key-space`, `key-shift`, `key-backspace`, `key-left`, `key-right`, `key-enter` | on-screen keys; letters in lower case (on the MRZ keyboard upper case) |
//! | `layout-kazakh`, `layout-russian`, `layout-latin`, `layout-symbols` | keyboard layouts |
//! | `field-identity-number`, `field-phone`, `field-phone-code`, `field-document-number`, `field-can`, `field-surname`, `field-given-name`, `field-patronymic`, `field-mrz-1` .. `-3`, `field-account-pin`, `field-account-pin-again`, `field-cabinet-pin`, `field-email`, `field-key-password`, `field-key-password-again`, `field-token-pin`, `field-new-token-pin`, `field-new-token-pin-again`, `field-puk`, `field-receipt-code` | fields |
//! | `start`, `start-collect` | welcome |
//! | `agree` | consent |
//! | `register-new-phone`, `use-registered-phone` | phone |
//! | `resend-code`, `code-does-not-come` | phone codes |
//! | `id-card`, `passport`, `other-ways`, `enter-can`, `enter-mrz`, `enter-typed`, `without-chip`, `another-document`, `correct-iin` | document |
//! | `retake`, `photo-from-drive`, `photo-from-camera` | selfie and document photo |
//! | `accept-suggestion`, `keep-as-typed` | e-mail |
//! | `storage-pkcs12`, `storage-kaztoken`, `storage-id-card`, `storage-etoken72k`, `storage-etoken5110`, `storage-jacarta`, `storage-akey`, `storage-piv`, `refresh-storage` | storage |
//! | `folder-<n>`, `file-<n>`, `folder-up` | folder browser, by index into the listing |
//! | `edit-<step>`, `wait-here`, `come-back` | review; e.g. `edit-email` |
//! | `try-signature` | receipt |
//! | `reveal` | shows one character of a password |
//! | `set-up` | out of service, of a kiosk that no office knows yet: maintenance mode |
//!
//! In maintenance mode, besides the bars and dialogs:
//!
//! | id | what |
//! |---|---|
//! | `door-<page>` | overview; e.g. `door-network` |
//! | `row-<n>` | a row that opens something, by index into the table |
//! | `act-<act>` | what can be done; e.g. `act-retry-uploads`, `act-ask-wipe`, `act-wipe` |
//! | `test-<device>`, `judge-yes`, `judge-no`, `skip-test`, `cell-<n>` | device tests; e.g. `test-camera` |
//! | `done-<action>` | work order; e.g. `done-cleaned` |
//! | `field-technician-pin`, `field-provisioning-token`, `field-network-address`, `field-network-gateway`, `field-name-servers`, `field-clock-date`, `field-clock-time`, `field-setting-value` | fields |
//!
//! Read only: `heading`, `position`, `preview`, `picture-taken`, `receipt-code`,
//! `receipt-qr`, `file-name`, `file-location`, `fault-<code>`, `busy`, `dialog`,
//! `saved`, `registered-phone`, `phase-current`, `portrait`, `holder-surname`,
//! `document-number`, `field-problem`, `token-label`, `signature-result`; of maintenance
//! mode `technician`, `link-state`, `fact-<n>`, `outcome`, `refusal`, `percent`, `working`,
//! `at-work`, `hint`, `colour-field`.
//!
//! # How a hardware keyboard reaches them
//! Whatever inherits `Touchable` (`Button`, `ChoiceCard`, a list's row) or is a `Field` is reached by
//! its id, so the id is its own on the whole screen; it draws the ring and scrolls itself into sight.
//! Outside the page it says its `zone`, in a dialog `Zone.dialog`; `choice: true` where a screen
//! begins. What scrolls is a `ScrollArea`, and a `Page` is one already.

mod focus;
mod format;
mod hardware_keys;
#[cfg(feature = "headless")]
pub mod headless;
mod names;
mod qr;
#[cfg(feature = "headless")]
pub mod samples;
mod show;
mod stage;
mod touches;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use slint::{ComponentHandle as _, Rgb8Pixel, SharedPixelBuffer};

use crate::session::command::PreviewFor;
use crate::session::event::{MediaHandle, Touch};
use crate::session::view::View;

/// What `build.rs` made of `ui/kiosk.slint`.
#[allow(clippy::all, unused_qualifications, missing_docs)]
mod generated {
    slint::include_modules!();
}

pub use generated::KioskWindow;
pub use stage::Stage;

/// The screens the kiosk is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WindowSize {
    /// 1080 x 1920 on 21.5 inch: 4.03 px/mm.
    #[default]
    Portrait,
    /// 1280 x 800 on 15.6 inch: 3.8 px/mm.
    Landscape,
}

impl WindowSize {
    pub const ALL: [WindowSize; 2] = [WindowSize::Portrait, WindowSize::Landscape];

    /// Width and height in pixels.
    pub fn pixels(self) -> (u32, u32) {
        match self {
            WindowSize::Portrait => (1080, 1920),
            WindowSize::Landscape => (1280, 800),
        }
    }

    /// From `1080x1920` or `1280x800`.
    pub fn parse(text: &str) -> Option<WindowSize> {
        Self::ALL.into_iter().find(|size| size.to_string() == text)
    }

    /// Size of the live picture on the screen. The camera thread scales (and for
    /// a face mirrors) to this: the renderer only knows the nearest pixel.
    pub fn preview(self, of: PreviewFor) -> (u32, u32) {
        match (self, of) {
            (WindowSize::Portrait, _) => (952, 714),
            // Hints and ways round it stand below.
            (WindowSize::Landscape, PreviewFor::Mrz) => (440, 330),
            (WindowSize::Landscape, _) => (560, 420),
        }
    }
}

impl std::fmt::Display for WindowSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = self.pixels();
        write!(f, "{width}x{height}")
    }
}

/// The window and what was last shown in it.
pub struct Ui {
    window: KioskWindow,
    /// Shared with the callbacks of the window, which live as long as it.
    shown: Rc<RefCell<show::Shown>>,
    focus: Rc<focus::Focus>,
}

impl Ui {
    /// Makes the window; it is seen once [`Ui::run`] is called.
    ///
    /// # Errors
    /// When no backend can open a window.
    pub fn new(size: WindowSize) -> Result<Self> {
        let window = KioskWindow::new().context("cannot open the window")?;
        let (width, height) = size.pixels();
        window.set_wide(width as f32);
        window.set_high(height as f32);
        {
            let theme = window.global::<generated::Theme>();
            theme.set_window_width(width as f32);
            theme.set_window_height(height as f32);
        }
        window
            .window()
            .set_size(slint::PhysicalSize::new(width, height));
        let shown = Rc::new(RefCell::new(show::Shown::new(&window)));
        let focus = focus::Focus::new(&window);
        Ok(Self {
            window,
            shown,
            focus,
        })
    }

    /// Called on the event loop's thread for whatever the person does.
    pub fn on_touch(&self, told: impl Fn(Touch) + 'static) {
        let told: Rc<dyn Fn(Touch)> = Rc::new(told);
        touches::connect(&self.window, told.clone());
        hardware_keys::connect(&self.window, self.focus.clone(), move |touch| told(touch));
    }

    /// Called with id and label of whatever gets the focus of a hardware keyboard, in
    /// the language that is shown: audio guidance says it. Of a field it is the name,
    /// never what stands in it.
    pub fn on_focused(&self, told: impl Fn(&str, &str) + 'static) {
        self.window
            .global::<generated::Focus>()
            .on_focused(move |id, label| told(&id, &label));
    }

    /// Draws this view; what has not changed is not touched.
    pub fn show(&self, view: &View) {
        self.shown.borrow_mut().show(&self.window, view);
        self.focus.check();
    }

    /// The newest frame of the camera, of the size [`WindowSize::preview`] names.
    pub fn set_preview(&self, frame: SharedPixelBuffer<Rgb8Pixel>) {
        self.window
            .global::<generated::Visit>()
            .set_preview(slint::Image::from_rgb8(frame));
    }

    /// The pixels of a captured picture, shown where a view names its handle.
    pub fn set_picture(&self, media: MediaHandle, picture: SharedPixelBuffer<Rgb8Pixel>) {
        self.shown
            .borrow_mut()
            .set_picture(&self.window, media, picture);
    }

    /// Forgets every picture and the last frame: the session is over.
    pub fn forget_pictures(&self) {
        self.shown.borrow_mut().forget_pictures(&self.window);
    }

    /// Transitions and moving drawings on or off.
    pub fn set_motion(&self, on: bool) {
        self.window.global::<generated::Theme>().set_motion(on);
    }

    /// For other threads: `weak().upgrade_in_event_loop(..)`.
    pub fn weak(&self) -> slint::Weak<KioskWindow> {
        self.window.as_weak()
    }

    pub fn window(&self) -> &slint::Window {
        self.window.window()
    }

    /// Shows the window and serves it until it is closed or
    /// `slint::quit_event_loop` is called.
    ///
    /// # Errors
    /// When the backend fails.
    pub fn run(&self) -> Result<()> {
        self.window.run().context("the event loop ended badly")
    }

    /// Renders the window as it stands into a PNG file.
    ///
    /// # Errors
    /// When the renderer cannot make pictures or the file cannot be written.
    pub fn snapshot(&self, path: &Path) -> Result<()> {
        let pixels = self.window.window().take_snapshot()?;
        format::write_png(path, pixels.width(), pixels.height(), pixels.as_bytes())
    }
}

/// Names the kiosk's own fonts to fontconfig: without a font known to it Slint
/// ends at its start, even with embedded ones (its issue 12671). fontconfig reads
/// `FONTCONFIG_FILE` only, so where that is not set the fonts are written below
/// `directory` and this program is started anew in place of itself. To be called
/// first in `main`; comes back when there is nothing to do.
///
/// # Errors
/// When the directory cannot be written to or the program cannot be started.
pub fn provide_fonts(directory: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    if std::env::var_os("FONTCONFIG_FILE").is_some() {
        return Ok(());
    }
    let directory = directory.join("fonts");
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let files: [(&str, &[u8]); 3] = [
        ("fonts.conf", include_bytes!("../../ui/fonts/fonts.conf")),
        (
            "GolosText-Regular.ttf",
            include_bytes!("../../ui/fonts/GolosText-Regular.ttf"),
        ),
        (
            "GolosText-SemiBold.ttf",
            include_bytes!("../../ui/fonts/GolosText-SemiBold.ttf"),
        ),
    ];
    for (name, bytes) in files {
        let path = directory.join(name);
        // Each start would wear the disk, and wait for it.
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            continue;
        }
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let program = std::env::current_exe().context("cannot find this program")?;
    let failed = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env("FONTCONFIG_FILE", directory.join("fonts.conf"))
        // Letters are composed by no key of this keyboard: the table, a megabyte of
        // text parsed before the first frame, stays unread.
        .env("XCOMPOSEFILE", "/dev/null")
        .exec();
    Err(failed).context("cannot start this program with its fonts")
}

/// The focus ring's outer and inner colour, as the theme now has them (sRGB).
#[cfg(feature = "headless")]
pub fn focus_colours(ui: &Ui) -> ([u8; 3], [u8; 3]) {
    let theme = ui.window.global::<generated::Theme>();
    let rgb = |colour: slint::Color| [colour.red(), colour.green(), colour.blue()];
    (rgb(theme.get_focus_outer()), rgb(theme.get_focus_inner()))
}

/// Words and the ground they stand on, as the theme now has them: name, text
/// colour, ground colour (sRGB).
#[cfg(feature = "headless")]
pub fn theme_pairs(ui: &Ui) -> Vec<(&'static str, [u8; 3], [u8; 3])> {
    let theme = ui.window.global::<generated::Theme>();
    let maintenance = ui.window.global::<generated::MaintenanceTheme>();
    let rgb = |colour: slint::Color| [colour.red(), colour.green(), colour.blue()];
    let pairs = [
        ("text on ground", theme.get_text(), theme.get_ground()),
        ("text on surface", theme.get_text(), theme.get_surface()),
        ("text on selection", theme.get_text(), theme.get_selection()),
        (
            "secondary on ground",
            theme.get_secondary(),
            theme.get_ground(),
        ),
        (
            "secondary on surface",
            theme.get_secondary(),
            theme.get_surface(),
        ),
        (
            "secondary on selection",
            theme.get_secondary(),
            theme.get_selection(),
        ),
        ("on primary", theme.get_on_primary(), theme.get_primary()),
        (
            "primary on surface",
            theme.get_primary(),
            theme.get_surface(),
        ),
        ("on pressed", theme.get_on_pressed(), theme.get_pressed()),
        ("error", theme.get_error(), theme.get_error_ground()),
        ("success", theme.get_success(), theme.get_success_ground()),
        ("success on ground", theme.get_success(), theme.get_ground()),
        (
            "success on surface",
            theme.get_success(),
            theme.get_surface(),
        ),
        ("error on surface", theme.get_error(), theme.get_surface()),
        (
            "warning on surface",
            maintenance.get_warning(),
            theme.get_surface(),
        ),
        (
            "maintenance header",
            maintenance.get_on_header(),
            maintenance.get_header(),
        ),
        (
            "maintenance header's strip",
            maintenance.get_on_header(),
            maintenance.get_header_strip(),
        ),
    ];
    pairs
        .into_iter()
        .map(|(name, words, ground)| (name, rgb(words), rgb(ground)))
        .collect()
}
