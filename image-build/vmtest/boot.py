#!/usr/bin/env python3
"""Starts an image in a virtual machine and looks at it.

    boot.py IMAGE [--work DIR] [--direct]

IMAGE is a directory that build.sh made; one of the flavour `release` is looked at from outside only. Pictures, serial.log and summary.json go to --work. --direct
starts kernel and initrd without firmware and GRUB: quicker, and slots are not counted then.

Without an office and devices the kiosk shows what it lacks; that is what is expected here.
Exit status: 0 all was seen, 1 something was not (it says what).
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from machine import HEIGHT, WIDTH, Failed, Machine

# The emulated machine on a busy host: five times what it takes on an idle one, and more.
PATIENCE = 1500
# ui/theme.slint
GROUND, PRIMARY, TEXT = (0xF5, 0xF8, 0xFA), (0x00, 0x5A, 0x6E), (0x10, 0x22, 0x2B)
# Where the language pills lie in portrait: Russian.
RUSSIAN = (748, 80)
GOOD = r"qoltanba-health: slot (\w) is good"
BROKEN = r"qoltanba-health: this slot is not good.*|Kernel panic.*|verity.*corrupt.*|dracut.*FATAL.*"


class Checks:
    def __init__(self):
        self.seen = {}

    def check(self, name, right, shown=""):
        self.seen[name] = {"ok": bool(right), "seen": shown}
        print(f"{'ok    ' if right else 'NOT OK'} {name}{': ' if shown else ''}{shown}", flush=True)

    def all_well(self):
        return all(one["ok"] for one in self.seen.values())


def until(question, patience=120, pause=3):
    """The first answer that is true; the last one when none was."""
    end = time.monotonic() + patience
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)


def is_kiosk(picture):
    """The kiosk's ground and its words; neither a console nor firmware has these colours."""
    whole = (picture.width, picture.height) == (WIDTH, HEIGHT)
    return whole and picture.share(GROUND) > 0.2 and picture.share(TEXT) > 0.001


def difference(one, other):
    """The share of bytes that differ."""
    differing = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return 1 - differing.to_bytes(len(one), "little").count(0) / len(one)


def screen(machine, checks):
    picture = until(lambda: (p := machine.picture("1-first")) and is_kiosk(p) and p, PATIENCE)
    picture = picture or machine.picture("1-first")
    checks.check("the kiosk's screen is there", is_kiosk(picture), str(picture.colours(3)))
    before = picture.pixels
    # Pressed alone changes the pill; the words change when the finger is up again.
    machine.touch(*RUSSIAN)
    changed = until(lambda: difference(machine.picture("2-touched").pixels, before) > 0.02, 60)
    checks.check("a touch changes the language", changed)


def slot(machine, checks, direct):
    state = machine.serial.run("rauc status --output-format=json")
    try:
        status = json.loads(state)
    except ValueError:
        checks.check("rauc tells its state", False, state[-500:])
        return
    booted = {
        name: one
        for slot in status["slots"]
        for name, one in slot.items()
        if one.get("bootname") and one.get("state") == "booted"
    }
    checks.check("slot A is booted", status.get("booted") == "A" and len(booted) == 1, str(status.get("booted")))
    if not direct:
        good = [one.get("boot_status") for one in booted.values()]
        checks.check("rauc calls it good", good == ["good"], str(good))
        counts = machine.serial.run("grub-editenv /efi/grubenv list | sort | xargs").strip()
        checks.check("no try is counted", "A_OK=1 A_TRY=0" in counts, counts)


def system(machine, checks):
    run = machine.serial.run
    failed = run("systemctl --failed --plain --no-legend | cut -d' ' -f1 | xargs").strip()
    checks.check("no unit failed", not failed, failed)
    for unit in failed.split():
        print(run(f"journalctl -b -o cat -n 20 -u {unit}"), flush=True)
    restarts = run("systemctl show -P NRestarts qoltanba-kiosk").strip()
    checks.check("the kiosk was not started anew", restarts == "0", restarts)
    mounts = run("findmnt -rno TARGET,OPTIONS / /var /efi; grep ' / ' /proc/mounts").strip()
    checks.check("the root is squashfs, read only", "/dev/mapper/root / squashfs ro" in mounts, mounts.splitlines()[-1])
    verity = run("cat /sys/block/dm-0/dm/uuid; grep -c panic-on-corruption /proc/cmdline").split()
    checks.check("dm-verity panics on a wrong byte", verity[0].startswith("CRYPT-VERITY") and verity[-1] == "1", str(verity))
    listens = run("awk 'FNR > 1 && $4 == \"0A\" {print $2}' /proc/net/tcp /proc/net/tcp6 | xargs").strip()
    local = all(one.startswith(("3500007F", "3600007F")) for one in listens.split())
    checks.check("nothing listens to the network", local, listens or "nothing")
    owner = run("ps -o user= -C kiosk | sort -u | xargs").strip()
    checks.check("the kiosk has no rights", owner == "qoltanba", owner)
    refused = run("setpriv --reuid=970 --regid=970 --clear-groups rauc status mark-bad; echo $?").strip()
    checks.check("the kiosk's user cannot choose a slot", refused.splitlines()[-1] != "0", refused.splitlines()[-1])
    print("the kiosk says:", run("journalctl -b -o cat -u qoltanba-kiosk | tail -n 15"), sep="\n", flush=True)
    print("memory and time:", run("free -m | head -n 2; systemd-analyze time | head -n 1"), sep="\n", flush=True)


def usb(machine, checks, work):
    run = machine.serial.run
    stick = work / "stick.img"
    subprocess.run(["truncate", "-s", "64M", stick], check=True)
    subprocess.run(["/usr/sbin/mkfs.vfat", "-n", "CITIZEN", stick], check=True, stdout=subprocess.DEVNULL)
    machine.qmp.execute("blockdev-add", driver="raw", **{"node-name": "stick"}, file={"driver": "file", "filename": str(stick)})
    machine.plug("usb-storage", "stick-device", drive="stick", serial="STICK1")
    mounted = until(lambda: run("grep /run/media/kiosk/ /proc/mounts").strip(), 180)
    wanted = ("CITIZEN", "nosuid", "nodev", "noexec", "uid=970")
    checks.check("a citizen's drive is mounted, harmless", all(w in mounted for w in wanted), mounted)
    seen = "grep /run/media/kiosk/CITIZEN /proc/$(systemctl show -P MainPID qoltanba-kiosk)/mountinfo"
    inside = run(seen).strip()
    # The second half of the line is the file system's own word.
    mount, _, system = inside.partition(" - ")
    once = inside.count("\n") == 0 and " rw,nosuid,nodev,noexec" in mount
    checks.check("the kiosk sees it once, and nothing is written", once and " ro," in system, inside)
    failed = run("systemctl start 'qoltanba-drive@CITIZEN\\x2dsda.service' || journalctl -b -o cat -n 5 -u 'qoltanba-drive@*'").strip()
    inside = run(seen).strip()
    checks.check("once it is chosen the kiosk may write there", " rw," in inside.partition(" - ")[2], failed or inside)
    machine.unplug("stick-device")
    everywhere = "grep -h /run/media/kiosk/ /proc/mounts /proc/$(systemctl show -P MainPID qoltanba-kiosk)/mounts"
    gone = until(lambda: not run(everywhere).strip(), 120)
    checks.check("a pulled drive is unmounted", gone)
    before = run("ls /sys/class/input | grep -c event").strip()
    machine.plug("usb-kbd", "keyboard", port=6)
    state = until(lambda: run("cat /sys/bus/usb/devices/1-6:1.0/authorized 2>/dev/null").strip(), 120)
    time.sleep(5)
    after = run("ls /sys/class/input | grep -c event").strip()
    checks.check("a keyboard on a citizen's port is refused", state == "0" and before == after, f"authorized={state}, inputs {before} -> {after}")


def from_outside(machine, checks):
    """A release has no shell to ask: its screen, its silence, and what GRUB counted."""
    screen(machine, checks)
    # What firmware and GRUB said before.
    machine.serial.wait(r"Qoltanba: slot", PATIENCE)
    machine.serial.read()
    start = len(machine.serial.text)
    machine.serial.client.sendall(b"\nroot\n")
    time.sleep(10)
    machine.serial.read()
    said = machine.serial.text[start:].strip()
    checks.check("nobody answers on the serial line", not said, said)
    # A start that was not found good would be counted as the second try.
    time.sleep(240)
    machine.qmp.execute("system_reset")
    tries = machine.serial.wait(r"Qoltanba: slot (\w), try (\d)", PATIENCE, start)
    checks.check("the slot was good", tries.groups() == ("A", "1"), tries.group(0))


def from_inside(machine, checks, words):
    found = machine.serial.wait(GOOD, PATIENCE, refused=BROKEN)
    checks.check("the slot is good", found.group(1) == "A", f"after {machine.age():.0f} s")
    machine.serial.wait("qoltanba-test#", PATIENCE)
    machine.serial.run("dmesg -n 1")
    screen(machine, checks)
    slot(machine, checks, words.direct)
    system(machine, checks)
    usb(machine, checks, words.work)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out"))
    words.add_argument("--direct", action="store_true")
    words = words.parse_args()
    checks = Checks()
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with Machine(words.image, words.work.resolve(), words.direct) as machine:
            if "ttyS0" in (words.image / "cmdline-A").read_text():
                from_inside(machine, checks, words)
            else:
                from_outside(machine, checks)
            machine.picture("3-last")
    except Failed as failed:
        checks.check("the test came to its end", False, str(failed))
    (words.work / "summary.json").write_text(json.dumps(checks.seen, indent=1) + "\n")
    return 0 if checks.all_well() else 1


if __name__ == "__main__":
    sys.exit(main())
