//! The identity document: every way to its data, and every way it goes wrong.

use std::time::Duration;

use chip::{AccessKey, FileId, Stage};
use exchange::{DocumentKind, Form, IinComparison, ReadBy};
use faults::Fault;
use kiosk::session::command::{Action, Command, PreviewFor, Request};
use kiosk::session::event::*;
use kiosk::session::view::*;

use crate::steps::{after, erase, failed, label, reply};
use crate::world::*;

fn document(world: &World) -> DocumentView {
    match world.view().screen {
        Screen::Document(view) => view,
        other => panic!("{other:?}"),
    }
}

fn phase(world: &World) -> String {
    format!("{:?}", document(world).phase)
}

fn found(world: &World) -> DocumentFound {
    match document(world).phase {
        DocumentPhase::Confirm(found) => found,
        other => panic!("{other:?}"),
    }
}

fn error(world: &World, at: usize) -> Option<FieldError> {
    document(world).fields[at].error
}

fn seen(world: &mut World) {
    let seen = DeviceEvent::MrzSeen(Box::new(mrz()));
    world.send(Event::Device(seen));
}

fn progress(world: &mut World, stage: Stage) {
    let (session, request, _) = world.waiting[0].clone();
    world.send(Event::Progress {
        session,
        request,
        progress: Progress::DocumentRead(stage),
    });
}

fn keys(world: &World) -> Vec<AccessKey> {
    let asked = world.commands.iter().filter_map(|command| match command {
        Command::Ask {
            what: Request::ReadDocument { key, .. },
            ..
        } => Some(key.clone()),
        _ => None,
    });
    asked.collect()
}

fn form(world: &mut World) -> Form {
    for n in 13..ACTS {
        world.act(n);
    }
    let submitted = world.commands.iter().find_map(|command| match command {
        Command::Ask {
            what: Request::Submit { form, .. },
            ..
        } => Some((**form).clone()),
        _ => None,
    });
    submitted.expect("submitted")
}

/// At the camera with a card in hand, nobody answering by themselves.
fn at_camera() -> World {
    let mut world = after(10);
    assert_eq!(phase(&world), "Camera");
    world.answers = false;
    world
}

/// Where the card access number has been typed.
fn with_can() -> World {
    let mut world = at_camera();
    world.choose(Choice::OtherWays);
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Can));
    world.type_into(Field::Can, CAN);
    world.next();
    world
}

#[test]
fn the_camera_sees_the_zone_and_the_chip_is_read() {
    let mut world = at_camera();
    let previews = |world: &World| {
        let of = |c: &&Command| {
            matches!(
                c,
                Command::Do(Action::StartPreview(PreviewFor::Mrz) | Action::StopPreview)
            )
        };
        world.commands.iter().filter(of).count()
    };
    assert_eq!(previews(&world), 1);
    world.send(Event::Device(DeviceEvent::MrzHint(MrzHint::Glare)));
    assert!(matches!(
        document(&world).phase,
        DocumentPhase::Camera {
            hint: Some(MrzHint::Glare)
        }
    ));
    seen(&mut world);
    assert_eq!(previews(&world), 2, "the camera rests");
    assert_eq!(phase(&world), "Place");
    assert!(!document(&world).in_reader);
    assert_eq!(label(&world), None);
    world.send(card_inserted());
    assert_eq!(phase(&world), "Reading");
    progress(&mut world, Stage::Access);
    let file = |done| Stage::File {
        id: FileId::DataGroup(chip::DataGroup::DG2),
        done,
        of: 19_000,
    };
    progress(&mut world, file(9_500));
    let DocumentPhase::Reading { what, share } = document(&world).phase else {
        panic!();
    };
    assert_eq!(what, ReadingWhat::Portrait);
    assert!(share > 0.3 && share < 0.6, "{share}");
    assert_eq!(world.view().busy.and_then(|b| b.progress), Some(share));
    reply(
        &mut world,
        Reply::DocumentRead(Box::new(chip(MediaHandle(7)))),
    );
    let card = found(&world);
    assert_eq!(
        [&*card.surname, &card.given_name, &card.patronymic],
        NATIONAL
    );
    assert_eq!(card.number, "041236587");
    assert_eq!(card.portrait, Some(MediaHandle(7)));
    assert_eq!(card.source, DocumentSource::Chip { proven: true });
    assert_eq!(label(&world), Some((PrimaryLabel::Confirm, true)));
    world.answers = true;
    world.next();
    assert_eq!(world.screen(), "selfie");
    let document = form(&mut world).document;
    assert_eq!(document.read_by, ReadBy::Chip);
    assert_eq!(document.iin, IinComparison::Same);
    assert_eq!(document.atr.as_deref(), Some(ATR));
}

#[test]
fn a_card_that_is_in_already_is_not_asked_for() {
    let mut world = after(9);
    world.send(card_inserted());
    assert_eq!(phase(&world), "Kind", "it does not say what it is");
    assert!(document(&world).in_reader);
    world.act(9);
    world.choose(Choice::OtherWays);
    assert!(matches!(
        document(&world).phase,
        DocumentPhase::Ways { chip: true }
    ));
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Can));
    assert_eq!(world.view().keyboard.kind, KeyboardKind::Digits);
    world.type_into(Field::Can, "31");
    world.next();
    assert_eq!(error(&world, 0), Some(FieldError::Incomplete));
    world.type_into(Field::Can, "8742");
    world.next();
    assert_eq!(phase(&world), "Confirm", "nothing more to do");
    assert!(matches!(keys(&world)[..], [AccessKey::Can(_)]));
}

#[test]
fn a_wrong_can_is_corrected_without_touching_the_card() {
    let mut world = with_can();
    world.send(card_inserted());
    let wrong = |tries_left| Reply::DocumentRefused(DocumentRefusal::WrongKey { tries_left });
    reply(&mut world, wrong(None));
    assert_eq!(
        error(&world, 0),
        Some(FieldError::CanRefused { tries_left: 3 })
    );
    erase(&mut world, 1);
    assert_eq!(error(&world, 0), None);
    world.type_into(Field::Can, "1");
    world.next();
    // The chip knows better than the kiosk.
    reply(&mut world, wrong(Some(1)));
    assert_eq!(
        error(&world, 0),
        Some(FieldError::CanRefused { tries_left: 1 })
    );
    world.next();
    reply(&mut world, wrong(Some(0)));
    assert_eq!(phase(&world), "Camera");
    assert_eq!(document(&world).trouble, Some(Fault::DocumentKeyWrong));
    seen(&mut world);
    assert_eq!(found(&world).source, DocumentSource::Mrz);
    assert_eq!(keys(&world).len(), 3, "the chip is left alone");
}

#[test]
fn lines_that_do_not_open_the_chip_are_compared_again() {
    let mut world = at_camera();
    seen(&mut world);
    world.send(card_inserted());
    let wrong = Reply::DocumentRefused(DocumentRefusal::WrongKey { tries_left: None });
    reply(&mut world, wrong.clone());
    assert_eq!(phase(&world), "Camera");
    assert_eq!(document(&world).trouble, Some(Fault::DocumentKeyWrong));
    world.send(Event::Device(DeviceEvent::MrzHint(MrzHint::Reading)));
    assert_eq!(document(&world).trouble, None);
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Mrz));
    for (field, line) in [Field::MrzLine1, Field::MrzLine2, Field::MrzLine3]
        .into_iter()
        .zip(MRZ)
    {
        world.type_into(field, line);
    }
    world.next();
    reply(&mut world, wrong);
    assert_eq!(
        error(&world, 0),
        Some(FieldError::MrzRefused { tries_left: 2 })
    );
    world.next();
    reply(
        &mut world,
        Reply::DocumentRead(Box::new(chip(MediaHandle(1)))),
    );
    assert_eq!(phase(&world), "Confirm");
}

#[test]
fn a_card_pulled_during_the_read_is_read_when_it_is_back() {
    let mut world = with_can();
    world.send(card_inserted());
    world.send(card_removed());
    assert_eq!(document(&world).trouble, Some(Fault::CardPulled));
    assert!(
        world.waiting.is_empty(),
        "nobody waits for a card that is gone"
    );
    world.send(card_inserted());
    assert_eq!(phase(&world), "Reading");
    assert_eq!(document(&world).trouble, None);
    // The reader may say so before the card does.
    reply(&mut world, failed(Fault::CardPulled));
    world.send(card_removed());
    assert_eq!(document(&world).trouble, Some(Fault::CardPulled));
    assert!(!document(&world).without_chip, "a slip of the hand");
    world.send(card_inserted());
    assert_eq!(world.waiting.len(), 1);
}

#[test]
fn a_chip_that_cannot_be_read_is_left_after_some_tries() {
    let mut world = at_camera();
    seen(&mut world);
    world.send(card_inserted());
    for _ in 0..4 {
        assert!(!document(&world).without_chip);
        reply(&mut world, failed(Fault::CardSilent));
        assert_eq!(document(&world).trouble, Some(Fault::CardSilent));
        assert_eq!(world.view().fault, None, "said once");
        assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
        world.next();
        assert_eq!(phase(&world), "Reading", "neither re-plug nor restart");
    }
    reply(&mut world, failed(Fault::CardUnreadable));
    assert!(document(&world).without_chip);
    world.choose(Choice::WithoutChip);
    assert_eq!(found(&world).source, DocumentSource::Mrz);
    world.answers = true;
    world.next();
    let document = form(&mut world).document;
    assert_eq!(document.read_by, ReadBy::Mrz);
    assert_eq!(document.holder.surname(), "AKHMETOVA");
}

#[test]
fn a_document_that_never_comes_into_the_reader_is_not_waited_for() {
    let mut world = at_camera();
    seen(&mut world);
    world.choose(Choice::WithoutChip);
    assert_eq!(phase(&world), "Place", "too early");
    world.pass(Duration::from_secs(20));
    assert!(document(&world).without_chip);
    world.choose(Choice::WithoutChip);
    assert_eq!(phase(&world), "Confirm");
    // Nor is one waited for where there is no reader.
    let mut world = at_camera();
    seen(&mut world);
    world.send(Event::Device(DeviceEvent::Raised(Fault::ReaderMissing)));
    assert_eq!(document(&world).trouble, Some(Fault::ReaderMissing));
    assert!(document(&world).without_chip);
}

#[test]
fn a_card_without_the_application_is_known_before_anything_is_asked() {
    let mut world = at_camera();
    world.send(card_inserted());
    reply(
        &mut world,
        Reply::CardSeen {
            atr: "3b01".to_owned(),
            emrtd: false,
        },
    );
    assert_eq!(document(&world).trouble, Some(Fault::DocumentWithoutChip));
    world.choose(Choice::OtherWays);
    assert!(matches!(
        document(&world).phase,
        DocumentPhase::Ways { chip: false }
    ));
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Can));
    assert_eq!(phase(&world), "Ways", "there is nothing to open");
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Camera));
    // Out of the reader and before the camera.
    world.send(card_removed());
    seen(&mut world);
    assert_eq!(found(&world).source, DocumentSource::Mrz);
    assert!(keys(&world).is_empty(), "it is not asked for again");
    world.answers = true;
    world.next();
    let document = form(&mut world).document;
    assert_eq!(document.read_by, ReadBy::Mrz);
    assert_eq!(document.atr.as_deref(), Some("3b01"));
}

#[test]
fn what_the_chip_refuses_is_said_and_gone_round() {
    let mut world = with_can();
    world.send(card_inserted());
    reply(
        &mut world,
        Reply::DocumentRefused(DocumentRefusal::CanNotTaken),
    );
    assert_eq!(phase(&world), "Camera");
    assert_eq!(document(&world).trouble, Some(Fault::DocumentCanNotTaken));
    // With the zone it may still open.
    seen(&mut world);
    assert_eq!(phase(&world), "Reading");
    reply(
        &mut world,
        Reply::DocumentRefused(DocumentRefusal::NoApplication),
    );
    assert_eq!(found(&world).source, DocumentSource::Mrz);
}

#[test]
fn somebody_elses_document_stops_until_the_iin_is_corrected() {
    let mut world = after(10);
    for _ in 0..3 {
        world.touch(Touch::Back);
    }
    assert_eq!(world.screen(), "identity_number");
    erase(&mut world, 12);
    world.type_into(Field::IdentityNumber, "900101300811");
    world.next();
    world.next();
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    world.act(9);
    seen(&mut world);
    // No chip is read to find that out.
    let card = found(&world);
    assert_eq!(card.refused, Some(Fault::DocumentOfAnother));
    assert_eq!(card.surname, "", "nothing of somebody else is shown");
    assert_eq!(label(&world), Some((PrimaryLabel::AnotherDocument, true)));
    world.choose(Choice::CorrectIdentityNumber);
    assert_eq!(world.screen(), "identity_number");
    erase(&mut world, 12);
    world.type_into(Field::IdentityNumber, IIN);
    world.next();
    world.next();
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    assert_eq!(found(&world).refused, None, "compared again");
    world.next();
    assert_eq!(world.screen(), "selfie");
}

#[test]
fn a_document_that_is_not_genuine_stops() {
    let mut world = with_can();
    world.send(card_inserted());
    let forged = ChipDocument {
        genuine: Genuine::Refuted,
        ..chip(MediaHandle(9))
    };
    reply(&mut world, Reply::DocumentRead(Box::new(forged)));
    assert_eq!(found(&world).refused, Some(Fault::DocumentNotGenuine));
    world.next();
    assert_eq!(phase(&world), "Kind", "another one");
    assert!(
        world
            .commands
            .iter()
            .any(|c| matches!(c, Command::Do(Action::DropMedia(MediaHandle(9)))))
    );
    assert_eq!(world.screen(), "document");
}

#[test]
fn a_chip_that_nobody_could_examine_goes_on_to_the_office() {
    let mut world = with_can();
    world.send(card_inserted());
    let unknown = ChipDocument {
        genuine: Genuine::NotExamined,
        holder: None,
        ..chip(MediaHandle(9))
    };
    reply(&mut world, Reply::DocumentRead(Box::new(unknown)));
    let card = found(&world);
    assert_eq!(card.source, DocumentSource::Chip { proven: false });
    assert_eq!(card.surname, "AKHMETOVA");
    world.next();
    assert_eq!(world.screen(), "selfie");
}

#[test]
fn number_and_names_are_typed_where_nothing_can_be_read() {
    let mut world = at_camera();
    world.choose(Choice::OtherWays);
    world.choose(Choice::EnterDocumentAs(DocumentEntry::Typed));
    world.type_into(Field::Surname, "Әлімқұлова");
    world.type_into(Field::GivenName, "Гүлнұр");
    world.type_into(Field::DocumentNumber, "0412");
    world.next();
    assert_eq!(document(&world).kind, Some(DocumentKind::IdCard));
    assert_eq!(error(&world, 3), Some(FieldError::DocumentNumber));
    world.type_into(Field::DocumentNumber, "36587");
    world.next();
    assert_eq!(world.screen(), "selfie");
    assert!(
        world
            .commands
            .iter()
            .any(|c| matches!(c, Command::Do(Action::WatchCard(false))))
    );
    world.answers = true;
    world.send(Event::Device(DeviceEvent::Face(FaceFinding::Good)));
    let document = form(&mut world).document;
    assert_eq!(document.read_by, ReadBy::Typed);
    assert_eq!(document.iin, IinComparison::NotCompared);
    assert_eq!(document.holder.common_name(), "ӘЛІМҚҰЛОВА ГҮЛНҰР");
}

#[test]
fn a_slip_in_the_mrz_is_shown_in_its_line() {
    let mut world = after(11);
    for (field, line) in [Field::MrzLine1, Field::MrzLine2, Field::MrzLine3]
        .into_iter()
        .zip([MRZ[0], "8804123F3104117KAZ<<<<<<<<<<<2", MRZ[2]])
    {
        world.type_into(field, line);
    }
    world.next();
    let errors: Vec<_> = document(&world).fields.iter().map(|f| f.error).collect();
    assert_eq!(errors, [None, Some(FieldError::MrzCheckDigit), None]);
}

#[test]
fn back_goes_from_one_screen_of_the_step_to_the_one_before() {
    let mut world = with_can();
    let mut seen = vec![phase(&world)];
    for _ in 0..4 {
        world.touch(Touch::Back);
        seen.push(phase(&world));
    }
    assert_eq!(seen, ["Place", "Can", "Ways", "Camera", "Kind"]);
    world.touch(Touch::Back);
    assert_eq!(world.screen(), "phone");
    // A read that is left is abandoned.
    let mut world = with_can();
    world.send(card_inserted());
    world.touch(Touch::Back);
    assert!(world.waiting.is_empty());
    assert_eq!(phase(&world), "Can");
    assert_eq!(document(&world).fields[0].text, CAN);
}
