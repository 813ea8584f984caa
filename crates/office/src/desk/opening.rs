//! Opening sealed parts, streaming, each compared with the place it belongs to.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use exchange::{
    Digest, KioskId, PartName, SubmissionId,
    seal::{self, Place, SealError},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    db::{Database, submissions},
    objects::Objects,
};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("no such submission")]
    Unknown,
    #[error("the submission has no part {0}")]
    NoPart(PartName),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the sealed part is not the one of the manifest")]
    Digest,
    #[error("reading or writing failed: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Database(anyhow::Error),
}

/// Opens with one identity: operations at the desk, escrow in an emergency.
pub struct Opener {
    identity: age::x25519::Identity,
    objects: Arc<dyn Objects>,
    database: Arc<Database>,
}

/// The file under which [`Opener::write_all`] leaves a part.
pub fn file_name(part: PartName) -> &'static str {
    match part {
        PartName::Form => "form.json",
        PartName::ChipData => "chip_data.json",
        PartName::Selfie => "selfie.jpg",
        PartName::Video => "video.mkv",
        PartName::DocumentPhoto => "document_photo.jpg",
        PartName::AccountPin => "account_pin.txt",
        PartName::Csr => "csr.der",
        PartName::RenewalProof => "renewal_proof.json",
    }
}

impl Opener {
    pub fn new(
        identity: age::x25519::Identity,
        objects: Arc<dyn Objects>,
        database: Arc<Database>,
    ) -> Self {
        Self {
            identity,
            objects,
            database,
        }
    }

    /// The plaintext of one part, zeroized when dropped.
    ///
    /// # Errors
    /// Absent, damaged, sealed to others, or sealed for another place.
    pub fn part(
        &self,
        submission: SubmissionId,
        part: PartName,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (kiosk, sealed) = self.find(submission, part)?;
        // Large enough at once: growing would leave copies behind.
        let capacity = usize::try_from(sealed.length).unwrap_or(0);
        let mut plain = Zeroizing::new(Vec::with_capacity(capacity));
        self.copy(&kiosk, submission, &sealed, &mut *plain)?;
        Ok(plain)
    }

    /// Opens every part into a new folder, mode 0700; gives the parts written.
    ///
    /// # Errors
    /// The folder exists, or a part cannot be opened: what is damaged is not left there.
    pub fn write_all(
        &self,
        submission: SubmissionId,
        folder: &Path,
    ) -> Result<Vec<PartName>, OpenError> {
        let database = |e| OpenError::Database(e);
        let parts = self
            .database
            .read(|c| submissions::parts(c, submission))
            .map_err(database)?;
        if parts.is_empty() {
            return Err(OpenError::Unknown);
        }
        DirBuilder::new().mode(0o700).create(folder)?;
        let mut written = Vec::new();
        for (name, _) in parts {
            let (kiosk, sealed) = self.find(submission, name)?;
            let path = folder.join(file_name(name));
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            if let Err(e) = self.copy(&kiosk, submission, &sealed, &mut file) {
                drop(file);
                std::fs::remove_file(&path)?;
                return Err(e);
            }
            written.push(name);
        }
        Ok(written)
    }

    fn find(
        &self,
        submission: SubmissionId,
        part: PartName,
    ) -> Result<(KioskId, Sealed), OpenError> {
        let found = self.database.read(|c| {
            let Some(found) = submissions::get(c, submission)? else {
                return Ok(None);
            };
            Ok(Some((found.kiosk, submissions::part(c, submission, part)?)))
        });
        let (kiosk, sealed) = found
            .map_err(OpenError::Database)?
            .ok_or(OpenError::Unknown)?;
        let (object, sha256, length) = sealed.ok_or(OpenError::NoPart(part))?;
        let sealed = Sealed {
            part,
            object,
            sha256,
            length,
        };
        Ok((kiosk, sealed))
    }

    fn copy(
        &self,
        kiosk: &KioskId,
        submission: SubmissionId,
        sealed: &Sealed,
        sink: &mut impl io::Write,
    ) -> Result<(), OpenError> {
        let mut digesting = Digesting {
            inner: self.objects.read(&sealed.object)?,
            hash: Sha256::new(),
        };
        let place = Place {
            kiosk: kiosk.clone(),
            submission,
            part: sealed.part,
        };
        let mut plain = seal::open(&self.identity, &place, &mut digesting)?;
        let mut buffer = Zeroizing::new(vec![0; 64 << 10]);
        loop {
            let n = plain.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            sink.write_all(&buffer[..n])?;
        }
        drop(plain);
        if Digest(digesting.hash.finalize().into()) == sealed.sha256 {
            Ok(())
        } else {
            Err(OpenError::Digest)
        }
    }
}

struct Sealed {
    part: PartName,
    object: crate::objects::ObjectId,
    sha256: Digest,
    length: u64,
}

/// Hashes what passes through.
struct Digesting<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}
