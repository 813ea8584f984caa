//! The office's database: SQLite, shared by the three processes.
//!
//! Every statement of SQL is under this folder (and in the stand-ins, whose tables
//! are their own): a move to PostgreSQL ends here.

pub mod alarms;
pub mod certificates;
pub mod cmp_transactions;
pub mod codes;
pub mod holders;
pub mod kiosks;
pub mod limits;
pub mod made_keys;
pub mod renewals;
pub mod reports;
pub mod revocations;
pub mod submissions;
pub mod technicians;
pub mod updates;
pub mod uploads;
pub mod visits;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

/// Before it, a write-ahead log reset could lose committed rows.
const OLDEST_SQLITE: i32 = 3_051_003;

const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema.sql")),
    M::up(include_str!("revocations.sql")),
    M::up(include_str!("cmp_transactions.sql")),
    M::up(include_str!("later.sql")),
    M::up(include_str!("renewal.sql")),
    M::up(include_str!("made_keys.sql")),
    M::up(include_str!("maintenance.sql")),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// One connection of this process; SQLite itself arbitrates between processes.
pub struct Database {
    connection: Mutex<Connection>,
}

impl Database {
    /// Opens (and creates or migrates) the database.
    ///
    /// # Errors
    /// Unreadable, damaged, or made by a newer office.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || -> Result<Connection> {
            if rusqlite::version_number() < OLDEST_SQLITE {
                bail!("SQLite {} is too old", rusqlite::version());
            }
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", "ON")?;
            connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
            MIGRATIONS.to_latest(&mut connection)?;
            Ok(connection)
        };
        let connection = open().with_context(|| format!("opening {}", path.display()))?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// For a part that only looks; it waits for another one to have made the database.
    ///
    /// # Errors
    /// There is none, or of an older version.
    pub fn open_to_read(path: &Path) -> Result<Self> {
        let open = || -> Result<Connection> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            let version: usize =
                connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
            if version < STEPS.len() {
                bail!("it is of an older version; the other parts bring it up to date");
            }
            Ok(connection)
        };
        let connection = open().with_context(|| format!("opening {}", path.display()))?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(f(&connection)?)
    }

    /// Runs `f` in one transaction that holds the write lock from its start; durable
    /// when this returns `Ok`.
    pub fn write<T>(&self, f: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = f(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs `f` where blocking is allowed.
    pub async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = Arc::clone(self);
        tokio::task::spawn_blocking(move || f(&database)).await?
    }
}

/// Maps text that fails its type's check to an error instead of a panic.
fn parsed<T: std::str::FromStr>(text: &str) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_valid_and_durability_is_full() {
        MIGRATIONS.validate().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("office.db")).unwrap();
        let pragma = |name: &str| {
            let sql = format!("PRAGMA {name}");
            database
                .read(|c| c.query_row(&sql, [], |r| r.get::<_, rusqlite::types::Value>(0)))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
        assert_eq!(pragma("synchronous"), 2.into());
    }

    #[test]
    fn a_failed_transaction_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("office.db")).unwrap();
        let result = database.write(|t| {
            limits::count(t, "x", "y", exchange::UnixMillis(1))?;
            t.execute("INSERT INTO nothing VALUES (1)", [])
        });
        assert!(result.is_err());
        let left = database
            .read(|c| limits::counted_since(c, "x", "y", exchange::UnixMillis(0)))
            .unwrap();
        assert_eq!(left, 0);
    }
}
