"""PINs: 16 characters of Crockford's base 32, 15 random ones (75 bits) and a Luhn mod 32 check character."""

from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _
from stdnum import luhn

from cashback.lib.errors import DomainError
from cashback.lib.typed_text import Amended, clean_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PIN_LENGTH = 16
RANDOM_LENGTH = PIN_LENGTH - 1
TYPED_MAX = 64

# Tables over all 256 byte values; 256 is a multiple of 32, so the low five bits of a random byte are uniform.
_CHARACTERS = bytes(ord(ALPHABET[value & 31]) for value in range(256))
_ONCE = bytes(value & 31 for value in range(256))
_TWICE = bytes(sum(divmod((value & 31) * 2, 32)) for value in range(256))
_CHECKS = bytes(ord(ALPHABET[-value & 31]) for value in range(256))


class PinFault(StrEnum):
    """Why a typed PIN cannot be one."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTER = "character"
    CHECK = "check"


class PinError(DomainError):
    """The PIN is not one that stands on a card."""

    code = "invalid_pin"

    def __init__(self, reason: PinFault, *, position: int | None = None) -> None:
        """`position` counts from 1 and leaves out spaces and dashes."""
        super().__init__()
        self.reason = reason
        self.position = position

    @property
    def message(self) -> str:
        """What to do about it, in the active language."""
        match self.reason:
            case PinFault.EMPTY:
                return _("Enter the card's PIN.")
            case PinFault.LENGTH:
                return _("The PIN has 16 characters. Count them and enter all of them.")
            case PinFault.CHARACTER:
                return _(
                    "Character %(position)d of the PIN cannot be right: a PIN has digits and letters, but never U. "
                    "Compare it with the card (spaces and dashes are not counted)."
                ) % {"position": self.position}
            case PinFault.CHECK:
                return _("The PIN has a typing error. Compare each character with the card.")


class PinReading(NamedTuple):
    """A typed PIN as it was understood."""

    pin: str
    corrections: tuple[Amended, ...]


def check_char(characters: str) -> str:
    """The Luhn mod 32 check character of the 15 random ones."""
    return luhn.calc_check_digit(characters, ALPHABET)


def group_pin(pin: str) -> str:
    """The PIN as it is printed: 4-4-4-4."""
    return f"{pin[:4]}-{pin[4:8]}-{pin[8:12]}-{pin[12:]}"


def parse_pin(text: str) -> PinReading:
    """Read a typed PIN. Raises PinError with the reason, before an attempt is counted."""
    if len(text) > TYPED_MAX:
        raise PinError(PinFault.LENGTH)
    cleaned = clean_code(text, fold_case=True)
    if not cleaned.text:
        raise PinError(PinFault.EMPTY)
    for position, character in enumerate(cleaned.text, start=1):
        if character not in ALPHABET:
            raise PinError(PinFault.CHARACTER, position=position)
    if len(cleaned.text) != PIN_LENGTH:
        raise PinError(PinFault.LENGTH)
    if not luhn.is_valid(cleaned.text, ALPHABET):
        raise PinError(PinFault.CHECK)
    return PinReading(cleaned.text, cleaned.amendments)


def random_pins(count: int, entropy: bytes) -> list[str]:
    """`count` PINs out of 15 random bytes each.

    All PINs are worked on at once, a column of characters at a time: a million take a few tenths of a second.
    """
    assert count > 0
    assert len(entropy) == RANDOM_LENGTH * count
    block = bytearray(PIN_LENGTH * count)
    for column in range(RANDOM_LENGTH):
        block[column::PIN_LENGTH] = entropy[column::RANDOM_LENGTH].translate(_CHARACTERS)
    block[RANDOM_LENGTH::PIN_LENGTH] = _check_column(count, entropy)
    text = block.decode("ascii")
    return [text[start : start + PIN_LENGTH] for start in range(0, len(text), PIN_LENGTH)]


def _check_column(count: int, entropy: bytes) -> bytes:
    """The check characters of all rows.

    A column is added as one large number with a byte per row: a sum of eight values below 32 stays below 256 and never
    carries into the next row, so it is brought below 32 once, after eight columns.
    """
    total = 0
    for column in range(RANDOM_LENGTH):
        if column == 8:
            total = int.from_bytes(total.to_bytes(count, "big").translate(_ONCE), "big")
        weight = _ONCE if column % 2 else _TWICE
        total += int.from_bytes(entropy[column::RANDOM_LENGTH].translate(weight), "big")
    return total.to_bytes(count, "big").translate(_CHECKS)
