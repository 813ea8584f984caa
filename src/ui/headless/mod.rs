//! The same window without a display: rendered by the software renderer, touched
//! by injected pointer and key events at the places where the elements are.
//!
//! Here: the testing backend, the [`Driver`] that behaves like a person, the
//! contact sheet. Not here: what the person wants.

mod by_keys;
mod contact_sheet;
mod driver;
mod recording;

use std::cell::Cell;

use anyhow::{Context as _, Result};
use i_slint_backend_testing::{TestingBackend, TestingBackendOptions};

pub use contact_sheet::contact_sheet;
pub use driver::{Driver, Seen};

thread_local! {
    static STARTED: Cell<bool> = const { Cell::new(false) };
}

/// Makes this thread the one that draws. Once a process: other threads reach it
/// by `slint::invoke_from_event_loop`, served by [`Driver::pump`].
///
/// # Errors
/// When another backend was chosen before.
pub fn start() -> Result<()> {
    if STARTED.get() {
        return Ok(());
    }
    let backend = TestingBackend::new(TestingBackendOptions {
        mock_time: true,
        threading: true,
        renderer_name: Some("software".into()),
    });
    slint::platform::set_platform(Box::new(backend)).context("another backend is in use")?;
    STARTED.set(true);
    Ok(())
}
