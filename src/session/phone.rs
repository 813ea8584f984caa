//! The phone: looked up in the Mobile Citizens Database, registered anew as a
//! request, or taken unproven when the office cannot be asked.

use exchange::{PhoneNumber, PhoneStanding};
use faults::Fault;

use super::asked::Asked;
use super::command::Request;
use super::event::{Choice, Field, Key, Now, Reply, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PhoneView, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct Phone {
    fields: Fields,
}

impl Default for Phone {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::Phone]),
        }
    }
}

/// Whether the office could not be reached, as against refusing.
pub(super) fn is_out_of_reach(fault: Fault) -> bool {
    matches!(fault, Fault::OfficeUnreachable | Fault::CaptivePortal)
}

/// Whether a number is typed here, not the registered one used.
fn typing(visit: &Visit) -> bool {
    let phone = &visit.answers.phone;
    phone.unreachable || (phone.looked_up && (phone.wants_new || phone.registered_masked.is_none()))
}

impl Phone {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        if !typing(visit) {
            return if visit.answers.phone.looked_up {
                Turn::Forward
            } else {
                Turn::Stay
            };
        }
        match PhoneNumber::parse(self.fields.text(Field::Phone)) {
            Ok(number) => {
                visit.answers.phone.standing = Some(if visit.answers.phone.unreachable {
                    PhoneStanding::Unproven { number }
                } else {
                    PhoneStanding::Requested { number }
                });
                Turn::Forward
            }
            Err(error) => {
                let error = match error {
                    exchange::PhoneError::NotMobile => FieldError::PhoneNotMobile,
                    _ => FieldError::Incomplete,
                };
                self.fields.refuse(Field::Phone, error);
                Turn::Stay
            }
        }
    }
}

impl Step for Phone {
    fn enter(&mut self, visit: &mut Visit) {
        let phone = &mut visit.answers.phone;
        if phone.looked_up {
            return;
        }
        phone.unreachable = !visit.around.link_up;
        let (Some(begun), Some(iin)) = (&visit.answers.begun, &visit.answers.iin) else {
            return;
        };
        if visit.around.link_up {
            let request = Request::LookUpPhone {
                submission: begun.submission,
                iin: iin.clone(),
            };
            visit.ask(request);
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Choose(Choice::RegisterNewPhone) => {
                visit.answers.phone.wants_new = true;
                return Turn::Stay;
            }
            Touch::Choose(Choice::UseRegisteredPhone) => {
                visit.answers.phone.wants_new = false;
                // The office did not answer a moment ago: tried once more.
                visit.answers.phone.unreachable &= !visit.answers.phone.looked_up;
                return Turn::Stay;
            }
            Touch::Next | Touch::Key(Key::Enter) => return self.submit(visit),
            _ => {}
        }
        if typing(visit) && self.fields.touch(touch, visit.now.boottime) == Typed::Done {
            return self.submit(visit);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::PhoneFound { registered_masked } = reply {
            let phone = &mut visit.answers.phone;
            phone.looked_up = true;
            phone.registered_masked.clone_from(registered_masked);
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        if is_out_of_reach(fault) {
            // Said by the screen itself, together with what to do: type the number.
            visit.forget_fault();
            visit.answers.phone.unreachable = true;
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        let phone = &visit.answers.phone;
        phone.standing.is_some() || phone.code_needed()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let phone = &visit.answers.phone;
        let typing = typing(visit);
        let screen = Screen::Phone(PhoneView {
            registered_masked: phone.registered_masked.clone(),
            registering: typing,
            offline: phone.unreachable,
            number: self.fields.view(Field::Phone, now.boottime),
        });
        let filled = self.fields.text(Field::Phone).len() >= 10;
        if phone.unreachable {
            Shown::new(screen, PrimaryLabel::Continue, filled).keyboard(KeyboardKind::Digits)
        } else if typing {
            Shown::new(screen, PrimaryLabel::SendRequest, filled).keyboard(KeyboardKind::Digits)
        } else if phone.proven() {
            Shown::new(screen, PrimaryLabel::Continue, true)
        } else {
            Shown::new(screen, PrimaryLabel::GetCode, phone.looked_up)
        }
    }
}
