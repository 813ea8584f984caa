"""`python3 -m unittest discover -s tests/virtual_card -t tests`."""

import hashlib
import tempfile
import unittest
from itertools import product
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from virtual_card import ciphers, document, key_derivation, openpace, tlv
from virtual_card.chip import CARD_ACCESS, Chip
from virtual_card.config import CardConfig
from virtual_card.document import Document, DocumentSpec
from virtual_card.faults import Dropped, FaultyChip, Stalled
from virtual_card.mrz import KAZAKHSTAN_CARD
from virtual_card.openpace import OpenPaceError
from virtual_card.security_infos import CIPHERS
from virtual_card.tests.terminal import Refused, Terminal

DG2 = 0x0102
DG14, DG15 = 0x010E, 0x010F


def made(**spec: Any) -> Document:
    with tempfile.TemporaryDirectory() as directory:
        document.make(DocumentSpec(**spec), Path(directory) / "document")
        return document.load(Path(directory) / "document")


class CardTest(unittest.TestCase):
    card: Document
    passport: Document

    @classmethod
    def setUpClass(cls) -> None:
        cls.card = made()
        cls.passport = made(
            holder="utopia-passport",
            picture="jpeg2000",
            portrait=60_000,
            active_authentication="ecdsa",
            chip_authentication="3DES-CBC-CBC",
        )

    def terminal(
        self, made_document: Document, *, extended: bool = False, **config: Any
    ) -> Terminal:
        settings = CardConfig(extended=extended, **config)
        chip = FaultyChip(Chip(made_document, settings), settings)
        return Terminal(chip.transmit, extended=extended)

    def unlocked(self, made_document: Document, access: str, **config: Any) -> Terminal:
        terminal = self.terminal(made_document, **config)
        if access == "bac":
            terminal.select_application()
            terminal.bac(made_document.information)
            return terminal
        card_access = terminal.read_file(CARD_ACCESS, 256)
        if access == "can":
            terminal.pace(card_access, made_document.can.encode(), openpace.CAN, 2)
        else:
            seed = key_derivation.seed_of_mrz(made_document.information)
            terminal.pace(card_access, seed, openpace.RAW, 1)
        terminal.select_application()
        return terminal

    def test_the_published_example_of_an_identity_card(self) -> None:
        lines = KAZAKHSTAN_CARD.td1()
        self.assertEqual(
            lines[:2], ["IDKAZ0412365878880412401006<<<", "8804123F3104116KAZ<<<<<<<<<<<2"]
        )

    def test_portraits_have_exactly_the_wanted_length(self) -> None:
        for picture, octets in product(("jpeg", "jpeg2000"), (19_000, 60_000)):
            group = made(picture=picture, portrait=octets, active_authentication="").files["DG2"]
            self.assertEqual(len(group), octets + 85)

    def test_every_file_is_read_as_it_was_made(self) -> None:
        for made_document, access in product((self.card, self.passport), ("bac", "mrz", "can")):
            for extended, chunk in ((False, None), (True, 30_000)):
                with self.subTest(access=access, extended=extended):
                    terminal = self.unlocked(made_document, access, extended=extended)
                    at_once = chunk or (231 if access == "bac" else 223)
                    for name, content in made_document.files.items():
                        if name.startswith("DG"):
                            identifier = 0x0100 | int(name[2:])
                            self.assertEqual(terminal.read_file(identifier, at_once), content)

    def test_pace_by_every_cipher_and_group(self) -> None:
        for agreement, cipher in product((("ECDH-GM", 12), ("ECDH-GM", 16), ("DH-GM", 0)), CIPHERS):
            with self.subTest(agreement=agreement, cipher=cipher):
                mapping, parameters = agreement
                chosen = made(
                    pace=f"{mapping}-{cipher}", pace_parameters=parameters, active_authentication=""
                )
                terminal = self.unlocked(chosen, "can")
                self.assertEqual(terminal.read_file(0x0101, 223), chosen.files["DG1"])

    def test_nothing_is_read_without_access_or_with_the_wrong_key(self) -> None:
        terminal = self.terminal(self.card)
        terminal.select_application()
        with self.assertRaisesRegex(Refused, "6982"):
            terminal.read_file(DG2, 256)
        with self.assertRaisesRegex(Refused, "6300"):
            terminal.bac("L898902C<369080619406236")
        terminal = self.terminal(self.card, tries=2)
        card_access = terminal.read_file(CARD_ACCESS, 256)
        # OpenPACE notices the wrong key on the terminal's side first or on the card's.
        for status in ("63C1", "63C0", "6983"):
            with self.assertRaisesRegex(Refused, status):
                terminal.pace(card_access, b"654321", openpace.CAN, 2)

    def test_chip_authentication_changes_the_keys(self) -> None:
        terminal = self.unlocked(self.card, "mrz")
        key = ec.generate_private_key(ec.BrainpoolP256R1())
        oid = bytes.fromhex("04007F00070202030202")
        terminal.send(0x22, 0x41, 0xA4, tlv.write(0x80, oid) + tlv.write(0x84, b"\1"))
        terminal.send(0x86, 0, 0, tlv.write(0x7C, tlv.write(0x80, _point(key))), 256)
        assert self.card.chip_key
        secret = key.exchange(ec.ECDH(), self.card.chip_key.public_key())
        terminal.cipher = ciphers.from_secret(secret, "AES-CBC-CMAC-128")
        self.assertEqual(terminal.read_file(DG14, 223), self.card.files["DG14"])

    def test_chip_authentication_with_3des(self) -> None:
        terminal = self.unlocked(self.passport, "bac")
        key = ec.generate_private_key(ec.BrainpoolP256R1())
        terminal.send(0x22, 0x41, 0xA6, tlv.write(0x91, _point(key)) + tlv.write(0x84, b"\1"))
        assert self.passport.chip_key
        secret = key.exchange(ec.ECDH(), self.passport.chip_key.public_key())
        terminal.cipher = ciphers.from_secret(secret, "3DES-CBC-CBC")
        self.assertEqual(terminal.read_file(DG14, 231), self.passport.files["DG14"])

    def test_active_authentication(self) -> None:
        challenge = bytes(range(8))
        signature = self.unlocked(self.card, "bac").send(0x88, 0, 0, challenge, 256)
        public = self.card.active_key.public_key()  # type: ignore[union-attr]
        assert isinstance(public, rsa.RSAPublicKey)
        numbers = public.public_numbers()
        message = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(256, "big")
        digest = hashlib.sha256(message[1:-34] + challenge).digest()
        self.assertEqual(message[:1] + message[-34:], b"\x6a" + digest + b"\x34\xcc")

        signature = self.unlocked(self.passport, "can").send(0x88, 0, 0, challenge, 256)
        curve = self.passport.active_key.public_key()  # type: ignore[union-attr]
        assert isinstance(curve, ec.EllipticCurvePublicKey)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        curve.verify(encode_dss_signature(r, s), challenge, ec.ECDSA(hashes.SHA256()))

    def test_crafted_points_are_refused(self) -> None:
        for fault, place in product(("off-curve", "infinity"), ("mapping_point", "key_point")):
            # OpenPACE's terminal sees the point; infinity, only by what comes of it.
            refused = OpenPaceError if fault == "off-curve" else Refused
            with self.subTest(fault=fault, place=place), self.assertRaises(refused):
                self.unlocked(self.card, "can", **{place: fault})

    def test_crafted_card_access(self) -> None:
        present = self.card.files["EF.CardAccess"]
        for kind in ("unknown-parameters", "crafted-generator"):
            crafted = self.terminal(self.card, card_access=kind).read_file(CARD_ACCESS, 256)
            self.assertNotEqual(crafted, present)
        for kind, status in (("absent", "6A82"), ("forbidden", "6986")):
            with self.assertRaisesRegex(Refused, status):
                self.terminal(self.card, card_access=kind).read_file(CARD_ACCESS, 256)

    def test_faults_come_when_they_are_due(self) -> None:
        for fault, error in (("drop", Dropped), ("stall", Stalled)):
            with self.subTest(fault=fault), self.assertRaises(error):
                self.unlocked(self.card, "bac", fault=fault, fault_after=2)
        with self.assertRaisesRegex(Refused, "6F00"):
            self.unlocked(self.card, "bac", fault="status", fault_after=1)
        terminal = self.unlocked(self.card, "bac", fault="wrong-mac", fault_after=5)
        with self.assertRaisesRegex(AssertionError, "MAC"):
            terminal.read_file(DG2, 231)
        terminal = self.unlocked(self.card, "bac", fault="truncate", fault_after=5)
        with self.assertRaises(tlv.TlvError):
            terminal.read_file(DG2, 231)

    def test_a_read_above_what_there_is_room_for(self) -> None:
        shortened = self.unlocked(self.card, "mrz").send(0xB0, 0x82, 0, le=256)
        self.assertEqual(shortened, self.card.files["DG2"][:223])
        for kind, status in (("wrong-length", "6700"), ("correct-length", "6CA0")):
            terminal = self.unlocked(self.card, "mrz", max_read=160, above_max_read=kind)
            with self.assertRaisesRegex(Refused, status):
                terminal.send(0xB0, 0x82, 0, le=223)
            self.assertEqual(len(terminal.send(0xB0, 0x82, 0, le=160)), 160)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


if __name__ == "__main__":
    unittest.main()
