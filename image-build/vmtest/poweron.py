#!/usr/bin/env python3
"""How long a kiosk takes from power-on to a welcome screen that obeys a finger, beside a bare image to its login prompt.

    poweron.py IMAGE BARE [--work DIR] [--starts N]

IMAGE is a directory of build.sh, of the flavour `test`; BARE one of poweron.sh, made of it. Both are started once before, as the first
start makes what later ones find; then they are started in turn, N times each, from the same disks in the same machine. Numbers and
pictures go to --work.

Each start of the kiosk is compared with that of the bare image before it, as a busy host's load comes and goes; the seconds of
processors that both took are written beside.

Exit status: 0 when the median of these ratios is at most 1.5.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from boot import GOOD, PATIENCE, RUSSIAN, difference, is_kiosk
from kiosk import Kiosk
from machine import HEIGHT, WIDTH, Failed, Machine

LIMIT = 1.5
PROMPT = "bare login: "
# Seconds between two looks at the screen: a look costs the machine some of its processors' time.
PAUSE = 0.5


def prepared(image, work, wanted):
    """A folder with the disk as a first start left it."""
    kiosk = Kiosk(image, work)
    kiosk.on()
    serial = kiosk.machine.serial
    serial.wait(wanted, PATIENCE)
    if wanted == GOOD:
        serial.wait("qoltanba-test#", PATIENCE)
        serial.client.sendall(b"systemctl poweroff\n")
    else:
        # As the button does.
        kiosk.machine.qmp.execute("system_powerdown")
    kiosk.machine.process.wait(PATIENCE)
    kiosk.off()
    return work


def bare(folder, work):
    """Seconds to the prompt."""
    with Machine(folder, work) as machine:
        machine.serial.wait(PROMPT, PATIENCE)
        return {"ready": machine.age(), "processors": machine.worked()}


def seen(machine, name, right):
    """The first picture that is right, and when it was taken."""
    while True:
        age = machine.age()
        picture = machine.pixels()
        if (picture.width, picture.height) == (WIDTH, HEIGHT) and right(picture):
            machine.picture(name)
            return picture, age
        if age > PATIENCE:
            raise Failed(f"{name}: not seen in {age:.0f} s; the serial line ends with:\n{machine.serial.text[-2000:]}")
        time.sleep(PAUSE)


def kiosk(folder, work):
    """Seconds to the first screen, and to the first one that a finger has changed."""
    with Machine(folder, work) as machine:
        first, drawn = seen(machine, "1-first", is_kiosk)

        def touched(picture):
            if difference(picture.pixels, first.pixels) > 0.02:
                return True
            # One that came before the touch screen was opened is lost.
            machine.touch(*RUSSIAN)
            return False

        _, ready = seen(machine, "2-touched", touched)
        return {"drawn": drawn, "ready": ready, "processors": machine.worked()}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("bare", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out/poweron"))
    words.add_argument("--starts", type=int, default=3)
    words = words.parse_args()
    work = words.work.resolve()
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kinds = {"bare": (words.bare, PROMPT, bare), "kiosk": (words.image, GOOD, kiosk)}
    disks, times = {}, {kind: [] for kind in kinds}
    try:
        for kind, (image, wanted, _) in kinds.items():
            disks[kind] = prepared(image, work / kind, wanted)
        for number in range(words.starts):
            for kind, (_, _, start) in kinds.items():
                took = start(disks[kind], work / f"{kind}-{number + 1}")
                times[kind].append(took)
                print(f"{kind:6}", ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items()), flush=True)
    except (Failed, subprocess.SubprocessError) as failed:
        print(failed, file=sys.stderr)
        return 1
    finally:
        for path in work.glob("*/disk.*"):
            path.unlink()

    def ratio(what):
        return statistics.median(ours[what] / other[what] for ours, other in zip(times["kiosk"], times["bare"]))

    found = ratio("ready")
    summary = {"ok": found <= LIMIT, "ratio": found, "limit": LIMIT, "processors": ratio("processors"), "starts": times}
    (work / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    verdict = "ok    " if summary["ok"] else "NOT OK"
    print(f"{verdict} {found:.2f} times the bare image's time, at most {LIMIT}; of processors {summary['processors']:.2f} times")
    return 0 if summary["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
