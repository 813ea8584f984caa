//! The content of each page, as functions from data to HTML.

pub mod alarms;
pub mod application;
pub mod applications;
mod certificates;
mod checks;
mod document;
pub mod kiosk;
pub mod kiosks;
pub mod messages;
pub mod sign_in;

use maud::{Markup, html};

use super::shell::{Sign, sign};
use super::words::Words;
use crate::db::submissions::SubmissionState;

/// A state in a coloured pill, in words. `collected`: the certificate lies with the citizen.
fn state_tag(words: &Words, state: SubmissionState, collected: bool) -> Markup {
    let (class, icon, text) = match state {
        SubmissionState::Received => ("tag", Sign::Wait, words.state_received),
        SubmissionState::Open => ("tag wait", Sign::Wait, words.state_open),
        SubmissionState::Approved if collected => ("tag good", Sign::Good, words.state_collected),
        SubmissionState::Approved => ("tag good", Sign::Good, words.state_approved),
        SubmissionState::Rejected => ("tag bad", Sign::Bad, words.state_rejected),
        SubmissionState::AskAgain => ("tag wait", Sign::Judge, words.state_ask_again),
    };
    html! { span class=(class) { (sign(icon)) (text) } }
}
