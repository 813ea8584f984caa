//! The PIN of a token or card: asked for, changed where it is the one the token
//! came with, set anew by the PUK where it is blocked.
//!
//! Wrong PINs are counted by the token. How many are left is asked of it before
//! each try, so that the last one is warned of before it is used.

mod rules;

use exchange::{Secret, StorageType};
use faults::Fault;

use super::asked::Asked;
use super::command::Request;
use super::entry::Entry;
use super::event::{
    Choice, DeviceEvent, Field, Key, KeyboardLayout, Now, PukSeen, Reply, StepName, TokenSeen,
    Touch,
};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PrimaryLabel, Screen, TokenPinPhase, TokenPinView};
use super::visit::Visit;
use rules::{factory_pin, has_digits_only, is_final};

pub(super) struct TokenPin {
    purpose: PinFor,
    /// At collection: the office waits for a key that is made now.
    wanted: bool,
    kind: StorageType,
    seen: Option<TokenSeen>,
    phase: Phase,
    fields: Fields,
    /// Refused by the token; said by the field once it has told the tries left.
    wrong: Option<Field>,
    /// It said that the PIN is blocked; not every token counts tries.
    blocked: bool,
}

/// What the key behind the PIN is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinFor {
    /// It is made next.
    Making,
    /// It is there and gets its certificate, or is made where the office waits for it.
    Collecting,
    /// It is there with its certificate, and signs for a new one.
    Renewing,
}

enum Phase {
    Insert,
    Look,
    Enter,
    /// `old`: right, and known to everybody.
    Change {
        old: Secret,
    },
    Unblock,
    /// Both are set; the PUK is shown until the person goes on.
    NewPuk {
        pin: Secret,
        puk: Secret,
    },
    /// The PIN is right, and the key that is made next erases those that are there.
    Erases {
        pin: Secret,
    },
    /// The PIN is right, and there is no room.
    Occupied {
        pin: Secret,
        chosen: Option<usize>,
    },
    Refused(Fault),
}

impl TokenPin {
    pub fn for_new_key() -> Self {
        Self::new(PinFor::Making)
    }

    pub fn for_collecting() -> Self {
        Self::new(PinFor::Collecting)
    }

    pub fn for_renewing() -> Self {
        Self::new(PinFor::Renewing)
    }

    fn new(purpose: PinFor) -> Self {
        Self {
            purpose,
            wanted: false,
            kind: StorageType::Piv,
            seen: None,
            phase: Phase::Look,
            fields: Fields::of(&[]),
            wrong: None,
            blocked: false,
        }
    }

    fn is_making(&self) -> bool {
        self.purpose == PinFor::Making || self.wanted
    }

    /// Where the right PIN goes.
    fn answer<'a>(&self, visit: &'a mut Visit) -> &'a mut Option<Secret> {
        match (self.purpose, &mut visit.answers.renewal) {
            (PinFor::Renewing, Some(renewal)) => &mut renewal.secret,
            _ => &mut visit.answers.key_password,
        }
    }

    /// Nothing typed and nothing seen is left.
    fn forget(&mut self) {
        *self = Self {
            kind: self.kind,
            wanted: self.wanted,
            ..Self::new(self.purpose)
        };
    }

    /// From the beginning, with whatever token is in now.
    fn begin(&mut self, visit: &mut Visit) {
        self.forget();
        self.look(visit);
    }

    fn look(&mut self, visit: &mut Visit) {
        visit.ask(Request::LookAtToken { kind: self.kind });
    }

    fn entry(&self, field: Field) -> Entry {
        let entry = Entry::with_length(field, rules::longest(self.kind, field));
        match has_digits_only(self.kind) {
            true => entry.of_digits(),
            false => entry,
        }
    }

    fn turn_to(&mut self, phase: Phase) {
        let fields: &[Field] = match phase {
            Phase::Insert
            | Phase::Look
            | Phase::NewPuk { .. }
            | Phase::Erases { .. }
            | Phase::Occupied { .. }
            | Phase::Refused(_) => &[],
            Phase::Enter => &[Field::TokenPin],
            Phase::Change { .. } => &[Field::NewTokenPin, Field::NewTokenPinAgain],
            Phase::Unblock => &[Field::Puk, Field::NewTokenPin, Field::NewTokenPinAgain],
        };
        let entries = fields.iter().map(|&field| self.entry(field));
        self.fields = Fields::from_entries(entries.collect());
        self.phase = phase;
    }

    fn insert(&mut self, fault: Fault, visit: &mut Visit) {
        self.forget();
        self.turn_to(Phase::Insert);
        // With it the request goes, and the PIN in it.
        visit.forget_fault();
        visit.fault = Some(fault);
    }

    fn refuse(&mut self, fault: Fault, visit: &mut Visit) {
        self.turn_to(Phase::Refused(fault));
        visit.forget_fault();
        visit.fault = Some(fault);
    }

    fn take(&mut self, seen: &TokenSeen, visit: &mut Visit) {
        if seen.kind != self.kind {
            self.insert(Fault::TokenMissing, visit);
            return;
        }
        let blocked = self.blocked || seen.pin_tries == Some(0);
        let puk = seen.puk;
        self.seen = Some(seen.clone());
        let can_make = seen.has_room || seen.generation_erases || !seen.taken.is_empty();
        if self.is_making() && !can_make {
            return self.refuse(Fault::TokenFull, visit);
        }
        match puk {
            _ if !blocked => {
                if !matches!(self.phase, Phase::Enter) {
                    self.turn_to(Phase::Enter);
                }
            }
            None => return self.refuse(Fault::TokenPinBlocked, visit),
            Some(PukSeen { tries: Some(0) }) => {
                return self.refuse(Fault::TokenPukBlocked, visit);
            }
            Some(_) => {
                if !matches!(self.phase, Phase::Unblock) {
                    self.turn_to(Phase::Unblock);
                }
            }
        }
        let tries_left = self.tries_left();
        if let Some(field) = self.wrong.take() {
            let error = match field {
                Field::Puk => FieldError::PukWrong { tries_left },
                _ => FieldError::TokenPinWrong { tries_left },
            };
            self.fields.refuse(field, error);
        }
    }

    /// Of what is asked for now.
    fn tries_left(&self) -> Option<u8> {
        let seen = self.seen.as_ref()?;
        match self.phase {
            Phase::Enter => seen.pin_tries,
            Phase::Unblock => seen.puk?.tries,
            _ => None,
        }
    }

    fn secret(&self, field: Field) -> Secret {
        let entry = self.fields.get(field);
        entry.map(|e| e.secret().clone()).unwrap_or_default()
    }

    /// Whether a PIN or PUK is typed so far that it may be the right one.
    fn is_long_enough(&mut self, field: Field) -> bool {
        let enough = self.secret(field).len() >= rules::shortest(self.kind);
        if !enough {
            self.fields.refuse(field, FieldError::Incomplete);
        }
        enough
    }

    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let kind = self.kind;
        match &self.phase {
            Phase::Insert | Phase::Look => self.begin(visit),
            Phase::Enter => {
                if self.is_long_enough(Field::TokenPin) {
                    let pin = self.secret(Field::TokenPin);
                    visit.ask(Request::TryTokenPin { kind, pin });
                }
            }
            Phase::Change { old } => {
                let old = old.clone();
                if let Some(new) = self.new_pin(Some(&old), visit) {
                    visit.ask(Request::ChangeTokenPin { kind, old, new });
                }
            }
            Phase::Unblock => {
                if self.is_long_enough(Field::Puk)
                    && let Some(new_pin) = self.new_pin(None, visit)
                {
                    let puk = self.secret(Field::Puk);
                    visit.ask(Request::UnblockToken { kind, puk, new_pin });
                }
            }
            Phase::NewPuk { pin, .. } | Phase::Erases { pin } => {
                let pin = pin.clone();
                return self.past_pin(pin, visit);
            }
            Phase::Occupied { pin, chosen } => {
                let slot = self.seen.as_ref().zip(*chosen);
                if let Some(slot) = slot.and_then(|(seen, at)| seen.taken.get(at)) {
                    visit.ask(Request::ClearToken {
                        kind,
                        slot: slot.name.clone(),
                        pin: pin.clone(),
                    });
                }
            }
            Phase::Refused(fault) if is_final(*fault) => {
                return Turn::To(match self.purpose {
                    PinFor::Making => StepName::Storage,
                    PinFor::Collecting => StepName::CollectStorage,
                    PinFor::Renewing => StepName::RenewKey,
                });
            }
            Phase::Refused(_) => self.begin(visit),
        }
        Turn::Stay
    }

    /// The new PIN, typed twice and fit to be one; else said by the field.
    fn new_pin(&mut self, old: Option<&Secret>, visit: &Visit) -> Option<Secret> {
        let new = self.secret(Field::NewTokenPin);
        let iin = visit.answers.iin.as_ref();
        if let Some(error) = rules::wrong_with(&new, old, self.kind, iin) {
            self.refuse_new_pin(error);
            return None;
        }
        let again = Field::NewTokenPinAgain;
        if new != self.secret(again) {
            if let Some(entry) = self.fields.get_mut(again) {
                entry.clear();
            }
            self.fields.refuse(again, FieldError::PinsDiffer);
            return None;
        }
        Some(new)
    }

    fn refuse_new_pin(&mut self, error: FieldError) {
        for field in [Field::NewTokenPin, Field::NewTokenPinAgain] {
            if let Some(entry) = self.fields.get_mut(field) {
                entry.clear();
            }
        }
        self.fields.refuse(Field::NewTokenPin, error);
    }

    /// The PIN is right; whoever may know it too must not be let in by it.
    fn right(&mut self, visit: &mut Visit) -> Turn {
        let pin = self.secret(Field::TokenPin);
        let told = self.seen.as_ref().and_then(|s| s.pin_is_default);
        if told == Some(true) || factory_pin(self.kind) == Some(pin.expose()) {
            self.turn_to(Phase::Change { old: pin });
            return Turn::Stay;
        }
        self.past_pin(pin, visit)
    }

    /// On, unless there is no room for the key.
    fn past_pin(&mut self, pin: Secret, visit: &mut Visit) -> Turn {
        let seen = self.seen.as_ref();
        let erases = seen.is_some_and(|s| s.generation_erases && !s.taken.is_empty());
        if self.is_making() && erases && !matches!(self.phase, Phase::Erases { .. }) {
            self.turn_to(Phase::Erases { pin });
            return Turn::Stay;
        }
        let room = seen.is_none_or(|seen| seen.has_room || seen.generation_erases);
        if self.is_making() && !room {
            self.turn_to(Phase::Occupied { pin, chosen: None });
            return Turn::Stay;
        }
        *self.answer(visit) = Some(pin);
        Turn::Forward
    }
}

impl Step for TokenPin {
    fn enter(&mut self, visit: &mut Visit) {
        if let Some(storage) = visit.answers.storage_of_secret() {
            self.kind = storage;
        }
        *self.answer(visit) = None;
        let wanted = visit.answers.collect.key_wanted.is_some();
        self.wanted = wanted && self.purpose == PinFor::Collecting;
        visit.layout = KeyboardLayout::Latin;
        self.begin(visit);
    }

    fn leave(&mut self, _visit: &mut Visit) {
        self.forget();
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if let Phase::Refused(fault) = self.phase {
            // It stands there until something else was done.
            visit.fault = Some(fault);
        }
        if let (Phase::Occupied { chosen, .. }, Touch::Choose(Choice::EraseSlot(at))) =
            (&mut self.phase, touch)
        {
            let taken = self.seen.as_ref().map_or(0, |seen| seen.taken.len());
            *chosen = Some(*at).filter(|at| *at < taken);
            return Turn::Stay;
        }
        if let (Phase::Erases { .. } | Phase::Occupied { .. }, Touch::Key(_)) = (&self.phase, touch)
        {
            // Not by a key that was still held down.
            return Turn::Stay;
        }
        let enters = *touch == Touch::Key(Key::Enter) && self.fields.is_empty();
        if *touch == Touch::Next || enters {
            return self.submit(visit);
        }
        match self.fields.touch(touch, visit.now.boottime) {
            Typed::Done => self.submit(visit),
            _ => Turn::Stay,
        }
    }

    fn back(&mut self, visit: &mut Visit) -> Turn {
        if let Phase::Change { .. } = self.phase {
            self.begin(visit);
            return Turn::Stay;
        }
        Turn::Back
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        match event {
            DeviceEvent::TokenInserted { kind } if *kind == self.kind => {
                if let Phase::Insert | Phase::Refused(_) = self.phase {
                    self.begin(visit);
                }
            }
            DeviceEvent::TokenRemoved => match self.phase {
                Phase::Insert => {}
                // The one too many, perhaps.
                Phase::Refused(_) => self.begin(visit),
                _ => {
                    visit.abandon();
                    self.insert(Fault::TokenPulled, visit);
                }
            },
            _ => {}
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match (reply, &self.phase) {
            (Reply::TokenSeen(seen), Phase::Occupied { pin, .. }) if seen.kind == self.kind => {
                let pin = pin.clone();
                self.seen = Some(seen.clone());
                return self.past_pin(pin, visit);
            }
            (Reply::TokenSeen(seen), _) => self.take(seen, visit),
            (Reply::TokenCleared, Phase::Occupied { .. }) => self.look(visit),
            (Reply::PinRight, Phase::Enter) => return self.right(visit),
            (Reply::PinSet { new_puk }, Phase::Change { .. } | Phase::Unblock) => {
                let pin = self.secret(Field::NewTokenPin);
                match new_puk {
                    None => return self.past_pin(pin, visit),
                    Some(puk) => self.turn_to(Phase::NewPuk {
                        pin,
                        puk: puk.clone(),
                    }),
                }
            }
            _ => {}
        }
        Turn::Stay
    }

    fn failed(&mut self, asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        use Asked::{ChangeTokenPin, ClearToken, LookAtToken, TryTokenPin, UnblockToken};
        // It holds what was typed.
        visit.forget_fault();
        match (asked, fault) {
            (_, Fault::TokenMissing | Fault::TokenPulled) => self.insert(fault, visit),
            (TryTokenPin | ChangeTokenPin, Fault::TokenPinWrong) => {
                self.turn_to(Phase::Enter);
                self.wrong = Some(Field::TokenPin);
                self.look(visit);
            }
            (TryTokenPin | ChangeTokenPin, Fault::TokenPinBlocked) => {
                self.fields.clear();
                self.blocked = true;
                self.look(visit);
            }
            (TryTokenPin, Fault::TokenPinDefault) => {
                let old = self.secret(Field::TokenPin);
                self.turn_to(Phase::Change { old });
            }
            (ChangeTokenPin | UnblockToken, Fault::TokenPinDefault) => {
                self.refuse_new_pin(FieldError::PinUnchanged);
            }
            (ChangeTokenPin | UnblockToken, Fault::TokenPinRule) => {
                let digits = has_digits_only(self.kind);
                self.refuse_new_pin(FieldError::TokenPinRule { digits });
            }
            (UnblockToken, Fault::TokenPukWrong) => {
                if let Some(entry) = self.fields.get_mut(Field::Puk) {
                    entry.clear();
                }
                self.wrong = Some(Field::Puk);
                self.blocked = true;
                self.look(visit);
            }
            (LookAtToken | TryTokenPin | ChangeTokenPin | UnblockToken | ClearToken, _) => {
                self.refuse(fault, visit);
            }
            _ => {}
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        match (self.purpose, &visit.answers.renewal) {
            (PinFor::Renewing, Some(renewal)) => renewal.secret.is_some(),
            _ => visit.answers.key_password.is_some(),
        }
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let digits = has_digits_only(self.kind);
        let (phase, label, enabled) = match &self.phase {
            Phase::Insert => (TokenPinPhase::Insert, PrimaryLabel::Retry, true),
            Phase::Look => (TokenPinPhase::Look, PrimaryLabel::Retry, true),
            Phase::Enter => {
                let leads_to = match self.purpose {
                    PinFor::Making => PrimaryLabel::MakeKey,
                    PinFor::Collecting if self.wanted => PrimaryLabel::MakeKey,
                    PinFor::Collecting => PrimaryLabel::DownloadCertificates,
                    PinFor::Renewing => PrimaryLabel::Continue,
                };
                let enough = self.fields.text(Field::TokenPin).len() >= rules::shortest(self.kind);
                (TokenPinPhase::Enter, leads_to, enough)
            }
            Phase::Change { .. } => {
                let filled = self.fields.all_filled();
                (TokenPinPhase::Change, PrimaryLabel::SetPin, filled)
            }
            Phase::Unblock => {
                let filled = self.fields.all_filled();
                (TokenPinPhase::Unblock, PrimaryLabel::SetPin, filled)
            }
            Phase::NewPuk { .. } => (TokenPinPhase::NewPuk, PrimaryLabel::Continue, true),
            Phase::Erases { .. } => (TokenPinPhase::Erases, PrimaryLabel::EraseKey, true),
            Phase::Occupied { chosen, .. } => {
                let chosen = chosen.is_some();
                (TokenPinPhase::Occupied, PrimaryLabel::EraseKey, chosen)
            }
            Phase::Refused(fault) if is_final(*fault) => {
                (TokenPinPhase::Refused, PrimaryLabel::AnotherStorage, true)
            }
            Phase::Refused(_) => (TokenPinPhase::Refused, PrimaryLabel::Retry, true),
        };
        let fields = self.fields.views(now.boottime);
        let keyboard = match digits {
            _ if fields.is_empty() => KeyboardKind::None,
            true => KeyboardKind::Digits,
            false => KeyboardKind::Full,
        };
        let new_puk = match &self.phase {
            Phase::NewPuk { puk, .. } => puk.clone(),
            _ => Secret::new(),
        };
        let seen = self.seen.as_ref();
        let (taken, to_erase) = match (&self.phase, seen) {
            (Phase::Erases { .. }, Some(seen)) => (seen.taken.clone(), None),
            (Phase::Occupied { chosen, .. }, Some(seen)) => (seen.taken.clone(), *chosen),
            _ => (Vec::new(), None),
        };
        let screen = Screen::TokenPin(TokenPinView {
            kind: self.kind,
            label: seen.map(|s| s.label.clone()).unwrap_or_default(),
            phase,
            fields,
            tries_left: self.tries_left(),
            last_try: self.tries_left() == Some(1),
            digits,
            erases: self.is_making() && seen.is_some_and(|s| s.generation_erases),
            taken,
            to_erase,
            caps_lock: visit.caps_lock && keyboard == KeyboardKind::Full,
            new_puk,
        });
        Shown::new(screen, label, enabled)
            .keyboard(keyboard)
            .discreet()
    }
}
