//! A kiosk as a process of its own, the real office over TLS, and the real steward, with a small
//! program where rauc is: how software comes to a kiosk, and what the office hears of it.
//!
//! Each test waits for what it wants to see; what must not happen is looked for after something
//! that comes later has.

#[path = "../support/real_office.rs"]
mod real_office;

mod coming;
mod fetching;
mod line;
mod place;
mod told;

/// The kiosk of a [`place::Place`]: this same program, started by it.
#[test]
#[ignore = "started by the other tests"]
fn a_kiosk_by_itself() {
    place::kiosk::run();
}
