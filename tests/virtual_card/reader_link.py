"""The card in vsmartcard's virtual reader (vpcd)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from virtual_card.config import CardConfig
from virtual_card.faults import Dropped, FaultyChip, Stalled

PORT = 35963

# vpcd's control octets; an APDU is longer.
_POWER_OFF, _POWER_ON, _RESET, _GET_ATR = 0, 1, 2, 4


@dataclass
class Traffic:
    """What happened since the last power up."""

    apdus: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    computing_ms: float = 0

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def answer_to_reset(extended: bool) -> bytes:
    """T=1; historical bytes with card capabilities (ISO 7816-4, 12.1.1.8)."""
    third = 0x40 if extended else 0x00
    historical = bytes([0x00, 0x73, 0xC8, third, 0x00, 0x00, 0x90, 0x00])
    octets = bytes([0x3B, 0x80 | len(historical), 0x80, 0x01]) + historical
    check = 0
    for octet in octets[1:]:
        check ^= octet
    return octets + bytes([check])


class InsertedCard:
    """A card in the reader, served by a thread of its own until taken out."""

    def __init__(
        self,
        chip: FaultyChip,
        config: CardConfig,
        port: int,
        session_ended: Callable[[Traffic], None],
    ) -> None:
        self._chip = chip
        self._config = config
        self._session_ended = session_ended
        self._traffic = Traffic()
        self._socket = _connect(port)
        self._taken_out = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def take_out(self) -> None:
        """As a hand would."""
        self._taken_out.set()
        # The card may have left before, or the reader.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def wait(self) -> None:
        """Until the card is out."""
        self._thread.join()

    def _serve(self) -> None:
        try:
            while True:
                self._message(self._receive())
        except (Dropped, EOFError, OSError):
            pass
        except Stalled:
            self._taken_out.wait()
        self._socket.close()
        self._end_session()

    def _message(self, message: bytes) -> None:
        if len(message) > 1:
            self._apdu(message)
        elif message == bytes([_GET_ATR]):
            self._send(answer_to_reset(self._config.extended))
        else:
            self._end_session()
            self._chip.reset()

    def _apdu(self, command: bytes) -> None:
        begun = time.monotonic()
        answer = self._chip.transmit(command)
        taken = time.monotonic() - begun
        self._traffic.apdus += 1
        self._traffic.bytes_in += len(command)
        self._traffic.bytes_out += len(answer)
        self._traffic.computing_ms += taken * 1000
        # What a slow card would have taken, its computing included.
        model = self._config.latency_ms / 1000
        if self._config.bytes_per_second:
            model += (len(command) + len(answer)) / self._config.bytes_per_second
        if model > taken:
            time.sleep(model - taken)
        self._send(answer)

    def _end_session(self) -> None:
        if self._traffic.apdus:
            self._session_ended(self._traffic)
            self._traffic = Traffic()

    def _send(self, octets: bytes) -> None:
        self._socket.sendall(len(octets).to_bytes(2, "big") + octets)

    def _receive(self) -> bytes:
        length = int.from_bytes(self._exactly(2), "big")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            # vpcd writes length and message apart and waits for the first's
            # acknowledgement: 43 ms an APDU, were it delayed. Linux forgets this
            # option by itself.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            received = self._socket.recv(count - len(octets))
            if not received:
                raise EOFError
            octets += received
        return octets


def _connect(port: int) -> socket.socket:
    """vpcd takes one card; it listens some time after pcscd has started."""
    end = time.monotonic() + 20
    while True:
        try:
            connected = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
