//! Watches the readers: cards in and out, readers in and out, pcscd gone and back.
//!
//! After pcscd restarts, an old context still says it is valid and never works
//! again. So the first error of any kind drops the context and a fresh one is tried
//! every half second.

use std::time::Duration;

use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, Scope, State};
use worker::message::{CardEvent, Said};

use crate::cards;
use crate::serve::Voice;

/// A sign of life is given at least this often.
const LOOK: Duration = Duration::from_secs(1);
const FRESH_CONTEXT: Duration = Duration::from_millis(500);

/// Runs until the process ends.
pub fn watch(voice: &Voice, wanted: Option<&str>) -> ! {
    let mut watch = Watch {
        voice,
        wanted,
        service: None,
        reader: None,
        card: None,
    };
    loop {
        if let Ok(context) = Context::establish(Scope::System) {
            let error = watch.until_error(&context);
            tracing::info!(%error, "card watch: fresh context");
            // The restart of pcscd is over in less than one round.
            std::thread::sleep(FRESH_CONTEXT);
            if Context::establish(Scope::System).is_ok() {
                voice.say(&Said::Alive, &[]);
                continue;
            }
        }
        watch.tell_card(None);
        watch.tell_service(false);
        voice.say(&Said::Alive, &[]);
        std::thread::sleep(FRESH_CONTEXT);
    }
}

/// A card as the watch tells it apart from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    reader: Vec<u8>,
    atr: Vec<u8>,
    mute: bool,
    /// pcscd counts insertions and removals: a quick exchange changes it.
    count: u32,
}

struct Watch<'a> {
    voice: &'a Voice,
    wanted: Option<&'a str>,
    /// What has been told; `None`: nothing yet.
    service: Option<bool>,
    reader: Option<bool>,
    card: Option<Option<Seen>>,
}

impl Watch<'_> {
    fn until_error(&mut self, context: &Context) -> Error {
        let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
        loop {
            if let Err(error) = self.look(context, &mut states) {
                return error;
            }
            self.voice.say(&Said::Alive, &[]);
        }
    }

    fn look(&mut self, context: &Context, states: &mut Vec<ReaderState>) -> Result<(), Error> {
        let names = cards::readers(context, self.wanted)?;
        states.retain(|state| {
            state.name() == PNP_NOTIFICATION() || names.iter().any(|name| **name == *state.name())
        });
        for name in names {
            if !states.iter().any(|state| *state.name() == *name) {
                states.push(ReaderState::new(name, State::UNAWARE));
            }
        }
        self.tell_service(true);
        self.tell_reader(states.len() > 1);

        match context.get_status_change(LOOK, states) {
            Ok(()) | Err(Error::Timeout) => {}
            // A reader went between the listing and now: list again.
            Err(Error::UnknownReader) => return Ok(()),
            Err(error) => return Err(error),
        }
        for state in states.iter_mut() {
            state.sync_current_state();
        }
        let card = states
            .iter()
            .filter(|state| state.name() != PNP_NOTIFICATION())
            .find(|state| state.event_state().contains(State::PRESENT))
            .map(|state| Seen {
                reader: state.name().to_bytes().to_vec(),
                atr: state.atr().to_vec(),
                mute: state.event_state().contains(State::MUTE),
                count: state.event_count(),
            });
        self.tell_card(card);
        Ok(())
    }

    fn tell_service(&mut self, up: bool) {
        if self.service.replace(up) != Some(up) {
            self.tell(CardEvent::Service { up });
        }
    }

    fn tell_reader(&mut self, present: bool) {
        if self.reader.replace(present) != Some(present) {
            self.tell(CardEvent::Reader { present });
        }
    }

    fn tell_card(&mut self, card: Option<Seen>) {
        let before = self.card.replace(card.clone());
        if before.as_ref() == Some(&card) {
            return;
        }
        // One card for another: the first is gone. And an empty reader is told as well.
        if card.is_none() || before.is_some_and(|before| before.is_some()) {
            self.tell(CardEvent::Removed);
        }
        match card {
            Some(seen) if seen.mute => self.tell(CardEvent::Mute),
            Some(seen) => self.tell(CardEvent::Inserted {
                atr: cards::hex(&seen.atr),
            }),
            None => {}
        }
    }

    fn tell(&self, event: CardEvent) {
        self.voice.say(&Said::Card(event), &[]);
    }
}
