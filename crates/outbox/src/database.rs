//! The SQLite file: how it is opened, checked and brought up to date.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ffi::ErrorCode};
use rusqlite_migration::{M, Migrations};

use crate::OutboxError;

pub(crate) const FILE: &str = "outbox.db";

/// Version of the schema this program writes: the number of migrations.
const SCHEMA: i64 = 1;

/// Oldest program (by its `SCHEMA`) that may still open the file. Changes stay additive for one
/// release: after a roll-back the older program must open it.
const MINIMUM_READER: i64 = 1;

/// WAL-reset bug before.
const OLDEST_SQLITE: i32 = 3_051_003;

const V1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Newest manifest of the chain; one row.
CREATE TABLE chain (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
INSERT INTO chain VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    -- waiting, quarantined, received (files still to delete), done
    state TEXT NOT NULL,
    manifest TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    receipt_code_sha256 TEXT NOT NULL,
    committed_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    -- 1: the office named the time of the next attempt, a restored link does not shorten it
    asked INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    receipt TEXT,
    result TEXT,
    result_final INTEGER NOT NULL DEFAULT 0,
    result_asked_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_in_state ON submission (state, sequence);
CREATE INDEX submission_by_code ON submission (receipt_code_sha256);

CREATE TABLE part (
    submission TEXT NOT NULL REFERENCES submission (id),
    name TEXT NOT NULL,
    -- order of upload
    rank INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    length INTEGER NOT NULL,
    upload_url TEXT,
    offset INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submission, name)
) STRICT, WITHOUT ROWID;
";

/// # Errors
/// [`OutboxError::Damaged`] with an empty `moved_to`: the caller decides what to do.
pub(crate) fn open(path: &Path) -> Result<Connection, OutboxError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let found = rusqlite::version().to_owned();
        return Err(OutboxError::OldSqlite { found });
    }
    prepare(path).map_err(|e| match e {
        OutboxError::Database(e) if is_damage(&e) => OutboxError::Damaged {
            cause: e.to_string(),
            moved_to: PathBuf::new(),
        },
        other => other,
    })
}

fn prepare(path: &Path) -> Result<Connection, OutboxError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OutboxError::Content(format!("journal mode {mode}")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // A long reader once grew the WAL to 100 MB; a checkpoint cuts it back to this.
    connection.pragma_update_and_check(None, "journal_size_limit", 4 << 20, |_| Ok(()))?;

    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(OutboxError::Damaged {
            cause: verdict,
            moved_to: PathBuf::new(),
        });
    }
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), OutboxError> {
    let written_by: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if written_by > SCHEMA {
        let needs = connection.query_row(
            "SELECT value FROM meta WHERE name = 'minimum_reader'",
            [],
            |row| row.get(0),
        )?;
        return if needs <= SCHEMA {
            Ok(())
        } else {
            let have = SCHEMA;
            Err(OutboxError::TooNew { needs, have })
        };
    }
    Migrations::new(vec![M::up(V1)])
        .to_latest(connection)
        .map_err(|e| match e {
            rusqlite_migration::Error::RusqliteError { err, .. } => OutboxError::Database(err),
            other => OutboxError::Content(other.to_string()),
        })?;
    if written_by < SCHEMA {
        connection.execute(
            "INSERT OR REPLACE INTO meta VALUES ('minimum_reader', ?1)",
            [MINIMUM_READER],
        )?;
    }
    Ok(())
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_opens_when_its_minimum_reader_allows_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let newer = |minimum: i64| {
            let connection = Connection::open(&path).unwrap();
            connection
                .pragma_update(None, "user_version", SCHEMA + 1)
                .unwrap();
            connection
                .execute(
                    "UPDATE meta SET value = ?1 WHERE name = 'minimum_reader'",
                    [minimum],
                )
                .unwrap();
        };
        drop(open(&path).unwrap());
        newer(SCHEMA);
        assert!(open(&path).is_ok());
        newer(SCHEMA + 1);
        assert!(matches!(open(&path), Err(OutboxError::TooNew { .. })));
    }

    #[test]
    fn every_commit_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let connection = open(&dir.path().join(FILE)).unwrap();
        let ask = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|v| format!("{v:?}"))
                .unwrap()
        };
        assert_eq!(ask("synchronous"), "Integer(2)");
        assert_eq!(ask("journal_mode"), "Text(\"wal\")");
    }
}
