//! What is said to end a certificate, and whether the answer says that it is ended
//! (RFC 9483 section 4.2).

use const_oid::AssociatedOid;
use der::{Encode, asn1::OctetString};
use x509_cert::ext::{Extension, pkix::CrlReason};

use crate::{
    CertTemplate, DerCertificate, Error, FailInfo, RevDetails, RevRepContent, Status, StatusInfo,
    header::directory_name,
};

/// Exactly issuer and serial number, and exactly one reason.
pub(crate) fn details(certificate: &DerCertificate, reason: CrlReason) -> der::Result<RevDetails> {
    let contents = certificate.certificate().tbs_certificate();
    Ok(RevDetails {
        cert_details: CertTemplate {
            serial_number: Some(contents.serial_number().clone()),
            issuer: Some(contents.issuer().clone()),
        },
        crl_entry_details: Some(vec![Extension {
            extn_id: CrlReason::OID,
            critical: false,
            extn_value: OctetString::new(reason.to_der()?)?,
        }]),
    })
}

/// One status, and where the answer names a certificate, that one.
///
/// # Errors
/// [`Error::CertReqId`], or [`Error::Refused`].
pub(crate) fn judge(response: &RevRepContent, asked: &DerCertificate) -> Result<(), Error> {
    let [status] = response.status.as_slice() else {
        return Err(Error::CertReqId);
    };
    if let Some(named) = &response.rev_certs {
        let [named] = named.as_slice() else {
            return Err(Error::CertReqId);
        };
        let contents = asked.certificate().tbs_certificate();
        if named.issuer != directory_name(contents.issuer())
            || named.serial_number != *contents.serial_number()
        {
            return Err(Error::CertReqId);
        }
    }
    match status.status() {
        Status::Accepted | Status::GrantedWithMods => Ok(()),
        _ => done_before(status),
    }
}

/// The answer to an earlier request got lost, or somebody else was faster.
pub(crate) fn done_before(status: &StatusInfo) -> Result<(), Error> {
    let refused = matches!(status.status(), Status::Rejection);
    if refused && status.fail_info().any(|f| f == FailInfo::CERT_REVOKED) {
        return Ok(());
    }
    Err(Error::Refused(status.clone()))
}
