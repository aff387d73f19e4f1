"""What was posted, as the admin's reviews show it."""

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashback.accounts.admin_steps import Posting
from cashback.ledger.models import Account, Event, Transfer
from cashback.lib.money import UnknownCurrency, decimal_to_minor, exponent, format_minor


def postings(reference: str, events: Sequence[Event]) -> list[Posting]:
    """The transfers of a reference's entries, in the order in which they were posted."""
    found = Transfer.objects.filter(reference=reference, event__in=events).select_related("debit", "credit")
    return [
        Posting(
            str(_account(transfer.debit)),
            str(_account(transfer.credit)),
            format_minor(transfer.amount_minor, transfer.currency),
        )
        for transfer in found.order_by("pk")
    ]


def _account(account: Account) -> object:
    return account.get_kind_display()


class AmountField(forms.DecimalField):
    """An amount in a currency's main unit, as people write it."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Amount"), min_value=Decimal(0), max_digits=15, widget=forms.TextInput, localize=False
        )


def amount_minor(form: forms.Form, currency: str) -> int:
    """The amount that was typed, in minor units; what is wrong with it is said at the field, and 0 returned."""
    try:
        return decimal_to_minor(form.cleaned_data["amount"], currency)
    except UnknownCurrency:
        form.add_error("currency", _("This is not a currency of ISO 4217."))
    except ValueError:
        form.add_error(
            "amount", _("%(currency)s has %(digits)s decimals.") % {"currency": currency, "digits": exponent(currency)}
        )
    return 0
