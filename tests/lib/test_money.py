from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cashback.lib.money import (
    UnknownCurrency,
    ceil_div,
    decimal_to_minor,
    exponent,
    format_minor,
    minor_to_decimal,
)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_ceil_div_is_exact(dividend: int, divisor: int) -> None:
    assert ceil_div(dividend, divisor) == ceil(Fraction(dividend, divisor))


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("CNY", 2), ("EUR", 2), ("USD", 2), ("HKD", 2), ("GBP", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("ALL", 2)],
)
def test_exponents_are_those_of_the_standard(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "cny", "ABC", "¥"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(code)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "locale", "text"),
    [
        (30_000, "CNY", "zh_Hans", "¥300.00"),
        (30_000, "CNY", "en", "CN¥300.00"),
        (1_234_567, "JPY", "en", "¥1,234,567"),
        (-5, "EUR", "en", "-€0.05"),
        (1_500, "KWD", "en", "KWD1.500"),
    ],
)
def test_amounts_are_written_as_the_reader_expects(
    amount_minor: int, currency: str, locale: str | None, text: str
) -> None:
    assert format_minor(amount_minor, currency, locale=locale) == text


def test_the_active_language_is_the_default() -> None:
    with translation.override("zh-hans"):
        assert format_minor(30_000, "CNY") == "¥300.00"
    with translation.override(None):
        assert format_minor(30_000, "USD") == "$300.00"


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_a_bank_files_amount_leads_back_to_the_same_minor_units(amount_minor: int, currency: str) -> None:
    assert decimal_to_minor(minor_to_decimal(amount_minor, currency), currency) == amount_minor


def test_bank_files_get_every_decimal() -> None:
    assert str(minor_to_decimal(30_000, "CNY")) == "300.00"
    assert str(minor_to_decimal(30_000, "JPY")) == "30000"
    assert str(minor_to_decimal(0, "CNY")) == "0.00"


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "1e30"])
def test_an_amount_that_would_lose_something_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|amount"):
        decimal_to_minor(Decimal(amount), "CNY")
