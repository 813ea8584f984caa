//! The durable receipt, and the local deletion that only it allows.

use std::fs;

use exchange::{Signed, SubmissionId, VerifyingKey, api::DurableReceipt};
use rusqlite::{OptionalExtension, params};

use crate::commit::{MANIFEST_FILE, to_json};
use crate::error::is_database_full;
use crate::rebuild::LAST_MANIFEST;
use crate::{Boundary, Outbox, OutboxError, State, files};

impl Outbox {
    /// Takes the office's word that everything of a submission is durable there, then deletes the
    /// local files: receipt recorded, media unlinked, folder removed, row marked. A crash at any
    /// point is completed by the next [`Outbox::open`]. The same receipt again is no error.
    ///
    /// # Errors
    /// Not signed by `office`, not for what was committed here, or the disk's.
    pub fn record_receipt(
        &self,
        receipt: &Signed<DurableReceipt>,
        office: &VerifyingKey,
    ) -> Result<(), OutboxError> {
        let statement = receipt.verify(office)?;
        let id = statement.submission;
        let (state, digest): (String, String) = self
            .database()
            .query_row(
                "SELECT state, manifest_digest FROM submission WHERE id = ?1",
                [id.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .ok_or(OutboxError::Unknown(id))?;
        if digest != statement.manifest.to_string() {
            return Err(OutboxError::Mismatch);
        }
        if state == State::Done.as_str() {
            return Ok(());
        }
        self.pass(Boundary::ReceiptCame);
        let text = to_json(receipt)?;
        match self.mark_received(id, &text) {
            Err(OutboxError::Database(e)) if is_database_full(&e) => {
                // Not even the ballast was enough. The office holds everything and says so again
                // when asked, so the media may go first: it makes the room to say so here.
                self.unlink_parts(id)?;
                self.mark_received(id, &text)?;
            }
            other => other?,
        }
        self.pass(Boundary::ReceiptRecorded);
        self.delete_files(id)
    }

    fn mark_received(&self, id: SubmissionId, receipt: &str) -> Result<(), OutboxError> {
        self.even_when_full(|database| {
            database.execute(
                "UPDATE submission SET state = ?2, receipt = ?3, reason = NULL WHERE id = ?1",
                params![id.to_string(), State::Received.as_str(), receipt],
            )?;
            Ok(())
        })
    }

    /// Deletes what a received submission still has here and marks its row.
    pub(crate) fn delete_files(&self, id: SubmissionId) -> Result<(), OutboxError> {
        self.unlink_parts(id)?;
        let folder = self.folder(id);
        if folder.exists() {
            self.keep_newest_manifest(id)?;
            files::remove_folder_if_there(&folder)?;
            files::sync_dir(&self.inner.dir.join("media"))?;
            files::sync_dir(&self.inner.dir)?;
        }
        self.pass(Boundary::FolderRemoved);
        self.even_when_full(|database| {
            database.execute(
                "UPDATE submission SET state = ?2 WHERE id = ?1",
                params![id.to_string(), State::Done.as_str()],
            )?;
            Ok(())
        })?;
        self.pass(Boundary::Deleted);
        self.restore_ballast();
        Ok(())
    }

    fn unlink_parts(&self, id: SubmissionId) -> Result<(), OutboxError> {
        for entry in files::read_dir(&self.folder(id))? {
            if entry.file_name() != MANIFEST_FILE {
                files::remove_if_there(&entry.path())?;
                self.pass(Boundary::MediaUnlinked);
            }
        }
        Ok(())
    }

    /// The newest manifest stays when its files go: should the database be lost with an empty
    /// queue, the chain goes on from here and the office sees no repeated sequence.
    fn keep_newest_manifest(&self, id: SubmissionId) -> Result<(), OutboxError> {
        let from = self.folder(id).join(MANIFEST_FILE);
        let to = self.inner.dir.join(LAST_MANIFEST);
        let Some(this) = crate::rebuild::read_manifest(&from)? else {
            return Ok(());
        };
        let kept = crate::rebuild::read_manifest(&to)?;
        if kept.is_none_or(|(kept, _)| kept.sequence < this.0.sequence) {
            fs::rename(&from, &to)
                .map_err(|e| OutboxError::io("cannot keep the newest manifest", e))?;
        }
        Ok(())
    }
}
