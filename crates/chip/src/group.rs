//! The groups in which chip and reader agree on keys: elliptic curves over prime
//! fields and subgroups of prime fields (ICAO 9303-11, 9.6).
//!
//! An [`Element`] that came from outside was checked to be one: a point on the curve
//! other than infinity, or a number between 1 and p - 1 in the subgroup (RFC 2631,
//! 2.1.5). No operation here gives the neutral element.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcPoint, EcPointRef, PointConversionForm};
use openssl::error::ErrorStack;
use zeroize::Zeroizing;

use crate::cipher::CipherError;
use crate::curve::Curve;
use crate::point_encoding::point_encoding;
use crate::public_key::{DhKey, PublicKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// A point beside the curve, a number out of range or outside the subgroup.
    #[error("not an element of the group")]
    NotAnElement,
    #[error("the neutral element of the group")]
    Neutral,
    /// The integrated mapping has no point encoding for p = 1 modulo 4.
    #[error("no point encoding for this curve")]
    NoPointEncoding,
    #[error("numbers of no group")]
    Parameters,
    #[error("no random numbers")]
    Random,
    #[error("the cryptographic library failed")]
    Library,
}

impl From<CipherError> for GroupError {
    fn from(_: CipherError) -> Self {
        GroupError::Parameters
    }
}

impl From<ErrorStack> for GroupError {
    fn from(_: ErrorStack) -> Self {
        GroupError::Library
    }
}

/// Fills a buffer with random bytes: [`system_random`], or those of a worked example.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), GroupError>;

/// # Errors
/// The system has none.
pub fn system_random(buffer: &mut [u8]) -> Result<(), GroupError> {
    getrandom::fill(buffer).map_err(|_| GroupError::Random)
}

pub struct Group(Kind);

enum Kind {
    Curve {
        curve: Curve,
        group: EcGroup,
        order: BigNum,
    },
    Modp {
        prime: BigNum,
        generator: BigNum,
        /// Of the subgroup; some keys of chip authentication do not state it.
        order: Option<BigNum>,
    },
}

/// Of one [`Group`]; with another it gives an error or nonsense, no harm.
pub struct Element(Value);

enum Value {
    Point(EcPoint),
    Number(BigNum),
}

impl Drop for Element {
    fn drop(&mut self) {
        // A shared secret may be one.
        match &mut self.0 {
            Value::Number(number) => number.clear(),
            Value::Point(_) => {}
        }
    }
}

/// A private key, or a nonce as a number. Cleared on drop.
pub struct Scalar(BigNum);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl Scalar {
    fn new(mut number: BigNum) -> Scalar {
        number.set_const_time();
        Scalar(number)
    }

    /// From big-endian bytes, as they stand.
    ///
    /// # Errors
    /// Of the library only.
    pub fn from_bytes(bytes: &[u8]) -> Result<Scalar, GroupError> {
        Ok(Scalar::new(BigNum::from_slice(bytes)?))
    }
}

impl Group {
    /// # Errors
    /// Of the library only.
    pub fn of_curve(curve: Curve) -> Result<Group, GroupError> {
        let group = curve.group()?;
        let mut order = BigNum::new()?;
        group.order(&mut order, &mut *BigNumContext::new()?)?;
        Ok(Group(Kind::Curve {
            curve,
            group,
            order,
        }))
    }

    /// # Errors
    /// Prime and generator fit no group.
    pub fn modp(
        prime: BigNum,
        generator: BigNum,
        order: Option<BigNum>,
    ) -> Result<Group, GroupError> {
        if !prime.is_bit_set(0) || prime.num_bits() < 1024 {
            return Err(GroupError::Parameters);
        }
        let group = Group(Kind::Modp {
            prime,
            generator,
            order,
        });
        group.generator().map_err(|_| GroupError::Parameters)?;
        Ok(group)
    }

    /// That of a key of chip authentication, and the key as an element of it.
    ///
    /// # Errors
    /// An RSA key, or numbers of no group.
    pub fn of_key(key: &PublicKey) -> Result<(Group, Element), GroupError> {
        match key {
            PublicKey::Ec(ec) => {
                let group = Group::of_curve(ec.curve())?;
                let point = ec.key().public_key().to_owned(ec.key().group())?;
                Ok((group, Element(Value::Point(point))))
            }
            PublicKey::Dh(DhKey {
                prime,
                generator,
                order,
                public,
            }) => {
                let order = order.as_deref().map(BigNum::from_slice).transpose()?;
                let group = Group::modp(
                    BigNum::from_slice(prime)?,
                    BigNum::from_slice(generator)?,
                    order,
                )?;
                let element = group.decode(public)?;
                Ok((group, element))
            }
            PublicKey::Rsa(_) => Err(GroupError::Parameters),
        }
    }

    pub fn is_curve(&self) -> bool {
        matches!(self.0, Kind::Curve { .. })
    }

    /// The curve, where it is one.
    pub fn curve(&self) -> Option<Curve> {
        match &self.0 {
            Kind::Curve { curve, .. } => Some(*curve),
            Kind::Modp { .. } => None,
        }
    }

    /// Bytes of the group's order; of the prime where the order is unknown.
    pub fn scalar_bytes(&self) -> usize {
        usize::try_from(self.scalar_bound().num_bytes()).unwrap_or(0)
    }

    fn scalar_bound(&self) -> &BigNumRef {
        match &self.0 {
            Kind::Curve { order, .. }
            | Kind::Modp {
                order: Some(order), ..
            } => order,
            Kind::Modp { prime, .. } => prime,
        }
    }

    /// The prime of the field.
    pub(crate) fn prime(&self) -> Result<BigNum, GroupError> {
        match &self.0 {
            Kind::Curve { group, .. } => {
                let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
                group.components_gfp(&mut p, &mut a, &mut b, &mut *BigNumContext::new()?)?;
                Ok(p)
            }
            Kind::Modp { prime, .. } => Ok(copy(prime)?),
        }
    }

    /// # Errors
    /// The numbers given make none.
    pub fn generator(&self) -> Result<Element, GroupError> {
        match &self.0 {
            Kind::Curve { group, .. } => {
                let generator = group.generator_opt().ok_or(GroupError::Parameters)?;
                Ok(Element(Value::Point(generator.to_owned(group)?)))
            }
            Kind::Modp { generator, .. } => self.number(copy(generator)?),
        }
    }

    /// A private key between 1 and the order - 1, from 64 bits more than it has, so
    /// that none is likelier than another by more than 2^-64.
    ///
    /// # Errors
    /// No random numbers.
    pub fn private_key(&self, random: Random<'_>) -> Result<Scalar, GroupError> {
        let mut bytes = Zeroizing::new(vec![0; self.scalar_bytes() + 8]);
        random(&mut bytes)?;
        let mut range = copy(self.scalar_bound())?;
        // Without a known order the bound is p, and p - 1 is no private key either.
        range.sub_word(if self.order_known() { 1 } else { 2 })?;
        let wide = Scalar::new(BigNum::from_slice(&bytes)?);
        let mut scalar = BigNum::new()?;
        scalar.nnmod(&wide.0, &range, &mut *BigNumContext::new()?)?;
        scalar.add_word(1)?;
        Ok(Scalar::new(scalar))
    }

    fn order_known(&self) -> bool {
        !matches!(&self.0, Kind::Modp { order: None, .. })
    }

    /// `scalar` x `element`, or element^scalar.
    ///
    /// # Errors
    /// The result is the neutral element.
    pub fn multiply(&self, element: &Element, scalar: &Scalar) -> Result<Element, GroupError> {
        let mut context = BigNumContext::new_secure()?;
        match (&self.0, &element.0) {
            (Kind::Curve { group, .. }, Value::Point(point)) => {
                let mut product = EcPoint::new(group)?;
                product.mul2(group, point, &scalar.0, &mut context)?;
                self.point(product)
            }
            (Kind::Modp { prime, .. }, Value::Number(number)) => {
                let mut power = BigNum::new()?;
                power.mod_exp(number, &scalar.0, prime, &mut context)?;
                self.not_one(power)
            }
            _ => Err(GroupError::NotAnElement),
        }
    }

    /// The sum of two points, the product of two numbers.
    ///
    /// # Errors
    /// It is the neutral element.
    pub fn combine(&self, a: &Element, b: &Element) -> Result<Element, GroupError> {
        let mut context = BigNumContext::new_secure()?;
        match (&self.0, &a.0, &b.0) {
            (Kind::Curve { group, .. }, Value::Point(a), Value::Point(b)) => {
                let mut sum = EcPoint::new(group)?;
                sum.add(group, a, b, &mut context)?;
                self.point(sum)
            }
            (Kind::Modp { prime, .. }, Value::Number(a), Value::Number(b)) => {
                let mut product = BigNum::new()?;
                product.mod_mul(a, b, prime, &mut context)?;
                self.not_one(product)
            }
            _ => Err(GroupError::NotAnElement),
        }
    }

    /// A public key as it is sent: an uncompressed point, or an unsigned integer
    /// (ICAO 9303-11, 9.4.5).
    ///
    /// # Errors
    /// It is none of this group.
    pub fn decode(&self, bytes: &[u8]) -> Result<Element, GroupError> {
        match &self.0 {
            Kind::Curve { group, curve, .. } => {
                if bytes.first() != Some(&0x04) {
                    return Err(GroupError::NotAnElement);
                }
                let point = curve
                    .point(group, bytes, &mut BigNumContext::new()?)
                    .map_err(|_| GroupError::NotAnElement)?
                    .ok_or(GroupError::NotAnElement)?;
                self.point(point)
            }
            Kind::Modp { prime, .. } => {
                if bytes.len() > usize::try_from(prime.num_bytes()).unwrap_or(0) {
                    return Err(GroupError::NotAnElement);
                }
                self.number(BigNum::from_slice(bytes)?)
            }
        }
    }

    /// # Errors
    /// An element of another group.
    pub fn encode(&self, element: &Element) -> Result<Vec<u8>, GroupError> {
        match (&self.0, &element.0) {
            (Kind::Curve { group, .. }, Value::Point(point)) => Ok(point.to_bytes(
                group,
                PointConversionForm::UNCOMPRESSED,
                &mut *BigNumContext::new()?,
            )?),
            (Kind::Modp { .. }, Value::Number(number)) => Ok(number.to_vec()),
            _ => Err(GroupError::NotAnElement),
        }
    }

    /// What keys are derived from: the x-coordinate, or the number, as long as the
    /// field's prime (TR-03111, 4.3.1; RFC 2631, 2.1.2).
    ///
    /// # Errors
    /// An element of another group.
    pub fn shared_secret(&self, mut element: Element) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        match (&self.0, &mut element.0) {
            (Kind::Curve { group, curve, .. }, Value::Point(point)) => {
                let mut context = BigNumContext::new()?;
                let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
                point.affine_coordinates(group, &mut x, &mut y, &mut context)?;
                let length = i32::try_from(curve.field_bytes()).unwrap_or(0);
                let secret = Zeroizing::new(x.to_vec_padded(length)?);
                // A point cannot be cleared: what it held is overwritten.
                let generator = group.generator_opt().ok_or(GroupError::Parameters)?;
                generator.affine_coordinates(group, &mut x, &mut y, &mut context)?;
                point.set_affine_coordinates(group, &x, &y, &mut context)?;
                Ok(secret)
            }
            (Kind::Modp { prime, .. }, Value::Number(number)) => {
                Ok(Zeroizing::new(number.to_vec_padded(prime.num_bytes())?))
            }
            _ => Err(GroupError::NotAnElement),
        }
    }

    /// # Errors
    /// They are of another group.
    pub fn equal(&self, a: &Element, b: &Element) -> Result<bool, GroupError> {
        match (&self.0, &a.0, &b.0) {
            (Kind::Curve { group, .. }, Value::Point(a), Value::Point(b)) => {
                Ok(a.eq(group, b, &mut *BigNumContext::new()?)?)
            }
            (_, Value::Number(a), Value::Number(b)) => Ok(a == b),
            _ => Err(GroupError::NotAnElement),
        }
    }

    /// The mapping of an element of the field into the group: the point encoding of
    /// ICAO 9303-11, appendix B, or the power of the cofactor (4.4.3.3.2).
    ///
    /// # Errors
    /// The number has no place in the group.
    pub fn map(&self, number: &BigNumRef) -> Result<Element, GroupError> {
        match &self.0 {
            Kind::Curve { group, .. } => self.point(point_encoding(group, number)?),
            Kind::Modp {
                prime,
                order: Some(order),
                ..
            } => {
                let mut context = BigNumContext::new()?;
                let mut less_one = copy(prime)?;
                less_one.sub_word(1)?;
                let mut cofactor = BigNum::new()?;
                cofactor.checked_div(&less_one, order, &mut context)?;
                let mut power = BigNum::new()?;
                power.mod_exp(number, &cofactor, prime, &mut context)?;
                self.number(power)
            }
            Kind::Modp { .. } => Err(GroupError::Parameters),
        }
    }

    fn point(&self, point: EcPoint) -> Result<Element, GroupError> {
        let Kind::Curve { group, .. } = &self.0 else {
            return Err(GroupError::NotAnElement);
        };
        if point.is_infinity(group) {
            return Err(GroupError::Neutral);
        }
        if !on_curve(group, &point)? {
            return Err(GroupError::NotAnElement);
        }
        Ok(Element(Value::Point(point)))
    }

    /// From outside: range and subgroup.
    fn number(&self, number: BigNum) -> Result<Element, GroupError> {
        let Kind::Modp { prime, order, .. } = &self.0 else {
            return Err(GroupError::NotAnElement);
        };
        let mut last = copy(prime)?;
        last.sub_word(1)?;
        let one = BigNum::from_u32(1)?;
        if number <= one || number >= last {
            return Err(GroupError::NotAnElement);
        }
        if let Some(order) = order {
            let mut power = BigNum::new()?;
            power.mod_exp(&number, order, prime, &mut *BigNumContext::new()?)?;
            if power != one {
                return Err(GroupError::NotAnElement);
            }
        }
        Ok(Element(Value::Number(number)))
    }

    /// Computed from elements: in the subgroup already.
    fn not_one(&self, number: BigNum) -> Result<Element, GroupError> {
        if number.num_bits() <= 1 {
            return Err(GroupError::Neutral);
        }
        Ok(Element(Value::Number(number)))
    }
}

fn copy(number: &BigNumRef) -> Result<BigNum, ErrorStack> {
    number.to_owned()
}

fn on_curve(group: &EcGroup, point: &EcPointRef) -> Result<bool, ErrorStack> {
    point.is_on_curve(group, &mut *BigNumContext::new()?)
}
