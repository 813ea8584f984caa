"""A chip that goes wrong after a number of APDUs."""

from virtual_card.chip import Chip
from virtual_card.config import CardConfig


class Dropped(Exception):
    """The card is taken out."""


class Stalled(Exception):
    """The card never answers again."""


class FaultyChip:
    """A chip with the fault of its configuration; without one, the chip as it is."""

    def __init__(self, chip: Chip, config: CardConfig) -> None:
        self._chip = chip
        self._config = config
        self._answered = 0

    def reset(self) -> None:
        """Power up."""
        self._answered = 0
        self._chip.reset()

    def transmit(self, octets: bytes) -> bytes:
        """A command and its answer; raises `Dropped` and `Stalled`."""
        if not self._config.fault or self._answered < self._config.fault_after:
            self._answered += 1
            return self._chip.transmit(octets)
        match self._config.fault:
            case "drop":
                raise Dropped
            case "stall":
                raise Stalled
            case "status":
                return self._config.fault_status.to_bytes(2, "big")
        answer = self._chip.transmit(octets)
        if self._config.fault == "truncate":
            return answer[: max(2, len(answer) // 2)]
        return _with_wrong_mac(answer)


def _with_wrong_mac(answer: bytes) -> bytes:
    # 8E 08, eight octets and SW1 SW2 stand last; anything else has no MAC.
    if answer[-12:-10] != b"\x8e\x08":
        return answer
    return answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:]
