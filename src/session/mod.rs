//! One citizen's visit as a pure state machine: events in, commands and a view out.
//!
//! Here: everything known about the citizen, and every decision about what comes
//! next. Not here: I/O, clocks, randomness (they arrive as events), pixels, keys
//! and pictures (they are handles).

pub mod command;
pub mod event;
pub mod view;
