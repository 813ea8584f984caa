//! The way to the office, step by step, and how the kiosk's cable is configured.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use faults::Fault;
use steward::network::{ManualSettings, NetworkSettings};
use steward::protocol::Request;

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Step, Value, Word};
use crate::session::event::Failure;

use super::super::asked::Asked;
use super::super::network::{self, StepResult};
use super::super::world::Inner;
use super::step;

/// Where the kernel lists its interfaces.
const INTERFACES: &str = "/sys/class/net";
/// ARPHRD_ETHER, of cables and of wireless interfaces alike (if_arp.h).
const ETHERNET: &str = "1";

impl Inner {
    pub(super) async fn examine_network(
        self: &Arc<Self>,
        asked: &Asked,
    ) -> Result<Answer, Failure> {
        let mut rows = interfaces(Path::new(INTERFACES));
        for row in &rows {
            step(asked, Step::Row(row.clone()));
        }
        let told = std::sync::Mutex::new(Vec::new());
        network::diagnose(&self.config, |at, result| {
            let row = row_of(at, result);
            step(asked, Step::Row(row.clone()));
            if let Ok(mut told) = told.lock() {
                told.push(row);
            }
        })
        .await;
        rows.extend(told.into_inner().unwrap_or_default());
        Ok(Answer::Rows(rows))
    }

    /// All empty: by DHCP.
    pub(super) async fn save_network(
        self: &Arc<Self>,
        address: String,
        gateway: String,
        name_servers: String,
    ) -> Result<Answer, Failure> {
        let Some(settings) = settings(&address, &gateway, &name_servers) else {
            return Ok(Answer::Refused(Refusal::BadAddress));
        };
        let word = match settings {
            NetworkSettings::Automatic => Word::Automatic,
            NetworkSettings::Manual(_) => Word::ByHand,
        };
        let asked = self.ask_steward(Request::Network { settings }, |_, _| ());
        Ok(match asked.await {
            Ok(_) => {
                if let Some(office) = self.provisioned() {
                    office.uplink.wake();
                }
                Answer::Rows(vec![Row::word(RowName::Address, Light::None, word)])
            }
            Err(refusal) => Answer::Refused(refusal),
        })
    }
}

/// None: an address that is none, or a gateway of another network.
fn settings(address: &str, gateway: &str, name_servers: &str) -> Option<NetworkSettings> {
    if [address, gateway, name_servers]
        .iter()
        .all(|text| text.is_empty())
    {
        return Some(NetworkSettings::Automatic);
    }
    let servers: Vec<&str> = name_servers
        .split([' ', ','])
        .filter(|server| !server.is_empty())
        .collect();
    let fields = serde_json::json!({ "address": address, "gateway": gateway, "dns": servers });
    let manual: ManualSettings = serde_json::from_value(fields).ok()?;
    Some(NetworkSettings::Manual(manual))
}

fn row_of(at: network::Step, result: StepResult) -> Row {
    let name = match at {
        network::Step::Address => RowName::Address,
        network::Step::Route => RowName::Gateway,
        network::Step::Name => RowName::NameResolution,
        network::Step::Connection => RowName::Connection,
        network::Step::Certificate => RowName::Tls,
        network::Step::Clock => RowName::ClockDifference,
        network::Step::Answer => RowName::OfficeAnswer,
    };
    match result {
        // Which address, which way: worth reading. That it works is said in words.
        StepResult::Good(what) => match at {
            network::Step::Address | network::Step::Route | network::Step::Name => {
                Row::new(name, Light::Good, Value::Text(what))
            }
            _ => Row::word(name, Light::Good, Word::Works),
        },
        StepResult::Bad { fault, what } => {
            Row::new(name, Light::Bad, Value::Text(what)).with(fault)
        }
        StepResult::NotReached => Row::word(name, Light::None, Word::NotTested),
    }
}

/// Cable, radio and modem, each with the state that the kernel gives it.
fn interfaces(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let Ok(listed) = fs::read_dir(folder) else {
        return rows;
    };
    let mut all: Vec<_> = listed.flatten().collect();
    all.sort_by_key(fs::DirEntry::file_name);
    for interface in all {
        let (path, name) = (interface.path(), interface.file_name());
        let name = name.to_string_lossy();
        let said = |file: &str| {
            let text = fs::read_to_string(path.join(file)).unwrap_or_default();
            text.trim().to_owned()
        };
        let kind = if path.join("wireless").exists() || path.join("phy80211").exists() {
            RowName::Wifi
        } else if name.starts_with("wwan") {
            RowName::Mobile
        } else if said("type") == ETHERNET && path.join("device").exists() {
            RowName::Wired
        } else {
            // The loop, bridges and the like lead nowhere.
            continue;
        };
        let state = said("operstate");
        let up = state == "up";
        rows.push(Row::new(
            kind,
            if up { Light::Good } else { Light::Warning },
            Value::Text(format!("{name}: {state}")),
        ));
    }
    if rows.is_empty() {
        rows.push(Row::word(RowName::Wired, Light::Bad, Word::Missing).with(Fault::NoAddress));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_becomes_settings_or_nothing() {
        assert_eq!(settings("", "", ""), Some(NetworkSettings::Automatic));
        let manual = settings("10.1.2.3/24", "10.1.2.1", "10.1.2.1, 9.9.9.9");
        assert!(matches!(manual, Some(NetworkSettings::Manual(_))));
        for (address, gateway, servers) in [
            ("10.1.2.3", "10.1.2.1", "10.1.2.1"),
            ("10.1.2.3/24", "10.1.3.1", "10.1.2.1"),
            ("10.1.2.3/24", "10.1.2.1", "one"),
            ("10.1.2.3/24", "", ""),
        ] {
            assert_eq!(
                settings(address, gateway, servers),
                None,
                "{address} {gateway}"
            );
        }
    }

    #[test]
    fn interfaces_are_what_leads_outside() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, files: &[(&str, &str)]| {
            for (file, text) in files {
                let path = dir.path().join(name).join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        };
        make("lo", &[("type", "772\n"), ("operstate", "unknown\n")]);
        make(
            "enp1s0",
            &[
                ("type", "1\n"),
                ("operstate", "down\n"),
                ("device/vendor", "x"),
            ],
        );
        make("br0", &[("type", "1\n"), ("operstate", "up\n")]);
        make("wlp2s0", &[("wireless/x", ""), ("operstate", "up\n")]);
        make("wwan0", &[("operstate", "dormant\n")]);
        let rows = interfaces(dir.path());
        let told: Vec<_> = rows.iter().map(|r| (r.name, r.light)).collect();
        assert_eq!(
            told,
            [
                (RowName::Wired, Light::Warning),
                (RowName::Wifi, Light::Good),
                (RowName::Mobile, Light::Warning)
            ]
        );
        assert_eq!(rows[0].value, Value::Text("enp1s0: down".into()));
    }

    #[test]
    fn a_kiosk_without_any_interface_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let rows = interfaces(dir.path());
        assert_eq!(rows[0].fault, Some(Fault::NoAddress));
    }
}
