//! Curves of 512 bits for GOST R 34.10-2012.

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcPoint},
    error::ErrorStack,
};

/// Domain parameters in the terms of RFC 7091 section 5.2, hexadecimal, big endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// Modulus of the field.
    pub p: &'static str,
    pub a: &'static str,
    pub b: &'static str,
    /// Order of the group, a prime; here also that of the whole curve.
    pub q: &'static str,
    /// The point P.
    pub x: &'static str,
    pub y: &'static str,
}

impl Curve {
    /// id-tc26-gost-3410-2012-512-paramSetA, RFC 7836 appendix A.1.
    pub const PARAM_SET_A: Self = Self {
        p: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
            FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7",
        a: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
            FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4",
        b: "E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265\
            EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760",
        q: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\
            27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275",
        x: "3",
        y: "7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921\
            DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4",
    };

    pub(super) fn order(&self) -> Result<BigNum, ErrorStack> {
        BigNum::from_hex_str(self.q)
    }

    pub(super) fn group(&self, context: &mut BigNumContext) -> Result<EcGroup, ErrorStack> {
        let number = BigNum::from_hex_str;
        let mut group =
            EcGroup::from_components(number(self.p)?, number(self.a)?, number(self.b)?, context)?;
        let mut base = EcPoint::new(&group)?;
        let (x, y) = (number(self.x)?, number(self.y)?);
        base.set_affine_coordinates_gfp(&group, &x, &y, context)?;
        group.set_generator(base, self.order()?, BigNum::from_u32(1)?)?;
        Ok(group)
    }
}
