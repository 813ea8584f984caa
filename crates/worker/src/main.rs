//! `kiosk-worker ROLE [READER | PLACE]`: started by the kiosk with a socket as standard input.
//! `kiosk-worker accepted`: by a service that accepted the kiosk's connection; the kiosk says the rest.

mod accepted;
mod card_channel;
mod card_watch;
mod cards;
mod sandbox;
mod serve;
mod tokens;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use anyhow::{Context, bail};
use wiping_allocator::WipingAllocator;
use worker::message::Role;

/// Pictures of documents and chip data are parsed here.
#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(false)
        .init();
    // A panic's message could quote what was being parsed: say only where.
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            tracing::error!(file = place.file(), line = place.line(), "panic");
        }
    }));

    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_default();
    if first == accepted::ARGUMENT {
        return accepted::run(kiosk()?);
    }
    let Some(role) = Role::from_argument(&first) else {
        bail!("usage: kiosk-worker cards [READER] | tokens PLACE | files | accepted");
    };
    serve::serve(role, arguments.next(), kiosk()?)
}

/// What standard input leads to.
fn kiosk() -> anyhow::Result<UnixStream> {
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    let socket = UnixStream::from(socket);
    socket
        .peer_addr()
        .context("standard input is not the kiosk's socket")?;
    Ok(socket)
}
