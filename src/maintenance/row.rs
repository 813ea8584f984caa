//! Tables: what the world found out, in rows the screen draws.

use exchange::UnixMillis;
use faults::Fault;

use super::names::{Layer, Light, RowName, Word};

/// One line of a table. Nothing in it is of a citizen.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub name: RowName,
    pub light: Light,
    pub value: Value,
    /// Its cause and remedy stand below the row.
    pub fault: Option<Fault>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    /// The same in every language: an address, a version, a path, a code.
    Text(String),
    Word(Word),
    Count(u64),
    Bytes(u64),
    Millis(u64),
    Seconds(u64),
    /// 0 to 100.
    Percent(u8),
    /// Per second, times ten.
    Rate(u32),
    /// Shown in the kiosk's time.
    Moment(UnixMillis),
    Setting {
        key: String,
        value: String,
        layer: Layer,
        /// It may be set here.
        editable: bool,
    },
    /// Of the journal.
    Line {
        at: UnixMillis,
        warning: bool,
        text: String,
    },
}

impl Row {
    pub fn new(name: RowName, light: Light, value: Value) -> Self {
        Self {
            name,
            light,
            value,
            fault: None,
        }
    }

    pub fn text(name: RowName, text: impl Into<String>) -> Self {
        Self::new(name, Light::None, Value::Text(text.into()))
    }

    pub fn word(name: RowName, light: Light, word: Word) -> Self {
        Self::new(name, light, Value::Word(word))
    }

    pub fn with(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }
}
