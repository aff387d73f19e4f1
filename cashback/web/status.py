"""What a receipt opens: its registration's status page, and finding it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from cards.models import Program
from cashback.lib.clients import client_of
from cashback.lib.crypto.digests import parse_receipt
from cashback.lib.errors import DomainError
from cashback.lib.serials import format_serial
from cashback.web import drawn, pictures, words
from cashback.web.entries import ReceiptEntry
from cashback.web.gifts import gift_context
from cashback.web.pages import private, show, status_of, switched
from payouts import selectors
from payouts.selectors import AwardStatus, HolderStatus
from queueing import status as registration_status
from queueing.attempts import count_status_read
from queueing.words import ERASED_BECAUSE, ERASED_PARTS

# A page that can still change looks for news by itself.
OPEN_STATES = frozenset({"due", "approved", "sent", "accepted", "on_hold", "in_doubt", "details_needed", "ready"})
DRAWS_UNDER_WAY = frozenset({"frozen", "revealed", "drawn", "verified"})


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@private
def find(request: HttpRequest) -> HttpResponse:
    """Ask for the receipt code and open its page."""
    context: dict[str, Any] = {"entry": ReceiptEntry(), "action": reverse("find"), "here": "status"}
    if request.method != "POST":
        return show(request, "web/status_find.html", context)
    entry = context["entry"] = ReceiptEntry(request.POST)
    if switched(request):
        return show(request, "web/status_find.html", context)
    try:
        code = parse_receipt(str(entry.data.get("receipt", "")))
        count_status_read(client=client_of(request), now=timezone.now())
        registration_status.find(code)
    except DomainError as refusal:
        if refusal.code != "too_many_attempts":
            entry.add_error("receipt", refusal.message)
            entry.focus_first_error()
            return show(request, "web/status_find.html", context, status=422)
        return show(request, "web/status_find.html", context, error=refusal, status=429)
    return HttpResponseRedirect(reverse("status", args=[code]))


@require_safe
@private
def status(request: HttpRequest, receipt: str) -> HttpResponse:
    """The status page; `moving` asks for its moving part alone."""
    now = timezone.now()
    try:
        count_status_read(client=client_of(request), now=now)
        found = selectors.holder_status(receipt, now)
    except DomainError as refusal:
        context = {"entry": ReceiptEntry({"receipt": receipt}), "action": reverse("find"), "here": "status"}
        return show(request, "web/status_find.html", context, error=refusal, status=status_of(refusal))
    if found.awards and found.registration.contact_held:
        registration_status.verdict_shown(registration_id=found.registration.registration_id, now=now)
    template = "web/_status.html" if "moving" in request.GET else "web/status.html"
    context = {**status_context(found, now), "receipt": receipt}
    if any(award.kind == "gift" for award in found.awards):
        context |= gift_context(request, receipt, found.registration.number, now)
    response = show(request, template, context)
    # The page has no form that needs its address.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def status_context(found: HolderStatus, now: datetime) -> dict[str, Any]:
    """What the page shows of a status."""
    registration = found.registration
    program = Program.objects.get(pk=registration.program_id)
    draws = drawn.parts(found, claim_days=program.claim_days)
    decided = registration.cycle is not None and (registration.until_close in {0, None})
    picture = None
    if registration.cycle is not None:
        picture = pictures.draw(program, registration.cycle, closed=decided, own=registration.place)
    return {
        "registration": registration,
        "program": program,
        "picture": picture,
        "serial": format_serial(registration.number),
        "awards": [
            {
                "award": award,
                "state": _in_words(award),
                "reason": "" if award.details_given else words.reason(award.reason),
            }
            for award in found.awards
        ],
        "draws": draws,
        "kept_out": drawn.kept_out(registration.registration_id),
        "timeline": [
            {"text": words.plain(words.EVENTS, entry.event), "at": entry.at} for entry in reversed(found.timeline)
        ],
        "erasures": [
            {
                "erasure": erasure,
                "what": words.plain(ERASED_PARTS, erasure.what),
                "why": words.plain(ERASED_BECAUSE, erasure.why),
            }
            for erasure in registration.erasures
        ],
        "extended": words.plain(words.OUR_REASONS, registration.extended_for) if registration.extended_for else "",
        "headline": _headline(found),
        "moving": registration.outcome == "waiting"
        or any(_moves(award.state, found) for award in found.awards)
        or any(part.entry.state in DRAWS_UNDER_WAY for part in draws),
        "may_change": registration.outcome not in {"withdrawn", "void"},
        "may_correct": _may_correct(found),
        "now": now,
        "here": "status",
    }


def _in_words(award: AwardStatus) -> words.State:
    """The award's state; details may be asked for although no payment has failed."""
    if award.details_given:
        return words.DETAILS_GIVEN
    if award.state == "details_needed" and award.reason == "no_details":
        return words.NO_DETAILS
    return words.AWARD_STATES[award.state]


def _moves(state: str, found: HolderStatus) -> bool:
    """A gift that is ready may be handed over at any moment; one of somebody who has withdrawn lapses soon."""
    return state in OPEN_STATES or (state == "owed" and found.registration.outcome == "withdrawn")


def _may_correct(found: HolderStatus) -> bool:
    """Whether there is an account to correct, or an award waits for one."""
    registration = found.registration
    if registration.outcome in {"withdrawn", "void"}:
        return False
    return registration.payee_held or any(award.state == "details_needed" for award in found.awards)


def _headline(found: HolderStatus) -> str:
    """Which picture and heading stands first: the verdict, or what keeps it from being paid."""
    outcome = found.registration.outcome
    # What draws award is told apart: the line's verdict is one thing, a prize another.
    mine = [award for award in found.awards if award.kind == "cash" and award.source == "cycle"]
    states = {award.state for award in mine if not award.details_given}
    if outcome == "cash" and "refunded" in states:
        return "refunded"
    if outcome == "cash" and "details_needed" in states:
        return "details_needed"
    if outcome == "waiting" and found.registration.place is None:
        return "arriving"
    return outcome
