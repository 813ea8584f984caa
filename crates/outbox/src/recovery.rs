//! What opening mends after a crash.

use std::collections::HashMap;

use exchange::SubmissionId;
use rusqlite::params;

use crate::commit::{MANIFEST_FILE, chain_head};
use crate::jobs::parse_id;
use crate::rebuild::read_manifest;
use crate::{Outbox, OutboxError, State, files};

impl Outbox {
    pub(crate) fn recover(&self) -> Result<(), OutboxError> {
        let states = self.states()?;
        self.clear_media(&states)?;
        for (id, state) in &states {
            match state.as_str() {
                "received" => {
                    tracing::info!(submission = %id, "completing an interrupted deletion");
                    self.delete_files(*id)?;
                }
                "waiting" => self.pass_over_lost_parts(*id)?,
                _ => {}
            }
        }
        // Whatever made the last attempts fail, a start is a new chance.
        self.database().execute(
            "UPDATE submission SET next_attempt_at = 0, asked = 0 WHERE state = 'waiting'",
            [],
        )?;
        Ok(())
    }

    /// Those that may still have files.
    fn states(&self) -> Result<HashMap<SubmissionId, String>, OutboxError> {
        let database = self.database();
        let mut statement =
            database.prepare("SELECT id, state FROM submission WHERE state <> 'done'")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| {
            let (id, state) = row?;
            Ok((parse_id(&id)?, state))
        })
        .collect()
    }

    /// Removes folders that no row names and temporary files in those that one names.
    fn clear_media(&self, states: &HashMap<SubmissionId, String>) -> Result<(), OutboxError> {
        let next = chain_head(&self.database())?.next_sequence;
        for folder in files::read_dir(&self.inner.dir.join("media"))? {
            let id: Option<SubmissionId> = folder.file_name().to_str().and_then(|n| n.parse().ok());
            let path = folder.path();
            if id.is_some_and(|id| states.contains_key(&id)) {
                for file in files::read_dir(&path)? {
                    if file.path().extension().is_some_and(|e| e == "tmp") {
                        files::remove_if_there(&file.path())?;
                    }
                }
                continue;
            }
            // A crash before the commit leaves a manifest only with the next sequence. Any other
            // was committed once: then it is the database that lost it.
            let uncommitted = match read_manifest(&path.join(MANIFEST_FILE))? {
                Some((manifest, _)) => manifest.sequence == next,
                None => true,
            };
            let done = match id {
                Some(id) => self.is_committed(id)?,
                None => false,
            };
            if !uncommitted && !done {
                return Err(OutboxError::Content(format!(
                    "a committed submission is not in the database: {}",
                    path.display()
                )));
            }
            tracing::info!(folder = %path.display(), "removing what was never committed");
            if path.is_dir() {
                files::remove_folder_if_there(&path)?;
            } else {
                files::remove_if_there(&path)?;
            }
        }
        files::sync_dir(&self.inner.dir.join("media"))
    }

    /// A file that is gone cannot be sent. Either the office has it already (the files went before
    /// the receipt could be recorded on a full disk) and will answer the manifest with its receipt,
    /// or it says which parts it lacks.
    fn pass_over_lost_parts(&self, id: SubmissionId) -> Result<(), OutboxError> {
        for part in self.show(id)?.parts {
            if !part.here && !part.sent {
                tracing::warn!(submission = %id, part = %part.name, "a sealed file is missing");
                self.database().execute(
                    "UPDATE part SET sent = 1 WHERE submission = ?1 AND name = ?2",
                    params![id.to_string(), part.name.as_str()],
                )?;
            }
        }
        Ok(())
    }

    /// How many submissions are in a state.
    ///
    /// # Errors
    /// The database's.
    pub fn count(&self, state: State) -> Result<u32, OutboxError> {
        Ok(self.database().query_row(
            "SELECT count(*) FROM submission WHERE state = ?1",
            [state.as_str()],
            |row| row.get(0),
        )?)
    }
}
