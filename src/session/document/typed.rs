//! What a person types of a document.

use chip::Can;
use chip::mrz::{Mrz, MrzError, MrzFormat};
use exchange::{
    DocumentKind, DocumentNumber, HolderName, IdentityDocument, Iin, IinComparison, IinPolicy,
    ReadBy,
};

use crate::session::entry::Entry;
use crate::session::event::Field;
use crate::session::fields::Fields;
use crate::session::view::FieldError;

const MRZ_LINES: [Field; 3] = [Field::MrzLine1, Field::MrzLine2, Field::MrzLine3];
const TD1_WIDTH: usize = 30;
const TD3_WIDTH: usize = 44;

/// A field and what is wrong with it.
type Refusal = (Field, FieldError);

/// The fields of every way to type, so that going from one to another loses nothing.
pub(super) struct TypedFields {
    pub can: Fields,
    pub names: Fields,
    card_mrz: Fields,
    passport_mrz: Fields,
}

impl Default for TypedFields {
    fn default() -> Self {
        let mrz = |lines: usize, width| {
            let entries = MRZ_LINES.iter().take(lines);
            Fields::from_entries(entries.map(|&f| Entry::with_length(f, width)).collect())
        };
        Self {
            can: Fields::of(&[Field::Can]),
            names: Fields::of(&[
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

/// The line that carries number and optional data.
fn data_line(kind: DocumentKind) -> Field {
    match kind {
        DocumentKind::IdCard => Field::MrzLine1,
        DocumentKind::Passport => Field::MrzLine2,
    }
}

impl TypedFields {
    pub fn mrz(&self, kind: DocumentKind) -> &Fields {
        match kind {
            DocumentKind::IdCard => &self.card_mrz,
            DocumentKind::Passport => &self.passport_mrz,
        }
    }

    pub fn mrz_mut(&mut self, kind: DocumentKind) -> &mut Fields {
        match kind {
            DocumentKind::IdCard => &mut self.card_mrz,
            DocumentKind::Passport => &mut self.passport_mrz,
        }
    }

    /// The chip did not open with the lines.
    pub fn refuse_mrz(&mut self, kind: DocumentKind, error: FieldError) {
        self.mrz_mut(kind).refuse(data_line(kind), error);
    }

    pub fn read_can(&self) -> Result<Can, Refusal> {
        Can::parse(self.can.text(Field::Can)).map_err(|_| (Field::Can, FieldError::Incomplete))
    }

    pub fn names_are_there(&self) -> bool {
        !self.names.text(Field::Surname).trim().is_empty()
            && !self.names.text(Field::DocumentNumber).is_empty()
    }

    pub fn read_names(
        &self,
        kind: DocumentKind,
        atr: Option<String>,
    ) -> Result<IdentityDocument, Refusal> {
        let text = |field| self.names.text(field);
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
            atr,
            iin: IinComparison::NotCompared,
            iin_mismatch_note: false,
        })
    }

    pub fn read_mrz(&self, kind: DocumentKind) -> Result<Mrz, Refusal> {
        let fields = self.mrz(kind);
        let (lines, format) = match kind {
            DocumentKind::IdCard => (&MRZ_LINES[..], MrzFormat::Td1),
            DocumentKind::Passport => (&MRZ_LINES[..2], MrzFormat::Td3),
        };
        for &line in lines {
            if fields.get(line).is_some_and(|e| !e.is_full()) {
                return Err((line, FieldError::MrzLength));
            }
        }
        let text: Vec<&str> = lines.iter().map(|&l| fields.text(l)).collect();
        let mrz = Mrz::parse(&text).map_err(|error| mrz_refusal(error, lines))?;
        if mrz.format() != format {
            return Err((Field::MrzLine1, FieldError::MrzLength));
        }
        // What the zone's own check digits cannot tell, that of the IIN may, and a
        // number too short for a document is a slip too.
        let slip = (data_line(kind), FieldError::MrzCheckDigit);
        if let Some(digits) = mrz.optional_iin() {
            Iin::parse(digits, IinPolicy::AllowOfficialTestNumbers).map_err(|_| slip)?;
        }
        DocumentNumber::parse(mrz.document_number()).map_err(|_| slip)?;
        Ok(mrz)
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
