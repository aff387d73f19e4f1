"""The books in the organizers' admin: balances, transfers and checks, and the organizer's own money."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cashback.accounts.admin_decisions import DecisionsAdmin
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import RoleAdmin
from cashback.ledger import admin_moving
from cashback.ledger.models import Account, BooksCheck, Movement, Transfer
from cashback.lib.money import format_minor


@admin.register(Movement)
class MovementAdmin(DecisionsAdmin):
    """Own money in and out, and what of it is free."""

    adding = admin_moving.PrepareForm
    steps = admin_moving.STEPS
    change_list_template = "admin/ledger/own_money.html"  # type: ignore[misc]
    list_display = ["id", "event", "amount", "reference", "state", "preparer", "approver"]
    list_filter = ["event"]
    fields = [
        *("event", "amount", "reference", "state", "prepared_by", "prepared_at", "approved_by", "approved_at"),
        *("called_off_by", "called_off_at"),
    ]
    readonly_fields = ["amount", "state"]

    @admin.display(description=_("amount"))
    def amount(self, movement: Movement) -> str:
        """With its currency."""
        return format_minor(movement.amount_minor, movement.currency)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With what is free."""
        return super().changelist_view(request, {"free": admin_moving.free_by_currency(), **(extra_context or {})})


@admin.register(Account)
class AccountAdmin(RoleAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Accounts and their balances; programs and dealers by number."""

    list_display = ["kind", "currency", "program", "dealer", "balance"]
    list_filter = ["kind", "currency"]
    ordering = ["program", "kind", "dealer"]
    fields = ["kind", "currency", "program", "dealer", "balance"]
    readonly_fields = ["balance"]
    show_full_result_count = False

    @admin.display(description=_("balance"))
    def balance(self, account: Account) -> str:
        """The balance with its currency."""
        return format_minor(account.balance_minor, account.currency)


@admin.register(Transfer)
class TransferAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Every movement of money, newest first."""

    list_display = ["id", "posted_at", "event", "reference", "received_by", "given_by", "amount"]
    list_select_related = ["debit", "credit"]
    fields = ["id", "posted_at", "event", "reference", "debit", "credit", "amount"]
    readonly_fields = ["id", "amount"]

    @admin.display(description=_("debit"))
    def received_by(self, transfer: Transfer) -> str:
        """What the account holds."""
        return transfer.debit.get_kind_display()

    @admin.display(description=_("credit"))
    def given_by(self, transfer: Transfer) -> str:
        """What the account holds."""
        return transfer.credit.get_kind_display()

    @admin.display(description=_("amount"))
    def amount(self, transfer: Transfer) -> str:
        """The amount with its currency."""
        return format_minor(transfer.amount_minor, transfer.currency)


@admin.register(BooksCheck)
class BooksCheckAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What checks of the books found."""

    list_display = ["id", "checked_at", "rules", "broken", "took_ms", "by_schedule"]

    @admin.display(description=_("broken"))
    def broken(self, found: BooksCheck) -> int:
        """How many breaches were kept."""
        return len(found.breaches)
