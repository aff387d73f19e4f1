"""The line in the organizers' admin: facts, read-only, without anything personal. Details have no page at all."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cards.models import Block, Lot
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import RoleAdmin
from cashback.lib.money import format_minor
from cashback.lib.serials import format_serial, group_serial
from queueing.admin_inventory import BlockAdmin, LotAdmin
from queueing.models import Award, Cycle, Erasure, KeyEpoch, Line, Registration, SigningKey
from queueing.words import ERASED_BECAUSE, ERASED_PARTS

admin.site.register(Lot, LotAdmin)
admin.site.register(Block, BlockAdmin)


@admin.register(Registration)
class RegistrationAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Registrations by number of card and place. Receipts and nonces open a status page, so they are not shown."""

    list_display = ["id", "serial", "program", "registered_at", "standing"]
    list_filter = ["program"]
    list_select_related = ["program"]
    fields = [
        "id",
        "serial",
        "program",
        "lot",
        "registered_at",
        "place_in_line",
        "frozen_at",
        "withdrawn_at",
        "voided_at",
        "language",
        "terms_version",
        "product_matches",
        "leaf",
        "signing_key",
    ]
    readonly_fields = ["id", "serial", "place_in_line"]
    search_fields = ["=card__number"]
    search_help_text = _("By card number: the first twelve digits of the serial.")

    @admin.display(description=_("serial"))
    def serial(self, registration: Registration) -> str:
        """The serial as printed."""
        return group_serial(format_serial(registration.card_id))

    @admin.display(description=_("place"))
    def place_in_line(self, registration: Registration) -> str:
        """The place, once given."""
        return str(registration.place.place) if hasattr(registration, "place") else "–"

    @admin.display(description=_("standing"), boolean=True)
    def standing(self, registration: Registration) -> bool:
        """Neither withdrawn nor void."""
        return registration.withdrawn_at is None and registration.voided_at is None


@admin.register(Line)
class LineAdmin(RoleAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The head of each line; one row a program."""

    list_display = ["program", "placed", "cycles_closed", "cut_at", "settled_at"]
    list_select_related = ["program"]


@admin.register(Cycle)
class CycleAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Closed cycles and what they awarded."""

    list_display = ["id", "program", "number", "first_place", "last_place", "standing", "cash_awards", "gift_awards"]
    list_filter = ["program"]
    list_select_related = ["program"]


@admin.register(Award)
class AwardAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Verdicts: what was awarded to which registration, from what."""

    list_display = ["id", "program", "source", "source_id", "place", "kind", "amount", "awarded_at"]
    list_filter = ["program", "kind"]
    fields = ["id", "registration", "program", "source", "source_id", "place", "kind", "amount", "awarded_at"]
    readonly_fields = ["id", "amount"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Award]:
        """With the program, for its code and currency."""
        return Award.objects.select_related("program")

    @admin.display(description=_("amount"))
    def amount(self, award: Award) -> str:
        """The amount with its currency."""
        return format_minor(award.amount_minor, award.program.currency)


@admin.register(Erasure)
class ErasureAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Signed rows that prove the destruction of details."""

    list_display = ["id", "registration_id", "at", "part", "because", "backups_until", "signed"]

    @admin.display(description=_("what"))
    def part(self, erasure: Erasure) -> object:
        """In words."""
        return ERASED_PARTS.get(erasure.what, erasure.what)

    @admin.display(description=_("why"))
    def because(self, erasure: Erasure) -> object:
        """In words."""
        return ERASED_BECAUSE.get(erasure.why, erasure.why)

    @admin.display(description=_("signed"), boolean=True)
    def signed(self, erasure: Erasure) -> bool:
        """The signer has been round."""
        return bool(erasure.signature)


@admin.register(KeyEpoch)
class KeyEpochAdmin(RoleAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Periods of the key ring; the keys themselves are files."""

    list_display = ["id", "created_at", "ends_at", "retired_at", "destroyed_at"]
    ordering = ["-pk"]


@admin.register(SigningKey)
class SigningKeyAdmin(RoleAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Public keys under which receipts and erasures were signed."""

    list_display = ["key_id", "public_key", "from_at", "until_at"]
    ordering = ["-from_at"]
