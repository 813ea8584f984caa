//! The place for tokens with a test token: what it is, and that it answers.

use std::sync::Arc;
use std::time::Instant;

use crate::maintenance::{Hint, Light, Row, RowName, Step, Value, Word};
use crate::session::event::Failure;

use super::super::super::asked::{Asked, blocking};
use super::super::super::world::Inner;
use super::super::step;
use super::{awaited, millis, not_needed};

impl Inner {
    pub(super) async fn test_writer(self: &Arc<Self>, asked: &Asked) -> Result<Vec<Row>, Failure> {
        let Some(writer) = &self.tokens else {
            return Ok(not_needed(RowName::Writer));
        };
        step(asked, Step::Hint(Hint::InsertTestToken));
        let kind = awaited(asked, || async { writer.inserted() }).await;
        let Some(kind) = kind else {
            return Ok(vec![Row::word(
                RowName::TokenKind,
                Light::Bad,
                Word::NotTested,
            )]);
        };
        let world = self.clone();
        let looked = blocking(move || {
            let began = Instant::now();
            let status = world.with_token(kind, |token| token.status());
            Ok((status, began.elapsed()))
        });
        Ok(match looked.await? {
            (Ok(status), took) => vec![
                Row::new(RowName::TokenKind, Light::Good, Value::Text(status.label)),
                match status.pin.tries_left {
                    Some(0) => Row::new(RowName::PinTriesLeft, Light::Warning, Value::Count(0)),
                    Some(left) => Row::new(
                        RowName::PinTriesLeft,
                        Light::None,
                        Value::Count(left.into()),
                    ),
                    None => Row::word(RowName::PinTriesLeft, Light::None, Word::NotThere),
                },
                Row::new(RowName::AnswerTime, Light::None, millis(took)),
            ],
            (Err(failed), _) => {
                vec![Row::word(RowName::Writer, Light::Bad, Word::Failed).with(failed.fault)]
            }
        })
    }
}
