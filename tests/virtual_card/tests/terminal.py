"""A small reader, to try the card with: no fall-backs, no verdicts."""

import os
from collections.abc import Callable

from virtual_card import apdu, key_derivation, openpace, security_infos, tlv
from virtual_card.chip import APPLICATION
from virtual_card.ciphers import Cipher, TripleDesCipher, pad, retail_mac, triple_des, unpad
from virtual_card.key_derivation import ENC, MAC

Transmit = Callable[[bytes], bytes]

_TDES = "3DES-CBC-CBC"


class Refused(Exception):
    """A status word other than 9000 and 6282."""

    def __init__(self, status: int) -> None:
        super().__init__(f"SW {status:04X}")
        self.status = status


class Terminal:
    """Sends commands, protected once there are session keys."""

    def __init__(self, transmit: Transmit, *, extended: bool = False) -> None:
        self._transmit = transmit
        self._extended = extended
        self.cipher: Cipher | None = None

    def send(self, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None) -> bytes:
        """The data of the answer."""
        if self.cipher:
            return self._send_protected(ins, p1, p2, data, le)
        return self._exchange(apdu.encode(ins, p1, p2, data, le, extended=self._extended))

    def select_application(self) -> None:
        self.send(0xA4, 0x04, 0x0C, APPLICATION)

    def read_file(self, identifier: int, chunk: int) -> bytes:
        """By READ BINARY, with the odd instruction past 32,767 octets."""
        self.send(0xA4, 0x02, 0x0C, identifier.to_bytes(2, "big"))
        head = self.send(0xB0, 0, 0, le=8)
        _, value_at = _head(head)
        total = value_at
        file = b""
        while len(file) < total:
            if len(file) < 0x8000:
                ask = min(chunk, total - len(file))
                file += self.send(0xB0, len(file) >> 8, len(file) & 0xFF, le=ask)
            else:
                offset = tlv.write(0x54, len(file).to_bytes(3, "big"))
                ask = min(chunk, total - len(file) + 4)
                file += tlv.only(self.send(0xB1, 0, 0, offset, ask), 0x53)
        return file

    def bac(self, information: str) -> None:
        """Basic access control."""
        seed = key_derivation.seed_of_mrz(information)[:16]
        enc = triple_des(key_derivation.derive(seed, ENC, _TDES))
        mac = key_derivation.derive(seed, MAC, _TDES)
        challenge, own, key = self.send(0x84, 0, 0, le=8), os.urandom(8), os.urandom(16)
        cryptogram = enc.encryptor().update(own + challenge + key)
        answer = self.send(0x82, 0, 0, cryptogram + retail_mac(mac, pad(cryptogram, 8)), 40)
        assert retail_mac(mac, pad(answer[:32], 8)) == answer[32:]
        opened = enc.decryptor().update(answer[:32])
        assert opened[:16] == challenge + own
        seed = bytes(a ^ b for a, b in zip(key, opened[16:], strict=True))
        self.cipher = TripleDesCipher(
            key_derivation.derive(seed, ENC, _TDES),
            key_derivation.derive(seed, MAC, _TDES),
            int.from_bytes(challenge[4:] + own[4:], "big"),
        )

    def pace(self, card_access: bytes, secret: bytes, kind: int, reference: int) -> None:
        """PACE by generic mapping."""
        info = security_infos.SecurityInfos.load(card_access)[0]
        protocol = info["protocol"].contents
        run = openpace.Pace(card_access, secret, kind)
        choice = tlv.write(0x80, protocol) + tlv.write(0x83, bytes([reference]))
        self.send(0x22, 0xC1, 0xA4, choice)
        run.decrypt_nonce(self._authenticate(b"", 0x80, last=False))
        own = run.mapping_data()
        run.map_generator(self._authenticate(tlv.write(0x81, own), 0x82, last=False))
        own = run.ephemeral_key()
        card = self._authenticate(tlv.write(0x83, own), 0x84, last=False)
        run.agree(card)
        run.verify(self._authenticate(tlv.write(0x85, run.token(card)), 0x86, last=True))
        self.cipher = run.cipher(8 if protocol[-1] == 1 else 16)

    def _authenticate(self, data: bytes, answered: int, *, last: bool) -> bytes:
        command = apdu.encode(0x86, 0, 0, tlv.write(0x7C, data), 256, cla=0 if last else 0x10)
        return tlv.only(tlv.only(self._exchange(command), 0x7C), answered)

    def _send_protected(self, ins: int, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        cipher = self.cipher
        assert cipher
        cipher.count()
        body = b""
        if data:
            cryptogram = cipher.encrypt(pad(data, cipher.block))
            body = tlv.write(0x85, cryptogram) if ins & 1 else tlv.write(0x87, b"\1", cryptogram)
        if le is not None:
            octets = 2 if le > 256 else 1
            body += tlv.write(0x97, (le % (1 << 8 * octets)).to_bytes(octets, "big"))
        header = pad(bytes([0x0C, ins, p1, p2]), cipher.block)
        code = cipher.mac(header + (pad(body, cipher.block) if body else b""))
        whole = 65536 if self._extended else 256
        octets_sent = apdu.encode(
            ins, p1, p2, body + tlv.write(0x8E, code), whole, cla=0x0C, extended=self._extended
        )
        return self._unprotect(self._exchange(octets_sent))

    def _unprotect(self, answer: bytes) -> bytes:
        cipher = self.cipher
        assert cipher
        cipher.count()
        found = list(tlv.read(answer))
        values = {one.tag: one.value for one in found}
        protected = b"".join(one.raw for one in found[:-1])
        assert values[0x8E] == cipher.mac(pad(protected, cipher.block)), "the card's MAC is wrong"
        status = int.from_bytes(values[0x99], "big")
        if status not in (apdu.SUCCESS, apdu.END_OF_FILE):
            raise Refused(status)
        cryptogram = values.get(0x85) or values.get(0x87, b"")[1:]
        return unpad(cipher.decrypt(cryptogram)) if cryptogram else b""

    def _exchange(self, command: bytes) -> bytes:
        answer = self._transmit(command)
        data = answer[:-2]
        while answer[-2] == 0x61:
            answer = self._transmit(apdu.encode(0xC0, 0, 0, le=answer[-1] or 256))
            data += answer[:-2]
        status = int.from_bytes(answer[-2:], "big")
        if data or status in (apdu.SUCCESS, apdu.END_OF_FILE):
            return data
        raise Refused(status)


def _head(octets: bytes) -> tuple[int, int]:
    """Tag and whole length of the template that a file is."""
    tag, length = octets[0], octets[1]
    if length < 0x80:
        return tag, 2 + length
    count = length & 0x7F
    return tag, 2 + count + int.from_bytes(octets[2 : 2 + count], "big")
