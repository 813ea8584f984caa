"""How a card behaves: what it can do, how fast it is, what is wrong with it."""

from dataclasses import dataclass
from typing import Literal

from virtual_card.pace import PointFault

CardAccess = Literal["present", "absent", "forbidden", "unknown-parameters", "crafted-generator"]
FaultKind = Literal["", "drop", "stall", "wrong-mac", "truncate", "status"]


@dataclass(frozen=True)
class CardConfig:
    """All of it has a default: a well-behaved card with everything switched on."""

    bac: bool = True
    pace: bool = True
    extended: bool = True
    """Whether the card takes extended length, and says so."""
    max_response: int = 65_000
    """Octets of the longest answer with extended length, less SW1 SW2."""
    max_read: int = 256
    """Octets that one short READ BINARY may ask for."""
    above_max_read: Literal["shorten", "wrong-length", "correct-length"] = "shorten"
    """Answers above `max_read`, and above what secure messaging leaves room for: fewer
    octets, SW 6700, or SW 6Cxx."""
    get_response_above: int = 256
    """Answers to short commands that are longer come in pieces by GET RESPONSE."""
    end_of_file_warning: bool = True
    """SW 6282 where fewer octets are left than were asked for, else 9000."""
    card_access: CardAccess = "present"
    """EF.CardAccess: SW 6A82 when absent, 6986 when forbidden, while the card still
    speaks PACE; or a PACEInfo with a reserved id of domain parameters, or with explicit
    parameters of a known curve but for the generator."""
    clone: bool = False
    """The files are right, the private keys are others."""
    tries: int = 0
    """Access keys that may be wrong in a row (SW 63Cx, then 6983); 0 counts none."""
    mapping_point: PointFault = ""
    """What is sent instead of PACE's mapping data."""
    key_point: PointFault = ""
    """What is sent instead of PACE's ephemeral public key."""
    latency_ms: float = 0
    """Of each APDU."""
    bytes_per_second: float = 0
    """Of both directions together; 0 is no limit."""
    fault: FaultKind = ""
    """drop: taken out instead of answering. stall: never answers again. wrong-mac: one
    flipped bit in each MAC. truncate: the last half of each answer is missing. status:
    `fault_status` alone."""
    fault_after: int = 0
    """APDUs since the last reset that are answered as they should."""
    fault_status: int = 0x6F00
