//! Frames on the socket between kiosk and worker.
//!
//! A frame: length of the message and length of the attachment (u32, little
//! endian), the message (postcard), the attachment (raw). An open file travels
//! with the first byte of its frame (`SCM_RIGHTS`, unix(7)).

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub const HEAD_BYTES: usize = 8;
/// A message is a few words; anything longer is not ours.
pub const MAX_MESSAGE: usize = 16 * 1024;
/// A picture of 2400 x 2400 pixels stays below this at any quality.
pub const MAX_ATTACHMENT: usize = 32 * 1024 * 1024;

/// Lengths of message and attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub message: usize,
    pub attachment: usize,
}

impl Head {
    /// # Errors
    /// `InvalidData` when a length is past its limit.
    pub fn parse(bytes: [u8; HEAD_BYTES]) -> io::Result<Head> {
        let [a, b, c, d, e, f, g, h] = bytes;
        let head = Head {
            message: u32::from_le_bytes([a, b, c, d]) as usize,
            attachment: u32::from_le_bytes([e, f, g, h]) as usize,
        };
        if head.message > MAX_MESSAGE || head.attachment > MAX_ATTACHMENT {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "frame is too long",
            ));
        }
        Ok(head)
    }
}

/// Head and message as bytes; the attachment follows them on the socket.
///
/// # Errors
/// `InvalidData` when message or attachment is past its limit.
pub fn encode<M: Serialize>(message: &M, attachment: usize) -> io::Result<Vec<u8>> {
    let body = postcard::to_stdvec(message).map_err(invalid)?;
    if body.len() > MAX_MESSAGE || attachment > MAX_ATTACHMENT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "message is too long",
        ));
    }
    let mut frame = Vec::with_capacity(HEAD_BYTES + body.len());
    frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
    frame.extend_from_slice(&(attachment as u32).to_le_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// # Errors
/// `InvalidData` when the bytes are not exactly one message.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> io::Result<M> {
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(invalid)?;
    if !rest.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "bytes after the message",
        ));
    }
    Ok(message)
}

/// Sends bytes and, with the first of them, an open file. May send fewer bytes
/// than given, like `write`.
///
/// # Errors
/// Those of sendmsg(2); `WouldBlock` on a non-blocking socket.
pub fn send_with_file(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    file: BorrowedFd<'_>,
) -> io::Result<usize> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::other("no room for the file"));
    }
    Ok(rustix::net::sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?)
}

/// A message as it came.
pub struct Received<M> {
    pub message: M,
    /// The open file that came along.
    pub file: Option<OwnedFd>,
    pub attachment: Zeroizing<Vec<u8>>,
}

/// The next message; `None`: the other end is closed.
///
/// # Errors
/// Those of the socket, and `InvalidData` for a malformed frame.
pub fn receive<M: DeserializeOwned>(socket: &mut UnixStream) -> io::Result<Option<Received<M>>> {
    let mut head = [0; HEAD_BYTES];
    let mut file = None;
    let got = receive_with_file(socket.as_fd(), &mut head, &mut file)?;
    if got == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut head[got..])?;
    let head = Head::parse(head)?;
    let mut message = Zeroizing::new(vec![0; head.message]);
    socket.read_exact(&mut message)?;
    let mut attachment = Zeroizing::new(vec![0; head.attachment]);
    socket.read_exact(&mut attachment)?;
    Ok(Some(Received {
        message: decode(&message)?,
        file,
        attachment,
    }))
}

fn receive_with_file(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
    file: &mut Option<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match rustix::net::recvmsg(
            socket,
            &mut [IoSliceMut::new(bytes)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut files) = message {
            *file = files.next();
        }
    }
    Ok(received.bytes)
}

/// Sends one message with its attachment.
///
/// # Errors
/// Those of the socket, and `InvalidData` for an over-long message.
pub fn send<M: Serialize>(
    socket: &mut UnixStream,
    message: &M,
    attachment: &[u8],
) -> io::Result<()> {
    socket.write_all(&encode(message, attachment.len())?)?;
    socket.write_all(attachment)
}

fn invalid(error: postcard::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Asked, Request};
    use proptest::prelude::*;

    #[test]
    fn a_message_arrives_with_its_file_and_attachment() {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"content").unwrap();
        let asked = Asked {
            id: 7,
            request: Request::Ping,
        };
        let frame = encode(&asked, 3).unwrap();
        let sent = send_with_file(here.as_fd(), &frame, file.as_fd()).unwrap();
        here.write_all(&frame[sent..]).unwrap();
        here.write_all(b"abc").unwrap();

        let got = receive::<Asked>(&mut there).unwrap().unwrap();
        assert_eq!((got.message.id, got.message.request), (7, Request::Ping));
        assert_eq!(&got.attachment[..], b"abc");
        let mut content = String::new();
        let mut file = std::fs::File::from(got.file.expect("the file came along"));
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content");
    }

    #[test]
    fn a_closed_socket_is_the_end_and_half_a_frame_an_error() {
        let (here, mut there) = UnixStream::pair().unwrap();
        drop(here);
        assert!(receive::<Asked>(&mut there).unwrap().is_none());

        let (mut here, mut there) = UnixStream::pair().unwrap();
        here.write_all(&[5, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        drop(here);
        let error = receive::<Asked>(&mut there).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn lengths_past_the_limit_are_refused_before_anything_is_allocated() {
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Head::parse(head).is_err());
        let mut head = [0; HEAD_BYTES];
        head[4..].copy_from_slice(&(MAX_ATTACHMENT as u32 + 1).to_le_bytes());
        assert!(Head::parse(head).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode::<Asked>(&bytes);
            let _ = decode::<crate::message::Said>(&bytes);
        }
    }
}
