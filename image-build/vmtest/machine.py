"""A virtual machine of QEMU: its monitor (QMP), its serial line, its screen and its touches."""

import base64
import codecs
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

FIRMWARE = Path("/usr/share/OVMF")
WIDTH, HEIGHT = 1080, 1920
# What a USB stick needs to be a citizen's, and what lies inside of the kiosk: see the udev rules.
FIRST_CITIZENS_PORT = 5
# Where the machine finds the office of `Machine(office=PORT)`.
OFFICE_ADDRESS, OFFICE_PORT = "10.0.2.100", 8443
RELAY = Path(__file__).with_name("relay.py")


class Failed(Exception):
    """Something that the test waits for did not come; the text says what."""


class Gone(Failed):
    """QEMU has ended."""


def wait_for_socket(path, process, patience=60):
    for _ in range(patience * 10):
        if process.poll() is not None:
            raise Failed(f"QEMU ended with {process.returncode}")
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
            return client
        except OSError:
            client.close()
            time.sleep(0.1)
    raise Failed(f"no connection to {path}")


def start_tpm(state, path):
    """A TPM of its own process; it ends with the machine that connects to `path`."""
    state.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={path}", "--terminate"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    for _ in range(100):
        if path.exists():
            return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise Failed("swtpm does not start")


class Qmp:
    def __init__(self, client):
        self.stream = client.makefile("rw", encoding="utf-8")
        json.loads(self.stream.readline())
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise Failed(f"QEMU is gone at {command}")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failed(f"{command}: {answer['error']['desc']}")


class Serial:
    """What the machine says on its serial line, and a shell there in images of the flavour `test`."""

    def __init__(self, client, log):
        self.client = client
        self.log = open(log, "wb")
        self.text = ""
        self.known = 0
        self.ended = False
        self.news = threading.Condition()
        self.numbers = itertools.count(1)
        # Always read: QEMU stops the machine's processors while nobody takes what it says, and its watchdog ends that.
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not self.ended:
            try:
                got = self.client.recv(65536)
            except OSError:
                got = b""
            with self.news:
                self.log.write(got)
                self.log.flush()
                self.text += decoder.decode(got).replace("\r", "")
                self.ended = not got
                self.news.notify_all()

    def read(self):
        """Waits a second at most for more than was there at the last call."""
        with self.news:
            self.news.wait_for(lambda: self.ended or len(self.text) > self.known, 1)
            if self.ended and len(self.text) == self.known:
                raise Gone("the serial line is gone: QEMU has ended")
            self.known = len(self.text)

    def wait(self, pattern, patience, start=0, refused=None):
        """The match of `pattern` in what came since `start`; `refused` ends the waiting."""
        end = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.text[start:])
            if found:
                return found
            if refused and (bad := re.search(refused, self.text[start:])):
                raise Failed(f"the machine says: {bad.group(0)}")
            if time.monotonic() > end:
                raise Failed(f"{patience} s without `{pattern}` on the serial line; its end:\n{self.text[-2000:]}")
            self.read()

    def run(self, command, patience=300):
        """Output of a command in the shell; whatever the kernel says meanwhile is kept apart."""
        number = next(self.numbers)
        start = len(self.text)
        self.client.sendall(f"printf '@@%s %s@@\\n' {number} \"$( ({command}) 2>&1 | base64 -w0)\"\n".encode())
        found = self.wait(rf"@@{number} ([A-Za-z0-9+/=]*)@@", patience, start)
        return base64.b64decode(found.group(1)).decode("utf-8", "replace")


class Picture:
    """A screen as 24-bit pixels, from a PPM file."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        if not header:
            raise Failed(f"{path} is no PPM picture")
        self.width, self.height = int(header.group(1)), int(header.group(2))
        self.pixels = data[header.end() :]

    def line(self, y, left=0, width=None, step=1):
        """Bytes of a line's pixels, or of each `step`th of them."""
        begin = (y * self.width + left) * 3
        line = self.pixels[begin : begin + (self.width if width is None else width) * 3]
        if step == 1:
            return line
        few = bytearray(len(line[:: 3 * step]) * 3)
        for colour in range(3):
            few[colour::3] = line[colour :: 3 * step]
        return bytes(few)

    def share(self, colour):
        """How much of the picture, 0 to 1, has exactly this colour (three bytes)."""
        # As numbers with a byte a pixel, one for each of red, green and blue: 1 where it is the wanted one.
        both = -1
        for plane, wanted in enumerate(colour):
            table = bytes(int(value == wanted) for value in range(256))
            both &= int.from_bytes(self.pixels[plane::3].translate(table), "little")
        return both.bit_count() * 3 / max(len(self.pixels), 1)

    def colours(self, most=6):
        counts = {}
        for i in range(0, len(self.pixels), 3):
            pixel = self.pixels[i : i + 3]
            counts[pixel] = counts.get(pixel, 0) + 1
        common = sorted(counts.items(), key=lambda item: -item[1])[:most]
        return [(tuple(pixel), round(count * 3 / len(self.pixels), 4)) for pixel, count in common]


class Machine:
    """Always emulated: a /dev/kvm that is there may still not start this kernel.

    Without `disk` it writes beside the image, and what it wrote is thrown away; with it, it uses that raw file, and
    a restart ends QEMU instead: whoever waits starts a new one. (After a reset of the emulated processors a kernel hung, as the
    timers of the second one did not come.)
    `bundles` is a second disk, read only. `variables` are those of a firmware with Secure Boot (secureboot.sh), `tpm` is the folder in
    which a TPM keeps itself. `office` is a port of this host that the machine reaches as `OFFICE_ADDRESS`; it reaches nothing else.
    """

    def __init__(self, image, work, direct=False, disk=None, bundles=None, variables=None, tpm=None, office=None):
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        # A disk made on top of it knows it by this path.
        image = Path(image).resolve()
        firmware = FIRMWARE / ("OVMF_CODE_4M.secboot.fd" if variables else "OVMF_CODE_4M.fd")
        own_variables = self.work / "ovmf-variables.fd"
        shutil.copyfile(variables or FIRMWARE / "OVMF_VARS_4M.fd", own_variables)
        kind, restart = "raw", "shutdown"
        if disk is None:
            restart = "reset"
            disk, kind = self.work / "disk.qcow2", "qcow2"
            subprocess.run(
                ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image / "disk.img", disk],
                check=True,
            )
        words = ["qemu-system-x86_64", "-name", "qoltanba", "-nodefaults", "-no-user-config", "-display", "none"]
        # Secure Boot's variables are written in system management mode only.
        words += ["-machine", "q35,smm=on" if variables else "q35", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "2048"]
        # Where the processor says that it copies bytes quickly the kernel leaves it to that, and the emulation takes them one by one.
        words += ["-cpu", "max,-erms,-fsrm"]
        words += ["-uuid", "716f6c74-616e-4261-8000-000000000001"]
        # Nothing is synced, as nothing must outlive this host: on a busy one mounting a partition took minutes for
        # that. A raw file still holds every finished write when QEMU is killed.
        words += ["-drive", f"file={disk},format={kind},if=none,id=disk,cache=unsafe", "-device", "virtio-blk-pci,drive=disk"]
        if bundles is not None:
            words += ["-drive", f"file={bundles},format=raw,if=none,id=bundles,readonly=on"]
            words += ["-device", "virtio-blk-pci,drive=bundles,serial=bundles"]
        words += ["-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT}", "-device", "virtio-multitouch-pci"]
        words += ["-device", "virtio-rng-pci", "-device", "i6300esb"]
        words += ["-action", f"watchdog=reset,reboot={restart}"]
        net = "user,id=net,restrict=on"
        if office:
            net += f",guestfwd=tcp:{OFFICE_ADDRESS}:{OFFICE_PORT}-cmd:{sys.executable} {RELAY} {office}"
        words += ["-netdev", net, "-device", "virtio-net-pci,netdev=net"]
        words += ["-device", "qemu-xhci,id=usb,addr=10.0,p2=8,p3=8"]
        words += ["-chardev", f"socket,id=serial,path={self.work}/serial,server=on,wait=off", "-serial", "chardev:serial"]
        words += ["-qmp", f"unix:{self.work}/qmp,server=on,wait=off"]
        if direct:
            words += ["-kernel", image / "vmlinuz", "-initrd", image / "initrd.img"]
            words += ["-append", (image / "cmdline-A").read_text().strip()]
        else:
            words += ["-drive", f"if=pflash,format=raw,readonly=on,file={firmware}"]
            words += ["-drive", f"if=pflash,format=raw,file={own_variables}"]
        if variables:
            words += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        self.tpm = None
        if tpm is not None:
            self.tpm = start_tpm(Path(tpm), self.work / "tpm")
            words += ["-chardev", f"socket,id=tpm,path={self.work}/tpm", "-tpmdev", "emulator,id=tpm,chardev=tpm"]
            words += ["-device", "tpm-tis,tpmdev=tpm"]
        for name in ("serial", "qmp"):
            (self.work / name).unlink(missing_ok=True)
        self.errors = open(self.work / "qemu.log", "wb")
        self.process = subprocess.Popen([os.fspath(w) for w in words], stderr=self.errors, stdin=subprocess.DEVNULL)
        self.started = time.monotonic()
        try:
            self.qmp = Qmp(wait_for_socket(self.work / "qmp", self.process))
            self.serial = Serial(wait_for_socket(self.work / "serial", self.process), self.work / "serial.log")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

        self.end_tpm()

    def cut(self):
        """The power is gone at once: whatever the machine had not handed to its disk is lost."""
        self.process.kill()
        self.process.wait()
        self.end_tpm()

    def end_tpm(self):
        # It ends with its connection; killed, it could leave half of its state.
        if self.tpm:
            self.tpm.wait(30)
        self.tpm = None

    def age(self):
        return time.monotonic() - self.started

    def worked(self):
        """Seconds of this host's processors that it has taken, which say more than a clock where others take most of them."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def throttle(self, bytes_per_second):
        """Its first disk takes no more than that from now on."""
        nothing = dict.fromkeys(("bps", "bps_rd", "iops", "iops_rd", "iops_wr"), 0)
        self.qmp.execute("block_set_io_throttle", device="disk", bps_wr=bytes_per_second, **nothing)

    def written(self):
        """Bytes that its first disk has taken since the machine was started."""
        return next(one["stats"]["wr_bytes"] for one in self.qmp.execute("query-blockstats") if one.get("device") == "disk")

    def picture(self, name):
        """Takes the screen: a PNG for people, its pixels for the test."""
        self.qmp.execute("screendump", filename=str(self.work / f"{name}.png"), format="png")
        return self.pixels()

    def pixels(self):
        """The screen for the test alone, which costs the machine less of its time."""
        ppm = self.work / "screen.ppm"
        self.qmp.execute("screendump", filename=str(ppm), format="ppm")
        picture = Picture(ppm)
        ppm.unlink()
        return picture

    def touch(self, x, y, seconds=0.15):
        """One finger at these pixels, down and up."""
        self.stroke([(x, y)], seconds)

    def stroke(self, places, seconds=0.15):
        """One finger down at the first of these pixels, along the others, `seconds` at each, and up."""

        # QEMU hands the tracking id on as it is: the finger leaves with -1, whatever the kind says.
        def axis(kind, name, value, tracking=1):
            return {"type": "mtt", "data": {"type": kind, "slot": 0, "tracking-id": tracking, "axis": name, "value": value}}

        def button(down):
            return {"type": "btn", "data": {"button": "touch", "down": down}}

        down = [axis("begin", "x", 0)]
        for x, y in places:
            at_x, at_y = x * 0x7FFF // WIDTH, y * 0x7FFF // HEIGHT
            events = [*down, axis("data", "x", at_x), axis("data", "y", at_y), *([button(True)] if down else [])]
            self.qmp.execute("input-send-event", events=events)
            down = []
            time.sleep(seconds)
        self.qmp.execute("input-send-event", events=[axis("end", "x", 0, -1), button(False)])

    def plug(self, driver, name, port=FIRST_CITIZENS_PORT, **properties):
        self.qmp.execute("device_add", driver=driver, id=name, bus="usb.0", port=str(port), **properties)

    def unplug(self, name):
        self.qmp.execute("device_del", id=name)
