#!/usr/bin/env python3
"""What a kiosk works with, plugged, pulled and hung in a virtual machine.

    devices.py IMAGE [--work DIR] [--cases WORD,WORD] [--list]

IMAGE is a directory of build.sh, of the flavour `test`. Serial logs, pictures and summary.json go to --work. Camera, card and what
is at the other end of the serial line are programs of this test.

Exit status: 0 when every chosen case was reached and is well.
"""

import argparse
import hashlib
import json
import signal
import sys
import time
from pathlib import Path

from boot import is_kiosk, until
from camera import Camera, still
from card import Card
from cases import run_cases
from kiosk import PATIENCE, Kiosk, require
from machine import FIRST_CITIZENS_PORT, wait_for_socket

LOCAL = "/var/lib/qoltanba-local/kiosk.toml"
# SELECT of the application of NIST SP 800-73-4.
SELECT_PIV = bytes.fromhex("00a40400")
INSIDE_PORT, CITIZENS_PORT = 1, FIRST_CITIZENS_PORT
# A citizen's, for what may not be there.
FOREIGN_PORT = 7
UNIT = "qoltanba-kiosk.service"
# 2030-01-02 03:04:05 UTC
CLOCK_SET = 1893553445
# A frame of the reader's line: SYNC, CTRL (docs/token-writer.md).
FRAME = b"\x03\x06"
# The reader's name in the card service's tables.
TOKENS_IN_READER = 'token_writer = { pcsc = "433-Swap" }'


def property_of(kiosk, name):
    return kiosk.run(f"systemctl show -P {name} {UNIT}").strip()


def configure(kiosk, text):
    """The technician's layer; the kiosk is started anew with it."""
    kiosk.run(f"echo '{text}' >{LOCAL}; systemctl restart {UNIT}")
    drawn = until(lambda: "screen=drawn" in kiosk.run("cat /run/qoltanba/standing"), PATIENCE / 5)
    require(drawn, f"not drawn: {kiosk.run('cat /run/qoltanba/standing')}")


def unmoved(kiosk):
    """The kiosk has taken it without a restart."""
    restarts = property_of(kiosk, "NRestarts")
    require(restarts == "0", f"the kiosk was restarted {restarts} times")


def refused(kiosk, port):
    """No interface of what is plugged in there is let in, a while later too."""

    def states():
        return set(kiosk.run(f"cat /sys/bus/usb/devices/1-{port}:1.*/authorized 2>/dev/null").split())

    until(lambda: states() == {"0"})
    time.sleep(5)
    require(states() == {"0"}, f"on a citizen's port: authorized {states()}")


def camera(kiosk):
    kiosk.ready()
    seen = Camera(still())

    def node():
        return kiosk.run("readlink /dev/qoltanba-camera").strip()

    def openings():
        return int(kiosk.run(f"journalctl -b -o cat -u {UNIT} | grep -c 'camera opened'"))

    def digest_of_frame():
        read = "v4l2-ctl -d /dev/qoltanba-camera --stream-mmap --stream-count=1 --stream-to=/run/frame"
        return kiosk.run(f"{read} >/dev/null 2>&1; sha256sum </run/frame").split()[0]

    digests = {hashlib.sha256(frame).hexdigest() for frame in seen.frames}
    require(not node(), "a camera before there is one")
    seen.plug(kiosk.machine, INSIDE_PORT)
    require(until(lambda: seen.shown and openings(), PATIENCE / 5), f"the kiosk does not open it: {node()}, {seen.shown} frames read")
    named = [node(), *kiosk.run("stat -L -c '%G %a' /dev/qoltanba-camera").split()]
    require(named[0].startswith("video") and named[1:] == ["video", "660"], str(named))
    # Nobody is there: looked at now and then, and else shut.
    require(until(lambda: not seen.is_read(), PATIENCE / 5, 1), "the kiosk never closes it")
    # Only one at a time: the kiosk may be faster.
    same = until(lambda: digest_of_frame() in digests, PATIENCE / 5)
    require(same, f"not a frame of the camera: {digest_of_frame()}")
    # Pulled while it is read.
    times = seen.opened
    require(until(lambda: seen.opened > times and seen.is_read(), PATIENCE / 5, 0.2), "the kiosk does not look at it again")
    seen.pull()
    require(until(lambda: not node(), PATIENCE / 5), "a pulled camera is still there")
    times, frames = openings(), seen.shown
    seen.plug(kiosk.machine, INSIDE_PORT)
    again = until(lambda: seen.shown > frames and openings() > times, PATIENCE / 5)
    require(again, f"the kiosk does not open it again: {node()}, {seen.shown - frames} frames read")
    seen.pull()
    require(until(lambda: not node(), PATIENCE / 5), "a camera pulled again is still there")
    seen.plug(kiosk.machine, FOREIGN_PORT)
    refused(kiosk, FOREIGN_PORT)
    require(not node(), "a camera on a citizen's port")
    seen.pull()
    unmoved(kiosk)
    return f"{' '.join(named)}; {seen.shown} frames read; a frame byte for byte; pulled while it was read, opened again; refused on a citizen's port"


def plug_reader(machine):
    """On a citizen's port; gives the socket of the card in it."""
    path = machine.work / "card"
    address = {"type": "unix", "data": {"path": str(path)}}
    machine.qmp.execute("chardev-add", id="card", backend={"type": "socket", "data": {"addr": address, "server": True, "wait": False}})
    machine.plug("usb-ccid", "reader", CITIZENS_PORT)
    machine.qmp.execute("device_add", driver="ccid-card-passthru", id="card-in-reader", bus="reader.0", chardev="card")
    return path


def is_asked(card):
    return until(lambda: any(one.startswith(SELECT_PIV) for one in card.commands), PATIENCE / 5)


def reader(kiosk):
    kiosk.ready()
    configure(kiosk, TOKENS_IN_READER)
    path = plug_reader(kiosk.machine)
    owner = f"stat -c %G /dev/$(sed -n s/^DEVNAME=//p /sys/bus/usb/devices/1-{CITIZENS_PORT}/uevent)"
    given = until(lambda: kiosk.run(owner).strip() == "pcscd")
    require(given, f"the reader does not belong to pcscd: {kiosk.run(owner)}")
    card = Card(path)
    require(is_asked(card), f"the kiosk did not ask the card: {[one.hex() for one in card.commands]}")
    first = len(card.commands)
    card.take_out()
    time.sleep(5)
    card.close()
    card = Card(path)
    require(is_asked(card), "the kiosk did not ask the card that was put in again")
    # Not by stat(1): who cannot be dumped belongs to root there.
    users = set(kiosk.run("grep -h ^Uid: $(grep -lx kiosk-worker /proc/[0-9]*/comm | sed s/comm/status/)").split()) - {"Uid:"}
    require(users == set(kiosk.run("id -u qoltanba-worker").split()), f"the worker's user is {users}")
    kiosk.machine.unplug("reader")
    gone = until(lambda: kiosk.run(f"ls -d /sys/bus/usb/devices/1-{CITIZENS_PORT} 2>/dev/null | wc -l").strip() == "0")
    require(gone, "a pulled reader is still there")
    card.close()
    unmoved(kiosk)
    return f"belongs to pcscd, asked by the worker's own user; SELECT {card.commands[0].hex()}, {first} commands, taken out, put in, asked again"


def writer(kiosk):
    kiosk.ready()
    configure(kiosk, 'token_writer = { serial = "/dev/token-writer" }')
    qmp, path = kiosk.machine.qmp, kiosk.machine.work / "writer"
    address = {"type": "unix", "data": {"path": str(path)}}
    qmp.execute("chardev-add", id="writer", backend={"type": "socket", "data": {"addr": address, "server": True, "wait": False}})
    line = wait_for_socket(path, kiosk.machine.process)
    line.settimeout(1)
    kiosk.machine.plug("usb-serial", "writer-device", INSIDE_PORT, chardev="writer", serial="WRITER01")
    said = b""

    def spoken():
        nonlocal said
        try:
            said += line.recv(4096)
        except TimeoutError:
            pass
        return FRAME in said

    require(until(spoken, PATIENCE / 5, 0), f"no frame on the line: {said[:64].hex()}")
    named = kiosk.run("readlink /dev/token-writer; stat -c '%G %a' $(readlink -f /dev/token-writer)").split()
    require(named == ["ttyUSB0", "dialout", "660"], str(named))
    kiosk.machine.unplug("writer-device")
    require(until(lambda: kiosk.run("ls /dev/token-writer 2>/dev/null | wc -l").strip() == "0"), "a pulled writer is still there")
    # The same on a citizen's port is an attack.
    kiosk.machine.plug("usb-serial", "foreign", FOREIGN_PORT, chardev="writer", serial="FOREIGN1")
    refused(kiosk, FOREIGN_PORT)
    lines = kiosk.run("ls /dev/ttyUSB* 2>/dev/null | wc -l").strip()
    require(lines == "0", f"on a citizen's port: {lines} lines")
    kiosk.machine.unplug("foreign")
    unmoved(kiosk)
    return f"{' '.join(named)}; frame {said[said.index(FRAME):][:16].hex()}; refused on a citizen's port"


def plugged_before(kiosk):
    kiosk.ready()
    configure(kiosk, TOKENS_IN_READER)
    kiosk.run("sync")
    kiosk.off()
    kiosk.on()
    # The firmware is not done yet.
    seen = Camera(still())
    seen.plug(kiosk.machine, INSIDE_PORT)
    card = Card(plug_reader(kiosk.machine))
    kiosk.ready()
    require(until(lambda: seen.shown, PATIENCE / 5), "the kiosk does not open the camera")
    require(is_asked(card), "the kiosk did not ask the card")
    unmoved(kiosk)
    frames = seen.shown
    seen.pull()
    kiosk.machine.unplug("reader")
    card.close()
    return f"{frames} frames of the camera read, the card asked"


def network(kiosk):
    kiosk.ready()
    address = "ip -4 -brief address show scope global 2>/dev/null || networkctl list"
    has = "cat /sys/class/net/e*/carrier; grep -l . /run/systemd/netif/leases/* 2>/dev/null | wc -l"
    before = until(lambda: (said := kiosk.run(has).split()) == ["1", "1"] and said, PATIENCE / 5)
    require(before, f"no address before: {kiosk.run(address)}")
    kiosk.machine.qmp.execute("set_link", name="net", up=False)
    cut = until(lambda: kiosk.run(has).split()[0] == "0")
    require(cut, "the cut was not noticed")
    # Longer than the watchdog's time: nothing in the kiosk waits for a network.
    time.sleep(30)
    require(property_of(kiosk, "ActiveState") == "active", "the kiosk does not run")
    kiosk.machine.qmp.execute("set_link", name="net", up=True)
    back = until(lambda: kiosk.run(has).split() == ["1", "1"], PATIENCE / 5)
    require(back, "no address again")
    unmoved(kiosk)
    return "carrier gone and back, with an address; the kiosk went on"


def hung_kiosk(kiosk):
    kiosk.ready()
    limit = property_of(kiosk, "WatchdogUSec")
    require(limit not in ("", "0", "infinity"), "nobody watches the kiosk")
    pid = property_of(kiosk, "MainPID")
    kiosk.run(f"kill -STOP {pid}")
    new = until(lambda: (now := property_of(kiosk, "MainPID")) not in (pid, "0") and now, PATIENCE / 5)
    require(new, "it hangs")
    said = kiosk.run(f"journalctl -b -o cat -u {UNIT} | grep -i -m 1 'watchdog timeout'").strip()
    require(said, "restarted, but not by the watchdog")
    drawn = until(lambda: is_kiosk(kiosk.machine.picture("hung")) and property_of(kiosk, "ActiveState") == "active", PATIENCE / 5)
    require(drawn, "no screen again")
    return f"after {limit}: {said}"


def ask_steward(kiosk, request):
    """Its last answer, and what the journal says of it."""
    # As the kiosk's user, whom the steward obeys; a shell has no other way to a socket that is a file.
    proxy = "systemd-socket-activate --listen=127.0.0.1:4000 /usr/lib/systemd/systemd-socket-proxyd /run/qoltanba-steward.socket"
    # Who waits for the output must not wait for this.
    kiosk.run(f"{{ pgrep -f socket-proxyd || setpriv --reuid=qoltanba --regid=qoltanba --clear-groups {proxy}; }} >/dev/null 2>&1 &")
    asked = f"exec 3<>/dev/tcp/127.0.0.1/4000 && printf '%s\\n' '{json.dumps(request)}' >&3 && timeout 100 head -n 1 <&3"
    answer = until(lambda: (said := kiosk.run(asked)).startswith("{") and said, PATIENCE / 5)
    told = kiosk.run("journalctl -b -o cat -n 5 -u qoltanba-steward")
    require(answer, f"the steward says nothing: {told}")
    return json.loads(answer), told


def settings(kiosk):
    kiosk.ready()
    answer, told = ask_steward(kiosk, {"verb": "set_local", "text": "[session]\nidle_seconds = 77\n"})
    require("done" in answer, f"the steward says {answer}: {told}")
    kept = kiosk.run(f"stat -c '%U %a' {LOCAL}; cat {LOCAL}").split()
    require(kept == ["root", "644", "[session]", "idle_seconds", "=", "77"], f"kept is {kept}")
    answer, told = ask_steward(kiosk, {"verb": "set_local", "text": "[office]\nca_file = '/tmp/ca.pem'\n".replace("'", '"')})
    require("refused" in answer and "ca_file" in str(answer), f"the steward says {answer}: {told}")
    writes = "echo x >/var/lib/qoltanba-local/office.toml"
    stranger = kiosk.run(f"setpriv --reuid=qoltanba --regid=qoltanba --clear-groups bash -c '{writes}' 2>&1; ls /var/lib/qoltanba-local").split("\n")
    require("office.toml" not in stranger, f"the kiosk's user can choose an office: {stranger}")
    kiosk.run(f"rm {LOCAL}")
    return f"kept as {' '.join(kept[:2])}; an authority is refused; the kiosk's user cannot write there"


def clock(kiosk):
    kiosk.ready()
    answer, _ = ask_steward(kiosk, {"verb": "set_time", "unix_seconds": CLOCK_SET})
    told = kiosk.run("journalctl -b -o cat -n 5 -u 'qoltanba-clock@*'; journalctl -b -o cat -n 5 -u qoltanba-steward")
    require("done" in answer, f"the steward says {answer}: {told}")
    system = int(kiosk.run("date +%s"))
    board = int(kiosk.run("cat /sys/class/rtc/rtc0/since_epoch"))
    moment = kiosk.run("cat /sys/class/rtc/rtc0/date /sys/class/rtc/rtc0/time").split()
    for name, seconds in (("system", system), ("board", board)):
        require(CLOCK_SET <= seconds < CLOCK_SET + 600, f"the {name}'s clock says {seconds}; {told}")
    return f"the board's clock says {' '.join(moment)}"


def hung_kernel(kiosk):
    slot = kiosk.ready()
    # Panicked, and told to stay so: only the board's watchdog is left.
    kiosk.begin = len(kiosk.machine.serial.text)
    kiosk.machine.serial.client.sendall(b"echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger\n")
    kiosk.machine.serial.wait(r"Kernel panic", PATIENCE / 5, kiosk.begin)
    begin = time.monotonic()
    kiosk.earlier = ""
    now = kiosk.is_good(restarts=1)
    require(now == slot and kiosk.choices() == [f"{slot}1"], f"GRUB chose {kiosk.choices()}, good is {now}")
    require(kiosk.starts > 1, "the machine was not restarted")
    return f"restarted by the board's watchdog, slot {now} is good {time.monotonic() - begin:.0f} s later"


CASES = [
    ("a camera comes, goes and comes back", camera, False),
    ("a card in a citizen's reader is asked", reader, False),
    ("a token writer on a serial line is spoken to", writer, False),
    ("what was plugged in before the start is there", plugged_before, False),
    ("the network is cut and comes back", network, False),
    ("a technician's settings are kept by the steward", settings, False),
    ("the clock is set, and the board's", clock, False),
    ("a kiosk that hangs is started anew", hung_kiosk, False),
    ("a kernel that hangs is started anew", hung_kernel, False),
]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out/devices"))
    words.add_argument("--cases", default="")
    words.add_argument("--list", action="store_true")
    words = words.parse_args()
    chosen = [one for one in CASES if any(word in one[0] for word in words.cases.split(","))]
    if words.list:
        print("\n".join(name for name, _, _ in chosen))
        return 0
    if not chosen:
        print(f"no case is called `{words.cases}`", file=sys.stderr)
        return 2
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return 0 if run_cases(chosen, lambda work: Kiosk(words.image, work), words.work.resolve()) else 1


if __name__ == "__main__":
    sys.exit(main())
