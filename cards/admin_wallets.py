"""Paying out dealers' wallets in the admin, by two people, with the bank's reference."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import wallets
from cards.models import Dealer, Program, ProgramState, WalletPayout
from cashback.accounts.admin_decisions import DecisionsAdmin
from cashback.accounts.admin_steps import Review, Step, StepForm
from cashback.accounts.two_people import waits
from cashback.ledger.admin_postings import AmountField, amount_minor, postings
from cashback.ledger.models import Account, Event, Kind
from cashback.lib.money import format_minor

WALLETS_SHOWN = 12


class PrepareForm(StepForm):
    """The first person: what was paid back to a dealer."""

    faults = {
        "dealer_unknown": "dealer",
        "program_unknown": "program",
        "amount_not_positive": "amount",
        "wallet_too_small": "amount",
        "reference_missing": "reference",
        "posted_before": "reference",
        "waits_already": "reference",
    }
    note = gettext_lazy(
        "A dealer gets money back that is in the wallet and not bound by a paid order. Nothing is posted until another "
        "person approves."
    )
    dealer = forms.CharField(label=gettext_lazy("Dealer"), max_length=32, help_text=gettext_lazy("The dealer's code."))
    program = forms.ModelChoiceField(Program.objects.none(), label=gettext_lazy("Program"))
    amount = AmountField()
    reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=64,
        help_text=gettext_lazy("Of the bank's entry by which it was paid."),
    )

    def set_up(self) -> None:
        """Programs that ever sold."""
        self.fields["program"].queryset = Program.objects.exclude(state=ProgramState.DRAFT)  # type: ignore[attr-defined]

    def facts(self) -> list[tuple[str, str]]:
        """The fullest wallets, and what of each is free."""
        filled = Account.objects.filter(kind=Kind.WALLET, balance_minor__gt=0).order_by("-balance_minor")
        rows = list(filled[:WALLETS_SHOWN])
        programs = Program.objects.in_bulk([row.program for row in rows])
        dealers = Dealer.objects.in_bulk([row.dealer for row in rows])
        return [
            (
                f"{dealers[row.dealer]} · {programs[row.program]}",
                _("%(free)s free of %(balance)s")
                % {
                    "free": format_minor(
                        wallets.free_minor(dealer_id=row.dealer, program=programs[row.program]), row.currency
                    ),
                    "balance": format_minor(row.balance_minor, row.currency),
                },
            )
            for row in rows
            if row.dealer in dealers and row.program in programs
        ]

    def clean_dealer(self) -> str:
        """Codes are upper case; an inactive dealer gets money back too."""
        code = str(self.cleaned_data["dealer"]).strip().upper()
        if not Dealer.objects.filter(code=code).exists():
            raise forms.ValidationError(_("No dealer has this code."))
        return code

    def clean(self) -> dict[str, Any]:
        """An amount is one of the program's currency."""
        if not self.errors:
            self._minor = amount_minor(self, self.cleaned_data["program"].currency)
        return super().clean()

    def act(self) -> WalletPayout:
        """Prepare the payment."""
        said = self.cleaned_data
        return wallets.prepare_payout(
            dealer_id=Dealer.objects.get(code=said["dealer"]).pk,
            program_id=said["program"].pk,
            amount_minor=self._minor,
            reference=said["reference"],
            by_id=self.by_id,
            now=timezone.now(),
        )

    def describe(self, made: WalletPayout) -> Review:
        """What approving it will post."""
        wallets.post_payout(made, timezone.now())
        return Review(
            postings=postings(made.reference, [Event.WALLET_PAID_OUT]),
            posted_when=_("What will be posted once another person approves"),
        )

    def done(self, made: WalletPayout) -> str:
        """It waits now."""
        return _("%(payout)s is prepared; another person approves it.") % {"payout": made}


def _facts(payout: WalletPayout) -> list[tuple[object, object]]:
    return [
        (_("Dealer"), payout.dealer),
        (_("Program"), payout.program),
        (_("Amount"), format_minor(payout.amount_minor, payout.program.currency)),
        (_("Bank reference"), payout.reference),
        (_("Prepared by"), payout.prepared_by.get_username()),
    ]


class ApproveForm(StepForm):
    """The second person."""

    note = gettext_lazy("Compare with the bank's statement. Whoever prepared this cannot approve it.")

    def act(self) -> WalletPayout:
        """Approve and post."""
        return wallets.approve_payout(payout_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def describe(self, made: WalletPayout) -> Review:
        """Who prepared what, and the posting."""
        return Review(facts=_facts(made), postings=postings(made.reference, [Event.WALLET_PAID_OUT]))

    def done(self, made: WalletPayout) -> str:
        """It is posted."""
        return _("%(payout)s is posted.") % {"payout": made}


class CallOffForm(StepForm):
    """Either person gives it up."""

    note = gettext_lazy("Nothing is posted. The reference may be prepared again.")

    def act(self) -> WalletPayout:
        """Call it off."""
        return wallets.call_off_payout(payout_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def describe(self, made: WalletPayout) -> Review:
        """What is given up."""
        return Review(facts=_facts(made))

    def done(self, made: WalletPayout) -> str:
        """It is given up."""
        return _("%(payout)s is called off.") % {"payout": made}


class WalletPayoutAdmin(DecisionsAdmin):
    """Money that went back to dealers."""

    adding = PrepareForm
    steps = (
        Step("approve", gettext_lazy("Approve (second person)"), ApproveForm, waits),
        Step("call-off", gettext_lazy("Call off"), CallOffForm, waits),
    )
    list_display = ["id", "dealer", "program", "amount", "reference", "state", "preparer", "approver"]
    list_select_related: ClassVar[Any] = ["dealer", "program", "prepared_by", "approved_by"]
    list_filter = ["program"]
    fields = [
        *("dealer", "program", "amount", "reference", "state", "prepared_by", "prepared_at"),
        *("approved_by", "approved_at", "called_off_by", "called_off_at"),
    ]
    readonly_fields = ["amount", "state"]

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, payout: WalletPayout) -> str:
        """With its currency."""
        return format_minor(payout.amount_minor, payout.program.currency)
