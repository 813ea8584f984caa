"""The chip: files, access rights and commands (ISO 7816-4; ICAO 9303-10 and 9303-11)."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from virtual_card import (
    active_authentication,
    apdu,
    chip_authentication,
    data_groups,
    key_derivation,
    openpace,
    security_infos,
    tlv,
)
from virtual_card.apdu import Command, StatusError
from virtual_card.bac import Bac
from virtual_card.ciphers import Cipher
from virtual_card.config import CardConfig
from virtual_card.document import ActiveKey, Document
from virtual_card.pace import CAN_REFERENCE, MRZ_REFERENCE, PaceDialogue
from virtual_card.secure_messaging import SecureMessaging

APPLICATION = bytes.fromhex("A0000002471001")
CARD_ACCESS, ATR_INFO, COM, SOD = 0x011C, 0x2F01, 0x011E, 0x011D

_SHORT_ANSWER = 256
_OFFSET = 0x54
_DISCRETIONARY = 0x53
_RESERVED = 31
"""Reserved among the standardized domain parameters (ICAO 9303-11, table 6)."""


class Chip:
    """One chip. What is known of wrong access keys outlives a reset, the rest does not."""

    def __init__(self, document: Document, config: CardConfig) -> None:
        self._document = document
        self._config = config
        self._master_file = _master_file(document, config)
        self._application = {COM: document.files["EF.COM"], SOD: document.files["EF.SOD"]} | {
            0x0100 | number: file
            for number in data_groups.TAGS
            if (file := document.data_group(number)) is not None
        }
        self._chip_key, self._active_key = document.chip_key, document.active_key
        if config.clone:
            self._chip_key, self._active_key = _others(self._chip_key, self._active_key)
        self._tries_left = config.tries
        self._commands: dict[int, Callable[[Command], bytes]] = {
            0xA4: self._select,
            0xB0: self._read_binary,
            0xB1: self._read_binary_odd,
            0x84: self._get_challenge,
            0x82: self._external_authenticate,
            0x22: self._manage_security_environment,
            0x86: self._general_authenticate,
            0x88: self._internal_authenticate,
        }
        self.reset()

    def reset(self) -> None:
        """Power up."""
        self._in_application = False
        self._current: int | None = None
        self._unlocked = False
        self._session: SecureMessaging | None = None
        self._next_cipher: Cipher | None = None
        self._bac: Bac | None = None
        self._pace: PaceDialogue | None = None
        self._agreement: str | None = None
        self._room = _SHORT_ANSWER
        self._warning = apdu.SUCCESS
        self._pending = b""

    def transmit(self, octets: bytes) -> bytes:
        """A command APDU and its answer, SW1 SW2 last."""
        try:
            command = apdu.parse(octets)
            if command.ins == 0xC0:
                return self._get_response(command)
            if command.extended and not self._config.extended:
                raise StatusError(apdu.WRONG_LENGTH)
            answer = self._answer(command)
        except StatusError as error:
            return error.status.to_bytes(2, "big")
        if command.extended or len(answer) - 2 <= self._config.get_response_above:
            return answer
        self._pending = answer
        return self._piece(0)

    def _answer(self, outer: Command) -> bytes:
        session = self._session
        limit = self._config.max_response if outer.extended else _SHORT_ANSWER
        if not outer.protected:
            if session:
                # Whoever speaks in the clear now is not who opened the session.
                self._end_session()
            self._room = limit
            data, status = self._execute(outer)
            answer = data + status.to_bytes(2, "big")
        else:
            if session is None:
                raise StatusError(apdu.SECURE_MESSAGING_MISSING)
            try:
                inner = session.open(outer)
            except StatusError:
                self._end_session()
                raise
            self._room = session.room(limit)
            data, status = self._execute(inner)
            answer = session.close(inner, data, status)
        if self._next_cipher:
            self._session, self._next_cipher = SecureMessaging(self._next_cipher), None
            self._unlocked = True
        return answer

    def _execute(self, command: Command) -> tuple[bytes, int]:
        self._warning = apdu.SUCCESS
        try:
            execute = self._commands.get(command.ins)
            if execute is None:
                raise StatusError(apdu.INSTRUCTION_UNKNOWN)
            return execute(command), self._warning
        except StatusError as error:
            return b"", error.status
        except tlv.TlvError:
            return b"", apdu.WRONG_DATA

    def _end_session(self) -> None:
        self._session = None
        self._unlocked = False
        self._agreement = None

    def _get_response(self, command: Command) -> bytes:
        if not self._pending:
            raise StatusError(apdu.CONDITIONS_OF_USE)
        return self._piece(command.le or 0)

    def _piece(self, count: int) -> bytes:
        piece, self._pending = self._pending[:count], self._pending[count:]
        left = len(self._pending) - 2
        if left <= 0:
            piece, self._pending = piece + self._pending, b""
            return piece
        return piece + bytes([0x61, left if left < 256 else 0])

    # Files.

    def _select(self, command: Command) -> bytes:
        match command.p1:
            case 0x04:
                if command.data != APPLICATION:
                    raise StatusError(apdu.FILE_NOT_FOUND)
                self._in_application, self._current = True, None
            case 0x00 if command.data in (b"", b"\x3f\x00"):
                self._in_application, self._current = False, None
            case 0x00 | 0x02:
                self._current = None
                self._current = self._permitted(int.from_bytes(command.data, "big"))
            case _:
                raise StatusError(apdu.WRONG_P1_P2)
        return b""

    def _permitted(self, identifier: int) -> int:
        """The file, if it is here and may be read now."""
        if identifier == CARD_ACCESS and self._config.card_access == "forbidden":
            raise StatusError(apdu.NO_CURRENT_FILE)
        if identifier in self._master_file:
            return identifier
        if not self._in_application or identifier not in self._application:
            raise StatusError(apdu.FILE_NOT_FOUND)
        if not self._unlocked and (self._config.bac or self._config.pace):
            raise StatusError(apdu.SECURITY_STATUS)
        return identifier

    def _read_binary(self, command: Command) -> bytes:
        offset = command.p1_p2
        if command.p1 & 0x80:
            self._current = self._by_short_identifier(command.p1 & 0x1F)
            offset = command.p2
        return self._read(offset, self._count(command, 0))

    def _read_binary_odd(self, command: Command) -> bytes:
        if command.p1_p2 >> 5:
            self._current = self._permitted(command.p1_p2)
        elif command.p1_p2:
            self._current = self._by_short_identifier(command.p2 & 0x1F)
        offset = int.from_bytes(tlv.only(command.data, _OFFSET), "big")
        # The answer is a data object: tag and length take their part of Le.
        count = self._count(command, 2)
        while len(tlv.write(_DISCRETIONARY, bytes(count))) > self._count(command, 0):
            count -= 1
        return tlv.write(_DISCRETIONARY, self._read(offset, count))

    def _by_short_identifier(self, short: int) -> int:
        files = self._application if self._in_application else self._master_file
        # EF.ATR/INFO has one that is not the end of its identifier.
        identifier = ATR_INFO if files is self._master_file and short == 1 else 0x0100 | short
        if identifier not in files:
            raise StatusError(apdu.FILE_NOT_FOUND)
        return self._permitted(identifier)

    def _count(self, command: Command, taken: int) -> int:
        """How many octets a read may give: what was asked, as far as there is room."""
        asked = command.le
        if asked is None:
            raise StatusError(apdu.WRONG_LENGTH)
        room = self._room
        if room <= _SHORT_ANSWER:
            room = min(room, self._config.max_read)
        if asked > room:
            if self._config.above_max_read == "wrong-length":
                raise StatusError(apdu.WRONG_LENGTH)
            if self._config.above_max_read == "correct-length":
                raise StatusError(0x6C00 | room & 0xFF)
        return min(asked, room) - taken

    def _read(self, offset: int, count: int) -> bytes:
        if self._current is None:
            raise StatusError(apdu.NO_CURRENT_FILE)
        identifier = self._permitted(self._current)
        file = self._master_file.get(identifier) or self._application[identifier]
        if offset >= len(file):
            raise StatusError(apdu.WRONG_OFFSET)
        if offset + count > len(file) and self._config.end_of_file_warning:
            self._warning = apdu.END_OF_FILE
        return file[offset : offset + count]

    # Access.

    def _get_challenge(self, _: Command) -> bytes:
        if not self._config.bac or not self._in_application:
            raise StatusError(apdu.INSTRUCTION_UNKNOWN)
        self._bac = Bac(self._document.information)
        return self._bac.challenge

    def _external_authenticate(self, command: Command) -> bytes:
        bac, self._bac = self._bac, None
        if bac is None:
            raise StatusError(apdu.CONDITIONS_OF_USE)
        with _Tries(self):
            answer, self._next_cipher = bac.authenticate(command.data)
        return answer

    def _manage_security_environment(self, command: Command) -> bytes:
        match command.p1_p2:
            case 0xC1A4:
                return self._begin_pace(command.data)
            case 0x41A4 if self._unlocked:
                protocol = tlv.by_tag(command.data).get(0x80, b"")
                self._agreement = chip_authentication.cipher_named(protocol)
                return b""
            case 0x41A6 if self._unlocked and self._chip_key:
                point = tlv.by_tag(command.data).get(0x91, b"")
                self._next_cipher = chip_authentication.agree(self._chip_key, point, "3DES-CBC-CBC")
                return b""
        raise StatusError(apdu.WRONG_P1_P2)

    def _begin_pace(self, data: bytes) -> bytes:
        card_access = self._document.files.get("EF.CardAccess")
        if not self._config.pace or card_access is None:
            raise StatusError(apdu.WRONG_P1_P2)
        seed = key_derivation.seed_of_mrz(self._document.information)
        secrets = {
            MRZ_REFERENCE: (seed, openpace.RAW),
            CAN_REFERENCE: (self._document.can.encode("ascii"), openpace.CAN),
        }
        with _Tries(self):
            faults = self._config.mapping_point, self._config.key_point
            self._pace = PaceDialogue(card_access, data, secrets, *faults)
        return b""

    def _general_authenticate(self, command: Command) -> bytes:
        if self._agreement and self._chip_key:
            values = tlv.by_tag(tlv.only(command.data, 0x7C))
            cipher, self._agreement = self._agreement, None
            point = values.get(0x80, b"")
            self._next_cipher = chip_authentication.agree(self._chip_key, point, cipher)
            return tlv.write(0x7C)
        if self._pace is None:
            raise StatusError(apdu.CONDITIONS_OF_USE)
        dialogue, self._pace = self._pace, None
        with _Tries(self):
            answer = dialogue.step(command.data)
        if dialogue.finished:
            self._next_cipher = dialogue.finished
        else:
            self._pace = dialogue
        return answer

    def _internal_authenticate(self, command: Command) -> bytes:
        if not self._unlocked or self._active_key is None:
            raise StatusError(apdu.CONDITIONS_OF_USE)
        if len(command.data) != 8:
            raise StatusError(apdu.WRONG_LENGTH)
        return active_authentication.sign(self._active_key, command.data)


class _Tries:
    """Counts wrong access keys, where the card is configured to."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    def __enter__(self) -> None:
        if self._chip._config.tries and not self._chip._tries_left:
            raise StatusError(apdu.BLOCKED)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        wrong = isinstance(error, StatusError) and error.status == apdu.ACCESS_KEY_WRONG
        if wrong and self._chip._config.tries:
            self._chip._tries_left -= 1
            raise StatusError(0x63C0 | self._chip._tries_left)


def _master_file(document: Document, config: CardConfig) -> dict[int, bytes]:
    files = {}
    card_access = document.files.get("EF.CardAccess")
    if card_access and config.pace:
        match config.card_access:
            case "present":
                files[CARD_ACCESS] = card_access
            case "unknown-parameters":
                files[CARD_ACCESS] = security_infos.with_parameters(card_access, _RESERVED)
            case "crafted-generator":
                files[CARD_ACCESS] = security_infos.with_crafted_generator(card_access)
    if config.extended:
        # Commands are never long; what an answer can be is told with its status word.
        files[ATR_INFO] = data_groups.atr_info(1_000, config.max_response + 2)
    return files


def _others(
    chip_key: ec.EllipticCurvePrivateKey | None, active_key: ActiveKey | None
) -> tuple[ec.EllipticCurvePrivateKey | None, ActiveKey | None]:
    """Fresh keys of the same kinds."""
    if chip_key:
        chip_key = ec.generate_private_key(chip_key.curve)
    if isinstance(active_key, rsa.RSAPrivateKey):
        active_key = rsa.generate_private_key(65537, active_key.key_size)
    elif active_key:
        active_key = ec.generate_private_key(active_key.curve)
    return chip_key, active_key
