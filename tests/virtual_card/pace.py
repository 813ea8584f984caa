"""PACE, the card's side of the dialogue (ICAO 9303-11, 4.4.4); the rest is OpenPACE's."""

from collections.abc import Callable
from typing import Literal

from virtual_card import apdu, openpace, security_infos, tlv
from virtual_card.apdu import StatusError
from virtual_card.openpace import OpenPaceCipher, OpenPaceError

PointFault = Literal["", "off-curve", "infinity", "reflected"]
"""What a crafted card sends instead of its public key."""

MRZ_REFERENCE = 1
CAN_REFERENCE = 2

# Data objects of the dynamic authentication data.
_NONCE = 0x80
_MAPPING = 0x81, 0x82
_EPHEMERAL = 0x83, 0x84
_TOKEN = 0x85, 0x86
_DYNAMIC = 0x7C

_TDES_OID_TAIL = 1


class PaceDialogue:
    """From MSE:Set AT to the terminal's token."""

    def __init__(
        self,
        card_access: bytes,
        data: bytes,
        secrets: dict[int, tuple[bytes, int]],
        mapping_fault: PointFault,
        key_fault: PointFault,
    ) -> None:
        values = tlv.by_tag(data)
        protocol = values.get(0x80, b"")
        parameters = values.get(0x84)
        identifier = int.from_bytes(parameters, "big") if parameters else None
        info = security_infos.find_pace(card_access, protocol, identifier)
        if info is None:
            raise StatusError(apdu.WRONG_DATA)
        reference = int.from_bytes(values.get(0x83, b""), "big")
        if reference not in secrets:
            raise StatusError(apdu.REFERENCE_NOT_FOUND)
        try:
            self._pace = openpace.Pace(info, *secrets[reference])
        except OpenPaceError as error:
            raise StatusError(apdu.WRONG_DATA) from error
        self._block = 8 if protocol[-1] == _TDES_OID_TAIL else 16
        self._faults = mapping_fault, key_fault
        self._terminal_key = b""
        self._next: Callable[[dict[int, bytes]], bytes] = self._nonce
        self.finished: OpenPaceCipher | None = None
        """The session keys, after the last step."""

    def step(self, data: bytes) -> bytes:
        """One GENERAL AUTHENTICATE."""
        values = tlv.by_tag(tlv.only(data, _DYNAMIC))
        try:
            return tlv.write(_DYNAMIC, self._next(values))
        except KeyError as error:
            raise StatusError(apdu.WRONG_DATA) from error
        except OpenPaceError as error:
            raise StatusError(apdu.ACCESS_KEY_WRONG) from error

    def _nonce(self, _: dict[int, bytes]) -> bytes:
        self._next = self._mapping
        return tlv.write(_NONCE, self._pace.encrypted_nonce())

    def _mapping(self, values: dict[int, bytes]) -> bytes:
        terminal = values[_MAPPING[0]]
        own = self._pace.mapping_data()
        self._pace.map_generator(terminal)
        self._next = self._agreement
        return tlv.write(_MAPPING[1], _crafted(self._faults[0], own, terminal))

    def _agreement(self, values: dict[int, bytes]) -> bytes:
        self._terminal_key = values[_EPHEMERAL[0]]
        own = self._pace.ephemeral_key()
        self._pace.agree(self._terminal_key)
        self._next = self._mutual_authentication
        return tlv.write(_EPHEMERAL[1], _crafted(self._faults[1], own, self._terminal_key))

    def _mutual_authentication(self, values: dict[int, bytes]) -> bytes:
        token = self._pace.token(self._terminal_key)
        self._pace.verify(values[_TOKEN[0]])
        self.finished = self._pace.cipher(self._block)
        return tlv.write(_TOKEN[1], token)


def _crafted(fault: PointFault, own: bytes, terminal: bytes) -> bytes:
    match fault:
        case "off-curve":
            # The point of the same x with another y.
            return own[:-1] + bytes([own[-1] ^ 1])
        case "infinity":
            return b"\x00"
        case "reflected":
            return terminal
    return own
