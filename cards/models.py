"""INVENTORY: programs, printed batches, cards, dealers, orders and lots (the register SOLD)."""

from django.conf import settings
from django.contrib.postgres.fields import BigIntegerRangeField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cashback.accounts.models import Prepared, User


class Rule(models.TextChoices):
    """Who is paid when a cycle closes."""

    COHORT = "cohort", _("the first of each cycle")
    LINE = "line", _("the first of the whole line")


class ProgramState(models.TextChoices):
    """A program's life."""

    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    CLOSED = "closed", _("closed")
    SETTLED = "settled", _("settled")


class Program(models.Model):
    """One campaign: its money, its rule and its dates. Locked from publishing on, but for dates in holders' favour."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_zh = models.CharField(_("name in Chinese"), max_length=120, blank=True)
    terms = models.TextField(_("terms"), blank=True)
    terms_version = models.CharField(_("version of the terms"), max_length=16, default="1")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    face_value_minor = models.BigIntegerField(_("face value"), help_text=_("In minor units (cents, fen)."))
    card_price_minor = models.BigIntegerField(_("card price"), help_text=_("What a dealer pays for a card."))
    gift_cost_minor = models.BigIntegerField(_("gift cost"), help_text=_("What a gift may cost."))
    cycle_size = models.PositiveIntegerField(_("cycle size"), default=50)
    payouts_per_cycle = models.PositiveIntegerField(_("payouts per cycle"), default=6)
    rule = models.CharField(_("rule"), max_length=6, choices=Rule, default=Rule.COHORT)
    closes_on = models.DateField(_("closes on"))
    claim_days = models.PositiveIntegerField(_("days to claim"), default=60)
    purge_delay_days = models.PositiveIntegerField(_("purge delay in days"), default=0)
    payee_limit = models.PositiveIntegerField(_("registrations per payee"), default=20)
    contact_hold_seconds = models.PositiveIntegerField(_("contact kept after the verdict, in seconds"), default=86_400)
    release_below_minor = models.BigIntegerField(
        _("released by the schedule below"),
        null=True,
        blank=True,
        help_text=_("Payouts below this amount are released without two people; empty: none are."),
    )
    state = models.CharField(_("state"), max_length=9, choices=ProgramState, default=ProgramState.DRAFT)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True, editable=False)

    class Meta:
        """The gate (a program that could not pay is not published) and the ranges of its figures."""

        verbose_name = _("program")
        verbose_name_plural = _("programs")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]*$"), name="cards_program_code_form"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="cards_program_currency_iso"),
            models.CheckConstraint(condition=Q(rule__in=Rule.values), name="cards_program_rule_known"),
            models.CheckConstraint(
                condition=Q(face_value_minor__range=(1, 10**12))
                & Q(card_price_minor__range=(1, 10**12))
                & Q(gift_cost_minor__range=(0, 10**12)),
                name="cards_program_amounts_in_range",
            ),
            models.CheckConstraint(
                condition=Q(
                    cycle_size__range=(1, 10_000), payouts_per_cycle__gte=1, payouts_per_cycle__lte=F("cycle_size")
                ),
                name="cards_program_payouts_within_cycle",
            ),
            models.CheckConstraint(
                condition=Q(purge_delay_days__lte=30, claim_days__range=(1, 366), payee_limit__gte=1),
                name="cards_program_days_in_range",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at=None, closed_at=None, settled_at=None)
                | Q(state="published", published_at__isnull=False, closed_at=None, settled_at=None)
                | Q(state="closed", published_at__isnull=False, closed_at__isnull=False, settled_at=None)
                | Q(state="settled", published_at__isnull=False, closed_at__isnull=False, settled_at__isnull=False),
                name="cards_program_state_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        """Name the program by its code."""
        return self.code

    @property
    def gifts_per_cycle(self) -> int:
        """How many gifts a full cycle may cost: the unpaid ones under `cohort`, everybody under `line`."""
        return self.cycle_size - (self.payouts_per_cycle if self.rule == Rule.COHORT else 0)


class Batch(models.Model):
    """One print run: a consecutive range of card numbers, minted in chunks under one PIN key."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="batches", verbose_name=_("program"))
    first_number = models.BigIntegerField(_("first number"))
    cards = models.BigIntegerField(_("cards"))
    numbers = models.GeneratedField(
        expression=models.Func(
            F("first_number"), F("first_number") + F("cards"), function="int8range", output_field=BigIntegerRangeField()
        ),
        output_field=BigIntegerRangeField(),
        db_persist=True,
    )
    minted = models.BigIntegerField(_("minted"), default=0, editable=False)
    pin_key_id = models.CharField(_("PIN key"), max_length=16)
    printer_key = models.CharField(_("printer's key"), max_length=80, blank=True)
    manifest_sha256 = models.CharField(_("hash of the manifest"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("started at"))
    minted_at = models.DateTimeField(_("minted at"), null=True, blank=True)

    class Meta:
        """Ranges never overlap (an exclusion constraint in 0002_rules.sql); numbers have at most 12 digits."""

        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.CheckConstraint(
                condition=Q(first_number__gte=1, cards__range=(1, 100_000_000), first_number__lte=10**12 - F("cards")),
                name="cards_batch_numbers_in_range",
            ),
            models.CheckConstraint(
                condition=Q(minted__gte=0, minted__lte=F("cards")), name="cards_batch_minted_in_range"
            ),
            models.CheckConstraint(
                condition=Q(minted_at=None) | Q(minted=F("cards")), name="cards_batch_minted_is_complete"
            ),
        ]

    def __str__(self) -> str:
        """Name the batch by its id."""
        return f"batch {self.pk}"


class Card(models.Model):
    """One printed card: number and keyed digest of serial and PIN. Never updated, never deleted.

    Its batch is the one whose range holds the number; a column for it would cost a check per printed card.
    """

    number = models.BigIntegerField(_("number"), primary_key=True)
    pin_digest = models.BinaryField(_("PIN digest"), max_length=32)

    class Meta:
        """The primary key serves every query: cards are found by number alone."""

        verbose_name = _("card")
        verbose_name_plural = _("cards")

    def __str__(self) -> str:
        """Name the card by its number."""
        return f"card {self.number}"


class Dealer(models.Model):
    """A business that buys cards and gives one free with a purchase."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(
        _("address"), max_length=200, blank=True, help_text=_("Of the counter, where holders fetch gifts.")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        """Codes are short and stable."""

        verbose_name = _("dealer")
        verbose_name_plural = _("dealers")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]*$"), name="cards_dealer_code_form"),
        ]

    def __str__(self) -> str:
        """Name the dealer by code."""
        return self.code


class DealerMember(models.Model):
    """A person who signs in for a dealer; one dealer a person."""

    user = models.OneToOneField(User, models.PROTECT, related_name="+", verbose_name=_("user"))
    dealer = models.ForeignKey(Dealer, models.PROTECT, related_name="members", verbose_name=_("dealer"))

    class Meta:
        """Only users with the role dealer (checked where members are added)."""

        verbose_name = _("dealer's member")
        verbose_name_plural = _("dealers' members")

    def __str__(self) -> str:
        """Name the membership."""
        return f"member {self.user_id} of dealer {self.dealer_id}"


class OrderState(models.TextChoices):
    """An order's life."""

    PLACED = "placed", _("placed")
    PAID = "paid", _("paid")
    FULFILLED = "fulfilled", _("fulfilled")
    CANCELLED = "cancelled", _("cancelled")


class Order(models.Model):
    """A dealer's order of cards; paid once two people have confirmed the dealer's payment."""

    dealer = models.ForeignKey(Dealer, models.PROTECT, related_name="orders", verbose_name=_("dealer"))
    program = models.ForeignKey(Program, models.PROTECT, related_name="orders", verbose_name=_("program"))
    cards = models.PositiveIntegerField(_("cards"))
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    product_name = models.CharField(_("product"), max_length=120)
    product_specification = models.CharField(_("specification"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=OrderState, default=OrderState.PLACED)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("placed by"), db_index=False
    )
    placed_at = models.DateTimeField(_("placed at"))
    payment_prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    payment_prepared_at = models.DateTimeField(_("payment seen at"), null=True, blank=True)
    payment_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    fulfilled_at = models.DateTimeField(_("fulfilled at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        """Each state has its time; a payment takes two people."""

        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(condition=Q(cards__range=(1, 1_000_000)), name="cards_order_cards_in_range"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="cards_order_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="placed", paid_at=None, fulfilled_at=None, cancelled_at=None)
                | Q(state="paid", paid_at__isnull=False, fulfilled_at=None, cancelled_at=None)
                | Q(state="fulfilled", paid_at__isnull=False, fulfilled_at__isnull=False, cancelled_at=None)
                | Q(state="cancelled", fulfilled_at=None, cancelled_at__isnull=False),
                name="cards_order_state_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(payment_prepared_by=None, payment_prepared_at=None)
                | Q(payment_prepared_by__isnull=False, payment_prepared_at__isnull=False),
                name="cards_order_prepared_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(paid_at=None, payment_approved_by=None)
                | Q(payment_approved_by__isnull=False, payment_prepared_by__isnull=False, paid_at__isnull=False),
                name="cards_order_paid_has_two_people",
            ),
            models.CheckConstraint(
                condition=Q(payment_approved_by=None) | ~Q(payment_approved_by=F("payment_prepared_by")),
                name="cards_order_two_different_people",
            ),
        ]

    def __str__(self) -> str:
        """Name the order by its id."""
        return f"order {self.pk}"


class Lot(models.Model):
    """SOLD: a consecutive range of cards sold to one dealer, and what of its price was reserved.

    A lot is never changed but for its end: a return ends it, and lots of what is kept replace it.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="lots", verbose_name=_("program"))
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="lots", verbose_name=_("batch"))
    dealer = models.ForeignKey(Dealer, models.PROTECT, related_name="lots", verbose_name=_("dealer"))
    order = models.ForeignKey(Order, models.PROTECT, related_name="lots", verbose_name=_("order"))
    first_number = models.BigIntegerField(_("first number"))
    last_number = models.BigIntegerField(_("last number"))
    numbers = models.GeneratedField(
        expression=models.Func(
            F("first_number"), F("last_number") + 1, function="int8range", output_field=BigIntegerRangeField()
        ),
        output_field=BigIntegerRangeField(),
        db_persist=True,
    )
    product_name = models.CharField(_("product"), max_length=120)
    product_specification = models.CharField(_("specification"), max_length=120, blank=True)
    price_minor = models.BigIntegerField(_("price"))
    cash_reserved_minor = models.BigIntegerField(_("cash reserved"))
    gift_reserved_minor = models.BigIntegerField(_("gifts reserved"))
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("replaces"), db_index=False
    )
    sold_at = models.DateTimeField(_("sold at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        """Living lots never overlap and lie in their batch (0002_rules.sql). Indexes by foreign key serve lists."""

        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(
                condition=Q(first_number__gte=1, last_number__gte=F("first_number")), name="cards_lot_range"
            ),
            models.CheckConstraint(
                condition=Q(cash_reserved_minor__gte=0, gift_reserved_minor__gte=0)
                & Q(price_minor__gte=F("cash_reserved_minor") + F("gift_reserved_minor")),
                name="cards_lot_reserves_within_price",
            ),
        ]

    def __str__(self) -> str:
        """Name the lot by its range."""
        return f"lot {self.first_number}-{self.last_number}"

    @property
    def cards(self) -> int:
        """How many cards the lot has."""
        return self.last_number - self.first_number + 1


class WalletPayout(Prepared):
    """Money that goes back to a dealer: prepared by one person, posted once another approves.

    `reference` names the bank's entry by which it was paid.
    """

    dealer = models.ForeignKey(Dealer, models.PROTECT, related_name="+", verbose_name=_("dealer"), db_index=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False)
    amount_minor = models.BigIntegerField(_("amount"))
    reference = models.CharField(_("bank reference"), max_length=64)

    class Meta(Prepared.Meta):
        """An entry of the bank's is prepared once, unless it was called off."""

        verbose_name = _("payment out of a wallet")
        verbose_name_plural = _("payments out of wallets")
        constraints = [
            *Prepared.Meta.constraints,
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="cards_walletpayout_amount_positive"),
            models.CheckConstraint(condition=~Q(reference=""), name="cards_walletpayout_has_a_reference"),
            models.UniqueConstraint(
                fields=["reference"], condition=Q(called_off_at=None), name="cards_walletpayout_once"
            ),
        ]

    def __str__(self) -> str:
        """Name the payment by its id."""
        return f"wallet payout {self.pk}"


class BlockKind(models.TextChoices):
    """What a block does."""

    FROZEN = "frozen", _("frozen")
    VOID = "void", _("void")


class Block(models.Model):
    """A frozen or void card: asked for by one person, in force once another approves, ended by two again."""

    number = models.BigIntegerField(_("card number"))
    kind = models.CharField(_("kind"), max_length=6, choices=BlockKind)
    reason = models.CharField(_("reason"), max_length=200, help_text=_("Shown to the holder. No personal data."))
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    lift_prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)

    class Meta:
        """At most one living block a card, which also serves the look-up at intake."""

        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [
            models.UniqueConstraint(fields=["number"], condition=Q(lifted_at=None), name="cards_block_one_living"),
            models.CheckConstraint(condition=Q(kind__in=BlockKind.values), name="cards_block_kind_known"),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("prepared_by"))),
                name="cards_block_two_people",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by=None, lifted_at=None)
                | (
                    Q(lifted_by__isnull=False, lifted_at__isnull=False, lift_prepared_by__isnull=False)
                    & ~Q(lifted_by=F("lift_prepared_by"))
                ),
                name="cards_block_lifted_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        """Name the block by card."""
        return f"{self.kind} card {self.number}"
