//! Emptying the kiosk: asked for, then confirmed within its time; carried out by the steward.

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::work_order::Action;
use steward::protocol::{Answer as Told, Request};

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Value, Word};
use crate::run::asked::blocking;
use crate::run::world::Inner;
use crate::session::event::Failure;

impl Inner {
    pub(super) async fn examine_wipe(self: &Arc<Self>) -> Result<Answer, Failure> {
        let lost = self.would_be_lost().await?;
        Ok(Answer::Rows(vec![unsent_row(lost), self.erased_row()]))
    }

    pub(super) async fn ask_wipe(self: &Arc<Self>) -> Result<Answer, Failure> {
        if self.would_be_lost().await? > 0 {
            return Ok(Answer::Refused(Refusal::UnsentSubmissions));
        }
        let told = match self
            .ask_steward(Request::Wipe { confirmation: None }, |_, _| ())
            .await
        {
            Ok(told) => told,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let Told::Confirm {
            confirmation,
            seconds,
        } = told
        else {
            return Ok(Answer::Refused(Refusal::Failed));
        };
        let until = Instant::now() + Duration::from_secs(seconds);
        self.kept().wipe = Some((confirmation, until));
        Ok(Answer::Rows(vec![
            unsent_row(0),
            self.erased_row(),
            Row::new(RowName::Done, Light::Warning, Value::Seconds(seconds)),
        ]))
    }

    /// The restart that follows deletes, before the kiosk runs.
    pub(super) async fn wipe(self: &Arc<Self>) -> Result<Answer, Failure> {
        // Once, whatever comes of it.
        let asked = self.kept().wipe.take();
        let Some((confirmation, _)) = asked.filter(|(_, until)| Instant::now() < *until) else {
            return Ok(Answer::Refused(Refusal::NotConfirmedInTime));
        };
        // Something may have been put back into the queue meanwhile.
        if self.would_be_lost().await? > 0 {
            return Ok(Answer::Refused(Refusal::UnsentSubmissions));
        }
        self.note_done(Action::Other).await;
        let technician = self.hand_in_order().await;
        let request = Request::Wipe {
            confirmation: Some(confirmation),
        };
        Ok(match self.ask_steward(request, |_, _| ()).await {
            Ok(_) => {
                tracing::warn!("a technician has this kiosk wiped");
                Answer::Rows(vec![Row::word(
                    RowName::Erased,
                    Light::Running,
                    Word::Restarted,
                )])
            }
            Err(refusal) => {
                // The visit goes on.
                if let Some(technician) = technician {
                    self.open_work_order(technician).await;
                }
                Answer::Refused(refusal)
            }
        })
    }

    async fn would_be_lost(self: &Arc<Self>) -> Result<u64, Failure> {
        let world = self.clone();
        blocking(move || world.not_carried_out()).await
    }

    fn erased_row(&self) -> Row {
        Row::text(RowName::Erased, self.config.data_dir.display().to_string())
    }
}

fn unsent_row(lost: u64) -> Row {
    let light = match lost {
        0 => Light::Good,
        _ => Light::Bad,
    };
    Row::new(RowName::Unsent, light, Value::Count(lost))
}
