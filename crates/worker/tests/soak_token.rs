//! PIV cards enrolled through a real worker, 20 in a reader of a real pcscd and 20 in the
//! serial writer, each cut at a random APDU: the card pulled, the worker killed, pcscd
//! killed or the writer unplugged. Presented again, each ends with a good certificate.
//! Some minutes: `cargo xtask soak token`.
//!
//! Arguments: `--rounds N` (40), `--seed N`.

mod cuts;
mod kiosk;
mod soak;
#[path = "../../keystore/tests/test_authority/mod.rs"]
mod test_authority;

use std::process::ExitCode;
use std::time::Instant;

use cuts::{Stand, rounds};
use soak::{Random, argument};
use virtual_card::program_apart_without_documents;

fn main() -> ExitCode {
    let count = u32::try_from(argument("--rounds").unwrap_or(40)).expect("rounds");
    let seed = argument("--seed").unwrap_or_else(soak::any_seed);
    // Built while there is still a network.
    virtual_token::program();
    program_apart_without_documents(|| {
        println!("{count} rounds, --seed {seed}");
        let begun = Instant::now();
        let mut random = Random::new(seed);
        let half = count / 2;
        let failures = rounds(&mut Stand::pcsc(), half, &mut random)
            + rounds(&mut Stand::serial(), count - half, &mut random);
        println!("{failures} failed; {:.0?}", begun.elapsed());
        if failures == 0 && count > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    })
}
