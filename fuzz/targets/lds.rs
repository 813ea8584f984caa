//! EF.COM and the data groups, each by the parser of its tag and by all others.

#![no_main]

use chip::lds::{com::Com, dg1::Dg1, dg2::Dg2, dg11::Dg11, dg12::Dg12};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Com::parse(data);
    let _ = Dg1::parse(data);
    let _ = Dg2::parse(data);
    let _ = Dg11::parse(data);
    let _ = Dg12::parse(data);
});
