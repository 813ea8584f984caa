//! What identity documents say of themselves to a machine.
//!
//! Here: the machine-readable zone (ICAO 9303), the chip's protocols and files over
//! any [`CardChannel`], and whether they are genuine. Not here: readers, cameras, what a document's data is
//! used for.

pub mod access_key;
pub mod active_authentication;
pub mod bac;
pub mod ber;
pub mod card_access;
pub mod card_security;
pub mod certificate;
pub mod check;
pub mod chip_authentication;
pub mod cipher;
pub mod curve;
mod der_cursor;
pub mod digest_algorithm;
mod distinguished_name;
pub mod domain_parameters;
pub mod file_id;
pub mod file_reader;
pub mod files;
pub mod group;
pub mod issuing_state;
pub mod key_derivation;
pub mod lds;
pub mod master_list;
pub mod mrz;
mod mrz_layout;
pub mod pace;
pub mod passive;
mod point_encoding;
pub mod public_key;
pub mod read;
pub mod read_document;
mod revocation_list;
pub mod secure_messaging;
pub mod security_info;
pub mod session;
pub mod signature_algorithm;
mod signed_data;
pub mod sod;
#[cfg(test)]
mod test_chip;
pub mod tlv;
pub mod trust;

pub use access_key::{AccessKey, Can, MrzKey};
pub use apdu::{Atr, AtrError, CardChannel, ChannelError, Command, Response, StatusWord};
pub use check::{Check, CheckName, Outcome};
pub use file_id::{DataGroup, FileId};
pub use files::ChipFiles;
pub use mrz::{Mrz, MrzError, MrzField, MrzFormat, Sex};
pub use read::{Access, ActiveProof, ChipRead, ReadError, ReadRequest, Stage};
pub use read_document::read_document;
pub use secure_messaging::{Cipher, SecureMessaging, SecureMessagingError};
pub use session::Session;
pub use tlv::{Tlv, TlvError, TlvReader};
pub use trust::Trust;
