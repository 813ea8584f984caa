//! A card that erases its keys when it makes one: the key comes at collection.

use exchange::StorageType;
use kiosk::session::command::{Command, Request};
use kiosk::session::event::*;
use kiosk::session::view::{Outcome, PrimaryLabel, Screen, TokenPinPhase};

use crate::world::*;

fn reply(world: &mut World, reply: Reply) {
    let (session, request, _) = world.waiting.pop_front().expect("asked");
    world.send(Event::Reply {
        session,
        request,
        reply,
    });
}

fn asked(world: &World, wanted: impl Fn(&Request) -> bool) -> usize {
    let all = world.commands.iter();
    all.filter(|command| matches!(command, Command::Ask { what, .. } if wanted(what)))
        .count()
}

#[test]
fn no_key_is_made_before_the_office_has_decided() {
    let mut world = World::new(true);
    let mut acts = 0..ACTS;
    while world.screen() != "email" {
        assert!(world.act(acts.next().expect("the journey asks for it")));
    }
    world.answers = false;
    world.type_into(Field::Email, EMAIL);
    world.next();
    assert_eq!(world.screen(), "storage");
    reply(
        &mut world,
        Reply::Storages(vec![StorageFound {
            storage: StorageType::AKKZIDCardStore,
            unusable: None,
            drive: None,
            label: "ID card".into(),
            free_bytes: None,
            generation_erases: true,
        }]),
    );
    world.choose(Choice::Storage(StorageType::AKKZIDCardStore));
    world.answers = true;
    world.next();
    let Screen::Review(review) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert!(!review.can_wait, "there is nothing to wait for");
    world.next();
    let Screen::Receipt(receipt) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(receipt.outcome, Outcome::ComeBack(ComeBackReason::KeyLater));
    assert_eq!(
        asked(&world, |r| matches!(r, Request::SubmitKeyless { .. })),
        1
    );
    assert_eq!(asked(&world, |r| matches!(r, Request::Submit { .. })), 0);
}

#[test]
fn the_keys_on_the_card_go_only_after_a_yes() {
    let mut world = World::new(true);
    world.touch(Touch::StartCollect);
    let code = exchange::ReceiptCode::from_random(&[7; 12]);
    world.type_into(Field::ReceiptCode, code.expose());
    world.answers = false;
    world.next();
    let kind = StorageType::AKKZIDCardStore;
    reply(
        &mut world,
        Reply::CollectOpened(CollectState::KeyWanted {
            submission: submission(),
            storage: kind,
        }),
    );
    assert_eq!(world.screen(), "collect_storage");
    let seen = TokenSeen {
        kind,
        generation_erases: true,
        ..Token {
            has_room: false,
            ..Token::default()
        }
        .seen()
    };
    reply(&mut world, Reply::TokenSeen(seen.clone()));
    world.next();
    assert_eq!(world.screen(), "token_pin");
    reply(&mut world, Reply::TokenSeen(seen));
    world.type_into(Field::TokenPin, TOKEN_PIN);
    world.next();
    reply(&mut world, Reply::PinRight);
    let Screen::TokenPin(shown) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(shown.phase, TokenPinPhase::Erases);
    assert_eq!(shown.taken.len(), 2);
    let primary = world.view().primary.unwrap();
    assert_eq!(
        (primary.label, primary.enabled),
        (PrimaryLabel::EraseKey, true)
    );
    world.touch(Touch::Key(Key::Enter));
    assert_eq!(
        asked(&world, |r| matches!(r, Request::MakeCollected { .. })),
        0
    );
    world.next();
    assert_eq!(world.screen(), "collecting");
    assert_eq!(
        asked(&world, |r| matches!(r, Request::MakeCollected { .. })),
        1
    );
}
