//! What rauc says of the slots: which one runs, what was written into each, whether it came up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::program;
use crate::protocol::{Reason, Refusal};

/// Bytes of what rauc says; four slots need some 4000.
const LONGEST: usize = 64 << 10;

/// As `rauc status` tells (rauc 1.13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Boot name of the slot that runs: `A` or `B`.
    pub booted: String,
    /// Boot name of the slot that the next start takes, when there is one that is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Those that can be booted.
    pub slots: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// `A` or `B`
    pub bootname: String,
    /// It has no start behind it that was not called good afterwards: a version that was
    /// installed, is not yet started, is good; one that is being tried is not; nor is one that
    /// was given up.
    pub good: bool,
    /// What was written last was written to its end.
    pub whole: bool,
    /// Of the bundle that was written last; none: the slot came with the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When and for which time it was made the next to start, which is the last step of an
    /// install: the next one has another. None: it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
}

impl Slots {
    pub fn get(&self, bootname: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.bootname == bootname)
    }

    /// The one into which an update would be written.
    pub fn other(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.bootname != self.booted)
    }
}

/// # Errors
/// [`Reason::ProgramFailed`]: rauc did not answer, or not as expected.
pub async fn read(config: &Config) -> Result<Slots, Refusal> {
    let arguments = ["status", "--detailed", "--output-format=json-pretty"];
    let said = program::output(&config.programs.rauc, arguments, LONGEST).await?;
    parse(&said).map_err(|error| {
        let detail = format!("what rauc says of its slots cannot be read: {error}");
        Refusal::new(Reason::ProgramFailed, detail)
    })
}

#[derive(Deserialize)]
struct Status {
    booted: String,
    boot_primary: Option<String>,
    slots: Vec<BTreeMap<String, SlotOf>>,
}

#[derive(Deserialize)]
struct SlotOf {
    bootname: Option<String>,
    state: Option<String>,
    boot_status: Option<String>,
    #[serde(default)]
    slot_status: Written,
}

#[derive(Default, Deserialize)]
struct Written {
    #[serde(default)]
    bundle: Bundle,
    activated: Option<Activated>,
    status: Option<String>,
}

#[derive(Default, Deserialize)]
struct Bundle {
    version: Option<String>,
}

#[derive(Deserialize)]
struct Activated {
    timestamp: Option<String>,
    count: Option<u64>,
}

fn parse(said: &str) -> Result<Slots, serde_json::Error> {
    let status: Status = serde_json::from_str(said)?;
    // By the kernel's command line: a boot name, or whatever else names the slot there.
    let mut booted = status.booted;
    let mut next = None;
    let mut slots = Vec::new();
    for (name, slot) in status.slots.into_iter().flatten() {
        // A slot without one belongs to another and is written with it.
        let Some(bootname) = slot.bootname else {
            continue;
        };
        if status.boot_primary.as_ref() == Some(&name) {
            next = Some(bootname.clone());
        }
        if slot.state.as_deref() == Some("booted") {
            booted.clone_from(&bootname);
        }
        let written = slot.slot_status;
        slots.push(Slot {
            bootname,
            good: slot.boot_status.as_deref() == Some("good"),
            whole: written.status.as_deref() == Some("ok"),
            version: written.bundle.version,
            activation: written.activated.map(|i| {
                let at = i.timestamp.unwrap_or_default();
                format!("{at} {}", i.count.unwrap_or_default())
            }),
        });
    }
    // rauc's order is that of a hash table.
    slots.sort_by(|a, b| a.bootname.cmp(&b.bootname));
    Ok(Slots {
        booted,
        next,
        slots,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAID: &str = r#"{
      "compatible" : "qoltanba-kiosk", "variant" : "", "booted" : "A", "boot_primary" : "root.1",
      "slots" : [
        { "boot.1" : { "class" : "boot", "device" : "/dev/disk/by-partlabel/boot-B", "type" : "raw",
            "bootname" : null, "state" : "inactive", "parent" : "root.1", "mountpoint" : null,
            "boot_status" : null, "slot_status" : { "bundle" : { "compatible" : null } } } },
        { "root.1" : { "class" : "root", "device" : "/dev/disk/by-partlabel/root-B", "type" : "raw",
            "bootname" : "B", "state" : "inactive", "parent" : null, "mountpoint" : null,
            "boot_status" : "good", "slot_status" : {
              "bundle" : { "compatible" : "qoltanba-kiosk", "version" : "2026.11.28" },
              "checksum" : { "sha256" : "00", "size" : 1 },
              "installed" : { "timestamp" : "2026-11-28T10:00:00Z", "count" : 3 },
              "activated" : { "timestamp" : "2026-11-28T10:00:09Z", "count" : 3 },
              "status" : "ok" } } },
        { "root.0" : { "class" : "root", "device" : "/dev/disk/by-partlabel/root-A", "type" : "raw",
            "bootname" : "A", "state" : "booted", "parent" : null, "mountpoint" : null,
            "boot_status" : "bad", "slot_status" : { "bundle" : { "compatible" : null } } } } ] }"#;

    #[test]
    fn what_rauc_says_is_told_of_the_slots_that_boot() {
        let slots = parse(SAID).unwrap();
        assert_eq!(
            (slots.booted.as_str(), slots.next.as_deref()),
            ("A", Some("B"))
        );
        let of = |name: &str| slots.get(name).unwrap();
        assert_eq!(slots.slots.len(), 2);
        assert_eq!(slots.other(), Some(of("B")));
        assert_eq!(of("B").version.as_deref(), Some("2026.11.28"));
        assert_eq!(
            of("B").activation.as_deref(),
            Some("2026-11-28T10:00:09Z 3")
        );
        assert!(of("B").good && of("B").whole);
        assert!(!of("A").good && !of("A").whole && of("A").version.is_none());
    }

    #[test]
    fn the_slot_that_runs_is_named_as_the_boot_loader_does() {
        let by_device = SAID.replace(r#""booted" : "A""#, r#""booted" : "/dev/mapper/root""#);
        assert_eq!(parse(&by_device).unwrap().booted, "A");
    }

    #[test]
    fn a_slot_that_is_only_half_written_is_not_whole() {
        let half = SAID.replace(r#""status" : "ok""#, r#""status" : "pending""#);
        assert!(!parse(&half).unwrap().get("B").unwrap().whole);
        assert!(parse("").is_err() && parse("{}").is_err());
    }

    proptest! {
        #[test]
        fn whatever_rauc_says_never_panics(at in 0..SAID.len(), byte in any::<u8>()) {
            let mut said = SAID.as_bytes().to_vec();
            said[at] = byte;
            let _ = parse(&String::from_utf8_lossy(&said));
        }
    }
}
