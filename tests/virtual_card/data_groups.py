"""The elementary files of the eMRTD application (ICAO 9303-10, 4)."""

from virtual_card import tlv
from virtual_card.mrz import Holder
from virtual_card.portrait import SIZE, Encoding

TAGS = {
    1: 0x61, 2: 0x75, 3: 0x63, 4: 0x76, 5: 0x65, 6: 0x66, 7: 0x67, 8: 0x68,
    9: 0x69, 10: 0x6A, 11: 0x6B, 12: 0x6C, 13: 0x6D, 14: 0x6E, 15: 0x6F, 16: 0x70,
}  # fmt: skip
"""Template tags by data group."""


def com(numbers: list[int]) -> bytes:
    """EF.COM of LDS 1.7, Unicode 4.0.0."""
    return tlv.write(
        0x60,
        tlv.write(0x5F01, b"0107"),
        tlv.write(0x5F36, b"040000"),
        tlv.write(0x5C, bytes(TAGS[number] for number in sorted(numbers))),
    )


def dg1(lines: list[str]) -> bytes:
    """The machine-readable zone."""
    return tlv.write(TAGS[1], tlv.write(0x5F1F, "".join(lines).encode("ascii")))


def dg2(image: bytes, encoding: Encoding) -> bytes:
    """One face in a biometric data block of ISO 19794-5:2005."""
    header = tlv.write(
        0xA1,
        tlv.write(0x80, b"\x01\x01"),  # version of the patron's header
        tlv.write(0x81, b"\x02"),  # facial features
        tlv.write(0x87, b"\x01\x01"),  # owner of the format: ISO/IEC JTC 1/SC 37
        tlv.write(0x88, b"\x00\x08"),  # type of the format
    )
    block = tlv.write(0x5F2E, _face_record(image, encoding))
    template = tlv.write(0x7F60, header, block)
    return tlv.write(TAGS[2], tlv.write(0x7F61, tlv.write(0x02, b"\x01"), template))


def _face_record(image: bytes, encoding: Encoding) -> bytes:
    information = (20 + 12 + len(image)).to_bytes(4, "big") + bytes(
        [0, 0]  # no feature points
        + [2, 1, 1]  # female, eyes black, hair black
        + [0, 0, 0]  # property mask
        + [0, 0]  # expression
        + [0, 0, 0]  # pose
        + [0, 0, 0]  # its uncertainty
    )
    picture = (
        bytes([1, 0 if encoding == "jpeg" else 1])  # full frontal
        + SIZE[0].to_bytes(2, "big")
        + SIZE[1].to_bytes(2, "big")
        + bytes([1, 0, 0, 0, 0, 0])  # sRGB; source, device and quality unspecified
    )
    body = information + picture + image
    return b"FAC\x00010\x00" + (14 + len(body)).to_bytes(4, "big") + b"\x00\x01" + body


def dg11(holder: Holder, name: str) -> bytes:
    """Additional personal details: full name in national characters, personal number."""
    number = holder.optional_data.encode("ascii")
    return tlv.write(
        TAGS[11],
        tlv.write(0x5C, bytes.fromhex("5F0E5F10")),
        tlv.write(0x5F0E, name.encode("utf-8")),
        tlv.write(0x5F10, number),
    )


def dg12(authority: str, issued: str) -> bytes:
    """Additional document details: issuing authority, date of issue as YYYYMMDD."""
    return tlv.write(
        TAGS[12],
        tlv.write(0x5C, bytes.fromhex("5F195F26")),
        tlv.write(0x5F19, authority.encode("utf-8")),
        tlv.write(0x5F26, issued.encode("ascii")),
    )


def dg14(security_infos: bytes) -> bytes:
    """Security options."""
    return tlv.write(TAGS[14], security_infos)


def dg15(public_key_info: bytes) -> bytes:
    """The public key of active authentication."""
    return tlv.write(TAGS[15], public_key_info)


def atr_info(max_command: int, max_response: int) -> bytes:
    """EF.ATR/INFO: extended length information (ISO 7816-4, 12.7.1)."""
    return tlv.write(
        0x7F66,
        tlv.write(0x02, max_command.to_bytes(2, "big")),
        tlv.write(0x02, max_response.to_bytes(2, "big")),
    )
