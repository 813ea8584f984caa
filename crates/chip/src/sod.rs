//! EF.SOD: the digests of all data groups under the document signer's signature
//! (ICAO 9303-10, 4.6.2).

use std::collections::BTreeMap;

use der::asn1::{ObjectIdentifier, OctetStringRef, PrintableStringRef};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::der_cursor::{DerCursor, NotDer, SEQUENCE};
use crate::digest_algorithm::DigestAlgorithm;
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::signed_data::{SignedData, SignedDataError};
use crate::tlv::{self, TlvError};

const TEMPLATE: u32 = 0x77;
/// Of real ones a tenth.
const LIMIT: usize = 128 * 1024;

/// `id-icao-mrtd-security-ldsSecurityObject`.
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
/// `id-data`: what some early documents call their LDS security object.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SodError {
    #[error(transparent)]
    Tlv(#[from] TlvError),
    #[error(transparent)]
    SignedData(#[from] SignedDataError),
    #[error("the content type {0} is not that of an LDS security object")]
    ContentType(ObjectIdentifier),
    #[error("the LDS security object is malformed")]
    Malformed,
    #[error("the LDS security object has the unknown version {0}")]
    Version(u8),
    #[error("the digest algorithm {0} is not known")]
    UnknownDigest(ObjectIdentifier),
    #[error("a digest is not as long as those of {0}")]
    DigestLength(DigestAlgorithm),
    #[error("a data group is not between 1 and 16 or has two digests")]
    DataGroup,
}

impl From<NotDer> for SodError {
    fn from(_: NotDer) -> Self {
        SodError::Malformed
    }
}

/// Read, nothing verified; see [`crate::passive::verify`].
pub struct Sod {
    pub(crate) signed: SignedData,
    security_object: LdsSecurityObject,
}

/// `LDSSecurityObject`, version 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsSecurityObject {
    pub digest: DigestAlgorithm,
    pub digests: BTreeMap<DataGroup, Vec<u8>>,
    /// Of the LDS and of Unicode, in version 1.
    pub versions: Option<(String, String)>,
}

impl Sod {
    /// # Errors
    /// The file is no EF.SOD.
    pub fn parse(file: &[u8]) -> Result<Sod, SodError> {
        let signed = SignedData::parse(tlv::only(file, TEMPLATE)?, LIMIT)?;
        if signed.content_type != LDS_SECURITY_OBJECT && signed.content_type != DATA {
            return Err(SodError::ContentType(signed.content_type));
        }
        Ok(Sod {
            security_object: LdsSecurityObject::parse(&signed.content)?,
            signed,
        })
    }

    pub fn security_object(&self) -> &LdsSecurityObject {
        &self.security_object
    }

    /// It calls its content plain data.
    pub(crate) fn content_is_called_data(&self) -> bool {
        self.signed.content_type == DATA
    }
}

/// Whether EF.SOD among `files` has a digest of this data group. A chip that does not
/// give such a one hides it: a copy without the keys of DG14 and DG15 must, to be taken
/// for a document that never had them.
pub fn lists(files: &ChipFiles, group: DataGroup) -> bool {
    let sod = files.get(FileId::Sod).map(Sod::parse);
    matches!(sod, Some(Ok(sod)) if sod.security_object.digests.contains_key(&group))
}

impl LdsSecurityObject {
    fn parse(der: &[u8]) -> Result<LdsSecurityObject, SodError> {
        let mut fields = DerCursor::only(der, SEQUENCE)?;
        let version: u8 = fields.decode()?;
        if version > 1 {
            return Err(SodError::Version(version));
        }
        let algorithm: AlgorithmIdentifierRef<'_> = fields.decode()?;
        let digest = DigestAlgorithm::from_identifier(&algorithm)
            .ok_or(SodError::UnknownDigest(algorithm.oid))?;
        let mut digests = BTreeMap::new();
        let mut list = fields.take(SEQUENCE)?.children();
        while !list.is_empty() {
            let mut entry = list.take(SEQUENCE)?.children();
            let number: u8 = entry.decode()?;
            let value: &OctetStringRef = entry.next()?.decode()?;
            entry.finish()?;
            let group = DataGroup::new(number).ok_or(SodError::DataGroup)?;
            if value.as_bytes().len() != digest.length() {
                return Err(SodError::DigestLength(digest));
            }
            if digests.insert(group, value.as_bytes().to_vec()).is_some() {
                return Err(SodError::DataGroup);
            }
        }
        if digests.is_empty() {
            return Err(SodError::DataGroup);
        }
        let versions = match version {
            0 => None,
            _ => {
                let mut versions = fields.take(SEQUENCE)?.children();
                let lds: PrintableStringRef<'_> = versions.decode()?;
                let unicode: PrintableStringRef<'_> = versions.decode()?;
                versions.finish()?;
                Some((lds.as_str().to_owned(), unicode.as_str().to_owned()))
            }
        };
        fields.finish()?;
        Ok(LdsSecurityObject {
            digest,
            digests,
            versions,
        })
    }
}

impl std::fmt::Debug for Sod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sod")
            .field("data_groups", &self.security_object.digests.keys())
            .finish_non_exhaustive()
    }
}
