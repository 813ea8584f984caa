//! A public key on the curve of [`Curve::PARAM_SET_A`].

use der::{
    Decode, Sequence,
    asn1::{ObjectIdentifier, OctetString},
};
use openssl::bn::BigNumContext;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{Curve, DIGEST, KEY, NUMBER, PARAM_SET_A, Signature, digest, signature};
use crate::PublicKeyError;

/// ```text
/// GostR3410-2012-PublicKeyParameters ::= SEQUENCE {
///     publicKeyParamSet  OBJECT IDENTIFIER,
///     digestParamSet     OBJECT IDENTIFIER OPTIONAL }
/// ```
///
/// RFC 9215 section 4.2.
#[derive(Sequence)]
struct Parameters {
    public_key_param_set: ObjectIdentifier,
    digest_param_set: Option<ObjectIdentifier>,
}

/// A point of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Little endian both.
    x: [u8; NUMBER],
    y: [u8; NUMBER],
}

impl PublicKey {
    /// The key of a SubjectPublicKeyInfo: an octet string of 128 bytes in its bit
    /// string, x and then y, little endian each (RFC 9215 section 4.3).
    ///
    /// # Errors
    /// Another algorithm or parameter set, or no point of the curve.
    pub fn from_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, PublicKeyError> {
        if info.algorithm.oid != KEY {
            return Err(PublicKeyError::Algorithm);
        }
        let parameters = info.algorithm.parameters.as_ref();
        let parameters: Parameters = parameters
            .and_then(|any| any.decode_as().ok())
            .ok_or(PublicKeyError::Malformed)?;
        if parameters.public_key_param_set != PARAM_SET_A
            || parameters.digest_param_set.is_some_and(|d| d != DIGEST)
        {
            return Err(PublicKeyError::Algorithm);
        }
        let point = info.subject_public_key.as_bytes();
        let point = point.and_then(|bytes| OctetString::from_der(bytes).ok());
        let point = point.ok_or(PublicKeyError::Malformed)?;
        let (x, y) = point
            .as_bytes()
            .split_first_chunk()
            .and_then(|(x, y)| Some((x, y.try_into().ok()?)))
            .ok_or(PublicKeyError::Malformed)?;
        let key = Self { x: *x, y };
        if key.is_on_curve() {
            Ok(key)
        } else {
            Err(PublicKeyError::Malformed)
        }
    }

    /// Whether this key signed the message, digested with [`digest`].
    ///
    /// `signature` is r and then s, 64 bytes little endian each.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_little_endian(signature).is_some_and(|signature| {
            signature::verifies(
                &Curve::PARAM_SET_A,
                (&self.x, &self.y),
                &digest(message),
                &signature,
            )
        })
    }

    fn is_on_curve(&self) -> bool {
        let check = || {
            let mut context = BigNumContext::new()?;
            let group = Curve::PARAM_SET_A.group(&mut context)?;
            signature::point(&group, (&self.x, &self.y), &mut context).map(|_| true)
        };
        check().unwrap_or(false)
    }
}
