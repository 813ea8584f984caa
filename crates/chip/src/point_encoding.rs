//! From a number to a point of a curve, in the integrated mapping of PACE
//! (ICAO 9303-11, appendix B.2: affine coordinates, step by step).

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcPoint};
use openssl::error::ErrorStack;

use crate::group::GroupError;

/// The point of a field element `t`. All curves here have the cofactor 1.
///
/// # Errors
/// The curve has no encoding, or the element no point.
pub(crate) fn point_encoding(group: &EcGroup, t: &BigNumRef) -> Result<EcPoint, GroupError> {
    let mut context = BigNumContext::new()?;
    let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    group.components_gfp(&mut p, &mut a, &mut b, &mut context)?;
    if !p.is_bit_set(0) || !p.is_bit_set(1) {
        return Err(GroupError::NoPointEncoding);
    }
    let mut field = Field {
        p: &p,
        context: &mut context,
    };
    let zero = BigNum::new()?;
    let one = BigNum::from_u32(1)?;

    // 1. alpha = -t^2
    let t_squared = field.mul(t, t)?;
    let alpha = field.sub(&zero, &t_squared)?;
    // 2. X2 = -b / a (1 + 1 / (alpha + alpha^2))
    let alpha_squared = field.mul(&alpha, &alpha)?;
    let sum = field.add(&alpha, &alpha_squared)?;
    if sum.num_bits() == 0 || a.num_bits() == 0 {
        return Err(GroupError::NotAnElement);
    }
    let inverse = field.invert(&sum)?;
    let factor = field.add(&one, &inverse)?;
    let minus_b = field.sub(&zero, &b)?;
    let a_inverse = field.invert(&a)?;
    let quotient = field.mul(&minus_b, &a_inverse)?;
    let x2 = field.mul(&quotient, &factor)?;
    // 3. X3 = alpha X2
    let x3 = field.mul(&alpha, &x2)?;
    // 4. h2 = X2^3 + a X2 + b; step 5, h3, is needed for nothing.
    let x2_squared = field.mul(&x2, &x2)?;
    let x2_squared_a = field.add(&x2_squared, &a)?;
    let product = field.mul(&x2_squared_a, &x2)?;
    let h2 = field.add(&product, &b)?;
    // 6. U = t^3 h2
    let t_cubed = field.mul(&t_squared, t)?;
    let u = field.mul(&t_cubed, &h2)?;
    // 7. A = h2^(p - 1 - (p + 1) / 4)
    let mut quarter = p.to_owned()?;
    quarter.add_word(1)?;
    let mut exponent = BigNum::new()?;
    exponent.rshift(&quarter, 2)?;
    let mut less_one = p.to_owned()?;
    less_one.sub_word(1)?;
    let mut e = BigNum::new()?;
    e.checked_sub(&less_one, &exponent)?;
    let root = field.power(&h2, &e)?;
    // 8., 9. A^2 h2 = 1: (X2, A h2), else (X3, A U)
    let square = field.mul(&root, &root)?;
    let test = field.mul(&square, &h2)?;
    let (x, y) = if test == one {
        (x2, field.mul(&root, &h2)?)
    } else {
        (x3, field.mul(&root, &u)?)
    };
    let mut point = EcPoint::new(group)?;
    point
        .set_affine_coordinates(group, &x, &y, &mut context)
        .map_err(|_| GroupError::NotAnElement)?;
    Ok(point)
}

/// Arithmetic modulo p.
struct Field<'a> {
    p: &'a BigNumRef,
    context: &'a mut BigNumContext,
}

impl Field<'_> {
    fn add(&mut self, a: &BigNumRef, b: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut result = BigNum::new()?;
        result.mod_add(a, b, self.p, self.context)?;
        Ok(result)
    }

    fn sub(&mut self, a: &BigNumRef, b: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut result = BigNum::new()?;
        result.mod_sub(a, b, self.p, self.context)?;
        Ok(result)
    }

    fn mul(&mut self, a: &BigNumRef, b: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut result = BigNum::new()?;
        result.mod_mul(a, b, self.p, self.context)?;
        Ok(result)
    }

    fn power(&mut self, a: &BigNumRef, e: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut result = BigNum::new()?;
        result.mod_exp(a, e, self.p, self.context)?;
        Ok(result)
    }

    fn invert(&mut self, a: &BigNumRef) -> Result<BigNum, ErrorStack> {
        let mut result = BigNum::new()?;
        result.mod_inverse(a, self.p, self.context)?;
        Ok(result)
    }
}
