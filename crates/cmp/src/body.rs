//! PKIBody (RFC 9810 section 5.1.2): those of its alternatives that this client sends
//! or is answered with.

use der::{
    Choice, Decode, Encode, Sequence, Tag, TagNumber, Tagged,
    asn1::{Any, Null, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    ext::{Extension, pkix::name::GeneralName},
    name::Name,
    serial_number::SerialNumber,
};

use crate::StatusInfo;

/// Holds citizens' certificates and requests, so `Debug` names the alternative only.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// \[1] ip
    Ip(CertRepMessage),
    /// \[3] cp
    Cp(CertRepMessage),
    /// \[4] p10cr: a CertificationRequest as it was signed
    P10cr(Any),
    /// \[11] rr
    Rr(Vec<RevDetails>),
    /// \[12] rp
    Rp(RevRepContent),
    /// \[19] pkiconf
    PkiConf,
    /// \[23] error
    Error(ErrorContent),
    /// \[24] certConf
    CertConf(Vec<CertStatus>),
    /// \[25] pollReq
    PollReq(Vec<PollReq>),
    /// \[26] pollRep
    PollRep(Vec<PollRep>),
}

/// ```text
/// CertRepMessage ::= SEQUENCE {
///     caPubs    [1] SEQUENCE SIZE (1..MAX) OF CMPCertificate OPTIONAL,
///     response      SEQUENCE OF CertResponse }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct CertRepMessage {
    /// Not believed: only a help in finding a path.
    #[asn1(context_specific = "1", optional = "true")]
    pub ca_pubs: Option<Vec<Any>>,
    pub response: Vec<CertResponse>,
}

/// ```text
/// CertResponse ::= SEQUENCE {
///     certReqId         INTEGER,
///     status            PKIStatusInfo,
///     certifiedKeyPair  CertifiedKeyPair OPTIONAL,
///     rspInfo           OCTET STRING     OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct CertResponse {
    pub cert_req_id: i64,
    pub status: StatusInfo,
    pub certified_key_pair: Option<CertifiedKeyPair>,
    pub rsp_info: Option<OctetString>,
}

/// ```text
/// CertifiedKeyPair ::= SEQUENCE {
///     certOrEncCert       CertOrEncCert,
///     privateKey      [0] EncryptedKey       OPTIONAL,
///     publicationInfo [1] PKIPublicationInfo OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct CertifiedKeyPair {
    pub cert_or_enc_cert: CertOrEncCert,
    #[asn1(context_specific = "0", optional = "true")]
    pub private_key: Option<Any>,
    #[asn1(context_specific = "1", optional = "true")]
    pub publication_info: Option<Any>,
}

#[derive(Clone, PartialEq, Eq, Choice)]
pub enum CertOrEncCert {
    /// The certificate, byte for byte.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    Certificate(Any),
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Encrypted(Any),
}

/// ```text
/// ErrorMsgContent ::= SEQUENCE {
///     pKIStatusInfo  PKIStatusInfo,
///     errorCode      INTEGER     OPTIONAL,
///     errorDetails   PKIFreeText OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct ErrorContent {
    pub status: StatusInfo,
    pub error_code: Option<i64>,
    /// May name a person.
    pub error_details: Option<Vec<String>>,
}

/// ```text
/// CertStatus ::= SEQUENCE {
///     certHash        OCTET STRING,
///     certReqId       INTEGER,
///     statusInfo      PKIStatusInfo           OPTIONAL,
///     hashAlg     [0] AlgorithmIdentifier     OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertStatus {
    pub cert_hash: OctetString,
    pub cert_req_id: i64,
    pub status: Option<StatusInfo>,
    #[asn1(context_specific = "0", optional = "true")]
    pub hash_alg: Option<AlgorithmIdentifierOwned>,
}

/// ```text
/// RevDetails ::= SEQUENCE {
///     certDetails      CertTemplate,
///     crlEntryDetails  Extensions OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct RevDetails {
    pub cert_details: CertTemplate,
    pub crl_entry_details: Option<Vec<Extension>>,
}

/// The two fields of a CertTemplate (RFC 4211 section 5) that name a certificate.
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct CertTemplate {
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub serial_number: Option<SerialNumber>,
    /// Explicit, as a name is a choice.
    #[asn1(context_specific = "3", optional = "true")]
    pub issuer: Option<Name>,
}

/// ```text
/// RevRepContent ::= SEQUENCE {
///     status        SEQUENCE SIZE (1..MAX) OF PKIStatusInfo,
///     revCerts  [0] SEQUENCE SIZE (1..MAX) OF CertId OPTIONAL,
///     crls      [1] SEQUENCE SIZE (1..MAX) OF CertificateList OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct RevRepContent {
    pub status: Vec<StatusInfo>,
    #[asn1(context_specific = "0", optional = "true")]
    pub rev_certs: Option<Vec<CertId>>,
    /// Of no use here: a list is got where everybody gets it.
    #[asn1(context_specific = "1", optional = "true")]
    pub crls: Option<Vec<Any>>,
}

/// ```text
/// CertId ::= SEQUENCE { issuer GeneralName, serialNumber INTEGER }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct CertId {
    pub issuer: GeneralName,
    pub serial_number: SerialNumber,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PollReq {
    pub cert_req_id: i64,
}

/// ```text
/// PollRepContent ::= SEQUENCE OF SEQUENCE {
///     certReqId   INTEGER,
///     checkAfter  INTEGER,  -- time in seconds
///     reason      PKIFreeText OPTIONAL }
/// ```
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct PollRep {
    pub cert_req_id: i64,
    pub check_after: i64,
    pub reason: Option<Vec<String>>,
}

const IP: u32 = 1;
const CP: u32 = 3;
const P10CR: u32 = 4;
const RR: u32 = 11;
const RP: u32 = 12;
const PKI_CONF: u32 = 19;
const ERROR: u32 = 23;
const CERT_CONF: u32 = 24;
const POLL_REQ: u32 = 25;
const POLL_REP: u32 = 26;

/// Why a body could not be read.
pub(crate) enum BodyError {
    Malformed,
    /// An alternative that this client has no use for.
    Unknown(u32),
}

impl From<der::Error> for BodyError {
    fn from(_: der::Error) -> Self {
        BodyError::Malformed
    }
}

impl Body {
    /// The alternative as the standard spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Body::Ip(_) => "ip",
            Body::Cp(_) => "cp",
            Body::P10cr(_) => "p10cr",
            Body::Rr(_) => "rr",
            Body::Rp(_) => "rp",
            Body::PkiConf => "pkiconf",
            Body::Error(_) => "error",
            Body::CertConf(_) => "certConf",
            Body::PollReq(_) => "pollReq",
            Body::PollRep(_) => "pollRep",
        }
    }

    pub(crate) fn from_any(any: &Any) -> Result<Self, BodyError> {
        let Tag::ContextSpecific {
            constructed: true,
            number,
        } = any.tag()
        else {
            return Err(BodyError::Malformed);
        };
        let content = any.value();
        Ok(match number.value() {
            IP => Body::Ip(CertRepMessage::from_der(content)?),
            CP => Body::Cp(CertRepMessage::from_der(content)?),
            P10CR => Body::P10cr(Any::from_der(content)?),
            RR => Body::Rr(Vec::from_der(content)?),
            RP => Body::Rp(RevRepContent::from_der(content)?),
            PKI_CONF => {
                Null::from_der(content)?;
                Body::PkiConf
            }
            ERROR => Body::Error(ErrorContent::from_der(content)?),
            CERT_CONF => Body::CertConf(Vec::from_der(content)?),
            POLL_REQ => Body::PollReq(Vec::from_der(content)?),
            POLL_REP => Body::PollRep(Vec::from_der(content)?),
            other => return Err(BodyError::Unknown(other)),
        })
    }

    pub(crate) fn to_any(&self) -> der::Result<Any> {
        let (number, content) = match self {
            Body::Ip(content) => (IP, content.to_der()?),
            Body::Cp(content) => (CP, content.to_der()?),
            Body::P10cr(content) => (P10CR, content.to_der()?),
            Body::Rr(content) => (RR, content.to_der()?),
            Body::Rp(content) => (RP, content.to_der()?),
            Body::PkiConf => (PKI_CONF, Null.to_der()?),
            Body::Error(content) => (ERROR, content.to_der()?),
            Body::CertConf(content) => (CERT_CONF, content.to_der()?),
            Body::PollReq(content) => (POLL_REQ, content.to_der()?),
            Body::PollRep(content) => (POLL_REP, content.to_der()?),
        };
        let tag = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(number),
        };
        Any::new(tag, content)
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
