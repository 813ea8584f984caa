//! A worker behind a service of its own user: systemd accepted the kiosk's connection.
//!
//! The kiosk cannot signal another user's process. It closes its end instead, and this process, which
//! waits for nothing else, ends the worker, wherever that hangs.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use worker::message::{Role, Start};
use worker::token::TokenPlace;
use worker::wire;

use crate::sandbox;

pub const ARGUMENT: &str = "accepted";
/// What its service may say of the log.
const LOG: &str = "RUST_LOG";

pub fn run(mut socket: UnixStream) -> anyhow::Result<()> {
    sandbox::harden_process()?;
    let Some(received) = wire::receive::<Start>(&mut socket)? else {
        return Ok(());
    };
    let Start { role, place } = received.message;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(role.argument())
        .args(&place)
        .env_clear()
        .envs(std::env::var_os(LOG).map(|wanted| (LOG, wanted)))
        .stdin(OwnedFd::from(socket.try_clone()?))
        .stdout(Stdio::null());
    if role == Role::Tokens {
        let place = place.as_deref().unwrap_or_default().parse::<TokenPlace>()?;
        command.envs(place.environment().map_err(anyhow::Error::msg)?);
    }
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let ended = pidfd_open(pid, PidfdFlags::empty()).context("pidfd_open")?;
    wait_for_either(&socket, &ended)?;
    // It may have ended by itself.
    let _ = child.kill();
    child.wait()?;
    Ok(())
}

/// Until the kiosk has closed its end, or the worker has ended.
fn wait_for_either(socket: &UnixStream, ended: &OwnedFd) -> anyhow::Result<()> {
    let mut both = [
        PollFd::new(socket, PollFlags::RDHUP),
        PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN),
    ];
    loop {
        match poll(&mut both, None) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
