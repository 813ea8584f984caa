//! How the bytes come down: over a line that breaks, from a disk that lies.

use std::fs;

use crate::line::Line;
use crate::place::{Place, Start, eventually, genuine};

const ALWAYS: &str = "00:00-00:00";
const OFTEN: &str = "[update]\nask_seconds = 1\n";
const MB: usize = 1 << 20;

/// Bytes of the half that lies there.
fn half(place: &Place) -> Option<usize> {
    let entries = fs::read_dir(place.path("data/update")).ok()?;
    let mut halves = entries.filter_map(|entry| {
        let entry = entry.unwrap();
        let is_half = entry.path().extension().is_some_and(|e| e == "part");
        is_half.then(|| entry.metadata().map_or(0, |m| m.len() as usize))
    });
    halves.next()
}

#[test]
fn a_fetch_goes_on_where_it_was_after_a_cut_and_after_a_restart() {
    let mut place = Place::new(OFTEN);
    let line = Line::to(&place.office.address);
    place.office_at(&line.address(), OFTEN);
    place.machine.next_version("2.0");
    let length = 12 * MB;
    place.offer("2.0", &genuine(length), ALWAYS);

    // It breaks once, then it stands still.
    line.cut_after(4 * MB);
    line.stop_after(8 * MB);
    place.start_kiosk();
    eventually("two thirds are there", || {
        half(&place).filter(|there| *there > 7 * MB)
    });
    place.kill_kiosk();
    let there = half(&place).unwrap();
    assert!((7 * MB..length).contains(&there), "{there}");
    line.go_on();
    place.start_kiosk();
    place.machine.await_restart(1);
    let fetched = line.came_down();
    assert!((length..length + 3 * MB).contains(&fetched), "{fetched}");
    assert_eq!(half(&place), None);
}

#[test]
fn another_bundle_than_the_offered_one_is_thrown_away() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.offer("2.0", &genuine(700_000), ALWAYS);
    // As long, and not the same: what broke into the listener could do that.
    for kept in fs::read_dir(place.office.dir.join("updates")).unwrap() {
        let path = kept.unwrap().path();
        let mut bytes = genuine(700_000);
        bytes[650_000] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    place.start_kiosk();
    place.await_results(&[("refused", "UPD-01")]);
    assert_eq!(half(&place), None);
    assert!(!place.path("data/update/bundle.raucb").exists());

    place.offer("2.1", &genuine(800_000), ALWAYS);
    place.machine.next_version("2.1");
    place.machine.await_restart(1);
    assert_eq!(place.machine.installs(), 1);
    place.kill_kiosk();
    place.machine.restarted("2.1", Start::Good);
    place.start_kiosk();
    place.await_results(&[("installed", ""), ("refused", "UPD-01")]);
}

#[test]
fn without_room_nothing_is_fetched_and_the_office_hears_why() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.offer("2.0", &genuine(700_000), ALWAYS);
    // More than any disk has.
    let floor = "floor_bytes = 1000000\n";
    let full = fs::read_to_string(place.path("kiosk.toml")).unwrap();
    let full = full.replace(floor, "floor_bytes = 4611686018427387904\n");
    fs::write(place.path("kiosk.toml"), full).unwrap();
    place.start_kiosk();
    place.await_results(&[("refused", "DSK-01")]);
    assert_eq!(half(&place), Some(0));

    place.kill_kiosk();
    place.configure(OFTEN);
    place.start_kiosk();
    place.machine.await_restart(1);
}
