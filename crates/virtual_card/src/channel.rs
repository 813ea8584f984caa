//! The card as a [`CardChannel`], by PC/SC.

use std::ffi::CString;
use std::time::{Duration, Instant};

use chip::{CardChannel, ChannelError};
use pcsc::{
    Card, Context, Disposition, Error, MAX_BUFFER_SIZE_EXTENDED, Protocols, ReaderState, Scope,
    ShareMode, State,
};

/// Connects to the card in the first reader, whichever that is, and resets it.
///
/// # Panics
/// There is none within half a minute.
pub fn connect() -> Card {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match try_connect() {
            Ok(card) => return card,
            Err(error) => assert!(Instant::now() < until, "no card: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn try_connect() -> Result<Card, Error> {
    let context = Context::establish(Scope::System)?;
    // vpcd has two readers; the card goes into the first.
    let reader = context.list_readers_owned()?.into_iter().next();
    let reader = reader.ok_or(Error::NoReadersAvailable)?;
    wait_for_card(&context, &reader)?;
    let mut card = context.connect(&reader, ShareMode::Exclusive, Protocols::ANY)?;
    card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard)?;
    Ok(card)
}

fn wait_for_card(context: &Context, reader: &CString) -> Result<(), Error> {
    let mut states = [ReaderState::new(reader.clone(), State::UNAWARE)];
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        context.get_status_change(Duration::from_secs(1), &mut states)?;
        let [state] = &mut states;
        if state.event_state().contains(State::PRESENT) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Error::NoSmartcard);
        }
        state.sync_current_state();
    }
}

/// A connected card. Ending the connection resets the card.
pub struct PcscChannel {
    card: Card,
    answer: Vec<u8>,
}

impl PcscChannel {
    /// With the card of [`connect`].
    pub fn open() -> PcscChannel {
        PcscChannel {
            card: connect(),
            answer: vec![0; MAX_BUFFER_SIZE_EXTENDED],
        }
    }
}

impl CardChannel for PcscChannel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self.card.transmit(command, &mut self.answer) {
            // pcscd says success with nothing when the card was pulled meanwhile.
            Ok([]) => Err(ChannelError::Removed),
            Ok([_]) => Err(ChannelError::Failed),
            Ok(answer) => Ok(answer.to_vec()),
            Err(error) => Err(channel_error(error)),
        }
    }
}

fn channel_error(error: Error) -> ChannelError {
    match error {
        Error::RemovedCard | Error::NoSmartcard | Error::NotTransacted => ChannelError::Removed,
        Error::ResetCard => ChannelError::Reset,
        Error::ReaderUnavailable | Error::UnknownReader => ChannelError::ReaderGone,
        Error::NoService | Error::ServiceStopped | Error::CommError | Error::InvalidHandle => {
            ChannelError::ServiceDown
        }
        _ => ChannelError::Failed,
    }
}
