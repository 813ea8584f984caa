//! The tty: opened for one driver alone, read and written until an instant.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use serialport::{ClearBuffer, DataBits, FlowControl, Parity, SerialPort, StopBits, TTYPort};

use crate::card_service;

/// Bits a second; 8 data bits, no parity, 2 stop bits.
const SPEED: u32 = 115_200;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0} is in use by another program")]
    Taken(PathBuf),
    #[error("{tty} belongs to the card service, by {configuration}")]
    CardService {
        tty: PathBuf,
        configuration: PathBuf,
    },
    #[error("{path}: {reason}")]
    Tty { path: PathBuf, reason: String },
    #[error("no card reader answers at {0}")]
    Silent(PathBuf),
}

/// The device is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

pub(crate) struct Port(TTYPort);

impl Port {
    /// `card_service` has the reader files of pcscd, which opens ttys without a lock and
    /// as root: its configuration is the only sign of it.
    pub fn open(path: &Path, card_service: Option<&Path>) -> Result<Port, OpenError> {
        let failed = |path: &Path, reason: String| OpenError::Tty {
            path: path.to_owned(),
            reason,
        };
        let tty = path
            .canonicalize()
            .map_err(|error| failed(path, error.to_string()))?;
        if let Some(directory) = card_service {
            let owner = card_service::owner(&tty, directory)
                .map_err(|error| failed(directory, error.to_string()))?;
            if let Some(configuration) = owner {
                return Err(OpenError::CardService { tty, configuration });
            }
        }
        let name = tty
            .to_str()
            .ok_or_else(|| failed(path, "its name is no UTF-8".to_owned()))?;
        // Exclusive: TIOCEXCL, and flock for programs that TIOCEXCL does not stop.
        let mut port = serialport::new(name, SPEED)
            .data_bits(DataBits::Eight)
            .parity(Parity::None)
            .stop_bits(StopBits::Two)
            .flow_control(FlowControl::None)
            .open_native()
            .map_err(|error| match error.kind {
                serialport::ErrorKind::NoDevice => OpenError::Taken(path.to_owned()),
                _ => failed(path, error.to_string()),
            })?;
        // Power for readers that take it from these lines; a pseudo terminal has none.
        let _ = port.write_request_to_send(true);
        let _ = port.write_data_terminal_ready(true);
        port.clear(ClearBuffer::All)
            .map_err(|error| failed(path, error.to_string()))?;
        // SAFETY: `port` owns the descriptor and outlives the borrow.
        let descriptor = unsafe { BorrowedFd::borrow_raw(port.as_raw_fd()) };
        // A blocking write waits for a peer that stopped reading, for ever.
        rustix::fs::fcntl_setfl(descriptor, OFlags::NONBLOCK)
            .map_err(|error| failed(path, error.to_string()))?;
        Ok(Port(port))
    }

    /// What there is, as soon as there is something. 0: nothing by then.
    pub fn read(&mut self, buffer: &mut [u8], until: Instant) -> Result<usize, Gone> {
        loop {
            self.wait_at_most(until)?;
            match self.0.read(buffer) {
                Ok(0) => return Err(Gone),
                Ok(count) => return Ok(count),
                Err(error) if is_timeout(error.kind()) && Instant::now() >= until => {
                    return Ok(0);
                }
                Err(error) if is_timeout(error.kind()) => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// All of it. False: the line took only a part by then.
    pub fn write(&mut self, mut bytes: &[u8], until: Instant) -> Result<bool, Gone> {
        while !bytes.is_empty() {
            self.wait_at_most(until)?;
            match self.0.write(bytes) {
                Ok(0) => return Err(Gone),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_timeout(error.kind()) && Instant::now() >= until => {
                    return Ok(false);
                }
                Err(error) if is_timeout(error.kind()) => {}
                Err(_) => return Err(Gone),
            }
        }
        Ok(true)
    }

    fn wait_at_most(&mut self, until: Instant) -> Result<(), Gone> {
        let wait = until.saturating_duration_since(Instant::now());
        // Zero would not look at the line at all where the instant has just passed.
        let wait = wait.max(Duration::from_micros(1));
        self.0.set_timeout(wait).map_err(|_| Gone)
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    /// The kernel keeps some kilobytes, then no more.
    #[test]
    fn a_peer_that_does_not_read_blocks_nobody() {
        let (_master, slave) = TTYPort::pair().unwrap();
        let path = slave.name().unwrap();
        let mut port = Port::open(Path::new(&path), None).unwrap();
        assert_eq!(port.write(&[0; 200], soon()), Ok(true));
        assert_eq!(port.write(&[0; 100_000], soon()), Ok(false));
        assert_eq!(port.read(&mut [0; 16], soon()), Ok(0));
    }

    #[test]
    fn a_peer_that_is_gone_is_told() {
        let (master, slave) = TTYPort::pair().unwrap();
        let path = slave.name().unwrap();
        let mut port = Port::open(Path::new(&path), None).unwrap();
        drop(master);
        assert_eq!(port.read(&mut [0; 16], soon()), Err(Gone));
        assert_eq!(port.write(&[0; 16], soon()), Err(Gone));
    }
}
