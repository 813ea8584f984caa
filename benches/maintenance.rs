//! From a technician's card to the overview: <= 2 s, on a real kiosk at a real office.
//!
//! The card is a PIV card in software, in a reader in software on a serial line; the person who types the PIN takes no time. What
//! the card computes counts in full, the line at the speed of its driver.

#[allow(dead_code, reason = "the tests' own")]
#[path = "../tests/maintenance_entry/card.rs"]
mod card;
#[allow(dead_code, reason = "the tests' own")]
#[path = "../tests/faults_injected/office.rs"]
mod office;
#[path = "../tests/support/recording_screen.rs"]
mod recording_screen;
#[allow(dead_code, reason = "the tests' own")]
#[path = "../tests/maintenance_entry/stand.rs"]
mod stand;

use std::time::{Duration, Instant};

use kiosk::config::{TechniciansCard, TokenWriter};
use kiosk::maintenance::{Act, Do, Page};
use kiosk::session::event::Touch;
use virtual_reader::{InsertedCard, ReaderModel, VirtualSerialReader};

use card::PIV_PIN;
use stand::Stand;

const VISITS: usize = 15;
const LIMIT: Duration = Duration::from_secs(2);
/// A hand is slower than the look at the reader: a card must be seen to be out.
const OUT: Duration = Duration::from_secs(2);

fn main() {
    let mut stand = Stand::new();
    let writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    stand.config.token_writer = TokenWriter::Serial(writer.path().to_owned());
    stand.config.maintenance.card = TechniciansCard::Auto;
    let (piv, _) = card::piv(&stand.office);
    stand.start_with_list();
    stand.sees_welcome();

    let (mut to_pin, mut to_overview, mut both) = (vec![], vec![], vec![]);
    for _ in 0..VISITS {
        let put_in = Instant::now();
        let card = piv.clone();
        writer.insert(InsertedCard::reset_by(move || Box::new(card.insert())));
        stand.sees_page(Page::Pin);
        let asked = put_in.elapsed();
        let entered = Instant::now();
        stand.enters_pin(PIV_PIN);
        stand.sees_page(Page::Overview);
        let let_in = entered.elapsed();
        to_pin.push(asked);
        to_overview.push(let_in);
        both.push(asked + let_in);

        writer.take_out();
        stand.touch(Touch::Cancel);
        stand.sees_page(Page::WorkOrder);
        stand.act(Do::Act(Act::Leave));
        stand.sees_welcome();
        std::thread::sleep(OUT);
    }
    say("card in to the PIN's page", &mut to_pin);
    say("PIN to the overview", &mut to_overview);
    say(
        &format!("card in to the overview (<= {} s)", LIMIT.as_secs()),
        &mut both,
    );
}

fn say(what: &str, times: &mut [Duration]) {
    times.sort();
    let [least, median, most] =
        [0, times.len() / 2, times.len() - 1].map(|i| times[i].as_secs_f64());
    println!("{what:<44} {median:6.3} s (of {VISITS}: {least:.3} to {most:.3})");
}
