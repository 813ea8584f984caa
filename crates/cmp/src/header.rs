//! PKIHeader (RFC 9810 section 5.1.1).

use const_oid::ObjectIdentifier;
use der::{
    Sequence,
    asn1::{Any, GeneralizedTime, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{ext::pkix::name::GeneralName, name::Name};

/// ```text
/// PKIHeader ::= SEQUENCE {
///     pvno                INTEGER     { cmp1999(1), cmp2000(2), cmp2021(3) },
///     sender              GeneralName,
///     recipient           GeneralName,
///     messageTime     [0] GeneralizedTime         OPTIONAL,
///     protectionAlg   [1] AlgorithmIdentifier     OPTIONAL,
///     senderKID       [2] KeyIdentifier           OPTIONAL,
///     recipKID        [3] KeyIdentifier           OPTIONAL,
///     transactionID   [4] OCTET STRING            OPTIONAL,
///     senderNonce     [5] OCTET STRING            OPTIONAL,
///     recipNonce      [6] OCTET STRING            OPTIONAL,
///     freeText        [7] PKIFreeText             OPTIONAL,
///     generalInfo     [8] SEQUENCE SIZE (1..MAX) OF InfoTypeAndValue OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Header {
    pub pvno: u8,
    pub sender: GeneralName,
    pub recipient: GeneralName,
    #[asn1(context_specific = "0", optional = "true")]
    pub message_time: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", optional = "true")]
    pub protection_alg: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", optional = "true")]
    pub sender_kid: Option<OctetString>,
    #[asn1(context_specific = "3", optional = "true")]
    pub recip_kid: Option<OctetString>,
    #[asn1(context_specific = "4", optional = "true")]
    pub transaction_id: Option<OctetString>,
    #[asn1(context_specific = "5", optional = "true")]
    pub sender_nonce: Option<OctetString>,
    #[asn1(context_specific = "6", optional = "true")]
    pub recip_nonce: Option<OctetString>,
    #[asn1(context_specific = "7", optional = "true")]
    pub free_text: Option<Vec<String>>,
    #[asn1(context_specific = "8", optional = "true")]
    pub general_info: Option<Vec<InfoTypeAndValue>>,
}

/// cmp2000, in which all but the hash algorithm of a confirmation can be said.
pub(crate) const CMP_2000: u8 = 2;
/// cmp2021, RFC 9810.
pub(crate) const CMP_2021: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct InfoTypeAndValue {
    pub info_type: ObjectIdentifier,
    pub info_value: Option<Any>,
}

impl Header {
    /// Whether the header carries this piece of general information.
    pub fn says(&self, info_type: &ObjectIdentifier) -> bool {
        let all = self.general_info.iter().flatten();
        all.into_iter().any(|info| info.info_type == *info_type)
    }
}

/// A name as the header's sender or recipient.
pub fn directory_name(name: &Name) -> GeneralName {
    GeneralName::DirectoryName(name.clone())
}
