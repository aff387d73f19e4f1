"""The double-entry books: accounts and transfers. Knows numbers and references, no app.

Balances and their floors are kept by triggers in `migrations/0002_books.sql`; the application only inserts transfers.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cashback.accounts.models import Prepared


class Kind(models.TextChoices):
    """What an account holds."""

    BANK = "bank", _("bank")
    WALLET = "wallet", _("dealer wallet")
    CASH_RESERVE = "cash_reserve", _("cash reserve")
    GIFT_RESERVE = "gift_reserve", _("gift reserve")
    PRIZE_FUND = "prize_fund", _("prize fund")
    PAYOUTS_DUE = "payouts_due", _("payouts due")
    IN_TRANSIT = "in_transit", _("in transit")
    GIFT_STOCK = "gift_stock", _("gift stock")
    REVENUE = "revenue", _("revenue")
    CAPITAL = "capital", _("capital")


DEBIT_KINDS = (Kind.BANK, Kind.GIFT_STOCK)
FLOORED_KINDS = tuple(kind for kind in Kind if kind not in {Kind.REVENUE, Kind.CAPITAL})
PER_PROGRAM_KINDS = (
    Kind.WALLET,
    Kind.CASH_RESERVE,
    Kind.GIFT_RESERVE,
    Kind.PRIZE_FUND,
    Kind.PAYOUTS_DUE,
    Kind.IN_TRANSIT,
    Kind.GIFT_STOCK,
)


class Account(models.Model):
    """One account: of a currency (bank, revenue, capital), a program, or a dealer's wallet in a program.

    `program` and `dealer` are numbers the callers know, not foreign keys. `balance_minor` is positive on the
    account's normal side (debit for bank and gift stock) and is written by the database alone.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    currency = models.CharField(_("currency"), max_length=3)
    program = models.BigIntegerField(_("program"), default=0)
    dealer = models.BigIntegerField(_("dealer"), default=0)
    balance_minor = models.BigIntegerField(_("balance"), default=0, editable=False)

    class Meta:
        """Scopes and floors."""

        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "currency", "program", "dealer"], name="ledger_account_one_per_scope"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="ledger_account_kind_known"),
            models.CheckConstraint(
                condition=Q(kind__in=PER_PROGRAM_KINDS, program__gt=0) | Q(program=0, dealer=0),
                name="ledger_account_program_scope",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.WALLET, dealer__gt=0) | (~Q(kind=Kind.WALLET) & Q(dealer=0)),
                name="ledger_account_dealer_scope",
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="ledger_account_currency_iso"),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0) | Q(kind__in=[Kind.REVENUE, Kind.CAPITAL]),
                name="ledger_account_not_negative",
            ),
        ]

    def __str__(self) -> str:
        """Name the account by scope."""
        return f"{self.kind} {self.currency} {self.program or '-'} {self.dealer or '-'}"


class Event(models.TextChoices):
    """Why money moved; each event's legs are in docs/money.md."""

    PAYMENT_CONFIRMED = "payment_confirmed", _("dealer's payment confirmed")
    LOT_SOLD = "lot_sold", _("lot sold")
    LOT_RETURNED = "lot_returned", _("lot returned")
    WALLET_PAID_OUT = "wallet_paid_out", _("wallet paid out")
    CASH_AWARD = "cash_award", _("cash award")
    PAYOUT_SENT = "payout_sent", _("payout sent")
    PAYOUT_CONFIRMED = "payout_confirmed", _("payout confirmed")
    PAYOUT_REFUSED = "payout_refused", _("payout refused")
    PAYOUT_RETURNED = "payout_returned", _("payout returned")
    AWARD_CANCELLED = "award_cancelled", _("award cancelled")
    GIFT_STOCK_BOUGHT = "gift_stock_bought", _("gift stock bought")
    GIFT_HANDED_OVER = "gift_handed_over", _("gift handed over")
    GIFT_LOST = "gift_lost", _("gift lost")
    PRIZE_FUND_PAID_IN = "prize_fund_paid_in", _("prize fund paid in")
    PRIZE_NOT_AWARDED = "prize_not_awarded", _("prize not awarded")
    INCOMPLETE_CYCLE = "incomplete_cycle", _("incomplete cycle closed")
    PROGRAM_SETTLED = "program_settled", _("program settled")
    CAPITAL_IN = "capital_in", _("organizer's money in")
    SURPLUS_OUT = "surplus_out", _("surplus out")
    BANK_FEE = "bank_fee", _("bank fee")
    CORRECTION = "correction", _("correction")


# The events that may move a wallet: few against those of payouts, so the statement's indexes cover only them.
WALLET_EVENTS = (
    Event.PAYMENT_CONFIRMED,
    Event.LOT_SOLD,
    Event.LOT_RETURNED,
    Event.WALLET_PAID_OUT,
    Event.CORRECTION,
)


class Transfer(models.Model):
    """One leg pair: an amount from one account's credit to another's debit. Balanced by construction, append-only.

    An entry is the transfers that share (event, reference); its reference names what caused it (`lot:17`,
    `award:9:1`) and makes a second posting of the same fact impossible.
    """

    event = models.CharField(_("event"), max_length=20, choices=Event)
    reference = models.CharField(_("reference"), max_length=64)
    debit = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("debit"), db_index=False)
    credit = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("credit"), db_index=False)
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("amount"))
    posted_at = models.DateTimeField(_("posted at"))

    class Meta:
        """The unique entry also serves the look-up by event and reference; two partial indexes a wallet's statement."""

        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "reference", "debit", "credit"], name="ledger_transfer_posted_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="ledger_transfer_two_accounts"),
            models.CheckConstraint(condition=Q(event__in=Event.values), name="ledger_transfer_event_known"),
        ]
        indexes = [
            models.Index(
                fields=["credit", "id"], condition=Q(event__in=WALLET_EVENTS), name="ledger_transfer_wallet_in"
            ),
            models.Index(
                fields=["debit", "id"], condition=Q(event__in=WALLET_EVENTS), name="ledger_transfer_wallet_out"
            ),
        ]

    def __str__(self) -> str:
        """Name the transfer by its fact."""
        return f"{self.event} {self.reference}"


# What people post by hand, each from an entry of the bank's.
MOVEMENT_EVENTS = (Event.CAPITAL_IN, Event.SURPLUS_OUT, Event.BANK_FEE)


class Movement(Prepared):
    """The organizer's own money in or out, or a fee of the bank: prepared by one, posted once another approves.

    `reference` names the bank's entry.
    """

    event = models.CharField(
        _("what"), max_length=20, choices=[(event.value, event.label) for event in MOVEMENT_EVENTS]
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("amount"))
    reference = models.CharField(_("bank reference"), max_length=64)

    class Meta(Prepared.Meta):
        """An entry of the bank's is prepared once, unless it was called off."""

        verbose_name = _("movement of own money")
        verbose_name_plural = _("own money in and out")
        constraints = [
            *Prepared.Meta.constraints,
            models.CheckConstraint(condition=Q(event__in=MOVEMENT_EVENTS), name="ledger_movement_event_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_movement_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="ledger_movement_currency_iso"),
            models.CheckConstraint(condition=~Q(reference=""), name="ledger_movement_has_a_reference"),
            models.UniqueConstraint(
                fields=["event", "reference"], condition=Q(called_off_at=None), name="ledger_movement_once"
            ),
        ]

    def __str__(self) -> str:
        """Name the movement by its id."""
        return f"movement {self.pk}"


class BooksCheck(models.Model):
    """One check of the books: when, how long it took, how many rules, and each breach as a sentence. Append-only.

    `whole`: every rule from the beginning; else what has come since the marks of the check before. Sentences name rows
    by number, never a person. A check by the schedule also tells that schedule and worker live.
    """

    checked_at = models.DateTimeField(_("checked at"))
    took_ms = models.PositiveIntegerField(_("took, in milliseconds"))
    rules = models.PositiveSmallIntegerField(_("rules"))
    breaches = models.JSONField(_("breaches"), default=list)
    by_schedule = models.BooleanField(_("by the schedule"), default=False)
    whole = models.BooleanField(_("from the beginning"), default=True)
    marks = models.JSONField(_("checked up to"), default=dict)

    class Meta:
        """The newest is read by the primary key."""

        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")

    def __str__(self) -> str:
        """Name the check by its id."""
        return f"check {self.pk}"
