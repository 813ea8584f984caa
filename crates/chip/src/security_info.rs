//! What a chip says of its protocols: the SecurityInfos of EF.CardAccess,
//! EF.CardSecurity and DG14 (ICAO 9303-11, 9.2). Those of protocols unknown here are
//! kept for the comparison of these files and otherwise skipped.

use std::collections::BTreeSet;

use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::digest_algorithm::DigestAlgorithm;
use crate::domain_parameters::{number_of_curve, standardized};
use crate::group::{Element, Group, GroupError};
use crate::pace::algorithm::PaceAlgorithm;
use crate::public_key::{EcPublicKey, PublicKey};
use crate::tlv::{self, TlvError, TlvReader};

/// `id-PACE`; below it mapping and cipher.
pub(crate) const PACE: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.4");
const PACE_ARCS: usize = 9;
/// `id-CA-DH`, `id-CA-ECDH`; below them the cipher.
const CA_DH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3.1");
const CA_ECDH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3.2");
/// `id-PK-DH`, `id-PK-ECDH`.
const PK_DH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.1.1");
const PK_ECDH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.1.2");
/// `id-icao-mrtd-security-aaProtocolObject`.
const ACTIVE_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.5");
/// `standardizedDomainParameters` (TR-03110-3, A.2.1.1).
const STANDARDIZED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");
/// `ecdsa-plain-signatures`; below it the digest (TR-03111, 5.2.1.1).
const ECDSA_PLAIN: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.1.4.1");

/// Far more than any chip has.
const MOST_INFOS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecurityInfoError {
    #[error(transparent)]
    Tlv(#[from] TlvError),
    #[error("a SecurityInfo is malformed")]
    Malformed,
    #[error("too many SecurityInfos")]
    TooMany,
}

impl From<der::Error> for SecurityInfoError {
    fn from(_: der::Error) -> Self {
        SecurityInfoError::Malformed
    }
}

/// One PACE the chip speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceInfo {
    pub algorithm: PaceAlgorithm,
    /// Below 32 standardized domain parameters, else the chip's own. None where the
    /// chip has one set of its own.
    pub parameter_id: Option<u64>,
}

/// Domain parameters spelt out by the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PaceDomainParameterInfo {
    /// `id-PACE-ECDH-GM` and its like, without a cipher.
    protocol: ObjectIdentifier,
    /// DER `AlgorithmIdentifier`.
    parameters: Vec<u8>,
    parameter_id: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    pub protocol: ObjectIdentifier,
    pub elliptic: bool,
    pub cipher: Cipher,
    /// None where the chip has one key.
    pub key_id: Option<u64>,
}

/// The key of chip authentication as DG14 and EF.CardSecurity carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationPublicKeyInfo {
    pub elliptic: bool,
    /// DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    pub key_id: Option<u64>,
}

impl ChipAuthenticationPublicKeyInfo {
    /// # Errors
    /// A key that is none, or over parameters unknown here.
    pub fn group(&self) -> Result<(Group, Element), GroupError> {
        let info = SubjectPublicKeyInfoRef::from_der(&self.public_key)
            .map_err(|_| GroupError::Parameters)?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or(GroupError::Parameters)?;
        let (group, element) = match standardized_id(&info.algorithm) {
            Some(id) => {
                let group = standardized(id)?;
                // Of DH: an INTEGER within the bit string (TR-03110-3, D.3.2).
                let element = match group.curve() {
                    Some(curve) => return key_on(curve, bits),
                    None => group.decode(UintRef::from_der(bits).map_or(bits, |y| y.as_bytes()))?,
                };
                (group, element)
            }
            None => {
                let key =
                    PublicKey::from_spki(&self.public_key).map_err(|_| GroupError::Parameters)?;
                Group::of_key(&key)?
            }
        };
        if group.is_curve() != self.elliptic {
            return Err(GroupError::Parameters);
        }
        Ok((group, element))
    }
}

fn key_on(curve: Curve, point: &[u8]) -> Result<(Group, Element), GroupError> {
    let key = EcPublicKey::from_point(curve, point).map_err(|_| GroupError::NotAnElement)?;
    Group::of_key(&PublicKey::Ec(key))
}

/// All of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    pub pace: Vec<PaceInfo>,
    pub chip_authentication: Vec<ChipAuthenticationInfo>,
    pub chip_authentication_keys: Vec<ChipAuthenticationPublicKeyInfo>,
    /// The hash of ECDSA in active authentication.
    pub active_authentication: Option<DigestAlgorithm>,
    pace_domain_parameters: Vec<PaceDomainParameterInfo>,
    /// All, known or not, as they stand.
    pub(crate) as_given: BTreeSet<Vec<u8>>,
    /// Those of them below `id-PACE`.
    pub(crate) pace_as_given: BTreeSet<Vec<u8>>,
}

#[derive(Sequence)]
struct SecurityInfo<'a> {
    protocol: ObjectIdentifier,
    required: AnyRef<'a>,
    #[asn1(optional = "true")]
    optional: Option<AnyRef<'a>>,
}

impl SecurityInfos {
    /// EF.CardAccess, or what EF.CardSecurity signs: one SET.
    ///
    /// # Errors
    /// It is no SET, or a SecurityInfo of a protocol known here is malformed.
    pub fn parse(card_access: &[u8]) -> Result<SecurityInfos, SecurityInfoError> {
        let mut infos = SecurityInfos::default();
        let set = tlv::only(card_access, 0x31)?;
        for (count, object) in TlvReader::new(set).enumerate() {
            let object = object?;
            if count >= MOST_INFOS {
                return Err(SecurityInfoError::TooMany);
            }
            infos.add(object.raw)?;
        }
        Ok(infos)
    }

    /// The whole file DG14.
    ///
    /// # Errors
    /// As [`SecurityInfos::parse`].
    pub fn of_dg14(dg14: &[u8]) -> Result<SecurityInfos, SecurityInfoError> {
        SecurityInfos::parse(tlv::only(dg14, 0x6E)?)
    }

    fn add(&mut self, der: &[u8]) -> Result<(), SecurityInfoError> {
        let info = SecurityInfo::from_der(der)?;
        self.as_given.insert(der.to_vec());
        if info.protocol.arcs().take(PACE_ARCS).eq(PACE.arcs()) {
            self.pace_as_given.insert(der.to_vec());
            if let Some(algorithm) = PaceAlgorithm::from_oid(info.protocol) {
                self.add_pace(algorithm, &info)?;
            } else if info.protocol.parent() == Some(PACE) {
                self.pace_domain_parameters.push(PaceDomainParameterInfo {
                    protocol: info.protocol,
                    parameters: info.required.to_der()?,
                    parameter_id: info.optional.map(integer).transpose()?,
                });
            }
        } else if [CA_DH, CA_ECDH].contains(&info.protocol.parent().unwrap_or(info.protocol)) {
            self.add_chip_authentication(&info)?;
        } else if [PK_DH, PK_ECDH].contains(&info.protocol) {
            self.chip_authentication_keys
                .push(ChipAuthenticationPublicKeyInfo {
                    elliptic: info.protocol == PK_ECDH,
                    public_key: info.required.to_der()?,
                    key_id: info.optional.map(integer).transpose()?,
                });
        } else if info.protocol == ACTIVE_AUTHENTICATION {
            let algorithm = info.optional.ok_or(SecurityInfoError::Malformed)?;
            self.active_authentication = plain_digest(algorithm.decode_as()?);
        }
        Ok(())
    }

    fn add_pace(
        &mut self,
        algorithm: PaceAlgorithm,
        info: &SecurityInfo<'_>,
    ) -> Result<(), SecurityInfoError> {
        // Version 1 was never in an eMRTD (ICAO 9303-11, 9.2.3).
        if integer(info.required)? != 2 {
            return Ok(());
        }
        self.pace.push(PaceInfo {
            algorithm,
            parameter_id: info.optional.map(integer).transpose()?,
        });
        Ok(())
    }

    fn add_chip_authentication(
        &mut self,
        info: &SecurityInfo<'_>,
    ) -> Result<(), SecurityInfoError> {
        let cipher = match info.protocol.arcs().last() {
            Some(1) => Cipher::TripleDes,
            Some(2) => Cipher::Aes128,
            Some(3) => Cipher::Aes192,
            Some(4) => Cipher::Aes256,
            _ => return Ok(()),
        };
        // Version 1 is what ICAO 9303-11 describes (9.2.7); 2 belongs to TR-03110-2.
        if integer(info.required)? != 1 {
            return Ok(());
        }
        self.chip_authentication.push(ChipAuthenticationInfo {
            protocol: info.protocol,
            elliptic: info.protocol.parent() == Some(CA_ECDH),
            cipher,
            key_id: info.optional.map(integer).transpose()?,
        });
        Ok(())
    }

    /// The group of a PACE, and its number among the standardized domain parameters.
    /// Parameters of the chip's own are taken where they are a standardized curve's.
    ///
    /// # Errors
    /// Parameters unknown here, or of the wrong kind for the algorithm.
    pub fn pace_group(&self, info: &PaceInfo) -> Result<(Group, u8), GroupError> {
        let id = match info.parameter_id {
            Some(id @ 0..=31) => u8::try_from(id).map_err(|_| GroupError::Parameters)?,
            own => self
                .pace_domain_parameters
                .iter()
                .find(|given| {
                    given.parameter_id == own
                        && info.algorithm.oid().parent() == Some(given.protocol)
                })
                .and_then(|given| standardized_number(&given.parameters))
                .ok_or(GroupError::Parameters)?,
        };
        let group = standardized(id)?;
        if group.is_curve() != info.algorithm.elliptic() {
            return Err(GroupError::Parameters);
        }
        Ok((group, id))
    }

    /// Whether the chip has more than one set of domain parameters, so that one must
    /// be named (ICAO 9303-11, 4.4.4.1).
    pub fn pace_parameters_are_ambiguous(&self) -> bool {
        let mut ids = self.pace.iter().map(|info| info.parameter_id);
        let first = ids.next();
        ids.any(|id| Some(id) != first)
    }
}

/// An identifier as MSE:Set refers to it: no leading zeros, one byte at least.
pub(crate) fn reference(id: u64) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}

fn integer(any: AnyRef<'_>) -> Result<u64, SecurityInfoError> {
    Ok(any.decode_as::<u64>()?)
}

fn standardized_id(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<u8> {
    (algorithm.oid == STANDARDIZED)
        .then(|| algorithm.parameters?.decode_as::<u8>().ok())
        .flatten()
}

/// Of an `AlgorithmIdentifier` with a number, a curve's name or a curve spelt out.
fn standardized_number(parameters: &[u8]) -> Option<u8> {
    let algorithm = AlgorithmIdentifierRef::from_der(parameters).ok()?;
    standardized_id(&algorithm).or_else(|| {
        let curve = Curve::from_parameters(algorithm.parameters?).ok()?;
        number_of_curve(curve)
    })
}

fn plain_digest(algorithm: ObjectIdentifier) -> Option<DigestAlgorithm> {
    if algorithm.parent() != Some(ECDSA_PLAIN) {
        return None;
    }
    match algorithm.arcs().last()? {
        1 => Some(DigestAlgorithm::Sha1),
        2 => Some(DigestAlgorithm::Sha224),
        3 => Some(DigestAlgorithm::Sha256),
        4 => Some(DigestAlgorithm::Sha384),
        5 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

#[cfg(test)]
#[path = "security_info_tests.rs"]
mod tests;
