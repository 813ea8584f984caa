//! What kiosk and office say to each other, and the checked values both speak in.
//!
//! Here: identifiers, personal values that can only be held checked, the sealed
//! parts of a submission, the signed manifest, receipt and result, and the types
//! of the HTTP interface; what a kiosk tells of itself and how it is updated. Not here: transport, storage, devices.

pub mod api;
mod bounded;
pub mod certificates;
mod chip_data;
mod document;
mod email;
mod fingerprint;
mod form;
mod ids;
mod iin;
pub mod key_made;
mod kiosk_statement;
mod manifest;
mod part;
mod phone;
pub mod readiness;
mod receipt_code;
pub mod renewal;
pub mod seal;
mod secret;
mod signed;
pub mod technician;
mod time;
pub mod update;
pub mod work_order;

pub use bounded::{AtMost, BoundError, Line};
pub use chip_data::{ChipRecord, DocumentRecord, NoRecord, active_challenge};
pub use document::{
    DocumentKind, DocumentNumber, HolderName, IdentityDocument, IinComparison, ReadBy,
};
pub use email::{EmailAddress, EmailError};
pub use fingerprint::fingerprint_words;
pub use form::{Form, KeyAlgorithm, Language, PhoneStanding, StorageType};
pub use ids::{Digest, IdError, KioskId, SubmissionId};
pub use iin::{Iin, IinError, IinPolicy};
pub use key_made::{ApprovedSubject, KeyMade, KeyMadeError, KeyNonce, KeyStanding, KeyWanted};
pub use kiosk_statement::KioskStatement;
pub use manifest::{Manifest, SealedPart};
pub use part::{PartName, SubmissionKind};
pub use phone::{PhoneError, PhoneNumber};
pub use readiness::{FaultCode, ReadinessReport};
pub use receipt_code::{ReceiptCode, ReceiptCodeError};
pub use renewal::{RenewalError, RenewalForm, RenewalNonce, RenewalProof, renewal_bytes};
pub use secret::Secret;
pub use signed::{SignatureError, Signed, SigningKey, Statement, VerifyingKey};
pub use technician::{CertificateSerial, RevokedTechnicians, Technician, TechnicianError};
pub use time::{TimeTrust, UnixMillis};
pub use update::{BundleCheck, BundleError, OfferError, UpdateOffer, UpdateResult, UpdateSource};
pub use work_order::WorkOrder;
