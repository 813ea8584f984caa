//! The place where citizens put their tokens: what is in it, and one piece of work
//! after the other on it.

use std::ffi::CString;
use std::time::Duration;

use anyhow::Context as _;
use exchange::StorageType;
use keystore::piv::PivToken;
use keystore::pkcs11::{Pkcs11Storage, Profile};
use keystore::{StorageError, Token};
use pcsc::{Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};
use serial_ccid::{ChannelError, ConnectError, ReaderSettings, SerialReader, SlotStatus};
use worker::token::{KeyData, TokenAnswer, TokenEvent, TokenPlace, TokenRequest, TokenTrouble};

use crate::card_channel::PcscChannel;
use crate::cards;

/// Opened before the sandbox closes: afterwards nothing more can be.
pub struct Tokens {
    place: Place,
    seen: Option<Seen>,
}

enum Place {
    Pcsc { reader: String },
    Serial(Box<SerialReader>),
    Modules(Vec<Pkcs11Storage>),
}

/// What a token was found to be, as long as it is not moved.
struct Seen {
    reader: CString,
    /// pcscd counts insertions and removals.
    count: u32,
    event: TokenEvent,
}

impl Tokens {
    /// # Errors
    /// A writer that does not answer, a profile that is not known, no module that
    /// can be loaded.
    pub fn open(place: &TokenPlace) -> anyhow::Result<Tokens> {
        let place = match place {
            TokenPlace::Pcsc { reader } => Place::Pcsc {
                reader: reader.clone(),
            },
            TokenPlace::Serial { tty } => {
                let reader = SerialReader::open_with(tty, &ReaderSettings::default())
                    .with_context(|| format!("the token writer at {}", tty.display()))?;
                Place::Serial(Box::new(reader))
            }
            TokenPlace::Modules { profiles } => Place::Modules(modules(profiles)?),
        };
        Ok(Tokens { place, seen: None })
    }

    /// What is in the place now.
    pub fn look(&mut self) -> TokenEvent {
        match &mut self.place {
            Place::Pcsc { reader } => {
                look_by_pcsc(reader, &mut self.seen).unwrap_or(TokenEvent::PlaceGone)
            }
            Place::Serial(reader) => match reader.slot_status() {
                Ok(SlotStatus::Absent) => {
                    self.seen = None;
                    TokenEvent::Removed
                }
                Ok(_) => self.recognise(),
                Err(_) => TokenEvent::PlaceGone,
            },
            Place::Modules(modules) => {
                let mut found = modules.iter().filter_map(|module| match module.present() {
                    Ok(kind) => Some(TokenEvent::Inserted(kind)),
                    Err(StorageError::TokenSeveral) => Some(TokenEvent::Several),
                    Err(_) => None,
                });
                match (found.next(), found.next()) {
                    (None, _) => TokenEvent::Removed,
                    (Some(one), None) => one,
                    (Some(_), Some(_)) => TokenEvent::Several,
                }
            }
        }
    }

    /// Whether this process can reach the place again once it was gone.
    pub fn can_come_back(&self) -> bool {
        matches!(self.place, Place::Pcsc { .. })
    }

    /// By its status, once for each token that is put in.
    fn recognise(&mut self) -> TokenEvent {
        if let Some(seen) = &self.seen {
            return seen.event;
        }
        let event = match self.with_token(|token| token.status()) {
            Ok(_) => TokenEvent::Inserted(StorageType::Piv),
            Err(StorageError::TokenUnknown) => TokenEvent::Unknown,
            Err(_) => return TokenEvent::PlaceGone,
        };
        self.seen = Some(Seen {
            reader: CString::default(),
            count: 0,
            event,
        });
        event
    }

    /// # Errors
    /// What the token says, or that there is none.
    pub fn answer(&mut self, request: TokenRequest) -> Result<TokenAnswer, TokenTrouble> {
        let answered = self.with_token(|token| work(token, request));
        answered.map_err(TokenTrouble::from)
    }

    fn with_token<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Token) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match &mut self.place {
            Place::Pcsc { reader } => with_piv_by_pcsc(reader, work),
            Place::Serial(reader) => {
                let card = reader.connect().map_err(|error| match error {
                    ConnectError::NoCard | ConnectError::Channel(ChannelError::Removed) => {
                        StorageError::TokenMissing
                    }
                    ConnectError::Channel(_) => StorageError::TokenFailed,
                    _ => StorageError::TokenUnknown,
                })?;
                work(&mut PivToken::new(card, StorageType::Piv))
            }
            Place::Modules(modules) => {
                let mut present = modules.iter_mut().filter(|m| (**m).present().is_ok());
                match (present.next(), present.next()) {
                    (None, _) => Err(StorageError::TokenMissing),
                    (Some(module), None) => work(module),
                    (Some(_), Some(_)) => Err(StorageError::TokenSeveral),
                }
            }
        }
    }
}

fn work(token: &mut dyn Token, request: TokenRequest) -> Result<TokenAnswer, StorageError> {
    Ok(match request {
        TokenRequest::Status => TokenAnswer::Status(token.storage_type(), token.status()?),
        TokenRequest::Contents => TokenAnswer::Contents(token.contents()?),
        TokenRequest::VerifyPin { pin } => {
            token.verify_pin(&pin)?;
            TokenAnswer::Done
        }
        TokenRequest::Generate { algorithm, pin } => {
            let key = token.generate(algorithm, &pin)?;
            TokenAnswer::Key(KeyData::of(&key, None)?)
        }
        TokenRequest::Sign { key, pin, message } => {
            TokenAnswer::Signature(token.sign(&key, &pin, &message)?)
        }
        TokenRequest::Install { key, pin, chain } => {
            let stored = token.install(&key, &pin, &chain.chain()?)?;
            TokenAnswer::Key(KeyData::of(&stored.key, stored.chain.as_ref())?)
        }
        TokenRequest::ReadBack { key, pin } => {
            let stored = token.read_back(&key, &pin)?;
            TokenAnswer::Key(KeyData::of(&stored.key, stored.chain.as_ref())?)
        }
        TokenRequest::Discard { key, pin } => {
            token.discard(&key, &pin)?;
            TokenAnswer::Done
        }
        TokenRequest::RemoveLeftovers => TokenAnswer::Removed(token.remove_leftovers()?),
        TokenRequest::ChangePin { old, new } => {
            TokenAnswer::PinChanged(token.change_pin(&old, &new)?)
        }
        TokenRequest::Unblock { puk, new_pin } => {
            token.unblock(&puk, &new_pin)?;
            TokenAnswer::Done
        }
        TokenRequest::Clear { slot, pin } => {
            token.clear(&slot, &pin)?;
            TokenAnswer::Done
        }
        TokenRequest::Present => TokenAnswer::Presented(token.present()?),
        TokenRequest::Authenticate { key, pin, message } => {
            TokenAnswer::Signature(token.authenticate(&key, &pin, &message)?)
        }
    })
}

/// Those that are installed; one at least.
fn modules(names: &[String]) -> anyhow::Result<Vec<Pkcs11Storage>> {
    let mut opened = Vec::new();
    for name in names {
        let profile = Profile::by_id_or_file(name).map_err(anyhow::Error::msg)?;
        match Pkcs11Storage::open(profile) {
            Ok(module) => opened.push(module),
            Err(error) => tracing::warn!(%name, %error, "a token module is left out"),
        }
    }
    anyhow::ensure!(!opened.is_empty(), "no token module can be loaded");
    Ok(opened)
}

/// The one token in the readers of the place.
fn find(context: &Context, reader: &str) -> Result<(CString, u32), StorageError> {
    let names = cards::readers(context, Some(reader)).map_err(trouble)?;
    let mut states: Vec<ReaderState> = names
        .into_iter()
        .map(|name| ReaderState::new(name, State::UNAWARE))
        .collect();
    if states.is_empty() {
        return Err(StorageError::TokenFailed);
    }
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(Error::Timeout) => {}
        Err(error) => return Err(trouble(error)),
    }
    let mut present = states
        .iter()
        .filter(|state| state.event_state().contains(State::PRESENT));
    match (present.next(), present.next()) {
        (None, _) => Err(StorageError::TokenMissing),
        (Some(one), None) => Ok((one.name().to_owned(), one.event_count())),
        (Some(_), Some(_)) => Err(StorageError::TokenSeveral),
    }
}

fn look_by_pcsc(reader: &str, seen: &mut Option<Seen>) -> Option<TokenEvent> {
    let context = Context::establish(Scope::System).ok()?;
    let (name, count) = match find(&context, reader) {
        Ok(found) => found,
        Err(error) => {
            *seen = None;
            return match error {
                StorageError::TokenMissing => Some(TokenEvent::Removed),
                StorageError::TokenSeveral => Some(TokenEvent::Several),
                _ => None,
            };
        }
    };
    if let Some(seen) = seen
        && seen.reader == name
        && seen.count == count
    {
        return Some(seen.event);
    }
    let event = match with_piv_by_pcsc(reader, |token| token.status()) {
        Ok(_) => TokenEvent::Inserted(StorageType::Piv),
        Err(StorageError::TokenUnknown) => TokenEvent::Unknown,
        // These may be over at the next look, though pcscd counts nothing meanwhile: a
        // card that was not ready yet, or that another worker's end reset.
        Err(error) => {
            tracing::info!(%error, "the token is looked at again");
            *seen = None;
            return Some(match error {
                StorageError::TokenMissing | StorageError::TokenPulled => TokenEvent::Removed,
                StorageError::TokenSeveral => TokenEvent::Several,
                _ => TokenEvent::Unknown,
            });
        }
    };
    *seen = Some(Seen {
        reader: name,
        count,
        event,
    });
    Some(event)
}

fn with_piv_by_pcsc<T>(
    reader: &str,
    work: impl FnOnce(&mut dyn Token) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let context = Context::establish(Scope::System).map_err(trouble)?;
    let (name, _) = find(&context, reader)?;
    let mut card = context
        .connect(&name, ShareMode::Shared, Protocols::ANY)
        .map_err(trouble)?;
    let transaction = card.transaction().map_err(trouble)?;
    let channel = PcscChannel::new(&context, &name, &transaction);
    let done = work(&mut PivToken::new(channel, StorageType::Piv));
    // So that no PIN stays verified for whoever comes next.
    let _ = transaction.end(Disposition::ResetCard);
    done
}

fn trouble(error: Error) -> StorageError {
    match error {
        Error::NoSmartcard | Error::RemovedCard => StorageError::TokenMissing,
        _ => StorageError::TokenFailed,
    }
}
