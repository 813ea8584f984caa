//! Each step by example: what it takes, what it refuses, and how one gets on.

use std::time::Duration;

use exchange::{Language, StorageType};
use faults::Fault;
use kiosk::session::command::{Action, Command, Request};
use kiosk::session::event::*;
use kiosk::session::view::*;

use crate::world::*;

/// A world whose citizen has done so many acts without a mistake.
pub fn after(acts: usize) -> World {
    let mut world = World::new(true);
    for n in 0..acts {
        world.act(n);
    }
    world
}

pub fn label(world: &World) -> Option<(PrimaryLabel, bool)> {
    world.view().primary.map(|p| (p.label, p.enabled))
}

/// Answers the request that waits.
pub fn reply(world: &mut World, reply: Reply) {
    let (session, request, _) = world.waiting.pop_front().expect("a request");
    world.send(Event::Reply {
        session,
        request,
        reply,
    });
}

pub fn failed(fault: Fault) -> Reply {
    Reply::Failed(Failure {
        fault,
        detail: String::new(),
    })
}

pub fn erase(world: &mut World, count: usize) {
    for _ in 0..count {
        world.touch(Touch::Key(Key::Backspace));
    }
}

#[test]
fn consent_waits_for_the_enrolment_to_begin() {
    let mut world = World::new(true);
    world.answers = false;
    world.touch(Touch::Start);
    assert_eq!(label(&world), Some((PrimaryLabel::Agree, false)));
    world.next();
    assert_eq!(world.screen(), "consent", "not agreed");
    world.choose(Choice::Consent(true));
    world.next();
    assert_eq!(world.screen(), "consent", "not begun");
    reply(&mut world, failed(Fault::SealingImpossible));
    assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
    assert_eq!(world.view().fault, Some(Fault::SealingImpossible));
    world.next();
    reply(
        &mut world,
        Reply::Begun {
            submission: submission(),
            randomness: [1; 32],
        },
    );
    assert_eq!(world.screen(), "identity_number");
}

#[test]
fn a_mistyped_iin_is_said_and_mended() {
    let mut world = after(3);
    world.type_into(Field::IdentityNumber, "88041240100");
    assert_eq!(label(&world), Some((PrimaryLabel::Continue, false)));
    world.type_into(Field::IdentityNumber, "7");
    world.next();
    let Screen::IdentityNumber { number } = world.view().screen else {
        panic!();
    };
    assert_eq!(number.text, "8804 1240 1007");
    assert_eq!(number.error, Some(FieldError::IinCheckDigit));
    erase(&mut world, 1);
    world.type_into(Field::IdentityNumber, "6");
    world.touch(Touch::Key(Key::Enter));
    assert_eq!(world.screen(), "phone");
}

#[test]
fn the_code_expires_is_sent_again_and_freezes() {
    let mut world = after(7);
    let code = |world: &World| match world.view().screen {
        Screen::PhoneCode(view) => view,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&world).resend_in_seconds, 60);
    assert_eq!(code(&world).expires_in_seconds, 180);
    world.choose(Choice::ResendCode);
    let sent = |world: &World| {
        let send = |c: &&Command| {
            matches!(
                c,
                Command::Ask {
                    what: Request::SendCode { .. },
                    ..
                }
            )
        };
        world.commands.iter().filter(send).count()
    };
    assert_eq!(sent(&world), 1, "not yet");
    world.type_into(Field::PhoneCode, CODE);
    for _ in 0..3 {
        world.pass(Duration::from_secs(60));
        world.touch(Touch::StillHere);
    }
    world.next();
    assert_eq!(code(&world).code.error, Some(FieldError::CodeExpired));
    world.choose(Choice::CodeDoesNotCome);
    assert!(code(&world).helping);
    world.choose(Choice::ResendCode);
    assert_eq!(sent(&world), 2);
    world.answers = false;
    world.type_into(Field::PhoneCode, "111111");
    world.next();
    reply(&mut world, Reply::CodesFrozen { seconds: 1800 });
    assert_eq!(world.view().fault, Some(Fault::CodesFrozen));
    assert_eq!(code(&world).frozen_for_seconds, 1800);
    assert_eq!(label(&world), Some((PrimaryLabel::Confirm, false)));
    // The way on without waiting: another number, as a request.
    world.choose(Choice::RegisterNewPhone);
    assert_eq!(world.screen(), "phone");
    assert_eq!(label(&world), Some((PrimaryLabel::SendRequest, false)));
    world.type_into(Field::Phone, "87272500000");
    world.next();
    let Screen::Phone(view) = world.view().screen else {
        panic!();
    };
    assert_eq!(view.number.error, Some(FieldError::PhoneNotMobile));
    erase(&mut world, 11);
    world.type_into(Field::Phone, PHONE);
    world.next();
    assert_eq!(world.screen(), "document");
}

#[test]
fn an_office_lost_at_the_code_leads_to_a_number_unproven() {
    let mut world = after(7);
    world.answers = false;
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    reply(&mut world, failed(Fault::OfficeUnreachable));
    let Screen::Phone(view) = world.view().screen else {
        panic!();
    };
    assert!(view.offline && view.registering);
    assert_eq!(world.view().fault, Some(Fault::OfficeUnreachable));
    // Or once more with the registered one.
    world.choose(Choice::UseRegisteredPhone);
    assert_eq!(label(&world), Some((PrimaryLabel::GetCode, true)));
}

#[test]
fn the_selfie_waits_for_a_good_face_and_is_taken_again() {
    let mut world = after(13);
    world.answers = false;
    let face = |finding| Event::Device(DeviceEvent::Face(finding));
    world.send(face(FaceFinding::OffCentre));
    assert_eq!(label(&world), Some((PrimaryLabel::TakePicture, false)));
    world.next();
    assert!(world.waiting.is_empty());
    world.send(face(FaceFinding::Good));
    world.choose(Choice::TakePicture);
    reply(
        &mut world,
        Reply::Picture {
            media: MediaHandle(5),
        },
    );
    assert_eq!(label(&world), Some((PrimaryLabel::Continue, true)));
    world.choose(Choice::RetakePicture);
    assert!(
        world
            .commands
            .iter()
            .any(|c| matches!(c, Command::Do(Action::DropMedia(MediaHandle(5)))))
    );
    assert_eq!(label(&world), Some((PrimaryLabel::TakePicture, false)));
}

#[test]
fn an_obvious_pin_is_refused_and_two_must_agree() {
    let mut world = after(17);
    assert_eq!(world.screen(), "account_pin");
    let errors = |world: &World| match world.view().screen {
        Screen::AccountPin { pin, again } => (pin.error, again.error),
        other => panic!("{other:?}"),
    };
    // The date of birth that the IIN carries.
    world.type_into(Field::AccountPin, "120488");
    world.type_into(Field::AccountPinAgain, "120488");
    world.next();
    assert_eq!(errors(&world), (Some(FieldError::PinObvious), None));
    world.type_into(Field::AccountPin, PIN);
    world.type_into(Field::AccountPinAgain, "274952");
    world.next();
    assert_eq!(errors(&world), (None, Some(FieldError::PinsDiffer)));
    assert!(world.view().keyboard.discreet);
    world.type_into(Field::AccountPinAgain, PIN);
    world.next();
    assert_eq!(world.screen(), "document_photo");
}

#[test]
fn the_document_photo_comes_from_a_drive() {
    let mut world = after(21);
    world.choose(Choice::DocumentPhotoFrom(PhotoSource::UsbDrive));
    let photo = |world: &World| match world.view().screen {
        Screen::DocumentPhoto(view) => view,
        other => panic!("{other:?}"),
    };
    let files = photo(&world).listing.expect("listed").files;
    assert_eq!(files[0].name, "card.jpg");
    world.answers = false;
    world.choose(Choice::PickFile(0));
    reply(&mut world, failed(Fault::FileTooLarge));
    assert_eq!(world.view().fault, Some(Fault::FileTooLarge));
    world.send(Event::Device(DeviceEvent::DriveRemoved { drive: DRIVE }));
    assert_eq!(world.view().fault, Some(Fault::UsbPulled));
    assert!(photo(&world).listing.is_none() && !photo(&world).drive_present);
    world.next();
    assert_eq!(world.view().fault, Some(Fault::UsbMissing));
    world.answers = true;
    world.send(Event::Device(DeviceEvent::DriveInserted {
        drive: DRIVE,
        label: LABEL.into(),
    }));
    world.choose(Choice::OpenFolder(0));
    world.choose(Choice::PickFile(0));
    assert!(photo(&world).taken.is_some());
    world.next();
    assert_eq!(world.screen(), "email");
}

#[test]
fn an_unusable_storage_cannot_be_chosen() {
    let mut world = after(25);
    world.choose(Choice::Storage(StorageType::AKKaztokenStore));
    let Screen::Storage { found, chosen, .. } = world.view().screen else {
        panic!();
    };
    assert_eq!(found[1].unusable, Some(StorageUnusable::NotInserted));
    assert_eq!(chosen, None);
    assert_eq!(label(&world), Some((PrimaryLabel::Continue, false)));
}

#[test]
fn a_folder_must_be_writable_and_one_that_cannot_be_listed_is_left() {
    let mut world = after(27);
    assert_eq!(world.screen(), "storage_location");
    world.answers = false;
    world.choose(Choice::OpenFolder(0));
    reply(&mut world, failed(Fault::UsbFailed));
    let shown = |world: &World| match world.view().screen {
        Screen::StorageLocation { listing, .. } => listing.map(|l| l.path),
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(&world), Some(vec![]), "still the root");
    world.choose(Choice::OpenFolder(1));
    assert!(world.waiting.is_empty(), "`..` is no folder");
    world.choose(Choice::OpenFolder(0));
    reply(
        &mut world,
        Reply::Folder(FolderListing {
            drive: DRIVE,
            path: vec!["Keys".into()],
            folders: Vec::new(),
            files: Vec::new(),
            free_bytes: 1 << 30,
            writable: false,
        }),
    );
    world.next();
    assert_eq!(world.view().fault, Some(Fault::UsbReadOnly));
    world.choose(Choice::FolderUp);
    assert_eq!(world.waiting.len(), 1);
}

#[test]
fn the_password_is_judged_while_it_is_typed() {
    let mut world = after(30);
    let password = |world: &World| match world.view().screen {
        Screen::KeyPassword(view) => view,
        other => panic!("{other:?}"),
    };
    world.touch(Touch::CapsLock(true));
    world.type_into(Field::KeyPassword, "QAZAқ");
    let view = password(&world);
    assert!(view.caps_lock);
    assert!(!view.rules.latin_only && !view.rules.length && view.rules.upper);
    world.touch(Touch::RevealCharacter { position: 4 });
    assert_eq!(password(&world).password.text, "••••қ");
    world.pass(Duration::from_secs(1));
    assert_eq!(password(&world).password.text, "•••••");
    world.next();
    assert_eq!(
        password(&world).password.error,
        Some(FieldError::PasswordRules)
    );
    erase(&mut world, 5);
    world.type_into(Field::KeyPassword, PASSWORD);
    world.type_into(Field::KeyPasswordAgain, "Dala2027");
    world.next();
    assert_eq!(
        password(&world).again.error,
        Some(FieldError::PasswordsDiffer)
    );
    erase(&mut world, 1);
    world.type_into(Field::KeyPasswordAgain, "6");
    world.touch(Touch::ChooseLanguage(Language::Ru));
    world.next();
    assert_eq!(world.screen(), "receipt");
}

#[test]
fn a_key_that_cannot_be_made_is_tried_again_or_left() {
    let mut world = after(31);
    world.answers = false;
    world.next();
    reply(&mut world, failed(Fault::UsbFull));
    assert_eq!(world.screen(), "issuing");
    assert_eq!(world.view().fault, Some(Fault::UsbFull));
    assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
    assert!(world.view().can_cancel && world.view().can_go_back);
    world.next();
    assert_eq!(world.waiting.len(), 1, "asked again");
    reply(&mut world, failed(Fault::UsbFull));
    world.touch(Touch::Back);
    world.touch(Touch::Back);
    assert_eq!(world.screen(), "review");
}

#[test]
fn a_certificate_that_cannot_be_installed_leaves_the_receipt() {
    let mut world = after(31);
    world.answers = false;
    world.next();
    reply(&mut world, Reply::Saved);
    let (session, request, _) = world.waiting[0].clone();
    world.send(Event::Progress {
        session,
        request,
        progress: Progress::Phase(IssuingPhase::Installing),
    });
    assert_eq!(
        label(&world),
        Some((PrimaryLabel::Finish, false)),
        "not half done"
    );
    reply(&mut world, failed(Fault::UsbPulled));
    assert_eq!(world.view().fault, Some(Fault::UsbPulled));
    world.choose(Choice::Retry);
    assert_eq!(world.waiting.len(), 1, "obtained again");
    reply(&mut world, Reply::ComeBack(ComeBackReason::Undecided));
    assert_eq!(world.screen(), "receipt");
}

#[test]
fn a_wrong_receipt_code_and_a_wrong_password_are_said_where_they_are_mended() {
    let mut world = World::new(true);
    world.touch(Touch::StartCollect);
    world.type_into(Field::ReceiptCode, "ABCDEFGHJKMN0");
    world.next();
    let Screen::CollectCode { code } = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(code.text, "ABCD-EFGH-JKMN0");
    assert_eq!(code.error, Some(FieldError::ReceiptCodeMistyped));
    erase(&mut world, 13);
    let right = exchange::ReceiptCode::from_random(&[7; 12]);
    world.type_into(Field::ReceiptCode, right.expose());
    world.answers = false;
    world.next();
    reply(&mut world, failed(Fault::ApplicationUnknown));
    assert_eq!(world.view().fault, Some(Fault::ApplicationUnknown));
    world.next();
    reply(
        &mut world,
        Reply::CollectOpened(CollectState::Ready {
            submission: submission(),
            subject_key_identifier: SKI.into(),
        }),
    );
    assert_eq!(world.screen(), "collect_storage");
    reply(&mut world, Reply::PendingKey(None));
    assert_eq!(label(&world), Some((PrimaryLabel::Retry, true)));
    world.answers = true;
    world.send(Event::Device(DeviceEvent::DriveInserted {
        drive: DRIVE,
        label: LABEL.into(),
    }));
    assert_eq!(label(&world), Some((PrimaryLabel::Continue, true)));
    world.next();
    world.answers = false;
    world.type_into(Field::KeyPassword, "Dala2O26");
    world.next();
    reply(&mut world, failed(Fault::KeyPasswordWrong));
    assert_eq!(world.screen(), "collect_password");
    assert_eq!(world.view().fault, Some(Fault::KeyPasswordWrong));
}

#[test]
fn what_the_office_decided_is_told() {
    let mut world = World::new(true);
    world.touch(Touch::StartCollect);
    let code = exchange::ReceiptCode::from_random(&[7; 12]);
    world.type_into(Field::ReceiptCode, code.expose());
    world.answers = false;
    world.next();
    reply(
        &mut world,
        Reply::CollectOpened(CollectState::Rejected {
            reason: "the photo shows another document".into(),
        }),
    );
    let Screen::CollectAnswer(answer) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert!(matches!(answer, CollectAnswer::Rejected { .. }));
    world.next();
    assert!(world.is_idle());
}

fn pause(world: &mut World, why: PauseReason, begins: bool) {
    world.send(Event::Pause { why, begins });
}

#[test]
fn an_update_that_is_over_leaves_the_kiosk_out_of_use_as_the_office_wants_it() {
    let mut world = after(0);
    for (first, second) in [
        (PauseReason::Office, PauseReason::Update),
        (PauseReason::Update, PauseReason::Office),
    ] {
        pause(&mut world, first, true);
        pause(&mut world, second, true);
        pause(&mut world, second, false);
        assert_eq!(world.screen(), "out_of_service", "{first:?} stands");
        pause(&mut world, first, false);
        assert_eq!(world.screen(), "welcome");
    }
}

#[test]
fn a_paused_kiosk_serves_the_citizen_it_has_to_the_end() {
    let mut world = after(5);
    pause(&mut world, PauseReason::Office, true);
    assert_eq!(world.screen(), "phone");
    world.touch(Touch::Cancel);
    assert_eq!(world.view().dialog, Some(Dialog::ConfirmCancel));
    world.touch(Touch::DismissDialog);
    assert_eq!(world.screen(), "phone", "asked, and nothing lost");
    world.touch(Touch::Cancel);
    world.touch(Touch::ConfirmCancel);
    assert_eq!(world.screen(), "out_of_service");
    world.touch(Touch::Start);
    assert!(world.is_idle());
    pause(&mut world, PauseReason::Office, false);
    assert_eq!(world.screen(), "welcome");
}
