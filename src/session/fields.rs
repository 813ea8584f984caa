//! The fields of one step: which of them has the cursor, and what a key does.

use std::time::Duration;

use super::entry::Entry;
use super::event::{Field, Key, Touch};
use super::view::{FieldError, FieldView};

/// What a touch did to the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Not for the fields.
    No,
    /// The cursor moved or nothing changed.
    Moved,
    Changed(Field),
    /// Enter in the last field: the primary action.
    Done,
}

#[derive(Debug, Clone)]
pub(crate) struct Fields {
    entries: Vec<Entry>,
    focus: usize,
}

impl Fields {
    pub fn of(fields: &[Field]) -> Self {
        Self {
            entries: fields.iter().copied().map(Entry::new).collect(),
            focus: 0,
        }
    }

    /// With lengths of their own.
    pub fn from_entries(entries: Vec<Entry>) -> Self {
        Self { entries, focus: 0 }
    }

    pub fn touch(&mut self, touch: &Touch, now: Duration) -> Typed {
        let last = self.focus + 1 >= self.entries.len();
        let Some(entry) = self.entries.get_mut(self.focus) else {
            return Typed::No;
        };
        match *touch {
            Touch::Key(Key::Enter) if !last => {
                self.focus += 1;
                Typed::Moved
            }
            Touch::Key(Key::Enter) => Typed::Done,
            Touch::Key(key) => {
                if entry.key(key) {
                    Typed::Changed(entry.field())
                } else {
                    Typed::Moved
                }
            }
            Touch::RevealCharacter { position } => {
                entry.reveal(position, now);
                Typed::Moved
            }
            Touch::Focus(field) => match self.position(field) {
                Some(at) => {
                    self.focus = at;
                    Typed::Moved
                }
                None => Typed::No,
            },
            _ => Typed::No,
        }
    }

    /// The text of a field; empty when the step has no such field.
    pub fn text(&self, field: Field) -> &str {
        self.get(field).map_or("", Entry::text)
    }

    pub fn get(&self, field: Field) -> Option<&Entry> {
        self.entries.iter().find(|e| e.field() == field)
    }

    pub fn get_mut(&mut self, field: Field) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|e| e.field() == field)
    }

    /// Marks the field as wrong and puts the cursor there.
    pub fn refuse(&mut self, field: Field, error: FieldError) {
        if let Some(at) = self.position(field) {
            self.entries[at].error = Some(error);
            self.focus = at;
        }
    }

    pub fn clear(&mut self) {
        for entry in &mut self.entries {
            entry.clear();
        }
        self.focus = 0;
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn all_filled(&self) -> bool {
        self.entries.iter().all(|e| e.len() > 0)
    }

    pub fn all_full(&self) -> bool {
        self.entries.iter().all(Entry::is_full)
    }

    pub fn view(&self, field: Field, now: Duration) -> FieldView {
        self.position(field).map_or_else(FieldView::default, |at| {
            self.entries[at].view(at == self.focus, now)
        })
    }

    pub fn views(&self, now: Duration) -> Vec<FieldView> {
        let fields = self.entries.iter().enumerate();
        fields
            .map(|(at, e)| e.view(at == self.focus, now))
            .collect()
    }

    fn position(&self, field: Field) -> Option<usize> {
        self.entries.iter().position(|e| e.field() == field)
    }
}
