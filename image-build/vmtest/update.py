#!/usr/bin/env python3
"""Updates a kiosk in a virtual machine: well, badly, and with the power cut.

    update.py IMAGE BUNDLES [--work DIR] [--points N] [--cases WORD,WORD] [--list]

IMAGE is a directory of build.sh, of the flavour `test`; BUNDLES one of bundles.sh, made of it. Every start of the machine has
its own serial log below --work, and summary.json there has one line for each case: ok, millis, what was seen.
    --points N   the power is cut at N points of an install, evenly spread; else at 5, 25, 50, 75 and 95 %
    --cases      only those whose name holds one of these words
    --list       names of the cases, in their order

Exit status: 0 when every chosen case was reached and is well.
"""

import argparse
import functools
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from machine import Failed, Gone, Machine

# The emulated machine on a busy host: five times what it takes on an idle one, and more.
PATIENCE = 1500
POINTS = (5, 25, 50, 75, 95)
# How much slower than writing the same bytes an install may be.
SLOWER = 1.5
CHOSEN = r"Qoltanba: slot (\w), try (\d)"
GOOD = r"qoltanba-health: slot (\w) is good"
PANIC = r"Kernel panic - not syncing: ([^\n]*)"
# Bytes per second that the disk takes while the power is about to be cut.
DISK = 16_000_000
KNOWN = "/var/lib/qoltanba-local/known"


def other(slot):
    return "B" if slot == "A" else "A"


def require(right, text):
    if not right:
        raise Failed(text)


class Kiosk:
    """A disk, and the machine that it is in while that one is on."""

    def __init__(self, image, bundles, work):
        self.image, self.bundles, self.work = image, bundles / "bundles.img", work
        self.disk = work / "disk.img"
        self.starts = 0
        self.machine = None
        # What the serial line said before the present machine, and where in what this one says to look from.
        self.earlier = ""
        self.begin = 0
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "--sparse=always", image / "disk.img", self.disk], check=True)

    def on(self):
        self.starts += 1
        self.machine = Machine(self.image, self.work / f"start-{self.starts}", disk=self.disk, bundles=self.bundles)
        self.earlier, self.begin = "", 0

    def off(self):
        if self.machine:
            self.machine.close()
        self.machine = None

    def cut(self):
        self.machine.cut()
        self.machine = None

    def remove(self):
        self.off()
        self.disk.unlink(missing_ok=True)

    def run(self, command, patience=600):
        return self.machine.serial.run(command, patience)

    def is_good(self, restarts=0):
        """Waits until the health unit calls a start good, after so many restarts at most: its slot."""
        while True:
            serial = self.machine.serial
            try:
                slot = serial.wait(GOOD, PATIENCE, self.begin).group(1)
                serial.wait("qoltanba-test#", PATIENCE)
                break
            except Gone:
                if restarts == 0:
                    raise
            restarts -= 1
            earlier = self.said()
            self.off()
            self.on()
            self.earlier = earlier
        self.run("dmesg -n 1; mkdir -p /run/bundles; mountpoint -q /run/bundles || mount -o ro /dev/disk/by-id/virtio-bundles /run/bundles")
        return slot

    def ready(self):
        """On, and good; its slot."""
        if not self.machine:
            self.on()
        return self.is_good()

    def restart(self):
        self.earlier = ""
        self.begin = len(self.machine.serial.text)
        self.machine.serial.client.sendall(b"systemctl reboot\n")

    def said(self):
        """What came over the serial line since the kiosk was switched on or told to restart."""
        return self.earlier + self.machine.serial.text[self.begin :]

    def choices(self):
        """Which slots GRUB chose meanwhile, each with its try: A1 A2 B1."""
        return ["".join(found) for found in re.findall(CHOSEN, self.said())]

    def counts(self):
        """What GRUB and rauc keep: ORDER, A_OK, A_TRY, B_OK, B_TRY."""
        lines = self.run("grub-editenv /efi/grubenv list").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def version(self):
        return self.run(". /etc/os-release; echo $VERSION_ID").strip()

    def timed(self, command):
        """(exit status, seconds by the machine's clock, output) with nothing read before in its memory."""
        said = self.run(
            "sync; echo 3 >/proc/sys/vm/drop_caches; read a _ </proc/uptime;"
            f"({command}); s=$?; read b _ </proc/uptime; echo; echo $s $a $b",
            PATIENCE,
        )
        text, _, last = said.strip().rpartition("\n")
        status, begin, end = last.split()
        return int(status), float(end) - float(begin), text.strip()

    def install(self, bundle):
        return self.timed(f"rauc install /run/bundles/{bundle}.raucb")


def stranger(kiosk):
    kiosk.ready()
    before = kiosk.counts()
    status, seconds, text = kiosk.install("stranger")
    require(status != 0, "it was installed")
    reason = re.search(r"[^\n]*signature verification failed[^\n]*", text)
    require(reason, f"refused, but not for its signature: {text[-800:]}")
    after = kiosk.counts()
    require(before == after, f"{before} became {after}")
    return f"after {seconds:.1f} s: {reason.group(0)}"


def tampered(kiosk):
    slot = kiosk.ready()
    before = kiosk.counts()
    kiosk.run("dmesg -C")
    status, seconds, text = kiosk.install("tampered")
    require(status != 0, "it was installed")
    said = kiosk.run("dmesg | grep -m 1 'verity.*corrupted'").strip()
    require(said, f"refused, but not by verity: {text[-800:]}")
    after = kiosk.counts()
    kept = ("ORDER", f"{slot}_OK", f"{slot}_TRY")
    require([before[k] for k in kept] == [after[k] for k in kept], f"{before} became {after}")
    # It is half written.
    require(after[f"{other(slot)}_OK"] == "0", f"the other slot could start: {after}")
    return f"after {seconds:.1f} s: {said}"


def good(kiosk):
    slot = kiosk.ready()
    before = kiosk.version()
    status, seconds, text = kiosk.install("next")
    require(status == 0, text[-800:])
    kiosk.restart()
    now = kiosk.is_good(restarts=1)
    require(now == other(slot) and kiosk.choices() == [f"{now}1"], f"from {slot} it came to {kiosk.choices()}")
    version, counts = kiosk.version(), kiosk.counts()
    require(version == f"{before}+next", f"from {before} it came to {version}")
    require((counts[f"{now}_OK"], counts[f"{now}_TRY"]) == ("1", "0"), f"not good for GRUB: {counts}")
    return f"{slot} {before} -> {now} {version}, installed in {seconds:.1f} s"


def pace(kiosk):
    slot = other(kiosk.ready())
    # First, so that what it leaves is overwritten.
    copies = " && ".join(
        f"dd if=/run/bundles/{name}.img of=/dev/disk/by-partlabel/{name}-{slot} bs=1M conv=fsync,notrunc" for name in ("root", "boot")
    )
    status, copied, text = kiosk.timed(copies)
    require(status == 0, text[-800:])
    status, installed, text = kiosk.install("next")
    require(status == 0, text[-800:])
    # The machine stays with what it runs: the next case installs anew.
    kiosk.run("rauc status mark-bad other; rauc status mark-active booted")
    seen = f"install {installed:.1f} s, dd {copied:.1f} s: {installed / copied:.2f}"
    require(installed <= SLOWER * copied, f"{seen}, more than {SLOWER}")
    return seen


def dying_kiosk(kiosk):
    slot = kiosk.ready()
    version = kiosk.version()
    status, _, text = kiosk.install("broken")
    require(status == 0, text[-800:])
    kiosk.restart()
    back = kiosk.is_good(restarts=4)
    new = other(slot)
    choices = kiosk.choices()
    require(choices == [f"{new}1", f"{new}2", f"{new}3", f"{slot}1"], f"GRUB chose {choices}")
    require(back == slot and kiosk.version() == version, f"good is {back} {kiosk.version()}")
    verdicts = re.findall(r"qoltanba-health: (this slot is not good[^\n]*)", kiosk.said())
    return f"{' '.join(choices)}; {verdicts[0] if verdicts else 'no verdict of the health unit was read'}"


def corrupted_root(kiosk):
    slot = "A"
    kiosk.off()
    listed = subprocess.check_output(["partx", "--noheadings", "--show", "--output", "NAME,START", kiosk.disk], text=True)
    start = int(dict(line.split() for line in listed.splitlines())[f"root-{slot}"]) * 512
    with open(kiosk.disk, "r+b") as disk:
        # One block of each MiB: any read of length meets one.
        for mib in range(100):
            disk.seek(start + (mib << 20))
            disk.write(b"\xa5" * 4096)
    kiosk.on()
    now = kiosk.is_good(restarts=3)
    choices = kiosk.choices()
    panics = re.findall(PANIC, kiosk.said())
    require(choices == ["A1", "A2", "A3", "B1"] and now == "B", f"GRUB chose {choices}, good is {now}")
    require(len(panics) == 3, f"panics: {panics}")
    return f"{' '.join(choices)}; {panics[0]}"


def power_cut(kiosk, percent):
    slot = kiosk.ready()
    version = kiosk.version()
    digest = kiosk.run(f"head -c 4000000 /dev/urandom >{KNOWN} && sync && sha256sum <{KNOWN}").strip()
    whole = int(kiosk.run("stat -c %s /run/bundles/root.img /run/bundles/boot.img | paste -sd+ | { read s; echo $((s)); }"))
    # At the pace of a slow disk: else all that the install wrote into memory goes out between two looks.
    kiosk.machine.throttle(DISK)
    before = kiosk.machine.written()
    kiosk.run("rauc install /run/bundles/next.raucb >/run/install.log 2>&1 &")
    end = time.monotonic() + PATIENCE
    while (written := kiosk.machine.written() - before) < whole * percent / 100:
        if time.monotonic() > end:
            raise Failed(f"{written} of {whole} bytes after {PATIENCE} s: {kiosk.run('tail -n 3 /run/install.log')}")
        time.sleep(0.05)
    kiosk.cut()
    kiosk.on()
    now = kiosk.is_good()
    choices = kiosk.choices()
    require(choices == [f"{slot}1"] and now == slot and kiosk.version() == version, f"GRUB chose {choices}, good is {now} {kiosk.version()}")
    found = kiosk.run(f"sha256sum <{KNOWN}").strip()
    require(found == digest, f"{KNOWN} was {digest} and is {found}")
    counts = kiosk.counts()
    require(counts[f"{other(slot)}_OK"] == "0", f"the half of an install could start: {counts}")
    return f"cut after {written / 1e6:.0f} of {whole / 1e6:.0f} MB, slot {slot} is good, data whole"


def cases(points):
    """(name, what to do, whether it needs a new disk), the most important first."""
    shares = [100 * i / (points + 1) for i in range(1, points + 1)] if points else POINTS
    cuts = [(f"the power cut at {share:.3g} %", functools.partial(power_cut, percent=share), False) for share in shares]
    return [
        ("a bundle of another signer is refused", stranger, False),
        ("a tampered bundle is refused by verity", tampered, False),
        ("a good bundle starts and is good", good, False),
        ("a bundle whose kiosk dies goes back", dying_kiosk, False),
        *cuts,
        ("a corrupted root gives way to the other slot", corrupted_root, True),
        ("an install is about as quick as dd", pace, False),
    ]


class Summary:
    def __init__(self, names, path):
        self.path = path
        self.lines = {name: {"ok": False, "millis": 0, "seen": "not reached"} for name in names}

    def write(self):
        self.path.write_text(json.dumps(self.lines, indent=1, ensure_ascii=False) + "\n")

    def add(self, name, right, begin, seen):
        self.lines[name] = {"ok": right, "millis": round((time.monotonic() - begin) * 1000), "seen": seen}
        print(f"{'ok    ' if right else 'NOT OK'} {name} ({self.lines[name]['millis'] // 1000} s): {seen}", flush=True)
        self.write()

    def all_well(self):
        return all(line["ok"] for line in self.lines.values())


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("bundles", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out/update"))
    words.add_argument("--points", type=int, default=0)
    words.add_argument("--cases", default="")
    words.add_argument("--list", action="store_true")
    words = words.parse_args()
    chosen = [one for one in cases(words.points) if any(word in one[0] for word in words.cases.split(","))]
    if words.list:
        print("\n".join(name for name, _, _ in chosen))
        return 0
    if not chosen:
        print(f"no case is called `{words.cases}`", file=sys.stderr)
        return 2
    if (words.image / "root.hash").read_text() != (words.bundles / "image.hash").read_text():
        print(f"{words.bundles} was made of another image", file=sys.stderr)
        return 2
    work = words.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    summary = Summary([name for name, _, _ in chosen], work / "summary.json")
    summary.write()
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kiosk = None
    disks = 0
    try:
        for name, act, anew in chosen:
            begin = time.monotonic()
            if kiosk and anew:
                kiosk.remove()
                kiosk = None
            if not kiosk:
                disks += 1
                kiosk = Kiosk(words.image, words.bundles, work / f"disk-{disks}")
            try:
                summary.add(name, True, begin, act(kiosk))
            except (Failed, OSError) as failed:
                summary.add(name, False, begin, str(failed))
                # Who knows what this one is like now.
                kiosk.remove()
                kiosk = None
    finally:
        if kiosk:
            kiosk.remove()
    return 0 if summary.all_well() else 1


if __name__ == "__main__":
    sys.exit(main())
