//! Whether an answer is one: to the message that was sent, from whom it was sent to,
//! now, and unchanged (RFC 9483 section 3.5).

use exchange::UnixMillis;
use x509_cert::ext::pkix::name::GeneralName;

use crate::{
    Configuration, Error, IMPLICIT_CONFIRM, Message,
    header::{CMP_2000, CMP_2021, directory_name},
};

/// 128 bits (RFC 9483 section 3.1).
const SHORTEST_NONCE: usize = 16;
/// A nonce is stored with the transaction.
const LONGEST_NONCE: usize = 64;

/// What an answer has to match.
pub(crate) struct Asked<'a> {
    pub transaction: &'a [u8],
    pub nonce: &'a [u8],
    /// The authority's nonces so far; none may come again.
    pub seen: &'a [Vec<u8>],
    pub sender: &'a GeneralName,
}

/// Reads an answer and believes it, or not. Gives its nonce too.
pub(crate) fn accept(
    der: &[u8],
    asked: &Asked<'_>,
    configuration: &Configuration,
    now: UnixMillis,
) -> Result<(Message, Vec<u8>), Error> {
    let message = Message::from_der(der)?;
    let header = &message.header;
    if !(CMP_2000..=CMP_2021).contains(&header.pvno) {
        return Err(Error::Version(header.pvno));
    }
    let octets =
        |field: &Option<der::asn1::OctetString>| field.as_ref().map(|o| o.as_bytes().to_vec());
    if octets(&header.transaction_id).as_deref() != Some(asked.transaction) {
        return Err(Error::Transaction);
    }
    if octets(&header.recip_nonce).as_deref() != Some(asked.nonce) {
        return Err(Error::Replay);
    }
    let nonce = octets(&header.sender_nonce).ok_or(Error::Nonce)?;
    let fits = (SHORTEST_NONCE..=LONGEST_NONCE).contains(&nonce.len());
    if !fits || nonce == asked.nonce || asked.seen.contains(&nonce) {
        return Err(Error::Nonce);
    }
    if header.sender != directory_name(&configuration.recipient) {
        return Err(Error::Sender);
    }
    if header.recipient != *asked.sender {
        return Err(Error::Recipient);
    }
    if let Some(time) = &header.message_time {
        let made = i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX);
        let apart = made.abs_diff(now.0);
        if apart > u64::from(configuration.clock_difference) {
            return Err(Error::MessageTime);
        }
    }
    configuration.verify_protection(&message, now)?;
    // Never asked for: the kiosk's word would come too late.
    if message.header.says(&IMPLICIT_CONFIRM) {
        return Err(Error::ImplicitConfirm);
    }
    Ok((message, nonce))
}
