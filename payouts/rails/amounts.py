"""Amounts as payment messages write them: a decimal point, as many places as the currency has, never a float."""

import re
from decimal import Decimal

from cashback.lib.money import decimal_to_minor, minor_to_decimal

_WRITTEN = re.compile(r"[0-9]{1,15}(\.[0-9]{1,5})?", re.ASCII)


def write_amount(amount_minor: int, currency: str) -> str:
    """12345 CNY is `123.45`, 12345 JPY is `12345`. Raises ValueError for a negative amount or no currency."""
    if amount_minor < 0:
        raise ValueError("an amount in a message is never negative")
    return f"{minor_to_decimal(amount_minor, currency):f}"


def read_amount(text: str, currency: str) -> int:
    """The amount in minor units. Raises ValueError for signs, exponents, other scripts' digits and broken units."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError("not a plain decimal number")
    return decimal_to_minor(Decimal(text), currency)
