//! Single values of the configuration: which layer each comes from, and setting one in the
//! local layer.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use super::layers::{CHOICES, good_copy};

/// One value as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `session.idle_seconds`
    pub key: String,
    /// A choice as `name` or `name:value`, everything else as in TOML, strings bare.
    pub value: String,
    /// The highest layer that names it; none: built in.
    pub layer: Option<usize>,
}

/// How an editable value is typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    /// `name` or `name:value`; the names.
    Choice(&'static [&'static str]),
}

/// What may be set at the kiosk: what a technician has to fit to the place. Trust is not among it: an office at
/// another address must show a certificate of the same authority. The steward has the same list.
const EDITABLE: [(&str, Kind); 11] = [
    ("office.url", Kind::Text),
    ("office.heartbeat_seconds", Kind::Number),
    ("camera", Kind::Choice(&["auto", "device"])),
    (
        "token_writer",
        Kind::Choice(&["none", "pcsc", "serial", "modules"]),
    ),
    ("usb.root", Kind::Text),
    ("panel", Kind::Choice(&["none", "i2c"])),
    ("session.idle_seconds", Kind::Number),
    ("session.idle_warning_seconds", Kind::Number),
    ("session.wait_here_seconds", Kind::Number),
    ("maintenance.idle_seconds", Kind::Number),
    (
        "maintenance.card",
        Kind::Choice(&["auto", "none", "same", "pcsc", "serial"]),
    ),
];

/// Whether a technician may set it here.
pub fn editable(key: &str) -> bool {
    EDITABLE.iter().any(|(known, _)| *known == key)
}

#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error("{0} cannot be set here")]
    NotEditable(String),
    #[error("there is no local layer")]
    NoLocalLayer,
    #[error("{0}")]
    Value(String),
    #[error("{path}: cannot be written: {cause}")]
    Write { path: PathBuf, cause: io::Error },
    /// On the image, where the kiosk must not choose its own configuration: the steward writes this text.
    #[error("the layer is another user's")]
    AnothersLayer { text: String },
}

impl Config {
    /// Every value, by name.
    pub fn explain(&self) -> Vec<Seen> {
        let own: Vec<Table> = over_each_other(&self.layers).1;
        let Ok(all) = Table::try_from(self) else {
            return Vec::new();
        };
        let mut seen = Vec::new();
        flatten("", &all, &mut |key, value| {
            let layer = own.iter().rposition(|layer| find(layer, key).is_some());
            // What was set since the start counts from the next one on, and is what was set.
            let set = layer.and_then(|at| find(&own[at], key));
            seen.push(Seen {
                layer,
                value: shown(key, set.unwrap_or(value)),
                key: key.to_owned(),
            });
        });
        seen
    }

    /// Sets a value in the highest layer, or lets the layers below count again. The file is
    /// replaced whole, by one that was read and checked first. Counts from the next start on.
    ///
    /// # Errors
    /// See [`SettingError`]; the layer is then as it was.
    pub fn set_local(&self, key: &str, value: Option<&str>) -> Result<(), SettingError> {
        let known = EDITABLE.iter().find(|(known, _)| *known == key);
        let (_, kind) = known.ok_or_else(|| SettingError::NotEditable(key.to_owned()))?;
        let (path, lower) = self.layers.split_last().ok_or(SettingError::NoLocalLayer)?;
        let (below, _) = over_each_other(lower);
        let mut local = match Config::layer_over(&below, path) {
            Ok(over) => over.unwrap_or_default().layer,
            // What counted so far is what is changed.
            Err(_) => match Config::layer_over(&below, &good_copy(path)) {
                Ok(over) => over.unwrap_or_default().layer,
                Err(_) => Table::new(),
            },
        };
        match value {
            Some(typed) => put(&mut local, key, parse(*kind, typed)?),
            None => remove(&mut local, key),
        }
        let text =
            toml::to_string_pretty(&local).map_err(|e| SettingError::Value(e.to_string()))?;
        Config::text_over(&below, path, text.clone())
            .map_err(|bad| SettingError::Value(bad.to_string()))?;
        write(path, text)
    }
}

impl Config {
    /// Makes a kiosk of nobody one of this office, in the layer below the local one; `ca`: the certificate of its TLS
    /// authority, PEM. Counts from the next start on.
    ///
    /// # Errors
    /// See [`SettingError`]; `AnothersLayer` where the steward must do it.
    pub fn adopt_office(&self, url: &str, ca: &str) -> Result<(), SettingError> {
        let [.., path, _] = &self.layers[..] else {
            return Err(SettingError::NoLocalLayer);
        };
        if url.is_empty() {
            return Err(SettingError::Value("office.url: is missing".into()));
        }
        let ca_file = path.with_file_name("office-ca.pem");
        let office = Table::from_iter([
            ("url".to_owned(), Value::from(url)),
            ("ca_file".to_owned(), ca_file.display().to_string().into()),
        ]);
        let layer = Table::from_iter([("office".to_owned(), Value::from(office))]);
        let text =
            toml::to_string_pretty(&layer).map_err(|e| SettingError::Value(e.to_string()))?;
        Config::text_over(&Table::new(), path, text.clone())
            .map_err(|bad| SettingError::Value(bad.to_string()))?;
        // First what the other file names.
        write(&ca_file, ca.to_owned())?;
        write(path, text)
    }
}

/// What counts, and what each layer says; a bad layer as it last was good.
fn over_each_other(layers: &[PathBuf]) -> (Table, Vec<Table>) {
    let (mut merged, mut own) = (Table::new(), Vec::new());
    for path in layers {
        let over = Config::layer_over(&merged, path)
            .or_else(|_| Config::layer_over(&merged, &good_copy(path)));
        let over = over.ok().flatten();
        if let Some(over) = &over {
            merged = over.merged.clone();
        }
        own.push(over.unwrap_or_default().layer);
    }
    (merged, own)
}

fn flatten(before: &str, table: &Table, tell: &mut impl FnMut(&str, &Value)) {
    for (name, value) in table {
        let key = match before {
            "" => name.clone(),
            before => format!("{before}.{name}"),
        };
        match value {
            Value::Table(inner) if !CHOICES.contains(&name.as_str()) => {
                flatten(&key, inner, tell);
            }
            value => tell(&key, value),
        }
    }
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((first, rest)) => find(table.get(first)?.as_table()?, rest),
    }
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Table::new().into());
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn remove(table: &mut Table, key: &str) {
    match key.split_once('.') {
        None => drop(table.remove(key)),
        Some((first, rest)) => {
            if let Some(Value::Table(inner)) = table.get_mut(first) {
                remove(inner, rest);
                if inner.is_empty() {
                    table.remove(first);
                }
            }
        }
    }
}

fn shown(key: &str, value: &Value) -> String {
    let choice = CHOICES.contains(&key.rsplit('.').next().unwrap_or(key));
    match value {
        Value::String(text) => text.clone(),
        Value::Table(one) if choice => {
            let all: Vec<String> = one.iter().map(|(name, v)| chosen(name, v)).collect();
            all.join(" ")
        }
        value => value.to_string(),
    }
}

fn chosen(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{name}:{text}"),
        Value::Array(texts) => {
            let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
            format!("{name}:{}", texts.join(","))
        }
        value => format!("{name}:{value}"),
    }
}

fn parse(kind: Kind, typed: &str) -> Result<Value, SettingError> {
    let typed = typed.trim();
    let bad = |what: &str| Err(SettingError::Value(format!("{typed}: {what}")));
    match kind {
        Kind::Text => Ok(typed.into()),
        Kind::Number => match typed.parse::<u32>() {
            Ok(number) => Ok(i64::from(number).into()),
            Err(_) => bad("not a number"),
        },
        Kind::Choice(names) => {
            let (name, value) = typed.split_once(':').unwrap_or((typed, ""));
            if !names.contains(&name) {
                return bad("not one of the choices");
            }
            if !typed.contains(':') {
                return Ok(name.into());
            }
            let value = match name {
                "modules" => Value::Array(value.split(',').map(|m| m.trim().into()).collect()),
                _ => value.into(),
            };
            Ok(Table::from_iter([(name.to_owned(), value)]).into())
        }
    }
}

fn write(path: &Path, text: String) -> Result<(), SettingError> {
    replace(path, &text).map_err(|cause| match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            SettingError::AnothersLayer { text }
        }
        _ => SettingError::Write {
            path: path.to_owned(),
            cause,
        },
    })
}

/// Durable when it returns; the old file stays until the new one is.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = std::fs::File::create(&new)?;
    let replaced = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, path));
    if replaced.is_err() {
        // What was not kept is no layer.
        let _ = std::fs::remove_file(&new);
    }
    replaced?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(dir: &Path) -> Vec<PathBuf> {
        let image = "[session]\nidle_seconds = 60\n[camera]\ndevice = '/dev/video7'\n";
        std::fs::write(dir.join("image.toml"), image).unwrap();
        ["image.toml", "office.toml", "local.toml"]
            .map(|n| dir.join(n))
            .into()
    }

    fn value(config: &Config, key: &str) -> (String, Option<usize>) {
        let seen = config.explain().into_iter().find(|s| s.key == key).unwrap();
        (seen.value, seen.layer)
    }

    #[test]
    fn each_value_says_its_layer() {
        let dir = tempfile::tempdir().unwrap();
        let (config, _) = Config::load(&layers(dir.path()));
        assert_eq!(
            value(&config, "session.idle_seconds"),
            ("60".into(), Some(0))
        );
        assert_eq!(
            value(&config, "camera"),
            ("device:/dev/video7".into(), Some(0))
        );
        assert_eq!(value(&config, "token_writer"), ("none".into(), None));
    }

    #[test]
    fn a_value_is_set_and_cleared_in_the_local_layer() {
        let dir = tempfile::tempdir().unwrap();
        let layers = layers(dir.path());
        let now = || Config::load(&layers).0;
        for (key, typed) in [
            ("session.idle_seconds", "45"),
            ("camera", "auto"),
            ("token_writer", "modules:ykcs11,softhsm2"),
            ("token_writer", "serial:/dev/ttyS1"),
            ("office.url", "https://office.example:8443"),
            ("maintenance.card", "pcsc:"),
        ] {
            now().set_local(key, Some(typed)).unwrap();
            assert_eq!(value(&now(), key), (typed.to_owned(), Some(2)));
        }
        now().set_local("session.idle_seconds", None).unwrap();
        assert_eq!(
            value(&now(), "session.idle_seconds"),
            ("60".into(), Some(0))
        );
        assert_eq!(value(&now(), "camera"), ("auto".into(), Some(2)));
    }

    #[test]
    fn an_office_is_adopted_below_the_local_layer() {
        let dir = tempfile::tempdir().unwrap();
        let (mut config, _) = Config::load(&layers(dir.path()));
        config
            .set_local("session.idle_seconds", Some("45"))
            .unwrap();
        for bad in ["", "http://office.example"] {
            let refused = config.adopt_office(bad, "CA");
            assert!(
                matches!(refused, Err(SettingError::Value(_))),
                "{refused:?}"
            );
        }
        let url = "https://office.example:8443";
        config.adopt_office(url, "CA").unwrap();
        let (now, raised) = Config::load(&config.layers);
        assert!(raised.is_empty(), "{raised:?}");
        assert_eq!(
            (now.office.url.as_str(), now.session.idle_seconds),
            (url, 45)
        );
        assert_eq!(std::fs::read_to_string(&now.office.ca_file).unwrap(), "CA");
        assert_eq!(value(&now, "office.url"), (url.into(), Some(1)));

        config.layers.truncate(1);
        let refused = config.adopt_office(url, "CA");
        assert!(matches!(refused, Err(SettingError::NoLocalLayer)));
    }

    #[test]
    fn the_steward_knows_what_may_be_set() {
        let mut ours = EDITABLE.map(|(key, _)| key);
        let mut theirs = steward::local::KEYS.to_vec();
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours.to_vec(), theirs);
    }

    #[test]
    fn what_the_configuration_refuses_is_never_written() {
        let dir = tempfile::tempdir().unwrap();
        let layers = layers(dir.path());
        let (config, _) = Config::load(&layers);
        config
            .set_local("session.idle_seconds", Some("45"))
            .unwrap();
        let before = std::fs::read(&layers[2]).unwrap();
        for (key, typed) in [
            ("session.idle_seconds", "1"),
            ("session.idle_seconds", "-1"),
            ("session.idle_seconds", "99999999999"),
            ("session.idle_seconds", ""),
            ("office.url", "http://office.example"),
            ("camera", "simulated:x"),
            ("camera", "device"),
            ("token_writer", "serial"),
            ("data_dir", "/tmp"),
            ("office.ca_file", "/tmp/ca.pem"),
            ("no.such", "1"),
        ] {
            assert!(config.set_local(key, Some(typed)).is_err(), "{key} {typed}");
            assert_eq!(std::fs::read(&layers[2]).unwrap(), before, "{key} {typed}");
        }
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
        assert!(
            left.iter()
                .all(|f| !f.file_name().to_string_lossy().ends_with(".new"))
        );
    }

    #[test]
    fn a_damaged_layer_is_changed_as_it_last_was_good() {
        let dir = tempfile::tempdir().unwrap();
        let layers = layers(dir.path());
        let (config, _) = Config::load(&layers);
        config
            .set_local("session.wait_here_seconds", Some("120"))
            .unwrap();
        Config::load(&layers);
        std::fs::write(&layers[2], "= damaged").unwrap();
        config
            .set_local("session.idle_seconds", Some("45"))
            .unwrap();
        let (config, raised) = Config::load(&layers);
        assert!(raised.is_empty());
        assert_eq!(
            (
                config.session.wait_here_seconds,
                config.session.idle_seconds
            ),
            (120, 45)
        );
    }
}
