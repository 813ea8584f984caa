"""A card in the virtual machine's reader: QEMU's smart card protocol (libcacard, vscard_common.h), spoken from outside.

Commands are remembered. Without a chip it has no application: every command gets 6A82.
"""

import contextlib
import socket
import struct
import threading

INIT, ERROR, READER_ADD, ATR, CARD_REMOVE, APDU, RECONNECT = 1, 2, 3, 5, 6, 7, 10
UNDEFINED_READER = 0xFFFFFFFF
VERSION = 2
# T=0, no historical bytes (ISO 7816-3).
ANSWER_TO_RESET = bytes.fromhex("3b600000")
NO_SUCH_FILE = bytes.fromhex("6a82")


class NoApplication:
    """What is inside of a card: this is the least."""

    answer_to_reset = ANSWER_TO_RESET

    def transmit(self, command):
        return NO_SUCH_FILE

    def reset(self):
        pass


class Card:
    """In the reader from now on."""

    def __init__(self, path, chip=None):
        self.commands = []
        self.chip = chip or NoApplication()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.send(INIT, 0, b"VSCD" + struct.pack(">II", VERSION, 0))
        self.send(READER_ADD, UNDEFINED_READER, b"test\0")
        self.send(ATR, 0, self.chip.answer_to_reset)
        threading.Thread(target=self.serve, daemon=True).start()

    def send(self, kind, reader, data):
        self.socket.sendall(struct.pack(">III", kind, reader, len(data)) + data)

    def serve(self):
        stream = self.socket.makefile("rb")
        try:
            while len(header := stream.read(12)) == 12:
                kind, reader, length = struct.unpack(">III", header)
                data = stream.read(length)
                if kind == APDU:
                    self.commands.append(data)
                    self.send(APDU, reader, self.chip.transmit(data))
                elif kind == RECONNECT:
                    self.chip.reset()
                    self.send(ATR, 0, self.chip.answer_to_reset)
        except OSError:
            pass

    def take_out(self):
        self.send(CARD_REMOVE, 0, b"")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
