//! The central office: receives submissions, decides them, issues certificates.
//!
//! Parts, each a process with keys of its own, so that no one break opens
//! everything: [`receive`] (kiosks' listener; cannot open a submission), [`desk`]
//! (opens and decides; no public listener), [`issue`] (signs only what the desk
//! decided; no listener), [`status`] (tells the world which certificates are good;
//! can neither issue nor revoke). They meet in one database ([`db`]) and one store
//! of sealed objects ([`objects`]).

pub mod authority;
pub mod command_line;
pub mod config;
pub mod db;
pub mod desk;
pub mod init;
pub mod issue;
pub mod keys;
pub mod layout;
pub mod objects;
pub mod order;
pub mod provisioning_drive;
pub mod receive;
pub mod serve;
pub mod services;
pub mod status;
pub mod whole_file;
