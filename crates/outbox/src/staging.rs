//! Sealed parts on their way to the disk, before the citizen submits.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use exchange::{Digest, PartName, SealedPart, SubmissionId};
use rusqlite::OptionalExtension;
use sha2::{Digest as _, Sha256};

use crate::{Boundary, Outbox, OutboxError, files};

/// What one submission has staged.
#[derive(Default)]
pub(crate) struct Staged {
    pub(crate) parts: BTreeMap<PartName, SealedPart>,
    /// Which writer of a part is the newest; an older one may not finish over it.
    newest: BTreeMap<PartName, u64>,
    writers: u64,
}

/// Takes the sealed bytes of one part. Without [`StagedWriter::finish`] nothing of it stays.
pub struct StagedWriter {
    outbox: Outbox,
    submission: SubmissionId,
    part: PartName,
    generation: u64,
    /// `None` once finished.
    file: Option<BufWriter<File>>,
    temporary: PathBuf,
    hash: Sha256,
    length: u64,
}

pub(crate) fn part_file(part: PartName) -> String {
    format!("{part}.age")
}

impl Outbox {
    /// Begins a part. A second stage of the same part replaces the first when it is finished.
    ///
    /// # Errors
    /// Too little room, already committed, or the disk's.
    pub fn stage(
        &self,
        submission: SubmissionId,
        part: PartName,
    ) -> Result<StagedWriter, OutboxError> {
        self.owned()?;
        self.require_room()?;
        let folder = self.folder(submission);
        let mut all_staged = self.staged();
        if self.is_committed(submission)? {
            return Err(OutboxError::AlreadyCommitted(submission));
        }
        if !folder.exists() {
            files::create_private_dir(&folder)?;
            files::sync_dir(&self.inner.dir.join("media"))?;
        }
        let staged = all_staged.entry(submission).or_default();
        staged.writers += 1;
        let generation = staged.writers;
        let temporary = folder.join(format!("{part}.{generation}.tmp"));
        files::remove_if_there(&temporary)?;
        let file = files::create_private_file(&temporary)?;
        staged.newest.insert(part, generation);
        drop(all_staged);
        Ok(StagedWriter {
            outbox: self.clone(),
            submission,
            part,
            generation,
            file: Some(BufWriter::with_capacity(64 << 10, file)),
            temporary,
            hash: Sha256::new(),
            length: 0,
        })
    }

    /// The finished parts of a submission that is not committed, in the order of upload.
    pub fn staged_parts(&self, submission: SubmissionId) -> Vec<SealedPart> {
        let staged = self.staged();
        let Some(staged) = staged.get(&submission) else {
            return Vec::new();
        };
        let part = |name: &PartName| staged.parts.get(name).cloned();
        PartName::ALL.iter().filter_map(part).collect()
    }

    /// Forgets a submission that was not committed: its files go, its writers can no longer finish.
    ///
    /// # Errors
    /// Already committed, or the disk's.
    pub fn drop_staged(&self, submission: SubmissionId) -> Result<(), OutboxError> {
        self.owned()?;
        let mut staged = self.staged();
        if self.is_committed(submission)? {
            return Err(OutboxError::AlreadyCommitted(submission));
        }
        staged.remove(&submission);
        files::remove_folder_if_there(&self.folder(submission))
    }

    pub(crate) fn is_committed(&self, submission: SubmissionId) -> Result<bool, OutboxError> {
        let row = self
            .database()
            .query_row(
                "SELECT 1 FROM submission WHERE id = ?1",
                [submission.to_string()],
                |_| Ok(()),
            )
            .optional()?;
        Ok(row.is_some())
    }
}

impl StagedWriter {
    /// Makes the part durable: its bytes, then its name.
    ///
    /// # Errors
    /// [`OutboxError::Superseded`] when the part was staged anew or dropped meanwhile, or the disk's.
    pub fn finish(mut self) -> Result<SealedPart, OutboxError> {
        let failed = |e| OutboxError::io(format!("cannot write part {}", self.part), e);
        let mut writer = self.file.take().expect("taken only here");
        writer.flush().map_err(failed)?;
        self.outbox.pass(Boundary::PartWritten);
        writer.get_ref().sync_data().map_err(failed)?;
        self.outbox.pass(Boundary::PartSynced);

        let folder = self.outbox.folder(self.submission);
        // Held over the rename, so that a newer writer or a drop cannot come in between.
        let mut all_staged = self.outbox.staged();
        let part = self.part;
        let staged = all_staged
            .get_mut(&self.submission)
            .filter(|s| s.newest.get(&part) == Some(&self.generation))
            .ok_or(OutboxError::Superseded { part })?;
        let sealed = SealedPart {
            name: part,
            sha256: Digest(self.hash.clone().finalize().into()),
            length: self.length,
        };
        fs::rename(&self.temporary, folder.join(part_file(part))).map_err(failed)?;
        self.outbox.pass(Boundary::PartRenamed);
        files::sync_dir(&folder)?;
        self.outbox.pass(Boundary::PartStaged);
        staged.parts.insert(part, sealed.clone());
        Ok(sealed)
    }
}

impl Write for StagedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.file.as_mut().expect("taken only by finish");
        let written = file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().expect("taken only by finish").flush()
    }
}

impl Drop for StagedWriter {
    fn drop(&mut self) {
        // After a successful finish the temporary name no longer exists.
        let _ = fs::remove_file(&self.temporary);
    }
}
