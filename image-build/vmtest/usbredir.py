"""A USB device in software, handed to the virtual machine by QEMU's `usb-redir`: the host side of its protocol (usbredirproto.h, 0.7)."""

import collections
import contextlib
import select
import socket
import struct
import threading

HELLO, DEVICE_CONNECT, INTERFACE_INFO, EP_INFO = 0, 1, 4, 5
SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION_STATUS = 6, 7, 8
SET_ALT_SETTING, GET_ALT_SETTING, ALT_SETTING_STATUS = 9, 10, 11
CANCEL_DATA_PACKET = 21
CONTROL_PACKET, BULK_PACKET = 100, 101
SUCCESS, CANCELLED, STALL = 0, 1, 4
HIGH_SPEED = 2
TYPE_CONTROL, TYPE_INVALID = 0, 255
# connect_device_version, ep_info_max_packet_size, 64bits_ids, 32bits_bulk_length: without the last three QEMU refuses the device on xHCI.
CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6
# How many endpoints and interfaces the protocol's tables have.
PLACES = 32

# USB 2.0, chapter 9.
GET_DESCRIPTOR = (0x80, 6)
CLEAR_FEATURE_OF_ENDPOINT = (0x02, 1)
DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = 1, 2, 3, 4, 5
ENGLISH = 0x0409

# What the machine waits for on a bulk endpoint: the packet's number, the endpoint, how many bytes at most.
Wanted = collections.namedtuple("Wanted", "id endpoint length stream")


def descriptors_in(configuration):
    while configuration:
        yield configuration[: configuration[0]]
        configuration = configuration[configuration[0] :]


class Device:
    """`descriptor` and `configuration` (whole, USB 2.0 section 9.6) say what it is. A class of it answers `control`, and `feed`s its endpoints."""

    def __init__(self, descriptor, configuration, strings):
        self.descriptor, self.configuration, self.strings = descriptor, configuration, strings
        self.socket = self.thread = None
        # Requests of the machine for bulk data, the oldest first.
        self.wanted = collections.deque()
        self.configured = 0
        self.alternates = collections.Counter()
        # After the greeting numbers have 64 bits.
        self.greeted = False

    def connect(self, client):
        """Plugged in by the socket of the machine's side."""
        client.settimeout(None)
        self.socket, self.greeted = client, False
        self.wanted.clear()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        if self.thread:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.thread.join()
            self.socket.close()
        self.thread = None

    def control(self, kind, value, index, data):
        """Answer to a request of class or standard: bytes, or None to refuse it. `kind` is (bmRequestType, bRequest)."""
        return None

    def feed(self):
        """Answers of `wanted` what there is; seconds until there will be more, None when only the machine's next word changes that."""
        return None

    def serve(self):
        buffer = b""
        # Closed from either side: the device is pulled.
        with contextlib.suppress(OSError):
            self.send(HELLO, 0, struct.pack("<64sI", b"qoltanba test device", CAPABILITIES))
            while True:
                readable, _, _ = select.select([self.socket], [], [], self.feed())
                if not readable:
                    continue
                got = self.socket.recv(65536)
                if not got:
                    return
                buffer += got
                while (packet := self.first_packet(buffer)) is not None:
                    kind, number, body, buffer = packet
                    self.take(kind, number, body)

    def header(self):
        return struct.Struct("<IIQ" if self.greeted else "<III")

    def first_packet(self, buffer):
        """(type, number, body, what follows), or None while it is not whole."""
        header = self.header()
        if len(buffer) < header.size:
            return None
        kind, length, number = header.unpack_from(buffer)
        end = header.size + length
        return (kind, number, buffer[header.size : end], buffer[end:]) if len(buffer) >= end else None

    def send(self, kind, number, body):
        self.socket.sendall(self.header().pack(kind, len(body), number) + body)

    def take(self, kind, number, body):
        if kind == HELLO:
            self.greeted = True
            self.introduce()
        elif kind == SET_CONFIGURATION:
            self.configured = body[0]
            self.send(CONFIGURATION_STATUS, number, bytes([SUCCESS, self.configured]))
        elif kind == GET_CONFIGURATION:
            self.send(CONFIGURATION_STATUS, number, bytes([SUCCESS, self.configured]))
        elif kind == SET_ALT_SETTING:
            self.alternates[body[0]] = body[1]
            self.send(ALT_SETTING_STATUS, number, bytes([SUCCESS, body[0], body[1]]))
        elif kind == GET_ALT_SETTING:
            self.send(ALT_SETTING_STATUS, number, bytes([SUCCESS, body[0], self.alternates[body[0]]]))
        elif kind == CONTROL_PACKET:
            self.take_control(number, body)
        elif kind == BULK_PACKET:
            endpoint, _, low, stream, high = struct.unpack_from("<BBHIH", body)
            self.wanted.append(Wanted(number, endpoint, high << 16 | low, stream))
        elif kind == CANCEL_DATA_PACKET:
            for one in [one for one in self.wanted if one.id == number]:
                self.wanted.remove(one)
                self.answer_bulk(one, b"", CANCELLED)

    def introduce(self):
        """What it consists of, before it is there."""
        types, intervals, owners = [TYPE_INVALID] * PLACES, [0] * PLACES, [0] * PLACES
        sizes = [0] * PLACES
        types[0] = types[16] = TYPE_CONTROL
        sizes[0] = sizes[16] = self.descriptor[7]
        interfaces = []
        for one in descriptors_in(self.configuration):
            if one[1] == INTERFACE and one[3] == 0:
                interfaces.append((one[2], one[5], one[6], one[7]))
            elif one[1] == ENDPOINT:
                place = (one[2] & 0x80) >> 3 | one[2] & 0x0F
                types[place], intervals[place], owners[place] = one[3] & 3, one[6], interfaces[-1][0]
                sizes[place] = struct.unpack_from("<H", one, 4)[0]
        self.send(EP_INFO, 0, bytes(types + intervals + owners) + struct.pack(f"<{PLACES}H", *sizes))
        columns = [bytes(column).ljust(PLACES, b"\0") for column in zip(*interfaces)]
        self.send(INTERFACE_INFO, 0, struct.pack("<I", len(interfaces)) + b"".join(columns))
        # Class, subclass and protocol; vendor, product and version.
        self.send(DEVICE_CONNECT, 0, bytes([HIGH_SPEED]) + self.descriptor[4:7] + self.descriptor[8:14])

    def take_control(self, number, body):
        endpoint, request, request_type, _, value, index, length = struct.unpack_from("<BBBBHHH", body)
        kind, outwards = (request_type, request), request_type & 0x80 == 0
        if kind == GET_DESCRIPTOR:
            answer = self.described(value >> 8, value & 0xFF)
        else:
            answer = self.control(kind, value, index, body[10:])
        status = STALL if answer is None else SUCCESS
        data = b"" if answer is None or outwards else answer[:length]
        moved = length if outwards and status == SUCCESS else len(data)
        self.send(CONTROL_PACKET, number, struct.pack("<BBBBHHH", endpoint, request, request_type, status, value, index, moved) + data)

    def described(self, kind, number):
        if kind == DEVICE:
            return self.descriptor
        if kind == CONFIGURATION:
            return self.configuration
        if kind == STRING and number <= len(self.strings):
            text = self.strings[number - 1].encode("utf-16-le") if number else struct.pack("<H", ENGLISH)
            return bytes([2 + len(text), STRING]) + text
        return None

    def answer_bulk(self, wanted, data, status=SUCCESS):
        size = len(data)
        self.send(BULK_PACKET, wanted.id, struct.pack("<BBHIH", wanted.endpoint, status, size & 0xFFFF, wanted.stream, size >> 16) + data)
