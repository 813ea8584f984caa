"""Secure messaging, the card's side (ICAO 9303-11, 9.8)."""

from dataclasses import replace

from virtual_card import apdu, tlv
from virtual_card.apdu import Command, StatusError
from virtual_card.ciphers import Cipher, pad, unpad

PADDED_CRYPTOGRAM = 0x87
CRYPTOGRAM = 0x85
EXPECTED_LENGTH = 0x97
STATUS = 0x99
MAC = 0x8E


class SecureMessaging:
    """One session. After the first wrong command it must not be used again."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def open(self, command: Command) -> Command:
        """The command within a protected one."""
        self._cipher.count()
        try:
            return self._open(command)
        except ValueError as error:
            raise StatusError(apdu.SECURE_MESSAGING_WRONG) from error

    def close(self, command: Command, data: bytes, status: int) -> bytes:
        """The protected answer to `command`, status word included."""
        self._cipher.count()
        octets = self._data_object(command, data) if data else b""
        octets += tlv.write(STATUS, status.to_bytes(2, "big"))
        code = self._cipher.mac(pad(octets, self._cipher.block))
        return octets + tlv.write(MAC, code) + status.to_bytes(2, "big")

    def room(self, limit: int) -> int:
        """How much plain data an answer of at most `limit` octets, less SW1 SW2, holds."""
        block = self._cipher.block
        # 99 02 SW SW and 8E 08 MAC; the tag and a padding indicator.
        left = limit - 4 - 10 - 2
        blocks = (left - 1) // block
        while len(tlv.length(blocks * block + 1)) + blocks * block > left:
            blocks -= 1
        return blocks * block - 1

    def _open(self, command: Command) -> Command:
        found = list(tlv.read(command.data))
        values = {one.tag: one.value for one in found}
        protected = b"".join(one.raw for one in found if one.tag != MAC)
        octets = pad(command.header, self._cipher.block)
        if protected:
            octets += pad(protected, self._cipher.block)
        if found[-1:] != [one for one in found if one.tag == MAC] or (
            values[MAC] != self._cipher.mac(octets)
        ):
            raise ValueError("the MAC is missing, misplaced or wrong")
        return replace(
            command,
            cla=command.cla & ~0x0C,
            data=self._decrypted(values),
            le=_expected(values.get(EXPECTED_LENGTH)),
        )

    def _decrypted(self, values: dict[int, bytes]) -> bytes:
        cryptogram = values.get(CRYPTOGRAM)
        if PADDED_CRYPTOGRAM in values:
            indicated = values[PADDED_CRYPTOGRAM]
            if indicated[:1] != b"\x01":
                raise ValueError("the padding indicator is not 01")
            cryptogram = indicated[1:]
        if cryptogram is None:
            return b""
        if not cryptogram or len(cryptogram) % self._cipher.block:
            raise ValueError("a cryptogram is no whole blocks")
        return unpad(self._cipher.decrypt(cryptogram))

    def _data_object(self, command: Command, data: bytes) -> bytes:
        cryptogram = self._cipher.encrypt(pad(data, self._cipher.block))
        # BER-TLV data of odd instructions goes without padding indicator.
        if command.ins & 1:
            return tlv.write(CRYPTOGRAM, cryptogram)
        return tlv.write(PADDED_CRYPTOGRAM, b"\x01", cryptogram)


def _expected(value: bytes | None) -> int | None:
    if value is None:
        return None
    if len(value) not in (1, 2):
        raise ValueError("the expected length has one octet or two")
    return int.from_bytes(value, "big") or (256 if len(value) == 1 else 65536)
