"""Amounts: whole numbers of a currency's minor unit, and how they are written for people and for banks."""

import copy
from decimal import Decimal

from babel import Locale
from babel.numbers import is_currency
from django.utils.translation import get_language, to_locale

# ISO 4217's exponents where they are not 2. The locale data's figures are those of shops (ALL 0), not of banks.
_NO_DECIMALS = {
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
}
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
_EXPONENTS = {**dict.fromkeys(_NO_DECIMALS, 0), **dict.fromkeys(_THREE_DECIMALS, 3), "CLF": 4, "UYW": 4}


class UnknownCurrency(ValueError):
    """The code is not a currency of ISO 4217."""


def ceil_div(dividend: int, divisor: int) -> int:
    """`dividend / divisor` rounded up, exactly. The divisor is positive."""
    assert divisor > 0
    return -(-dividend // divisor)


def exponent(currency: str) -> int:
    """How many decimal digits the currency's minor unit has: 2 for CNY, 0 for JPY. Raises UnknownCurrency."""
    if not is_currency(currency):
        raise UnknownCurrency(currency)
    return _EXPONENTS.get(currency, 2)


def minor_to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The amount in the currency's main unit with exactly its decimals, as bank files want it."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def decimal_to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units. Raises ValueError where a fraction of a minor unit would be lost."""
    if not amount.is_finite() or abs(amount) >= 10**15:
        raise ValueError("not an amount")
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"more decimals than {currency} has")
    return int(scaled)


def format_minor(amount_minor: int, currency: str, *, locale: str | None = None) -> str:
    """The amount with its currency sign in the active language, or in `locale` ("zh_Hans")."""
    language = Locale.parse(locale or to_locale(get_language() or "en"))
    digits = exponent(currency)
    pattern = copy.copy(language.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    amount = minor_to_decimal(amount_minor, currency)
    text: str = pattern.apply(amount, language, currency=currency, currency_digits=False)
    return text
