"""What the dealers' and organizers' pages write: card numbers as printed, programs in the reader's language."""

from django import template

from cards.models import Program
from cashback.lib.serials import format_serial, group_serial
from cashback.portal import forms

register = template.Library()


@register.filter
def as_printed(number: int) -> str:
    """A card number as the serial on the card."""
    return group_serial(format_serial(number))


@register.filter
def program_name(program: Program) -> str:
    """The program's name in the reader's language."""
    return forms.program_name(program)
