"""A USB camera in software (USB Video Class 1.1, Motion JPEG over a bulk endpoint), and what it sees.

The machine's own driver (`uvcvideo`) finds, opens and reads it as it would a camera of glass.
"""

import struct
import subprocess
import time
from pathlib import Path

from machine import wait_for_socket
from usbredir import CLEAR_FEATURE_OF_ENDPOINT, Device

WIDTH, HEIGHT = 1280, 720
# The face of the tests' camera pictures.
FACE = Path(__file__).resolve().parents[2] / "tests/fixtures/camera/astronaut-selfie.jpg"
# By how many pixels a still moves: a real camera never sends the same frame twice.
SWAYS = [(0, 0), (1, 0), (2, 1), (2, 2), (1, 2), (0, 1)]

# 100 ns: at 30, 15 and 10 frames a second.
INTERVALS = [333333, 666666, 1000000]
STREAMING, ENDPOINT, PACKET = 1, 0x81, 512
# A transfer is a payload of this size at most: 32 packets are what `uvcvideo` reads at once.
PAYLOAD = 32 * PACKET
LARGEST_FRAME = 1 << 20
CLOCK = 48_000_000
# UVC 1.1: table 2-6 (end of header, end of frame, frame identifier), table 4-75 (sections 4.3.1.1), A.8.
END_OF_HEADER, END_OF_FRAME, FRAME_IDENTIFIER = 0x80, 0x02, 0x01
PROBE, COMMIT = 1, 2
SET_CUR, GET_CUR, GET_MIN, GET_MAX, GET_LEN, GET_INFO, GET_DEF = 0x01, 0x81, 0x82, 0x83, 0x85, 0x86, 0x87
TO_INTERFACE, FROM_INTERFACE = 0x21, 0xA1
NEGOTIATION = struct.Struct("<HBBIHHHHHIIIBBBB")


def ffmpeg(*words):
    done = subprocess.run(["ffmpeg", "-v", "error", *words, "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "4", "-"], check=True, stdout=subprocess.PIPE)
    return done.stdout


def still(picture=FACE):
    """The frames of a picture that moves a little; JPEG each."""
    frames = []
    for left, top in SWAYS:
        cut = f"scale={WIDTH + 2}:{HEIGHT + 2},format=yuvj444p,crop={WIDTH}:{HEIGHT}:{left}:{top},format=yuvj422p"
        frames.append(ffmpeg("-i", str(picture), "-vf", cut))
    return frames


def black():
    """A covered lens, which is not quite the same twice either."""
    return [ffmpeg("-f", "lavfi", "-i", f"color=0x{grey:06x}:s={WIDTH}x{HEIGHT}:d=0.04:r=25", "-vf", "format=yuvj422p") for grey in (0x010101, 0x020202)]


def descriptor(*parts):
    """Its length before it."""
    body = b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)
    return bytes([len(body) + 1]) + body


def configuration():
    """One camera without controls, one format, one size (UVC 1.1, sections 3.6 to 3.9)."""
    terminals = descriptor(0x24, 0x02, 1, struct.pack("<H", 0x0201), bytes(8), 3, bytes(3))
    terminals += descriptor(0x24, 0x03, 2, struct.pack("<H", 0x0101), 0, 1, 0)
    header = descriptor(0x24, 0x01, struct.pack("<HHI", 0x0110, 13 + len(terminals), CLOCK), 1, STREAMING)
    frame_rate = [WIDTH * HEIGHT * 4 * 10_000_000 // interval for interval in (INTERVALS[-1], INTERVALS[0])]
    formats = descriptor(0x24, 0x06, 1, 1, 1, 1, bytes(4))
    sizes = struct.pack("<HHIIII", WIDTH, HEIGHT, *frame_rate, LARGEST_FRAME, INTERVALS[0])
    formats += descriptor(0x24, 0x07, 1, 0, sizes, len(INTERVALS), struct.pack(f"<{len(INTERVALS)}I", *INTERVALS))
    formats += descriptor(0x24, 0x0D, 1, 1, 4)
    inputs = descriptor(0x24, 0x01, 1, struct.pack("<H", 14 + len(formats)), ENDPOINT, 0, 2, 0, 0, 0, 1, 0)
    interfaces = descriptor(0x0B, 0, 2, 0x0E, 0x03, 0, 2)
    interfaces += descriptor(0x04, 0, 0, 0, 0x0E, 0x01, 0, 2) + header + terminals
    interfaces += descriptor(0x04, STREAMING, 0, 1, 0x0E, 0x02, 0, 0) + inputs + formats
    interfaces += descriptor(0x05, ENDPOINT, 0x02, struct.pack("<H", PACKET), 0)
    # Fed by the bus, 500 mA.
    return descriptor(0x02, struct.pack("<H", 9 + len(interfaces)), 2, 1, 0, 0x80, 250) + interfaces


class Camera(Device):
    """Sees `frames`, JPEG of 1280x720 each, one after the other and again from the first; `frames_a_second` at most, and only what is asked for."""

    def __init__(self, frames, frames_a_second=10):
        # A number that its owner (pid.codes) gives away for tests.
        described = descriptor(0x01, struct.pack("<H", 0x0200), 0xEF, 0x02, 0x01, 64, struct.pack("<HHH", 0x1209, 0x0001, 0x0100), 1, 2, 3, 1)
        super().__init__(described, configuration(), ["Qoltanba", "Test camera", "CAMERA01"])
        self.frames = frames
        self.period = 1 / frames_a_second
        self.negotiated = self.offer(INTERVALS[0])
        # Frames that were read, and how often a driver began to read.
        self.shown = self.opened = 0
        self.running = False
        # Payloads of the frame that is on its way, and when the next frame may begin.
        self.payloads = []
        self.next_at = 0.0
        self.machine = None

    def plug(self, machine, port):
        address = {"type": "unix", "data": {"path": str(machine.work / "camera")}}
        machine.qmp.execute("chardev-add", id="camera", backend={"type": "socket", "data": {"addr": address, "server": True, "wait": False}})
        machine.plug("usb-redir", "camera-device", port, chardev="camera")
        self.machine, self.running = machine, False
        self.connect(wait_for_socket(machine.work / "camera", machine.process))

    def pull(self):
        self.machine.unplug("camera-device")
        self.close()
        self.running = False

    def show(self, frames):
        self.frames = frames

    def is_read(self):
        """A driver has it running."""
        return self.running and self.thread.is_alive()

    @staticmethod
    def offer(interval):
        return NEGOTIATION.pack(1, 1, 1, interval, 0, 0, 0, 0, 0, LARGEST_FRAME, PAYLOAD, CLOCK, 3, 0, 0, 0)

    def control(self, kind, value, index, data):
        request_type, request = kind
        if kind == CLEAR_FEATURE_OF_ENDPOINT:
            # How a driver ends the stream of a bulk endpoint.
            self.running = False
            return b""
        if index != STREAMING or value >> 8 not in (PROBE, COMMIT):
            return None
        if (request_type, request) == (TO_INTERFACE, SET_CUR):
            wanted = struct.unpack_from("<I", data, 4)[0]
            self.negotiated = self.offer(next((interval for interval in INTERVALS if interval >= wanted), INTERVALS[-1]))
            if value >> 8 == COMMIT:
                self.running, self.payloads = True, []
                self.opened += 1
            return b""
        if request_type != FROM_INTERFACE:
            return None
        answers = {GET_CUR: self.negotiated, GET_DEF: self.offer(INTERVALS[0])}
        answers |= {GET_MIN: self.offer(INTERVALS[0]), GET_MAX: self.offer(INTERVALS[-1])}
        answers |= {GET_LEN: struct.pack("<H", NEGOTIATION.size), GET_INFO: b"\x03"}
        return answers.get(request)

    def feed(self):
        while self.wanted and self.running:
            if not self.payloads:
                now = time.monotonic()
                if now < self.next_at:
                    return self.next_at - now
                self.next_at = now + max(self.period, struct.unpack_from("<I", self.negotiated, 4)[0] / 10_000_000)
                self.payloads = self.payloads_of(self.frames[self.shown % len(self.frames)])
                self.shown += 1
            self.answer_bulk(self.wanted.popleft(), self.payloads.pop(0))
        return None

    def payloads_of(self, frame):
        """Each with its header of two bytes (UVC 1.1, section 2.4.3.3)."""
        flags = END_OF_HEADER | (FRAME_IDENTIFIER if self.shown % 2 else 0)
        room = PAYLOAD - 2
        parts = [frame[at : at + room] for at in range(0, len(frame), room)]
        return [bytes([2, flags | (END_OF_FRAME if part is parts[-1] else 0)]) + part for part in parts]
