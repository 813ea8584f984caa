//! What can go wrong with a transaction. Nothing here shows a name of a person.

use crate::{PathError, StatusInfo, TransportError, Unfit, Unproven};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Transport(#[from] TransportError),

    // The answer as a message.
    #[error("the answer is too long")]
    TooLong,
    #[error("the answer is no message of the protocol")]
    Malformed,
    #[error("the answer has a body of kind {0}, which nothing here asks for")]
    UnknownBody(u32),
    #[error("the answer has the protocol version {0}")]
    Version(u8),
    #[error("the answer belongs to another transaction")]
    Transaction,
    #[error("the answer is not to the message that was sent: an old one, or another's")]
    Replay,
    #[error("the answer repeats a nonce, or has none of full length")]
    Nonce,
    #[error("the answer comes from somebody else than was asked")]
    Sender,
    #[error("the answer is for somebody else")]
    Recipient,
    #[error("the answer was made too long ago, or its clock differs")]
    MessageTime,
    #[error(transparent)]
    Protection(#[from] Unproven),
    #[error("the certificate that the answer is signed with: {0}")]
    Signer(PathError),
    #[error("the authority took the certificate as confirmed, which nobody asked for")]
    ImplicitConfirm,

    // The answer as what it says.
    #[error("a {0} is no answer to what was asked")]
    UnexpectedBody(&'static str),
    #[error("the answer is about another request, or about several")]
    CertReqId,
    #[error("the authority says: {0}")]
    Refused(StatusInfo),
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("the authority was not asked again: it is not time yet")]
    TooEarly,
    #[error("the authority keeps putting off its decision")]
    Patience,

    // Our side.
    #[error("this is no PKCS#10 request that is signed with its own key")]
    Request,
    #[error("a message cannot be written")]
    Encoding,
    #[error("a message could not be signed")]
    Signing,
    #[error("no random numbers")]
    Random,
}
