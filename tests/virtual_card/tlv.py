"""BER-TLV with definite lengths (ISO 7816-4, 5.2.2; ITU-T X.690, 8.1)."""

from collections.abc import Iterator
from dataclasses import dataclass


class TlvError(ValueError):
    """The octets are no sequence of data objects."""


@dataclass(frozen=True)
class DataObject:
    """One data object."""

    tag: int
    value: bytes
    raw: bytes


def read(octets: bytes) -> Iterator[DataObject]:
    """The data objects that follow one another in `octets`."""
    at = 0
    while at < len(octets):
        begin = at
        tag, at = _tag(octets, at)
        length, at = _length(octets, at)
        if at + length > len(octets):
            raise TlvError("a data object is longer than what holds it")
        yield DataObject(tag, octets[at : at + length], octets[begin : at + length])
        at += length


def only(octets: bytes, tag: int) -> bytes:
    """The value of the one data object that `octets` consist of."""
    found = list(read(octets))
    if len(found) != 1 or found[0].tag != tag:
        raise TlvError(f"not one data object {tag:X}")
    return found[0].value


def by_tag(octets: bytes) -> dict[int, bytes]:
    """Values by tag; of equal tags the last."""
    return {found.tag: found.value for found in read(octets)}


def write(tag: int, *values: bytes) -> bytes:
    """One data object of the values put together."""
    value = b"".join(values)
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length(len(value)) + value


def length(count: int) -> bytes:
    """A length field in its shortest form."""
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def _tag(octets: bytes, at: int) -> tuple[int, int]:
    tag, at = _octet(octets, at)
    if tag & 0x1F == 0x1F:
        more = 0x80
        while more & 0x80:
            more, at = _octet(octets, at)
            tag = tag << 8 | more
    return tag, at


def _length(octets: bytes, at: int) -> tuple[int, int]:
    first, at = _octet(octets, at)
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if not 1 <= count <= 4 or at + count > len(octets):
        raise TlvError("a length field is indefinite, too long or cut off")
    return int.from_bytes(octets[at : at + count], "big"), at + count


def _octet(octets: bytes, at: int) -> tuple[int, int]:
    if at >= len(octets):
        raise TlvError("a data object is cut off")
    return octets[at], at + 1
