//! The overview: every aspect with its light and faults, and what runs.

use std::sync::Arc;
use std::time::Duration;

use exchange::readiness::{AspectReadiness, AspectState, PartVersion, Readiness};
use faults::Fault;

use crate::maintenance::{Answer, Light, Row, RowName, Value, Word};
use crate::run::world::Inner;
use crate::session::event::Failure;

impl Inner {
    pub(super) async fn examine_overview(self: &Arc<Self>) -> Result<Answer, Failure> {
        let mut rows = rows(&self.readiness().await);
        rows.push(self.keys_row());
        rows.sort_by_key(|row| row.name);
        rows.extend(
            uptime().map(|up| Row::new(RowName::Uptime, Light::None, Value::Seconds(up.as_secs()))),
        );
        Ok(Answer::Rows(rows))
    }

    fn keys_row(&self) -> Row {
        if self.kiosk_id().is_none() {
            return Row::word(RowName::Keys, Light::Bad, Word::NotProvisioned)
                .with(Fault::NotProvisioned);
        }
        self.key_row(RowName::Keys)
    }

    /// Where this kiosk's keys lie, or will.
    pub(super) fn key_row(&self, name: RowName) -> Row {
        let in_file = match self.link.device_key() {
            Ok(key) => key.is_degraded(),
            Err(_) => !self.tpm.is_there(),
        };
        let (light, word) = match in_file {
            true => (Light::Warning, Word::InFile),
            false => (Light::Good, Word::InTpm),
        };
        if self.standing().faults.contains(&Fault::DeviceKeyFailed) {
            return Row::word(name, Light::Bad, word).with(Fault::DeviceKeyFailed);
        }
        Row::word(name, light, word)
    }
}

/// CLOCK_BOOTTIME.
fn uptime() -> Option<Duration> {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(Duration::from_secs(u64::try_from(t.tv_sec).ok()?))
}

pub(super) fn rows(readiness: &Readiness) -> Vec<Row> {
    let aspects = readiness.aspects.iter().flat_map(aspect_rows);
    let versions = readiness.versions.iter().filter_map(version_row);
    aspects.chain(versions).collect()
}

/// One for each fault, so that none hides another; one without any where nothing is wrong.
fn aspect_rows(aspect: &AspectReadiness) -> Vec<Row> {
    let Some(name) = named(&aspect.aspect.to_string()) else {
        return Vec::new();
    };
    let (light, word) = match aspect.state {
        AspectState::Ready => (Light::Good, Word::Works),
        AspectState::Degraded => (Light::Warning, Word::Works),
        AspectState::Failed => (Light::Bad, Word::Failed),
        AspectState::Absent => (Light::None, Word::NotNeeded),
        AspectState::Unknown => (Light::None, Word::NotTested),
    };
    let row = Row::word(name, light, word);
    let codes = aspect.faults.iter();
    let faults: Vec<Fault> = codes
        .filter_map(|code| Fault::from_code(code.as_str()))
        .collect();
    match faults.is_empty() {
        true => vec![row],
        false => faults.iter().map(|&f| row.clone().with(f)).collect(),
    }
}

/// The names of a readiness report (`run/readiness`).
fn named(aspect: &str) -> Option<RowName> {
    Some(match aspect {
        "camera" => RowName::Camera,
        "reader" => RowName::Reader,
        "writer" => RowName::Writer,
        "drives" => RowName::Drives,
        "panel" => RowName::Panel,
        "disk" => RowName::Disk,
        "queue" => RowName::Queue,
        "link" => RowName::Link,
        "clock" => RowName::Clock,
        "configuration" => RowName::Configuration,
        "update" => RowName::Update,
        "program" => RowName::Program,
        _ => return None,
    })
}

fn version_row(version: &PartVersion) -> Option<Row> {
    let name = match version.part.to_string().as_str() {
        "kiosk" => RowName::KioskVersion,
        "image" => RowName::ImageVersion,
        "kernel" => RowName::KernelVersion,
        _ => return None,
    };
    Some(Row::text(name, version.version.to_string()))
}

#[cfg(test)]
mod tests {
    use exchange::AtMost;

    use super::*;

    #[test]
    fn an_aspect_has_its_light_and_its_faults() {
        let aspect = |state, faults: &[&str]| AspectReadiness {
            aspect: "camera".parse().unwrap(),
            state,
            faults: AtMost::new(faults.iter().map(|f| f.parse().unwrap()).collect()).unwrap(),
            detail: None,
        };
        let codes = ["ZZZ-99", "CAM-01", "CAM-02"];
        let failed = aspect_rows(&aspect(AspectState::Failed, &codes));
        let told: Vec<_> = failed.iter().map(|r| (r.name, r.light, r.fault)).collect();
        let expected = [Fault::CameraMissing, Fault::CameraBlack]
            .map(|fault| (RowName::Camera, Light::Bad, Some(fault)));
        assert_eq!(told, expected);
        let ready = &aspect_rows(&aspect(AspectState::Ready, &[]))[..];
        let [ready] = ready else { panic!("{ready:?}") };
        assert_eq!((ready.light, ready.fault), (Light::Good, None));
    }
}
