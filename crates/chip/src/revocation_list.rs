//! Certificate revocation lists of issuing states (ICAO 9303-12, 7.1.4).

use std::collections::BTreeSet;

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode, Encode};
use x509_cert::crl::CertificateList;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::certificate::{Certificate, CertificateError};
use crate::der_cursor::{DerCursor, INTEGER, SEQUENCE};
use crate::distinguished_name::DistinguishedName;
use crate::signature_algorithm::SignatureAlgorithm;

/// A list that speaks of all of an issuer's certificates or says nothing.
#[derive(Clone)]
pub(crate) struct RevocationList {
    pub(crate) issuer: DistinguishedName,
    /// Unix seconds.
    pub(crate) next_update: Option<u64>,
    serials: BTreeSet<Vec<u8>>,
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl RevocationList {
    pub(crate) fn parse(der: &[u8]) -> Result<RevocationList, CertificateError> {
        let mut outer = DerCursor::only(der, SEQUENCE)?;
        let signed = outer.take(SEQUENCE)?;
        let algorithm = outer.take(SEQUENCE)?;
        let signature = outer.decode::<BitStringRef<'_>>()?;
        outer.finish()?;
        // The signature algorithm stands behind the version in what is signed.
        let mut fields = signed.children();
        fields.take(INTEGER)?;
        if fields.take(SEQUENCE)?.raw != algorithm.raw {
            return Err(CertificateError::AlgorithmsDiffer);
        }
        let issuer = DistinguishedName::parse(fields.take(SEQUENCE)?.raw)?;

        let list = <CertificateList>::from_der(der)?.tbs_cert_list;
        // Partial and indirect lists announce themselves by critical extensions.
        critical(list.crl_extensions.iter().flatten())?;
        let mut serials = BTreeSet::new();
        for entry in list.revoked_certificates.iter().flatten() {
            critical(entry.crl_entry_extensions.iter().flatten())?;
            // As encoded: what the type gives back has lost its sign.
            let serial = entry.serial_number.to_der()?;
            serials.insert(DerCursor::new(&serial).take(INTEGER)?.value.to_vec());
        }
        let identifier: AlgorithmIdentifierRef<'_> = algorithm.decode()?;
        Ok(RevocationList {
            issuer,
            next_update: list
                .next_update
                .map(|time| time.to_unix_duration().as_secs()),
            serials,
            signed: signed.raw.to_vec(),
            algorithm: SignatureAlgorithm::from_identifier(&identifier)?,
            signature: signature
                .as_bytes()
                .ok_or(CertificateError::Malformed)?
                .to_vec(),
        })
    }

    pub(crate) fn verify_signed_by(&self, issuer: &Certificate) -> Result<(), CertificateError> {
        let key = issuer.public_key()?;
        Ok(key.verify(&self.algorithm, &self.signed, &self.signature)?)
    }

    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.serials.contains(&certificate.serial)
    }
}

fn critical<'a>(
    extensions: impl Iterator<Item = &'a x509_cert::ext::Extension>,
) -> Result<(), CertificateError> {
    /// `reasonCode`, `invalidityDate`, `cRLNumber`, `authorityKeyIdentifier`.
    const KNOWN: [ObjectIdentifier; 4] = [
        ObjectIdentifier::new_unwrap("2.5.29.21"),
        ObjectIdentifier::new_unwrap("2.5.29.24"),
        ObjectIdentifier::new_unwrap("2.5.29.20"),
        ObjectIdentifier::new_unwrap("2.5.29.35"),
    ];
    for extension in extensions {
        if extension.critical && !KNOWN.contains(&extension.extn_id) {
            return Err(CertificateError::UnknownCritical(extension.extn_id));
        }
    }
    Ok(())
}
