//! Certification paths (RFC 5280 section 6), as far as two short hierarchies need
//! them. What is not known here, such as name constraints, is refused when critical.

use exchange::UnixMillis;

use crate::DerCertificate;

/// Certificates between the first and its anchor.
const LONGEST: usize = 4;
/// An answer that brings more certificates than this is not looked through.
const MOST_UNTRUSTED: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("no chain leads from the certificate to one that is trusted")]
    NoPath,
    #[error("the certificate is not valid now")]
    Validity,
    #[error("the certificate has an extension that is not understood")]
    Extension,
    #[error("the certificate's key may not sign this")]
    KeyUsage,
}

/// Whether a chain leads from `first` to one of `anchors`, which are believed. An
/// anchor that is `first` itself is believed as well: it was pinned.
///
/// What `untrusted` holds only helps to find the way.
pub(crate) fn verify(
    first: &DerCertificate,
    untrusted: &[&DerCertificate],
    anchors: &[DerCertificate],
    now: UnixMillis,
) -> Result<(), PathError> {
    if !first.is_valid_at(now) {
        return Err(PathError::Validity);
    }
    if first.has_strange_extensions() {
        return Err(PathError::Extension);
    }
    if anchors.contains(first) {
        return Ok(());
    }
    let untrusted = &untrusted[..untrusted.len().min(MOST_UNTRUSTED)];
    // Breadth first, and every certificate once: an answer full of certificates that
    // sign each other costs no more than their number squared.
    let mut seen = vec![false; untrusted.len()];
    let mut ends = vec![first];
    for below in 0..=LONGEST {
        let reached = |end: &&DerCertificate| {
            let mut all = anchors.iter();
            all.any(|a| may_issue(a, below, now) && end.is_issued_by(a))
        };
        if ends.iter().any(reached) {
            return Ok(());
        }
        let mut next = Vec::new();
        for (candidate, seen) in untrusted.iter().zip(&mut seen) {
            if !*seen
                && may_issue(candidate, below, now)
                && ends.iter().any(|end| end.is_issued_by(candidate))
            {
                *seen = true;
                next.push(*candidate);
            }
        }
        ends = next;
    }
    Err(PathError::NoPath)
}

/// `below`: CA certificates under this one in the path.
fn may_issue(issuer: &DerCertificate, below: usize, now: UnixMillis) -> bool {
    let constraints = issuer.basic_constraints();
    let is_authority = constraints.is_some_and(|c| {
        let longest = c.path_len_constraint.map(usize::from);
        c.ca && longest.is_none_or(|longest| below <= longest)
    });
    let usage = issuer.key_usage();
    is_authority
        && usage.is_none_or(|u| u.key_cert_sign())
        && issuer.is_valid_at(now)
        && !issuer.has_strange_extensions()
}
