//! The card in the reader, through pcscd: what it is, and its document.
//!
//! Whatever blocks here is ended by the kiosk's deadline: `SCardTransmit` cannot be
//! cancelled.

use std::ffi::CString;
use std::time::Duration;

use chip::{ChannelError, ChipRead, ReadError, ReadRequest, Stage};
use pcsc::{
    Card, Context, Disposition, Error, MAX_BUFFER_SIZE, Protocols, ReaderState, Scope, ShareMode,
    State,
};
use worker::message::{CardRead, Refusal};

use crate::card_channel::{PcscChannel, cause};

/// SELECT by DF name of the eMRTD application, no response data (ICAO 9303-10, 3.6.1).
const SELECT_EMRTD: [u8; 12] = [
    0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01,
];

/// # Errors
/// See [`Refusal`].
pub fn read(wanted: Option<&str>) -> Result<CardRead, Refusal> {
    let context = Context::establish(Scope::System).map_err(refusal)?;
    let (reader, atr) = find_card(&context, wanted)?;
    let mut card = connect(&context, &reader)?;
    let emrtd = match has_emrtd(&card) {
        // Somebody else reset the card under us: once more from the beginning.
        Err(Error::ResetCard) => {
            card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
                .map_err(refusal)?;
            has_emrtd(&card)
        }
        other => other,
    }
    .map_err(refusal)?;
    Ok(CardRead {
        atr: hex(&atr),
        emrtd,
    })
}

/// How often a read begins anew because another program reset the card.
const RESETS: u32 = 2;

/// Reads the chip of a document from beginning to end. The card is reset first, so
/// that nothing an earlier read left behind stands in the way, and last, so that
/// nothing opened stays open.
///
/// # Errors
/// `Refusal` where there is no card to speak with; else what the chip said.
pub fn read_document(
    wanted: Option<&str>,
    request: &ReadRequest,
    progress: &mut dyn FnMut(Stage),
) -> Result<Result<ChipRead, ReadError>, Refusal> {
    let context = Context::establish(Scope::System).map_err(refusal)?;
    let (reader, _) = find_card(&context, wanted)?;
    let mut card = connect(&context, &reader)?;
    let mut resets = 0;
    loop {
        card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)
            .map_err(refusal)?;
        let transaction = match card.transaction() {
            Ok(transaction) => transaction,
            // Somebody was faster: from the beginning.
            Err(Error::ResetCard) if resets < RESETS => {
                resets += 1;
                continue;
            }
            Err(error) => {
                return Ok(Err(ReadError::Channel(cause(&context, &reader, error))));
            }
        };
        let mut channel = PcscChannel::new(&context, &reader, &transaction);
        let read = chip::read_document(&mut channel, request, progress);
        drop(channel);
        // Without a card there is nothing to reset.
        let _ = transaction.end(Disposition::ResetCard);
        match read {
            Err(ReadError::Channel(ChannelError::Reset)) if resets < RESETS => resets += 1,
            read => return Ok(read),
        }
    }
}

fn find_card(context: &Context, wanted: Option<&str>) -> Result<(CString, Vec<u8>), Refusal> {
    let mut states: Vec<ReaderState> = readers(context, wanted)
        .map_err(refusal)?
        .into_iter()
        .map(|name| ReaderState::new(name, State::UNAWARE))
        .collect();
    if states.is_empty() {
        return Err(Refusal::ReaderMissing);
    }
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(Error::Timeout) => {}
        Err(error) => return Err(refusal(error)),
    }
    let state = states
        .iter()
        .find(|state| state.event_state().contains(State::PRESENT))
        .ok_or(Refusal::CardAbsent)?;
    if state.event_state().contains(State::MUTE) {
        return Err(Refusal::CardUnreadable);
    }
    Ok((state.name().to_owned(), state.atr().to_vec()))
}

fn connect(context: &Context, reader: &CString) -> Result<Card, Refusal> {
    context
        .connect(reader, ShareMode::Shared, Protocols::ANY)
        .map_err(refusal)
}

fn has_emrtd(card: &Card) -> Result<bool, Error> {
    let mut buffer = [0; MAX_BUFFER_SIZE];
    match card.transmit(&SELECT_EMRTD, &mut buffer)? {
        // pcscd says success with no bytes when the card was pulled meanwhile.
        [] => Err(Error::RemovedCard),
        [.., 0x90, 0x00] | [.., 0x61, _] => Ok(true),
        _ => Ok(false),
    }
}

/// Names of the readers to use, without those of another purpose.
///
/// # Errors
/// Those of pcscd.
pub fn readers(context: &Context, wanted: Option<&str>) -> Result<Vec<CString>, Error> {
    let mut names = context.list_readers_owned()?;
    if let Some(wanted) = wanted {
        names.retain(|name| name.to_string_lossy().contains(wanted));
    }
    Ok(names)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::NoService
        | Error::ServiceStopped
        | Error::CommError
        | Error::InvalidHandle
        | Error::ServerTooBusy => Refusal::ServiceDown,
        Error::NoReadersAvailable | Error::UnknownReader | Error::ReaderUnavailable => {
            Refusal::ReaderMissing
        }
        Error::NoSmartcard => Refusal::CardAbsent,
        Error::RemovedCard | Error::NotTransacted => Refusal::CardPulled,
        error => {
            tracing::warn!(%error, "card not read");
            Refusal::CardUnreadable
        }
    }
}
