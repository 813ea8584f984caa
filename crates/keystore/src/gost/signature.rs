//! Checking a signature (RFC 7091 section 6.2).

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroupRef, EcPoint},
    error::ErrorStack,
};

use super::{Curve, NUMBER};

/// The two numbers, little endian each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub r: [u8; NUMBER],
    pub s: [u8; NUMBER],
}

impl Signature {
    /// r and then s, as Kazakh certificates carry them; None unless 128 bytes.
    ///
    /// Russian ones have s and then r, big endian (RFC 9215 section 3.3): the same
    /// bytes backwards.
    pub fn from_little_endian(bytes: &[u8]) -> Option<Self> {
        let (r, s) = bytes.split_first_chunk()?;
        Some(Self {
            r: *r,
            s: s.try_into().ok()?,
        })
    }
}

/// Whether the signature is that of the key `point` (x and y) over the digest, all
/// numbers little endian. Nonsense of any kind is no signature.
pub fn verifies(
    curve: &Curve,
    point: (&[u8; NUMBER], &[u8; NUMBER]),
    digest: &[u8; NUMBER],
    signature: &Signature,
) -> bool {
    check(curve, point, digest, signature).unwrap_or(false)
}

fn check(
    curve: &Curve,
    key: (&[u8; NUMBER], &[u8; NUMBER]),
    digest: &[u8; NUMBER],
    signature: &Signature,
) -> Result<bool, ErrorStack> {
    let mut context = BigNumContext::new()?;
    let group = curve.group(&mut context)?;
    let key = point(&group, key, &mut context)?;
    let q = curve.order()?;
    let (r, s) = (number(&signature.r)?, number(&signature.s)?);
    let in_range = |n: &BigNum| n.num_bits() > 0 && *n < q;
    if !in_range(&r) || !in_range(&s) {
        return Ok(false);
    }

    let digest = number(digest)?;
    let mut e = BigNum::new()?;
    e.nnmod(&digest, &q, &mut context)?;
    if e.num_bits() == 0 {
        e = BigNum::from_u32(1)?;
    }
    let mut v = BigNum::new()?;
    v.mod_inverse(&e, &q, &mut context)?;
    let mut z1 = BigNum::new()?;
    z1.mod_mul(&s, &v, &q, &mut context)?;
    let (mut rv, mut z2) = (BigNum::new()?, BigNum::new()?);
    rv.mod_mul(&r, &v, &q, &mut context)?;
    z2.checked_sub(&q, &rv)?;

    let mut c = EcPoint::new(&group)?;
    c.mul_full(&group, &z1, &key, &z2, &mut context)?;
    if c.is_infinity(&group) {
        return Ok(false);
    }
    let (mut x, mut y, mut found) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    c.affine_coordinates_gfp(&group, &mut x, &mut y, &mut context)?;
    found.nnmod(&x, &q, &mut context)?;
    Ok(found == r)
}

/// A point of the curve from x and y; an error when it is not on it, or when a
/// coordinate is no element of the field.
pub(super) fn point(
    group: &EcGroupRef,
    (x, y): (&[u8; NUMBER], &[u8; NUMBER]),
    context: &mut BigNumContext,
) -> Result<EcPoint, ErrorStack> {
    let (x, y) = (number(x)?, number(y)?);
    let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    group.components_gfp(&mut p, &mut a, &mut b, context)?;
    if x >= p || y >= p {
        return Err(ErrorStack::get());
    }
    let mut point = EcPoint::new(group)?;
    // OpenSSL refuses what is not on the curve.
    point.set_affine_coordinates_gfp(group, &x, &y, context)?;
    Ok(point)
}

fn number(little_endian: &[u8; NUMBER]) -> Result<BigNum, ErrorStack> {
    let mut bytes = *little_endian;
    bytes.reverse();
    BigNum::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of RFC 7091 section 7.2, big endian as printed there.
    mod example {
        use super::Curve;

        pub const CURVE: Curve = Curve {
            p: "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15D\
                F1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373",
            a: "7",
            b: "1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC43\
                61834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC",
            q: "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15D\
                A82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF",
            x: "24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762\
                FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A",
            y: "2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C\
                83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E",
        };
        /// The private key.
        pub const D: &str = "BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B10207\
                             2E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4";
        pub const X_Q: &str = "115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD\
                               5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1";
        pub const Y_Q: &str = "37C7C90CD40B0F5621DC3AC1B751CFA0E2634FA0503B3D52639F5D7FB72AFD61\
                               EA199441D943FFE7F0C70A2759A3CDB84C114E1F9339FDF27F35ECA93677BEEC";
        pub const E: &str = "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C591\
                             7184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C";
        pub const R: &str = "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD3\
                             5492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36";
        pub const S: &str = "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5\
                             823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A";
    }

    fn little_endian(hex_digits: &str) -> [u8; NUMBER] {
        let mut bytes: [u8; NUMBER] = hex::decode(hex_digits).unwrap().try_into().unwrap();
        bytes.reverse();
        bytes
    }

    #[test]
    fn the_example_of_rfc_7091_byte_for_byte() {
        let key = (&little_endian(example::X_Q), &little_endian(example::Y_Q));
        let digest = little_endian(example::E);
        let bytes = [little_endian(example::R), little_endian(example::S)].concat();
        let signature = Signature::from_little_endian(&bytes).unwrap();
        assert!(verifies(&example::CURVE, key, &digest, &signature));

        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = Signature::from_little_endian(&changed).unwrap();
            assert!(
                !verifies(&example::CURVE, key, &digest, &changed),
                "byte {at}"
            );
        }
        let mut other = digest;
        other[0] ^= 1;
        assert!(!verifies(&example::CURVE, key, &other, &signature));
        // Another curve.
        assert!(!verifies(&Curve::PARAM_SET_A, key, &digest, &signature));
    }

    #[test]
    fn the_key_of_the_example_is_its_private_key_times_the_base_point() {
        let mut context = BigNumContext::new().unwrap();
        let group = example::CURVE.group(&mut context).unwrap();
        let d = BigNum::from_hex_str(example::D).unwrap();
        let mut key = EcPoint::new(&group).unwrap();
        key.mul_generator2(&group, &d, &mut context).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        key.affine_coordinates_gfp(&group, &mut x, &mut y, &mut context)
            .unwrap();
        assert_eq!(x, BigNum::from_hex_str(example::X_Q).unwrap());
        assert_eq!(y, BigNum::from_hex_str(example::Y_Q).unwrap());
    }

    #[test]
    fn numbers_out_of_range_sign_nothing() {
        let key = (&little_endian(example::X_Q), &little_endian(example::Y_Q));
        let digest = little_endian(example::E);
        let q = little_endian(example::CURVE.q);
        let (r, s) = (little_endian(example::R), little_endian(example::S));
        for (r, s) in [
            ([0; NUMBER], s),
            (r, [0; NUMBER]),
            (q, s),
            (r, q),
            ([0xFF; NUMBER], [0xFF; NUMBER]),
        ] {
            let signature = Signature { r, s };
            assert!(!verifies(&example::CURVE, key, &digest, &signature));
        }
    }
}
