//! What of a kiosk works and what does not, as it found out by itself.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    AtMost, KioskId, KioskStatement, Line, Statement, TimeTrust, UnixMillis, ids::as_text,
};

/// POST `Signed<ReadinessReport>` -> 204.
pub const READINESS: &str = "/v1/readiness";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadinessError {
    #[error("an aspect has 1 to 32 characters of a-z, 0-9, '_' and '.'")]
    Aspect,
    #[error("a fault code looks like CAM-01")]
    FaultCode,
}

/// A device or an aspect of one: `camera`, `camera.rate`, `disk`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aspect(String);

impl std::str::FromStr for Aspect {
    type Err = ReadinessError;

    fn from_str(text: &str) -> Result<Self, ReadinessError> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b));
        fits.then(|| Self(text.to_owned()))
            .ok_or(ReadinessError::Aspect)
    }
}

impl std::fmt::Display for Aspect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A code of the table of faults. One that this side does not know is kept: the other may
/// be newer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultCode(String);

impl FaultCode {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for FaultCode {
    type Err = ReadinessError;

    fn from_str(text: &str) -> Result<Self, ReadinessError> {
        let fits = text.split_once('-').is_some_and(|(area, number)| {
            (2..=5).contains(&area.len())
                && area.bytes().all(|b| b.is_ascii_uppercase())
                && number.len() == 2
                && number.bytes().all(|b| b.is_ascii_digit())
        });
        fits.then(|| Self(text.to_owned()))
            .ok_or(ReadinessError::FaultCode)
    }
}

impl std::fmt::Display for FaultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Aspect);
as_text!(FaultCode);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AspectState {
    Ready,
    /// Works, not as it should.
    Degraded,
    /// Does not work.
    Failed,
    /// Not there, and not needed.
    Absent,
    /// Not looked at.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AspectReadiness {
    pub aspect: Aspect,
    pub state: AspectState,
    pub faults: AtMost<FaultCode, 6>,
    /// For a technician; never personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Line<64>>,
}

/// Of one part: `kiosk`, `image`, `kernel`, a reader's firmware.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartVersion {
    pub part: Aspect,
    pub version: Line<48>,
}

/// At one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub aspects: AtMost<AspectReadiness, 48>,
    pub versions: AtMost<PartVersion, 24>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessReport {
    pub kiosk: KioskId,
    pub number: u64,
    pub made_at: UnixMillis,
    pub time_trust: TimeTrust,
    pub readiness: Readiness,
}

impl Statement for ReadinessReport {
    const DOMAIN: &'static str = "qoltanba readiness report v1";
}

impl KioskStatement for ReadinessReport {
    fn kiosk(&self) -> &KioskId {
        &self.kiosk
    }

    fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As large as one can be.
    pub(crate) fn largest() -> Readiness {
        let aspect = AspectReadiness {
            aspect: "a".repeat(32).parse().unwrap(),
            state: AspectState::Degraded,
            faults: AtMost::new(vec!["ABCDE-01".parse().unwrap(); 6]).unwrap(),
            detail: Some("ә".repeat(32).parse().unwrap()),
        };
        let version = PartVersion {
            part: "v".repeat(32).parse().unwrap(),
            version: "9".repeat(48).parse().unwrap(),
        };
        Readiness {
            aspects: AtMost::new(vec![aspect; 48]).unwrap(),
            versions: AtMost::new(vec![version; 24]).unwrap(),
        }
    }

    #[test]
    fn names_and_codes_are_plain() {
        for good in ["camera", "camera.rate", "disk_0"] {
            assert!(good.parse::<Aspect>().is_ok(), "{good}");
        }
        for bad in ["", "Camera", "a b", "<b>", &"a".repeat(33)] {
            assert!(bad.parse::<Aspect>().is_err(), "{bad}");
        }
        for good in ["CAM-01", "QUE-99", "QUEUE-01"] {
            assert!(good.parse::<FaultCode>().is_ok(), "{good}");
        }
        for bad in ["", "CAM", "cam-01", "CAM-1", "CAM-001", "C-01", "CAM-01\n"] {
            assert!(bad.parse::<FaultCode>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_strangers_write_never_panics(text in ".{0,300}") {
            let _ = serde_json::from_str::<ReadinessReport>(&text);
            let _ = text.parse::<Aspect>();
            let _ = text.parse::<FaultCode>();
        }
    }
}
