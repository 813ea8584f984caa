//! From the kiosk's threads to the window: each call is carried to the event
//! loop's thread; of live pictures only the newest.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use slint::{ComponentHandle as _, Rgb8Pixel, SharedPixelBuffer};

use super::{Ui, WindowSize};
use crate::run::{Picture, Screen};
use crate::session::command::PreviewFor;
use crate::session::event::MediaHandle;
use crate::session::view::View;

thread_local! {
    /// The window of this thread; closures from other threads find it here.
    static ON_STAGE: RefCell<Option<Ui>> = const { RefCell::new(None) };
}

/// The window as other threads see it.
pub struct Stage {
    size: WindowSize,
    /// The newest live picture that the window has not taken yet.
    newest: Arc<Mutex<Option<Picture>>>,
}

impl Ui {
    /// Makes this the window that other threads reach through the [`Stage`].
    pub fn on_stage(&self, size: WindowSize) -> Stage {
        let same = Ui {
            window: self.window.clone_strong(),
            shown: self.shown.clone(),
            focus: self.focus.clone(),
        };
        ON_STAGE.set(Some(same));
        Stage {
            size,
            newest: Arc::default(),
        }
    }
}

impl Stage {
    /// Takes the window off again: nothing is drawn any more.
    pub fn clear() {
        ON_STAGE.set(None);
    }
}

fn in_window(work: impl FnOnce(&Ui) + Send + 'static) {
    let sent = slint::invoke_from_event_loop(move || {
        ON_STAGE.with_borrow(|ui| {
            if let Some(ui) = ui {
                work(ui);
            }
        });
    });
    if sent.is_err() {
        tracing::debug!("the window is gone");
    }
}

fn buffer(picture: &Picture) -> SharedPixelBuffer<Rgb8Pixel> {
    SharedPixelBuffer::clone_from_slice(&picture.pixels, picture.width, picture.height)
}

impl Screen for Stage {
    fn preview_size(&self, purpose: PreviewFor) -> (u32, u32) {
        self.size.preview(purpose)
    }

    fn show(&self, view: View) {
        in_window(move |ui| ui.show(&view));
    }

    fn preview(&self, picture: Picture) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // A closure that was not run yet will find this newer one.
        if newest.replace(picture).is_none() {
            let newest = self.newest.clone();
            in_window(move |ui| {
                let taken = newest.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(picture) = taken {
                    ui.set_preview(buffer(&picture));
                }
            });
        }
    }

    fn picture(&self, media: MediaHandle, picture: Picture) {
        in_window(move |ui| ui.set_picture(media, buffer(&picture)));
    }

    fn forget_pictures(&self) {
        in_window(|ui| {
            ui.forget_pictures();
            crate::secrecy::wipe_stack();
        });
    }

    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>) {
        in_window(move |_| answer());
    }

    fn close(&self) {
        in_window(|_| {
            if let Err(e) = slint::quit_event_loop() {
                tracing::error!("the window cannot be ended: {e}");
            }
        });
    }
}
