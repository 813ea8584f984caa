//! What several tests need.
#![allow(dead_code, reason = "each test program uses some of it")]

pub mod piv;
pub mod strangers;
