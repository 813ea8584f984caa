//! EF.CardSecurity: SecurityInfos under the document signer's signature, in the master
//! file (ICAO 9303-10, 3.11.4; 9303-11, 9.2). A chip with the chip-authentication
//! mapping of PACE has its public key there.

use der::asn1::ObjectIdentifier;

use crate::security_info::{SecurityInfoError, SecurityInfos};
use crate::signed_data::{SignedData, SignedDataError};

/// Of real ones a tenth.
const LIMIT: usize = 128 * 1024;

/// `id-SecurityObject` (TR-03110-3, A.1.2.5).
const SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardSecurityError {
    #[error(transparent)]
    SignedData(#[from] SignedDataError),
    #[error("the content type {0} is not that of SecurityInfos")]
    ContentType(ObjectIdentifier),
    #[error(transparent)]
    SecurityInfo(#[from] SecurityInfoError),
}

/// Read, nothing verified; see [`crate::passive::verify`].
pub struct CardSecurity {
    pub(crate) signed: SignedData,
    infos: SecurityInfos,
}

impl CardSecurity {
    /// # Errors
    /// The file is no EF.CardSecurity.
    pub fn parse(file: &[u8]) -> Result<CardSecurity, CardSecurityError> {
        let signed = SignedData::parse(file, LIMIT)?;
        if signed.content_type != SECURITY_OBJECT {
            return Err(CardSecurityError::ContentType(signed.content_type));
        }
        Ok(CardSecurity {
            infos: SecurityInfos::parse(&signed.content)?,
            signed,
        })
    }

    pub fn infos(&self) -> &SecurityInfos {
        &self.infos
    }
}

impl std::fmt::Debug for CardSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardSecurity")
            .field("infos", &self.infos)
            .finish_non_exhaustive()
    }
}
