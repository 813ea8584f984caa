//! Whole visits as lists of events.

use std::time::Duration;

use exchange::{Form, IinComparison, Language, PhoneStanding, ReadBy, StorageType};
use faults::Fault;
use kiosk::session::command::{Action, Command, Request};
use kiosk::session::event::*;
use kiosk::session::view::{Dialog, DocumentPhase, FieldError, Outcome, PrimaryLabel, Screen};

use crate::world::*;

fn forms(world: &World) -> Vec<Form> {
    let submitted = world.commands.iter().filter_map(|c| match c {
        Command::Ask {
            what: Request::Submit { form, .. },
            ..
        } => Some((**form).clone()),
        _ => None,
    });
    submitted.collect()
}

fn ends(world: &World) -> usize {
    let end = |c: &&Command| matches!(c, Command::Do(Action::EndSession { .. }));
    world.commands.iter().filter(end).count()
}

fn walk(world: &mut World, acts: std::ops::Range<usize>) {
    for n in acts {
        assert!(world.act(n));
    }
}

#[test]
fn a_citizen_online_gets_a_certificate() {
    let mut world = World::new(true);
    let mut seen = vec![world.screen()];
    for n in 0..ACTS {
        world.act(n);
        if seen.last() != Some(&world.screen()) {
            seen.push(world.screen());
        }
    }
    assert_eq!(
        seen,
        [
            "welcome",
            "consent",
            "identity_number",
            "phone",
            "phone_code",
            "document",
            "selfie",
            "liveness",
            "account_pin",
            "document_photo",
            "email",
            "storage",
            "storage_location",
            "review",
            "key_password",
            "receipt"
        ]
    );
    let Screen::Receipt(receipt) = world.view().screen else {
        panic!("no receipt");
    };
    assert!(matches!(receipt.outcome, Outcome::Installed { .. }));
    let forms = forms(&world);
    let form = &forms[0];
    assert_eq!(forms.len(), 1);
    assert_eq!(receipt.receipt_code, Some(form.receipt_code.grouped()));
    assert_eq!(form.iin.expose(), IIN);
    assert_eq!(form.email.expose(), EMAIL);
    assert_eq!(form.storage, StorageType::Pkcs12);
    assert_eq!(form.document.read_by, ReadBy::Chip);
    assert_eq!(form.document.iin, IinComparison::Same);
    assert_eq!(form.document.holder.surname(), NATIONAL[0]);
    assert!(matches!(&form.phone, PhoneStanding::Proven { proof } if proof == "office proof"));
    world.next();
    assert!(world.is_idle());
    assert_eq!(ends(&world), 1);
    assert!(matches!(
        world.commands.last(),
        Some(Command::Do(Action::EndSession { .. }))
    ));
}

#[test]
fn a_citizen_offline_leaves_with_a_code() {
    let mut world = World::new(false);
    walk(&mut world, 0..ACTS);
    let Screen::Receipt(receipt) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert_eq!(receipt.outcome, Outcome::ComeBack(ComeBackReason::Offline));
    assert!(receipt.receipt_code.is_some());
    assert!(matches!(
        forms(&world)[0].phone,
        PhoneStanding::Unproven { .. }
    ));
    // Nobody touches it: the receipt goes by itself.
    world.pass(Duration::from_secs(121));
    assert!(world.is_idle());
    assert_eq!(ends(&world), 1);
}

#[test]
fn a_number_that_is_not_registered_becomes_a_request() {
    let mut world = World::new(true);
    world.registered = None;
    walk(&mut world, 0..ACTS);
    assert!(matches!(
        &forms(&world)[0].phone,
        PhoneStanding::Requested { number } if number.expose() == "+77015551234"
    ));
    let waited = |c: &Command| {
        matches!(
            c,
            Command::Ask {
                what: Request::Obtain { wait: true, .. },
                ..
            }
        )
    };
    assert!(
        !world.commands.iter().any(waited),
        "an operator decides first"
    );
}

#[test]
fn the_citizen_comes_back_with_the_code() {
    let mut offline = World::new(false);
    walk(&mut offline, 0..ACTS);
    let code = forms(&offline)[0].receipt_code.clone();

    let mut world = World::new(true);
    world.touch(Touch::StartCollect);
    world.type_into(Field::ReceiptCode, &code.expose().to_lowercase());
    world.next();
    assert_eq!(world.screen(), "collect_phone_code");
    world.type_into(Field::PhoneCode, "111111");
    world.next();
    let Screen::CollectPhoneCode(view) = world.view().screen else {
        panic!();
    };
    assert_eq!(
        view.code.error,
        Some(FieldError::CodeWrong { tries_left: 9 })
    );
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    assert_eq!(world.screen(), "collect_storage");
    world.next();
    world.type_into(Field::KeyPassword, PASSWORD);
    world.next();
    let Screen::Collected(receipt) = world.view().screen else {
        panic!("{}", world.screen());
    };
    assert!(matches!(receipt.outcome, Outcome::Installed { .. }));
    world.next();
    assert!(world.is_idle());
}

#[test]
fn nobody_begins_before_the_camera_was_seen() {
    let mut world = World::new(true);
    world.send(Event::Device(DeviceEvent::Raised(Fault::CameraMissing)));
    world.touch(Touch::Start);
    let Screen::Welcome {
        can_apply,
        can_collect,
        can_renew,
        can_revoke,
        cannot,
    } = world.view().screen
    else {
        panic!();
    };
    assert!(!can_apply && can_collect && can_renew && can_revoke);
    assert_eq!(cannot, [Fault::CameraMissing]);
    world.send(Event::Device(DeviceEvent::Raised(Fault::SealingImpossible)));
    world.touch(Touch::StartCollect);
    assert_eq!(world.screen(), "out_of_service");
}

#[test]
fn back_and_another_language_lose_nothing() {
    let mut world = World::new(true);
    walk(&mut world, 0..12);
    for _ in 0..3 {
        world.touch(Touch::Back);
        world.touch(Touch::ChooseLanguage(Language::En));
    }
    assert_eq!(world.screen(), "consent");
    assert_eq!(world.view().language, Language::En);
    for screen in ["identity_number", "phone", "document", "selfie"] {
        world.next();
        assert_eq!(world.screen(), screen);
    }
}

#[test]
fn an_answer_is_changed_from_review() {
    let mut world = World::new(true);
    walk(&mut world, 0..29);
    assert_eq!(world.screen(), "review");
    world.choose(Choice::Edit(StepName::Email));
    for _ in 0.."gmail.com".len() {
        world.touch(Touch::Key(Key::Backspace));
    }
    world.type_into(Field::Email, "gmial.com");
    world.next();
    let Screen::Email { suggestion, .. } = world.view().screen else {
        panic!();
    };
    assert_eq!(suggestion.as_deref(), Some("a.akhmetova@gmail.com"));
    world.choose(Choice::KeepAsTyped);
    assert_eq!(world.screen(), "review");
    // Another IIN: the phone and the document are asked again, nothing else.
    world.choose(Choice::Edit(StepName::IdentityNumber));
    for _ in 0..12 {
        world.touch(Touch::Key(Key::Backspace));
    }
    world.type_into(Field::IdentityNumber, "900101300811");
    world.next();
    assert_eq!(world.screen(), "phone");
    world.next();
    world.type_into(Field::PhoneCode, CODE);
    world.next();
    assert_eq!(world.screen(), "document");
    let Screen::Document(view) = world.view().screen else {
        panic!();
    };
    let DocumentPhase::Confirm(found) = view.phase else {
        panic!("{:?}", view.phase);
    };
    assert_eq!(found.refused, Some(Fault::DocumentOfAnother));
    world.touch(Touch::Back);
    assert_eq!(world.screen(), "review");
    world.next();
    assert_eq!(world.screen(), "document", "not without a document");
}

#[test]
fn three_failed_videos_block_for_a_quarter_of_an_hour() {
    let mut world = World::new(true);
    walk(&mut world, 0..15);
    assert_eq!(world.screen(), "liveness");
    world.answers = false;
    for _ in 0..3 {
        world.next();
        let (session, request, _) = world.waiting.pop_front().expect("a recording");
        world.send(Event::Reply {
            session,
            request,
            reply: Reply::RecordingFailed,
        });
    }
    world.next();
    assert!(world.waiting.is_empty(), "blocked");
    assert_eq!(world.view().fault, Some(Fault::LivenessBlocked));
    let Screen::Liveness(view) = world.view().screen else {
        panic!();
    };
    assert_eq!(view.blocked_for_seconds, 900);
    for _ in 0..15 {
        world.touch(Touch::StillHere);
        world.pass(Duration::from_secs(60));
    }
    world.touch(Touch::StillHere);
    world.next();
    assert_eq!(world.waiting.len(), 1, "free again");
}

#[test]
fn a_forgotten_pin_is_chosen_anew() {
    let mut world = World::new(true);
    walk(&mut world, 0..19);
    for left in [Some(2), Some(1), None] {
        assert_eq!(world.screen(), "document_photo");
        world.type_into(Field::CabinetPin, "730284");
        world.next();
        if let (Some(tries_left), Screen::DocumentPhoto(view)) = (left, world.view().screen) {
            let error = view.cabinet_pin.expect("closed").error;
            assert_eq!(error, Some(FieldError::PinWrong { tries_left }));
        }
    }
    assert_eq!(world.screen(), "account_pin");
}

#[test]
fn the_drive_is_pulled_and_comes_back_under_another_id() {
    let mut world = World::new(true);
    walk(&mut world, 0..31);
    assert_eq!(world.screen(), "key_password");
    world.send(Event::Device(DeviceEvent::DriveRemoved { drive: DRIVE }));
    world.next();
    assert_eq!(world.view().fault, Some(Fault::UsbMissing));
    world.send(Event::Device(DeviceEvent::DriveInserted {
        drive: DriveId(7),
        label: LABEL.to_owned(),
    }));
    world.next();
    assert_eq!(world.screen(), "receipt");
    let to = world.commands.iter().find_map(|c| match c {
        Command::Ask {
            what: Request::Submit { location, .. },
            ..
        } => Some(location.clone()),
        _ => None,
    });
    let to = to.expect("submitted");
    assert_eq!(to.drive, Some(DriveId(7)));
    assert_eq!(to.path, ["Keys"]);
}

#[test]
fn whoever_walks_away_is_warned_then_wiped() {
    let mut world = World::new(true);
    walk(&mut world, 0..4);
    world.pass(Duration::from_secs(91));
    assert_eq!(
        world.view().dialog,
        Some(Dialog::IdleWarning { seconds_left: 29 })
    );
    world.touch(Touch::StillHere);
    assert_eq!(world.view().dialog, None);
    assert_eq!(world.screen(), "identity_number");
    world.pass(Duration::from_secs(3600));
    assert!(world.is_idle(), "a long sleep shows nothing to the next");
    assert_eq!(ends(&world), 1);
    assert_eq!(world.view().language, Language::Kk);
}

#[test]
fn a_reply_that_never_comes_ends_in_a_way_out() {
    let mut world = World::new(true);
    walk(&mut world, 0..4);
    world.answers = false;
    world.next();
    assert!(world.view().busy.is_some());
    world.pass(Duration::from_secs(30));
    assert_eq!(world.view().dialog, None, "no hurry while the office works");
    world.pass(Duration::from_secs(30));
    assert!(world.waiting.is_empty(), "abandoned");
    let view = world.view();
    assert!(matches!(&view.screen, Screen::Phone(phone) if phone.offline));
    assert_eq!(view.primary.map(|p| p.label), Some(PrimaryLabel::Continue));
}

#[test]
fn saved_can_only_be_left_with_the_receipt() {
    let mut world = World::new(true);
    walk(&mut world, 0..31);
    world.answers = false;
    world.next();
    assert!(!world.view().can_cancel, "the key is being made");
    assert_eq!(world.view().primary, None);
    world.next();
    let (_, first, _) = world.waiting[0];
    assert_eq!(world.waiting.len(), 1, "not asked twice");
    world.pass(Duration::from_secs(179));
    assert_eq!(world.waiting[0].1, first);
    let (session, request, what) = world.waiting.pop_front().expect("submitted");
    let reply = world.right(&what);
    world.send(Event::Reply {
        session,
        request,
        reply,
    });
    world.touch(Touch::Cancel);
    world.touch(Touch::ConfirmCancel);
    assert_eq!(world.screen(), "issuing");
    let view = world.view();
    assert_eq!(
        view.primary.map(|p| (p.label, p.enabled)),
        Some((PrimaryLabel::Finish, true))
    );
    world.next();
    let Screen::Receipt(receipt) = world.view().screen else {
        panic!();
    };
    assert!(receipt.receipt_code.is_some());
    assert!(world.waiting.is_empty(), "abandoned");
}

#[test]
fn a_key_that_is_never_ready_is_given_up() {
    let mut world = World::new(true);
    walk(&mut world, 0..31);
    world.answers = false;
    world.next();
    world.pass(Duration::from_secs(180));
    assert!(world.waiting.is_empty(), "abandoned");
    assert_eq!(world.view().fault, Some(Fault::KeyGenerationFailed));
    world.touch(Touch::Cancel);
    world.touch(Touch::ConfirmCancel);
    assert!(world.is_idle());
}

#[test]
fn language_and_letter_size_go_with_the_citizen() {
    let mut world = World::new(true);
    let untouched = world.view();
    world.touch(Touch::ChooseLanguage(Language::En));
    world.touch(Touch::SetTextSize(TextSize::Percent200));
    world.touch(Touch::Start);
    assert_eq!(world.view().language, Language::En);
    assert_eq!(world.view().text_size, TextSize::Percent200);
    world.touch(Touch::SetHighContrast(true));
    world.touch(Touch::Cancel);
    world.touch(Touch::ConfirmCancel);
    assert_eq!(world.view(), untouched);
    // Also of whoever only looked.
    world.touch(Touch::ChooseLanguage(Language::Ru));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.view(), untouched);
}
