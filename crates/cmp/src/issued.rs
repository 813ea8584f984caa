//! Whether a certificate is the one that was asked for.

use der::Encode;
use exchange::UnixMillis;

use crate::{Configuration, DerCertificate, HashAlgorithm, PathError, path, transaction::AskedFor};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("no certificate came, or none that can be read")]
    Malformed,
    #[error("the certificate is encrypted, or a private key came along")]
    Encrypted,
    #[error("the certificate is for another key")]
    Key,
    #[error("the certificate is for another subject")]
    Subject,
    #[error("the certificate makes its subject an authority")]
    Authority,
    #[error("the certificate's signature algorithm is not known")]
    Algorithm,
    #[error("{0}")]
    Path(PathError),
}

/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn check(
    certificate: &DerCertificate,
    asked: &AskedFor,
    untrusted: &[&DerCertificate],
    configuration: &Configuration,
    now: UnixMillis,
) -> Result<HashAlgorithm, Unfit> {
    let contents = certificate.certificate().tbs_certificate();
    let malformed = |_: der::Error| Unfit::Malformed;
    let key = contents.subject_public_key_info().to_der();
    if key.map_err(malformed)? != asked.key {
        return Err(Unfit::Key);
    }
    if contents.subject().to_der().map_err(malformed)? != asked.subject {
        return Err(Unfit::Subject);
    }
    if certificate.basic_constraints().is_some_and(|c| c.ca) {
        return Err(Unfit::Authority);
    }
    let anchors = &configuration.issuer_anchors;
    // An authority's clock that is a little ahead makes no bad certificate.
    let ahead = now.plus_millis(i64::from(configuration.clock_difference));
    let moment = if certificate.is_valid_at(now) {
        now
    } else {
        ahead
    };
    path::verify(certificate, untrusted, anchors, moment).map_err(Unfit::Path)?;
    HashAlgorithm::of_signature(certificate.certificate().signature_algorithm())
        .ok_or(Unfit::Algorithm)
}
