//! Coming back: the receipt code, and what the office says to it.

use exchange::ReceiptCode;
use faults::Fault;

use super::command::Request;
use super::event::{CollectState, Field, Key, KeyboardLayout, Now, Reply, StepName, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{CollectAnswer, FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct CollectCode {
    fields: Fields,
}

impl Default for CollectCode {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::ReceiptCode]),
        }
    }
}

/// Notes what the office answered to the receipt code; `at`: the step that asked.
pub(super) fn opened(state: &CollectState, at: StepName, visit: &mut Visit) -> Turn {
    let collect = &mut visit.answers.collect;
    collect.answer = match state {
        CollectState::PhoneCodeNeeded { submission } => {
            if at == StepName::CollectPhoneCode {
                // The code was right and yet it is asked for again.
                visit.fault = Some(Fault::OfficeRefused);
                return Turn::Stay;
            }
            collect.submission = Some(*submission);
            collect.code_needed = true;
            return Turn::Forward;
        }
        CollectState::Ready {
            submission,
            subject_key_identifier,
        } => {
            collect.submission = Some(*submission);
            collect.code_needed = false;
            collect.subject_key_identifier = Some(subject_key_identifier.clone());
            return Turn::Forward;
        }
        CollectState::KeyWanted {
            submission,
            storage,
        } => {
            collect.submission = Some(*submission);
            collect.code_needed = false;
            collect.key_wanted = Some(*storage);
            return Turn::Forward;
        }
        CollectState::Undecided => Some(CollectAnswer::Undecided),
        CollectState::Rejected { reason } => Some(CollectAnswer::Rejected {
            reason: reason.clone(),
        }),
        CollectState::AskAgain { what } => Some(CollectAnswer::AskAgain { what: what.clone() }),
    };
    if at == StepName::CollectCode {
        Turn::Stay
    } else {
        Turn::To(StepName::CollectCode)
    }
}

impl CollectCode {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        match ReceiptCode::parse(self.fields.text(Field::ReceiptCode)) {
            Ok(receipt_code) => {
                visit.answers.collect.receipt_code = Some(receipt_code.clone());
                visit.ask(Request::OpenCollect { receipt_code });
            }
            Err(error) => {
                let error = match error {
                    exchange::ReceiptCodeError::Length => FieldError::Incomplete,
                    exchange::ReceiptCodeError::Mistyped => FieldError::ReceiptCodeMistyped,
                };
                self.fields.refuse(Field::ReceiptCode, error);
            }
        }
        Turn::Stay
    }
}

impl Step for CollectCode {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = KeyboardLayout::Latin;
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if visit.answers.collect.answer.is_some() {
            return match touch {
                Touch::Next | Touch::Key(Key::Enter) => Turn::End,
                _ => Turn::Stay,
            };
        }
        if *touch == Touch::Next || self.fields.touch(touch, visit.now.boottime) == Typed::Done {
            return self.submit(visit);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::CollectOpened(state) => opened(state, StepName::CollectCode, visit),
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.collect.submission.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        if let Some(answer) = &visit.answers.collect.answer {
            let screen = Screen::CollectAnswer(answer.clone());
            return Shown::new(screen, PrimaryLabel::Finish, true).without_back();
        }
        let screen = Screen::CollectCode {
            code: self.fields.view(Field::ReceiptCode, now.boottime),
        };
        Shown::new(screen, PrimaryLabel::Continue, self.fields.all_full())
            .keyboard(KeyboardKind::Full)
            .without_back()
    }
}
