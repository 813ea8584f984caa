//! The standardized domain parameters, by their number (ICAO 9303-11, table 6).

use openssl::dh::Dh;
use openssl::nid::Nid;

use crate::curve::Curve;
use crate::group::{Group, GroupError};

const CURVES: [(u8, Nid); 11] = [
    (8, Nid::X9_62_PRIME192V1),
    (9, Nid::BRAINPOOL_P192R1),
    (10, Nid::SECP224R1),
    (11, Nid::BRAINPOOL_P224R1),
    (12, Nid::X9_62_PRIME256V1),
    (13, Nid::BRAINPOOL_P256R1),
    (14, Nid::BRAINPOOL_P320R1),
    (15, Nid::SECP384R1),
    (16, Nid::BRAINPOOL_P384R1),
    (17, Nid::BRAINPOOL_P512R1),
    (18, Nid::SECP521R1),
];

/// # Errors
/// [`GroupError::Parameters`] for a number that stands for none; else of the library.
pub fn standardized(id: u8) -> Result<Group, GroupError> {
    match id {
        // RFC 5114, 2.1 to 2.3.
        0 => return modp(Dh::get_1024_160()?),
        1 => return modp(Dh::get_2048_224()?),
        2 => return modp(Dh::get_2048_256()?),
        _ => {}
    }
    let (_, nid) = CURVES
        .iter()
        .find(|(number, _)| *number == id)
        .ok_or(GroupError::Parameters)?;
    Group::of_curve(Curve::from_nid(*nid).ok_or(GroupError::Parameters)?)
}

/// The number of a curve, where it has one.
pub fn number_of_curve(curve: Curve) -> Option<u8> {
    CURVES
        .iter()
        .find(|(_, nid)| *nid == curve.nid())
        .map(|(number, _)| *number)
}

fn modp(parameters: Dh<openssl::pkey::Params>) -> Result<Group, GroupError> {
    let order = parameters.prime_q().ok_or(GroupError::Parameters)?;
    Group::modp(
        parameters.prime_p().to_owned()?,
        parameters.generator().to_owned()?,
        Some(order.to_owned()?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_table_stands_for_its_group() {
        let bytes = |id| standardized(id).unwrap().scalar_bytes();
        assert_eq!([bytes(0), bytes(1), bytes(2)], [20, 28, 32]);
        let names: Vec<_> = (8..=18)
            .map(|id| standardized(id).unwrap().curve().unwrap().name())
            .collect();
        assert_eq!(
            names,
            [
                "P-192",
                "brainpoolP192r1",
                "P-224",
                "brainpoolP224r1",
                "P-256",
                "brainpoolP256r1",
                "brainpoolP320r1",
                "P-384",
                "brainpoolP384r1",
                "brainpoolP512r1",
                "P-521",
            ]
        );
        for id in [3, 7, 19, 31, 32, 255] {
            assert_eq!(standardized(id).err(), Some(GroupError::Parameters));
        }
    }
}
