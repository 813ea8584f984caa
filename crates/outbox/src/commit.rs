//! The commit: after it returns, "saved" is true.

use std::time::Instant;

use exchange::{Digest, Manifest, PartName, Signed, SubmissionId};
use rusqlite::{Connection, Transaction, params};
use std::sync::atomic::Ordering;

use crate::{Boundary, Outbox, OutboxError, State, files};

pub(crate) const MANIFEST_FILE: &str = "manifest.json";

/// What the next manifest continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Sequence of the next manifest.
    pub next_sequence: u64,
    /// Digest of the newest `Signed<Manifest>`; zeros before the first.
    pub previous: Digest,
}

impl Outbox {
    /// # Errors
    /// The database's.
    pub fn next_sequence_and_previous(&self) -> Result<ChainHead, OutboxError> {
        chain_head(&self.database())
    }

    /// Makes the staged parts and their signed manifest one durable submission.
    ///
    /// Order: the parts were synced when staged; the manifest is written and synced beside them;
    /// the folder is synced; one FULL transaction. A crash before its end leaves nothing, after it
    /// everything. The same manifest again is no error.
    ///
    /// # Errors
    /// Other parts than staged, a broken chain, or the disk's; then nothing is committed and the
    /// parts stay staged.
    pub fn commit(&self, signed: &Signed<Manifest>) -> Result<(), OutboxError> {
        self.owned()?;
        let manifest = signed.read_unverified()?;
        let id = manifest.submission;
        let began = Instant::now();
        let mut all_staged = self.staged();
        if self.is_committed(id)? {
            return self.same_again(id, signed);
        }
        let staged = all_staged.get(&id).ok_or(OutboxError::PartsDiffer)?;
        let exactly = manifest.parts.len() == staged.parts.len()
            && manifest
                .parts
                .iter()
                .all(|p| staged.parts.get(&p.name) == Some(p));
        if !exactly {
            return Err(OutboxError::PartsDiffer);
        }
        let head = self.next_sequence_and_previous()?;
        if manifest.sequence != head.next_sequence || manifest.previous != head.previous {
            let expected = head.next_sequence;
            return Err(OutboxError::ChainBroken { expected });
        }

        let folder = self.folder(id);
        let text = to_json(signed)?;
        files::write_whole(&folder.join(MANIFEST_FILE), text.as_bytes())?;
        files::sync_dir(&folder)?;
        self.pass(Boundary::ManifestSynced);
        {
            let mut database = self.database();
            let transaction = database.transaction()?;
            insert(&transaction, &manifest, signed, State::Waiting, None)?;
            transaction.commit()?;
        }
        self.pass(Boundary::Committed);
        all_staged.remove(&id);
        let millis = began.elapsed().as_millis().clamp(1, u128::from(u32::MAX));
        self.inner
            .last_commit_millis
            .store(millis as u32, Ordering::Relaxed);
        Ok(())
    }

    fn same_again(&self, id: SubmissionId, signed: &Signed<Manifest>) -> Result<(), OutboxError> {
        let digest: String = self.database().query_row(
            "SELECT manifest_digest FROM submission WHERE id = ?1",
            [id.to_string()],
            |row| row.get(0),
        )?;
        if digest == signed.digest().to_string() {
            Ok(())
        } else {
            Err(OutboxError::AlreadyCommitted(id))
        }
    }
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, OutboxError> {
    serde_json::to_string(value).map_err(|e| OutboxError::Content(e.to_string()))
}

pub(crate) fn chain_head(database: &Connection) -> Result<ChainHead, OutboxError> {
    let (sequence, digest): (i64, String) =
        database.query_row("SELECT sequence, digest FROM chain", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(ChainHead {
        next_sequence: sequence as u64 + 1,
        previous: digest
            .parse()
            .map_err(|e: exchange::IdError| OutboxError::Content(e.to_string()))?,
    })
}

/// Writes the rows of one submission and moves the chain's head to it.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    manifest: &Manifest,
    signed: &Signed<Manifest>,
    state: State,
    reason: Option<&str>,
) -> Result<(), OutboxError> {
    let id = manifest.submission.to_string();
    let digest = signed.digest().to_string();
    transaction.execute(
        "INSERT INTO submission
         (id, sequence, state, manifest, manifest_digest, receipt_code_sha256, committed_at, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id,
            manifest.sequence as i64,
            state.as_str(),
            to_json(signed)?,
            digest,
            manifest.receipt_code_sha256.to_string(),
            manifest.committed_at.0,
            reason,
        ],
    )?;
    for part in &manifest.parts {
        let rank = PartName::ALL
            .iter()
            .position(|p| *p == part.name)
            .unwrap_or(0);
        transaction.execute(
            "INSERT INTO part (submission, name, rank, sha256, length) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id,
                part.name.as_str(),
                rank as i64,
                part.sha256.to_string(),
                part.length as i64
            ],
        )?;
    }
    advance_chain(transaction, manifest.sequence, &digest)
}

pub(crate) fn advance_chain(
    transaction: &Transaction<'_>,
    sequence: u64,
    digest: &str,
) -> Result<(), OutboxError> {
    transaction.execute(
        "UPDATE chain SET sequence = ?1, digest = ?2 WHERE sequence < ?1",
        params![sequence as i64, digest],
    )?;
    Ok(())
}
