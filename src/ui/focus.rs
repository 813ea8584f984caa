//! Where a hardware keyboard is on the screen: which element has the ring, and which
//! one a key brings it to. See `ui/focus.slint`.
//!
//! Here: the roll call of all that can be reached now, what is done with its
//! answers, and what becomes of the focus when screens and dialogs come and go. Not
//! here: which of several places is next (`order`), what a key means
//! (`super::hardware_keys`).
//!
//! The window is asked anew for each key, because only it knows what there is and
//! where: a list kept beside it would be wrong one day.

mod order;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use slint::platform::WindowEvent;
use slint::{ComponentHandle as _, SharedString, Timer, Weak};

use super::generated::{self, DialogName, KioskWindow, LanguageName, ScreenName, Stop, Visit};
use order::Order;
pub(super) use order::Way;

/// What is to be done once all have answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    Go(Way),
    /// To the field that typing goes to.
    GoToTyping,
    /// The element acts as if it were touched.
    Strike,
    /// Something changed: is what had the focus still there?
    Check,
}

pub(super) struct Focus {
    window: Weak<KioskWindow>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    stops: Vec<Stop>,
    /// Top and bottom of what can be seen of the page or dialog.
    pane: Option<(f32, f32)>,
    acts: Vec<Act>,
    /// The element as it stood when it was last seen.
    last: Option<Stop>,
    /// Nothing was done yet about this question: its first answer has the focus.
    beginning: bool,
    /// What had the focus before a dialog came.
    held: Held,
    dialog: DialogName,
    language: LanguageName,
    checking: bool,
}

#[derive(Default)]
struct Held {
    current: SharedString,
    in_field: bool,
}

impl Focus {
    pub(super) fn new(window: &KioskWindow) -> Rc<Self> {
        let focus = Rc::new(Self {
            window: window.as_weak(),
            state: RefCell::default(),
        });
        let global = window.global::<generated::Focus>();
        let this = focus.clone();
        global.on_stop(move |stop| this.state.borrow_mut().stops.push(stop));
        let this = focus.clone();
        global.on_pane(move |y, height| this.state.borrow_mut().pane = Some((y, y + height)));
        let this = focus.clone();
        global.on_all_answered(move || this.all_answered());
        let this = focus.clone();
        global.on_question_changed(move |screen| this.question_changed(screen));
        let this = focus.clone();
        global.on_dialog_changed(move || this.dialog_changed());
        focus
    }

    /// Done in the order of the calls, once all that can be reached have answered.
    pub(super) fn act(&self, act: Act) {
        self.state.borrow_mut().acts.push(act);
        self.call_roll();
    }

    /// To be called when the view has changed.
    pub(super) fn check(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if !window.global::<generated::Focus>().get_shown()
            || std::mem::replace(&mut self.state.borrow_mut().checking, true)
        {
            return;
        }
        let this = self.clone();
        Timer::single_shot(Duration::ZERO, move || {
            this.state.borrow_mut().checking = false;
            if let Some(window) = this.window.upgrade() {
                // What a changed property brings to the screen or takes from it does
                // so with the next event: this one, which types nothing.
                let nothing = WindowEvent::KeyReleased {
                    text: SharedString::new(),
                };
                if let Err(error) = window.window().dispatch_event_with_result(nothing) {
                    tracing::debug!("the window takes no events: {error}");
                }
                this.act(Act::Check);
            }
        });
    }

    fn call_roll(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let mut state = self.state.borrow_mut();
        state.stops.clear();
        state.pane = None;
        let global = window.global::<generated::Focus>();
        global.set_roll(global.get_roll().wrapping_add(1));
    }

    fn all_answered(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let global = window.global::<generated::Focus>();
        let mut state = self.state.borrow_mut();
        let order = Order::of(std::mem::take(&mut state.stops));
        let mut current = global.get_current();
        let mut struck = None;
        for act in std::mem::take(&mut state.acts) {
            if act != Act::Check {
                state.beginning = false;
            }
            let at = order.find(&current);
            let to = match act {
                Act::Go(way) => order.next(at.or_else(|| order.typed()), way),
                Act::GoToTyping => order.typed().or(at),
                Act::Strike => {
                    struck = at.map(|at| order[at].identity.clone());
                    at
                }
                Act::Check if state.beginning => order.start(state.pane),
                Act::Check if current.is_empty() => None,
                Act::Check => at.or_else(|| {
                    let last = state.last.as_ref();
                    last.and_then(|last| order.nearest(last))
                }),
            };
            state.last = to.map(|at| order[at].clone());
            current = to.map(|at| order[at].identity.clone()).unwrap_or_default();
        }
        let in_field = state.last.as_ref().is_some_and(|stop| stop.field);
        // What is set now is answered to at once by others.
        drop(state);
        global.set_in_field(in_field);
        global.set_current(current);
        if let Some(struck) = struck {
            global.set_struck(struck);
            global.set_strike(global.get_strike().wrapping_add(1));
        }
    }

    /// A new question begins anew; the same in another language is no new one.
    fn question_changed(self: &Rc<Self>, another_screen: bool) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let visit = window.global::<Visit>();
        let global = window.global::<generated::Focus>();
        let language = visit.get_language();
        let mut state = self.state.borrow_mut();
        if std::mem::replace(&mut state.language, language) != language && !another_screen {
            return;
        }
        if another_screen && visit.get_screen() == ScreenName::Welcome {
            // The next person may have come to touch.
            global.set_shown(false);
        }
        state.held = Held::default();
        if global.get_dialog() == DialogName::None {
            state.beginning = true;
            state.last = None;
            drop(state);
            global.set_in_field(false);
            global.set_current(SharedString::new());
            self.check();
        }
    }

    /// A dialog takes the focus to itself and gives it back.
    fn dialog_changed(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let global = window.global::<generated::Focus>();
        let dialog = global.get_dialog();
        let mut state = self.state.borrow_mut();
        let before = std::mem::replace(&mut state.dialog, dialog);
        if before == DialogName::None {
            state.held = Held {
                current: global.get_current(),
                in_field: global.get_in_field(),
            };
        }
        let now = match dialog {
            DialogName::None => std::mem::take(&mut state.held),
            _ => Held::default(),
        };
        state.beginning = now.current.is_empty();
        state.last = None;
        drop(state);
        global.set_in_field(now.in_field);
        global.set_current(now.current);
        self.check();
    }
}
