"""The characters that holders may use: in names, which must suit the bank, and in texts that people only read.

Positions count from 1 in what was typed, in composed form (NFC).
"""

import re
import unicodedata
from collections.abc import Iterator

from cashback.lib.typed_text import DASHES, FULL_WIDTH, INVISIBLE, SPACES

# A payment message's name is Max140Text of ISO 20022; these are the characters that banks in China and in the SEPA
# countries take: unified ideographs with extension A, Latin letters with diacritics, and few marks.
_LETTERS = (
    "A-Za-z"
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"  # Latin with diacritics
    "\u1e00-\u1eff"  # the same, Vietnamese among them
    "\u3007\u3400-\u4dbf\u4e00-\u9fff"  # ideographs
)
_LETTER = re.compile(f"[{_LETTERS}]")
NAME = re.compile(f"[{_LETTERS}0-9 \\-.,'()\u00b7]")
BANK_NAME = re.compile(f"[{_LETTERS}0-9 \\-.,'()\u00b7&/+:]")

_DOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65"  # written between the parts of a transcribed name
_APOSTROPHES = "\u2018\u2019\u02bc\u00b4`"
_STANDARD = (
    dict.fromkeys(map(ord, SPACES), " ")
    | dict.fromkeys(map(ord, DASHES), "-")
    | dict.fromkeys(map(ord, _DOTS), "\u00b7")
    | dict.fromkeys(map(ord, _APOSTROPHES), "'")
    | {code: chr(plain) for code, plain in FULL_WIDTH.items()}
)
_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
# Not So and Sk, among which emoji and their skin colours are, and not Me, which makes emoji of digits.
_PRINTED = {
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No"),
    *("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Sm", "Sc"),
}


def compose(text: str) -> str:
    """The text with letters and their diacritics in one character where there is one (NFC)."""
    return unicodedata.normalize("NFC", text)


def standardise(text: str) -> str:
    """Full-width forms, dashes, dots and apostrophes as the bank's character set has them; no invisible characters."""
    return without_invisible(text).translate(_STANDARD)


def without_invisible(text: str) -> str:
    """The text without soft hyphens, joiners, marks of direction and the like."""
    return text.translate(_INVISIBLE)


def squeeze(text: str) -> str:
    """One space between words and none around them."""
    return " ".join(text.split())


def has_letter(text: str) -> bool:
    """Whether the text holds a letter or an ideograph."""
    return _LETTER.search(text) is not None


def foreign_position(text: str, allowed: re.Pattern[str]) -> int | None:
    """Where the first character stands that is not allowed and cannot be corrected to one that is."""
    return next((at for at, plain in _plain(text) if plain and not allowed.fullmatch(plain)), None)


def unprintable_position(text: str) -> int | None:
    """Where the first character stands that is not printed as text: controls, emoji, halves of a character."""
    return next((at for at, plain in _plain(text) if plain and not _is_printed(plain)), None)


def _plain(text: str) -> Iterator[tuple[int, str]]:
    for at, character in enumerate(text, start=1):
        yield at, standardise(character)


def _is_printed(character: str) -> bool:
    return unicodedata.category(character) in _PRINTED
