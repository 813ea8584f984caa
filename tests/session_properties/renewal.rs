//! A new key by the old one: neither document nor face.

use exchange::StorageType;
use faults::Fault;
use kiosk::session::command::{Command, Request};
use kiosk::session::event::{Choice, DeviceEvent, Event, Field, StepName, Touch};
use kiosk::session::view::Screen;

use crate::world::*;

fn at_holder(valid_until: i64) -> World {
    let mut world = World::new(true);
    world.valid_until = valid_until;
    world.touch(Touch::StartRenew);
    world.choose(Choice::Consent(true));
    world.next();
    assert_eq!(world.screen(), "renew_key");
    world.next();
    assert_eq!(world.screen(), "renew_password");
    world.type_into(Field::KeyPassword, PASSWORD);
    world.next();
    assert_eq!(world.screen(), "renew_holder");
    world
}

fn to_review(world: &mut World) {
    world.next();
    assert_eq!(world.screen(), "phone");
    world.next();
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    assert_eq!(world.screen(), "email");
    world.type_into(Field::Email, EMAIL);
    world.next();
    assert_eq!(world.screen(), "storage");
    world.choose(Choice::Storage(StorageType::Pkcs12));
    world.next();
    world.next();
    assert_eq!(world.screen(), "review");
}

fn renewals(world: &World) -> Vec<Request> {
    let asked = world.commands.iter().filter_map(|command| match command {
        Command::Ask { what, .. } => Some(what.clone()),
        _ => None,
    });
    asked
        .filter(|what| matches!(what, Request::SubmitRenewal { .. } | Request::Submit { .. }))
        .collect()
}

#[test]
fn the_old_key_stands_for_document_and_face() {
    let mut world = at_holder(1_900_000_000_000);
    to_review(&mut world);
    let Screen::Review(review) = world.view().screen else {
        panic!("{}", world.screen());
    };
    let steps: Vec<StepName> = review.answers.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        steps,
        [
            StepName::RenewKey,
            StepName::Phone,
            StepName::Email,
            StepName::Storage,
            StepName::StorageLocation
        ]
    );
    world.next();
    assert_eq!(world.screen(), "key_password");
    for field in [Field::KeyPassword, Field::KeyPasswordAgain] {
        world.type_into(field, "Tau2027x");
    }
    world.next();
    assert_eq!(world.screen(), "receipt");
    let [
        Request::SubmitRenewal {
            form,
            old,
            old_password,
            password,
            ..
        },
    ] = &renewals(&world)[..]
    else {
        panic!("{:?}", renewals(&world));
    };
    assert_eq!(**old, certified_key());
    assert_eq!(
        (old_password.expose(), password.expose()),
        (PASSWORD, "Tau2027x")
    );
    assert_eq!(form.iin.expose(), IIN);
    assert_eq!(form.holder.surname(), NATIONAL[0]);
}

#[test]
fn a_wrong_password_is_said_where_it_is_mended() {
    let mut world = World::new(true);
    world.touch(Touch::StartRenew);
    world.choose(Choice::Consent(true));
    world.next();
    world.next();
    world.type_into(Field::KeyPassword, "Dala2O26");
    world.next();
    assert_eq!(world.screen(), "renew_password");
    assert_eq!(world.view().fault, Some(Fault::KeyPasswordWrong));
}

#[test]
fn what_is_over_renews_nothing() {
    let mut world = at_holder(1_000_000_000_000);
    let Screen::RenewHolder { over, .. } = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert!(over && !world.view().primary.unwrap().enabled);
    world.next();
    assert_eq!(world.screen(), "renew_holder");
}

#[test]
fn the_name_of_the_certificate_cannot_be_edited() {
    let mut world = at_holder(1_900_000_000_000);
    to_review(&mut world);
    world.choose(Choice::Edit(StepName::IdentityNumber));
    world.choose(Choice::Edit(StepName::Document));
    assert_eq!(world.screen(), "review");
    world.choose(Choice::Edit(StepName::RenewKey));
    assert_eq!(world.screen(), "renew_key");
}

#[test]
fn a_drive_that_is_pulled_is_asked_for_again() {
    let mut world = at_holder(1_900_000_000_000);
    world.send(Event::Device(DeviceEvent::DriveRemoved { drive: DRIVE }));
    assert_eq!(world.screen(), "renew_key");
}

#[test]
fn without_a_link_it_is_not_offered() {
    let mut world = World::new(false);
    world.touch(Touch::StartRenew);
    assert_eq!(world.screen(), "welcome");
}
