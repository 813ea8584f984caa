//! APDUs through pcscd, and what its errors mean.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use chip::{CardChannel, ChannelError};
use pcsc::{Context, Error, MAX_BUFFER_SIZE_EXTENDED, ReaderState, Scope, State, Transaction};
use zeroize::Zeroizing;

/// pcscd looks at its readers a few times a second: by then it knows what went.
const LOOK_LIMIT: Duration = Duration::from_millis(1200);

/// One card, for nobody else until the transaction ends.
pub struct PcscChannel<'a> {
    context: &'a Context,
    reader: &'a CStr,
    transaction: &'a Transaction<'a>,
    /// Answers carry personal data before they are protected and after.
    buffer: Zeroizing<Vec<u8>>,
}

impl<'a> PcscChannel<'a> {
    pub fn new(context: &'a Context, reader: &'a CStr, transaction: &'a Transaction<'a>) -> Self {
        PcscChannel {
            context,
            reader,
            transaction,
            buffer: Zeroizing::new(vec![0; MAX_BUFFER_SIZE_EXTENDED]),
        }
    }
}

impl CardChannel for PcscChannel<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self.transaction.transmit(command, &mut self.buffer) {
            // pcscd says success with no bytes when the card was pulled meanwhile.
            Ok([]) => Err(cause(self.context, self.reader, Error::RemovedCard)),
            Ok([_]) => Err(ChannelError::Failed),
            Ok(answer) => Ok(answer.to_vec()),
            Err(error) => Err(cause(self.context, self.reader, error)),
        }
    }
}

/// What lies behind an error. A reader that is unplugged and a card that is pulled
/// give the same errors at first: what is still there tells them apart.
pub fn cause(context: &Context, reader: &CStr, error: Error) -> ChannelError {
    let told = meaning(error);
    tracing::info!(%error, meaning = ?told, "no answer from the card");
    if !matches!(told, ChannelError::Removed | ChannelError::Failed) {
        return told;
    }
    let begun = Instant::now();
    loop {
        match is_present(context, reader) {
            Ok(false) => return ChannelError::Removed,
            Ok(true) if begun.elapsed() < LOOK_LIMIT => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(true) => return told,
            Err(error) => match meaning(error) {
                gone @ (ChannelError::ReaderGone | ChannelError::ServiceDown) => return gone,
                // An old context never learns that pcscd is a new one.
                _ if Context::establish(Scope::System).is_err() => {
                    return ChannelError::ServiceDown;
                }
                _ => return told,
            },
        }
    }
}

fn is_present(context: &Context, reader: &CStr) -> Result<bool, Error> {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states)?;
    let state = states[0].event_state();
    if state.intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) {
        return Err(Error::UnknownReader);
    }
    Ok(state.contains(State::PRESENT))
}

fn meaning(error: Error) -> ChannelError {
    match error {
        Error::NoService
        | Error::ServiceStopped
        | Error::CommError
        | Error::InvalidHandle
        | Error::ServerTooBusy => ChannelError::ServiceDown,
        Error::NoReadersAvailable | Error::UnknownReader | Error::ReaderUnavailable => {
            ChannelError::ReaderGone
        }
        Error::RemovedCard | Error::NoSmartcard => ChannelError::Removed,
        Error::ResetCard => ChannelError::Reset,
        _ => ChannelError::Failed,
    }
}
