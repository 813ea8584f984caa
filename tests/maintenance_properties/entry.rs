//! Who gets in, and who does not.

use faults::Fault;
use kiosk::maintenance::{Act, Answer, Ask, CardSeen, Deed, Do, Page, Refusal};
use kiosk::session::command::{Action, Command};
use kiosk::session::event::*;
use kiosk::session::view::{FieldError, KeyboardKind, Screen};
use kiosk::station::Mode;
use proptest::prelude::*;

use crate::world::{Kiosk, PIN, every_touch, technician};

#[test]
fn card_and_pin_lead_to_the_overview() {
    let mut kiosk = Kiosk::new();
    kiosk.device(DeviceEvent::OfficeCardInserted);
    assert_eq!(kiosk.station.mode(), Mode::Idle, "the card is looked at");
    kiosk.settle();
    assert_eq!(kiosk.page(), Some(Page::Pin));
    assert_eq!(kiosk.station.mode(), Mode::Maintenance);
    kiosk.type_in(PIN);
    let shown = kiosk.maintenance().unwrap().fields[0].text.clone();
    assert_eq!(shown, "••••••");
    kiosk.touch(Touch::Key(Key::Enter));
    kiosk.settle();
    assert_eq!(kiosk.page(), Some(Page::Overview));
    assert!(matches!(
        kiosk.asked.last(),
        Some(Ask::Examine {
            page: Page::Overview,
            ..
        })
    ));
}

#[test]
fn a_wrong_pin_says_what_is_left_and_a_blocked_one_ends_it() {
    let mut kiosk = Kiosk::new();
    kiosk.insert_card();
    for left in [2, 1] {
        kiosk.type_in("000000");
        kiosk.touch(Touch::Next);
        kiosk.settle();
        let field = kiosk.maintenance().unwrap().fields[0].clone();
        let tries_left = Some(left);
        assert_eq!(field.error, Some(FieldError::TokenPinWrong { tries_left }));
        assert_eq!(field.text, "");
    }
    kiosk.type_in("000000");
    kiosk.touch(Touch::Next);
    kiosk.settle();
    assert_eq!(kiosk.page(), Some(Page::Refused));
    // The right one does not help any more, and there is no field for it.
    kiosk.type_in(PIN);
    kiosk.touch(Touch::Next);
    kiosk.settle();
    assert!(!kiosk.is_entered());
}

#[test]
fn an_empty_pin_is_no_try() {
    let mut kiosk = Kiosk::new();
    kiosk.insert_card();
    kiosk.touch(Touch::Next);
    assert_eq!(kiosk.asked.len(), 1);
}

#[test]
fn a_citizens_token_changes_nothing_on_the_screen() {
    let mut kiosk = Kiosk::new();
    kiosk.card = CardSeen::Strange;
    let before = kiosk.view();
    kiosk.device(DeviceEvent::OfficeCardInserted);
    assert_eq!(kiosk.view(), before);
    kiosk.settle();
    assert_eq!(kiosk.view(), before);
    assert!(kiosk.station.technician().is_none());
    // And is looked at anew the next time.
    kiosk.card = technician();
    kiosk.insert_card();
    assert_eq!(kiosk.page(), Some(Page::Pin));
}

#[test]
fn a_card_that_is_not_let_in_is_told_why() {
    for refusal in [
        Refusal::CardExpired,
        Refusal::CardRevoked,
        Refusal::CardNotYet,
        Refusal::ListTooOld,
    ] {
        let mut kiosk = Kiosk::new();
        kiosk.card = CardSeen::Refused(refusal);
        kiosk.insert_card();
        assert_eq!(kiosk.page(), Some(Page::Refused));
        kiosk.type_in(PIN);
        kiosk.touch(Touch::Next);
        assert_eq!(kiosk.asked.len(), 1, "nothing is tried with it");
        kiosk.device(DeviceEvent::OfficeCardRemoved);
        assert!(matches!(kiosk.view().screen, Screen::Welcome { .. }));
    }
}

#[test]
fn a_citizen_who_begins_is_not_kept_waiting_by_a_card() {
    let mut kiosk = Kiosk::new();
    kiosk.tell(Event::Link { up: true });
    kiosk.device(DeviceEvent::OfficeCardInserted);
    let (session, request, _) = kiosk.open[0].clone();
    kiosk.touch(Touch::Start);
    assert_eq!(kiosk.station.mode(), Mode::Citizen);
    assert!(kiosk.open.is_empty(), "the card's look was given up");
    // Its answer comes all the same.
    kiosk.tell(Event::Reply {
        session,
        request,
        reply: Reply::Maintenance(Answer::Card(technician())),
    });
    assert_eq!(kiosk.station.mode(), Mode::Citizen);
}

#[test]
fn nobody_maintains_a_kiosk_while_a_citizen_is_served() {
    let mut kiosk = Kiosk::new();
    kiosk.touch(Touch::Start);
    assert_eq!(kiosk.station.mode(), Mode::Citizen);
    kiosk.device(DeviceEvent::OfficeCardInserted);
    kiosk.act(Do::SetUp);
    kiosk.act(Do::Open(Page::Overview));
    assert!(kiosk.asked.is_empty());
    assert_eq!(kiosk.station.mode(), Mode::Citizen);
}

#[test]
fn no_citizen_begins_while_a_technician_is_there() {
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    for touch in [Touch::Start, Touch::StartCollect, Touch::StartRevoke] {
        kiosk.touch(touch);
        assert!(kiosk.station.session().is_none());
    }
}

#[test]
fn a_pulled_card_ends_what_its_pin_was_not_entered_for() {
    let mut kiosk = Kiosk::new();
    kiosk.insert_card();
    kiosk.type_in("7305");
    kiosk.device(DeviceEvent::OfficeCardRemoved);
    assert!(kiosk.station.technician().is_none());
    let mut kiosk = Kiosk::new();
    kiosk.enter();
    // The place is needed for a test token.
    kiosk.device(DeviceEvent::OfficeCardRemoved);
    assert_eq!(kiosk.page(), Some(Page::Overview));
}

#[test]
fn a_pin_that_nobody_enters_is_not_waited_for() {
    let mut kiosk = Kiosk::new();
    kiosk.insert_card();
    kiosk.wait(61);
    assert!(matches!(kiosk.view().screen, Screen::Welcome { .. }));
    let ended = |c: &Command| matches!(c, Command::Do(Action::EndSession { .. }));
    assert_eq!(kiosk.commands.iter().filter(|c| ended(c)).count(), 1);
}

#[test]
fn words_to_compare_are_not_covered_by_a_keyboard() {
    let mut kiosk = Kiosk::unprovisioned();
    kiosk.act(Do::SetUp);
    kiosk.settle();
    kiosk.open(Page::Provisioning);
    assert_ne!(kiosk.view().keyboard.kind, KeyboardKind::None);
    kiosk.act(Do::Act(Act::ProvisionFromDrive));
    assert_eq!(kiosk.view().keyboard.kind, KeyboardKind::None);
    // Nor is what came of it, until somebody wants to type.
    kiosk.reply(Answer::Refused(Refusal::TokenRefused));
    assert_eq!(kiosk.view().keyboard.kind, KeyboardKind::None);
    kiosk.touch(Touch::Focus(Field::ProvisioningToken));
    assert_ne!(kiosk.view().keyboard.kind, KeyboardKind::None);
    assert_eq!(kiosk.maintenance().unwrap().outcome, None);
}

#[test]
fn only_a_kiosk_of_no_office_can_be_set_up_without_a_card() {
    let mut kiosk = Kiosk::new();
    kiosk.act(Do::SetUp);
    assert!(kiosk.station.technician().is_none());
    let mut kiosk = Kiosk::unprovisioned();
    kiosk.act(Do::SetUp);
    kiosk.settle();
    assert_eq!(kiosk.page(), Some(Page::Overview));
    kiosk.device(DeviceEvent::Cleared(Fault::NotProvisioned));
    kiosk.act(Do::Open(Page::Wipe));
    assert_eq!(kiosk.page(), Some(Page::Overview));
}

/// What of a card comes back from a world in which no PIN is ever right.
fn answer_to_stranger(ask: &Ask, card: CardSeen) -> Answer {
    match ask {
        Ask::ReadCard => Answer::Card(card),
        Ask::Prove { .. } => Answer::PinWrong { tries_left: None },
        _ => Answer::Rows(Vec::new()),
    }
}

#[derive(Debug, Clone)]
enum Happening {
    Touch(usize),
    Insert(usize),
    Remove,
    Answer,
    /// An answer that nobody asked for.
    Stray(u64, u64),
    Wait(u64),
    Fault(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0..200usize).prop_map(Happening::Touch),
        2 => (0..4usize).prop_map(Happening::Insert),
        1 => Just(Happening::Remove),
        4 => Just(Happening::Answer),
        2 => (0..6u64, 0..6u64).prop_map(|(s, r)| Happening::Stray(s, r)),
        1 => (1..90u64).prop_map(Happening::Wait),
        1 => any::<bool>().prop_map(Happening::Fault),
    ]
}

fn cards() -> [CardSeen; 4] {
    [
        technician(),
        CardSeen::Strange,
        CardSeen::Refused(Refusal::CardRevoked),
        CardSeen::Refused(Refusal::CardExpired),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever is touched and put in, whatever strays in: without the right PIN nobody is in.
    #[test]
    fn nobody_gets_in_without_the_pin(happenings in proptest::collection::vec(happening(), 1..80)) {
        let mut kiosk = Kiosk::new();
        let touches = every_touch();
        let mut card = CardSeen::Strange;
        for happening in happenings {
            match happening {
                Happening::Touch(n) => kiosk.touch(touches[n % touches.len()].clone()),
                Happening::Insert(n) => {
                    card = cards()[n].clone();
                    kiosk.device(DeviceEvent::OfficeCardInserted);
                }
                Happening::Remove => kiosk.device(DeviceEvent::OfficeCardRemoved),
                Happening::Answer => {
                    if let Some((_, _, ask)) = kiosk.open.first().cloned() {
                        kiosk.reply(answer_to_stranger(&ask, card.clone()));
                    }
                }
                Happening::Stray(session, request) => {
                    let (session, request) = (SessionId(session), RequestId(request));
                    let awaited = kiosk.open.iter().any(|(s, r, _)| (*s, *r) == (session, request));
                    if !awaited {
                        kiosk.tell(Event::Reply {
                            session,
                            request,
                            reply: Reply::Maintenance(Answer::Proven),
                        });
                    }
                }
                Happening::Wait(seconds) => kiosk.wait(seconds),
                Happening::Fault(raised) => kiosk.device(if raised {
                    DeviceEvent::Raised(Fault::CameraMissing)
                } else {
                    DeviceEvent::Cleared(Fault::CameraMissing)
                }),
            }
            prop_assert!(!kiosk.is_entered());
            prop_assert!(matches!(kiosk.page(), None | Some(Page::Pin | Page::Refused)));
            let harmless = |ask: &Ask| matches!(ask, Ask::ReadCard | Ask::Prove { .. });
            prop_assert!(kiosk.asked.iter().all(harmless), "{:?}", kiosk.asked);
        }
    }

    /// Whoever unpacks a kiosk reaches what it takes to set it up, and nothing else.
    #[test]
    fn an_installer_stays_on_an_installers_pages(touches in proptest::collection::vec(0..200usize, 1..80)) {
        let mut kiosk = Kiosk::unprovisioned();
        kiosk.act(Do::SetUp);
        kiosk.settle();
        let all = every_touch();
        for touch in touches {
            kiosk.touch(all[touch % all.len()].clone());
            kiosk.settle();
            if let Some(page) = kiosk.page() {
                let may = matches!(
                    page,
                    Page::Overview | Page::Devices | Page::Network | Page::NetworkSettings
                        | Page::Provisioning | Page::Time | Page::WorkOrder
                );
                prop_assert!(may, "{page:?}");
            }
        }
        let forbidden = |ask: &Ask| matches!(
            ask,
            Ask::Do(
                Deed::Wipe | Deed::AskWipe | Deed::ExportQueue | Deed::ExportLogs
                    | Deed::SaveSetting { .. } | Deed::InstallFromDrive
            ) | Ask::Close { .. } | Ask::Examine { page: Page::Logs | Page::Queue | Page::Configuration, .. }
        );
        prop_assert!(!kiosk.asked.iter().any(forbidden), "{:?}", kiosk.asked);
    }
}
