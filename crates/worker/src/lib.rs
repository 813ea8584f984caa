//! The worker: a child process for everything that parses hostile input or can hang.
//!
//! Here: what kiosk and worker say to each other ([`message`], [`wire`]), the
//! kiosk's end of it ([`client`]) and the parsing of citizens' pictures
//! ([`picture`]). The binary `kiosk-worker` adds the serving loop, the card
//! reader and the sandbox. Not here: device keys, the database, the screen.

pub mod client;
pub mod document;
pub mod message;
pub mod picture;
pub mod token;
pub mod wire;

pub use client::{
    CallError, DocumentError, Patience, Picture, RemoteToken, WorkerClient, WorkerConfig,
};
pub use message::{CardEvent, CardRead, PictureLimits, Refusal, Role, WatchEvent};
pub use token::{TokenEvent, TokenPlace};
