//! A key in a token instead of a file, by example.

use std::time::Duration;

use exchange::{Language, Secret, StorageType};
use faults::Fault;
use kiosk::session::command::{Command, KeyLocation, Request};
use kiosk::session::event::*;
use kiosk::session::view::*;

use crate::steps::{erase, failed, label, reply};
use crate::world::*;

/// A world whose citizen chose the token and has done so many acts.
fn with_token(acts: usize) -> World {
    let mut world = World::new(true);
    world.storage = StorageType::Piv;
    for n in 0..acts {
        world.act(n);
    }
    world
}

/// At the PIN of a token that is as `change` makes it.
fn at_pin(change: impl FnOnce(&mut Token)) -> World {
    let mut world = World::new(true);
    world.storage = StorageType::Piv;
    change(&mut world.token);
    for n in 0..30 {
        world.act(n);
    }
    world
}

fn pin(world: &World) -> TokenPinView {
    match world.view().screen {
        Screen::TokenPin(view) => view,
        other => panic!("{other:?}"),
    }
}

fn errors(world: &World) -> Vec<FieldError> {
    let fields = pin(world).fields;
    fields.into_iter().filter_map(|f| f.error).collect()
}

fn empty(world: &World) -> bool {
    pin(world).fields.iter().all(|f| f.text.is_empty())
}

fn enter(world: &mut World, text: &str) {
    world.type_into(Field::TokenPin, text);
    world.next();
}

fn choose_new(world: &mut World, text: &str) {
    world.type_into(Field::NewTokenPin, text);
    world.type_into(Field::NewTokenPinAgain, text);
    world.next();
}

fn pull(world: &mut World) {
    world.token.inserted = false;
    world.send(Event::Device(DeviceEvent::TokenRemoved));
}

fn put_in(world: &mut World) {
    world.token.inserted = true;
    let kind = StorageType::Piv;
    world.send(Event::Device(DeviceEvent::TokenInserted { kind }));
}

fn submitted(world: &World) -> Vec<(KeyLocation, String)> {
    let submit = |c: &Command| match c {
        Command::Ask {
            what: Request::Submit {
                location, password, ..
            },
            ..
        } => Some((location.clone(), password.expose().to_owned())),
        _ => None,
    };
    world.commands.iter().filter_map(submit).collect()
}

fn collecting(world: &mut World) {
    world.storage = StorageType::Piv;
    world.touch(Touch::StartCollect);
    let code = exchange::ReceiptCode::from_random(&[7; 12]);
    world.type_into(Field::ReceiptCode, code.expose());
    world.next();
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    world.next();
}

#[test]
fn a_citizen_with_a_token_gets_a_certificate_and_tries_it() {
    let mut world = with_token(0);
    let mut seen = Vec::new();
    for n in 0..ACTS {
        world.act(n);
        if seen.last() != Some(&world.screen()) {
            seen.push(world.screen());
        }
    }
    let end = ["email", "storage", "review", "token_pin", "receipt"];
    assert_eq!(seen[seen.len() - 5..], end);
    let location = KeyLocation {
        storage: StorageType::Piv,
        drive: None,
        path: Vec::new(),
    };
    assert_eq!(submitted(&world), [(location, TOKEN_PIN.to_owned())]);
    let receipt = |world: &World| match world.view().screen {
        Screen::Receipt(view) => view,
        other => panic!("{other:?}"),
    };
    let Outcome::Installed {
        file_name,
        location,
        ..
    } = receipt(&world).outcome
    else {
        panic!("no certificate");
    };
    assert_eq!((file_name, location.as_str()), (None, TOKEN_LABEL));
    assert_eq!(receipt(&world).trial, Some(SignatureTrial::Offered));
    world.choose(Choice::TrySignature);
    let Some(SignatureTrial::Done { signer, ok, .. }) = receipt(&world).trial else {
        panic!("not tried");
    };
    assert!(ok);
    assert_eq!(signer, SIGNER);
    let asked = world.commands.len();
    world.choose(Choice::TrySignature);
    assert_eq!(world.commands.len(), asked, "the PIN is forgotten");
    world.next();
    assert!(world.is_idle());
}

#[test]
fn a_trial_is_offered_only_while_the_storage_is_in() {
    let mut world = with_token(ACTS);
    let trial = |world: &World| match world.view().screen {
        Screen::Receipt(view) => view.trial,
        other => panic!("{other:?}"),
    };
    assert_eq!(trial(&world), Some(SignatureTrial::Offered));
    pull(&mut world);
    assert_eq!(trial(&world), None);
    put_in(&mut world);
    assert_eq!(trial(&world), None, "the PIN went with the token");

    let mut world = with_token(ACTS);
    world.answers = false;
    world.choose(Choice::TrySignature);
    assert_eq!(trial(&world), Some(SignatureTrial::Running));
    reply(&mut world, failed(Fault::KeyTestFailed));
    assert_eq!(trial(&world), None);
    assert_eq!(world.view().fault, Some(Fault::KeyTestFailed));
    world.next();
    assert!(world.is_idle());
}

#[test]
fn a_locked_token_is_opened_by_its_puk() {
    let mut world = at_pin(|_| {});
    assert_eq!(pin(&world).phase, TokenPinPhase::Enter);
    assert_eq!(pin(&world).tries_left, Some(3));
    assert_eq!(world.view().keyboard.kind, KeyboardKind::Digits);
    assert!(world.view().keyboard.discreet);
    for left in [2, 1] {
        enter(&mut world, "999999");
        let tries_left = Some(left);
        assert_eq!(errors(&world), [FieldError::TokenPinWrong { tries_left }]);
        assert!(empty(&world), "typed anew");
        assert_eq!(world.view().fault, None, "said by the field");
        assert_eq!(pin(&world).last_try, left == 1, "warned before it is used");
    }
    enter(&mut world, "999999");
    assert_eq!(pin(&world).phase, TokenPinPhase::Unblock);
    assert_eq!(pin(&world).tries_left, Some(3));
    world.type_into(Field::Puk, "00000000");
    choose_new(&mut world, NEW_TOKEN_PIN);
    let tries_left = Some(2);
    assert_eq!(errors(&world), [FieldError::PukWrong { tries_left }]);
    let texts: Vec<usize> = pin(&world).fields.iter().map(|f| f.text.len()).collect();
    assert_eq!(texts[0], 0);
    assert!(texts[1] > 0, "the new PIN need not be typed again");
    world.type_into(Field::Puk, PUK);
    world.next();
    assert_eq!(world.screen(), "receipt");
    assert_eq!(submitted(&world)[0].1, NEW_TOKEN_PIN);
}

#[test]
fn a_token_that_nobody_can_open_leads_to_another_storage() {
    let mut world = at_pin(|token| (token.pin_tries, token.puk_tries) = (0, 1));
    assert!(pin(&world).last_try);
    world.type_into(Field::Puk, "00000000");
    choose_new(&mut world, NEW_TOKEN_PIN);
    assert_eq!(pin(&world).phase, TokenPinPhase::Refused);
    assert_eq!(world.view().fault, Some(Fault::TokenPukBlocked));
    assert_eq!(label(&world), Some((PrimaryLabel::AnotherStorage, true)));
    world.touch(Touch::Key(Key::Left));
    assert_eq!(world.view().fault, Some(Fault::TokenPukBlocked), "stays");
    world.next();
    assert_eq!(world.screen(), "storage");
    world.choose(Choice::Storage(StorageType::Pkcs12));
    world.next();
    assert_eq!(world.screen(), "storage_location");
    world.next();
    world.next();
    assert_eq!(world.screen(), "key_password");
}

#[test]
fn a_key_goes_only_after_its_owner_named_it() {
    let mut world = at_pin(|token| token.has_room = false);
    enter(&mut world, TOKEN_PIN);
    let shown = pin(&world);
    assert_eq!(shown.phase, TokenPinPhase::Occupied);
    let names: Vec<_> = shown.taken.iter().map(|slot| &slot.name[..]).collect();
    assert_eq!(names, ["9A", "9C"]);
    assert_eq!(label(&world), Some((PrimaryLabel::EraseKey, false)));
    world.next();
    world.choose(Choice::EraseSlot(7));
    world.next();
    world.choose(Choice::EraseSlot(1));
    world.touch(Touch::Key(Key::Enter));
    assert_eq!(
        world.token.taken.len(),
        2,
        "nothing was named, or a key held"
    );
    world.next();
    assert_eq!(world.token.taken[0].name, "9A");
    assert_eq!(world.token.taken.len(), 1);
    assert_eq!(world.screen(), "receipt");
}

#[test]
fn whoever_erases_nothing_takes_another_storage() {
    let mut world = at_pin(|token| token.has_room = false);
    enter(&mut world, TOKEN_PIN);
    world.touch(Touch::Back);
    assert_eq!(world.screen(), "review");
    assert_eq!(world.token.taken.len(), 2);
}

#[test]
fn a_token_without_puk_or_room_is_refused_at_once() {
    let mut world = at_pin(|token| {
        token.has_room = false;
        token.taken.clear();
    });
    assert_eq!(world.view().fault, Some(Fault::TokenFull));
    assert_eq!(label(&world), Some((PrimaryLabel::AnotherStorage, true)));
    world.touch(Touch::Back);
    assert_eq!(world.screen(), "review");
    world.answers = false;
    world.next();
    let no_puk = TokenSeen {
        puk: None,
        ..Token {
            pin_tries: 0,
            ..Token::default()
        }
        .seen()
    };
    reply(&mut world, Reply::TokenSeen(no_puk));
    assert_eq!(world.view().fault, Some(Fault::TokenPinBlocked));
}

#[test]
fn the_pin_that_a_token_came_with_must_be_changed() {
    let mut world = at_pin(|token| token.pin = FACTORY_PIN.to_owned());
    enter(&mut world, FACTORY_PIN);
    assert_eq!(pin(&world).phase, TokenPinPhase::Change);
    assert_eq!(label(&world), Some((PrimaryLabel::SetPin, false)));
    let digits = true;
    for (text, error) in [
        ("12345", FieldError::TokenPinRule { digits }),
        (FACTORY_PIN, FieldError::PinUnchanged),
        ("555555", FieldError::PinObvious),
        ("880412", FieldError::PinObvious),
    ] {
        choose_new(&mut world, text);
        assert_eq!(errors(&world), [error], "{text}");
        assert!(empty(&world));
    }
    world.type_into(Field::NewTokenPin, NEW_TOKEN_PIN);
    world.type_into(Field::NewTokenPinAgain, "615284");
    world.next();
    assert_eq!(errors(&world), [FieldError::PinsDiffer]);
    world.answers = false;
    world.type_into(Field::NewTokenPinAgain, NEW_TOKEN_PIN);
    world.next();
    reply(&mut world, failed(Fault::TokenPinRule));
    assert_eq!(errors(&world), [FieldError::TokenPinRule { digits }]);
    assert_eq!(world.view().fault, None);
    // Back is to the PIN, not around it.
    world.answers = true;
    world.touch(Touch::Back);
    assert_eq!(pin(&world).phase, TokenPinPhase::Enter);
    enter(&mut world, FACTORY_PIN);
    choose_new(&mut world, NEW_TOKEN_PIN);
    assert_eq!(world.screen(), "receipt");
    assert_eq!(submitted(&world)[0].1, NEW_TOKEN_PIN);
    assert_eq!(world.token.pin, NEW_TOKEN_PIN);
}

#[test]
fn a_token_that_says_nothing_is_not_believed_to_have_a_pin_of_its_own() {
    let mut world = at_pin(|_| {});
    world.answers = false;
    enter(&mut world, FACTORY_PIN);
    reply(&mut world, Reply::PinRight);
    assert_eq!(pin(&world).phase, TokenPinPhase::Change);
    world.touch(Touch::Back);
    reply(&mut world, Reply::TokenSeen(Token::default().seen()));
    enter(&mut world, TOKEN_PIN);
    reply(&mut world, failed(Fault::TokenPinDefault));
    assert_eq!(pin(&world).phase, TokenPinPhase::Change);
}

#[test]
fn a_new_puk_is_shown_before_anything_goes_on() {
    let mut world = at_pin(|_| {});
    world.answers = false;
    enter(&mut world, FACTORY_PIN);
    reply(&mut world, failed(Fault::TokenPinDefault));
    choose_new(&mut world, TOKEN_PIN);
    let new_puk = Some(Secret::from("40271963"));
    reply(&mut world, Reply::PinSet { new_puk });
    assert_eq!(pin(&world).phase, TokenPinPhase::NewPuk);
    assert_eq!(pin(&world).new_puk.expose(), "40271963");
    world.next();
    assert_eq!(world.screen(), "issuing");
}

#[test]
fn a_pulled_token_takes_everything_typed_with_it() {
    let mut world = at_pin(|_| {});
    world.type_into(Field::TokenPin, "7305");
    pull(&mut world);
    assert_eq!(pin(&world).phase, TokenPinPhase::Insert);
    assert_eq!(world.view().fault, Some(Fault::TokenPulled));
    assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
    world.next();
    assert_eq!(world.view().fault, Some(Fault::TokenMissing));
    let kind = StorageType::AKKaztokenStore;
    world.send(Event::Device(DeviceEvent::TokenInserted { kind }));
    assert_eq!(pin(&world).phase, TokenPinPhase::Insert, "another one");
    put_in(&mut world);
    assert_eq!(pin(&world).phase, TokenPinPhase::Enter);
    assert_eq!(world.view().fault, None);
    assert!(empty(&world));
    // While it works.
    world.answers = false;
    enter(&mut world, TOKEN_PIN);
    pull(&mut world);
    assert!(world.waiting.is_empty(), "abandoned");
    assert_eq!(pin(&world).phase, TokenPinPhase::Insert);
}

#[test]
fn a_short_pin_costs_no_try_and_letters_are_for_tokens_that_have_them() {
    let mut world = at_pin(|_| {});
    world.type_into(Field::TokenPin, "73a05");
    assert_eq!(pin(&world).fields[0].text, "••••", "a letter is no digit");
    assert_eq!(label(&world), Some((PrimaryLabel::MakeKey, false)));
    world.touch(Touch::Key(Key::Enter));
    assert_eq!(errors(&world), [FieldError::Incomplete]);
    assert_eq!(world.token.pin_tries, 3);
    erase(&mut world, 4);
    assert!(empty(&world));
}

#[test]
fn a_token_that_does_not_count_is_asked_all_the_same() {
    let mut world = World::new(true);
    world.answers = false;
    world.touch(Touch::StartCollect);
    let code = exchange::ReceiptCode::from_random(&[7; 12]);
    world.type_into(Field::ReceiptCode, code.expose());
    world.next();
    reply(
        &mut world,
        Reply::CollectOpened(CollectState::Ready {
            submission: submission(),
            subject_key_identifier: SKI.into(),
        }),
    );
    let kind = StorageType::AKJaCartaStore;
    reply(
        &mut world,
        Reply::PendingKey(Some(PendingKey {
            location: KeyLocation {
                storage: kind,
                drive: None,
                path: Vec::new(),
            },
            label: "JaCarta".into(),
        })),
    );
    world.next();
    assert_eq!(pin(&world).phase, TokenPinPhase::Look);
    let silent = TokenSeen {
        kind,
        label: "JaCarta".into(),
        pin_tries: None,
        pin_is_default: None,
        puk: Some(PukSeen { tries: None }),
        has_room: false,
        taken: Vec::new(),
        generation_erases: false,
    };
    reply(&mut world, Reply::TokenSeen(silent.clone()));
    assert_eq!(world.view().keyboard.kind, KeyboardKind::Full);
    assert_eq!(world.view().keyboard.layout, KeyboardLayout::Latin);
    let primary = (PrimaryLabel::DownloadCertificates, false);
    assert_eq!(label(&world), Some(primary), "no room is needed");
    enter(&mut world, "Dala-26");
    reply(&mut world, failed(Fault::TokenPinWrong));
    reply(&mut world, Reply::TokenSeen(silent.clone()));
    let tries_left = None;
    assert_eq!(errors(&world), [FieldError::TokenPinWrong { tries_left }]);
    enter(&mut world, "Dala-27");
    reply(&mut world, failed(Fault::TokenPinBlocked));
    reply(&mut world, Reply::TokenSeen(silent));
    assert_eq!(pin(&world).phase, TokenPinPhase::Unblock);
    world.type_into(Field::Puk, "puk");
    choose_new(&mut world, "Dala-2026");
    let digits = false;
    assert_eq!(pin(&world).fields[1].text.chars().count(), 8, "no longer");
    assert_eq!(errors(&world), []);
    reply(&mut world, failed(Fault::TokenPinRule));
    assert_eq!(errors(&world), [FieldError::TokenPinRule { digits }]);
}

#[test]
fn who_comes_back_with_a_token_collects_with_its_pin() {
    let mut world = World::new(true);
    collecting(&mut world);
    assert_eq!(pin(&world).phase, TokenPinPhase::Enter);
    world.touch(Touch::ChooseLanguage(Language::En));
    enter(&mut world, TOKEN_PIN);
    let Screen::Collected(view) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(view.trial, Some(SignatureTrial::Offered));
    world.choose(Choice::TrySignature);
    let location = |c: &Command| match c {
        Command::Ask {
            what: Request::TrySignature { location, .. },
            ..
        } => Some(location.storage),
        _ => None,
    };
    assert_eq!(
        world.commands.iter().find_map(location),
        Some(StorageType::Piv)
    );

    let mut world = World::new(true);
    (world.token.pin_tries, world.token.puk_tries) = (0, 0);
    collecting(&mut world);
    assert_eq!(world.view().fault, Some(Fault::TokenPukBlocked));
    world.next();
    assert_eq!(world.screen(), "collect_storage");
}

#[test]
fn a_token_that_never_answers_is_given_up() {
    let mut world = at_pin(|_| {});
    world.answers = false;
    enter(&mut world, TOKEN_PIN);
    assert_eq!(world.view().busy.map(|b| b.what), Some(BusyWith::Token));
    world.pass(Duration::from_secs(60));
    assert!(world.waiting.is_empty(), "abandoned");
    assert_eq!(world.view().fault, Some(Fault::TokenFailed));
    assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
    world.answers = true;
    world.next();
    assert_eq!(pin(&world).phase, TokenPinPhase::Enter);
}

#[test]
fn a_pin_that_was_changed_elsewhere_is_asked_again() {
    let mut world = at_pin(|_| {});
    world.answers = false;
    enter(&mut world, TOKEN_PIN);
    reply(&mut world, Reply::PinRight);
    assert_eq!(world.screen(), "issuing");
    reply(&mut world, failed(Fault::TokenPinBlocked));
    assert_eq!(world.screen(), "token_pin");
    assert_eq!(world.view().fault, Some(Fault::TokenPinBlocked));
}
