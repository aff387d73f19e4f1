"""Payouts in the organizers' admin: two people release and resolve; everything else is read-only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Program, ProgramState
from cashback.accounts.admin_acting import act_on_each
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor
from payouts import gift_admin, releasing, resolving, sweeping
from payouts.models import (
    Attempt,
    BankFile,
    BankLine,
    CancelledPayout,
    PendingPayout,
    PendingState,
    Refund,
    Release,
    Resolution,
)
from payouts.rails.reasons import explain
from queueing.models import Source

# Django looks for admins in this module alone.
__all__ = ["gift_admin"]


class FactsAdmin(RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What happened: shown, paged by key, never edited."""

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: Any) -> str:
        """With its currency."""
        return format_minor(row.amount_minor, row.currency)

    @admin.display(description=gettext_lazy("reason"), empty_value="–")
    def why(self, row: Any) -> str | None:
        """The reason in words."""
        return explain(row.reason) if row.reason else None

    @admin.display(description=gettext_lazy("from"))
    def origin(self, row: Any) -> str:
        """The cycle or draw that awarded it."""
        label = Source(row.source).label if row.source in Source.values else row.source
        return f"{label} {row.source_id}"


class PreparingAdmin(FactsAdmin):
    """Rows that one person prepares by the form for adding, through a verb, and another approves by an action."""

    may_add = OFFICE

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A refusal of the verb is shown on the list."""
        try:
            return super().add_view(request, form_url, extra_context)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Call the verb, and take on what it made."""
        assert not change, "nothing is changed by hand"
        obj.pk = self.prepare(_person(request), obj).pk
        obj.refresh_from_db()

    def prepare(self, by_id: int, draft: Any) -> Any:
        """The verb."""
        raise NotImplementedError


class ReleaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """Preparing needs a program, and takes what is due in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:
            running = Program.objects.filter(state__in=[ProgramState.PUBLISHED, ProgramState.CLOSED])
            self.fields["program"].queryset = running  # type: ignore[attr-defined]


@admin.register(Release)
class ReleaseAdmin(PreparingAdmin):
    """Releases: adding one prepares what is due; a second person approves it; the schedule sends it."""

    form = ReleaseForm
    list_display = [
        *("id", "program", "state", "payouts", "total", "over_limit", "preparer", "approver", "sent_at"),
    ]
    list_select_related = ["program", "prepared_by", "approved_by"]
    list_filter = ["state", "program"]
    actions = ["approve", "call_off"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Preparing asks for the program alone."""
        return super().get_fields(request, obj) if obj else ["program"]

    def prepare(self, by_id: int, draft: Any) -> Release:
        """Prepare what is due in the program."""
        return releasing.prepare(program_id=draft.program_id, by_id=by_id, now=timezone.now())

    @admin.display(description=gettext_lazy("total"))
    def total(self, release: Release) -> str:
        """With its currency."""
        return format_minor(release.total_minor, release.currency)

    @admin.display(description=gettext_lazy("over the payee limit"))
    def over_limit(self, release: Release) -> int:
        """Payouts to payees with more registrations than the program allows."""
        return release.over_payee_limit

    @admin.display(description=gettext_lazy("prepared by"))
    def preparer(self, release: Release) -> str | None:
        """The first person, or the schedule."""
        if release.automatic:
            return _("the schedule")
        return release.prepared_by.get_username() if release.prepared_by else None

    @admin.display(description=gettext_lazy("approved by"))
    def approver(self, release: Release) -> str | None:
        """The second person."""
        return release.approved_by.get_username() if release.approved_by else None

    @admin.action(description=gettext_lazy("Approve (second person)"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Release]) -> None:
        """A second person approves; the payouts leave with the next tick."""
        by_id = _person(request)
        act_on_each(
            request,
            queryset,
            lambda release: releasing.approve(release_id=release.pk, by_id=by_id, now=timezone.now()),
            lambda release: _("Release %(release)s is approved.") % {"release": release.pk},
        )

    @admin.action(description=gettext_lazy("Call off: its payouts are due again"))
    def call_off(self, request: HttpRequest, queryset: QuerySet[Release]) -> None:
        """What has not left yet is taken back."""
        act_on_each(
            request,
            queryset,
            lambda release: releasing.cancel(release_id=release.pk, now=timezone.now()),
            lambda release: _("Release %(release)s is called off.") % {"release": release.pk},
        )


@admin.register(PendingPayout)
class PendingPayoutAdmin(FactsAdmin):
    """PENDING."""

    list_display = ["award_id", "program", "origin", "place", "amount", "state", "why", "since"]
    list_select_related = ["program"]
    list_filter = ["state", "program"]
    actions = ["resume"]

    @admin.action(description=gettext_lazy("Make due again (on hold for the organizer)"))
    def resume(self, request: HttpRequest, queryset: QuerySet[PendingPayout]) -> None:
        """What a bank refused for the payer's reasons goes out again; what is frozen stays."""
        resumed = sweeping.resume(award_ids=list(queryset.values_list("pk", flat=True)), now=timezone.now())
        messages.info(request, _("%(count)s payouts are due again.") % {"count": resumed})


class ResolutionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A decision is about a payout in doubt or on hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "award" in self.fields:
            self.fields["award"] = forms.IntegerField(min_value=1, label=gettext_lazy("Award"))

    def clean_award(self) -> Any:
        """The payout by its award."""
        open_states = [PendingState.IN_DOUBT, PendingState.ON_HOLD]
        pending = PendingPayout.objects.filter(pk=self.cleaned_data["award"], state__in=open_states).first()
        if pending is None:
            raise forms.ValidationError(_("No payout of this award is in doubt or on hold."))
        return pending.award


@admin.register(Resolution)
class ResolutionAdmin(PreparingAdmin):
    """Decisions about payouts in doubt or on hold: adding one prepares it; a second person approves."""

    form = ResolutionForm
    list_display = ["id", "award_id", "verdict", "evidence", "prepared_by", "prepared_at", "approved_by", "approved_at"]
    list_select_related = ["prepared_by", "approved_by"]
    actions = ["approve"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Preparing asks for the award, the verdict and the evidence."""
        return super().get_fields(request, obj) if obj else ["award", "verdict", "evidence"]

    def prepare(self, by_id: int, draft: Any) -> Resolution:
        """Prepare the decision."""
        return resolving.prepare_resolution(
            award_id=draft.award_id,
            verdict=draft.verdict,
            evidence=draft.evidence,
            by_id=by_id,
            now=timezone.now(),
        )

    @admin.action(description=gettext_lazy("Approve and carry out (second person)"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Resolution]) -> None:
        """A second person approves, and it is done."""
        by_id = _person(request)
        act_on_each(
            request,
            queryset,
            lambda resolution: resolving.resolve_doubt(resolution_id=resolution.pk, by_id=by_id, now=timezone.now()),
            lambda resolution: _("%(resolution)s is carried out.") % {"resolution": resolution},
        )


@admin.register(Refund)
class RefundAdmin(FactsAdmin):
    """REFUNDED."""

    list_display = ["award_id", "program", "origin", "place", "amount", "end_to_end_id", "refunded_at"]
    list_select_related = ["program"]
    list_filter = ["program"]


@admin.register(CancelledPayout)
class CancelledPayoutAdmin(FactsAdmin):
    """Awards that will not be paid."""

    list_display = ["award_id", "program", "origin", "place", "amount", "state", "why", "posted", "cancelled_at"]
    list_select_related = ["program"]
    list_filter = ["program"]


@admin.register(Attempt)
class AttemptAdmin(FactsAdmin):
    """Tries at payouts."""

    list_display = ["end_to_end_id", "award_id", "number", "release", "amount", "state", "why", "sent_at"]
    list_select_related = ["release"]
    search_fields = ["end_to_end_id__exact"]


@admin.register(BankFile)
class BankFileAdmin(FactsAdmin):
    """What the bank delivered; content is never shown."""

    list_display = ["id", "name", "kind", "state", "why", "received_at", "destroyed_at"]
    exclude = ["content", "content_key"]


class ToLookAt(admin.SimpleListFilter):
    """Lines that somebody has to look at; they have an index of their own."""

    title = gettext_lazy("to look at")
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice."""
        return [("yes", _("unknown or contradicting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BankLine]) -> QuerySet[BankLine]:
        """Those lines."""
        return queryset.filter(outcome__in=["unknown", "contradicts"]) if self.value() else queryset


@admin.register(BankLine)
class BankLineAdmin(FactsAdmin):
    """What was kept of the bank's answers, and what came of it."""

    list_display = [
        *("id", "file", "position", "end_to_end_id", "verdict", "status", "said_amount", "why", "booked_on"),
        "outcome",
    ]
    list_select_related = ["file"]
    list_filter = [ToLookAt]

    @admin.display(description=gettext_lazy("amount"), empty_value="-")
    def said_amount(self, line: BankLine) -> str | None:
        """As the bank said it."""
        return None if line.amount_minor is None else format_minor(line.amount_minor, line.currency)


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
