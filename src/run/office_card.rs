//! Where technicians put their cards: the place for tokens, or readers of their own.

use std::sync::{Arc, Mutex, PoisonError};

use keystore::{StorageError, Token};
use worker::TokenPlace;

use crate::config::{Config, TechniciansCard, TokenWriter as Tokens};
use crate::devices::token_writer::{self, TokenWriter};
use crate::session::event::DeviceEvent;

use super::Events;
use super::equipment::teller;

/// The place, and what looks at it.
pub(super) enum CardPlace {
    Nowhere,
    /// The place for tokens.
    Tokens,
    Readers(Readers),
    #[cfg(feature = "simulated")]
    Simulated(Box<dyn TokenWriter>),
}

/// Readers that citizens' documents may lie in, too: looked at only while nobody is
/// served, because looking at a card takes it away from whoever reads it.
pub(super) struct Readers {
    start: Box<dyn Fn() -> Arc<dyn TokenWriter> + Send + Sync>,
    watching: Mutex<Option<Arc<dyn TokenWriter>>>,
}

/// What is wanted, before anything is opened.
enum Wanted<'a> {
    Nowhere,
    Tokens,
    Readers(TokenPlace),
    #[cfg_attr(not(feature = "simulated"), expect(dead_code))]
    Simulated(&'a TechniciansCard),
}

fn wanted(config: &Config) -> Wanted<'_> {
    let pcsc = |reader: &str| {
        let reader = reader.to_owned();
        Wanted::Readers(TokenPlace::Pcsc { reader })
    };
    match (&config.maintenance.card, &config.token_writer) {
        (TechniciansCard::None, _)
        | (TechniciansCard::Same, Tokens::None)
        | (TechniciansCard::Auto, Tokens::Simulated { .. }) => Wanted::Nowhere,
        (TechniciansCard::Same, _)
        | (TechniciansCard::Auto, Tokens::Pcsc(_) | Tokens::Serial(_)) => Wanted::Tokens,
        (TechniciansCard::Auto, Tokens::None | Tokens::Modules(_)) => pcsc(""),
        (TechniciansCard::Pcsc(reader), _) => pcsc(reader),
        (TechniciansCard::Serial(tty), _) => {
            Wanted::Readers(TokenPlace::Serial { tty: tty.clone() })
        }
        (simulated @ TechniciansCard::Simulated { .. }, _) => Wanted::Simulated(simulated),
    }
}

impl CardPlace {
    /// Within the runtime.
    pub fn open(config: &Config, events: &Events) -> Self {
        match wanted(config) {
            Wanted::Nowhere => CardPlace::Nowhere,
            Wanted::Tokens => CardPlace::Tokens,
            Wanted::Readers(place) => {
                let (worker, events) = (config.worker.clone(), events.clone());
                let start = move || -> Arc<dyn TokenWriter> {
                    let settings = token_writer::hardware::Config {
                        worker: worker.clone(),
                        place: place.clone(),
                    };
                    let tell = cards_only(teller(events.clone()));
                    Arc::new(token_writer::hardware::start(settings, tell))
                };
                CardPlace::Readers(Readers {
                    start: Box::new(start),
                    watching: Mutex::default(),
                })
            }
            #[cfg(feature = "simulated")]
            Wanted::Simulated(card) => {
                let writer = token_writer::simulated::start(cards_only(teller(events.clone())));
                tokio::spawn(simulated::put_in_and_pull(writer.clone(), card.clone()));
                CardPlace::Simulated(Box::new(writer))
            }
            #[cfg(not(feature = "simulated"))]
            Wanted::Simulated(_) => {
                tracing::error!("technicians' cards: {}", super::equipment::NOT_BUILT_IN);
                CardPlace::Nowhere
            }
        }
    }

    /// Within the runtime. What lies there when looking begins is told.
    pub fn watch(&self, on: bool) {
        let CardPlace::Readers(readers) = self else {
            return;
        };
        let mut watching = readers
            .watching
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if on != watching.is_some() {
            *watching = on.then(|| (readers.start)());
        }
    }

    /// One piece of work on the card in the place. Not for a thread that must not wait.
    ///
    /// # Errors
    /// What the card says, or that there is none.
    pub fn with_card<T>(
        &self,
        tokens: Option<&dyn TokenWriter>,
        work: impl FnOnce(&mut dyn Token) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let own;
        let place: Option<&dyn TokenWriter> = match self {
            CardPlace::Nowhere => None,
            CardPlace::Tokens => tokens,
            CardPlace::Readers(readers) => {
                let watching = readers.watching.lock();
                own = watching.unwrap_or_else(PoisonError::into_inner).clone();
                own.as_deref()
            }
            #[cfg(feature = "simulated")]
            CardPlace::Simulated(writer) => Some(&**writer),
        };
        let place = place.ok_or(StorageError::TokenMissing)?;
        let (mut work, mut done) = (Some(work), None);
        let reached = place.with_token(&mut |card| done = work.take().map(|work| work(card)));
        reached.map_err(|_| StorageError::TokenMissing)?;
        done.unwrap_or(Err(StorageError::TokenMissing))
    }
}

/// Tells of tokens, and where technicians' cards share their place, of cards too.
pub(super) fn with_cards(
    config: &Config,
    tell: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> impl Fn(DeviceEvent) + Send + Sync + 'static {
    let shared = matches!(wanted(config), Wanted::Tokens);
    move |event| {
        let card = as_card(&event).filter(|_| shared);
        tell(event);
        if let Some(card) = card {
            tell(card);
        }
    }
}

/// What is no card of ours there is nobody's fault: it may be a citizen's document.
fn cards_only(
    tell: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> impl Fn(DeviceEvent) + Send + Sync + 'static {
    move |event| {
        if let Some(card) = as_card(&event) {
            tell(card);
        }
    }
}

fn as_card(event: &DeviceEvent) -> Option<DeviceEvent> {
    match event {
        DeviceEvent::TokenInserted { .. } => Some(DeviceEvent::OfficeCardInserted),
        DeviceEvent::TokenRemoved => Some(DeviceEvent::OfficeCardRemoved),
        _ => None,
    }
}

#[cfg(feature = "simulated")]
mod simulated {
    use std::path::Path;
    use std::time::Duration;

    use exchange::{Secret, StorageType};
    use keystore::{Chain, PrivateKey, SimulatedToken, StorageError, certificate};
    use x509_cert::der::pem;
    use zeroize::Zeroizing;

    use crate::config::TechniciansCard;
    use crate::devices::token_writer::simulated::SimulatedWriter;

    const PIN: &str = "314159";
    const LOOK_EVERY: Duration = Duration::from_millis(100);

    /// The simulated technician's hand. A card that was away remembers wrong PINs.
    pub async fn put_in_and_pull(writer: SimulatedWriter, card: TechniciansCard) {
        let TechniciansCard::Simulated {
            key,
            certificate,
            inserted_file,
        } = card
        else {
            return;
        };
        let mut away = None;
        let mut is_in = false;
        loop {
            let wanted = inserted_file.as_ref().is_none_or(|file| file.exists());
            if wanted && !is_in {
                let token = away.take().map_or_else(|| made_of(&key, &certificate), Ok);
                match token {
                    Ok(token) => writer.insert(token),
                    Err(e) => tracing::error!("no simulated technician's card: {e}"),
                }
            } else if is_in && !wanted {
                away = writer.remove();
            }
            is_in = wanted;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn made_of(key: &Path, certificate: &Path) -> Result<SimulatedToken, StorageError> {
        let read = |path| std::fs::read_to_string(path).map_err(|_| StorageError::TokenFailed);
        let key = Zeroizing::new(read(key)?);
        let (_, key) = pem::decode_vec(key.as_bytes()).map_err(|_| StorageError::TokenFailed)?;
        let key = PrivateKey::from_pkcs8(&Zeroizing::new(key)).map_err(StorageError::Key)?;
        let chain = Chain::partial(vec![certificate::from_pem(&read(certificate)?)?])?;
        SimulatedToken::new(StorageType::Piv, &Secret::from(PIN), 0).holding(&key, &chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_cards_go_where_piv_tokens_go() {
        let place = |card, token_writer| {
            let mut config = Config {
                token_writer,
                ..Config::default()
            };
            config.maintenance.card = card;
            match wanted(&config) {
                Wanted::Nowhere => "nowhere".to_owned(),
                Wanted::Tokens => "tokens".to_owned(),
                Wanted::Readers(place) => place.to_string(),
                Wanted::Simulated(_) => "simulated".to_owned(),
            }
        };
        use TechniciansCard::{Auto, None, Pcsc, Same};
        let modules = || Tokens::Modules(vec!["softhsm2".to_owned()]);
        assert_eq!(place(Auto, Tokens::Pcsc("A".to_owned())), "tokens");
        assert_eq!(place(Auto, Tokens::Serial("/dev/ttyS1".into())), "tokens");
        assert_eq!(place(Auto, modules()), "pcsc:");
        assert_eq!(place(Auto, Tokens::None), "pcsc:");
        assert_eq!(place(Same, Tokens::None), "nowhere");
        assert_eq!(place(None, Tokens::Pcsc("A".to_owned())), "nowhere");
        let apart = place(Pcsc("B".to_owned()), Tokens::Pcsc("A".to_owned()));
        assert_eq!(apart, "pcsc:B");
    }

    #[test]
    fn a_shared_place_tells_of_cards_too() {
        let told = |card: TechniciansCard| {
            let (sender, told) = std::sync::mpsc::channel();
            let mut config = Config {
                token_writer: Tokens::Serial("/dev/ttyS1".into()),
                ..Config::default()
            };
            config.maintenance.card = card;
            let tell = with_cards(&config, move |event| sender.send(event).unwrap());
            tell(DeviceEvent::TokenRemoved);
            drop(tell);
            told.iter().count()
        };
        assert_eq!(told(TechniciansCard::Auto), 2);
        assert_eq!(told(TechniciansCard::None), 1);
    }
}
