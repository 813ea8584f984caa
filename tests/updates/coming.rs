//! An update comes, while nobody is there, and the office hears what came of it.

use crate::place::{Place, Start, eventually, genuine};

const ALWAYS: &str = "00:00-00:00";
const OFTEN: &str = "[update]\nask_seconds = 1\n";

/// Number of the newest report.
fn reports(place: &Place) -> u64 {
    let told = place.told("readiness");
    told.first().map_or(0, |r| r["number"].as_u64().unwrap())
}

#[test]
fn an_update_is_installed_proven_and_told_once() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.start_kiosk();
    place.await_standing("queue=safe");
    place.offer("2.0", &genuine(700_000), ALWAYS);
    place.machine.await_restart(1);
    assert!(
        place.results().is_empty(),
        "nothing is known before the restart"
    );

    // The power goes between install and report.
    place.kill_kiosk();
    place.machine.restarted("2.0", Start::Tried);
    place.start_kiosk();
    place.await_standing("office=reached");
    place.machine.restarted("2.0", Start::Good);
    place.await_results(&[("installed", "")]);
    let before = reports(&place);
    place.kill_kiosk();
    place.start_kiosk();
    eventually("a report of the third start", || {
        (reports(&place) > before).then_some(())
    });
    assert_eq!(place.results().len(), 1);
    assert_eq!(place.machine.installs(), 1);
    assert_eq!(place.alarms(), "");
    assert!(!place.path("data/update/bundle.raucb").exists());
}

#[test]
fn one_that_does_not_come_up_is_told_as_rolled_back_and_not_tried_again() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.offer("2.0", &genuine(50_000), ALWAYS);
    place.start_kiosk();
    place.machine.await_restart(1);
    place.kill_kiosk();
    place.machine.restarted("2.0", Start::GivenUp);
    place.start_kiosk();
    place.await_results(&[("rolled_back", "UPD-01")]);
    place.kill_kiosk();
    place.start_kiosk();
    eventually("the report says so", || {
        let told = place.told("readiness");
        let report = told.first()?;
        let aspects = report["readiness"]["aspects"].as_array().unwrap().clone();
        let update = aspects.into_iter().find(|a| a["aspect"] == "update")?;
        (update["faults"][0] == "UPD-01").then_some(())
    });

    // A later one helps.
    place.machine.next_version("2.1");
    place.offer("2.1", &genuine(60_000), ALWAYS);
    place.machine.await_restart(2);
    place.kill_kiosk();
    place.machine.restarted("2.1", Start::Good);
    place.start_kiosk();
    place.await_results(&[("installed", ""), ("rolled_back", "UPD-01")]);
    assert_eq!(place.machine.installs(), 2);
}

#[test]
fn what_somebody_installed_from_a_drive_is_told_once() {
    let mut place = Place::new(OFTEN);
    place.start_kiosk();
    eventually("the slots are known", || {
        let record = std::fs::read_to_string(place.path("data/update/record.json")).ok()?;
        record.contains("\"activations\":{").then_some(())
    });
    place.kill_kiosk();
    // By the fall-back screen, say: this kiosk's program knew nothing of it.
    place.machine.restarted("2.0", Start::Tried);
    place.start_kiosk();
    place.await_standing("office=reached");
    assert!(place.results().is_empty(), "it is not proven");
    place.machine.restarted("2.0", Start::Good);
    place.await_results(&[("installed", "")]);
    let told = &place.told("update_result")[0];
    assert_eq!([&told["source"], &told["version"]], ["drive", "2.0"]);

    place.kill_kiosk();
    place.machine.restarted("2.1", Start::GivenUp);
    place.start_kiosk();
    let both = [("rolled_back", "UPD-01"), ("installed", "")];
    place.await_results(&both);
    let before = reports(&place);
    place.kill_kiosk();
    place.start_kiosk();
    eventually("a report of the fourth start", || {
        (reports(&place) > before).then_some(())
    });
    place.await_results(&both);
    assert!(place.alarms().contains("kiosk-7"), "rolled back");
}

#[test]
fn a_citizen_who_is_there_is_served_to_the_end_and_nobody_begins_while_it_is_installed() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.start_kiosk();
    place.await_standing("office=reached");
    place.kiosk.as_mut().unwrap().touch("begin");
    place.await_standing("citizen=present");
    place.offer("2.0", &genuine(50_000), ALWAYS);
    eventually("it is fetched", || {
        place
            .path("data/update/bundle.raucb")
            .exists()
            .then_some(())
    });
    // A newer order comes the same way: the kiosk has looked again meanwhile.
    place.offer("2.0", &genuine(60_000), ALWAYS);
    eventually("the newer one is fetched", || {
        let there = std::fs::metadata(place.path("data/update/bundle.raucb")).ok()?;
        (there.len() == 60_000).then_some(())
    });
    assert_eq!(place.machine.installs(), 0);

    place.machine.hold_installs(true);
    place.kiosk.as_mut().unwrap().touch("leave");
    place.await_standing("citizen=absent");
    place.machine.await_install(1);
    place.kiosk.as_mut().unwrap().touch("begin");
    // The kiosk that is killed in the middle of it keeps free for the restart, too.
    place.kill_kiosk();
    place.start_kiosk();
    place.await_standing("office=reached");
    place.kiosk.as_mut().unwrap().touch("begin");
    place.machine.hold_installs(false);
    place.machine.await_restart(1);
    assert!(
        place.standing().contains("citizen=absent"),
        "{}",
        place.standing()
    );
}

#[test]
fn outside_of_its_window_an_update_waits() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    // For one hour, six hours from now.
    let hour = (exchange::UnixMillis::from_system_clock().0 / 3_600_000 + 5 + 6) % 24;
    let later = format!("{hour:02}:00-{:02}:00", (hour + 1) % 24);
    let waits = |place: &Place, times: usize| {
        eventually("it waits", || {
            let log = std::fs::read_to_string(place.path("kiosk.log")).unwrap();
            (log.matches("OutsideWindow").count() == times).then_some(())
        });
        assert_eq!(place.machine.installs(), 0);
    };
    place.offer("2.0", &genuine(50_000), &later);
    place.start_kiosk();
    waits(&place, 1);

    // The office lets it begin, the kiosk's own configuration does not.
    place.kill_kiosk();
    place.configure(&format!("{OFTEN}window = '{later}'\n"));
    place.offer("2.0", &genuine(60_000), ALWAYS);
    place.start_kiosk();
    waits(&place, 2);

    place.kill_kiosk();
    place.configure(OFTEN);
    place.start_kiosk();
    place.machine.await_restart(1);
}

#[test]
fn what_rauc_refuses_is_told_once_and_given_up_after_three_tries() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.offer("2.0", b"forged", ALWAYS);
    place.start_kiosk();
    place.machine.await_install(3);
    place.await_results(&[("refused", "UPD-01")]);
    // Another offer is another thing.
    place.offer("2.0", &genuine(50_000), ALWAYS);
    place.machine.await_restart(1);
    assert_eq!(place.machine.installs(), 4);
    place.kill_kiosk();
    place.machine.restarted("2.0", Start::Good);
    place.start_kiosk();
    place.await_results(&[("installed", ""), ("refused", "UPD-01")]);
}

#[test]
fn a_steward_that_dies_in_the_middle_is_no_end_of_it() {
    let mut place = Place::new(OFTEN);
    place.machine.next_version("2.0");
    place.machine.hold_installs(true);
    place.offer("2.0", &genuine(50_000), ALWAYS);
    place.start_kiosk();
    place.machine.await_install(1);
    place.machine.kill_steward();
    // Nobody knows what was done, and citizens are served meanwhile.
    eventually("somebody can begin", || {
        place.kiosk.as_mut().unwrap().touch("begin");
        place.standing().contains("citizen=present").then_some(())
    });
    place.machine.start_steward();
    place.kiosk.as_mut().unwrap().touch("leave");
    place.machine.await_install(2);
    place.machine.hold_installs(false);
    place.machine.await_restart(1);
    place.kill_kiosk();
    place.machine.restarted("2.0", Start::Good);
    place.start_kiosk();
    place.await_results(&[("installed", "")]);
}
