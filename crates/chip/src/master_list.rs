//! Master lists: the CSCA certificates that a state believes, under its own signature
//! (ICAO 9303-12, 9).

use der::asn1::ObjectIdentifier;

use crate::certificate::CertificateError;
use crate::der_cursor::{DerCursor, NotDer, SEQUENCE, SET};
use crate::signed_data::{SignedData, SignedDataError};
use crate::trust::{NoPath, Revocation, Trust};

/// Ten times the largest that states publish.
const LIMIT: usize = 16 * 1024 * 1024;

/// `id-icao-cscaMasterList`.
const CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");
/// `id-icao-cscaMasterListSigningKey`, as extended key usage.
const SIGNING_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterListError {
    #[error(transparent)]
    SignedData(#[from] SignedDataError),
    #[error("the content type {0} is not that of a master list")]
    ContentType(ObjectIdentifier),
    #[error("the list is malformed")]
    Malformed,
    #[error("the certificate of its signer is missing")]
    NoSigner,
    #[error("its signer may not sign master lists")]
    Purpose,
    #[error("its content is not the one that is signed")]
    Content,
    #[error("its signature: {0}")]
    Signature(CertificateError),
    #[error("its signer belongs to no CSCA certificate given")]
    UnknownSigner,
    #[error("it does not say when it was signed")]
    NoSigningTime,
    #[error("its signer's certificates were not valid when it was signed")]
    Validity,
    #[error("its signer is of another state than the CSCA certificate behind it")]
    State,
    #[error("its signer has been revoked")]
    Revoked,
}

impl From<NotDer> for MasterListError {
    fn from(_: NotDer) -> Self {
        MasterListError::Malformed
    }
}

/// The certificates in DER, once everything about the signature holds.
pub(crate) fn verified_certificates(
    list: &[u8],
    signer_roots: &Trust,
) -> Result<Vec<Vec<u8>>, MasterListError> {
    let signed = SignedData::parse(list, LIMIT)?;
    if signed.content_type != CSCA_MASTER_LIST {
        return Err(MasterListError::ContentType(signed.content_type));
    }
    let signer = signed
        .signer_certificate()
        .ok_or(MasterListError::NoSigner)?;
    let may_sign = signer
        .extensions
        .key_usage
        .is_none_or(|usage| usage.digital_signature());
    if !may_sign || !signer.extensions.purposes.contains(&SIGNING_KEY) {
        return Err(MasterListError::Purpose);
    }
    if !signed.content_digest_matches() {
        return Err(MasterListError::Content);
    }
    signed
        .verify_signature(signer)
        .map_err(MasterListError::Signature)?;
    let paths = signer_roots
        .paths(signer)
        .map_err(|no_path| match no_path {
            NoPath::Signature(error) => MasterListError::Signature(error),
            NoPath::UnknownIssuer | NoPath::Unanchored => MasterListError::UnknownSigner,
        })?;
    // Mandatory in master lists, unlike in EF.SOD.
    let signed_at = signed
        .signer
        .attributes
        .signing_time
        .ok_or(MasterListError::NoSigningTime)?;
    let path = paths
        .iter()
        .find(|path| path.iter().all(|link| link.valid_at(signed_at, signed_at)))
        .filter(|_| signer.valid_at(signed_at, signed_at))
        .ok_or(MasterListError::Validity)?;
    // A signer is its own state's (ICAO 9303-12, 7.1.1.1).
    if path.iter().any(|link| link.country() != signer.country()) {
        return Err(MasterListError::State);
    }
    let revocations = signer_roots.revocations(signer, path, signed_at);
    if revocations.contains(&Revocation::Listed) {
        return Err(MasterListError::Revoked);
    }
    certificates(&signed.content)
}

/// `CscaMasterList` ::= SEQUENCE { version 0, certList SET OF Certificate }.
fn certificates(der: &[u8]) -> Result<Vec<Vec<u8>>, MasterListError> {
    let mut fields = DerCursor::only(der, SEQUENCE)?;
    let version: u8 = fields.decode()?;
    let mut list = fields.take(SET)?.children();
    fields.finish()?;
    if version != 0 {
        return Err(MasterListError::Malformed);
    }
    let mut certificates = Vec::new();
    while !list.is_empty() {
        certificates.push(list.take(SEQUENCE)?.raw.to_vec());
    }
    Ok(certificates)
}
