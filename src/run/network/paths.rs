//! This kiosk's addresses and routes, as the kernel tells them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

/// `eth0 10.1.2.3`, one each: of interfaces that are up, without those that reach nobody.
pub(super) fn addresses() -> Vec<String> {
    let Ok(all) = getifaddrs() else {
        return Vec::new();
    };
    let useful = all.filter_map(|interface| {
        let address = ip_of(interface.address.as_ref()?)?;
        let up = interface.flags.contains(InterfaceFlags::IFF_UP);
        (up && reaches_others(address)).then(|| format!("{} {address}", interface.interface_name))
    });
    useful.collect()
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(v4.ip().into());
    }
    address.as_sockaddr_in6().map(|v6| v6.ip().into())
}

/// Not of this machine alone, and not one that an interface gave itself because nobody
/// gave it any (RFC 3927, RFC 4291 section 2.5.6).
fn reaches_others(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

/// `default by eth0`, one each.
pub(super) fn default_routes() -> Vec<String> {
    // Below the process's own folder: the unit hides the rest of /proc.
    let read = |name| std::fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
    let mut found = ipv4_defaults(&read("route"));
    found.extend(ipv6_defaults(&read("ipv6_route")));
    found.dedup();
    found
        .iter()
        .map(|interface| format!("default by {interface}"))
        .collect()
}

/// Interfaces of the default routes in `/proc/net/route`: name, destination, gateway, flags,
/// three counts, mask.
fn ipv4_defaults(table: &str) -> Vec<String> {
    const UP: u32 = 1;
    let defaults = table.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (interface, destination) = (words.first()?, words.get(1)?);
        let flags = u32::from_str_radix(words.get(3)?, 16).ok()?;
        let mask = words.get(7)?;
        (*destination == "00000000" && *mask == "00000000" && flags & UP != 0)
            .then(|| (*interface).to_owned())
    });
    defaults.collect()
}

/// The same of `/proc/net/ipv6_route`: destination and its length first, flags and name last.
fn ipv6_defaults(table: &str) -> Vec<String> {
    const UP: u32 = 1;
    const REJECT: u32 = 0x200;
    let defaults = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (destination, length) = (words.first()?, words.get(1)?);
        let flags = u32::from_str_radix(words.get(8)?, 16).ok()?;
        let interface = words.get(9)?;
        (destination.chars().all(|c| c == '0')
            && *length == "00"
            && flags & UP != 0
            && flags & REJECT == 0)
            .then(|| (*interface).to_owned())
    });
    defaults.collect()
}

/// The kernel knows a way; nothing is sent.
pub(super) fn leads_to(address: SocketAddr) -> bool {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).is_ok_and(|socket| socket.connect(address).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_default_route_is_one_to_everywhere() {
        let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n";
        let by_eth0 = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
        let own_net = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        let down = "eth1\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n";
        assert_eq!(ipv4_defaults(&[head, own_net, by_eth0].concat()), ["eth0"]);
        assert!(ipv4_defaults(&[head, own_net, down].concat()).is_empty());

        let zero = "0".repeat(32);
        let line = |length: &str, flags: &str, name: &str| {
            format!("{zero} {length} {zero} 00 {zero} 00000400 00000001 00000000 {flags} {name}\n")
        };
        let unreachable = line("00", "00200200", "lo");
        assert_eq!(
            ipv6_defaults(&(line("00", "00000003", "wlan0") + &unreachable)),
            ["wlan0"]
        );
        assert!(ipv6_defaults(&(line("40", "00000001", "wlan0") + &unreachable)).is_empty());
    }

    #[test]
    fn an_address_that_nobody_gave_reaches_nobody() {
        for (address, reaches) in [
            ("10.1.2.3", true),
            ("127.0.0.1", false),
            ("169.254.7.7", false),
            ("2001:db8::1", true),
            ("fd00::1", true),
            ("fe80::1", false),
            ("::1", false),
        ] {
            assert_eq!(
                reaches_others(address.parse().unwrap()),
                reaches,
                "{address}"
            );
        }
    }

    #[test]
    fn this_machine_leads_to_itself() {
        assert!(leads_to("127.0.0.1:9".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn any_table_is_read(table in "[0-9a-fA-F \t\nlo]{0,400}") {
            ipv4_defaults(&table);
            ipv6_defaults(&table);
        }
    }
}
