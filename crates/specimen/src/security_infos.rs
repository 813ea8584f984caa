//! SecurityInfos of EF.CardAccess, EF.CardSecurity and DG14 (ICAO 9303-11, 9.2).

use chip::cipher::Cipher;
use chip::pace::algorithm::Mapping;
use const_oid::ObjectIdentifier;

use crate::asn1::{integer, oid, sequence, set_of};
use crate::config::{ChipKey, Pace};
use crate::key::Digest;
use crate::{SpecimenError, field};

/// bsi-de protocols(2) smartcard(2).
const SMARTCARD: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2");
const ACTIVE_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.5");

/// The protocol's OID, as EF.CardAccess and MSE:Set AT name it.
pub fn pace_oid(pace: Pace) -> Result<ObjectIdentifier, SpecimenError> {
    let mapping = match (pace.mapping, pace.elliptic()) {
        (Mapping::Generic, false) => 1,
        (Mapping::Generic, true) => 2,
        (Mapping::Integrated, false) => 3,
        (Mapping::Integrated, true) => 4,
        (Mapping::ChipAuthentication, true) => 6,
        (Mapping::ChipAuthentication, false) => {
            return Err(field("PACE", "chip-authentication mapping needs a curve"));
        }
    };
    under_smartcard([4, mapping, arc(pace.cipher)])
}

/// id-CA-ECDH with its cipher.
pub fn chip_authentication_oid(key: ChipKey) -> Result<ObjectIdentifier, SpecimenError> {
    under_smartcard([3, 2, arc(key.cipher)])
}

pub fn pace_info(pace: Pace) -> Result<Vec<u8>, SpecimenError> {
    Ok(sequence(&[
        &oid(pace_oid(pace)?),
        &integer(2),
        &integer(u64::from(pace.parameter_id)),
    ]))
}

/// ChipAuthenticationInfo, version 1, and the public key, both without a key number.
pub fn chip_authentication(key: ChipKey, public_key: &[u8]) -> Result<[Vec<u8>; 2], SpecimenError> {
    let info = sequence(&[&oid(chip_authentication_oid(key)?), &integer(1)]);
    // id-PK-ECDH.
    let key = sequence(&[&oid(under_smartcard([1, 2])?), public_key]);
    Ok([info, key])
}

/// Which plain ECDSA the key of DG15 signs with.
pub fn active_authentication(digest: Digest) -> Vec<u8> {
    sequence(&[
        &oid(ACTIVE_AUTHENTICATION),
        &integer(1),
        &oid(digest.with_plain_ecdsa()),
    ])
}

pub fn security_infos(infos: Vec<Vec<u8>>) -> Vec<u8> {
    set_of(infos)
}

fn arc(cipher: Cipher) -> u32 {
    match cipher {
        Cipher::TripleDes => 1,
        Cipher::Aes128 => 2,
        Cipher::Aes192 => 3,
        Cipher::Aes256 => 4,
    }
}

fn under_smartcard<const N: usize>(arcs: [u32; N]) -> Result<ObjectIdentifier, SpecimenError> {
    arcs.into_iter()
        .try_fold(SMARTCARD, |oid, arc| oid.push_arc(arc))
        .map_err(|_| field("protocol", "has no object identifier"))
}
