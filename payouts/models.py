"""MONEY AND GIFTS OUT: the registers PENDING, REFUNDED and cancelled, attempts, releases, bank answers, gifts."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cards.models import Dealer, Program
from queueing.models import Award, KeyEpoch, Registration


class Collection(models.Model):
    """How far a program's awards have been collected, in order of cycles, and what those cycles awarded in all."""

    program = models.OneToOneField(
        Program, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("program")
    )
    cycle = models.BigIntegerField(_("collected through cycle"), default=0)
    cash_awards = models.BigIntegerField(_("cash awards of those cycles"), default=0)
    gift_awards = models.BigIntegerField(_("gift awards of those cycles"), default=0)
    collected_at = models.DateTimeField(_("collected at"))

    class Meta:
        """One row a program."""

        verbose_name = _("collection")
        verbose_name_plural = _("collections")

    def __str__(self) -> str:
        """Name the collection by its program."""
        return f"collection of program {self.pk}"


class Tally(models.Model):
    """A program's registers in figures, so that nobody counts rows. Written by triggers on the registers alone."""

    program = models.OneToOneField(
        Program, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("program"), db_constraint=False
    )
    pending = models.BigIntegerField(_("pending"), default=0)
    pending_minor = models.BigIntegerField(_("pending amount"), default=0)
    refunded = models.BigIntegerField(_("refunded"), default=0)
    refunded_minor = models.BigIntegerField(_("refunded amount"), default=0)
    gifts_owed = models.BigIntegerField(_("gifts not handed over"), default=0)

    class Meta:
        """One row a program."""

        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        """Name the tally by its program."""
        return f"tally of program {self.pk}"


class PendingState(models.TextChoices):
    """Where a payout stands while it is due."""

    DUE = "due", _("due")
    APPROVED = "approved", _("approved")
    SENT = "sent", _("sent")
    ACCEPTED = "accepted", _("accepted by the bank")
    DETAILS_NEEDED = "details_needed", _("details needed")
    ON_HOLD = "on_hold", _("on hold")
    IN_DOUBT = "in_doubt", _("in doubt")


class Release(models.Model):
    """Payouts that leave together: prepared by one person, approved by another, or by the schedule below an amount.

    `message_id` names the payment file; it is destroyed at the bank's first answer, its hash stays.
    """

    class State(models.TextChoices):
        """A release's life; `sending` means the books say sent and the file may or may not be out yet."""

        PREPARED = "prepared", _("prepared")
        APPROVED = "approved", _("approved")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        SETTLED = "settled", _("settled")
        CANCELLED = "cancelled", _("cancelled")

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PREPARED)
    automatic = models.BooleanField(_("by the schedule"), default=False)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("prepared by"),
        db_index=False,
    )
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
        db_index=False,
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    rail = models.CharField(_("rail"), max_length=16)
    message_id = models.CharField(_("message"), max_length=35, unique=True)
    payouts = models.PositiveIntegerField(_("payouts"), default=0)
    total_minor = models.BigIntegerField(_("total"), default=0)
    over_payee_limit = models.PositiveIntegerField(_("payouts to payees over the limit"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    file_sha256 = models.CharField(_("hash of the file"), max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    file_destroyed_at = models.DateTimeField(_("file destroyed at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        """Two different people, or the schedule and nobody. The index serves whoever looks for work."""

        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = [
            models.CheckConstraint(
                condition=Q(automatic=True, prepared_by=None, approved_by=None)
                | (
                    Q(automatic=False, prepared_by__isnull=False)
                    & (Q(approved_by=None) | ~Q(approved_by=F("prepared_by")))
                ),
                name="payouts_release_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "cancelled"])
                | Q(approved_at__isnull=False, automatic=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="payouts_release_approved_first",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "approved", "sending", "cancelled"], sent_at=None)
                | Q(state__in=["sent", "settled"], sent_at__isnull=False),
                name="payouts_release_sent_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=~Q(state__in=["settled", "cancelled"]), name="payouts_release_open"),
        ]

    def __str__(self) -> str:
        """Name the release by its id."""
        return f"release {self.pk}"


class CashAwardRow(models.Model):
    """What a cash award carries from one register to the next: PENDING, REFUNDED or cancelled."""

    award = models.OneToOneField(
        Award, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("award"), db_constraint=False
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False, db_constraint=False
    )
    source = models.CharField(_("source"), max_length=5)
    source_id = models.BigIntegerField(_("number of the source"))
    place = models.BigIntegerField(_("place"))
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        """The registers are tables of their own."""

        abstract = True


class PendingPayout(CashAwardRow):
    """PENDING: cash-back due and not yet paid. The row leaves when it is refunded or cancelled.

    `details_version` is the version of the holder's details that was collected or corrected last.
    """

    registration = models.ForeignKey(
        Registration, models.PROTECT, related_name="+", verbose_name=_("registration"), db_constraint=False
    )
    state = models.CharField(_("state"), max_length=14, choices=PendingState, default=PendingState.DUE)
    since = models.DateTimeField(_("since"))
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    details_version = models.PositiveIntegerField(_("version of the details"), default=1)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("release"), db_index=False
    )

    class Meta:
        """Indexes: what is due in order, a release's payouts. The registration index serves the status page."""

        verbose_name = _("pending payout")
        verbose_name_plural = _("pending payouts")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PendingState.values), name="payouts_pendingpayout_state_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_pendingpayout_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "sent", "accepted"], release__isnull=False)
                | Q(state__in=["due", "details_needed", "on_hold", "in_doubt"]),
                name="payouts_pendingpayout_released",
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "source", "source_id", "place"],
                condition=Q(state="due"),
                name="payouts_pendingpayout_due",
            ),
            models.Index(fields=["release"], name="payouts_pendingpayout_release"),
        ]

    def __str__(self) -> str:
        """Name the payout by its award."""
        return f"payout of award {self.pk}"


class Refund(CashAwardRow):
    """REFUNDED: cash-back paid. No column leads to a person."""

    end_to_end_id = models.CharField(_("end-to-end reference"), max_length=35)
    refunded_at = models.DateTimeField(_("refunded at"))

    class Meta:
        """The index pages the register by program."""

        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_refund_amount_positive"),
        ]
        indexes = [models.Index(fields=["program", "award"], name="payouts_refund_program")]

    def __str__(self) -> str:
        """Name the refund by its award."""
        return f"refund of award {self.pk}"


class CancelledPayout(CashAwardRow):
    """A cash award that will not be paid: withdrawn, lapsed or cancelled. `posted` tells if it ever was due."""

    state = models.CharField(_("state"), max_length=9, choices=[("cancelled", _("cancelled")), ("lapsed", _("lapsed"))])
    reason = models.CharField(_("reason"), max_length=40)
    posted = models.BooleanField(_("had been posted"))
    cancelled_at = models.DateTimeField(_("cancelled at"))

    class Meta:
        """Pages by program."""

        verbose_name = _("cancelled payout")
        verbose_name_plural = _("cancelled payouts")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["cancelled", "lapsed"]), name="payouts_cancelledpayout_state_known"
            ),
        ]
        indexes = [models.Index(fields=["program", "award"], name="payouts_cancelledpayout_page")]

    def __str__(self) -> str:
        """Name it by its award."""
        return f"cancelled payout of award {self.pk}"


class Attempt(models.Model):
    """One try at a payout through a rail. Hangs on the award: the pending row goes away."""

    class State(models.TextChoices):
        """An attempt's life."""

        SENT = "sent", _("sent")
        ACCEPTED = "accepted", _("accepted by the bank")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        RETURNED = "returned", _("returned")
        IN_DOUBT = "in_doubt", _("in doubt")

    award = models.ForeignKey(
        Award, models.PROTECT, related_name="+", verbose_name=_("award"), db_index=False, db_constraint=False
    )
    number = models.PositiveSmallIntegerField(_("number"))
    release = models.ForeignKey(Release, models.PROTECT, related_name="+", verbose_name=_("release"))
    end_to_end_id = models.CharField(_("end-to-end reference"), max_length=35, unique=True)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.SENT)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    booking_reference = models.CharField(_("bank's reference of the booking"), max_length=35, blank=True)
    sent_at = models.DateTimeField(_("sent at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        """Found by end-to-end reference and by award and number, both unique; the open ones by their partial index."""

        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.UniqueConstraint(fields=["award", "number"], name="payouts_attempt_once"),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "accepted", "confirmed", "refused", "returned", "in_doubt"]),
                name="payouts_attempt_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["sent_at"], condition=Q(state__in=["sent", "accepted"]), name="payouts_attempt_open"),
        ]

    def __str__(self) -> str:
        """Name the attempt by its reference."""
        return self.end_to_end_id


class BankFile(models.Model):
    """A file the bank delivered, sealed on intake and destroyed once every line is settled; quarantined ones too.

    `sha256` is of the decrypted content, which is the same each time a file is sent; of a file that does not open, of
    the file. A doubled file is recorded without content and name.
    """

    class State(models.TextChoices):
        """What became of the file."""

        RECEIVED = "received", _("received")
        SETTLED = "settled", _("settled")
        QUARANTINED = "quarantined", _("quarantined")

    name = models.CharField(_("name"), max_length=200)
    sha256 = models.CharField(_("hash"), max_length=64)
    kind = models.CharField(_("kind"), max_length=10, blank=True)
    message_id = models.CharField(_("message"), max_length=35, blank=True)
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.RECEIVED)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    epoch = models.ForeignKey(
        KeyEpoch, models.PROTECT, null=True, related_name="+", verbose_name=_("epoch"), db_index=False
    )
    content = models.BinaryField(_("sealed content"), null=True)
    content_key = models.BinaryField(_("wrapped key"), null=True)
    received_at = models.DateTimeField(_("received at"))
    destroyed_at = models.DateTimeField(_("destroyed at"), null=True, blank=True)

    class Meta:
        """The partial index serves intake's next step and the eraser."""

        verbose_name = _("bank file")
        verbose_name_plural = _("bank files")
        constraints = [
            models.CheckConstraint(
                condition=Q(content=None, content_key=None, epoch=None, destroyed_at__isnull=False)
                | Q(content__isnull=False, content_key__isnull=False, epoch__isnull=False, destroyed_at=None),
                name="payouts_bankfile_sealed_until_destroyed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "settled", "quarantined"]), name="payouts_bankfile_state_known"
            ),
            models.UniqueConstraint(fields=["sha256"], condition=~Q(reason="doubled"), name="payouts_bankfile_once"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(destroyed_at=None), name="payouts_bankfile_held"),
        ]

    def __str__(self) -> str:
        """Name the file by its id."""
        return f"bank file {self.pk}"


class BankLine(models.Model):
    """What is kept of one line of a bank's answer: reference, amount, status, reason, date; and what came of it."""

    class Outcome(models.TextChoices):
        """What the line did."""

        WAITING = "waiting", _("waiting")
        APPLIED = "applied", _("applied")
        REPEATED = "repeated", _("repeated")
        UNKNOWN = "unknown", _("reference unknown")
        CONTRADICTS = "contradicts", _("contradicts the books")

    file = models.ForeignKey(BankFile, models.PROTECT, related_name="lines", verbose_name=_("file"), db_index=False)
    position = models.PositiveIntegerField(_("position"))
    end_to_end_id = models.CharField(_("end-to-end reference"), max_length=35, blank=True)
    original_message_id = models.CharField(_("payment file"), max_length=35, blank=True)
    entry_reference = models.CharField(_("bank's reference"), max_length=35, blank=True)
    verdict = models.CharField(_("verdict"), max_length=9, default="other")
    status = models.CharField(_("status"), max_length=10)
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    booked_on = models.DateField(_("booked on"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=11, choices=Outcome, default=Outcome.WAITING)
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)

    class Meta:
        """A line is read once. Partial indexes find the lines that wait, and those that somebody has to look at."""

        verbose_name = _("bank line")
        verbose_name_plural = _("bank lines")
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="payouts_bankline_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["waiting", "applied", "repeated", "unknown", "contradicts"]),
                name="payouts_bankline_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["accepted", "pending", "refused", "paid", "returned", "duplicate", "other"]),
                name="payouts_bankline_verdict_known",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(outcome="waiting"), name="payouts_bankline_waiting"),
            models.Index(
                fields=["id"], condition=Q(outcome__in=["unknown", "contradicts"]), name="payouts_bankline_report"
            ),
        ]

    def __str__(self) -> str:
        """Name the line by file and position."""
        return f"line {self.position} of bank file {self.file_id}"


class Resolution(models.Model):
    """What two people decide about one payout with evidence: paid or not paid (in doubt), or cancelled (on hold)."""

    class Verdict(models.TextChoices):
        """What is decided."""

        PAID = "paid", _("it was paid")
        NOT_PAID = "not_paid", _("it was not paid")
        CANCEL = "cancel", _("cancel the award")

    award = models.ForeignKey(
        Award, models.PROTECT, related_name="+", verbose_name=_("award"), db_index=False, db_constraint=False
    )
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict)
    evidence = models.CharField(
        _("evidence"), max_length=200, help_text=_("A statement, a letter of the bank, a decision. No personal data.")
    )
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("prepared by"), db_index=False
    )
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
        db_index=False,
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        """One open decision an award, taken by two different people."""

        verbose_name = _("resolution")
        verbose_name_plural = _("resolutions")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["paid", "not_paid", "cancel"]), name="payouts_resolution_verdict_known"
            ),
            models.CheckConstraint(condition=~Q(evidence=""), name="payouts_resolution_has_evidence"),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("prepared_by"))),
                name="payouts_resolution_two_people",
            ),
            models.UniqueConstraint(
                fields=["award"], condition=Q(approved_at=None), name="payouts_resolution_one_open"
            ),
        ]

    def __str__(self) -> str:
        """Name the resolution by its award."""
        return f"resolution {self.pk} of award {self.award_id}"


class Picture(models.Model):
    """A picture of the catalogue, as the site serves it: redrawn on upload, so that nothing else is in the file."""

    sha256 = models.CharField(_("hash"), max_length=64, primary_key=True)
    content = models.BinaryField(_("content"))
    width = models.PositiveSmallIntegerField(_("width"))
    height = models.PositiveSmallIntegerField(_("height"))

    class Meta:
        """Named by its content, so a page can keep it for ever. Append-only."""

        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="payouts_picture_hash_hex"),
        ]

    def __str__(self) -> str:
        """Name the picture by its hash."""
        return self.sha256


class Offer(models.Model):
    """A gift of a program's catalogue: what it is, what one costs, how many there are, and how it reaches a holder.

    `stock` counts what is there, `reserved` what of it is chosen and not handed over. The cost of one is fixed, since
    the books hold the stock at it.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.CharField(_("name"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    about = models.CharField(_("description"), max_length=300, blank=True)
    about_zh = models.CharField(_("description in Chinese"), max_length=300, blank=True)
    picture = models.ForeignKey(
        Picture, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("picture"), db_index=False
    )
    cost_minor = models.BigIntegerField(
        _("cost of one"), help_text=_("In minor units (cents, fen); at most the program's gift cost.")
    )
    at_dealer = models.BooleanField(_("handed over at a dealer"), default=True)
    by_post = models.BooleanField(_("sent by post"), default=False)
    by_code = models.BooleanField(_("an e-code"), default=False)
    substitute = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("substitute"),
        db_index=False,
        help_text=_("Given instead of this one where it was chosen and cannot be had any more."),
    )
    active = models.BooleanField(_("on offer"), default=True)
    stock = models.PositiveIntegerField(_("stock"), default=0, editable=False)
    reserved = models.PositiveIntegerField(_("reserved"), default=0, editable=False)

    class Meta:
        """The catalogue is read by program; the figures cannot pass each other."""

        verbose_name = _("gift on offer")
        verbose_name_plural = _("gifts on offer")
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="payouts_offer_name_once"),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="payouts_offer_cost_not_negative"),
            models.CheckConstraint(condition=Q(reserved__lte=F("stock")), name="payouts_offer_reserved_within_stock"),
            models.CheckConstraint(
                condition=Q(by_code=True, at_dealer=False, by_post=False)
                | (Q(by_code=False) & (Q(at_dealer=True) | Q(by_post=True))),
                name="payouts_offer_has_a_way",
            ),
            models.CheckConstraint(
                condition=Q(substitute=None) | ~Q(substitute=F("id")), name="payouts_offer_substitute_another"
            ),
        ]

    def __str__(self) -> str:
        """Name the offer."""
        return self.name


class StockMove(models.Model):
    """Why an offer's stock changed: bought (+), handed over (-), lost (-), given up (-). Append-only.

    The books hold the same at the offer's cost; `reference` is what the ledger's entry names.
    """

    class Kind(models.TextChoices):
        """What happened to the stock."""

        BOUGHT = "bought", _("bought")
        HANDED_OVER = "handed_over", _("handed over")
        LOST = "lost", _("lost")

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+", verbose_name=_("gift on offer"))
    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    pieces = models.IntegerField(_("pieces"))
    reference = models.CharField(_("reference"), max_length=64)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        """The index pages an offer's history."""

        verbose_name = _("stock move")
        verbose_name_plural = _("stock moves")
        constraints = [
            models.UniqueConstraint(fields=["kind", "reference"], name="payouts_stockmove_once"),
            models.CheckConstraint(
                condition=Q(kind="bought", pieces__gt=0) | Q(kind__in=["handed_over", "lost"], pieces__lt=0),
                name="payouts_stockmove_sign",
            ),
        ]

    def __str__(self) -> str:
        """Name the move by its id."""
        return f"stock move {self.pk}"


class Way(models.TextChoices):
    """How a gift reaches its holder."""

    DEALER = "dealer", _("at a dealer")
    POST = "post", _("by post")
    CODE = "code", _("e-code")


class Gift(models.Model):
    """A gift award from the close of its cycle until it is handed over.

    `choice` rises whenever a gift is chosen, replaced or sent anew; the claim code is derived from award and choice.
    """

    class State(models.TextChoices):
        """A gift's life. Chosen: its stock is reserved. Ready: at the dealer's counter, or posted."""

        OWED = "owed", _("owed")
        CHOSEN = "chosen", _("chosen")
        READY = "ready", _("ready")
        HANDED_OVER = "handed_over", _("handed over")
        LAPSED = "lapsed", _("lapsed")

    award = models.OneToOneField(
        Award, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("award"), db_constraint=False
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False, db_constraint=False
    )
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.OWED)
    since = models.DateTimeField(_("since"))
    offer = models.ForeignKey(
        Offer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift on offer"), db_index=False
    )
    way = models.CharField(_("way"), max_length=6, choices=Way, blank=True)
    dealer = models.ForeignKey(
        Dealer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("dealer"), db_index=False
    )
    choice = models.PositiveSmallIntegerField(_("choice"), default=0)
    tracking = models.CharField(_("tracking number"), max_length=40, blank=True)

    class Meta:
        """Indexes: pages by program, the desk's work by state, what a dealer has at the counter."""

        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["owed", "chosen", "ready", "handed_over", "lapsed"]),
                name="payouts_gift_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["owed", "lapsed"], offer=None, way="", dealer=None)
                | (Q(state__in=["chosen", "ready", "handed_over"], offer__isnull=False) & ~Q(way="")),
                name="payouts_gift_chosen_has_an_offer",
            ),
            models.CheckConstraint(
                condition=Q(way="dealer", dealer__isnull=False) | (Q(way__in=["", "post", "code"]) & Q(dealer=None)),
                name="payouts_gift_dealer_where_collected",
            ),
            models.CheckConstraint(
                condition=Q(tracking="") | Q(state="ready", way="post"), name="payouts_gift_tracked_while_posted"
            ),
        ]
        indexes = [
            models.Index(fields=["program", "award"], name="payouts_gift_program"),
            models.Index(
                fields=["program", "state", "since"],
                condition=Q(state__in=["owed", "chosen", "ready"]),
                name="payouts_gift_open",
            ),
            models.Index(
                fields=["dealer", "award"], condition=Q(state__in=["chosen", "ready"]), name="payouts_gift_counter"
            ),
        ]

    def __str__(self) -> str:
        """Name the gift by its award."""
        return f"gift of award {self.pk}"


class ECode(models.Model):
    """One e-code of an offer, sealed until its holder reads it. It leaves the stock with its gift."""

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+", verbose_name=_("gift on offer"), db_index=False)
    digest = models.BinaryField(_("digest"), max_length=32)
    epoch = models.ForeignKey(KeyEpoch, models.PROTECT, related_name="+", verbose_name=_("epoch"), db_index=False)
    code = models.BinaryField(_("sealed code"))
    code_key = models.BinaryField(_("wrapped key"))
    gift = models.OneToOneField(Gift, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift"))

    class Meta:
        """The partial index finds a free code. A code is put in once."""

        verbose_name = _("e-code")
        verbose_name_plural = _("e-codes")
        constraints = [
            models.UniqueConstraint(fields=["offer", "digest"], name="payouts_ecode_once"),
        ]
        indexes = [
            models.Index(fields=["offer", "id"], condition=Q(gift=None), name="payouts_ecode_free"),
        ]

    def __str__(self) -> str:
        """Name the code by its id."""
        return f"e-code {self.pk}"


class Offering(models.Model):
    """Since when a program's holders have had something to choose, without a break; empty while there is nothing.

    The days in which a gift must be chosen run only meanwhile. Written by the schedule (see lapsing.py).
    """

    program = models.OneToOneField(
        Program, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("program")
    )
    since = models.DateTimeField(_("since"), null=True, blank=True)

    class Meta:
        """One row a program with a catalogue."""

        verbose_name = _("offering")
        verbose_name_plural = _("offerings")

    def __str__(self) -> str:
        """Name the row by its program."""
        return f"offering of program {self.pk}"
