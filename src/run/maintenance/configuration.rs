//! The configuration: every value with its layer, the local ones set here.

use std::sync::Arc;
use std::time::Duration;

use exchange::work_order::Action;
use steward::protocol::Request;

use crate::config::{Config, Seen, SettingError, editable};
use crate::maintenance::{Answer, Layer, Light, Refusal, Row, RowName, Value, Word};
use crate::run::asked::blocking;
use crate::run::world::Inner;
use crate::session::event::Failure;

/// The answer is drawn before the window ends.
const SHOWN_FOR: Duration = Duration::from_secs(2);

impl Inner {
    pub(super) async fn examine_configuration(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        blocking(move || Ok(Answer::Rows(rows(&world.config)))).await
    }

    /// Counts from the next start of the kiosk on.
    pub(super) async fn save_setting(
        self: &Arc<Self>,
        key: String,
        value: Option<String>,
    ) -> Result<Answer, Failure> {
        let (world, named) = (self.clone(), key.clone());
        let saved = blocking(move || Ok(world.config.set_local(&key, value.as_deref()))).await?;
        if let Err(error) = saved {
            let refused = match error {
                SettingError::AnothersLayer { text } => {
                    let told = self.ask_steward(Request::SetLocal { text }, |_, _| ());
                    told.await.err()
                }
                SettingError::Value(_) => Some(Refusal::BadValue),
                SettingError::NotEditable(_) | SettingError::NoLocalLayer => {
                    Some(Refusal::NotPossibleHere)
                }
                SettingError::Write { .. } => Some(Refusal::Failed),
            };
            if let Some(refusal) = refused {
                tracing::warn!(key = named, ?refusal, "not set");
                return Ok(Answer::Refused(refusal));
            }
        }
        tracing::info!(key = named, "a local setting was changed");
        self.note_done(Action::Configured).await;
        self.examine_configuration().await
    }

    /// The process ends; the service manager starts it anew.
    pub(super) async fn restart_kiosk(self: &Arc<Self>) -> Result<Answer, Failure> {
        if !self.queue_is_safe() {
            return Ok(Answer::Refused(Refusal::CitizenPresent));
        }
        self.note_done(Action::Restarted).await;
        self.end_soon();
        Ok(Answer::Rows(vec![Row::word(
            RowName::Program,
            Light::Running,
            Word::Restarted,
        )]))
    }

    pub(super) fn end_soon(self: &Arc<Self>) {
        tracing::info!("the kiosk ends, to be started anew");
        let screen = self.screen.clone();
        tokio::spawn(async move {
            tokio::time::sleep(SHOWN_FOR).await;
            screen.close();
        });
    }
}

fn rows(config: &Config) -> Vec<Row> {
    let layers = config.layers.len();
    let row = |seen: Seen| {
        let value = Value::Setting {
            editable: layers > 0 && editable(&seen.key),
            layer: layer(seen.layer, layers),
            key: seen.key,
            value: seen.value,
        };
        Row::new(RowName::Setting, Light::None, value)
    };
    let mut seen = config.explain();
    // What can be changed here first.
    seen.sort_by_key(|seen| !editable(&seen.key));
    seen.into_iter().map(row).collect()
}

/// The highest layer is the local one, the lowest of several the image's.
fn layer(at: Option<usize>, layers: usize) -> Layer {
    match at {
        None => Layer::BuiltIn,
        Some(at) if at + 1 == layers => Layer::Local,
        Some(0) => Layer::Image,
        Some(_) => Layer::Office,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_layers_have_their_names() {
        assert_eq!(layer(None, 3), Layer::BuiltIn);
        let named = [0, 1, 2].map(|at| layer(Some(at), 3));
        assert_eq!(named, [Layer::Image, Layer::Office, Layer::Local]);
        assert_eq!(layer(Some(0), 1), Layer::Local);
    }

    #[test]
    fn what_can_be_set_here_comes_first() {
        let config = Config {
            layers: vec!["/nowhere/kiosk.toml".into()],
            ..Config::default()
        };
        let can = |row: &Row| matches!(row.value, Value::Setting { editable: true, .. });
        let rows = rows(&config);
        let first_fixed = rows.iter().position(|row| !can(row)).unwrap();
        assert!(first_fixed > 3 && rows[first_fixed..].iter().all(|row| !can(row)));
    }
}
