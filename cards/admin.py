"""The inventory in the organizers' admin: programs are published, orders are seen through, facts are shown.

Lots and blocks reach into the line, so their pages are the line's: queueing/admin_inventory.py.
"""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cards import orders, programs
from cards.admin_wallets import WalletPayoutAdmin
from cards.models import Batch, Dealer, DealerMember, Order, Program, ProgramState, WalletPayout
from cards.reserves import needed_price_minor
from cashback.accounts.admin_acting import act_on_each
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.accounts.models import Role, User
from cashback.lib.money import format_minor
from cashback.lib.serials import format_serial, group_serial

_OPEN_WHEN_PUBLISHED = frozenset(
    {
        "name",
        "name_zh",
        "closes_on",
        "claim_days",
        "purge_delay_days",
        "payee_limit",
        "contact_hold_seconds",
        "release_below_minor",
    }
)


class ProgramForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """A program's figures; what was announced only moves in the holders' favour."""

    def clean_closes_on(self) -> date:
        """Announced dates move later only."""
        closes_on: date = self.cleaned_data["closes_on"]
        if self._published() and closes_on < self.instance.closes_on:
            raise forms.ValidationError(_("The closing date is announced; it can only be moved later."))
        return closes_on

    def clean_claim_days(self) -> int:
        """The time to claim only grows."""
        days: int = self.cleaned_data["claim_days"]
        if self._published() and days < self.instance.claim_days:
            raise forms.ValidationError(_("The days to claim are announced; there can only be more of them."))
        return days

    def clean_purge_delay_days(self) -> int:
        """The time until details are erased only shrinks."""
        days: int = self.cleaned_data["purge_delay_days"]
        if self._published() and days > self.instance.purge_delay_days:
            raise forms.ValidationError(_("The purge delay is announced; it can only be shortened."))
        return days

    def _published(self) -> bool:
        return bool(self.instance.pk) and self.instance.state != ProgramState.DRAFT


@admin.register(Program)
class ProgramAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Programs: drafts are written, then published; published ones keep their figures."""

    may_add = OFFICE
    may_change = OFFICE
    form = ProgramForm
    list_display = ["code", "local_name", "rule", "face", "price", "needed", "closes_on", "state"]
    list_filter = ["state"]
    search_fields = ["code", "name", "name_zh"]
    actions = ["publish"]
    readonly_fields = ["needed", "state", "published_at", "closed_at", "settled_at"]
    fieldsets = [
        (None, {"fields": ["code", "name", "name_zh", "state"]}),
        (
            gettext_lazy("Money, in minor units"),
            {
                "fields": ["currency", "face_value_minor", "gift_cost_minor", "card_price_minor", "needed"],
                "description": gettext_lazy(
                    "The card price must cover each card's share of payouts and gifts; else the program is not "
                    "published. After publishing these figures never change."
                ),
            },
        ),
        (gettext_lazy("Rule"), {"fields": ["rule", "cycle_size", "payouts_per_cycle"]}),
        (gettext_lazy("Dates"), {"fields": ["closes_on", "claim_days", "published_at", "closed_at", "settled_at"]}),
        (gettext_lazy("Terms"), {"fields": ["terms", "terms_version"]}),
        (
            gettext_lazy("Payouts and personal data"),
            {"fields": ["payee_limit", "release_below_minor", "purge_delay_days", "contact_hold_seconds"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is locked is shown, not offered."""
        if obj is None or obj.state == ProgramState.DRAFT:
            return list(self.readonly_fields)
        every = [field.name for field in Program._meta.fields if field.name not in _OPEN_WHEN_PUBLISHED]
        return [*self.readonly_fields, *every]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the changed fields alone: the program may have been published, or closed, in the meantime."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        try:
            with transaction.atomic():
                obj.save(update_fields=form.changed_data)
        except DatabaseError:
            messages.error(request, _("The program has changed in the meantime; nothing was saved. Look again."))

    @admin.action(description=gettext_lazy("Publish"))
    def publish(self, request: HttpRequest, queryset: QuerySet[Program]) -> None:
        """Publish the chosen drafts."""
        act_on_each(
            request,
            queryset,
            lambda program: programs.publish(program_id=program.pk, now=timezone.now()),
            lambda program: _("%(program)s is published.") % {"program": program.code},
        )

    @admin.display(description=gettext_lazy("name"))
    def local_name(self, program: Program) -> str:
        """The name in the reader's language."""
        chinese = (get_language() or "").startswith("zh")
        return program.name_zh if chinese and program.name_zh else program.name

    @admin.display(description=gettext_lazy("face value"))
    def face(self, program: Program) -> str:
        """The face value with its currency."""
        return format_minor(program.face_value_minor, program.currency)

    @admin.display(description=gettext_lazy("card price"))
    def price(self, program: Program) -> str:
        """The price with its currency."""
        return format_minor(program.card_price_minor, program.currency)

    @admin.display(description=gettext_lazy("lowest price"), empty_value="-")
    def needed(self, program: Program) -> str | None:
        """The lowest price that covers payouts and gifts."""
        if program.face_value_minor is None or program.gift_cost_minor is None:
            return None
        return format_minor(needed_price_minor(program), program.currency)


admin.site.register(WalletPayout, WalletPayoutAdmin)


@admin.register(Batch)
class BatchAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Print runs. They are minted by `manage.py mint`, on a machine that holds the PIN key."""

    list_display = ["id", "program", "first_serial", "last_serial", "cards", "progress", "minted_at"]
    list_select_related = ["program"]
    list_filter = ["program"]

    @admin.display(description=gettext_lazy("first serial"))
    def first_serial(self, batch: Batch) -> str:
        """As printed."""
        return group_serial(format_serial(batch.first_number))

    @admin.display(description=gettext_lazy("last serial"))
    def last_serial(self, batch: Batch) -> str:
        """As printed."""
        return group_serial(format_serial(batch.first_number + batch.cards - 1))

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, batch: Batch) -> str:
        """How far minting has come."""
        text = f"{batch.minted * 100 // batch.cards} %"
        return format_html('<progress max="{}" value="{}">{}</progress> {}', batch.cards, batch.minted, text, text)


class DealerMemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """A member is a user with the role dealer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user" in self.fields:
            self.fields["user"].queryset = User.objects.filter(role=Role.DEALER)  # type: ignore[attr-defined]


class DealerMemberInline(RoleAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Who signs in for the dealer."""

    may_add = OFFICE
    model = DealerMember
    form = DealerMemberForm
    extra = 0


@admin.register(Dealer)
class DealerAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Dealers and who signs in for them."""

    may_add = OFFICE
    may_change = OFFICE
    list_display = ["code", "name", "active"]
    list_filter = ["active"]
    search_fields = ["code", "name"]
    inlines = [DealerMemberInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A code stays as it was given."""
        return ["code"] if obj else []


@admin.register(Order)
class OrderAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Orders: one person has seen the payment, another confirms it, then the cards are sold."""

    list_display = ["id", "dealer", "program", "cards", "amount", "state", "seen_by", "confirmed_by"]
    list_select_related = ["dealer", "program", "payment_prepared_by", "payment_approved_by"]
    list_filter = ["state", "program"]
    actions = ["payment_seen", "confirm_payment", "fulfil", "cancel"]

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, order: Order) -> str:
        """With its currency."""
        return format_minor(order.amount_minor, order.currency)

    @admin.display(description=gettext_lazy("payment seen by"))
    def seen_by(self, order: Order) -> str | None:
        """The first person."""
        return order.payment_prepared_by.get_username() if order.payment_prepared_by else None

    @admin.display(description=gettext_lazy("confirmed by"))
    def confirmed_by(self, order: Order) -> str | None:
        """The second person."""
        return order.payment_approved_by.get_username() if order.payment_approved_by else None

    @admin.action(description=gettext_lazy("Payment seen (first person)"))
    def payment_seen(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """The dealer's money has arrived."""
        by_id = _person(request)
        act_on_each(
            request,
            queryset,
            lambda order: orders.prepare_payment(order_id=order.pk, by_id=by_id, now=timezone.now()),
            lambda order: _("Order %(order)s: payment seen; another person confirms it.") % {"order": order.pk},
        )

    @admin.action(description=gettext_lazy("Confirm payment (second person)"))
    def confirm_payment(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """A second person confirms."""
        by_id = _person(request)
        act_on_each(
            request,
            queryset,
            lambda order: orders.approve_payment(order_id=order.pk, by_id=by_id, now=timezone.now()),
            lambda order: _("Order %(order)s: payment confirmed.") % {"order": order.pk},
        )

    @admin.action(description=gettext_lazy("Fulfil: sell the lowest free cards"))
    def fulfil(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Paid orders become lots, the oldest order first."""
        act_on_each(
            request,
            queryset.order_by("pk"),
            lambda order: orders.fulfil(order_id=order.pk, now=timezone.now()),
            lambda order: _("Order %(order)s is fulfilled.") % {"order": order.pk},
        )

    @admin.action(description=gettext_lazy("Cancel: paid money stays in the wallet"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Open orders are given up."""
        act_on_each(
            request,
            queryset,
            lambda order: orders.cancel(order_id=order.pk, now=timezone.now()),
            lambda order: _("Order %(order)s is cancelled.") % {"order": order.pk},
        )


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
