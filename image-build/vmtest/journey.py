#!/usr/bin/env python3
"""A citizen's whole visit in a virtual machine, through the real drivers, by touches on its glass.

    journey.py IMAGE BUNDLES WALKS OFFICE [--work DIR]

IMAGE is a directory of build.sh, of the flavour `test`; BUNDLES one of bundles.sh, made of it. WALKS holds `set-up` and `enrol`, what `walkthrough --record` left of the
same program. OFFICE is the project's program `office`; it runs beside the machine. To be run by a Python that has what
tests/virtual_card needs.

A new kiosk is provisioned with the office's token on a USB drive. A citizen then applies: a card in a USB reader is read
through the card service, the face comes from a USB camera, picture and key file lie on a USB drive; the office decides, and the
certificate comes onto the drive, where OpenSSL finds that it belongs to the key. While the citizen is in the middle the office offers
an update: it waits until nobody is there, is fetched and installed, found good, and told to the office.

Exit status: 0 when all of it was done; pictures of every screen, serial.log and summary.json lie in --work.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from boot import until
from camera import Camera, still
from card import Card
from cases import Summary
from document_card import DocumentChip
from kiosk import PATIENCE, Kiosk, other, require
from machine import FIRST_CITIZENS_PORT, OFFICE_ADDRESS, OFFICE_PORT, Failed
from office import Office
from recorded import Walk, recorded

REPOSITORY = Path(__file__).resolve().parents[2]
FACE = REPOSITORY / "tests/fixtures/camera/astronaut-selfie.jpg"
DOCUMENT = REPOSITORY / "tests/fixtures/specimen_id_card.jpg"
# Of the recorded walk (src/bin/walkthrough/journey.rs).
PHONE, PASSWORD, FOLDER = "+77010000001", "Kilt2026", "Кілттер"
NAME = "machine-1"
LOCAL = "/var/lib/qoltanba-local"
UNIT = "qoltanba-kiosk.service"
CAMERA_PORT, READER_PORT, DRIVE_PORT = 1, FIRST_CITIZENS_PORT, FIRST_CITIZENS_PORT + 1


class Drive:
    """A FAT drive of a technician or a citizen."""

    def __init__(self, path, label):
        self.path = path
        subprocess.run(["truncate", "-s", "64M", path], check=True)
        subprocess.run(["/usr/sbin/mkfs.vfat", "-n", label, path], check=True, stdout=subprocess.DEVNULL)

    def mtools(self, program, *words):
        subprocess.run([program, "-i", self.path, *words], check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})

    def make_folder(self, name):
        self.mtools("mmd", f"::{name}")

    def put(self, source, name):
        self.mtools("mcopy", source, f"::{name}")

    def take_all(self, name, target):
        target.mkdir()
        self.mtools("mcopy", "-s", f"::{name}", target)
        return sorted(path for path in target.rglob("*") if path.is_file())

    def plug(self, machine):
        node = self.path.stem
        machine.qmp.execute("blockdev-add", driver="raw", **{"node-name": node}, file={"driver": "file", "filename": str(self.path)})
        machine.plug("usb-storage", f"drive-{node}", port=DRIVE_PORT, drive=node, serial=node)

    def pull(self, machine):
        node = self.path.stem
        machine.unplug(f"drive-{node}")
        gone = until(lambda: machine.serial.run("grep -c /run/media/kiosk/ /proc/mounts").strip() == "0")
        require(gone, "a pulled drive is still mounted")
        # Its file is closed a moment later.
        require(until(lambda: closed(machine, node)), "QEMU holds on to the drive")


def closed(machine, node):
    try:
        machine.qmp.execute("blockdev-del", **{"node-name": node})
    except Failed:
        return False
    return True


class Visit:
    def __init__(self, words):
        self.work = words.work.resolve()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.walks = words.walks
        self.chip = DocumentChip(self.work / "card")
        self.office = Office(words.office.resolve(), self.work / "office", self.chip.csca)
        self.kiosk = Kiosk(words.image, self.work / "disk", tpm=self.work / "tpm", office=self.office.port)
        self.bundle = self.work / "next.raucb"
        # Out of the file system that the machine of update.py gets.
        subprocess.run(["/usr/sbin/debugfs", "-R", f"dump next.raucb {self.bundle}", words.bundles / "bundles.img"], check=True, capture_output=True)
        self.camera = None
        self.card = None

    @property
    def machine(self):
        return self.kiosk.machine

    def close(self):
        self.kiosk.remove()
        self.office.stop()

    def drawn(self):
        seen = until(lambda: "screen=drawn" in self.kiosk.run("cat /run/qoltanba/standing"), PATIENCE / 5)
        require(seen, f"not drawn: {self.kiosk.run('cat /run/qoltanba/standing')}")

    def bring(self, file, target):
        """A small file of this host, for the kiosk's user to read."""
        import base64

        text = base64.b64encode(Path(file).read_bytes()).decode()
        self.kiosk.run(f"echo {text} | base64 -d >{target} && chmod 644 {target}")

    def start(self):
        self.office.start()
        slot = self.slot = self.kiosk.ready()
        # Which office it is to be of, a technician's drive says later.
        self.bring(self.chip.csca, f"{LOCAL}/csca.der")
        lines = [
            "[document]",
            f'csca = "{LOCAL}/csca.der"',
            "[update]",
            "ask_seconds = 20",
        ]
        self.kiosk.run(f"printf '%s\\n' '{chr(10).join(lines)}' >{LOCAL}/kiosk.toml; systemctl restart {UNIT}")
        self.drawn()
        return f"slot {slot} is good after {self.machine.age():.0f} s"

    def devices(self):
        frames = still(FACE)
        self.camera = Camera(frames)
        self.camera.plug(self.machine, CAMERA_PORT)
        path = self.machine.work / "card"
        address = {"type": "unix", "data": {"path": str(path)}}
        self.machine.qmp.execute("chardev-add", id="card", backend={"type": "socket", "data": {"addr": address, "server": True, "wait": False}})
        self.machine.plug("usb-ccid", "reader", READER_PORT)
        self.machine.qmp.execute("device_add", driver="ccid-card-passthru", id="card-in-reader", bus="reader.0", chardev="card")
        there = until(lambda: self.kiosk.run("ls /dev/qoltanba-camera 2>/dev/null").strip())
        require(there, "no camera came up")
        return self.kiosk.run("readlink /dev/qoltanba-camera; cat /sys/class/video4linux/video0/name").replace("\n", " ").strip()

    def provision(self):
        drive = Drive(self.work / "technician.img", "TECHNICIAN")
        carried = self.work / "technician"
        carried.mkdir()
        self.office.add_kiosk(NAME, carried, f"https://{OFFICE_ADDRESS}:{OFFICE_PORT}")
        drive.make_folder("qoltanba")
        for file in ("provisioning-token", "office.toml"):
            drive.put(carried / "qoltanba" / file, f"qoltanba/{file}")
        shutil.rmtree(carried)
        drive.plug(self.machine)
        compared = []

        def compare():
            compared.extend(self.office.confirm_kiosk(NAME))

        walk = Walk(self.machine, {"words-compared": compare})
        entries = recorded(self.walks / "set-up")
        last = next(i for i, entry in enumerate(entries) if entry.word == "words-compared")
        before = self.kiosk.run(f"systemctl show -P MainPID {UNIT}")
        walk.do(entries[: last + 1], seek=True)
        walk.picture("words-compared")
        # It ends by itself, and is started anew as that office's.
        started = until(lambda: self.kiosk.run(f"systemctl show -P MainPID {UNIT}") not in (before, "0\n"), PATIENCE / 5)
        require(started, "the kiosk was not started anew")
        self.drawn()
        drive.pull(self.machine)
        keys = self.kiosk.run("grep -l -e '-----BEGIN TSS2 PRIVATE KEY-----' -r /var/lib/qoltanba/identity | xargs -n 1 basename | sort | xargs").split()
        open_keys = self.kiosk.run("grep -l -e '-----BEGIN PRIVATE KEY-----' -r /var/lib/qoltanba/identity | wc -l").strip()
        require(keys and open_keys == "0", f"keys in the TPM: {keys}, in files: {open_keys}")
        return f"{walk.touches} touches; keys in the TPM: {' '.join(keys)}; words: {' '.join(compared)}"

    def enrol(self):
        self.drive = Drive(self.work / "citizen.img", "CITIZEN")
        self.drive.make_folder(FOLDER)
        self.drive.put(DOCUMENT, "zheke-kualik.jpg")
        self.drive.plug(self.machine)
        path = self.machine.work / "card"

        self.version = self.kiosk.version()

        def card_in():
            self.card = Card(path, self.chip)
            self.office.call("update", "add", self.bundle, "--version", f"{self.version}+next", "--window", "00:00-00:00")

        def card_out():
            self.card.take_out()
            self.card.close()

        walk = Walk(self.machine, {"code-begins": lambda: self.office.code(PHONE), "card-in": card_in, "card-out": card_out})
        decided = threading.Event()

        def desk():
            while not decided.wait(5):
                self.office.approve_open()

        operator = threading.Thread(target=desk, daemon=True)
        operator.start()
        before = self.kiosk.counts()
        begin = time.monotonic()
        try:
            *entries, last = recorded(self.walks / "enrol")
            walk.do(entries)
            # An install begins by making the other slot bad.
            require(self.kiosk.counts() == before, f"an update began while a citizen was there: {before}, {self.kiosk.counts()}")
            self.kiosk.expect_restart()
            walk.do([last])
        finally:
            decided.set()
            operator.join()
        walk.picture("after")
        return f"{walk.touches} touches in {time.monotonic() - begin:.0f} s, {len(self.card.commands)} commands to the card"

    def updated(self):
        """What was offered while the citizen was there comes when nobody is."""
        slot = self.slot
        now = self.kiosk.is_good(restarts=1)
        require(now == other(slot), f"slot {now} runs, GRUB chose {self.kiosk.choices()}")
        version = self.kiosk.version()
        require(version == f"{self.version}+next", f"{version} runs")
        told = until(lambda: (said := self.office.call("kiosk", "told", NAME)) and '"installed"' in said.lower() and said, PATIENCE / 5)
        require(told, f"the office was told: {self.office.call('kiosk', 'told', NAME)[-500:]}")
        failed = self.kiosk.run("systemctl --failed --plain --no-legend | cut -d' ' -f1 | xargs").strip()
        require(not failed, f"failed units: {failed}")
        return f"slot {now}, {version}"

    def collected(self):
        submissions = self.office.submissions()
        require(len(submissions) == 1 and submissions[0]["collected"] is True, f"the office has {submissions}")
        files = self.drive.take_all(FOLDER, self.work / "drive")
        require(len(files) == 1, f"on the drive: {[path.name for path in files]}")
        opened = ["openssl", "pkcs12", "-in", files[0], "-passin", f"pass:{PASSWORD}"]
        certificate = subprocess.check_output([*opened, "-clcerts", "-nokeys"])
        key = subprocess.check_output([*opened, "-nocerts", "-nodes"])
        of_certificate = subprocess.check_output(["openssl", "x509", "-noout", "-pubkey"], input=certificate)
        of_key = subprocess.check_output(["openssl", "pkey", "-pubout"], input=key)
        require(of_certificate == of_key, "certificate and key do not belong together")
        subject = subprocess.check_output(["openssl", "x509", "-noout", "-subject", "-issuer", "-nameopt", "utf8"], input=certificate).decode()
        return f"{files[0].name}: {' '.join(subject.split())}"


STEPS = [
    ("the machine starts, with an office in its network", Visit.start),
    ("camera and reader are plugged in", Visit.devices),
    ("a new kiosk is provisioned by touches", Visit.provision),
    ("a citizen applies by touches", Visit.enrol),
    ("an update that was offered meanwhile is installed and good", Visit.updated),
    ("certificate and key lie on the citizen's drive", Visit.collected),
]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("bundles", type=Path)
    words.add_argument("walks", type=Path)
    words.add_argument("office", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out/journey"))
    words = words.parse_args()
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    visit = Visit(words)
    summary = Summary([name for name, _ in STEPS], visit.work / "summary.json")
    try:
        for name, do in STEPS:
            begin = time.monotonic()
            try:
                summary.add(name, True, begin, do(visit))
            except (Failed, OSError, ValueError, subprocess.SubprocessError) as failed:
                summary.add(name, False, begin, str(failed))
                break
    finally:
        visit.close()
    return 0 if summary.all_well() else 1


if __name__ == "__main__":
    sys.exit(main())
