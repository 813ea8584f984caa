"""Active authentication, the card's side (ICAO 9303-11, 6.1)."""

import hashlib
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_HEADER = b"\x6a"
_TRAILER_SHA256 = b"\x34\xcc"


def sign(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, challenge: bytes) -> bytes:
    """The signature over the terminal's challenge, as the chip answers it."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _sign_rsa(key, challenge)
    # Plain: r and s side by side (TR-03111, 5.2.1).
    r, s = decode_dss_signature(key.sign(challenge, ec.ECDSA(hashes.SHA256())))
    octets = (key.curve.key_size + 7) // 8
    return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")


def _sign_rsa(key: rsa.RSAPrivateKey, challenge: bytes) -> bytes:
    """Scheme 1 of ISO 9796-2 with partial recovery, SHA-256."""
    octets = key.key_size // 8
    recoverable = os.urandom(octets - len(_HEADER) - 32 - len(_TRAILER_SHA256))
    digest = hashlib.sha256(recoverable + challenge).digest()
    message = int.from_bytes(_HEADER + recoverable + digest + _TRAILER_SHA256, "big")
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(message, numbers.d, modulus).to_bytes(octets, "big")
