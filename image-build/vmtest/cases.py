"""Cases of a test over one kiosk after the other: each is run, timed and written down."""

import json
import subprocess
import time

from machine import Failed


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


def run_cases(chosen, new_kiosk, work):
    """Each case is (name, what to do with the kiosk, whether it needs a new one). After one that fails the next begins with a new
    kiosk, too. Is all well?"""
    work.mkdir(parents=True, exist_ok=True)
    summary = Summary([name for name, _, _ in chosen], work / "summary.json")
    summary.write()
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
                kiosk = new_kiosk(work / f"disk-{disks}")
            try:
                summary.add(name, True, begin, act(kiosk))
            except (Failed, OSError, ValueError, subprocess.SubprocessError) as failed:
                summary.add(name, False, begin, str(failed))
                # Who knows what this one is like now.
                kiosk.remove()
                kiosk = None
    finally:
        if kiosk:
            kiosk.remove()
    return summary.all_well()
