//! Sealing: age (X25519) to the office's two recipients, streaming.
//!
//! The plaintext begins with a header that names kiosk, submission and part, so
//! that a sealed part can be used nowhere else; [`open`] compares it.

use std::io::{self, Read, Write};

use crate::{KioskId, PartName, SubmissionId};

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("not an age recipient: {0}")]
    Recipient(String),
    #[error("the sealed part cannot be opened: {0}")]
    Open(#[from] age::DecryptError),
    #[error("sealing failed: {0}")]
    Encrypt(#[from] age::EncryptError),
    #[error("this sealed part belongs to another kiosk, submission or part: {found}")]
    Misplaced { found: String },
    #[error("reading or writing a sealed part failed: {0}")]
    Io(#[from] io::Error),
}

/// The office's public keys: operations and escrow.
#[derive(Clone)]
pub struct Recipients([age::x25519::Recipient; 2]);

impl Recipients {
    /// # Errors
    /// Either text is not an age X25519 recipient (`age1…`).
    pub fn parse(texts: &[String; 2]) -> Result<Self, SealError> {
        let parse = |t: &String| {
            t.parse::<age::x25519::Recipient>()
                .map_err(|e| SealError::Recipient(e.to_owned()))
        };
        Ok(Self([parse(&texts[0])?, parse(&texts[1])?]))
    }
}

/// Where a part belongs; the first line of its plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kiosk: KioskId,
    pub submission: SubmissionId,
    pub part: PartName,
}

impl Place {
    fn header(&self) -> String {
        format!(
            "qoltanba part v1 {} {} {}\n",
            self.kiosk, self.submission, self.part
        )
    }
}

/// Encrypts what is written to it into `sink`. Call [`Sealing::finish`]:
/// without it the file is truncated and will not open.
pub struct Sealing<W: Write>(age::stream::StreamWriter<W>);

impl<W: Write> Sealing<W> {
    /// # Errors
    /// The sink's.
    pub fn start(recipients: &Recipients, place: &Place, sink: W) -> Result<Self, SealError> {
        let both = recipients.0.iter().map(|r| r as &dyn age::Recipient);
        let mut writer = age::Encryptor::with_recipients(both)?.wrap_output(sink)?;
        writer.write_all(place.header().as_bytes())?;
        Ok(Self(writer))
    }

    /// Writes the last chunk and hands the sink back.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Opens a sealed part and compares its header with where it was found.
///
/// A damaged chunk ends the reading with an error before any of its bytes.
///
/// # Errors
/// Not sealed to `identity`, damaged, or misplaced.
pub fn open<R: Read>(
    identity: &age::x25519::Identity,
    place: &Place,
    sealed: R,
) -> Result<impl Read + use<R>, SealError> {
    let mut reader =
        age::Decryptor::new(sealed)?.decrypt(std::iter::once(identity as &dyn age::Identity))?;
    let expected = place.header();
    let mut found = vec![0; expected.len()];
    reader.read_exact(&mut found)?;
    if found != expected.as_bytes() {
        let found = String::from_utf8_lossy(&found).trim_end().to_owned();
        return Err(SealError::Misplaced { found });
    }
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UnixMillis;

    fn place(part: PartName) -> Place {
        Place {
            kiosk: "kiosk-1".parse().unwrap(),
            submission: SubmissionId::from_parts(UnixMillis(1_700_000_000_000), &[1; 10]),
            part,
        }
    }

    fn sealed(identity: &age::x25519::Identity, plain: &[u8]) -> Vec<u8> {
        let r = identity.to_public().to_string();
        let escrow = age::x25519::Identity::generate().to_public().to_string();
        let recipients = Recipients::parse(&[r, escrow]).unwrap();
        let mut s = Sealing::start(&recipients, &place(PartName::Selfie), Vec::new()).unwrap();
        s.write_all(plain).unwrap();
        s.finish().unwrap()
    }

    #[test]
    fn opens_only_in_its_place() {
        let identity = age::x25519::Identity::generate();
        let file = sealed(&identity, b"face");
        let mut plain = Vec::new();
        open(&identity, &place(PartName::Selfie), &file[..])
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, b"face");
        let moved = open(&identity, &place(PartName::Csr), &file[..]);
        assert!(matches!(
            moved.err(),
            Some(SealError::Misplaced { .. } | SealError::Io(_))
        ));
        let stranger = age::x25519::Identity::generate();
        assert!(open(&stranger, &place(PartName::Selfie), &file[..]).is_err());
    }

    #[test]
    fn every_flipped_byte_is_found() {
        let identity = age::x25519::Identity::generate();
        let file = sealed(&identity, &[0x5a; 300]);
        for at in (0..file.len()).step_by(7) {
            let mut bad = file.clone();
            bad[at] ^= 1;
            let read = open(&identity, &place(PartName::Selfie), &bad[..]).and_then(|mut r| {
                let mut plain = Vec::new();
                r.read_to_end(&mut plain)?;
                Ok(plain)
            });
            // The stanza of the other recipient may change unseen only if the header MAC did not
            // cover it; it does.
            assert!(read.is_err(), "byte {at}");
        }
    }
}
