"""Keys from a shared secret (ICAO 9303-11, 9.7.1)."""

import hashlib

ENC, MAC, PACE = 1, 2, 3
"""The counter for a key's purpose."""


def seed_of_mrz(information: str) -> bytes:
    """SHA-1 of the MRZ information; BAC uses the first 16 octets, PACE all."""
    return hashlib.sha1(information.encode("ascii")).digest()


def derive(secret: bytes, counter: int, cipher: str) -> bytes:
    """A key for `3DES-CBC-CBC`, `AES-CBC-CMAC-128`, `-192` or `-256`."""
    octets = secret + counter.to_bytes(4, "big")
    match cipher:
        case "3DES-CBC-CBC":
            # Parity bits are nobody's concern: DES ignores them.
            return hashlib.sha1(octets).digest()[:16]
        case "AES-CBC-CMAC-128":
            return hashlib.sha1(octets).digest()[:16]
        case "AES-CBC-CMAC-192":
            return hashlib.sha256(octets).digest()[:24]
        case "AES-CBC-CMAC-256":
            return hashlib.sha256(octets).digest()
    raise ValueError(f"no cipher {cipher}")
