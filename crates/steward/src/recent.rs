//! The newest lines of the project's units in the journal, for a technician's screen.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::program;
use crate::protocol::Refusal;

/// Lines; some screens full, and far below the longest answer.
const MOST: usize = 120;
/// Characters of a line.
const LONGEST: usize = 300;
/// sd-daemon(3): of warning and worse.
const WARNING: u8 = 4;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    pub unix_millis: i64,
    /// Warning or worse.
    pub warning: bool,
    pub text: String,
}

/// One line of `journalctl -o json` (systemd's "Journal JSON Format"): every value is a
/// string, or, where its bytes are none of UTF-8, a list of numbers.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    micros: String,
    #[serde(rename = "PRIORITY", default)]
    priority: Option<String>,
    #[serde(rename = "_SYSTEMD_UNIT", default)]
    unit: Option<String>,
    #[serde(rename = "MESSAGE", default)]
    message: serde_json::Value,
}

/// Oldest first.
///
/// # Errors
/// Those of journalctl.
pub async fn read(config: &Config, warnings_only: bool) -> Result<Vec<JournalLine>, Refusal> {
    let mut arguments: Vec<String> = ["-o", "json", "--no-pager", "--quiet", "--lines"]
        .map(String::from)
        .to_vec();
    arguments.push(MOST.to_string());
    arguments.push("--output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT".into());
    if warnings_only {
        arguments.push("--priority=warning".into());
    }
    for unit in &config.journal_units {
        arguments.push(format!("--unit={unit}"));
    }
    let mut lines = Vec::new();
    program::run(&config.programs.journalctl, arguments, |line| {
        lines.extend(parse(line));
    })
    .await?;
    let surplus = lines.len().saturating_sub(MOST);
    Ok(lines.split_off(surplus))
}

/// None: cut off or nothing to read.
fn parse(line: &str) -> Option<JournalLine> {
    let entry: Entry = serde_json::from_str(line).ok()?;
    let micros: i64 = entry.micros.parse().ok()?;
    let message = match entry.message {
        serde_json::Value::String(message) => message,
        serde_json::Value::Array(bytes) => {
            let bytes: Vec<u8> = bytes
                .iter()
                .filter_map(|b| u8::try_from(b.as_u64()?).ok())
                .collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => return None,
    };
    let priority: Option<u8> = entry.priority.and_then(|p| p.parse().ok());
    let unit = entry.unit.unwrap_or_default();
    let unit = unit.strip_suffix(".service").unwrap_or(&unit);
    let text = format!("{unit}: {message}");
    Some(JournalLine {
        unix_millis: micros / 1000,
        warning: priority.is_some_and(|p| p <= WARNING),
        text: text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(LONGEST)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_of_the_journal_is_read() {
        let line = r#"{"__REALTIME_TIMESTAMP":"1764345045123456","PRIORITY":"4","_SYSTEMD_UNIT":"qoltanba-kiosk.service","MESSAGE":"no answer: Queue","__CURSOR":"s=1"}"#;
        let read = parse(line).unwrap();
        assert_eq!(read.unix_millis, 1_764_345_045_123);
        assert!(read.warning);
        assert_eq!(read.text, "qoltanba-kiosk: no answer: Queue");
        let line = r#"{"__REALTIME_TIMESTAMP":"1000","MESSAGE":[104,105,255,10]}"#;
        let read = parse(line).unwrap();
        assert_eq!(read.text, ": hi\u{fffd} ");
        assert!(!read.warning);
        assert_eq!(parse(r#"{"MESSAGE":"no time"}"#), None);
        assert_eq!(
            parse(r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}"#),
            None
        );
    }

    proptest! {
        #[test]
        fn whatever_a_journal_holds_is_a_line_or_nothing(line in ".{0,200}", message in ".{0,400}") {
            let _ = parse(&line);
            let entry = serde_json::json!({"__REALTIME_TIMESTAMP": "7", "MESSAGE": message});
            let read = parse(&entry.to_string()).unwrap();
            prop_assert!(read.text.chars().count() <= LONGEST);
            prop_assert!(!read.text.contains(char::is_control));
        }
    }
}
