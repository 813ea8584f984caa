//! Talking to the office: provisioning, time, phone codes, upload, results, collection, heartbeat,
//! updates, technicians, what the kiosk tells of itself.
//!
//! The kiosk always asks; it opens no port. Everything goes over TLS to an office whose own
//! authority is the only root. Paths and bodies: [`exchange::api`]. What is kept until the office
//! has it: the crate `outbox`. Not here: what a citizen sees of it.

mod bundle;
mod certificates;
mod client;
mod collect;
mod device_key;
mod error;
mod heartbeat;
mod identity;
mod phone;
pub(crate) mod private_file;
mod provisioning;
mod result;
mod statements;
mod technicians;
mod time;
mod tls;
mod tls_key;
mod tus;
mod uplink;
mod upload;

#[cfg(test)]
mod tests;

pub use bundle::{BundleFolder, FetchError};
pub use client::{OfficeClient, OfficeConfig};
pub use device_key::{DeviceKey, DeviceKeyError, FileDeviceKey, Tpm, TpmDeviceKey, sign_manifest};
pub use error::SyncError;
pub use heartbeat::heartbeat_of;
pub use identity::{Credentials, Identity};
pub use provisioning::Provisioning;
pub use statements::{Kept, StatementKind, Statements};
pub use technicians::Technicians;
pub use time::TimeFloor;
pub use tls::{CertificateDates, SeenDates};
pub use tus::Progress;
pub use uplink::{Held, Uplink, UplinkEvent};
pub use upload::{Sent, Verdict, send_job, verdict};
