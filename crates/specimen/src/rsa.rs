//! RSA keys from a given source of random numbers.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::pkey::Private;
use openssl::rsa::{Rsa, RsaPrivateKeyBuilder};

use crate::{RandomSource, SpecimenError};

/// `bits` is even; the public exponent is odd.
pub fn generate(
    bits: usize,
    exponent: u32,
    random: &mut dyn RandomSource,
) -> Result<Rsa<Private>, SpecimenError> {
    let mut context = BigNumContext::new()?;
    let e = BigNum::from_u32(exponent)?;
    let p = prime(bits / 2, &e, random)?;
    let q = loop {
        let q = prime(bits / 2, &e, random)?;
        if q != p {
            break q;
        }
    };
    let n = &p * &q;
    let (p1, q1) = (less_one(&p)?, less_one(&q)?);
    let phi = &p1 * &q1;
    let mut d = BigNum::new()?;
    d.mod_inverse(&e, &phi, &mut context)?;
    let mut inverse = BigNum::new()?;
    inverse.mod_inverse(&q, &p, &mut context)?;
    let (dp, dq) = (&d % &p1, &d % &q1);
    let key = RsaPrivateKeyBuilder::new(n, e, d)?
        .set_factors(p, q)?
        .set_crt_params(dp, dq, inverse)?;
    Ok(key.build())
}

/// With its two highest bits set, so that the product of two has twice its length;
/// one more than no multiple of the exponent.
fn prime(
    bits: usize,
    exponent: &BigNum,
    random: &mut dyn RandomSource,
) -> Result<BigNum, SpecimenError> {
    let mut context = BigNumContext::new()?;
    let one = BigNum::from_u32(1)?;
    loop {
        let mut bytes = random.bytes(bits / 8)?;
        if let Some(first) = bytes.first_mut() {
            *first |= 0xC0;
        }
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        let candidate = BigNum::from_slice(&bytes)?;
        if !candidate.is_prime_fasttest(0, &mut context, true)? {
            continue;
        }
        let mut common = BigNum::new()?;
        common.gcd(&*less_one(&candidate)?, exponent, &mut context)?;
        if common == one {
            return Ok(candidate);
        }
    }
}

fn less_one(number: &BigNum) -> Result<BigNum, SpecimenError> {
    let mut less = BigNumRef::to_owned(number)?;
    less.sub_word(1)?;
    Ok(less)
}
