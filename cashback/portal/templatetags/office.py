"""What the dealers' and organizers' pages write: card numbers as printed, programs in the reader's language."""

from django import template
from django.utils.translation import get_language

from cards.models import Program
from cashback.lib.serials import format_serial, group_serial
from cashback.portal import forms
from payouts.models import Offer

register = template.Library()


@register.filter
def as_printed(number: int) -> str:
    """A card number as the serial on the card."""
    return group_serial(format_serial(number))


@register.filter
def program_name(program: Program) -> str:
    """The program's name in the reader's language."""
    return forms.program_name(program)


@register.filter
def offer_name(offer: Offer) -> str:
    """The gift's name in the reader's language."""
    return offer.name_zh if (get_language() or "").startswith("zh") else offer.name


@register.filter
def gift_name(row: dict[str, str]) -> str:
    """The same of a row that only has the names."""
    return row["offer__name_zh"] if (get_language() or "").startswith("zh") else row["offer__name"]
