//! Which version a bundle is of, and whether the kiosk may go to it: a genuine bundle of last
//! year is genuine still, with every hole that was closed since.

use std::path::Path;

use serde::Deserialize;

use crate::config::Config;
use crate::program;
use crate::protocol::{Reason, Refusal};

/// Bytes of what rauc says of a bundle; two images need some 900.
const LONGEST: usize = 64 << 10;

/// Of a bundle as rauc tells (rauc 1.13), after it checked the signature.
#[derive(Deserialize)]
struct Info {
    version: Option<String>,
}

/// # Errors
/// [`Reason::Older`]: it is of an older version than the one that runs, or of one that cannot
/// be compared. [`Reason::ProgramFailed`]: rauc does not call it genuine.
pub async fn check(config: &Config, bundle: &Path) -> Result<(), Refusal> {
    // A number that cannot be read would make the kiosk one that is never updated again. It
    // lies in the checked root: nobody but a release can make it so.
    let Some(ours) = running(&config.os_release) else {
        tracing::warn!("the version that runs has no number: any may be installed");
        return Ok(());
    };
    let arguments = ["info", "--output-format=json-pretty"].map(Path::new);
    let arguments = arguments.into_iter().chain([bundle]);
    let said = program::output(&config.programs.rauc, arguments, LONGEST).await?;
    let info: Info = serde_json::from_str(&said).map_err(|error| {
        let detail = format!("what rauc says of the bundle cannot be read: {error}");
        Refusal::new(Reason::ProgramFailed, detail)
    })?;
    let version = info.version.unwrap_or_default();
    match numbers(&version) {
        Some(theirs) if !is_older(&theirs, &ours) => Ok(()),
        // One without a number says nothing of its age: whoever has an old one could choose it.
        _ => Err(Refusal::new(
            Reason::Older,
            format!("version {version:?} is not known to be as new as the one that runs"),
        )),
    }
}

/// os-release(5); one of another system says nothing of the kiosk's version.
fn running(os_release: &Path) -> Option<Vec<u64>> {
    let text = std::fs::read_to_string(os_release).ok()?;
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(key, _)| *key == name)?;
        Some(value.trim_matches('"'))
    };
    value("ID").filter(|id| *id == "qoltanba")?;
    numbers(value("VERSION_ID")?)
}

/// The numbers before anything else: `2026.11.28` of `2026.11.28+next`.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.');
    let parts = version[..end.unwrap_or(version.len())].trim_end_matches('.');
    parts.split('.').map(|part| part.parse().ok()).collect()
}

/// `1` is as new as `1.0`.
fn is_older(a: &[u64], b: &[u64]) -> bool {
    let length = a.len().max(b.len());
    let padded = |numbers: &[u64]| {
        let mut numbers = numbers.to_vec();
        numbers.resize(length, 0);
        numbers
    };
    padded(a) < padded(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn older(a: &str, b: &str) -> bool {
        is_older(&numbers(a).unwrap(), &numbers(b).unwrap())
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (a, b) in [
            ("0.1.0", "0.1.1"),
            ("0.9", "0.10"),
            ("2025.12.31", "2026.1"),
            ("1", "1.0.1"),
            ("1.0-zzz", "1.1-aaa"),
        ] {
            assert!(older(a, b) && !older(b, a), "{a} {b}");
        }
        for (a, b) in [("0.1.0", "0.1.0+next"), ("1", "1.0"), ("1.0.", "1.0~rc1")] {
            assert!(!older(a, b) && !older(b, a), "{a} {b}");
        }
        for version in ["", ".", "next", "v1", "1..2", ".1", "99999999999999999999"] {
            assert_eq!(numbers(version), None, "{version}");
        }
    }

    #[test]
    fn only_the_images_own_number_is_the_kiosks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("os-release");
        assert_eq!(running(&file), None);
        for (text, version) in [
            (
                "ID=qoltanba\nID_LIKE=debian\nVERSION_ID=0.1.0+next\n",
                Some(vec![0, 1, 0]),
            ),
            ("VERSION_ID=\"7\"\nID=\"qoltanba\"\n", Some(vec![7])),
            ("ID=debian\nVERSION_ID=\"12\"\n", None),
            ("ID=qoltanba\nVERSION_ID=next\n", None),
            ("ID=qoltanba\n", None),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(running(&file), version, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_version_has_numbers_or_none(version in "\\PC{0,40}|[0-9.]{0,30}") {
            if let Some(numbers) = numbers(&version) {
                prop_assert!(!numbers.is_empty());
                prop_assert!(!is_older(&numbers, &numbers));
            }
        }
    }
}
