//! The elliptic curves of documents: NIST (FIPS 186-4) and Brainpool (RFC 5639).
//!
//! Most certificates of issuing states spell a curve out. Such parameters are taken
//! only when every number is that of a curve known here: a curve made for the
//! occasion lets anybody sign (CVE-2020-0601).

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;

/// `prime-field` (ANSI X9.62).
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurveError {
    #[error("the EC parameters are malformed")]
    Malformed,
    #[error("the named curve {0} is not known")]
    UnknownName(ObjectIdentifier),
    #[error("the explicit EC parameters are those of no known curve")]
    UnknownParameters,
}

/// A curve known here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Curve(&'static Known);

#[derive(PartialEq, Eq)]
struct Known {
    name: &'static str,
    oid: ObjectIdentifier,
    nid: Nid,
    /// Bytes of a field element.
    field_bytes: usize,
}

const fn known(name: &'static str, oid: &str, nid: Nid, bits: usize) -> Known {
    Known {
        name,
        oid: ObjectIdentifier::new_unwrap(oid),
        nid,
        field_bytes: bits.div_ceil(8),
    }
}

// The crate names all numbers of OpenSSL but these two.
const BRAINPOOL_P160R1: Nid = Nid::from_raw(921);
const BRAINPOOL_P160T1: Nid = Nid::from_raw(922);

#[rustfmt::skip]
static KNOWN: [Known; 19] = [
    known("P-192", "1.2.840.10045.3.1.1", Nid::X9_62_PRIME192V1, 192),
    known("P-224", "1.3.132.0.33", Nid::SECP224R1, 224),
    known("P-256", "1.2.840.10045.3.1.7", Nid::X9_62_PRIME256V1, 256),
    known("P-384", "1.3.132.0.34", Nid::SECP384R1, 384),
    known("P-521", "1.3.132.0.35", Nid::SECP521R1, 521),
    known("brainpoolP160r1", "1.3.36.3.3.2.8.1.1.1", BRAINPOOL_P160R1, 160),
    known("brainpoolP160t1", "1.3.36.3.3.2.8.1.1.2", BRAINPOOL_P160T1, 160),
    known("brainpoolP192r1", "1.3.36.3.3.2.8.1.1.3", Nid::BRAINPOOL_P192R1, 192),
    known("brainpoolP192t1", "1.3.36.3.3.2.8.1.1.4", Nid::BRAINPOOL_P192T1, 192),
    known("brainpoolP224r1", "1.3.36.3.3.2.8.1.1.5", Nid::BRAINPOOL_P224R1, 224),
    known("brainpoolP224t1", "1.3.36.3.3.2.8.1.1.6", Nid::BRAINPOOL_P224T1, 224),
    known("brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", Nid::BRAINPOOL_P256R1, 256),
    known("brainpoolP256t1", "1.3.36.3.3.2.8.1.1.8", Nid::BRAINPOOL_P256T1, 256),
    known("brainpoolP320r1", "1.3.36.3.3.2.8.1.1.9", Nid::BRAINPOOL_P320R1, 320),
    known("brainpoolP320t1", "1.3.36.3.3.2.8.1.1.10", Nid::BRAINPOOL_P320T1, 320),
    known("brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", Nid::BRAINPOOL_P384R1, 384),
    known("brainpoolP384t1", "1.3.36.3.3.2.8.1.1.12", Nid::BRAINPOOL_P384T1, 384),
    known("brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", Nid::BRAINPOOL_P512R1, 512),
    known("brainpoolP512t1", "1.3.36.3.3.2.8.1.1.14", Nid::BRAINPOOL_P512T1, 512),
];

/// `ECParameters` (ANSI X9.62; TR-03111, 5.1.2).
#[derive(Sequence)]
struct EcParameters<'a> {
    version: u8,
    field: FieldId<'a>,
    curve: Coefficients<'a>,
    base: &'a OctetStringRef,
    order: UintRef<'a>,
    /// Optional in the standard, to be there in a document (ICAO 9303-12, 4.1.6.3).
    cofactor: UintRef<'a>,
    #[asn1(optional = "true")]
    hash: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct FieldId<'a> {
    kind: ObjectIdentifier,
    prime: UintRef<'a>,
}

#[derive(Sequence)]
struct Coefficients<'a> {
    a: &'a OctetStringRef,
    b: &'a OctetStringRef,
    /// How the curve was found; nothing computes with it.
    #[asn1(optional = "true")]
    seed: Option<BitStringRef<'a>>,
}

impl Curve {
    pub fn all() -> impl Iterator<Item = Curve> {
        KNOWN.iter().map(Curve)
    }

    pub fn from_oid(oid: ObjectIdentifier) -> Option<Curve> {
        Curve::all().find(|curve| curve.oid() == oid)
    }

    pub fn from_nid(nid: Nid) -> Option<Curve> {
        Curve::all().find(|curve| curve.nid() == nid)
    }

    /// From the parameters of an EC key: a name, or everything spelt out.
    ///
    /// # Errors
    /// Neither names a known curve nor equals one in field, both coefficients,
    /// generator, order and cofactor.
    pub fn from_parameters(parameters: AnyRef<'_>) -> Result<Curve, CurveError> {
        match parameters.tag() {
            Tag::ObjectIdentifier => {
                let oid = parameters
                    .decode_as::<ObjectIdentifier>()
                    .map_err(|_| CurveError::Malformed)?;
                Curve::from_oid(oid).ok_or(CurveError::UnknownName(oid))
            }
            Tag::Sequence => {
                let der = parameters.to_der().map_err(|_| CurveError::Malformed)?;
                let explicit = EcParameters::from_der(&der).map_err(|_| CurveError::Malformed)?;
                Curve::equal_to(&explicit)
            }
            _ => Err(CurveError::Malformed),
        }
    }

    fn equal_to(explicit: &EcParameters<'_>) -> Result<Curve, CurveError> {
        if !(1..=3).contains(&explicit.version) || explicit.field.kind != PRIME_FIELD {
            return Err(CurveError::UnknownParameters);
        }
        for curve in Curve::all() {
            // An error of OpenSSL here is a point or number it cannot read.
            if curve.equals(explicit).unwrap_or(false) {
                return Ok(curve);
            }
        }
        Err(CurveError::UnknownParameters)
    }

    fn equals(self, explicit: &EcParameters<'_>) -> Result<bool, ErrorStack> {
        let coefficients = [explicit.curve.a.as_bytes(), explicit.curve.b.as_bytes()];
        if explicit.field.prime.as_bytes().len() != self.0.field_bytes
            || coefficients.iter().any(|c| c.len() > self.0.field_bytes)
        {
            return Ok(false);
        }
        let group = self.group()?;
        let mut context = BigNumContext::new()?;
        let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        group.components_gfp(&mut p, &mut a, &mut b, &mut context)?;
        let (mut order, mut cofactor) = (BigNum::new()?, BigNum::new()?);
        group.order(&mut order, &mut context)?;
        group.cofactor(&mut cofactor, &mut context)?;
        let numbers = [
            (&p, explicit.field.prime.as_bytes()),
            (&a, explicit.curve.a.as_bytes()),
            (&b, explicit.curve.b.as_bytes()),
            (&order, explicit.order.as_bytes()),
            (&cofactor, explicit.cofactor.as_bytes()),
        ];
        for (ours, theirs) in numbers {
            if *ours != BigNum::from_slice(theirs)? {
                return Ok(false);
            }
        }
        let Some(base) = self.point(&group, explicit.base.as_bytes(), &mut context)? else {
            return Ok(false);
        };
        match group.generator_opt() {
            Some(generator) => generator.eq(&group, &base, &mut context),
            None => Ok(false),
        }
    }

    /// A point on this curve, compressed or not (TR-03111, 3.2); none for the point
    /// at infinity and the hybrid form.
    pub(crate) fn point(
        self,
        group: &EcGroup,
        bytes: &[u8],
        context: &mut BigNumContext,
    ) -> Result<Option<EcPoint>, ErrorStack> {
        let expected = match bytes.first() {
            Some(0x02 | 0x03) => 1 + self.0.field_bytes,
            Some(0x04) => 1 + 2 * self.0.field_bytes,
            _ => return Ok(None),
        };
        if bytes.len() != expected {
            return Ok(None);
        }
        EcPoint::from_bytes(group, bytes, context).map(Some)
    }

    pub fn name(self) -> &'static str {
        self.0.name
    }

    pub fn oid(self) -> ObjectIdentifier {
        self.0.oid
    }

    pub fn nid(self) -> Nid {
        self.0.nid
    }

    /// Bytes of a coordinate.
    pub fn field_bytes(self) -> usize {
        self.0.field_bytes
    }

    pub fn group(self) -> Result<EcGroup, ErrorStack> {
        EcGroup::from_curve_name(self.0.nid)
    }
}

impl std::fmt::Debug for Curve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::fmt::Display for Curve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
