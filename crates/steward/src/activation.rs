//! The socket that systemd made (sd_listen_fds(3)).

use std::os::fd::FromRawFd;
use std::os::unix::net::UnixListener;

/// The first descriptor that is passed.
const FIRST: i32 = 3;

#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    #[error(
        "not started by its socket: LISTEN_PID and LISTEN_FDS do not name this process and one socket"
    )]
    NotActivated,
    #[error("descriptor 3 is not a listening Unix socket: {0}")]
    NotASocket(std::io::Error),
}

/// Takes the one socket that was passed. Called once, before anything else is opened.
///
/// # Errors
/// None was passed, or more than one, or it is not a Unix socket.
pub fn socket() -> Result<UnixListener, ActivationError> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(std::process::id()) || number("LISTEN_FDS") != Some(1) {
        return Err(ActivationError::NotActivated);
    }
    // SAFETY: LISTEN_PID and LISTEN_FDS say that descriptor 3 was given to this process, and
    // nothing else here owns it.
    let listener = unsafe { UnixListener::from_raw_fd(FIRST) };
    // Not inherited by the programs that are run.
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::CLOEXEC)
        .map_err(|error| ActivationError::NotASocket(error.into()))?;
    listener
        .local_addr()
        .and_then(|_| listener.set_nonblocking(true))
        .map_err(ActivationError::NotASocket)?;
    Ok(listener)
}
