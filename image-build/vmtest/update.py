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
import re
import signal
import sys
import time
from pathlib import Path

from boot import GROUND, TEXT, until
from cases import run_cases
from kiosk import GOOD, PATIENCE, Kiosk, other, require
from machine import Failed
from outbox import Outbox, fill, filled, require_open

POINTS = (5, 25, 50, 75, 95)
# How much slower than writing the same bytes an install may be.
SLOWER = 1.5
PANIC = r"Kernel panic - not syncing: ([^\n]*)"
# Bytes per second that a slow disk takes. Without a limit an install shows how quick the emulated processors are, which check every
# block of it; a kiosk's are quicker than its disk.
DISK = 16_000_000
KNOWN = "/var/lib/qoltanba-local/known"


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
    copies = " && ".join(
        f"dd if=/run/bundles/{name}.img of=/dev/disk/by-partlabel/{name}-{slot} bs=1M conv=fsync,notrunc" for name in ("root", "boot")
    )

    def measure():
        # `dd` first, so that what it leaves is overwritten.
        status, copied, text = kiosk.timed(copies)
        require(status == 0, text[-800:])
        status, installed, text = kiosk.install("next")
        require(status == 0, text[-800:])
        # The machine stays with what it runs: the next case installs anew.
        kiosk.run("rauc status mark-bad other; rauc status mark-active booted")
        return installed / copied, f"install {installed:.1f} s, dd {copied:.1f} s: {installed / copied:.2f}"

    _, unlimited = measure()
    kiosk.machine.throttle(DISK)
    ratio, seen = measure()
    kiosk.machine.throttle(0)
    seen += f" at {DISK / 1e6:.0f} MB/s of the disk; without that limit {unlimited}"
    require(ratio <= SLOWER, f"{seen}: more than {SLOWER}")
    return seen


def dying_kiosk(kiosk):
    slot = kiosk.ready()
    version = kiosk.version()
    full = fill(kiosk)
    status, _, text = kiosk.install("broken")
    require(status == 0, text[-800:])
    kiosk.restart()
    back = kiosk.is_good(restarts=4)
    new = other(slot)
    choices = kiosk.choices()
    require(choices == [f"{new}1", f"{new}2", f"{new}3", f"{slot}1"], f"GRUB chose {choices}")
    require(back == slot and kiosk.version() == version, f"good is {back} {kiosk.version()}")
    verdicts = re.findall(r"qoltanba-health: (this slot is not good[^\n]*)", kiosk.said())
    require_open(kiosk)
    now = Outbox(kiosk)
    require(now.schema == full.schema + 1, f"the version that died left it as it was: {now}")
    now.require_the_same(full)
    verdict = verdicts[0] if verdicts else "no verdict of the health unit was read"
    return f"{' '.join(choices)}; {full} -> {now}, every file as it was; {verdict}"


def newer_schema(kiosk):
    slot = kiosk.ready()
    before = kiosk.version()
    full = fill(kiosk)
    status, _, text = kiosk.install("newer")
    require(status == 0, text[-800:])
    kiosk.restart()
    now = kiosk.is_good(restarts=1)
    require(now == other(slot) and kiosk.version().endswith("+newer"), f"from {slot} it came to {now} {kiosk.version()}")
    require_open(kiosk)
    newer = Outbox(kiosk)
    require(newer.schema == full.schema + 1, f"it was not brought to the newer schema: {newer}")
    newer.require_the_same(full)
    # As somebody would who does not like the new version.
    kiosk.run("rauc status mark-active other")
    kiosk.restart()
    back = kiosk.is_good(restarts=1)
    require(back == slot and kiosk.version() == before, f"it did not go back to {before}: {back} {kiosk.version()}")
    require_open(kiosk)
    Outbox(kiosk).require_the_same(full)
    return f"{full} -> {newer}, every file as it was, in {now} and back in {back}"


def dying_later(kiosk):
    slot = kiosk.ready()
    begin = len(kiosk.machine.serial.text)
    broken = "/run/systemd/system/qoltanba-kiosk.service.d/dies.conf"
    kiosk.run(f"mkdir -p $(dirname {broken}); printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/false\\n' >{broken}; systemctl daemon-reload")
    kiosk.run("systemctl restart --no-block qoltanba-kiosk qoltanba-health")
    verdict = kiosk.machine.serial.wait(r"qoltanba-health: (this slot is not good[^\n]*)", PATIENCE, begin).group(1)
    shown = "systemctl is-active qoltanba-fallback"
    require(until(lambda: kiosk.run(shown).strip() == "active", PATIENCE / 5), "no fall-back screen")
    # A restart would have begun by now.
    time.sleep(90)
    require(kiosk.run(shown).strip() == "active", "the fall-back screen is gone")
    picture = kiosk.machine.picture("fallback")
    require(picture.share(GROUND) > 0.2 and picture.share(TEXT) > 0.001, f"it is not to be seen: {picture.colours(3)}")
    # By hand, and sooner than the fall-back screen would try it.
    kiosk.run(f"rm {broken}; systemctl daemon-reload; systemctl reset-failed qoltanba-kiosk; systemctl start --no-block qoltanba-kiosk")
    found = kiosk.machine.serial.wait(GOOD, PATIENCE, begin).group(1)
    counts = kiosk.counts()
    require(found == slot and counts[f"{slot}_TRY"] == "0", f"good is {found}, {counts}")
    return f"{verdict}; mended, it is good again"


def corrupted_root(kiosk):
    slot = "A"
    kiosk.off()
    start, _ = kiosk.partition(f"root-{slot}")
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
    full = filled(kiosk)
    digest = kiosk.run(f"head -c 4000000 /dev/urandom >{KNOWN} && sync && sha256sum <{KNOWN}").strip()
    whole = int(kiosk.run("stat -c %s /run/bundles/root.img /run/bundles/boot.img | paste -sd+ | { read s; echo $((s)); }"))
    # Else all that the install wrote into memory goes out between two looks.
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
    require_open(kiosk)
    Outbox(kiosk).require_the_same(full)
    counts = kiosk.counts()
    require(counts[f"{other(slot)}_OK"] == "0", f"the half of an install could start: {counts}")
    return f"cut after {written / 1e6:.0f} of {whole / 1e6:.0f} MB, slot {slot} is good, the file and {len(full.waiting)} submissions whole"


def cases(points):
    """(name, what to do, whether it needs a new disk), the most important first."""
    shares = [100 * i / (points + 1) for i in range(1, points + 1)] if points else POINTS
    cuts = [(f"the power cut at {share:.3g} %", functools.partial(power_cut, percent=share), False) for share in shares]
    return [
        ("a bundle of another signer is refused", stranger, False),
        ("a tampered bundle is refused by verity", tampered, False),
        ("a good bundle starts and is good", good, False),
        ("a newer schema whose kiosk dies goes back, a full queue whole", dying_kiosk, False),
        ("a good slot whose kiosk dies stays, out of service", dying_later, False),
        ("a newer schema stays, and a full queue whole", newer_schema, False),
        *cuts,
        ("a corrupted root gives way to the other slot", corrupted_root, True),
        ("an install is about as quick as dd", pace, False),
    ]


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
    if not (words.bundles / "made-of").read_text().startswith((words.image / "root.hash").read_text()):
        print(f"{words.bundles} was made of another image", file=sys.stderr)
        return 2
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bundles = words.bundles / "bundles.img"
    well = run_cases(chosen, lambda work: Kiosk(words.image, work, bundles), words.work.resolve())
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
