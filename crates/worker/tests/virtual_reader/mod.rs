//! A private pcscd with vsmartcard's virtual reader, and cards to put in.
//!
//! Needs Debian's pcscd, vsmartcard-vpcd, util-linux and iproute2, and the right to
//! make name spaces.

// No test uses all of it.
#![allow(dead_code)]

pub mod usb;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Runs one ignored test of this program in mount and network name spaces of its own.
pub fn apart(test: &str) {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net"]);
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
    };
    let allowed = unshare().arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED: this environment does not permit unshare --mount --net");
        return;
    }
    assert!(
        Path::new("/usr/sbin/pcscd").exists(),
        "needs Debian's pcscd and vsmartcard-vpcd"
    );
    let prepare = "mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd && \
                   ip link set lo up && exec \"$@\"";
    let output = unshare()
        .args(["sh", "-c", prepare, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// pcscd, ended when dropped.
pub struct Pcscd(Child);

impl Pcscd {
    pub fn start() -> Pcscd {
        let _ = std::fs::remove_file("/run/pcscd/pcscd.comm");
        let child = Command::new("/usr/sbin/pcscd")
            .args(["--foreground"])
            // The /sys of a USB reader here is made up.
            .env("SYSTEMD_DEVICE_VERIFY_SYSFS", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pcscd = Pcscd(child);
        wait(|| Path::new("/run/pcscd/pcscd.comm").exists());
        pcscd
    }

    /// Stops it in mid-flight: it keeps its socket and answers nothing.
    pub fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a card does with a command.
pub enum Reaction {
    /// Nothing at all is silence: it takes the next command when that comes.
    Answer(Vec<u8>),
    /// Is pulled out instead of answering.
    Pulled,
}

/// The chip of a card in the virtual reader.
pub trait VirtualChip: Send + 'static {
    /// Powered up or reset: what was agreed is forgotten.
    fn power_up(&mut self) {}

    fn react(&mut self, command: &[u8]) -> Reaction;
}

/// A card in the virtual reader; dropping it takes it out.
pub struct Card(TcpStream);

/// T=1, historical bytes say extended length (ISO 7816-4, 12.1.1), with check byte.
pub const ATR: [u8; 13] = [
    0x3B, 0x88, 0x80, 0x01, 0x00, 0x73, 0xC8, 0x40, 0x00, 0x00, 0x90, 0x00, 0x62,
];

impl Card {
    pub fn insert(mut chip: impl VirtualChip) -> Card {
        let begun = Instant::now();
        let mut socket = loop {
            match TcpStream::connect(("127.0.0.1", 35963)) {
                Ok(socket) => break socket,
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        socket.set_nodelay(true).unwrap();
        let card = Card(socket.try_clone().unwrap());
        std::thread::spawn(move || {
            // The reader or the test ended.
            let _ = serve(&mut socket, &mut chip);
        });
        card
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// vpcd's protocol: a length (u16, big endian), then one control byte or an APDU.
fn serve(socket: &mut TcpStream, chip: &mut dyn VirtualChip) -> std::io::Result<()> {
    loop {
        let mut length = [0; 2];
        read(socket, &mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        read(socket, &mut message)?;
        let answer = match &message[..] {
            [4] => ATR.to_vec(),
            // Power off, power on, reset.
            [_] => {
                chip.power_up();
                continue;
            }
            command => match chip.react(command) {
                Reaction::Answer(answer) if answer.is_empty() => continue,
                Reaction::Answer(answer) => answer,
                Reaction::Pulled => return socket.shutdown(Shutdown::Both),
            },
        };
        let mut framed = (answer.len() as u16).to_be_bytes().to_vec();
        framed.extend_from_slice(&answer);
        socket.write_all(&framed)?;
    }
}

/// vpcd sends length and message apart and waits for the first to be acknowledged:
/// 40 ms each time, unless that is done at once.
fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<()> {
    rustix::net::sockopt::set_tcp_quickack(&*socket, true)?;
    socket.read_exact(buffer)
}
