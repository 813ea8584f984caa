//! What a technician does once in, and how the visit ends.

use exchange::work_order::Action as Done;
use kiosk::maintenance::{
    Act, Answer, Ask, Deed, Device, Do, Layer, Light, Outcome, Page, Refusal, Row, RowName, Step,
    Value, Word,
};
use kiosk::session::command::{Action, Command, PreviewFor};
use kiosk::session::event::*;
use kiosk::session::view::{Dialog, Screen};
use kiosk::station::Mode;
use proptest::prelude::*;

use crate::world::{Kiosk, every_touch};

fn deeds(kiosk: &Kiosk) -> Vec<Deed> {
    let deed = |ask: &Ask| match ask {
        Ask::Do(deed) => Some(deed.clone()),
        _ => None,
    };
    kiosk.asked.iter().filter_map(deed).collect()
}

fn closed(kiosk: &Kiosk) -> Option<Vec<Done>> {
    kiosk.asked.iter().find_map(|ask| match ask {
        Ask::Close { done } => Some(done.iter().map(|(action, _)| *action).collect()),
        _ => None,
    })
}

#[test]
fn every_page_opens_and_leads_back() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    let doors = kiosk.maintenance().unwrap().doors;
    assert_eq!(doors.len(), 11);
    for page in doors {
        kiosk.open(page);
        assert_eq!(kiosk.page(), Some(page));
        kiosk.touch(Touch::Back);
        kiosk.settle();
        assert_eq!(kiosk.page(), Some(Page::Overview));
    }
    // A row of the table is a door too.
    assert_eq!(kiosk.maintenance().unwrap().opens, [Some(Page::Devices)]);
    kiosk.act(Do::Row(0));
    assert_eq!(kiosk.page(), Some(Page::Devices));
}

#[test]
fn a_wipe_takes_two_steps_on_one_page() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Wipe);
    kiosk.act(Do::Act(Act::Wipe));
    assert!(deeds(&kiosk).is_empty(), "not offered yet");
    kiosk.act(Do::Act(Act::AskWipe));
    kiosk.settle();
    assert!(kiosk.maintenance().unwrap().acts.contains(&Act::Wipe));
    // Going away forgets the first step.
    kiosk.touch(Touch::Back);
    kiosk.settle();
    kiosk.open(Page::Wipe);
    kiosk.act(Do::Act(Act::Wipe));
    assert_eq!(deeds(&kiosk), [Deed::AskWipe]);
    kiosk.act(Do::Act(Act::AskWipe));
    kiosk.settle();
    kiosk.act(Do::Act(Act::Wipe));
    assert_eq!(deeds(&kiosk).last(), Some(&Deed::Wipe));
}

#[test]
fn a_refusal_stands_on_the_page_and_takes_nothing_away() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Queue);
    let rows = kiosk.maintenance().unwrap().rows;
    kiosk.act(Do::Act(Act::ExportQueue));
    kiosk.reply(Answer::Refused(Refusal::NoDrive));
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.outcome, Some(Outcome::Refused(Refusal::NoDrive)));
    assert_eq!(view.rows, rows);
}

#[test]
fn a_local_value_is_edited_and_saved() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.act(Do::Open(Page::Configuration));
    let setting = |key: &str, editable| {
        let value = Value::Setting {
            key: key.into(),
            value: "90".into(),
            layer: Layer::BuiltIn,
            editable,
        };
        Row::new(RowName::Setting, Light::None, value)
    };
    kiosk.reply(Answer::Rows(vec![
        setting("data_dir", false),
        setting("session.idle_seconds", true),
    ]));
    kiosk.act(Do::Row(0));
    assert_eq!(
        kiosk.page(),
        Some(Page::Configuration),
        "not to be set here"
    );
    kiosk.act(Do::Row(1));
    assert_eq!(kiosk.page(), Some(Page::Setting));
    assert_eq!(kiosk.maintenance().unwrap().fields[0].text, "90");
    kiosk.touch(Touch::Key(Key::Backspace));
    kiosk.touch(Touch::Key(Key::Backspace));
    kiosk.type_in("45");
    kiosk.touch(Touch::Next);
    let saved = Deed::SaveSetting {
        key: "session.idle_seconds".into(),
        value: Some("45".into()),
    };
    assert_eq!(deeds(&kiosk), [saved]);
    // A value that the configuration does not take stays in the field.
    kiosk.reply(Answer::Refused(Refusal::BadValue));
    assert_eq!(kiosk.maintenance().unwrap().fields[0].text, "45");
}

#[test]
fn all_devices_are_tested_one_after_the_other() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.act(Do::Act(Act::TestAll));
    assert_eq!(kiosk.page(), Some(Page::Devices));
    let previewing = Command::Do(Action::StartPreview(PreviewFor::Document));
    let shown = |c: &Command| format!("{c:?}") == format!("{previewing:?}");
    assert!(kiosk.commands.iter().any(shown));
    // The camera works; its picture is judged.
    kiosk.settle();
    assert!(kiosk.maintenance().unwrap().test.unwrap().asks);
    kiosk.act(Do::Judge(true));
    // Reader, writer and drive need nobody's judgement.
    kiosk.settle();
    let touch = kiosk.maintenance().unwrap().test.unwrap();
    assert_eq!(touch.device, Device::Touch);
    for cell in 0..touch.touched.len() {
        kiosk.act(Do::Cell(cell));
    }
    for colour in 0..5 {
        let test = kiosk.maintenance().unwrap().test.unwrap();
        assert_eq!((test.device, test.colour), (Device::Display, Some(colour)));
        kiosk.act(Do::Judge(true));
    }
    kiosk.settle();
    assert_eq!(
        kiosk.maintenance().unwrap().test.unwrap().device,
        Device::Panel
    );
    kiosk.act(Do::Judge(false));
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.test, None);
    assert_eq!(view.outcome, Some(Outcome::Done(Act::TestAll)));
    for (device, light) in view.tests {
        let wanted = match device {
            Device::Panel => Light::Bad,
            _ => Light::Good,
        };
        assert_eq!(light, wanted, "{device:?}");
    }
    let stopped = |c: &Command| matches!(c, Command::Do(Action::StopPreview));
    assert_eq!(kiosk.commands.iter().filter(|c| stopped(c)).count(), 1);
}

#[test]
fn a_test_is_left_out_and_one_that_nobody_ends_ends_itself() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Devices);
    kiosk.act(Do::Test(Device::Drive));
    kiosk.act(Do::SkipTest);
    assert!(kiosk.open.is_empty(), "nobody waits for the drive");
    assert_eq!(kiosk.maintenance().unwrap().test, None);
    kiosk.act(Do::Test(Device::Touch));
    kiosk.act(Do::Cell(3));
    kiosk.wait(61);
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.test, None);
    assert!(view.tests.contains(&(Device::Touch, Light::Bad)));
}

#[test]
fn a_device_that_is_not_there_by_configuration_is_not_judged() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Devices);
    kiosk.act(Do::Test(Device::Panel));
    let absent = Row::word(RowName::Panel, Light::None, Word::NotNeeded);
    kiosk.reply(Answer::Rows(vec![absent]));
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.test, None);
    assert!(view.tests.contains(&(Device::Panel, Light::None)));
}

#[test]
fn rows_and_percents_come_while_it_is_worked_on() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.act(Do::Open(Page::Network));
    let (session, request, _) = kiosk.open[0].clone();
    let row = |word| Row::word(RowName::Tls, Light::Running, word);
    for step in [
        Step::Row(row(Word::NotTested)),
        Step::Row(row(Word::Works)),
        Step::Percent(140),
    ] {
        kiosk.tell(Event::Progress {
            session,
            request,
            progress: Progress::Maintenance(step),
        });
    }
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.rows, [row(Word::Works)]);
    assert_eq!(view.percent, Some(100));
}

#[test]
fn leaving_writes_the_work_order_of_what_was_done() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Devices);
    kiosk.act(Do::Act(Act::RestartCardService));
    kiosk.settle();
    kiosk.touch(Touch::Back);
    kiosk.settle();
    kiosk.touch(Touch::Back);
    assert_eq!(kiosk.page(), Some(Page::WorkOrder));
    kiosk.act(Do::Toggle(Done::Cleaned));
    kiosk.act(Do::Toggle(Done::Replaced));
    kiosk.act(Do::Toggle(Done::Replaced));
    kiosk.touch(Touch::Next);
    assert_eq!(closed(&kiosk), Some(vec![Done::Restarted, Done::Cleaned]));
    assert_eq!(
        kiosk.station.mode(),
        Mode::Maintenance,
        "until it is written"
    );
    kiosk.settle();
    assert!(matches!(kiosk.view().screen, Screen::Welcome { .. }));
}

#[test]
fn whoever_goes_away_leaves_a_work_order_too() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.wait(301);
    let warned = matches!(kiosk.view().dialog, Some(Dialog::IdleWarning { .. }));
    assert!(warned, "{:?}", kiosk.view().dialog);
    kiosk.touch(Touch::Help);
    assert_eq!(kiosk.view().dialog, None, "any touch is a sign");
    kiosk.wait(331);
    assert_eq!(closed(&kiosk), Some(vec![]));
    kiosk.settle();
    assert_eq!(kiosk.station.mode(), Mode::Idle);
}

#[test]
fn an_office_that_never_answers_keeps_nobody_in() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.open(Page::Time);
    kiosk.act(Do::Act(Act::LookAgain));
    kiosk.wait(91);
    let view = kiosk.maintenance().unwrap();
    assert_eq!(view.outcome, Some(Outcome::Refused(Refusal::Failed)));
    assert!(!view.working);
    kiosk.touch(Touch::Cancel);
    kiosk.touch(Touch::Next);
    kiosk.wait(31);
    assert_eq!(
        kiosk.station.mode(),
        Mode::Idle,
        "the order was not answered"
    );
}

#[test]
fn a_late_answer_of_one_visit_is_nothing_to_the_next() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    kiosk.act(Do::Open(Page::Logs));
    let (session, request, _) = kiosk.open[0].clone();
    kiosk.touch(Touch::Cancel);
    kiosk.touch(Touch::Next);
    kiosk.settle();
    kiosk.insert_card();
    let page = kiosk.page();
    let late = Answer::Rows(vec![Row::text(RowName::LogLine, "of somebody else")]);
    kiosk.tell(Event::Reply {
        session,
        request,
        reply: Reply::Maintenance(late),
    });
    assert_eq!(kiosk.page(), page);
    assert!(kiosk.maintenance().unwrap().rows.is_empty());
}

#[test]
fn debug_tells_nothing_that_was_typed() {
    let mut kiosk = Kiosk::new();
    kiosk.insert_card();
    kiosk.type_in("730519");
    kiosk.touch(Touch::Next);
    let told = format!("{:?} {:?} {:?}", kiosk.station, kiosk.commands, kiosk.asked);
    assert!(!told.contains("730519"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a technician touches, the kiosk stays usable, and comes back to its citizens.
    #[test]
    fn any_touches_end_at_the_welcome_screen(touches in proptest::collection::vec(0..200usize, 1..120)) {
        let mut kiosk = Kiosk::new();
        kiosk.enter();
        let all = every_touch();
        for touch in touches {
            kiosk.touch(all[touch % all.len()].clone());
            let view = kiosk.maintenance();
            if let Some(view) = view {
                prop_assert_eq!(view.rows.len(), view.opens.len());
                prop_assert!(view.page != Page::Refused);
            }
            kiosk.settle();
        }
        // Never in a session that a citizen did not begin: `Start` counts only when out.
        kiosk.wait(1000);
        kiosk.settle();
        kiosk.wait(200);
        prop_assert!(kiosk.maintenance().is_none());
        prop_assert!(kiosk.open.is_empty());
    }
}
