"""The ciphers of secure messaging (ICAO 9303-11, 9.8.6 and 9.8.7), by pyca/cryptography."""

from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac
from cryptography.hazmat.primitives.ciphers import Cipher as Mode
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from virtual_card import key_derivation

_ZERO = bytes(8)


class Cipher(Protocol):
    """Session keys with their send sequence counter."""

    block: int
    """Octets of a block, to which whatever goes in has been padded."""

    def count(self) -> None:
        """Counts the send sequence counter up: before each command and each answer."""

    def encrypt(self, octets: bytes) -> bytes:
        """Whole blocks."""

    def decrypt(self, octets: bytes) -> bytes:
        """Whole blocks."""

    def mac(self, octets: bytes) -> bytes:
        """Eight octets over the counter and `octets`, whole blocks."""


def pad(octets: bytes, block: int) -> bytes:
    """Padding method 2 of ISO 9797-1."""
    return octets + b"\x80" + bytes(-(len(octets) + 1) % block)


def unpad(octets: bytes) -> bytes:
    """Without that padding."""
    stripped = octets.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise ValueError("no padding of ISO 9797-1, method 2")
    return stripped[:-1]


def retail_mac(key: bytes, octets: bytes) -> bytes:
    """MAC algorithm 3 of ISO 9797-1 with DES over whole blocks."""
    first, second = _des(key[:8]), _des(key[8:16])
    chained = Mode(first, modes.CBC(_ZERO)).encryptor().update(octets)[-8:]
    back = Mode(second, modes.ECB()).decryptor().update(chained)  # noqa: S305
    return Mode(first, modes.ECB()).encryptor().update(back)  # noqa: S305


def triple_des(key: bytes) -> Mode[modes.CBC]:
    """Two-key 3DES in CBC mode with an initialisation vector of zeros."""
    return Mode(TripleDES(key + key[:8]), modes.CBC(_ZERO))


def _des(key: bytes) -> TripleDES:
    # With one key three times, 3DES is DES.
    return TripleDES(key * 3)


class TripleDesCipher:
    """3DES and retail MAC."""

    block = 8

    def __init__(self, enc: bytes, mac: bytes, counter: int) -> None:
        self._enc = triple_des(enc)
        self._mac = mac
        self._counter = counter

    def count(self) -> None:
        self._counter = (self._counter + 1) % (1 << 64)

    def encrypt(self, octets: bytes) -> bytes:
        return self._enc.encryptor().update(octets)

    def decrypt(self, octets: bytes) -> bytes:
        return self._enc.decryptor().update(octets)

    def mac(self, octets: bytes) -> bytes:
        return retail_mac(self._mac, self._counter.to_bytes(8, "big") + octets)


class AesCipher:
    """AES-CBC with the encrypted counter as initialisation vector, and CMAC."""

    block = 16

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = algorithms.AES(enc)
        self._mac = algorithms.AES(mac)
        self._counter = 0

    def count(self) -> None:
        self._counter += 1

    def encrypt(self, octets: bytes) -> bytes:
        return self._cbc().encryptor().update(octets)

    def decrypt(self, octets: bytes) -> bytes:
        return self._cbc().decryptor().update(octets)

    def mac(self, octets: bytes) -> bytes:
        code = cmac.CMAC(self._mac)
        code.update(self._ssc() + octets)
        return code.finalize()[:8]

    def _ssc(self) -> bytes:
        return self._counter.to_bytes(16, "big")

    def _cbc(self) -> Mode[modes.CBC]:
        vector = Mode(self._enc, modes.ECB()).encryptor().update(self._ssc())  # noqa: S305
        return Mode(self._enc, modes.CBC(vector))


def from_secret(secret: bytes, cipher: str) -> Cipher:
    """Session keys of chip authentication, the counter at zero."""
    enc = key_derivation.derive(secret, key_derivation.ENC, cipher)
    mac = key_derivation.derive(secret, key_derivation.MAC, cipher)
    if cipher == "3DES-CBC-CBC":
        return TripleDesCipher(enc, mac, 0)
    return AesCipher(enc, mac)
