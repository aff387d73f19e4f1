"""Serials: a card's number in 12 digits and two ISO 7064 mod 97-10 check digits."""

from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _

from cashback.lib.errors import DomainError
from cashback.lib.typed_text import Amended, clean_code

NUMBER_MAX = 10**12 - 1
SERIAL_LENGTH = 14
TYPED_MAX = 64


class SerialFault(StrEnum):
    """Why a typed serial cannot be one."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTER = "character"
    CHECK = "check"


class SerialError(DomainError):
    """The serial number is not one that stands on a card."""

    code = "invalid_serial"

    def __init__(self, reason: SerialFault, *, position: int | None = None) -> None:
        """`position` counts from 1 and leaves out spaces and dashes."""
        super().__init__()
        self.reason = reason
        self.position = position

    @property
    def message(self) -> str:
        """What to do about it, in the active language."""
        match self.reason:
            case SerialFault.EMPTY:
                return _("Enter the card's serial number.")
            case SerialFault.LENGTH:
                return _("The serial number has 14 digits. Count them and enter all of them.")
            case SerialFault.CHARACTER:
                return _(
                    "Character %(position)d of the serial number is not a digit. "
                    "Compare it with the card (spaces and dashes are not counted)."
                ) % {"position": self.position}
            case SerialFault.CHECK:
                return _("The serial number has a typing error. Compare each digit with the card.")


class SerialReading(NamedTuple):
    """A typed serial as it was understood."""

    serial: str
    number: int
    corrections: tuple[Amended, ...]


def format_serial(number: int) -> str:
    """The serial of a card's number: 14 digits without spaces."""
    assert 0 <= number <= NUMBER_MAX
    # The check digits of ISO 7064 mod 97-10 in closed form, because a million are made at a time.
    return f"{number * 100 + 98 - number * 100 % 97:014d}"


def group_serial(serial: str) -> str:
    """The serial as it is printed: 4-4-4-2."""
    return f"{serial[:4]}-{serial[4:8]}-{serial[8:12]}-{serial[12:]}"


def parse_serial(text: str) -> SerialReading:
    """Read a typed serial. Raises SerialError with the reason, before any card is looked for."""
    if len(text) > TYPED_MAX:
        raise SerialError(SerialFault.LENGTH)
    cleaned = clean_code(text, fold_case=False)
    if not cleaned.text:
        raise SerialError(SerialFault.EMPTY)
    for position, character in enumerate(cleaned.text, start=1):
        if character not in "0123456789":
            raise SerialError(SerialFault.CHARACTER, position=position)
    if len(cleaned.text) != SERIAL_LENGTH:
        raise SerialError(SerialFault.LENGTH)
    number = int(cleaned.text[:12])
    # Comparing with the one canonical form also refuses 00 and 01, which are congruent to 97 and 98.
    if format_serial(number) != cleaned.text:
        raise SerialError(SerialFault.CHECK)
    return SerialReading(cleaned.text, number, cleaned.amendments)
