//! A holder ends a certificate of theirs.

use exchange::certificates::{RevocationReason, RevocationStanding};
use kiosk::session::command::{Command, Request};
use kiosk::session::event::{Choice, Field, Key, Reply, Touch};
use kiosk::session::view::{FieldError, PrimaryLabel, Screen};

use crate::world::{CODE, IIN, World, certificates};

fn to_the_list() -> World {
    let mut world = World::new(true);
    world.touch(Touch::StartRevoke);
    assert_eq!(world.screen(), "revoke_identity");
    world.type_into(Field::IdentityNumber, IIN);
    world.next();
    assert_eq!(world.screen(), "revoke_phone_code");
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    assert_eq!(world.screen(), "revoke_certificate");
    world
}

fn revocations(world: &World) -> Vec<Request> {
    let asked = world.commands.iter().filter_map(|command| match command {
        Command::Ask { what, .. } => Some(what.clone()),
        _ => None,
    });
    asked
        .filter(|what| matches!(what, Request::Revoke { .. }))
        .collect()
}

#[test]
fn the_one_that_was_touched_is_ended_for_the_reason_given() {
    let mut world = to_the_list();
    assert!(!world.view().primary.unwrap().enabled, "two, none chosen");
    world.choose(Choice::Certificate(1));
    world.next();
    assert_eq!(world.screen(), "revoking");
    assert!(!world.view().primary.unwrap().enabled, "no reason yet");
    world.next();
    assert!(revocations(&world).is_empty());
    world.choose(Choice::RevokeBecause(RevocationReason::KeyCompromise));
    world.touch(Touch::Key(Key::Enter));
    assert!(revocations(&world).is_empty(), "not by a held key");
    world.next();
    assert_eq!(world.screen(), "revoked");
    let [
        Request::Revoke {
            certificate,
            reason: RevocationReason::KeyCompromise,
            ..
        },
    ] = revocations(&world)[..]
    else {
        panic!("{:?}", revocations(&world));
    };
    assert_eq!(certificate, certificates()[1].sha256);
    world.next();
    assert_eq!(world.screen(), "welcome");
}

#[test]
fn a_wrong_code_tells_nothing_of_the_person() {
    let mut world = World::new(true);
    world.touch(Touch::StartRevoke);
    world.type_into(Field::IdentityNumber, IIN);
    world.next();
    world.type_into(Field::PhoneCode, "000000");
    world.next();
    let Screen::RevokePhoneCode(code) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(code.code.error, Some(FieldError::CodeRefused));
    assert_eq!(code.sent_to_masked, "");
}

#[test]
fn who_has_one_certificate_has_chosen_and_who_has_none_is_told() {
    for (count, label) in [(1, PrimaryLabel::Continue), (0, PrimaryLabel::Finish)] {
        let mut world = World::new(true);
        world.touch(Touch::StartRevoke);
        world.type_into(Field::IdentityNumber, IIN);
        world.next();
        world.type_into(Field::PhoneCode, CODE);
        world.answers = false;
        world.next();
        let (session, request, _) = world.waiting.pop_front().expect("asked");
        let mut held = certificates();
        held.truncate(count);
        world.send(kiosk::session::event::Event::Reply {
            session,
            request,
            reply: Reply::Certificates(held),
        });
        let primary = world.view().primary.unwrap();
        assert_eq!((primary.label, primary.enabled), (label, true));
        world.next();
        let there = if count == 0 { "welcome" } else { "revoking" };
        assert_eq!(world.screen(), there);
    }
}

#[test]
fn what_takes_longer_is_said_to_be_recorded() {
    let mut world = to_the_list();
    world.choose(Choice::Certificate(0));
    world.next();
    world.choose(Choice::RevokeBecause(RevocationReason::Superseded));
    world.answers = false;
    world.next();
    let (session, request, _) = world.waiting.pop_front().expect("asked");
    world.send(kiosk::session::event::Event::Reply {
        session,
        request,
        reply: Reply::Revocation(RevocationStanding::Waiting),
    });
    let Screen::Revoked { standing, .. } = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(standing, RevocationStanding::Waiting);
}

#[test]
fn without_a_link_it_is_not_offered() {
    let mut world = World::new(false);
    world.touch(Touch::StartRevoke);
    assert_eq!(world.screen(), "welcome");
}
