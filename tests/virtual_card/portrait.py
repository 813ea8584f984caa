"""A drawn portrait whose encoding has exactly the wanted number of octets."""

import io
import random
from typing import Literal

from PIL import Image, ImageDraw

Encoding = Literal["jpeg", "jpeg2000"]

SIZE = (413, 531)
"""Width and height in pixels: 35 x 45 mm at 300 dots per inch."""


def portrait(encoding: Encoding, octets: int) -> bytes:
    """A portrait of exactly `octets` octets, at least 4,000."""
    picture = _draw()
    encode = _jpeg if encoding == "jpeg" else _jpeg2000
    # Either filling needs a header of its own.
    room = octets - 8
    low, high, best = 1, 100, b""
    while low <= high:
        quality = (low + high) // 2
        encoded = encode(picture, quality)
        if len(encoded) <= room:
            best, low = encoded, quality + 1
        else:
            high = quality - 1
    if not best:
        raise ValueError(f"no {encoding} of {octets} octets")
    fill = _fill_jpeg if encoding == "jpeg" else _fill_jpeg2000
    return fill(best, octets)


def _draw() -> Image.Image:
    # Pillow's own noise has no seed; without noise nothing compresses to 60 kB.
    noise = random.Random(9303).randbytes(SIZE[0] * SIZE[1])
    picture = Image.frombytes("L", SIZE, noise).point(lambda level: 150 + level // 4)
    picture = picture.convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((56, 410, 356, 760), fill=(52, 74, 104))
    draw.ellipse((121, 110, 291, 340), fill=(214, 178, 150))
    draw.chord((111, 90, 301, 290), 180, 360, fill=(58, 42, 34))
    for x in (165, 232):
        draw.ellipse((x, 215, x + 18, 228), fill=(40, 30, 26))
    draw.arc((175, 260, 240, 300), 20, 160, fill=(140, 70, 66), width=4)
    return picture


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _jpeg2000(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG2000", quality_mode="rates", quality_layers=[202 - 2 * quality])
    return out.getvalue()


def _fill_jpeg(encoded: bytes, octets: int) -> bytes:
    """Comment segments right after SOI (ITU-T T.81, B.2.4.5)."""
    missing = octets - len(encoded)
    segments = b""
    while missing:
        # Never leave less than a whole segment for the next.
        part = missing if missing <= 65_537 else min(65_537, missing - 4)
        segments += b"\xff\xfe" + (part - 2).to_bytes(2, "big") + bytes(part - 4)
        missing -= part
    return encoded[:2] + segments + encoded[2:]


def _fill_jpeg2000(encoded: bytes, octets: int) -> bytes:
    """A free box at the end (ISO 15444-1, annex I; ISO 14496-12, 8.1.2)."""
    # The code stream's box may say that it goes to the end of the file.
    at = 0
    while at < len(encoded):
        size = int.from_bytes(encoded[at : at + 4], "big")
        if size == 0:
            size = len(encoded) - at
            encoded = encoded[:at] + size.to_bytes(4, "big") + encoded[at + 4 :]
        at += size
    missing = octets - len(encoded)
    return encoded + missing.to_bytes(4, "big") + b"free" + bytes(missing - 8)
