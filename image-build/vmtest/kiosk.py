"""A kiosk over many starts: a disk, and the machine that it is in while that one is on."""

import re
import subprocess

from machine import Failed, Gone, Machine

# The emulated machine on a busy host: five times what it takes on an idle one, and more.
PATIENCE = 1500
CHOSEN = r"Qoltanba: slot (\w), try (\d)"
GOOD = r"qoltanba-health: slot (\w) is good"


def other(slot):
    return "B" if slot == "A" else "A"


def require(right, text):
    if not right:
        raise Failed(text)


class Kiosk:
    """Its disk begins as the image's. `bundles` and `variables` are as in `Machine`; `tpm` may be changed while it is off."""

    def __init__(self, image, work, bundles=None, variables=None, tpm=None, office=None):
        self.image, self.work, self.office = image, work, office
        self.bundles, self.variables, self.tpm = bundles, variables, tpm
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
        work = self.work / f"start-{self.starts}"
        self.machine = Machine(self.image, work, disk=self.disk, bundles=self.bundles, variables=self.variables, tpm=self.tpm, office=self.office)
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

    def partition(self, name):
        """(where it begins on the disk, its length), in bytes."""
        listed = subprocess.check_output(["partx", "--noheadings", "--show", "--output", "NAME,START,SECTORS", self.disk], text=True)
        start, sectors = {name: numbers for name, *numbers in map(str.split, listed.splitlines())}[name]
        return int(start) * 512, int(sectors) * 512

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
        self.run("dmesg -n 1")
        if self.bundles:
            self.run("mkdir -p /run/bundles; mountpoint -q /run/bundles || mount -o ro /dev/disk/by-id/virtio-bundles /run/bundles")
        return slot

    def ready(self):
        """On, and good; its slot."""
        if not self.machine:
            self.on()
        return self.is_good()

    def expect_restart(self):
        """What was said until now is of a start that is over."""
        self.earlier = ""
        self.begin = len(self.machine.serial.text)

    def restart(self):
        self.expect_restart()
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
