//! The identity document: the card's answer to reset where one is inserted, then
//! the machine-readable zone or the data, typed.

use chip::mrz::{Mrz, MrzError, MrzFormat, Sex};
use exchange::TimeTrust;
use exchange::{
    DocumentKind, DocumentNumber, HolderName, IdentityDocument, Iin, IinComparison, IinPolicy,
    ReadBy,
};
use faults::Fault;

use super::asked::Asked;
use super::calendar::utc_date;
use super::command::{Action, Request};
use super::entry::Entry;
use super::event::{Choice, DeviceEvent, DocumentEntry, Field, KeyboardLayout, Now, Reply, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{CardState, DocumentView, FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::{Visit, layout_of};

const MRZ_LINES: [Field; 3] = [Field::MrzLine1, Field::MrzLine2, Field::MrzLine3];
const TD1_WIDTH: usize = 30;
const TD3_WIDTH: usize = 44;

pub(super) struct Document {
    kind: Option<DocumentKind>,
    entry: Option<DocumentEntry>,
    card: CardState,
    /// Answer to reset, hex, of the card that was inserted last.
    atr: Option<String>,
    typed: Fields,
    card_mrz: Fields,
    passport_mrz: Fields,
}

impl Default for Document {
    fn default() -> Self {
        let mrz = |lines: usize, width| {
            let entries = MRZ_LINES.iter().take(lines);
            Fields::from_entries(entries.map(|&f| Entry::with_length(f, width)).collect())
        };
        Self {
            kind: None,
            entry: None,
            card: CardState::Absent,
            atr: None,
            typed: Fields::of(&[
                Field::Surname,
                Field::GivenName,
                Field::Patronymic,
                Field::DocumentNumber,
            ]),
            card_mrz: mrz(3, TD1_WIDTH),
            passport_mrz: mrz(2, TD3_WIDTH),
        }
    }
}

/// A field and what is wrong with it.
type Refusal = (Field, FieldError);

impl Document {
    fn fields(&self) -> Option<&Fields> {
        Some(match (self.kind?, self.entry?) {
            (_, DocumentEntry::Typed) => &self.typed,
            (DocumentKind::IdCard, DocumentEntry::Mrz) => &self.card_mrz,
            (DocumentKind::Passport, DocumentEntry::Mrz) => &self.passport_mrz,
        })
    }

    fn fields_mut(&mut self) -> Option<&mut Fields> {
        Some(match (self.kind?, self.entry?) {
            (_, DocumentEntry::Typed) => &mut self.typed,
            (DocumentKind::IdCard, DocumentEntry::Mrz) => &mut self.card_mrz,
            (DocumentKind::Passport, DocumentEntry::Mrz) => &mut self.passport_mrz,
        })
    }

    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let (Some(kind), Some(entry)) = (self.kind, self.entry) else {
            return Turn::Stay;
        };
        let read = match entry {
            DocumentEntry::Typed => self.read_typed(kind).map(|d| (d, None)),
            DocumentEntry::Mrz => self.read_mrz(kind, visit),
        };
        match read {
            Ok((document, iin)) => {
                visit.answers.document = Some(document);
                visit.answers.document_iin = iin;
                Turn::Forward
            }
            Err((field, error)) => {
                if let Some(fields) = self.fields_mut() {
                    fields.refuse(field, error);
                }
                Turn::Stay
            }
        }
    }

    fn read_typed(&self, kind: DocumentKind) -> Result<IdentityDocument, Refusal> {
        let text = |field| self.typed.text(field);
        let (surname, given, patronymic) = (
            text(Field::Surname),
            text(Field::GivenName),
            text(Field::Patronymic),
        );
        let holder = HolderName::new(surname, given, patronymic).map_err(|which| match which {
            "surname" if surname.trim().is_empty() => (Field::Surname, FieldError::Incomplete),
            "surname" => (Field::Surname, FieldError::Name),
            "given name" => (Field::GivenName, FieldError::Name),
            _ => (Field::Patronymic, FieldError::Name),
        })?;
        let number = DocumentNumber::parse(text(Field::DocumentNumber))
            .map_err(|_| (Field::DocumentNumber, FieldError::DocumentNumber))?;
        Ok(IdentityDocument {
            kind,
            read_by: ReadBy::Typed,
            number,
            holder,
            atr: self.atr.clone(),
            iin: IinComparison::NotCompared,
            iin_mismatch_note: false,
        })
    }

    fn read_mrz(
        &self,
        kind: DocumentKind,
        visit: &Visit,
    ) -> Result<(IdentityDocument, Option<Iin>), Refusal> {
        let (fields, lines, format) = match kind {
            DocumentKind::IdCard => (&self.card_mrz, &MRZ_LINES[..], MrzFormat::Td1),
            DocumentKind::Passport => (&self.passport_mrz, &MRZ_LINES[..2], MrzFormat::Td3),
        };
        for &line in lines {
            if fields.get(line).is_some_and(|e| !e.is_full()) {
                return Err((line, FieldError::MrzLength));
            }
        }
        let text: Vec<&str> = lines.iter().map(|&l| fields.text(l)).collect();
        let mrz = Mrz::parse(&text).map_err(|error| mrz_refusal(error, lines))?;
        // The line that carries number and optional data.
        let data_line = match kind {
            DocumentKind::IdCard => Field::MrzLine1,
            DocumentKind::Passport => Field::MrzLine2,
        };
        let unreadable = (data_line, FieldError::MrzCheckDigit);
        if mrz.format() != format {
            return Err((Field::MrzLine1, FieldError::MrzLength));
        }
        let (year, month, day) = utc_date(visit.now.wall);
        let clock_known = visit.now.trust != TimeTrust::Doubtful;
        if clock_known && mrz.expired_on(year, month, day) {
            return Err((Field::MrzLine2, FieldError::MrzExpired));
        }
        let iin = match mrz.optional_iin() {
            None => None,
            Some(digits) => {
                let carried = Iin::parse(digits, IinPolicy::AllowOfficialTestNumbers)
                    .map_err(|_| unreadable)?;
                if visit.answers.iin.as_ref() != Some(&carried) {
                    return Err((data_line, FieldError::MrzIinDiffers));
                }
                Some(carried)
            }
        };
        let number = DocumentNumber::parse(mrz.document_number()).map_err(|_| unreadable)?;
        let holder =
            HolderName::new(mrz.surname(), mrz.given_names(), "").map_err(|_| unreadable)?;
        let noted = visit
            .answers
            .iin
            .as_ref()
            .is_some_and(|i| mismatch(i, &mrz));
        let document = IdentityDocument {
            kind,
            read_by: ReadBy::Mrz,
            number,
            holder,
            atr: self.atr.clone(),
            iin: match iin {
                Some(_) => IinComparison::Same,
                None => IinComparison::NotCompared,
            },
            iin_mismatch_note: noted,
        };
        Ok((document, iin))
    }
}

fn mrz_refusal(error: MrzError, lines: &[Field]) -> Refusal {
    let line = error.line().and_then(|l| lines.get(l.checked_sub(1)?));
    let kind = match error {
        MrzError::Lines(_) | MrzError::Length { .. } => FieldError::MrzLength,
        _ => FieldError::MrzCheckDigit,
    };
    (line.copied().unwrap_or(Field::MrzLine1), kind)
}

/// Whether date of birth or sex differ from what the IIN seems to carry. A note
/// for the reviewer only: since 2013 neither may be enforced.
fn mismatch(iin: &Iin, mrz: &Mrz) -> bool {
    let digits = iin.expose();
    let sex = match (digits.as_bytes()[6], mrz.sex()) {
        (b'1' | b'3' | b'5', Sex::Female) | (b'2' | b'4' | b'6', Sex::Male) => true,
        (_, Sex::Female | Sex::Male | Sex::Unspecified) => false,
    };
    sex || digits[..6] != *mrz.birth_date()
}

impl Step for Document {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = match self.entry {
            Some(DocumentEntry::Mrz) => KeyboardLayout::Latin,
            _ => layout_of(visit.settings.language),
        };
        if self.card == CardState::Reading {
            self.card = CardState::Absent;
        }
        visit.act(Action::WatchCard(true));
    }

    fn leave(&mut self, visit: &mut Visit) {
        visit.act(Action::WatchCard(false));
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next => return self.submit(visit),
            Touch::Choose(Choice::Document(kind)) => self.kind = Some(*kind),
            Touch::Choose(Choice::EnterDocumentAs(entry)) => {
                self.entry = Some(*entry);
                visit.layout = match entry {
                    DocumentEntry::Mrz => KeyboardLayout::Latin,
                    DocumentEntry::Typed => layout_of(visit.settings.language),
                };
            }
            _ => {
                let now = visit.now.boottime;
                let typed = self.fields_mut().map(|f| f.touch(touch, now));
                if typed == Some(Typed::Done) {
                    return self.submit(visit);
                }
            }
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        match event {
            DeviceEvent::CardInserted { atr } => {
                self.atr = Some(atr.clone());
                self.card = CardState::Reading;
                // Passports do not go into this reader.
                self.kind.get_or_insert(DocumentKind::IdCard);
                visit.ask(Request::ReadCard);
            }
            DeviceEvent::CardRemoved if self.card == CardState::Reading => {
                // The read may never come back from a card that is gone.
                visit.abandon();
                self.card = CardState::Failed(Fault::CardPulled);
            }
            DeviceEvent::CardRemoved if matches!(self.card, CardState::Failed(_)) => {
                self.card = CardState::Absent;
            }
            _ => {}
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, _visit: &mut Visit) -> Turn {
        if let Reply::CardWithoutApplication { atr } = reply {
            self.atr = Some(atr.clone());
            self.card = CardState::Noted;
        }
        Turn::Stay
    }

    fn failed(&mut self, asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        if asked == Asked::ReadCard {
            // Stands by the card, not by the fields: typing goes on without it.
            visit.forget_fault();
            self.card = CardState::Failed(fault);
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.document.is_some()
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let fields = self.fields();
        let screen = Screen::Document(DocumentView {
            kind: self.kind,
            card: self.card,
            entry: self.entry,
            fields: fields.map_or_else(Vec::new, |f| f.views(now.boottime)),
        });
        let keyboard = match (fields, self.entry) {
            (None, _) | (_, None) => KeyboardKind::None,
            (_, Some(DocumentEntry::Mrz)) => KeyboardKind::Mrz,
            (_, Some(DocumentEntry::Typed)) => KeyboardKind::Full,
        };
        let ready = match self.entry {
            Some(DocumentEntry::Mrz) => fields.is_some_and(Fields::all_full),
            Some(DocumentEntry::Typed) => {
                !self.typed.text(Field::Surname).trim().is_empty()
                    && !self.typed.text(Field::DocumentNumber).is_empty()
                    && fields.is_some()
            }
            None => false,
        };
        Shown::new(screen, PrimaryLabel::Continue, ready).keyboard(keyboard)
    }
}
