//! Something happens at one APDU of a card, wherever it is put in.

use std::sync::{Arc, Mutex, MutexGuard};

use apdu::{CardChannel, ChannelError};

use crate::{Cut, PivCard};

/// How it goes on behind what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The card does not notice.
    Answers,
    /// The card was pulled.
    Pulled,
    /// The reader was taken away with the card in it.
    ReaderGone,
}

type Happening = Box<dyn FnOnce() -> Behind + Send>;

/// A card whose APDUs are counted over all times that it gets power.
#[derive(Clone)]
pub struct CountedCard {
    card: PivCard,
    count: Arc<Mutex<Count>>,
}

#[derive(Default)]
struct Count {
    apdus: u32,
    incident: Option<(u32, Cut, Happening)>,
}

impl CountedCard {
    pub fn new(card: PivCard) -> CountedCard {
        CountedCard {
            card,
            count: Arc::default(),
        }
    }

    /// APDUs that came for the card so far.
    pub fn apdus(&self) -> u32 {
        self.count().apdus
    }

    /// Lets `happening` happen once at the APDU behind `apdus` more, in place of any that is
    /// due yet.
    pub fn at(&self, apdus: u32, cut: Cut, happening: impl FnOnce() -> Behind + Send + 'static) {
        let mut count = self.count();
        count.incident = Some((count.apdus + apdus, cut, Box::new(happening)));
    }

    /// Nothing happens any more. Whether something was still due.
    pub fn forget(&self) -> bool {
        self.count().incident.take().is_some()
    }

    /// Gives it power.
    pub fn power_up(&self) -> Box<dyn CardChannel + Send> {
        Box::new(CountedChannel {
            channel: self.card.insert(),
            count: self.count.clone(),
        })
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        lock(&self.count)
    }
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().expect("no test panicked in the middle")
}

struct CountedChannel<C> {
    channel: C,
    count: Arc<Mutex<Count>>,
}

impl<C: CardChannel> CardChannel for CountedChannel<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let due = {
            let mut count = lock(&self.count);
            let apdus = count.apdus;
            count.apdus += 1;
            count.incident.take_if(|(at, ..)| *at <= apdus)
        };
        match due {
            None => self.channel.transmit(command),
            Some((_, Cut::BeforeCommand, happening)) => match happening().error() {
                None => self.channel.transmit(command),
                Some(error) => Err(error),
            },
            Some((_, Cut::BeforeAnswer, happening)) => {
                let answer = self.channel.transmit(command);
                happening().error().map_or(answer, Err)
            }
        }
    }
}

impl Behind {
    fn error(self) -> Option<ChannelError> {
        match self {
            Behind::Answers => None,
            Behind::Pulled => Some(ChannelError::Removed),
            Behind::ReaderGone => Some(ChannelError::ReaderGone),
        }
    }
}
