"""Draws in the organizers' admin: drafts are written, then announced; from there on everything goes by steps."""

from typing import Any

from django.contrib import admin, messages
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashback.accounts.admin_acting import act_on_each
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, ORGANIZERS, RoleAdmin
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor
from cashback.lib.serials import format_serial, group_serial
from lottery import admin_steps, declaring
from lottery.admin_forms import DeclarationForm, DrawForm, FigureForm, PrizeForm
from lottery.models import PUBLIC_STATES, Allotment, Declaration, Draw, DrawState, Figure, Prize, PrizeCap
from lottery.selectors import end_reason


class InDraft(RoleAdmin):
    """Rows of a draw: written while it is a draft, locked with it."""

    may_add = OFFICE
    may_change = OFFICE

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """While it is a draft."""
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """While it is a draft."""
        return super().has_change_permission(request, obj) and _is_draft(obj)


class OfDraft(InDraft):
    """Prizes and figures: what nobody has seen yet may also be taken out again."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """While it is a draft."""
        return self.has_change_permission(request, obj)


class PrizeInline(OfDraft, admin.TabularInline):  # type: ignore[type-arg]  # not generic while it runs
    """The prizes, in order."""

    model = Prize
    form = PrizeForm
    extra = 0
    min_num = 1
    ordering = ("position",)


class FigureInline(OfDraft, admin.TabularInline):  # type: ignore[type-arg]
    """The public figures, in order; what they came to is shown above."""

    model = Figure
    form = FigureForm
    extra = 0
    min_num = 1
    ordering = ("position",)


@admin.register(Draw)
class DrawAdmin(InDraft, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Draws: a draft has forms; an announced draw has its steps."""

    form = DrawForm
    change_form_template = "admin/lottery/draw/change_form.html"
    change_list_template: Any = "admin/lottery/draw/change_list.html"  # type: ignore[misc]  # as a class's and a row's
    list_display = ["code", "program", "state", "fund", "freezes_at", "reveals_at", "entries", "waits_for"]
    list_select_related = ["program"]
    list_filter = ["state", "program"]
    inlines = [PrizeInline, FigureInline]
    fieldsets = [
        (None, {"fields": ["code", "program", "name", "name_zh", "about", "about_zh"]}),
        (
            gettext_lazy("Who takes part"),
            {"fields": ["registered_from", "registered_until", "paid_included"]},
        ),
        (
            gettext_lazy("When, and how many reserves"),
            {
                "fields": ["freezes_at", "reveals_at", "reserves"],
                "description": gettext_lazy(
                    "Public figures are published an hour and a half after the time of the freeze or later (an hour "
                    "must be left if it has to wait), and before the secret is revealed."
                ),
            },
        ),
        (gettext_lazy("Money"), {"fields": ["takes_fund_of"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        """With the steps; before Django's own, which take any address for a row."""
        return [*admin_steps.urls(), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The id enters the seed and stays as it was given."""
        return ["code"] if obj else []

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With the draw's steps. What was announced in the meantime is refused by the database."""
        context = {**(extra_context or {}), **self._steps(object_id)}
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, context)
        except DatabaseError:
            messages.error(request, _("The draw has changed in the meantime; nothing was saved. Look again."))
            return HttpResponseRedirect(reverse("admin:lottery_draw_changelist"))

    def _steps(self, object_id: str | None) -> dict[str, Any]:
        found = Draw.objects.filter(pk=object_id) if object_id and object_id.isdigit() else Draw.objects.none()
        draw = found.select_related("program", "announced_by", "certified_by", "ended_by", "fund_approved_by").first()
        if draw is None:
            return {}
        return {
            "draw": draw,
            "end_reason": end_reason(draw),
            "figures": draw.figures.select_related("entered_by", "confirmed_by").order_by("position"),
            "may_enter_figures": draw.state in {DrawState.FROZEN, DrawState.REVEALED},
            "fund_text": format_minor(draw.fund_minor, draw.program.currency),
            "is_public": draw.state in PUBLIC_STATES,
            "now": timezone.now(),
        }

    @admin.display(description=gettext_lazy("prize fund"))
    def fund(self, draw: Draw) -> str:
        """What is promised, with its currency."""
        return format_minor(draw.fund_minor, draw.program.currency) if draw.fund_minor else "-"

    @admin.display(description=gettext_lazy("waits for"))
    def waits_for(self, draw: Draw) -> str:
        """What comes next, and from whom."""
        match draw.state:
            case DrawState.DRAFT:
                return _("being announced")
            case DrawState.ANNOUNCED | DrawState.FROZEN:
                return _("the schedule")
            case DrawState.REVEALED:
                missing = draw.figures.filter(confirmed_at=None).exists()
                return _("two people to enter the figures") if missing else _("the schedule")
            case DrawState.DRAWN:
                return _("the schedule")
            case DrawState.VERIFIED:
                return _("a second person to certify")
        return "-"


@admin.register(PrizeCap)
class PrizeCapAdmin(RoleAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The most that one prize may be, by currency."""

    may_add = ORGANIZERS
    may_change = ORGANIZERS
    list_display = ["currency", "amount"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The currency is the row's key."""
        return ["currency"] if obj else []

    @admin.display(description=gettext_lazy("most of one prize"))
    def amount(self, cap: PrizeCap) -> str:
        """With its currency."""
        return format_minor(cap.amount_minor, cap.currency)


@admin.register(Declaration)
class DeclarationAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Cards that cannot win. Declared by the form for adding; what was handed over since is ended by an action."""

    may_add = OFFICE
    form = DeclarationForm
    list_display = ["id", "program", "kind", "first", "last", "dealer", "declared_by", "declared_at", "ended_at"]
    list_select_related = ["program", "dealer", "declared_by"]
    list_filter = ["kind", "program"]
    actions = ["handed_over"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Declaring asks for serials; a row shows everything."""
        return super().get_fields(request, obj) if obj is None else [field.name for field in Declaration._meta.fields]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A refusal of the verb is shown on the form's page."""
        try:
            return super().add_view(request, form_url, extra_context)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:lottery_declaration_add"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Call the verb, and take on what it made."""
        assert not change, "nothing is changed by hand"
        typed = form.cleaned_data
        made = declaring.declare(
            program_id=typed["program"].pk,
            kind=Declaration.Kind(typed["kind"]),
            first=typed["first"],
            last=typed["last"] or typed["first"],
            dealer_id=typed["dealer"].pk if typed["dealer"] else None,
            by_id=_person(request),
            now=timezone.now(),
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    @admin.action(description=gettext_lazy("Handed over: they take part from now on"))
    def handed_over(self, request: HttpRequest, queryset: QuerySet[Declaration]) -> None:
        """End declarations of cards that customers have by now."""
        by_id = _person(request)
        act_on_each(
            request,
            queryset,
            lambda one: declaring.handed_over(declaration_id=one.pk, by_id=by_id, now=timezone.now()),
            lambda one: _("%(declaration)s is ended.") % {"declaration": one},
        )

    @admin.display(description=gettext_lazy("first serial"))
    def first(self, declaration: Declaration) -> str:
        """As printed."""
        return group_serial(format_serial(declaration.first_number))

    @admin.display(description=gettext_lazy("last serial"))
    def last(self, declaration: Declaration) -> str:
        """As printed."""
        return group_serial(format_serial(declaration.last_number))


@admin.register(Allotment)
class AllotmentAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who has which prize, by index; facts."""

    list_display = ["id", "draw", "number", "prize", "index", "award_id", "allotted_at", "ended_at", "end_reason"]
    list_select_related = ["draw", "prize", "result"]
    list_filter = ["draw"]

    @admin.display(description=gettext_lazy("index"))
    def index(self, allotment: Allotment) -> int:
        """In the pool."""
        return allotment.result.index


def _is_draft(obj: Any) -> bool:
    return obj is None or obj.state == DrawState.DRAFT


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
