//! Reading the layers of configuration.

use std::path::{Path, PathBuf};

use faults::Fault;

use super::Config;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: cannot be read: {cause}")]
    Read {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{path}: {cause}")]
    Syntax {
        path: PathBuf,
        cause: Box<toml::de::Error>,
    },
    #[error("{path}: {what}")]
    Value { path: PathBuf, what: String },
}

impl Config {
    /// Reads the layers in order, lowest first; a missing file is an empty layer.
    ///
    /// Returns what could be used and, when a layer was bad, the reason. A layer
    /// that was good is kept beside it as `<name>.good` for the next time.
    pub fn load(layers: &[PathBuf]) -> (Config, Vec<(Fault, ConfigError)>) {
        let mut merged = toml::Table::new();
        let mut raised = Vec::new();
        for path in layers {
            match Self::layer_over(&merged, path) {
                Ok(Some(over)) => {
                    merged = over.merged;
                    keep_good(path, &over.text);
                }
                Ok(None) => {}
                Err(bad) => {
                    if let Ok(Some(over)) = Self::layer_over(&merged, &good_copy(path)) {
                        merged = over.merged;
                    }
                    raised.push((Fault::ConfigurationBad, bad));
                }
            }
        }
        let mut config: Config = merged.try_into().unwrap_or_default();
        config.layers = layers.to_vec();
        (config, raised)
    }

    /// Reads one file over the defaults, for `kiosk config check`.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, names an unknown key, or has a value out of range.
    pub fn check(path: &Path) -> Result<Config, ConfigError> {
        let read = |cause| ConfigError::Read {
            path: path.into(),
            cause,
        };
        std::fs::metadata(path).map_err(read)?;
        let over = Self::layer_over(&toml::Table::new(), path)?.unwrap_or_default();
        over.merged.try_into().map_err(|cause| ConfigError::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        })
    }

    pub(super) fn layer_over(
        below: &toml::Table,
        path: &Path,
    ) -> Result<Option<Over>, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::text_over(below, path, text).map(Some),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(ConfigError::Read {
                path: path.into(),
                cause,
            }),
        }
    }

    /// `path`: where the text lies, or will.
    pub(super) fn text_over(
        below: &toml::Table,
        path: &Path,
        text: String,
    ) -> Result<Over, ConfigError> {
        let syntax = |cause| ConfigError::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        };
        let layer: toml::Table = toml::from_str(&text).map_err(syntax)?;
        // Checked on its own first: an error then points into this file's text.
        let _: Config = toml::from_str(&text).map_err(syntax)?;
        let mut merged = below.clone();
        merge(&mut merged, layer.clone());
        let config: Config = merged.clone().try_into().map_err(syntax)?;
        config.check_values().map_err(|what| ConfigError::Value {
            path: path.into(),
            what,
        })?;
        Ok(Over {
            merged,
            layer,
            text,
        })
    }

    fn check_values(&self) -> Result<(), String> {
        let (s, m) = (&self.session, &self.maintenance);
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!(
                    "{name} = {value}: must lie between {low} and {high}"
                ))
            }
        };
        if !self.office.url.is_empty() && !self.office.url.starts_with("https://") {
            return Err("office.url: must begin with https://".into());
        }
        within(
            "session.idle_seconds",
            f64::from(s.idle_seconds),
            15.0,
            900.0,
        )?;
        within(
            "session.idle_warning_seconds",
            f64::from(s.idle_warning_seconds),
            5.0,
            120.0,
        )?;
        within(
            "session.liveness_prompts",
            f64::from(s.liveness_prompts),
            3.0,
            6.0,
        )?;
        within(
            "session.liveness_seconds_each",
            f64::from(s.liveness_seconds_each),
            0.05,
            10.0,
        )?;
        within(
            "session.liveness_tries",
            f64::from(s.liveness_tries),
            1.0,
            10.0,
        )?;
        within(
            "maintenance.idle_seconds",
            f64::from(m.idle_seconds),
            30.0,
            1800.0,
        )?;
        within(
            "maintenance.idle_warning_seconds",
            f64::from(m.idle_warning_seconds),
            5.0,
            120.0,
        )?;
        within(
            "maintenance.pin_idle_seconds",
            f64::from(m.pin_idle_seconds),
            10.0,
            300.0,
        )?;
        within(
            "update.ask_seconds",
            f64::from(self.update.ask_seconds),
            1.0,
            7.0 * 24.0 * 3600.0,
        )
    }
}

/// One layer over those below it.
#[derive(Default)]
pub(super) struct Over {
    pub merged: toml::Table,
    pub layer: toml::Table,
    pub text: String,
}

/// Keys whose value is one of several things, each with a table of its own.
pub(super) const CHOICES: [&str; 5] = ["camera", "card_reader", "token_writer", "panel", "card"];

/// Tables are merged key by key; everything else is replaced.
fn merge(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            // An enum with data is a one-key table: two of them must not mix.
            (Some(toml::Value::Table(b)), toml::Value::Table(a))
                if !CHOICES.contains(&key.as_str()) =>
            {
                merge(b, a);
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

pub(super) fn good_copy(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".good");
    name.into()
}

/// Best effort: the layer may lie on a read-only image, or be root's.
fn keep_good(path: &Path, text: &str) {
    let copy = good_copy(path);
    if std::fs::read_to_string(&copy).is_ok_and(|old| old == text) {
        return;
    }
    let temporary = copy.with_extension("good.tmp");
    if std::fs::write(&temporary, text).is_ok() && std::fs::rename(&temporary, &copy).is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_change_only_what_they_name() {
        let dir = tempfile::tempdir().unwrap();
        let (image, local) = (dir.path().join("image.toml"), dir.path().join("local.toml"));
        std::fs::write(
            &image,
            "[session]\nidle_seconds = 60\n[office]\nurl = 'https://a'\n",
        )
        .unwrap();
        std::fs::write(&local, "[office]\nurl = 'https://b'\n").unwrap();
        let (config, raised) = Config::load(&[image, local]);
        assert!(raised.is_empty(), "{raised:?}");
        assert_eq!(
            (config.session.idle_seconds, config.office.url.as_str()),
            (60, "https://b")
        );
    }

    #[test]
    fn a_bad_layer_falls_back_to_its_last_good_copy() {
        let dir = tempfile::tempdir().unwrap();
        let layer = vec![dir.path().join("local.toml")];
        std::fs::write(&layer[0], "[session]\nidle_seconds = 45\n").unwrap();
        Config::load(&layer);
        for bad in [
            "[session]\nidle_seconds = 1\n",
            "[sesion]\n",
            "= x",
            "[office]\nurl = 'http://a'\n",
        ] {
            std::fs::write(&layer[0], bad).unwrap();
            let (config, raised) = Config::load(&layer);
            assert_eq!(config.session.idle_seconds, 45, "{bad}");
            assert!(
                matches!(raised[..], [(Fault::ConfigurationBad, _)]),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_error_names_file_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[session]\nidle_secnds = 45\n").unwrap();
        let said = Config::check(&file).unwrap_err().to_string();
        assert!(
            said.contains("c.toml") && said.contains("idle_secnds"),
            "{said}"
        );
    }
}
