//! A holder ends a certificate of theirs: which one, why, and that it is done. Who
//! they are was proven before, by IIN and a code to the phone on record.

mod certificate;
mod revoked;
mod revoking;

pub(super) use certificate::WhichCertificate;
pub(super) use revoked::Revoked;
pub(super) use revoking::Revoking;
