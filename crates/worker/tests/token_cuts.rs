//! A sample of `soak_token`: cuts that are the same in each run.

mod cuts;
mod kiosk;
mod soak;
#[path = "../../keystore/tests/test_authority/mod.rs"]
mod test_authority;

use cuts::{Stand, rounds};
use soak::Random;
use virtual_card::apart_without_documents;

const SEED: u64 = 9;

#[test]
fn an_enrolment_by_the_card_service_is_gone_on_with() {
    // Built while there is still a network.
    virtual_token::program();
    let test = "an_enrolment_by_the_card_service_is_gone_on_with";
    apart_without_documents(test, || {
        assert_eq!(rounds(&mut Stand::pcsc(), 2, &mut Random::new(SEED)), 0);
    });
}

/// Apart too, as it kills all workers that this program started.
#[test]
fn an_enrolment_in_the_serial_writer_is_gone_on_with() {
    virtual_token::program();
    let test = "an_enrolment_in_the_serial_writer_is_gone_on_with";
    apart_without_documents(test, || {
        assert_eq!(rounds(&mut Stand::serial(), 2, &mut Random::new(SEED)), 0);
    });
}
