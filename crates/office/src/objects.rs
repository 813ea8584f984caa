//! Sealed objects: written by appending, durable on demand, read whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// Names an object: 32 lower-case hexadecimal characters, nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// `None` unless `text` is 32 lower-case hexadecimal characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An object that is still being written.
pub trait Partial: Send + Sync {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything appended survives a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

/// Where sealed objects lie. Local files here; a store that speaks S3 keeps the same words.
pub trait Objects: Send + Sync {
    /// Makes an empty object; its name survives a power cut.
    fn begin(&self, id: &ObjectId) -> io::Result<()>;
    /// Goes on writing at `offset`; what lies beyond was never durable and is dropped.
    fn resume(&self, id: &ObjectId, offset: u64) -> io::Result<Box<dyn Partial>>;
    fn read(&self, id: &ObjectId) -> io::Result<Box<dyn Read + Send>>;
    /// An absent object is no error.
    fn remove(&self, id: &ObjectId) -> io::Result<()>;
}

/// `objects/ab/abcdef…`
#[derive(Clone, Debug)]
pub struct LocalObjects {
    root: PathBuf,
}

impl LocalObjects {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn folder(&self, id: &ObjectId) -> PathBuf {
        self.root.join(&id.0[..2])
    }

    fn path(&self, id: &ObjectId) -> PathBuf {
        self.folder(id).join(&id.0)
    }
}

impl Objects for LocalObjects {
    fn begin(&self, id: &ObjectId) -> io::Result<()> {
        let folder = self.folder(id);
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => File::open(&self.root)?.sync_all()?,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(id))?
            .sync_all()?;
        File::open(&folder)?.sync_all()
    }

    fn resume(&self, id: &ObjectId, offset: u64) -> io::Result<Box<dyn Partial>> {
        let mut file = OpenOptions::new().write(true).open(self.path(id))?;
        let length = file.metadata()?.len();
        if length < offset {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "an object is shorter than what was promised to be durable",
            ));
        }
        if length > offset {
            file.set_len(offset)?;
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(LocalPartial(file)))
    }

    fn read(&self, id: &ObjectId) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(self.path(id))?))
    }

    fn remove(&self, id: &ObjectId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

struct LocalPartial(File);

impl Partial for LocalPartial {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_durable_is_dropped_on_resume() {
        let dir = tempfile::tempdir().unwrap();
        let objects = LocalObjects::new(dir.path().to_path_buf());
        let id = ObjectId::random().unwrap();
        objects.begin(&id).unwrap();
        objects
            .resume(&id, 0)
            .unwrap()
            .append(b"0123456789")
            .unwrap();
        objects.resume(&id, 4).unwrap().append(b"x").unwrap();
        let mut text = String::new();
        objects
            .read(&id)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "0123x");
        assert!(objects.resume(&id, 6).is_err());
    }

    #[test]
    fn a_path_is_no_object_id() {
        assert!(ObjectId::parse("../../../../etc/passwd0000000000").is_none());
        assert!(ObjectId::parse(&"A".repeat(32)).is_none());
        assert!(ObjectId::parse(&"a".repeat(32)).is_some());
    }
}
