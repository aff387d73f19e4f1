"""How numbers, amounts, moments and codes are written for people, in their language."""

from datetime import date, datetime

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from django import template
from django.utils import timezone
from django.utils.translation import get_language, to_locale

from cashback.lib.crypto.signatures import printed_at
from cashback.lib.money import format_minor
from cashback.lib.pins import group_pin
from cashback.lib.serials import group_serial
from payouts.rails.reasons import explain

register = template.Library()


@register.filter
def count(number: int) -> str:
    """A number with its language's separators."""
    return str(format_decimal(number, locale=_locale()))


@register.filter
def minor(amount_minor: int, currency: str) -> str:
    """An amount with its currency."""
    return format_minor(amount_minor, currency)


@register.filter
def percent(basis_points: int) -> str:
    """A share in basis points, rounded down to a tenth of a percent."""
    return f"{format_decimal(basis_points // 10 / 10, format='#,##0.0', locale=_locale())} %"


@register.filter
def moment(at: datetime | None) -> str:
    """A moment in the site's time zone, to the minute."""
    if at is None:
        return "–"
    pattern = "y年M月d日 HH:mm" if _locale().startswith("zh") else "d MMM y, HH:mm"
    return str(format_datetime(timezone.localtime(at), pattern, locale=_locale()))


@register.filter
def day(at: datetime | date | None) -> str:
    """A date."""
    if at is None:
        return "–"
    on = timezone.localtime(at).date() if isinstance(at, datetime) else at
    return str(format_date(on, "long", locale=_locale()))


@register.filter
def printed(at: datetime) -> str:
    """A moment as it stands under signatures."""
    return printed_at(at)


@register.filter
def reason(code: str) -> str:
    """A bank's code, or one of ours, as the office reads it."""
    return explain(code) if code else ""


@register.filter
def serial(digits: str) -> str:
    """A serial as it is printed."""
    return group_serial(digits)


@register.filter
def pin(characters: str) -> str:
    """A PIN as it is printed."""
    return group_pin(characters)


@register.filter
def receipt(code: str) -> str:
    """A receipt code in groups that can be read out."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _locale() -> str:
    return to_locale(get_language() or "en")
