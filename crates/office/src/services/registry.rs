//! Stand-in for the Mobile Citizens Database and the register of persons: a
//! table of the office's own database.

use std::sync::Arc;

use exchange::{HolderName, Iin, PhoneNumber};
use rusqlite::{OptionalExtension, params};

use super::{IdentityRegistry, Person, PhoneRegistry, ServiceError};
use crate::db::Database;

#[derive(Clone)]
pub struct StandInRegistry(Arc<Database>);

impl StandInRegistry {
    pub fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// Adds a person or replaces what is known of them.
    pub fn add(
        &self,
        iin: &Iin,
        person: &Person,
        phone: Option<&PhoneNumber>,
    ) -> Result<(), ServiceError> {
        let name = &person.name;
        self.with(|db| {
            db.write(|t| {
                t.execute(
                    "INSERT OR REPLACE INTO citizen
                     (iin, surname, given_name, patronymic, language, phone)
                     VALUES (?, ?, ?, ?, ?, ?)",
                    params![
                        iin.expose(),
                        name.surname(),
                        name.given_name(),
                        name.patronymic(),
                        person.language.map(|l| l.code()),
                        phone.map(PhoneNumber::expose),
                    ],
                )
                .map(drop)
            })
        })
    }

    fn with<T>(&self, f: impl FnOnce(&Database) -> anyhow::Result<T>) -> Result<T, ServiceError> {
        f(&self.0).map_err(|e| ServiceError::Unavailable(e.to_string()))
    }

    fn phone(t: &rusqlite::Connection, iin: &Iin) -> rusqlite::Result<Option<PhoneNumber>> {
        let text: Option<Option<String>> = t
            .query_row(
                "SELECT phone FROM citizen WHERE iin = ?",
                [iin.expose()],
                |r| r.get(0),
            )
            .optional()?;
        Ok(text.flatten().and_then(|t| PhoneNumber::parse(&t).ok()))
    }
}

impl PhoneRegistry for StandInRegistry {
    fn registered(&self, iin: &Iin) -> Result<Option<PhoneNumber>, ServiceError> {
        self.with(|db| db.read(|c| Self::phone(c, iin)))
    }

    fn register(
        &self,
        iin: &Iin,
        number: &PhoneNumber,
    ) -> Result<Option<PhoneNumber>, ServiceError> {
        let (known, before) = self.with(|db| {
            db.write(|t| {
                let before = Self::phone(t, iin)?;
                let known = t.execute(
                    "UPDATE citizen SET phone = ? WHERE iin = ?",
                    params![number.expose(), iin.expose()],
                )?;
                Ok((known > 0, before))
            })
        })?;
        if known {
            Ok(before)
        } else {
            Err(ServiceError::Unknown)
        }
    }
}

impl IdentityRegistry for StandInRegistry {
    fn person(&self, iin: &Iin) -> Result<Option<Person>, ServiceError> {
        self.with(|db| {
            db.read(|c| {
                c.query_row(
                    "SELECT surname, given_name, patronymic, language FROM citizen WHERE iin = ?",
                    [iin.expose()],
                    |r| {
                        let [surname, given, patronymic]: [String; 3] =
                            [r.get(0)?, r.get(1)?, r.get(2)?];
                        let language: Option<String> = r.get(3)?;
                        Ok(HolderName::new(&surname, &given, &patronymic)
                            .ok()
                            .map(|name| Person {
                                name,
                                language: language.and_then(|l| l.parse().ok()),
                            }))
                    },
                )
                .optional()
                .map(Option::flatten)
            })
        })
    }
}
