"""Command APDUs and status words (ISO 7816-3, 12.1; ISO 7816-4, 5.6)."""

from dataclasses import dataclass

# Status words that the card uses.
SUCCESS = 0x9000
END_OF_FILE = 0x6282
ACCESS_KEY_WRONG = 0x6300
WRONG_LENGTH = 0x6700
SECURITY_STATUS = 0x6982
BLOCKED = 0x6983
CONDITIONS_OF_USE = 0x6985
NO_CURRENT_FILE = 0x6986
SECURE_MESSAGING_MISSING = 0x6987
SECURE_MESSAGING_WRONG = 0x6988
WRONG_DATA = 0x6A80
FILE_NOT_FOUND = 0x6A82
WRONG_P1_P2 = 0x6A86
REFERENCE_NOT_FOUND = 0x6A88
WRONG_OFFSET = 0x6B00
INSTRUCTION_UNKNOWN = 0x6D00


class StatusError(Exception):
    """A command ends with this status word and no data."""

    def __init__(self, status: int) -> None:
        super().__init__(f"SW {status:04X}")
        self.status = status


@dataclass(frozen=True)
class Command:
    """A command; `le` is how many octets may be answered, None for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None
    extended: bool

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2."""
        return bytes([self.cla, self.ins, self.p1, self.p2])

    @property
    def p1_p2(self) -> int:
        """Both parameters as one number."""
        return self.p1 << 8 | self.p2

    @property
    def protected(self) -> bool:
        """Secure messaging with the header authenticated (ISO 7816-4, 5.4.1)."""
        return self.cla & 0x0C == 0x0C


def parse(octets: bytes) -> Command:
    """The command in `octets`, of one of the seven cases."""
    if len(octets) < 4:
        raise StatusError(WRONG_LENGTH)
    cla, ins, p1, p2 = octets[:4]
    data, le, extended = _body(octets[4:])
    return Command(cla, ins, p1, p2, data, le, extended)


def _body(body: bytes) -> tuple[bytes, int | None, bool]:
    if not body:
        return b"", None, False
    if len(body) == 1:
        return b"", body[0] or 256, False
    if body[0]:
        data, rest = _split(body[1:], body[0])
        if len(rest) > 1:
            raise StatusError(WRONG_LENGTH)
        return data, (rest[0] or 256) if rest else None, False
    if len(body) < 3:
        raise StatusError(WRONG_LENGTH)
    number = int.from_bytes(body[1:3], "big")
    if len(body) == 3:
        return b"", number or 65536, True
    data, rest = _split(body[3:], number)
    if not data or len(rest) not in (0, 2):
        raise StatusError(WRONG_LENGTH)
    return data, (int.from_bytes(rest, "big") or 65536) if rest else None, True


def _split(octets: bytes, count: int) -> tuple[bytes, bytes]:
    if len(octets) < count:
        raise StatusError(WRONG_LENGTH)
    return octets[:count], octets[count:]


def encode(
    ins: int,
    p1: int,
    p2: int,
    data: bytes = b"",
    le: int | None = None,
    *,
    cla: int = 0,
    extended: bool = False,
) -> bytes:
    """The octets of a command; `le` of 256 or 65536 asks for all there is."""
    octets = bytes([cla, ins, p1, p2])
    if not extended:
        if data:
            octets += bytes([len(data)]) + data
        return octets if le is None else octets + bytes([le & 0xFF])
    if data:
        octets += b"\0" + len(data).to_bytes(2, "big") + data
    elif le is not None:
        octets += b"\0"
    return octets if le is None else octets + (le & 0xFFFF).to_bytes(2, "big")
