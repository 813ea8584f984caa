//! A USB reader that can be unplugged, with a card that stays in it.
//!
//! pcscd learns of USB devices from /sys and from what udev says over netlink: both
//! are this name space's own, so a reader comes and goes as a real one does, by
//! pcscd's own code. Its driver is vsmartcard's. Called by a USB device's name,
//! `usb:VENDOR/PRODUCT:...`, that driver takes the first word for a host and the
//! vendor for a port, and connects to the card: a card that never leaves.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, SendFlags, SocketType, sendto, socket};

use super::{Reaction, VirtualChip, serve};

/// vsmartcard's readers have two slots, the second one port higher.
const PORTS: [u16; 2] = [9999, 10_000];
/// The slot with the card, as [`worker::WorkerConfig::reader`] names it.
pub const SLOT: &str = "Virtual USB reader 00 00";

const DEVICE: &str = "/devices/usb1/1-1";
const INTERFACE: &str = "/devices/usb1/1-1/1-1:1.0";
const BUS: &str = "/sys/bus/usb/devices";

/// Driver, host name and device, in name spaces of this program's own.
const INSTALL: &str = r#"set -e
cp /usr/lib/pcsc/drivers/serial/libifdvpcd.so /run/pcscd/
mount -t tmpfs none /usr/lib/pcsc/drivers
mount -t tmpfs none /etc/reader.conf.d
contents=/usr/lib/pcsc/drivers/virtual.bundle/Contents
mkdir -p $contents/Linux
mv /run/pcscd/libifdvpcd.so $contents/Linux/
cat > $contents/Info.plist <<'end'
<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>CFBundleExecutable</key> <string>libifdvpcd.so</string>
<key>ifdCapabilities</key> <string>0x00000000</string>
<key>ifdVendorID</key> <array><string>0x9999</string></array>
<key>ifdProductID</key> <array><string>0x0001</string></array>
<key>ifdFriendlyName</key> <array><string>Virtual USB reader</string></array>
</dict></plist>
end
printf '127.0.0.1 localhost\n127.0.0.1 usb\n' > /run/pcscd/hosts
mount --bind /run/pcscd/hosts /etc/hosts
mount -t tmpfs none /sys
mkdir -p "$1" "$2" /sys/bus/usb/devices /sys/class
printf 'DEVTYPE=usb_device\nDEVNAME=bus/usb/001/002\nMAJOR=189\nMINOR=1\n' > "$1/uevent"
printf 'DEVTYPE=usb_interface\nINTERFACE=11/0/0\n' > "$2/uevent"
echo 9999 > "$1/idVendor"
echo 0001 > "$1/idProduct"
echo 00 > "$2/bInterfaceNumber"
ln -s /sys/bus/usb "$1/subsystem"
ln -s /sys/bus/usb "$2/subsystem"
"#;

/// What lies in the other slot, which the driver cannot do without.
struct OtherCard;

impl VirtualChip for OtherCard {
    fn react(&mut self, _command: &[u8]) -> Reaction {
        Reaction::Answer(vec![0x6A, 0x82])
    }
}

/// Plugged in, with `chip` in it. For [`super::apart`] only.
pub fn install(chip: impl VirtualChip) {
    let installed = Command::new("sh")
        .args(["-c", INSTALL, "sh"])
        .args([DEVICE, INTERFACE].map(|path| format!("/sys{path}")))
        .status()
        .unwrap();
    assert!(installed.success());
    lie_in(PORTS[0], chip);
    lie_in(PORTS[1], OtherCard);
    plug();
}

/// For as long as the program runs, whoever connects.
fn lie_in(port: u16, mut chip: impl VirtualChip) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            socket.set_nodelay(true).unwrap();
            // Reader or pcscd ended; the next connects.
            let _ = serve(&mut socket, &mut chip);
        }
    });
}

pub fn plug() {
    for path in [DEVICE, INTERFACE] {
        let (_, name) = path.rsplit_once('/').unwrap();
        symlink(format!("/sys{path}"), format!("{BUS}/{name}")).unwrap();
    }
    tell("add");
}

pub fn unplug() {
    for path in [DEVICE, INTERFACE] {
        let (_, name) = path.rsplit_once('/').unwrap();
        fs::remove_file(format!("{BUS}/{name}")).unwrap();
    }
    tell("remove");
}

/// As udev tells its listeners of the interface.
fn tell(action: &str) {
    /// `MONITOR_GROUP_UDEV`.
    const LISTENERS: u32 = 2;
    /// By these listeners filter: MurmurHash2 of `usb` and of `usb_interface`.
    const SUBSYSTEM: u32 = 0x0577_C5E5;
    const KIND: u32 = 0xB102_4765;
    const HEADER: u32 = 40;
    let properties = format!(
        "ACTION={action}\0DEVPATH={INTERFACE}\0SUBSYSTEM=usb\0DEVTYPE=usb_interface\0\
         INTERFACE=11/0/0\0SEQNUM=1\0"
    );
    let mut message = b"libudev\0".to_vec();
    message.extend(0xFEED_CAFE_u32.to_be_bytes());
    message.extend(HEADER.to_ne_bytes());
    message.extend(HEADER.to_ne_bytes());
    message.extend((properties.len() as u32).to_ne_bytes());
    message.extend(SUBSYSTEM.to_be_bytes());
    message.extend(KIND.to_be_bytes());
    // No tags.
    message.extend([0; 8]);
    message.extend(properties.as_bytes());
    let udev = socket(
        AddressFamily::NETLINK,
        SocketType::RAW,
        Some(KOBJECT_UEVENT),
    )
    .unwrap();
    let listeners = SocketAddrNetlink::new(0, LISTENERS);
    // Refused where nobody listens: before pcscd runs.
    let _ = sendto(&udev, &message, SendFlags::empty(), &listeners);
}
