//! What of this kiosk works: faults and measurements put into the office's words. Pure.

use std::collections::BTreeSet;

use exchange::readiness::{Aspect, AspectReadiness, AspectState, PartVersion, Readiness};
use exchange::{AtMost, FaultCode, TimeTrust};
use faults::Fault;
use outbox::Capacity;

use super::standing::{Answered, OfficeSeen};

/// Everything a report is made of.
#[derive(Clone, Debug)]
pub struct Facts {
    /// That are raised.
    pub faults: BTreeSet<Fault>,
    pub answered: Answered,
    pub has_writer: bool,
    pub has_panel: bool,
    /// `None`: there is no queue, or its disk does not answer.
    pub capacity: Option<Capacity>,
    pub office: OfficeSeen,
    /// Whoever copies the disk has this kiosk's keys.
    pub keys_in_file: bool,
    pub time_trust: TimeTrust,
    /// Where an update stands, in English.
    pub update: Option<String>,
    pub versions: Versions,
}

/// Of what runs; `None` where it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    pub kiosk: String,
    pub image: Option<String>,
    pub kernel: Option<String>,
}

impl Versions {
    /// Of this machine.
    pub fn read() -> Self {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let kernel = rustix::system::uname();
        Self {
            kiosk: env!("CARGO_PKG_VERSION").into(),
            image: image_version(&release),
            kernel: kernel.release().to_str().ok().map(str::to_owned),
        }
    }
}

/// os-release(5), of an image of ours.
fn image_version(release: &str) -> Option<String> {
    let value = |key: &str| {
        let of = |line: &str| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
        release.lines().find_map(of)
    };
    (value("ID=")? == "qoltanba").then(|| value("VERSION_ID="))?
}

/// Whose faults they are, by their codes' first letters.
const ASPECTS: [(&str, &[&str]); 13] = [
    ("camera", &["CAM"]),
    ("reader", &["CRD"]),
    ("writer", &["TOK"]),
    ("drives", &["USB"]),
    ("panel", &["PAN"]),
    ("disk", &["DSK"]),
    ("queue", &["QUE"]),
    ("link", &["NET"]),
    ("clock", &["CLK"]),
    ("configuration", &["CFG"]),
    ("keys", &["TPM"]),
    ("update", &["UPD"]),
    ("program", &["INT", "WRK", "SEA"]),
];

/// With these it works, only not as it should.
const DEGRADING: [Fault; 8] = [
    Fault::CameraSlow,
    Fault::QueueStale,
    Fault::QueueRebuilt,
    Fault::SubmissionQuarantined,
    Fault::ClockDoubtful,
    Fault::ConfigurationBad,
    Fault::TokenSeveral,
    // What ran before runs.
    Fault::UpdateFailed,
];

pub fn readiness(facts: &Facts) -> Readiness {
    let aspects = ASPECTS.map(|(name, codes)| aspect(facts, name, codes));
    let known = &facts.versions;
    let versions = [
        ("kiosk", Some(&known.kiosk)),
        ("image", known.image.as_ref()),
        ("kernel", known.kernel.as_ref()),
    ];
    let versions = versions
        .into_iter()
        .filter_map(|(part, version)| {
            Some(PartVersion {
                part: named(part),
                version: line(version?)?,
            })
        })
        .collect();
    Readiness {
        aspects: bounded(aspects.to_vec()),
        versions: bounded(versions),
    }
}

fn aspect(facts: &Facts, name: &str, codes: &[&str]) -> AspectReadiness {
    let is_of = |fault: &&Fault| {
        let code = fault.code().split('-').next();
        code.is_some_and(|code| codes.contains(&code))
    };
    let answered = match name {
        "camera" => facts.answered.camera,
        "reader" => facts.answered.reader,
        "drives" => facts.answered.drives,
        "link" => facts.office != OfficeSeen::Unknown,
        "disk" | "queue" => facts.capacity.is_some(),
        _ => true,
    };
    let is_there = match name {
        "writer" => facts.has_writer,
        "panel" => facts.has_panel,
        _ => true,
    };
    // What is presumed before somebody has looked is not known.
    let presumed = name == "camera" && !answered;
    let raised: Vec<Fault> = facts
        .faults
        .iter()
        .filter(is_of)
        .filter(|_| !presumed)
        .copied()
        .collect();
    let lessened = match name {
        "clock" => facts.time_trust == TimeTrust::Doubtful,
        "keys" => facts.keys_in_file,
        _ => false,
    };
    let state = match (raised.as_slice(), answered, is_there) {
        (_, _, false) => AspectState::Absent,
        ([], false, true) => AspectState::Unknown,
        ([], true, true) if lessened => AspectState::Degraded,
        ([], true, true) => AspectState::Ready,
        (some, ..) if some.iter().all(|f| degrades(*f)) => AspectState::Degraded,
        _ => AspectState::Failed,
    };
    AspectReadiness {
        aspect: named(name),
        state,
        faults: bounded(raised.into_iter().take(6).map(fault_code).collect()),
        detail: detail(facts, name).and_then(|text| line(&text)),
    }
}

fn degrades(fault: Fault) -> bool {
    DEGRADING.contains(&fault)
}

fn detail(facts: &Facts, name: &str) -> Option<String> {
    let capacity = facts.capacity.as_ref();
    match name {
        "disk" => capacity.map(|c| format!("{} MB free", c.free_bytes >> 20)),
        "queue" => capacity.map(|c| match c.quarantined {
            0 => format!("{} waiting", c.waiting),
            n => format!("{} waiting, {n} put aside", c.waiting),
        }),
        "clock" => Some(
            match facts.time_trust {
                TimeTrust::OfficeConfirmed => "agrees with the office",
                TimeTrust::AboveFloor => "not before what the office last said",
                TimeTrust::Doubtful => "doubtful",
            }
            .into(),
        ),
        "keys" => Some(
            match facts.keys_in_file {
                true => "in a file",
                false => "in the TPM",
            }
            .into(),
        ),
        "update" => facts.update.clone(),
        _ => None,
    }
}

/// As the office writes it.
pub(super) fn fault_code(fault: Fault) -> FaultCode {
    let code = fault.code().parse();
    code.expect("each code of the table is a code; a test looks at them all")
}

fn named(name: &str) -> Aspect {
    name.parse().expect("the names are constants of this file")
}

fn bounded<T, const MOST: usize>(entries: Vec<T>) -> AtMost<T, MOST> {
    AtMost::new(entries).unwrap_or_default()
}

/// Cut where it is too long for its place.
fn line<const LONGEST: usize>(text: &str) -> Option<exchange::Line<LONGEST>> {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    let mut end = plain.len().min(LONGEST);
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    plain[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            faults: BTreeSet::new(),
            answered: Answered {
                camera: true,
                reader: true,
                drives: true,
            },
            has_writer: false,
            has_panel: true,
            capacity: Some(Capacity {
                free_bytes: 300 << 20,
                media_floor_bytes: 0,
                ballast_whole: true,
                read_only: false,
                waiting: 2,
                quarantined: 1,
                oldest_waiting: None,
                last_commit_millis: None,
                set_aside: Vec::new(),
            }),
            office: OfficeSeen::Reached,
            keys_in_file: false,
            time_trust: TimeTrust::OfficeConfirmed,
            update: Some("2026.11.28 waits for its hour".into()),
            versions: Versions {
                kiosk: "0.1.0".into(),
                image: None,
                kernel: Some("6.12.57".into()),
            },
        }
    }

    fn of(facts: &Facts, name: &str) -> (AspectState, Vec<String>) {
        let readiness = readiness(facts);
        let found = readiness.aspects.iter().find(|a| a.aspect == named(name));
        let found = found.unwrap();
        let codes = found.faults.iter().map(ToString::to_string).collect();
        (found.state, codes)
    }

    #[test]
    fn a_well_kiosk_is_ready_but_for_what_it_does_not_have() {
        let readiness = readiness(&facts());
        for aspect in readiness.aspects.iter() {
            let expected = match aspect.aspect.to_string().as_str() {
                "writer" => AspectState::Absent,
                _ => AspectState::Ready,
            };
            assert_eq!(aspect.state, expected, "{}", aspect.aspect);
        }
        let detail = |name: &str| {
            let all = readiness.aspects.iter();
            let mut all = all.filter(|a| a.aspect == named(name));
            all.next().unwrap().detail.as_ref().unwrap().to_string()
        };
        assert_eq!(detail("disk"), "300 MB free");
        assert_eq!(detail("queue"), "2 waiting, 1 put aside");
        assert_eq!(detail("update"), "2026.11.28 waits for its hour");
        let parts: Vec<String> = readiness
            .versions
            .iter()
            .map(|v| v.part.to_string())
            .collect();
        assert_eq!(parts, ["kiosk", "kernel"], "no image of ours");
    }

    #[test]
    fn a_fault_belongs_to_its_device_and_says_how_bad_it_is() {
        let mut facts = facts();
        facts.faults = BTreeSet::from([
            Fault::CameraMissing,
            Fault::CameraSlow,
            Fault::QueueStale,
            Fault::OfficeUntrusted,
        ]);
        let (state, codes) = of(&facts, "camera");
        assert_eq!(
            (state, codes),
            (AspectState::Failed, vec!["CAM-01".into(), "CAM-04".into()])
        );
        assert_eq!(of(&facts, "queue").0, AspectState::Degraded);
        assert_eq!(of(&facts, "link").1, ["NET-02"]);
        assert_eq!(of(&facts, "reader"), (AspectState::Ready, Vec::new()));
    }

    #[test]
    fn what_was_not_looked_at_is_unknown_and_not_broken() {
        let mut facts = facts();
        facts.faults = BTreeSet::from([Fault::CameraMissing]);
        facts.answered = Answered::default();
        facts.office = OfficeSeen::Unknown;
        facts.capacity = None;
        for name in ["camera", "reader", "drives", "link", "disk", "queue"] {
            assert_eq!(
                of(&facts, name),
                (AspectState::Unknown, Vec::new()),
                "{name}"
            );
        }
        facts.time_trust = TimeTrust::Doubtful;
        assert_eq!(of(&facts, "clock").0, AspectState::Degraded);
        facts.keys_in_file = true;
        assert_eq!(of(&facts, "keys").0, AspectState::Degraded);
    }

    #[test]
    fn every_fault_has_a_place_in_a_report_and_a_code_of_the_offices() {
        let elsewhere = ["DOC", "FIL", "KEY", "SMS", "LIV", "APP"];
        for fault in Fault::ALL {
            let code = fault_code(*fault).to_string();
            let area = code.split('-').next().unwrap();
            let placed = ASPECTS.iter().any(|(_, codes)| codes.contains(&area));
            assert!(placed || elsewhere.contains(&area), "{code}");
        }
    }

    #[test]
    fn everything_at_once_fits_into_a_report() {
        let mut facts = facts();
        facts.faults = Fault::ALL.iter().copied().collect();
        facts.update = Some("ә".repeat(500));
        facts.versions.kernel = Some("x".repeat(500));
        let readiness = readiness(&facts);
        assert_eq!(
            (readiness.aspects.len(), readiness.versions.len()),
            (ASPECTS.len(), 2)
        );
        assert!(readiness.aspects.iter().all(|a| a.faults.len() <= 6));
    }

    #[test]
    fn only_an_image_of_ours_has_a_version() {
        let ours = "ID=qoltanba\nID_LIKE=debian\nVERSION_ID=2026.11.28\n";
        assert_eq!(image_version(ours).as_deref(), Some("2026.11.28"));
        assert_eq!(image_version("ID=debian\nVERSION_ID=\"13\"\n"), None);
        assert_eq!(image_version(""), None);
    }
}
