"""Lots and blocks in the organizers' admin: cards taken back, frozen, void and released, as far as the line allows."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Block, BlockKind, Lot
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.accounts.admin_steps import Review, Step, StepForm, StepsAdmin
from cashback.ledger.admin_postings import postings
from cashback.ledger.models import Event
from cashback.lib.money import format_minor
from cashback.lib.serials import SerialError, format_serial, group_serial, parse_serial
from queueing import holds, returning
from queueing.changing import standing
from queueing.models import Award, Registration


def printed(number: int) -> str:
    """A card's number as the serial on the card."""
    return group_serial(format_serial(number))


class SerialField(forms.CharField):
    """A serial as it stands on the card; cleaned to the serial as printed."""

    def clean(self, value: Any) -> str:
        """Say what is wrong with it."""
        text = super().clean(value)
        try:
            return group_serial(parse_serial(text).serial)
        except SerialError as error:
            raise forms.ValidationError(error.message) from None


class ReturnForm(StepForm):
    """Which cards of the lot come back."""

    faults = {"range_outside_lot": "first", "cards_registered": "first"}
    note = gettext_lazy(
        "Only cards that nobody has registered come back. They can be sold again; what they had reserved is released, "
        "and their price goes to the dealer's wallet. Paying the wallet out takes two people."
    )
    first = SerialField(label=gettext_lazy("First serial"), max_length=64)
    last = SerialField(label=gettext_lazy("Last serial"), max_length=64)

    def set_up(self) -> None:
        """The whole lot, unless somebody says less."""
        self.initial = {"first": printed(self.row.first_number), "last": printed(self.row.last_number), **self.initial}

    def facts(self) -> list[tuple[str, object]]:
        """The lot."""
        currency = self.row.program.currency
        return [
            (_("Dealer"), self.row.dealer),
            (_("Program"), self.row.program),
            (_("Cards"), self.row.cards),
            (_("Price"), format_minor(self.row.price_minor, currency)),
            (
                _("Reserved for payouts and gifts"),
                format_minor(self.row.cash_reserved_minor + self.row.gift_reserved_minor, currency),
            ),
        ]

    def act(self) -> list[Lot]:
        """Take the cards back."""
        return returning.return_lot(
            lot_id=self.row.pk, first=self._first, last=self._last, by_id=self.by_id, now=timezone.now()
        )

    def describe(self, made: list[Lot]) -> Review:
        """How many come back, what stays, what is posted."""
        kept = ", ".join(f"{printed(lot.first_number)} – {printed(lot.last_number)}" for lot in made)
        return Review(
            facts=[
                (_("Cards that come back"), self._last - self._first + 1),
                (_("The dealer keeps"), kept or _("nothing of this lot")),
            ],
            postings=postings(f"lot:{self.row.pk}", [Event.CAPITAL_IN, Event.LOT_RETURNED]),
        )

    def done(self, made: list[Lot]) -> str:
        """They came back."""
        count = self._last - self._first + 1
        return _("%(cards)s cards of lot %(lot)s came back.") % {"cards": count, "lot": self.row.pk}

    @property
    def _first(self) -> int:
        return parse_serial(self.cleaned_data["first"]).number

    @property
    def _last(self) -> int:
        return parse_serial(self.cleaned_data["last"]).number


class LotAdmin(StepsAdmin, RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """SOLD: what was sold to whom, and what was reserved for it."""

    steps = (Step("return", gettext_lazy("Take cards back"), ReturnForm, lambda lot: lot.ended_at is None),)
    list_display = ["id", "dealer", "program", "first_serial", "last_serial", "cards", "sold_at", "ended_at"]
    list_select_related = ["dealer", "program"]
    list_filter = ["program"]
    fields = [
        *("program", "dealer", "order", "batch", "first_serial", "last_serial", "cards", "product_name"),
        *("product_specification", "price", "cash_reserved", "gift_reserved", "replaces", "sold_at", "ended_at"),
    ]
    readonly_fields = ["first_serial", "last_serial", "cards", "price", "cash_reserved", "gift_reserved"]

    @admin.display(description=gettext_lazy("first serial"))
    def first_serial(self, lot: Lot) -> str:
        """As printed."""
        return printed(lot.first_number)

    @admin.display(description=gettext_lazy("last serial"))
    def last_serial(self, lot: Lot) -> str:
        """As printed."""
        return printed(lot.last_number)

    @admin.display(description=gettext_lazy("cards"))
    def cards(self, lot: Lot) -> int:
        """How many."""
        return lot.cards

    @admin.display(description=gettext_lazy("price"))
    def price(self, lot: Lot) -> str:
        """With its currency."""
        return format_minor(lot.price_minor, lot.program.currency)

    @admin.display(description=gettext_lazy("cash reserved"))
    def cash_reserved(self, lot: Lot) -> str:
        """With its currency."""
        return format_minor(lot.cash_reserved_minor, lot.program.currency)

    @admin.display(description=gettext_lazy("gifts reserved"))
    def gift_reserved(self, lot: Lot) -> str:
        """With its currency."""
        return format_minor(lot.gift_reserved_minor, lot.program.currency)


class PrepareBlockForm(StepForm):
    """The first person: which card, and why."""

    faults = {"block_refused": "serial", "reason_missing": "reason", "already_awarded": "kind"}
    note = gettext_lazy(
        "A frozen card keeps its place and its verdict; what it was awarded is on hold until the block is lifted. "
        "A void card leaves the line for ever, and its holder's details are erased. Nothing happens until another "
        "person approves."
    )
    serial = SerialField(label=gettext_lazy("Serial"), max_length=64)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=BlockKind.choices)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=holds.REASON_MAX,
        widget=forms.TextInput(attrs={"size": 60}),
        help_text=gettext_lazy("The holder reads it on the status page. Name nobody."),
    )

    def act(self) -> Block:
        """Prepare the block."""
        said = self.cleaned_data
        number = parse_serial(said["serial"]).number
        if said["kind"] == BlockKind.VOID and Award.objects.filter(registration__card=number).exists():
            raise holds.AlreadyAwarded
        return holds.prepare(
            number=number, kind=BlockKind(said["kind"]), reason=said["reason"], by_id=self.by_id, now=timezone.now()
        )

    def describe(self, made: Block) -> Review:
        """Where the card stands."""
        return Review(facts=_card(made.number), sentences=[_("It has no effect until another person approves.")])

    def done(self, made: Block) -> str:
        """It waits now."""
        return _("The block of %(serial)s is prepared; another person approves it.") % {"serial": printed(made.number)}


class _BlockForm(StepForm):
    """A step of one person on a block."""

    def describe(self, made: Block) -> Review:
        """The block, the card, and what happens."""
        asked = made.prepared_by.get_username()
        facts = [(_("Kind"), made.get_kind_display()), (_("Reason"), made.reason), (_("Prepared by"), asked)]
        if made.lift_prepared_by:
            facts.append((_("Lifting asked for by"), made.lift_prepared_by.get_username()))
        return Review(facts=[*_card(made.number), *facts], sentences=self.sentences(made))

    def sentences(self, made: Block) -> list[str]:
        """What happens."""
        raise NotImplementedError


class ApproveBlockForm(_BlockForm):
    """The second person puts it in force."""

    note = gettext_lazy("Whoever prepared this cannot approve it. The holder reads the reason on the status page.")

    def act(self) -> Block:
        """Approve."""
        return holds.approve(block_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def sentences(self, made: Block) -> list[str]:
        """By kind."""
        if made.kind == BlockKind.VOID:
            return [_("The card leaves the line, and what is held of its holder is erased. This cannot be undone.")]
        return [_("The card keeps its place; what it was awarded is on hold until the block is lifted by two people.")]

    def done(self, made: Block) -> str:
        """In force."""
        return _("The block of %(serial)s is in force.") % {"serial": printed(made.number)}


class PrepareLiftForm(_BlockForm):
    """Somebody asks for its end."""

    note = gettext_lazy("The block stays until another person approves.")

    def act(self) -> Block:
        """Ask."""
        return holds.prepare_lift(block_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def sentences(self, made: Block) -> list[str]:
        """It waits."""
        return [_("It has no effect until another person approves.")]

    def done(self, made: Block) -> str:
        """It waits now."""
        return _("Lifting the block of %(serial)s waits for another person.") % {"serial": printed(made.number)}


class ApproveLiftForm(_BlockForm):
    """The second person ends it."""

    note = gettext_lazy("Whoever asked for this cannot approve it.")

    def act(self) -> Block:
        """Lift."""
        return holds.approve_lift(block_id=self.row.pk, by_id=self.by_id, now=timezone.now())

    def sentences(self, made: Block) -> list[str]:
        """It ends."""
        return [_("The block ends; what was on hold goes on.")]

    def done(self, made: Block) -> str:
        """Lifted."""
        return _("The block of %(serial)s is lifted.") % {"serial": printed(made.number)}


def _asks(block: Block) -> bool:
    return block.approved_at is None and block.lifted_at is None and block.lift_prepared_by_id is None


def _lives(block: Block) -> bool:
    return block.lifted_at is None and block.lift_prepared_by_id is None


def _ends(block: Block) -> bool:
    return block.lifted_at is None and block.lift_prepared_by_id is not None


class BlockAdmin(StepsAdmin, RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Frozen and void cards: asked for by one person, in force by a second, ended by two again."""

    may_add = OFFICE
    adding = PrepareBlockForm
    steps = (
        Step("approve", gettext_lazy("Approve (second person)"), ApproveBlockForm, _asks),
        Step("lift", gettext_lazy("Ask to lift it"), PrepareLiftForm, _lives),
        Step("approve-lift", gettext_lazy("Approve lifting (second person)"), ApproveLiftForm, _ends),
    )
    list_display = ["id", "serial", "kind", "reason", "state", "preparer", "approver", "prepared_at"]
    list_select_related = ["prepared_by", "approved_by"]
    list_filter = ["kind"]
    fields = [
        *("serial", "kind", "reason", "state", "prepared_by", "prepared_at", "approved_by", "approved_at"),
        *("lift_prepared_by", "lifted_by", "lifted_at"),
    ]
    readonly_fields = ["serial", "state"]

    @admin.display(description=gettext_lazy("serial"))
    def serial(self, block: Block) -> str:
        """As printed."""
        return printed(block.number)

    @admin.display(description=gettext_lazy("state"))
    def state(self, block: Block) -> str:
        """Whether it is in force, and who is waited for."""
        if block.lifted_at is not None:
            return _("lifted") if block.approved_at else _("called off")
        if block.lift_prepared_by_id is not None:
            return _("lifting waits for another person")
        return _("in force") if block.approved_at else _("waits for another person")

    @admin.display(description=gettext_lazy("prepared by"))
    def preparer(self, block: Block) -> str:
        """The first person."""
        return block.prepared_by.get_username()

    @admin.display(description=gettext_lazy("approved by"), empty_value="–")
    def approver(self, block: Block) -> str | None:
        """The second person."""
        return block.approved_by.get_username() if block.approved_by else None


def _card(number: int) -> list[tuple[object, object]]:
    """Where a card stands in its line."""
    registration = Registration.objects.filter(card=number).select_related("program").first()
    if registration is None:
        return [(_("Card"), _("%(serial)s, not registered") % {"serial": printed(number)})]
    rows: list[tuple[object, object]] = [
        (_("Card"), printed(number)),
        (_("Registered"), timezone.localtime(registration.registered_at).strftime("%Y-%m-%d %H:%M")),
        (_("Place"), registration.place.place if hasattr(registration, "place") else "–"),
    ]
    awards = [award.get_kind_display() for award in Award.objects.filter(registration=registration)]
    state = standing(registration.pk)
    left = _("left the line") if state.withdrawn_at or state.voided_at else _("stands in the line")
    return [*rows, (_("Awarded"), ", ".join(awards) or _("nothing yet")), (_("Now"), left)]
