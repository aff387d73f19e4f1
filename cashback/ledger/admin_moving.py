"""The organizer's own money in the admin: what is free, and money in, surplus out and fees by two people."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashback.accounts.admin_steps import Review, Step, StepForm
from cashback.accounts.two_people import waits
from cashback.ledger import moving, own_money
from cashback.ledger.admin_postings import AmountField, amount_minor, postings
from cashback.ledger.models import MOVEMENT_EVENTS, Account, Event, Kind, Movement
from cashback.lib.money import format_minor

_FAULTS = {
    "amount_not_positive": "amount",
    "surplus_too_large": "amount",
    "reference_missing": "reference",
    "posted_before": "reference",
    "waits_already": "reference",
}


def free_by_currency() -> list[tuple[str, str]]:
    """Each currency of the books with what of it is free."""
    codes = Account.objects.filter(kind__in=[Kind.BANK, Kind.REVENUE, Kind.CAPITAL]).values_list("currency", flat=True)
    return [
        (_("Free in %(currency)s") % {"currency": code}, format_minor(own_money.free_minor(code), code))
        for code in sorted(set(codes))
    ]


class PrepareForm(StepForm):
    """The first person: what the bank's statement says."""

    faults = _FAULTS
    note = gettext_lazy(
        "Enter what the bank's statement says. Nothing is posted until another person approves. Free is what the "
        "bank and the usable gift stock hold beyond everything owed and reserved: only that can be taken out. A fee "
        "beyond it posts the organizer's money in first."
    )
    event = forms.ChoiceField(
        label=gettext_lazy("What"), choices=[(event.value, event.label) for event in MOVEMENT_EVENTS]
    )
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3, min_length=3, initial="CNY")
    amount = AmountField()
    reference = forms.CharField(
        label=gettext_lazy("Bank reference"), max_length=64, help_text=gettext_lazy("As it stands on the statement.")
    )

    def facts(self) -> list[tuple[str, str]]:
        """What is free."""
        return free_by_currency()

    def clean_currency(self) -> str:
        """Codes are upper case."""
        return str(self.cleaned_data["currency"]).upper()

    def act(self) -> Movement:
        """Prepare the movement."""
        said = self.cleaned_data
        return moving.prepare(
            event=said["event"],
            currency=said["currency"],
            amount_minor=self._minor,
            reference=said["reference"],
            by_id=self.by_id,
            now=timezone.now(),
        )

    def clean(self) -> dict[str, Any]:
        """An amount is one of its currency's."""
        if not self.errors:
            self._minor = amount_minor(self, self.cleaned_data["currency"])
        return super().clean()

    def describe(self, made: Movement) -> Review:
        """What approving it will post."""
        moving.post(made, timezone.now())
        return Review(
            postings=postings(made.reference, [Event.CAPITAL_IN, Event(made.event)]),
            posted_when=_("What will be posted once another person approves"),
        )

    def done(self, made: Movement) -> str:
        """It waits now."""
        return _("%(movement)s is prepared; another person approves it.") % {"movement": made}


class ApproveForm(StepForm):
    """The second person."""

    note = gettext_lazy("Compare with the bank's statement. Whoever prepared this cannot approve it.")

    def act(self) -> Movement:
        """Approve and post."""
        return moving.approve(movement_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def describe(self, made: Movement) -> Review:
        """Who prepared what, and the posting."""
        return Review(
            facts=[
                (_("What"), made.get_event_display()),
                (_("Amount"), format_minor(made.amount_minor, made.currency)),
                (_("Bank reference"), made.reference),
                (_("Prepared by"), made.prepared_by.get_username()),
            ],
            postings=postings(made.reference, [Event.CAPITAL_IN, Event(made.event)]),
        )

    def done(self, made: Movement) -> str:
        """It is posted."""
        return _("%(movement)s is posted.") % {"movement": made}


class CallOffForm(StepForm):
    """Either person gives it up."""

    note = gettext_lazy("Nothing is posted. The reference may be prepared again.")

    def act(self) -> Movement:
        """Call it off."""
        return moving.call_off(movement_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def describe(self, made: Movement) -> Review:
        """What is given up."""
        return Review(
            facts=[
                (_("What"), made.get_event_display()),
                (_("Amount"), format_minor(made.amount_minor, made.currency)),
                (_("Bank reference"), made.reference),
            ]
        )

    def done(self, made: Movement) -> str:
        """It is given up."""
        return _("%(movement)s is called off.") % {"movement": made}


STEPS = (
    Step("approve", gettext_lazy("Approve (second person)"), ApproveForm, waits),
    Step("call-off", gettext_lazy("Call off"), CallOffForm, waits),
)
