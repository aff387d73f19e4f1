"""SEQUENCE INFORMATION: registrations, their sealed details, places in line, cycles, awards and erasures."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.models import Card, Lot, Program

# Rows that the pass writes by the ten thousand carry no foreign-key triggers (`db_constraint=False`): they are copied
# from registrations in the same statement, and nobody holds the privilege to delete a registration.


class KeyEpoch(models.Model):
    """A period of the key ring. Its key is a file outside the database; a retired epoch takes no new details."""

    created_at = models.DateTimeField(_("created at"))
    ends_at = models.DateTimeField(_("ends at"))
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    destroyed_at = models.DateTimeField(_("key destroyed at"), null=True, blank=True)

    class Meta:
        """One epoch at a time takes new details."""

        verbose_name = _("key epoch")
        verbose_name_plural = _("key epochs")
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(retired_at=None), name="queueing_keyepoch_one_current"
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at=None) | Q(retired_at__isnull=False), name="queueing_keyepoch_retired_first"
            ),
        ]

    def __str__(self) -> str:
        """Name the epoch by its id."""
        return f"epoch {self.pk}"


class SigningKey(models.Model):
    """A public key under which receipts and erasures were signed; private keys are files."""

    key_id = models.CharField(_("key id"), max_length=16, primary_key=True)
    public_key = models.CharField(_("public key"), max_length=64)
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        """Few rows; the primary key serves all."""

        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")

    def __str__(self) -> str:
        """Name the key by its id."""
        return self.key_id


class Registration(models.Model):
    """A holder's claim on a card; one per card, for ever. Holds no personal data.

    `registered_at` is given by the database behind the line's barrier (see ordering.py) and orders the line with `id`.
    """

    card = models.OneToOneField(Card, models.PROTECT, related_name="+", verbose_name=_("card"))
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False, db_constraint=False
    )
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+", verbose_name=_("lot"), db_index=False)
    registered_at = models.DateTimeField(_("registered at"))
    receipt_digest = models.BinaryField(_("digest of the receipt code"), max_length=32)
    receipt_generation = models.PositiveSmallIntegerField(_("generation of the receipt code"), default=0)
    nonce = models.BinaryField(_("nonce"), max_length=32, null=True)
    leaf = models.CharField(_("leaf"), max_length=64)
    signature = models.CharField(_("signature"), max_length=86)
    signing_key = models.ForeignKey(
        SigningKey,
        models.PROTECT,
        related_name="+",
        verbose_name=_("signing key"),
        db_index=False,
        db_constraint=False,
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    terms_version = models.CharField(_("version of the terms"), max_length=16)
    product_matches = models.BooleanField(_("product matches the lot"), null=True)
    frozen_at = models.DateTimeField(_("frozen at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    voided_at = models.DateTimeField(_("void since"), null=True, blank=True)

    class Meta:
        """The line index serves the pass, the receipt index the status page, the partial one whoever pays and gives."""

        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(fields=["receipt_digest"], name="queueing_registration_receipt"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(voided_at=None), name="queueing_registration_ends_once"
            ),
            models.CheckConstraint(condition=Q(leaf__regex=r"^[0-9a-f]{64}$"), name="queueing_registration_leaf_hex"),
        ]
        indexes = [
            models.Index(fields=["program", "registered_at", "id"], name="queueing_registration_line"),
            models.Index(
                fields=["withdrawn_at"],
                condition=Q(withdrawn_at__isnull=False),
                name="queueing_registration_withdrew",
            ),
        ]

    def __str__(self) -> str:
        """Name the registration by its id; never by a person."""
        return f"registration {self.pk}"


class HolderDetails(models.Model):
    """ALL the personal data there is of one registration: payee, contact, delivery, sealed apart under own keys.

    `held_for` names the approved release the payee is held for; `version` rises with every correction of payee and
    contact. `kept_for_verdict`: what a draw awarded is paid or ended; the payee only waits for the verdict of its
    cycle. `erase_by` is payee's and contact's; the delivery of a gift has a time of its own, which is the row's where
    it is alone.
    """

    registration = models.OneToOneField(
        Registration, models.PROTECT, primary_key=True, related_name="details", verbose_name=_("registration")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    epoch = models.ForeignKey(
        KeyEpoch, models.PROTECT, related_name="+", verbose_name=_("epoch"), db_constraint=False, db_index=False
    )
    payee = models.BinaryField(_("sealed payee"), null=True)
    payee_key = models.BinaryField(_("wrapped key of the payee"), null=True)
    payee_fingerprint = models.BinaryField(_("payee fingerprint"), null=True)
    contact = models.BinaryField(_("sealed contact"), null=True)
    contact_key = models.BinaryField(_("wrapped key of the contact"), null=True)
    delivery = models.BinaryField(_("sealed delivery of a gift"), null=True)
    delivery_key = models.BinaryField(_("wrapped key of the delivery"), null=True)
    request_digest = models.BinaryField(_("digest of the request"), null=True)
    held_for = models.BigIntegerField(_("held for release"), null=True)
    kept_for_verdict = models.BooleanField(_("kept for the verdict alone"), default=False, db_default=False)
    erase_by = models.DateTimeField(_("erased by"))
    contact_erase_by = models.DateTimeField(_("contact erased by"), null=True)
    delivery_erase_by = models.DateTimeField(_("delivery erased by"), null=True)
    extended_for = models.CharField(_("why it was extended"), max_length=40, blank=True)

    class Meta:
        """Indexes: what is due for erasing (three columns), what an ending epoch still wraps, a payee's limit."""

        verbose_name = _("holder details")
        verbose_name_plural = _("holder details")
        constraints = [
            models.CheckConstraint(
                condition=Q(payee=None, payee_key=None, payee_fingerprint=None)
                | Q(payee__isnull=False, payee_key__isnull=False, payee_fingerprint__isnull=False),
                name="queueing_holderdetails_payee_whole",
            ),
            models.CheckConstraint(
                condition=Q(contact=None, contact_key=None, contact_erase_by=None)
                | Q(contact__isnull=False, contact_key__isnull=False),
                name="queueing_holderdetails_contact_whole",
            ),
            models.CheckConstraint(
                condition=Q(delivery=None, delivery_key=None, delivery_erase_by=None)
                | Q(delivery__isnull=False, delivery_key__isnull=False, delivery_erase_by__isnull=False),
                name="queueing_holderdetails_delivery_whole",
            ),
            models.CheckConstraint(
                condition=Q(payee__isnull=False) | Q(contact__isnull=False) | Q(delivery__isnull=False),
                name="queueing_holderdetails_something_held",
            ),
            models.CheckConstraint(
                condition=Q(payee__isnull=False) | Q(contact__isnull=False) | Q(delivery_erase_by=models.F("erase_by")),
                name="queueing_holderdetails_delivery_alone",
            ),
            models.CheckConstraint(
                condition=Q(held_for=None) | Q(payee__isnull=False), name="queueing_holderdetails_held_payee"
            ),
            models.CheckConstraint(
                condition=Q(kept_for_verdict=False) | Q(payee__isnull=False), name="queueing_holderdetails_kept_payee"
            ),
        ]
        indexes = [
            models.Index(fields=["erase_by"], name="queueing_holderdetails_due"),
            models.Index(
                fields=["contact_erase_by"],
                condition=Q(contact_erase_by__isnull=False),
                name="queueing_holderdetails_contact",
            ),
            models.Index(
                fields=["delivery_erase_by"],
                condition=Q(delivery_erase_by__isnull=False),
                name="queueing_holderdetails_gift",
            ),
            models.Index(fields=["payee_fingerprint"], name="queueing_holderdetails_payee"),
        ]

    def __str__(self) -> str:
        """Name the row by its registration; never by a person."""
        return f"details of registration {self.pk}"


class Line(models.Model):
    """The head of a program's line: a row of its own, so that registering never waits for it.

    `cut_at`: nothing at or before it can still arrive. (`head_at`, `head_id`): the last registration given a place.
    `paid_through`: under the rule `line`, the last place that was passed by or paid.
    """

    program = models.OneToOneField(
        Program, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("program")
    )
    cut_at = models.DateTimeField(_("cut"))
    head_at = models.DateTimeField(_("head"))
    head_id = models.BigIntegerField(_("registration at the head"), default=0)
    placed = models.BigIntegerField(_("placed"), default=0)
    cycles_closed = models.BigIntegerField(_("cycles closed"), default=0)
    paid_through = models.BigIntegerField(_("paid through place"), default=0)
    settled_at = models.DateTimeField(_("last settled at"))

    class Meta:
        """One row a program; created when it is published."""

        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.CheckConstraint(
                condition=Q(placed__gte=0, cycles_closed__gte=0, paid_through__gte=0), name="queueing_line_counts"
            ),
            models.CheckConstraint(condition=Q(head_at__lte=models.F("cut_at")), name="queueing_line_head_behind_cut"),
        ]

    def __str__(self) -> str:
        """Name the line by its program."""
        return f"line of program {self.pk}"


class Place(models.Model):
    """A registration's place in its program's line: 1, 2, 3 ... without gaps; never changed, never reused."""

    registration = models.OneToOneField(
        Registration,
        models.PROTECT,
        primary_key=True,
        related_name="place",
        verbose_name=_("registration"),
        db_constraint=False,
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False, db_constraint=False
    )
    place = models.BigIntegerField(_("place"))

    class Meta:
        """The primary key serves a holder's look-up, the unique constraint serves cycles. Append-only."""

        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [
            models.UniqueConstraint(fields=["program", "place"], name="queueing_place_once"),
            models.CheckConstraint(condition=Q(place__gte=1), name="queueing_place_from_one"),
        ]

    def __str__(self) -> str:
        """Name the place."""
        return f"place {self.place} of program {self.program_id}"


class Cycle(models.Model):
    """A closed cycle: its number, how many stood for its payouts, and what it awarded. Append-only.

    `candidates`: who stood for its payouts; under `line`, where a whole program waits, only those who got one.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False)
    number = models.BigIntegerField(_("number"))
    first_place = models.BigIntegerField(_("first place"))
    last_place = models.BigIntegerField(_("last place"))
    standing = models.PositiveIntegerField(_("standing in the cycle"))
    candidates = models.BigIntegerField(_("candidates for its payouts"))
    cash_awards = models.PositiveIntegerField(_("cash awards"))
    gift_awards = models.PositiveIntegerField(_("gift awards"))
    closed_at = models.DateTimeField(_("closed at"))

    class Meta:
        """Read by program and number."""

        verbose_name = _("cycle")
        verbose_name_plural = _("cycles")
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="queueing_cycle_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, last_place__gte=models.F("first_place")), name="queueing_cycle_range"
            ),
        ]

    def __str__(self) -> str:
        """Name the cycle."""
        return f"cycle {self.number} of program {self.program_id}"


class Source(models.TextChoices):
    """What awarded."""

    CYCLE = "cycle", _("cycle")
    DRAW = "draw", _("draw")


class AwardKind(models.TextChoices):
    """What was awarded."""

    CASH = "cash", _("cash")
    GIFT = "gift", _("gift")


class Award(models.Model):
    """A verdict on a registration. A row handed over: whoever pays collects it from here. Append-only.

    `source_id` is the cycle's number in its program, or the draw's id. `amount_minor` is the face value, the prize,
    or what the gift may cost.
    """

    registration = models.ForeignKey(
        Registration,
        models.PROTECT,
        related_name="awards",
        verbose_name=_("registration"),
        db_index=False,
        db_constraint=False,
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False, db_constraint=False
    )
    source = models.CharField(_("source"), max_length=5, choices=Source)
    source_id = models.BigIntegerField(_("number of the source"))
    place = models.BigIntegerField(_("place"))
    kind = models.CharField(_("kind"), max_length=4, choices=AwardKind)
    amount_minor = models.BigIntegerField(_("amount"))
    awarded_at = models.DateTimeField(_("awarded at"))

    class Meta:
        """Unique per registration: one award from each draw, one cash and one gift from cycles.

        The first constraint also serves a registration's awards; the index serves collecting, in order.
        """

        verbose_name = _("award")
        verbose_name_plural = _("awards")
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "kind"], condition=Q(source="cycle"), name="queueing_award_once_per_kind"
            ),
            models.UniqueConstraint(
                fields=["registration", "source_id"], condition=Q(source="draw"), name="queueing_award_once_per_draw"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="queueing_award_source_known"),
            models.CheckConstraint(
                condition=Q(kind="cash", amount_minor__gt=0) | Q(kind="gift", amount_minor__gte=0),
                name="queueing_award_kind_and_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "source", "source_id", "place"], name="queueing_award_collect"),
        ]

    def __str__(self) -> str:
        """Name the award by its id."""
        return f"award {self.pk}"


class EndedAward(models.Model):
    """A draw's award that will never be paid, told by whoever pays: the prize is free for the next. Append-only."""

    award = models.OneToOneField(Award, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("award"))
    reason = models.CharField(_("reason"), max_length=40)
    ended_at = models.DateTimeField(_("ended at"))

    class Meta:
        """Only draws ask, and few of their awards end: the primary key serves all."""

        verbose_name = _("ended award")
        verbose_name_plural = _("ended awards")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="queueing_endedaward_has_a_reason"),
        ]

    def __str__(self) -> str:
        """Name it by its award."""
        return f"end of award {self.pk}"


class Erasure(models.Model):
    """The signed row that proves the destruction of one part of one holder's details. Append-only.

    `signature` is empty until the signer has been round (see erasing.py); the database lets it be filled in once.
    """

    registration = models.ForeignKey(
        Registration,
        models.PROTECT,
        related_name="erasures",
        verbose_name=_("registration"),
        db_index=True,
        db_constraint=False,
    )
    at = models.DateTimeField(_("at"))
    what = models.CharField(_("what"), max_length=17)
    why = models.CharField(_("why"), max_length=32)
    backups_until = models.DateTimeField(_("readable in backups until"))
    signing_key = models.ForeignKey(
        SigningKey, models.PROTECT, null=True, related_name="+", verbose_name=_("signing key"), db_index=False
    )
    signature = models.CharField(_("signature"), max_length=86, blank=True)

    class Meta:
        """The partial index serves the signer."""

        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.CheckConstraint(
                condition=Q(what__in=["payee", "contact", "payee_and_contact", "delivery"]),
                name="queueing_erasure_what_known",
            ),
            models.CheckConstraint(
                condition=Q(signature="", signing_key=None) | (~Q(signature="") & Q(signing_key__isnull=False)),
                name="queueing_erasure_signed_by_a_key",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(signature=""), name="queueing_erasure_unsigned"),
        ]

    def __str__(self) -> str:
        """Name the erasure by its id."""
        return f"erasure {self.pk}"


class TimelineEvent(models.Model):
    """What happened to a registration and cannot be told from other rows: corrected, withdrawn, frozen, returned."""

    registration = models.ForeignKey(
        Registration, models.PROTECT, related_name="timeline", verbose_name=_("registration")
    )
    event = models.CharField(_("event"), max_length=32)
    at = models.DateTimeField(_("at"))

    class Meta:
        """Read by registration."""

        verbose_name = _("timeline event")
        verbose_name_plural = _("timeline events")

    def __str__(self) -> str:
        """Name the event."""
        return f"{self.event} of registration {self.registration_id}"


class ReceiptRequest(models.Model):
    """A lost receipt's replacement: asked for with serial and PIN, available after the waiting time, taken once."""

    registration = models.ForeignKey(
        Registration, models.PROTECT, related_name="+", verbose_name=_("registration"), db_index=False
    )
    requested_at = models.DateTimeField(_("requested at"))
    available_at = models.DateTimeField(_("available at"))
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)

    class Meta:
        """One open request a registration."""

        verbose_name = _("receipt request")
        verbose_name_plural = _("receipt requests")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"], condition=Q(taken_at=None), name="queueing_receiptrequest_one_open"
            ),
        ]

    def __str__(self) -> str:
        """Name the request by its id."""
        return f"receipt request {self.pk}"


class AttemptCounter(models.Model):
    """How often something was tried in one minute: by a client, or against a serial. Keys are keyed digests."""

    key = models.BinaryField(_("key"), max_length=16)
    window = models.BigIntegerField(_("window"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)

    class Meta:
        """Counted by upsert on the unique pair; old windows are swept."""

        verbose_name = _("attempt counter")
        verbose_name_plural = _("attempt counters")
        constraints = [models.UniqueConstraint(fields=["window", "key"], name="queueing_attemptcounter_once")]

    def __str__(self) -> str:
        """Name the counter by its id."""
        return f"attempt counter {self.pk}"
