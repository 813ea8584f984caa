"""Basic access control, the card's side (ICAO 9303-11, 4.3)."""

import os

from virtual_card import apdu, key_derivation
from virtual_card.apdu import StatusError
from virtual_card.ciphers import TripleDesCipher, pad, retail_mac, triple_des
from virtual_card.key_derivation import ENC, MAC

_CIPHER = "3DES-CBC-CBC"


class Bac:
    """One attempt: a challenge, then the mutual authentication."""

    def __init__(self, information: str) -> None:
        seed = key_derivation.seed_of_mrz(information)[:16]
        self._enc = triple_des(key_derivation.derive(seed, ENC, _CIPHER))
        self._mac = key_derivation.derive(seed, MAC, _CIPHER)
        self.challenge = os.urandom(8)

    def authenticate(self, data: bytes) -> tuple[bytes, TripleDesCipher]:
        """The answer to EXTERNAL AUTHENTICATE and the session keys."""
        if len(data) != 40:
            raise StatusError(apdu.WRONG_LENGTH)
        cryptogram, code = data[:32], data[32:]
        if retail_mac(self._mac, pad(cryptogram, 8)) != code:
            raise StatusError(apdu.ACCESS_KEY_WRONG)
        opened = self._enc.decryptor().update(cryptogram)
        terminal, challenge, terminal_key = opened[:8], opened[8:16], opened[16:]
        if challenge != self.challenge:
            raise StatusError(apdu.ACCESS_KEY_WRONG)
        key = os.urandom(16)
        answer = self._enc.encryptor().update(self.challenge + terminal + key)
        seed = bytes(a ^ b for a, b in zip(terminal_key, key, strict=True))
        cipher = TripleDesCipher(
            key_derivation.derive(seed, ENC, _CIPHER),
            key_derivation.derive(seed, MAC, _CIPHER),
            int.from_bytes(self.challenge[4:] + terminal[4:], "big"),
        )
        return answer + retail_mac(self._mac, pad(answer, 8)), cipher
