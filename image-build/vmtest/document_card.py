"""The chip of an identity card, made by tests/virtual_card, for the machine's reader."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from virtual_card import document  # noqa: E402
from virtual_card.chip import Chip  # noqa: E402
from virtual_card.config import CardConfig  # noqa: E402
from virtual_card.document import DocumentSpec  # noqa: E402
from virtual_card.faults import FaultyChip  # noqa: E402
from virtual_card.reader_link import answer_to_reset  # noqa: E402


class DocumentChip:
    """Made anew in `folder`; `csca` is the certificate (DER file) of the state that issued it."""

    def __init__(self, folder):
        document.make(DocumentSpec(), folder)
        self.csca = folder / "csca.der"
        # QEMU's reader takes short commands.
        config = CardConfig(extended=False)
        self.answer_to_reset = answer_to_reset(extended=False)
        self.chip = FaultyChip(Chip(document.load(folder), config), config)

    def transmit(self, command):
        return self.chip.transmit(command)

    def reset(self):
        self.chip.reset()
