//! The reader with a test card: its answer to reset, and the application of documents.

use std::sync::Arc;
use std::time::Instant;

use faults::Fault;

use crate::maintenance::{Hint, Light, Row, RowName, Step, Value, Word};

use super::super::super::asked::Asked;
use super::super::super::world::Inner;
use super::super::step;
use super::{awaited, millis};

impl Inner {
    pub(super) async fn test_reader(self: &Arc<Self>, asked: &Asked) -> Vec<Row> {
        step(asked, Step::Hint(Hint::InsertTestCard));
        let seen = awaited(asked, || async {
            let began = Instant::now();
            match self.reader().read().await {
                // None is in the reader yet.
                Err(Fault::CardPulled) => None,
                other => Some((other, began.elapsed())),
            }
        })
        .await;
        match seen {
            None => vec![Row::word(RowName::TestCard, Light::Bad, Word::NotTested)],
            Some((Err(fault), _)) => {
                vec![Row::word(RowName::Reader, Light::Bad, Word::Failed).with(fault)]
            }
            Some((Ok(card), took)) => vec![
                Row::new(RowName::AnswerToReset, Light::Good, Value::Text(card.atr)),
                if card.emrtd {
                    Row::word(RowName::TestCard, Light::Good, Word::Works)
                } else {
                    // The reader works; the card shows nothing of reading documents.
                    Row::word(RowName::TestCard, Light::Warning, Word::No)
                },
                Row::new(RowName::ReadingTime, Light::None, millis(took)),
            ],
        }
    }
}
