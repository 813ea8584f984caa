"""The kiosk's queue of submissions, seen from the test image's shell."""

import json
import re

from boot import until
from kiosk import PATIENCE, require

FOLDER = "/var/lib/qoltanba/outbox"
# That the queue was damaged, or made anew; that it is full is no such word.
DAMAGE = "QUE-01|QUE-05|rebuilding|no queue|a sealed file is missing|removing what was never committed"


class Outbox:
    """What is in it at one moment: `waiting` lists the submissions, `files` says how many there are and the digest over names and
    digests of all of them, `schema` is that of the database."""

    def __init__(self, kiosk):
        listed = json.loads(kiosk.run("kiosk outbox list --all --json"))
        self.waiting = [(one["sequence"], one["submission"], one["bytes"], one["parts"]) for one in listed if one["state"] == "waiting"]
        require(len(self.waiting) == len(listed), f"not all of it waits: {len(self.waiting)} of {len(listed)}")
        found = kiosk.run(f"cd {FOLDER} && find media -type f | sort | xargs -r sha256sum | tee /run/queue | sha256sum; wc -l </run/queue")
        digest, _, number = found.split()
        self.files = (int(number), digest)
        # The database's header (sqlite.org/fileformat2): user_version.
        self.schema = int(kiosk.run(f"od -An -tu1 -j60 -N4 {FOLDER}/outbox.db").split()[-1])

    def __str__(self):
        return f"{len(self.waiting)} submissions, {self.files[0]} files, schema {self.schema}"

    def require_the_same(self, before):
        require(self.waiting == before.waiting, f"listed were {len(before.waiting)} submissions, now {len(self.waiting)} or others")
        require(self.files == before.files, f"files were {before.files}, now {self.files}")


def fill(kiosk):
    """Gives it the full queue of bundles.sh; what is in it then."""
    user = "$(stat -c %U:%G /var/lib/qoltanba)"
    kiosk.run(
        f"systemctl stop qoltanba-kiosk; rm -rf {FOLDER}; cp -r /run/bundles/queue {FOLDER} && chown -R {user} {FOLDER};"
        "systemctl start qoltanba-kiosk",
        PATIENCE,
    )
    require_open(kiosk)
    full = Outbox(kiosk)
    config = json.loads(kiosk.run("kiosk config check /usr/share/qoltanba/kiosk.toml --json"))
    require(len(full.waiting) == config["storage"]["most_waiting"], f"it is not full: {full}")
    return full


def filled(kiosk):
    """What is in the full queue; it is given one where nothing waits in its own."""
    found = Outbox(kiosk)
    return found if found.waiting else fill(kiosk)


def require_open(kiosk):
    """The kiosk works with it, and never had to mend it."""
    told = "cat /run/qoltanba/standing"
    require(until(lambda: "outbox=open" in kiosk.run(told), PATIENCE / 5), f"the queue is not open: {kiosk.run(told)}")
    said = kiosk.run(f"journalctl -q -b -o cat -u qoltanba-kiosk | grep -E '{DAMAGE}'; ls -d {FOLDER}/damaged-* 2>/dev/null")
    said += "\n".join(re.findall(r"QUE-0[15]", kiosk.run("cat /var/lib/qoltanba/left-behind.json")))
    require(not said.strip(), f"the queue was mended: {said}")
