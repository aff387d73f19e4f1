"""What people type where a printed code is meant: widths, separators, cases and letters that look like digits.

Every change is named, so that it can be shown to whoever typed it.
"""

from enum import StrEnum
from typing import NamedTuple


class Amended(StrEnum):
    """What was changed in a typed text."""

    WIDTH = "width"
    SEPARATORS = "separators"
    CASE = "case"
    LETTERS = "letters"


# Only the full-width forms of ASCII: compatibility normalisation would also turn a superscript two into a digit.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
SPACES = " \t\r\n\v\f\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000"
_SEPARATORS = dict.fromkeys(map(ord, DASHES + INVISIBLE + SPACES))
_LOOKALIKES = str.maketrans("OoIiLl", "001111")


class Cleaned(NamedTuple):
    """A typed text without what was certainly not meant, and what was changed for it."""

    text: str
    amendments: tuple[Amended, ...]


def clean_code(text: str, *, fold_case: bool, lookalikes: bool = True) -> Cleaned:
    """Fold widths and drop spaces and dashes.

    With `fold_case` upper-case ASCII letters; with `lookalikes` read O as 0 and I and L as 1.
    """
    steps = [(Amended.WIDTH, text.translate(FULL_WIDTH))]
    steps.append((Amended.SEPARATORS, steps[-1][1].translate(_SEPARATORS)))
    if fold_case and steps[-1][1].isascii():
        steps.append((Amended.CASE, steps[-1][1].upper()))
    if lookalikes:
        steps.append((Amended.LETTERS, steps[-1][1].translate(_LOOKALIKES)))
    befores = [text] + [after for _, after in steps]
    amendments = (amended for before, (amended, after) in zip(befores, steps, strict=False) if before != after)
    return Cleaned(steps[-1][1], tuple(amendments))
