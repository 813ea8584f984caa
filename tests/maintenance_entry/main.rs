//! The way into maintenance mode on a real kiosk at a real office: card, PIN, work order; and
//! everybody who is not let in.
#![cfg(feature = "simulated")]

mod card;
#[allow(dead_code, reason = "shared with the injected faults")]
#[path = "../faults_injected/office.rs"]
mod office;
mod pages;
#[path = "../support/recording_screen.rs"]
mod recording_screen;
#[path = "../support/software_tpm.rs"]
mod software_tpm;
mod stand;

use std::time::{Duration, Instant};

use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{KeyStorage, PivToken, PrivateKey, Token, certificate, placeholder};
use kiosk::config::{TechniciansCard, TokenWriter};
use kiosk::maintenance::{Act, Do, Outcome, Page, Refusal, Who};
use kiosk::session::event::{Field, Key, Touch};
use kiosk::session::view::{FieldError, Screen};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use virtual_reader::{InsertedCard, ReaderModel, VirtualSerialReader};
use virtual_token::PivCard;

use card::{Files, NAME, PIN, PIV_PIN};
use stand::Stand;

/// Of a person or a card that is looked at and left alone.
const A_WHILE: Duration = Duration::from_secs(3);

#[test]
fn a_piv_card_where_tokens_go_lets_its_technician_in() {
    let mut stand = Stand::new();
    let writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    stand.config.token_writer = TokenWriter::Serial(writer.path().to_owned());
    stand.config.maintenance.card = TechniciansCard::Auto;
    let (piv, serial) = card::piv(&stand.office);
    stand.start_with_list();
    stand.sees_welcome();

    let put_in = Instant::now();
    let card = piv.clone();
    writer.insert(InsertedCard::reset_by(move || Box::new(card.insert())));
    let asked = stand.sees_page(Page::Pin);
    let until_pin = put_in.elapsed();
    let Who::Technician { name, .. } = &asked.who else {
        panic!("{:?}", asked.who);
    };
    assert_eq!(name, NAME);

    stand.enters_pin("000000");
    let wrong = stand.sees("a wrong PIN", |view| {
        let Screen::Maintenance(view) = &view.screen else {
            return false;
        };
        view.fields.iter().any(|field| field.error.is_some()) && !view.working
    });
    let Screen::Maintenance(wrong) = wrong.screen else {
        unreachable!()
    };
    let told = FieldError::TokenPinWrong {
        tries_left: Some(2),
    };
    assert_eq!(wrong.fields[0].error, Some(told));

    let entered = Instant::now();
    stand.enters_pin(PIV_PIN);
    stand.sees(
        "the overview",
        |view| matches!(&view.screen, Screen::Maintenance(m) if m.page == Page::Overview),
    );
    let until_overview = entered.elapsed();
    println!("card to PIN {until_pin:?}, PIN to overview {until_overview:?}");
    let overview = stand.sees_page(Page::Overview);
    assert!(overview.rows.len() > 10, "{:?}", overview.rows);

    // The visit goes on without the card.
    writer.take_out();
    stand.act(Do::Act(Act::LookAgain));
    stand.sees_page(Page::Overview);
    stand.touch(Touch::Cancel);
    stand.sees_page(Page::WorkOrder);
    stand.act(Do::Toggle(exchange::work_order::Action::Cleaned));
    stand.act(Do::Act(Act::Leave));
    stand.sees_welcome();
    let order = stand.office_has_work_order();
    assert_eq!(order["technician"], serial);
    assert_eq!(order["done"][0]["action"], "cleaned");
    assert!(!order["before"]["aspects"].as_array().unwrap().is_empty());
    assert!(!stand.config.data_dir.join("open-work-order.json").exists());
}

#[test]
fn wrong_pins_block_the_card() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.start_with_list();
    card.put_in();
    for left in [2, 1] {
        stand.sees_page(Page::Pin);
        stand.enters_pin("000000");
        stand.sees(&format!("{left} tries left"), |view| {
            let Screen::Maintenance(view) = &view.screen else {
                return false;
            };
            let told = FieldError::TokenPinWrong {
                tries_left: Some(left),
            };
            !view.working && view.fields.iter().any(|f| f.error == Some(told))
        });
    }
    stand.enters_pin("000000");
    refused(&stand, Refusal::PinBlocked);
    // Put in again, with the right PIN: it is not even asked for.
    card.take_out();
    stand.sees_welcome();
    card.put_in();
    refused(&stand, Refusal::PinBlocked);
    stand.enters_pin(PIN);
    nobody_entered(&stand);
}

#[test]
fn whom_the_office_revoked_is_refused() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.office.run(&["technician", "revoke", &card.serial]);
    stand.start_with_list();
    card.put_in();
    refused(&stand, Refusal::CardRevoked);
    nobody_entered(&stand);
}

#[test]
fn an_ended_certificate_is_refused() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    let pem = std::fs::read_to_string(&card.certificate).unwrap();
    std::fs::write(&card.certificate, card::expired(&stand.office, &pem)).unwrap();
    stand.start_with_list();
    card.put_in();
    refused(&stand, Refusal::CardExpired);
    nobody_entered(&stand);
}

#[test]
fn without_a_list_nobody_is_let_in() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.office.stop();
    stand.start();
    card.put_in();
    refused(&stand, Refusal::ListTooOld);
    nobody_entered(&stand);
}

#[test]
fn another_offices_technician_is_a_stranger() {
    let mut stand = Stand::new();
    let other = Stand::unknown();
    let (key, pem) = card::technician(&other.office);
    let card = Files::holding(&key, &pem, &mut stand);
    stand.start_with_list();
    card.put_in();
    is_left_alone(&stand);
}

#[test]
fn a_key_with_its_own_certificate_is_a_stranger() {
    let mut stand = Stand::new();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let sign = |message: &[u8]| key.sign(message).map_err(keystore::StorageError::Key);
    let own = placeholder::certificate(key.public(), sign).unwrap();
    let card = Files::holding(&key, &certificate::to_pem(&own).unwrap(), &mut stand);
    stand.start_with_list();
    card.put_in();
    is_left_alone(&stand);
}

/// The place is the citizens', too: nothing is shown, and whoever stands there is served.
#[test]
fn a_citizens_token_shows_nothing() {
    let mut stand = Stand::new();
    let writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    stand.config.token_writer = TokenWriter::Serial(writer.path().to_owned());
    stand.config.maintenance.card = TechniciansCard::Same;
    let card = PivCard::fresh();
    let pin = Secret::from(PIV_PIN);
    let mut token = PivToken::new(card.insert(), StorageType::Piv);
    token.change_pin(&Secret::from("123456"), &pin).unwrap();
    token.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
    stand.start_with_list();
    stand.sees_welcome();
    writer.insert(InsertedCard::reset_by(move || Box::new(card.insert())));
    is_left_alone(&stand);
    stand.touch(Touch::Start);
    stand.sees("consent", |view| {
        matches!(view.screen, Screen::Consent { .. })
    });
    assert!(stand.maintenance_views().is_empty());
}

#[test]
fn random_touches_never_get_in() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.config.maintenance.pin_idle_seconds = 900;
    stand.start_with_list();
    let touches = proptest::collection::vec(any_touch(), 400..500);
    let mut runner = TestRunner::deterministic();
    for _ in 0..5 {
        card.put_in();
        // Its PIN is asked for, until it is blocked.
        stand.sees("the card", |view| {
            matches!(view.screen, Screen::Maintenance(_))
        });
        for touch in touches.new_tree(&mut runner).unwrap().current() {
            stand.touch(touch);
        }
        card.take_out();
        stand.sees("the end of it", |view| {
            !matches!(view.screen, Screen::Maintenance(_))
        });
    }
    nobody_entered(&stand);
}

#[test]
fn who_goes_away_leaves_a_work_order() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.config.maintenance.idle_seconds = 2;
    stand.config.maintenance.idle_warning_seconds = 2;
    stand.start_with_list();
    enter(&stand, &card);
    // Nobody touches anything.
    stand.sees_welcome();
    let order = stand.office_has_work_order();
    assert_eq!(order["technician"], card.serial);
}

/// Cut in the middle of a visit: the next start tells of it.
#[test]
fn a_power_cut_leaves_a_work_order() {
    let mut stand = Stand::new();
    let card = Files::of(&mut stand);
    stand.start_with_list();
    enter(&stand, &card);
    let open = stand.config.data_dir.join("open-work-order.json");
    stand.until("a work order is open", |_| open.exists());
    stand.stop();
    assert_eq!(stand.work_orders(), Vec::<serde_json::Value>::new());
    card.take_out();
    stand.start();
    let order = stand.office_has_work_order();
    assert_eq!(order["technician"], card.serial);
    stand.until("none is open", |_| !open.exists());
}

fn enter(stand: &Stand, card: &Files) {
    card.put_in();
    stand.sees_page(Page::Pin);
    stand.enters_pin(PIN);
    stand.sees_page(Page::Overview);
}

fn refused(stand: &Stand, refusal: Refusal) {
    let view = stand.sees_page(Page::Refused);
    assert_eq!(view.outcome, Some(Outcome::Refused(refusal)));
    assert_eq!((view.acts, view.doors), (Vec::new(), Vec::new()));
}

/// The citizens' screen stays.
fn is_left_alone(stand: &Stand) {
    stand.sees_welcome();
    std::thread::sleep(A_WHILE);
    stand.sees_welcome();
    assert!(stand.maintenance_views().is_empty());
}

fn nobody_entered(stand: &Stand) {
    let views = stand.maintenance_views();
    let outside = |page| matches!(page, Page::Pin | Page::Refused);
    assert!(views.iter().all(|view| outside(view.page)));
    assert_eq!(stand.work_orders(), Vec::<serde_json::Value>::new());
}

/// Of everything that can be touched, without the right PIN.
fn any_touch() -> impl Strategy<Value = Touch> {
    let page = proptest::sample::select(Page::ALL);
    let act = proptest::sample::select(Act::ALL);
    prop_oneof![
        3 => proptest::sample::select(vec!['0', '9', 'a', 'Ә', ' ']).prop_map(|c| Touch::Key(Key::Char(c))),
        1 => Just(Touch::Key(Key::Enter)),
        1 => Just(Touch::Key(Key::Backspace)),
        2 => page.prop_map(|page| Touch::Maintain(Do::Open(page))),
        2 => act.prop_map(|act| Touch::Maintain(Do::Act(act))),
        1 => (0_usize..20).prop_map(|row| Touch::Maintain(Do::Row(row))),
        1 => Just(Touch::Maintain(Do::SetUp)),
        1 => Just(Touch::Focus(Field::TechnicianPin)),
        1 => Just(Touch::Focus(Field::ProvisioningToken)),
        1 => Just(Touch::Help),
        1 => Just(Touch::DismissDialog),
    ]
}
