//! PKIMessage (RFC 9810 section 5.1).

use der::{
    Decode, Encode, Sequence,
    asn1::{Any, BitString},
};

use crate::{Body, Error, Header, body::BodyError};

/// Longest message that is read. A certificate with its chain is a tenth of it.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// ```text
/// PKIMessage ::= SEQUENCE {
///     header           PKIHeader,
///     body             PKIBody,
///     protection   [0] PKIProtection OPTIONAL,
///     extraCerts   [1] SEQUENCE SIZE (1..MAX) OF CMPCertificate OPTIONAL }
/// ```
///
/// Header and body as they came: protection is over these bytes.
#[derive(Sequence)]
struct Envelope {
    header: Any,
    body: Any,
    #[asn1(context_specific = "0", optional = "true")]
    protection: Option<BitString>,
    #[asn1(context_specific = "1", optional = "true")]
    extra_certs: Option<Vec<Any>>,
}

/// ```text
/// ProtectedPart ::= SEQUENCE { header PKIHeader, body PKIBody }
/// ```
#[derive(Sequence)]
struct ProtectedPart {
    header: Any,
    body: Any,
}

/// A message that was read. Nothing in it is believed before its protection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub header: Header,
    pub body: Body,
    protected_part: Vec<u8>,
    protection: Option<Vec<u8>>,
    extra_certs: Vec<Vec<u8>>,
}

impl Message {
    /// # Errors
    /// [`Error::TooLong`], [`Error::Malformed`], or [`Error::UnknownBody`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_MESSAGE {
            return Err(Error::TooLong);
        }
        let malformed = |_: der::Error| Error::Malformed;
        let envelope = Envelope::from_der(der).map_err(malformed)?;
        let header = envelope.header.to_der().map_err(malformed)?;
        let protection = match &envelope.protection {
            Some(bits) => Some(bits.as_bytes().ok_or(Error::Malformed)?.to_vec()),
            None => None,
        };
        let extra_certs = envelope.extra_certs.unwrap_or_default();
        Ok(Self {
            header: Header::from_der(&header).map_err(malformed)?,
            body: Body::from_any(&envelope.body).map_err(|e| match e {
                BodyError::Malformed => Error::Malformed,
                BodyError::Unknown(number) => Error::UnknownBody(number),
            })?,
            protection,
            extra_certs: extra_certs
                .iter()
                .map(Encode::to_der)
                .collect::<der::Result<_>>()
                .map_err(malformed)?,
            protected_part: ProtectedPart {
                header: envelope.header,
                body: envelope.body,
            }
            .to_der()
            .map_err(malformed)?,
        })
    }

    /// What the protection is over, DER.
    pub fn protected_part(&self) -> &[u8] {
        &self.protected_part
    }

    pub fn protection(&self) -> Option<&[u8]> {
        self.protection.as_deref()
    }

    /// DER each, certificates or not: nothing protects these.
    pub fn extra_certs(&self) -> &[Vec<u8>] {
        &self.extra_certs
    }
}

/// Writes a message whose protection is `sign`'s answer for the protected part.
pub(crate) fn assemble(
    header: &Header,
    body: &Body,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>,
    extra_certs: &[Vec<u8>],
) -> Result<Vec<u8>, Error> {
    let encoding = |_: der::Error| Error::Encoding;
    let header = Any::encode_from(header).map_err(encoding)?;
    let body = body.to_any().map_err(encoding)?;
    let part = ProtectedPart { header, body };
    let protection = sign(&part.to_der().map_err(encoding)?)?;
    let extra_certs = extra_certs
        .iter()
        .map(|der| Any::from_der(der))
        .collect::<der::Result<Vec<_>>>()
        .map_err(encoding)?;
    Envelope {
        header: part.header,
        body: part.body,
        protection: Some(BitString::from_bytes(&protection).map_err(encoding)?),
        extra_certs: (!extra_certs.is_empty()).then_some(extra_certs),
    }
    .to_der()
    .map_err(encoding)
}
