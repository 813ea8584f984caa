"""The machine-readable zone (ICAO 9303 parts 3, 4 and 5)."""

from dataclasses import dataclass
from itertools import cycle


def check_digit(characters: str) -> str:
    """Weights 7, 3, 1 in turn, sum modulo 10 (ICAO 9303-3, 4.9)."""
    total = sum(_value(c) * weight for c, weight in zip(characters, cycle((7, 3, 1))))
    return str(total % 10)


def _value(character: str) -> int:
    if character == "<":
        return 0
    return int(character, 36)


@dataclass(frozen=True)
class Holder:
    """What the zone says of a document and its holder. Dates are YYMMDD."""

    document_code: str
    issuing_state: str
    document_number: str
    surname: str
    given_names: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    optional_data: str

    @property
    def number_field(self) -> str:
        """The document number with its fillers and check digit."""
        number = f"{self.document_number:<<9}"
        return number + check_digit(number)

    @property
    def birth_field(self) -> str:
        """The date of birth with its check digit."""
        return self.birth + check_digit(self.birth)

    @property
    def expiry_field(self) -> str:
        """The date of expiry with its check digit."""
        return self.expiry + check_digit(self.expiry)

    @property
    def information(self) -> str:
        """What BAC and PACE hash (ICAO 9303-11, 4.3.2)."""
        return self.number_field + self.birth_field + self.expiry_field

    @property
    def names(self) -> str:
        """Primary and secondary identifier as one field."""
        return f"{self.surname}<<{self.given_names}".replace(" ", "<")

    def td1(self) -> list[str]:
        """Three lines of 30."""
        first = f"{self.document_code:<<2}{self.issuing_state}{self.number_field}"
        first += f"{self.optional_data:<<15}"
        second = f"{self.birth_field}{self.sex}{self.expiry_field}{self.nationality}{'':<<11}"
        composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
        return _of_length(30, first, second + check_digit(composite), f"{self.names:<<30}")

    def td3(self) -> list[str]:
        """Two lines of 44."""
        first = f"{self.document_code:<<2}{self.issuing_state}{self.names:<<39}"
        personal = f"{self.optional_data:<<14}"
        digit = check_digit(personal) if self.optional_data else "<"
        second = (
            f"{self.number_field}{self.nationality}{self.birth_field}{self.sex}"
            f"{self.expiry_field}{personal}{digit}"
        )
        composite = second[0:10] + second[13:20] + second[21:43]
        return _of_length(44, first, second + check_digit(composite))


def _of_length(length: int, *lines: str) -> list[str]:
    for line in lines:
        if len(line) != length:
            raise ValueError(f"a line of the zone has {len(line)} characters, not {length}")
    return list(lines)


KAZAKHSTAN_CARD = Holder(
    document_code="ID",
    issuing_state="KAZ",
    document_number="041236587",
    surname="SERIKKYZY",
    given_names="AIGUL",
    nationality="KAZ",
    birth="880412",
    sex="F",
    expiry="310411",
    optional_data="880412401006",
)
"""The published example of an identity card, IIN in the optional data; the name is made up."""

KAZAKHSTAN_PASSPORT = Holder(
    document_code="P",
    issuing_state="KAZ",
    document_number="N07654321",
    surname="SERIKKYZY",
    given_names="AIGUL",
    nationality="KAZ",
    birth="880412",
    sex="F",
    expiry="340623",
    optional_data="880412401006",
)
"""Made up, of the same person."""

UTOPIA_PASSPORT = Holder(
    document_code="P",
    issuing_state="UTO",
    document_number="L898902C",
    surname="ERIKSSON",
    given_names="ANNA MARIA",
    nationality="UTO",
    birth="690806",
    sex="F",
    expiry="340623",
    optional_data="ZE184226B",
)
"""The specimen of ICAO 9303-11, D.2, with a date of expiry to come."""
