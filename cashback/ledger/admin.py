"""The books in the organizers' admin: balances, transfers and checks, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import RoleAdmin
from cashback.ledger.models import Account, BooksCheck, Transfer
from cashback.lib.money import format_minor


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

    list_display = ["id", "posted_at", "event", "reference", "debit", "credit", "amount"]
    list_select_related = ["debit", "credit"]
    fields = ["id", "posted_at", "event", "reference", "debit", "credit", "amount"]
    readonly_fields = ["id", "amount"]

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
