"""CHANCE: draws over a program's registrations, what was announced of them, their pools and their results."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cards.models import Dealer, Program
from queueing.models import Award, KeyEpoch, Registration


class PrizeCap(models.Model):
    """The most that one prize of a currency may be, in minor units; without a row there is no draw in a currency."""

    currency = models.CharField(_("currency"), max_length=3, primary_key=True)
    amount_minor = models.BigIntegerField(_("most of one prize"), help_text=_("In minor units (cents, fen)."))

    class Meta:
        """A row a currency; CNY's comes with the schema."""

        verbose_name = _("prize cap")
        verbose_name_plural = _("prize caps")
        constraints = [
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="lottery_prizecap_currency_iso"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="lottery_prizecap_positive"),
        ]

    def __str__(self) -> str:
        """Name the cap by its currency."""
        return self.currency


class DrawState(models.TextChoices):
    """A draw's life. From `announced` on everything that was announced is locked."""

    DRAFT = "draft", _("draft")
    ANNOUNCED = "announced", _("announced")
    FROZEN = "frozen", _("frozen")
    REVEALED = "revealed", _("revealed")
    DRAWN = "drawn", _("drawn")
    VERIFIED = "verified", _("verified")
    CERTIFIED = "certified", _("certified")
    NOT_COMPLETED = "not_completed", _("not completed")
    VOID = "void", _("void")


PUBLIC_STATES = tuple(state for state in DrawState if state != DrawState.DRAFT)
CERTIFIED_WITHIN = timedelta(days=7)  # of the reveal; afterwards the draw is not completed


class Draw(models.Model):
    """One draw over the standing registrations of a program.

    `code` is its public id and enters the seed. The secret is sealed from the announcement until the schedule reveals
    it; `commitment` is its hash, which the database compares. Instants are the schedule's: it freezes at `freezes_at`
    and reveals at `reveals_at`, when every figure is published. `takes_fund_of` names a draw that was not completed
    whose fund this one uses.
    """

    code = models.CharField(_("id"), max_length=32, unique=True, help_text=_("Capital letters, digits and dashes."))
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=120)
    name_zh = models.CharField(_("name in Chinese"), max_length=120, blank=True)
    about = models.TextField(_("announcement"), blank=True, max_length=2000)
    about_zh = models.TextField(_("announcement in Chinese"), blank=True, max_length=2000)
    state = models.CharField(_("state"), max_length=13, choices=DrawState, default=DrawState.DRAFT, editable=False)
    registered_from = models.DateTimeField(_("registered from"), null=True, blank=True)
    registered_until = models.DateTimeField(_("registered until"))
    paid_included = models.BooleanField(
        _("paid ones included"), default=True, help_text=_("Whether registrations with a cash award of a cycle enter.")
    )
    freezes_at = models.DateTimeField(_("pool frozen at"))
    reveals_at = models.DateTimeField(_("secret revealed at"))
    reserves = models.PositiveIntegerField(_("reserves"), default=0)
    takes_fund_of = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("takes the fund of")
    )
    fund_minor = models.BigIntegerField(_("prize fund"), default=0, editable=False)
    commitment = models.CharField(_("commitment"), max_length=64, blank=True, editable=False)
    sealed_epoch = models.ForeignKey(
        KeyEpoch, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    sealed_secret = models.BinaryField(_("sealed secret"), null=True)
    sealed_secret_key = models.BinaryField(_("wrapped key of the secret"), null=True)
    secret = models.BinaryField(_("secret"), max_length=32, null=True)
    entries = models.BigIntegerField(_("entries"), null=True, editable=False)
    pool_hash = models.CharField(_("hash of the pool"), max_length=64, blank=True, editable=False)
    announced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    announced_at = models.DateTimeField(_("announced at"), null=True, editable=False)
    fund_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    frozen_at = models.DateTimeField(_("frozen at"), null=True, editable=False)
    revealed_at = models.DateTimeField(_("revealed at"), null=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, editable=False)
    verified_at = models.DateTimeField(_("verified at"), null=True, editable=False)
    certified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    certified_at = models.DateTimeField(_("certified at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    end_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)

    class Meta:
        """Each state has what came before it; who certifies is not who announced. 0002_rules.sql locks the rest."""

        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9-]+$"), name="lottery_draw_code_form"),
            models.CheckConstraint(condition=Q(state__in=DrawState.values), name="lottery_draw_state_known"),
            models.CheckConstraint(
                condition=Q(registered_from=None) | Q(registered_from__lt=F("registered_until")),
                name="lottery_draw_period",
            ),
            models.CheckConstraint(
                condition=Q(registered_until__lte=F("freezes_at"), freezes_at__lt=F("reveals_at")),
                name="lottery_draw_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(reserves__lte=100_000, fund_minor__gte=0), name="lottery_draw_figures_in_range"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", announced_at=None, announced_by=None, commitment="")
                | Q(
                    ~Q(state="draft"),
                    announced_at__isnull=False,
                    announced_by__isnull=False,
                    commitment__regex=r"^[0-9a-f]{64}$",
                    fund_minor__gt=0,
                ),
                name="lottery_draw_announced_whole",
            ),
            models.CheckConstraint(
                condition=Q(sealed_secret=None, sealed_secret_key=None, sealed_epoch=None)
                | Q(sealed_secret__isnull=False, sealed_secret_key__isnull=False, sealed_epoch__isnull=False),
                name="lottery_draw_secret_sealed_whole",
            ),
            models.CheckConstraint(
                condition=Q(frozen_at=None, entries=None, pool_hash="")
                | Q(frozen_at__isnull=False, entries__gte=0, pool_hash__regex=r"^[0-9a-f]{64}$"),
                name="lottery_draw_frozen_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "announced", "void", "not_completed"]) | Q(frozen_at__isnull=False),
                name="lottery_draw_frozen_first",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "announced", "frozen", "void", "not_completed"])
                | Q(revealed_at__isnull=False, secret__isnull=False),
                name="lottery_draw_revealed_first",
            ),
            models.CheckConstraint(
                condition=Q(revealed_at=None, secret=None)
                | Q(revealed_at__isnull=False, secret__isnull=False, frozen_at__isnull=False),
                name="lottery_draw_secret_after_the_freeze",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["drawn", "verified", "certified"]) | Q(drawn_at__isnull=False),
                name="lottery_draw_drawn_first",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["verified", "certified"]) | Q(verified_at__isnull=False),
                name="lottery_draw_verified_first",
            ),
            models.CheckConstraint(
                condition=Q(~Q(state="certified"), certified_at=None, certified_by=None)
                | (
                    Q(state="certified", certified_at__isnull=False, certified_by__isnull=False)
                    & ~Q(certified_by=F("announced_by"))
                ),
                name="lottery_draw_certified_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="void", frozen_at=None, ended_at__isnull=False, ended_by__isnull=False)
                & ~Q(end_reason="")
                | Q(state="not_completed", ended_at__isnull=False)
                | Q(~Q(state__in=["void", "not_completed"]), ended_at=None, ended_by=None, end_reason=""),
                name="lottery_draw_ended_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="void") | Q(ended_at__lt=F("freezes_at")),
                name="lottery_draw_void_before_the_freeze",
            ),
            models.CheckConstraint(
                condition=~Q(state="not_completed")
                | Q(ended_at__gte=F("reveals_at") + CERTIFIED_WITHIN)
                | Q(frozen_at=None, ended_at__gte=F("freezes_at")),
                name="lottery_draw_not_completed_in_time",
            ),
            models.CheckConstraint(
                condition=Q(takes_fund_of=None)
                | Q(state="draft")
                | (Q(fund_approved_by__isnull=False) & ~Q(fund_approved_by=F("announced_by"))),
                name="lottery_draw_fund_taken_by_two_people",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["announced", "frozen", "revealed", "drawn", "verified"]),
                name="lottery_draw_under_way",
            ),
        ]

    def __str__(self) -> str:
        """Name the draw by its public id."""
        return self.code


class Prize(models.Model):
    """One or several equal prizes of a draw; results go to prizes in order of position. Locked with the draw."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="prizes", verbose_name=_("draw"), db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    amount_minor = models.BigIntegerField(_("amount"), help_text=_("In minor units (cents, fen)."))
    count = models.PositiveIntegerField(_("how many"), default=1)

    class Meta:
        """Read in order of position. The cap of the currency is a trigger of 0002_rules.sql."""

        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        constraints = [
            models.UniqueConstraint(fields=["draw", "position"], name="lottery_prize_position_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, count__range=(1, 100_000)), name="lottery_prize_in_range"
            ),
        ]

    def __str__(self) -> str:
        """Name the prize."""
        return self.name


class Figure(models.Model):
    """A public figure that enters the seed: named at the announcement, entered by two people once it is published.

    Of a beacon `beacon_round` is the round of drand's quicknet; its value is the round's randomness, with the signature
    that proves it.
    """

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="figures", verbose_name=_("draw"), db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=64)
    source = models.CharField(_("where it is published"), max_length=200, blank=True)
    published_at = models.DateTimeField(_("published at"))
    beacon_round = models.BigIntegerField(_("round of the beacon"), null=True, blank=True)
    value = models.CharField(_("value"), max_length=64, blank=True, editable=False)
    beacon_signature = models.CharField(_("signature of the beacon"), max_length=96, blank=True, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    entered_at = models.DateTimeField(_("entered at"), null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, editable=False)

    class Meta:
        """Two different people; a beacon's signature stands for the second."""

        verbose_name = _("public figure")
        verbose_name_plural = _("public figures")
        constraints = [
            models.UniqueConstraint(fields=["draw", "position"], name="lottery_figure_position_once"),
            models.UniqueConstraint(fields=["draw", "name"], name="lottery_figure_name_once"),
            models.CheckConstraint(
                condition=Q(value="", entered_by=None, entered_at=None)
                | (Q(entered_by__isnull=False, entered_at__isnull=False) & ~Q(value="")),
                name="lottery_figure_entered_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False, entered_by__isnull=False)
                    & ~Q(confirmed_by=F("entered_by"))
                )
                | (
                    Q(confirmed_by=None, confirmed_at__isnull=False, beacon_round__isnull=False)
                    & ~Q(beacon_signature="")
                ),
                name="lottery_figure_two_people",
            ),
            models.CheckConstraint(
                condition=Q(beacon_round=None, beacon_signature="") | Q(beacon_round__gt=0),
                name="lottery_figure_beacon",
            ),
        ]

    def __str__(self) -> str:
        """Name the figure."""
        return self.name


class Declaration(models.Model):
    """Cards that cannot win: of staff, a dealer's own, or not handed over yet. In force for pools frozen later.

    A range of card numbers; ended, never deleted, once cards of a lot were handed over.
    """

    class Kind(models.TextChoices):
        """Why the cards are declared."""

        STAFF = "staff", _("of staff")
        DEALER = "dealer", _("a dealer's own")
        NOT_HANDED_OVER = "not_handed_over", _("not handed over")

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"), db_index=False)
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    first_number = models.BigIntegerField(_("first number"))
    last_number = models.BigIntegerField(_("last number"))
    dealer = models.ForeignKey(
        Dealer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("dealer")
    )
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("declared by"), db_index=False
    )
    declared_at = models.DateTimeField(_("declared at"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        """Read by program at the freeze. A dealer's own and staff's cards stay declared."""

        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        constraints = [
            models.CheckConstraint(
                condition=Q(first_number__gte=1, last_number__gte=F("first_number")), name="lottery_declaration_range"
            ),
            models.CheckConstraint(
                condition=Q(kind="staff", dealer=None)
                | Q(kind__in=["dealer", "not_handed_over"], dealer__isnull=False),
                name="lottery_declaration_kind",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False, kind="not_handed_over"),
                name="lottery_declaration_ends_with_the_hand_over",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "first_number"], name="lottery_declaration_program"),
        ]

    def __str__(self) -> str:
        """Name the declaration by its range."""
        return f"declaration of {self.first_number}-{self.last_number}"


class Entry(models.Model):
    """One registration in a frozen pool: its index from 0 in order of place, and its leaf. Append-only."""

    draw = models.ForeignKey(
        Draw, models.PROTECT, related_name="+", verbose_name=_("draw"), db_index=False, db_constraint=False
    )
    index = models.BigIntegerField(_("index"))
    registration = models.ForeignKey(
        Registration,
        models.PROTECT,
        related_name="+",
        verbose_name=_("registration"),
        db_index=False,
        db_constraint=False,
    )
    leaf = models.CharField(_("leaf"), max_length=64)

    class Meta:
        """The first constraint pages the pool, the second tells a holder the index. Written by the freeze alone."""

        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["draw", "index"], name="lottery_entry_index_once"),
            models.UniqueConstraint(fields=["registration", "draw"], name="lottery_entry_registration_once"),
        ]

    def __str__(self) -> str:
        """Name the entry."""
        return f"entry {self.index} of draw {self.draw_id}"


class Excluded(models.Model):
    """A registration that a declaration kept out of a pool, with its leaf, which is published. Append-only."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="+", verbose_name=_("draw"), db_index=False)
    registration = models.ForeignKey(
        Registration,
        models.PROTECT,
        related_name="+",
        verbose_name=_("registration"),
        db_index=False,
        db_constraint=False,
    )
    leaf = models.CharField(_("leaf"), max_length=64)

    class Meta:
        """Read by draw, and by registration for the status page. Written by the freeze alone."""

        verbose_name = _("kept out")
        verbose_name_plural = _("kept out")
        constraints = [
            models.UniqueConstraint(fields=["draw", "registration"], name="lottery_excluded_once"),
        ]
        indexes = [models.Index(fields=["registration"], name="lottery_excluded_registration")]

    def __str__(self) -> str:
        """Name it by draw and registration."""
        return f"registration {self.registration_id} kept out of draw {self.draw_id}"


class Piece(models.Model):
    """A piece of a published file of a draw: the pool from the freeze on, the bundle from the verification on."""

    class File(models.TextChoices):
        """Which file."""

        POOL = "pool", _("pool")
        BUNDLE = "bundle", _("bundle")

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="+", verbose_name=_("draw"), db_index=False)
    file = models.CharField(_("file"), max_length=6, choices=File)
    number = models.PositiveIntegerField(_("number"))
    content = models.BinaryField(_("content"))

    class Meta:
        """Read in order. Append-only."""

        verbose_name = _("piece of a file")
        verbose_name_plural = _("pieces of files")
        constraints = [
            models.UniqueConstraint(fields=["draw", "file", "number"], name="lottery_piece_once"),
            models.CheckConstraint(condition=Q(file__in=["pool", "bundle"]), name="lottery_piece_file_known"),
        ]

    def __str__(self) -> str:
        """Name the piece."""
        return f"piece {self.number} of the {self.file} of draw {self.draw_id}"


class Result(models.Model):
    """One result of a draw, in order: winners first, then reserves. Append-only."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="+", verbose_name=_("draw"), db_index=False)
    rank = models.PositiveIntegerField(_("rank"))
    index = models.BigIntegerField(_("index"))
    registration = models.ForeignKey(
        Registration, models.PROTECT, related_name="+", verbose_name=_("registration"), db_constraint=False
    )
    leaf = models.CharField(_("leaf"), max_length=64)

    class Meta:
        """Ranks count from 0. The registration's index serves the status page."""

        verbose_name = _("result")
        verbose_name_plural = _("results")
        constraints = [
            models.UniqueConstraint(fields=["draw", "rank"], name="lottery_result_rank_once"),
            models.UniqueConstraint(fields=["draw", "index"], name="lottery_result_index_once"),
        ]

    def __str__(self) -> str:
        """Name the result."""
        return f"result {self.rank} of draw {self.draw_id}"


class Allotment(models.Model):
    """One prize of a certified draw and the result that has it; ended where it passes to the next reserve.

    `number` counts the draw's prizes one by one from 0, in order of position.
    """

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="+", verbose_name=_("draw"), db_index=False)
    number = models.PositiveIntegerField(_("prize"))
    prize = models.ForeignKey(Prize, models.PROTECT, related_name="+", verbose_name=_("prize"), db_index=False)
    result = models.OneToOneField(Result, models.PROTECT, related_name="+", verbose_name=_("result"))
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="+", verbose_name=_("award"), db_constraint=False
    )
    allotted_at = models.DateTimeField(_("allotted at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    end_reason = models.CharField(_("why it passed on"), max_length=40, blank=True)

    class Meta:
        """A prize has one living allotment; a result has one for ever."""

        verbose_name = _("allotment")
        verbose_name_plural = _("allotments")
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "number"], condition=Q(ended_at=None), name="lottery_allotment_one_living"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="", award__isnull=False)
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="lottery_allotment_ended_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        """Name the allotment."""
        return f"prize {self.number} of draw {self.draw_id}"
