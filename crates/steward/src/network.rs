//! How the kiosk's cable is configured: by DHCP, or by hand with checked values.
//!
//! Only addresses get into the file that systemd-networkd reads; nothing in it is text of
//! a caller's.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Before the image's own file for every cable (80-wired.network).
pub const FILE: &str = "70-qoltanba.network";
const MOST_SERVERS: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkSettings {
    /// What the image does by itself: DHCP.
    Automatic,
    Manual(ManualSettings),
}

/// Address, gateway and name servers that fit each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ManualFields", into = "ManualFields")]
pub struct ManualSettings(ManualFields);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManualFields {
    address: HostAddress,
    gateway: IpAddr,
    dns: Vec<IpAddr>,
}

/// A host's address with the length of its network's prefix: `10.1.2.3/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostAddress {
    address: IpAddr,
    prefix: u32,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotSettings {
    #[error("an address is written as 10.1.2.3/24, of a host in a network of two or more")]
    Address,
    #[error("the gateway is another host of the same network")]
    Gateway,
    #[error("name servers are at most three hosts")]
    Servers,
}

impl HostAddress {
    fn bits(address: IpAddr) -> (u128, u32) {
        match address {
            IpAddr::V4(address) => (address.to_bits().into(), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        }
    }

    /// Bits of the address behind the prefix, and how many there are.
    fn host_part(self) -> (u128, u32) {
        let (bits, width) = Self::bits(self.address);
        let length = width - self.prefix;
        (bits & ((1 << length) - 1), length)
    }

    fn same_network(self, other: IpAddr) -> bool {
        let ((a, width), (b, other_width)) = (Self::bits(self.address), Self::bits(other));
        width == other_width && a >> (width - self.prefix) == b >> (width - self.prefix)
    }
}

/// One host that can be spoken to.
fn is_host(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast)
}

impl FromStr for HostAddress {
    type Err = NotSettings;

    fn from_str(text: &str) -> Result<Self, NotSettings> {
        let (address, prefix) = text.split_once('/').ok_or(NotSettings::Address)?;
        let address: IpAddr = address.parse().map_err(|_| NotSettings::Address)?;
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix = prefix.parse().map_err(|_| NotSettings::Address)?;
        let longest = HostAddress::bits(address).1 - 2;
        if !digits || !(1..=longest).contains(&prefix) || !is_host(address) {
            return Err(NotSettings::Address);
        }
        let host = HostAddress { address, prefix };
        let (part, length) = host.host_part();
        // The network itself, and the broadcast address of IPv4.
        let all_ones = address.is_ipv4() && part == (1 << length) - 1;
        if part == 0 || all_ones {
            return Err(NotSettings::Address);
        }
        Ok(host)
    }
}

impl TryFrom<String> for HostAddress {
    type Error = NotSettings;

    fn try_from(text: String) -> Result<Self, NotSettings> {
        text.parse()
    }
}

impl From<HostAddress> for String {
    fn from(host: HostAddress) -> String {
        format!("{}/{}", host.address, host.prefix)
    }
}

impl TryFrom<ManualFields> for ManualSettings {
    type Error = NotSettings;

    fn try_from(fields: ManualFields) -> Result<Self, NotSettings> {
        let ManualFields {
            address,
            gateway,
            dns,
        } = &fields;
        if !is_host(*gateway) || !address.same_network(*gateway) || address.address == *gateway {
            return Err(NotSettings::Gateway);
        }
        if dns.len() > MOST_SERVERS || !dns.iter().all(|&server| is_host(server)) {
            return Err(NotSettings::Servers);
        }
        Ok(ManualSettings(fields))
    }
}

impl From<ManualSettings> for ManualFields {
    fn from(settings: ManualSettings) -> ManualFields {
        settings.0
    }
}

impl ManualSettings {
    /// systemd.network(5)
    fn render(&self) -> String {
        let ManualFields {
            address,
            gateway,
            dns,
        } = &self.0;
        let mut text = format!(
            "# Written by the steward.\n[Match]\nType=ether\n\n[Network]\nDHCP=no\nIPv6AcceptRA=no\n\
             LLMNR=no\nMulticastDNS=no\nLLDP=no\nAddress={}\nGateway={gateway}\n",
            String::from(*address)
        );
        for server in dns {
            let _ = writeln!(text, "DNS={server}");
        }
        text
    }
}

/// The old file or the new one, whenever the power goes.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path, settings: &NetworkSettings) -> io::Result<()> {
    let path = folder.join(FILE);
    match settings {
        NetworkSettings::Automatic => match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        },
        NetworkSettings::Manual(settings) => {
            // networkd reads `*.network` only.
            let part = folder.join("70-qoltanba.part");
            let mut file = File::create(&part)?;
            file.write_all(settings.render().as_bytes())?;
            // It runs as a user of its own.
            rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(0o644))?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
        }
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manual(address: &str, gateway: &str, dns: &[&str]) -> Result<ManualSettings, String> {
        let fields = serde_json::json!({ "address": address, "gateway": gateway, "dns": dns });
        serde_json::from_value(fields).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_become_a_file_for_networkd() {
        let folder = tempfile::tempdir().unwrap();
        let settings = manual("10.1.2.3/24", "10.1.2.1", &["10.1.2.1", "2001:db8::1"]).unwrap();
        write(folder.path(), &NetworkSettings::Manual(settings)).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        let tail = "Address=10.1.2.3/24\nGateway=10.1.2.1\nDNS=10.1.2.1\nDNS=2001:db8::1\n";
        assert!(text.ends_with(tail), "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        write(folder.path(), &NetworkSettings::Automatic).unwrap();
        write(folder.path(), &NetworkSettings::Automatic).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn values_that_do_not_fit_each_other_are_refused() {
        assert!(manual("2001:db8::2/64", "2001:db8::1", &[]).is_ok());
        for (address, gateway, dns) in [
            ("10.1.2.3", "10.1.2.1", &[][..]),
            ("10.1.2.3/0", "10.1.2.1", &[]),
            ("10.1.2.3/31", "10.1.2.2", &[]),
            ("10.1.2.3/+24", "10.1.2.1", &[]),
            ("10.1.2.3/24\nDNS=6.6.6.6", "10.1.2.1", &[]),
            ("10.1.2.0/24", "10.1.2.1", &[]),
            ("10.1.2.255/24", "10.1.2.1", &[]),
            ("127.0.0.2/8", "127.0.0.1", &[]),
            ("10.1.2.3/24", "10.1.3.1", &[]),
            ("10.1.2.3/24", "10.1.2.3", &[]),
            ("10.1.2.3/24", "2001:db8::1", &[]),
            ("10.1.2.3/24", "10.1.2.1", &["0.0.0.0"]),
            (
                "10.1.2.3/24",
                "10.1.2.1",
                &["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"],
            ),
        ] {
            assert!(
                manual(address, gateway, dns).is_err(),
                "{address} {gateway} {dns:?}"
            );
        }
    }

    proptest! {
        /// Whatever is accepted adds no line of its own to the file.
        #[test]
        fn a_caller_never_writes_a_line(address in "[0-9./\n=A-Za-z:]{0,40}|10\\.[0-9]\\.[0-9]\\.[1-9]/[0-9]{1,3}\\PC{0,3}") {
            if let Ok(settings) = manual(&address, "10.0.0.1", &[]) {
                prop_assert_eq!(settings.render().lines().count(), 12);
            }
        }
    }
}
