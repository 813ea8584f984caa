#!/usr/bin/env python3
"""A kiosk with Secure Boot and a TPM in a virtual machine: what starts it, and who can read its data.

    secureboot.py IMAGE KEYS [--work DIR] [--cases WORD,WORD] [--list]

IMAGE is a directory of build.sh, of the flavour `test`; KEYS one of secureboot.sh, made of it. Serial logs, pictures and
summary.json go to --work. Cases are chosen by words of their names (--list).

Exit status: 0 when every chosen case was reached and is well.
"""

import argparse
import base64
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from boot import GROUND, TEXT
from cases import run_cases
from kiosk import PATIENCE, Kiosk, require
from machine import Failed

CANARY = "canary-of-the-data-partition"
KNOWN = "/var/lib/qoltanba-local/known"
WELCOME = "Welcome to"
REFUSED = r"qoltanba-data: the data partition cannot be opened \((\S+)\): ([^\n]*)"
# crates/faults: sealed to another board.
OF_ANOTHER_BOARD = "DSK-04"
# crates/fallback_screen: the ground of its words' frame and its error's colour.
ERROR = (0x9B, 0x1C, 0x1C)
MIB = 1 << 20


def replace(path, begin, length, old, new):
    """Other bytes of the same number, once, somewhere in this part of a file."""
    with open(path, "r+b") as file:
        file.seek(begin)
        found = file.read(length).split(old)
        require(len(found) == 2 and len(old) == len(new), f"{old} is there {len(found) - 1} times")
        file.seek(begin + len(found[0]))
        file.write(new)


def holds(path, begin, length, wanted):
    with open(path, "rb") as file:
        file.seek(begin)
        rest = b""
        for _ in range(length // MIB):
            block = file.read(MIB)
            if wanted in rest + block:
                return True
            rest = block[-len(wanted) :]
    return False


class SealedKiosk(Kiosk):
    """One with Secure Boot and a TPM, in whose data lies what is searched for later."""

    holds_canary = False

    def good(self):
        """On, and good; its slot. The kernel does not wait long for a TPM, which a busy host may not give its turn: a start that
        ends by that is followed by another, as anywhere."""
        if not self.machine:
            self.on()
        slot = self.is_good(restarts=2)
        if not self.holds_canary:
            self.run(f"echo {CANARY} >{KNOWN}; sync")
            self.holds_canary = True
        return slot

    def was_good(self):
        """Off, and its data as a good start left it."""
        if not self.holds_canary:
            self.good()
        self.off()

    def known(self):
        return self.run(f"cat {KNOWN}").strip()


def genuine(kiosk):
    slot = kiosk.good()
    secure = kiosk.run("od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-*").strip()
    require(secure == "1", f"the firmware says {secure}")
    lockdown = kiosk.run("cat /sys/kernel/security/lockdown").strip()
    require("[integrity]" in lockdown, f"lockdown: {lockdown}")
    require(slot == "A", f"slot {slot} is good; GRUB chose {kiosk.choices()}")
    failed = kiosk.run("systemctl --failed --plain --no-legend | cut -d' ' -f1 | xargs").strip()
    require(not failed, f"units failed: {failed}\n{kiosk.run(f'journalctl -b -o cat -n 20 -u {failed.split()[0]}') if failed else ''}")
    return f"slot {slot} is good, lockdown {lockdown}"


def sealed(kiosk):
    kiosk.good()
    mounted = kiosk.run("findmnt -no SOURCE /var; dmsetup table data | cut -d' ' -f3; dmsetup info -c --noheadings -o uuid data").split()
    require(mounted[:2] == ["/dev/mapper/data", "crypt"] and mounted[2].startswith("CRYPT-LUKS2"), str(mounted))
    header = json.loads(kiosk.run("cryptsetup luksDump --dump-json-metadata /dev/disk/by-partlabel/data"))
    tokens = {one["type"]: one for one in header["tokens"].values()}
    require(sorted(tokens) == ["qoltanba-recovery", "systemd-recovery", "systemd-tpm2"], str(sorted(tokens)))
    tpm = tokens["systemd-tpm2"]
    require(tpm["tpm2-pcrs"] == [7] and tpm["tpm2_pubkey_pcrs"] == [11], f"{tpm['tpm2-pcrs']}, {tpm.get('tpm2_pubkey_pcrs')}")
    require(len(header["keyslots"]) == 2, f"slots of keys: {sorted(header['keyslots'])}")
    # The phase is over in which the TPM gives the key out.
    late = kiosk.run("systemd-cryptsetup attach late /dev/disk/by-partlabel/data - tpm2-device=auto,headless=1; echo status $?")
    require("status 0" not in late, f"the TPM gives the key at any time: {late}")
    return "crypt; PCR 7, PCR 11 by signature, recovery; not given again later"


def after_cut(kiosk):
    kiosk.good()
    kiosk.cut()
    slot = kiosk.good()
    require(kiosk.known() == CANARY, "what was synced is not there")
    return f"slot {slot} is good, data whole"


def disk_alone(kiosk):
    kiosk.was_good()
    begin, length = kiosk.partition("data")
    require(holds(kiosk.disk, begin, MIB, b"LUKS\xba\xbe"), "no LUKS header: the search looks in the wrong place")
    require(not holds(kiosk.disk, begin, length, CANARY.encode()), "what was written there can be read")
    require(not holds(kiosk.disk, begin, length, b"qoltanba-kiosk.service"), "the journal can be read")
    return f"{length // MIB} MiB searched"


def recovery(kiosk, keys):
    kiosk.was_good()
    begin, length = kiosk.partition("data")
    volume = kiosk.work / "data.img"
    with open(kiosk.disk, "rb") as disk, open(volume, "wb") as copy:
        disk.seek(begin)
        copy.write(disk.read(32 * MIB))
        copy.truncate(length)

    def cryptsetup(*words, **more):
        return subprocess.run(["/usr/sbin/cryptsetup", *words, volume], capture_output=True, check=False, **more)

    header = json.loads(cryptsetup("luksDump", "--dump-json-metadata").stdout)
    locked = next(one["sealed"] for one in header["tokens"].values() if one["type"] == "qoltanba-recovery")
    words = ["openssl", "pkeyutl", "-decrypt", "-inkey", keys / "recovery.key", "-pkeyopt", "rsa_padding_mode:oaep"]
    words += ["-pkeyopt", "rsa_oaep_md:sha256"]
    opened = subprocess.run(words, input=base64.b64decode(locked), capture_output=True, check=True).stdout
    right = cryptsetup("open", "--test-passphrase", "--key-file", "-", input=opened)
    wrong = cryptsetup("open", "--test-passphrase", "--key-file", "-", input=b"another")
    volume.unlink()
    require(right.returncode == 0, f"not opened: {right.stderr.decode()}")
    require(wrong.returncode != 0, "anything opens it")
    return "opened by the recovery key of the header, without the TPM"


def tampered(kiosk):
    kiosk.was_good()
    begin, length = kiosk.partition("boot-A")
    # Who writes to the disk wants a shell.
    genuine, wanted = b"rauc.slot=A rd.shell=0", b"rauc.slot=A rd.shell=1"
    replace(kiosk.disk, begin, length, genuine, wanted)
    kiosk.on()
    kiosk.machine.serial.wait("not signed by us", PATIENCE)
    picture = kiosk.machine.picture("tampered")
    # GRUB's letters.
    require(len(picture.colours()) > 1, "the screen does not say it")
    slot = kiosk.is_good(restarts=5)
    choices = kiosk.choices()
    require(choices[:4] == ["A1", "A2", "A3", "B1"] and slot == "B", f"GRUB chose {choices}, good is {slot}")
    before, _, behind = kiosk.said().partition("Qoltanba: slot B")
    require(WELCOME not in before and WELCOME in behind, "something started from the tampered slot")
    reasons = re.findall(r"error: ([^\n]*)\s+(Qoltanba: slot A does not start: [^\n]*)", before)
    require(len(reasons) == 3, f"not refused three times: {before[-500:]}")
    # Another UKI, another PCR 11, the same data: its signature opens them.
    require(kiosk.known() == CANARY, "the other slot does not have the data")
    return f"{' '.join(choices)}; GRUB: {' '.join(reasons[0])}; B opens the same data"


def another_tpm(kiosk):
    kiosk.was_good()
    own, kiosk.tpm = kiosk.tpm, kiosk.work / "another-tpm"
    kiosk.on()
    serial = kiosk.machine.serial
    code, said = serial.wait(REFUSED, PATIENCE, refused=r"qoltanba-health: [^\n]*").groups()
    require(code == OF_ANOTHER_BOARD, f"it says {code}: {said}")
    end = time.monotonic() + PATIENCE / 5
    while not ((picture := kiosk.machine.picture("another-tpm")).share(ERROR) > 0.001 and picture.share(GROUND) > 0.2):
        require(time.monotonic() < end, f"the screen does not say it: {picture.colours(4)}")
        time.sleep(3)
    require(picture.share(TEXT) > 0.001, "a screen without words")
    require("qoltanba-test#" not in serial.text, "there is a shell")
    tries = len(re.findall(REFUSED, serial.text))
    require(tries == 1, f"it was tried {tries} times")
    kiosk.off()
    kiosk.tpm = own
    slot = kiosk.good()
    require(kiosk.known() == CANARY, "its own TPM does not open it any more")
    return f"it says {code}: {said.strip()}; with its own TPM slot {slot} is good again"


def tampered_loader(kiosk):
    kiosk.off()
    begin, length = kiosk.partition("esp")
    replace(kiosk.disk, begin, length, b"set timeout=0\n", b"set timeout=9\n")
    kiosk.on()
    serial = kiosk.machine.serial
    said = serial.wait(r"BdsDxe: failed to (?:load|start)[^\n]*(?:Access Denied|Security Violation)[^\n]*", PATIENCE, refused="Qoltanba: slot")
    kiosk.off()
    replace(kiosk.disk, begin, length, b"set timeout=9\n", b"set timeout=0\n")
    kiosk.on()
    kiosk.machine.serial.wait("Qoltanba: slot", PATIENCE)
    return said.group(0).strip()


def cases(keys):
    """(name, what to do, whether it needs a new disk)."""
    return [
        ("the genuine image starts", genuine, False),
        ("the data partition is sealed", sealed, False),
        ("the data is whole after a power cut", after_cut, False),
        ("the disk alone tells nothing", disk_alone, False),
        ("the recovery key opens the data", lambda kiosk: recovery(kiosk, keys), False),
        ("another TPM does not open the data, and the machine says so", another_tpm, False),
        ("a tampered UKI does not start", tampered, False),
        ("a tampered boot loader does not start", tampered_loader, False),
    ]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=Path)
    words.add_argument("keys", type=Path)
    words.add_argument("--work", type=Path, default=Path("vmtest-out/secureboot"))
    words.add_argument("--cases", default="")
    words.add_argument("--list", action="store_true")
    words = words.parse_args()
    chosen = [one for one in cases(words.keys) if any(word in one[0] for word in words.cases.split(","))]
    if words.list:
        print("\n".join(name for name, _, _ in chosen))
        return 0
    if not chosen:
        print(f"no case is called `{words.cases}`", file=sys.stderr)
        return 2
    # Ended from outside, the machine ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def new_kiosk(work):
        return SealedKiosk(words.image, work, variables=words.keys / "variables.fd", tpm=work / "tpm")

    return 0 if run_cases(chosen, new_kiosk, words.work.resolve()) else 1


if __name__ == "__main__":
    sys.exit(main())
