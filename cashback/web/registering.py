"""Registering a card: card, details, review, receipt. What was typed travels in the form, and is nowhere else."""

import hashlib
import secrets
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cards.models import Program
from cards.selectors import published_programs
from cashback.lib.clients import client_of
from cashback.lib.crypto.digests import body_digest, subkey
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.web.entries import RegistrationEntry, review_rows
from cashback.web.pages import language, private, show, status_of, switched
from queueing import intake
from queueing.attempts import count_attempt
from queueing.correction import Corrected, correct_card, correct_registration

CARD, DETAILS, REVIEW = "card", "details", "review"
TOKEN_BYTES = 16


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@private
def register(request: HttpRequest) -> HttpResponse:
    """One address for all steps: `showing` is the step that was sent, `go` what to do with it."""
    if request.method != "POST":
        return _show(request, RegistrationEntry(), CARD)
    entry = RegistrationEntry(request.POST)
    showing, go = _step(request), request.POST.get("go", "next")
    if switched(request):
        return _review(request, entry) if showing == REVIEW else _show(request, entry, showing)
    steps = {
        (DETAILS, "back"): lambda: _show(request, entry, CARD),
        (DETAILS, "next"): lambda: _review(request, entry),
        (REVIEW, "back"): lambda: _show(request, entry, DETAILS),
        (REVIEW, "confirm"): lambda: _confirm(request, entry),
    }
    return steps.get((showing, go), lambda: _card(request, entry))()


def _card(request: HttpRequest, entry: RegistrationEntry) -> HttpResponse:
    try:
        correct_card(entry.typed())
    except InvalidDetails as invalid:
        entry.blame(invalid)
        return _show(request, entry, CARD, status=422)
    return _show(request, entry, DETAILS)


def _review(request: HttpRequest, entry: RegistrationEntry) -> HttpResponse:
    details = _checked(entry)
    if details is None:
        return _show(request, entry, _step_in_error(entry), status=422)
    return _show(request, entry, REVIEW, details=details)


def _confirm(request: HttpRequest, entry: RegistrationEntry) -> HttpResponse:
    details = _checked(entry)
    if details is None:
        return _show(request, entry, _step_in_error(entry), status=422)
    now = timezone.now()
    try:
        count_attempt(client=client_of(request), serial=details.card.serial, now=now)
        receipt = intake.register(
            details=details, language=language(), request_digest=_request_digest(entry, details), now=now
        )
    except InvalidDetails as invalid:
        entry.blame(invalid)
        return _show(request, entry, DETAILS, status=422)
    except DomainError as refusal:
        # Which card it is stands on the first page; everything else is carried along.
        step = REVIEW if refusal.code == "too_many_attempts" else CARD
        return _show(request, entry, step, details=details, error=refusal, status=status_of(refusal))
    address = request.build_absolute_uri(reverse("status", args=[receipt.receipt]))
    return show(request, "web/receipt.html", {"receipt": receipt, "address": address, "qr": qr(address)})


def _checked(entry: RegistrationEntry) -> Corrected | None:
    """The corrected details, or None with an error at each wrong field."""
    details: Corrected | None = None
    try:
        details = correct_registration(entry.typed())
    except InvalidDetails as invalid:
        entry.blame(invalid)
    if not entry.data.get("accept"):
        entry.add_error("accept", _("Accept the terms to register the card."))
    return details if entry.is_valid() else None


def _step(request: HttpRequest) -> str:
    sent = request.POST.get("showing", CARD)
    return sent if sent in {DETAILS, REVIEW} else CARD


def _step_in_error(entry: RegistrationEntry) -> str:
    return CARD if entry.wrong_in(RegistrationEntry.CARD) else DETAILS


def _show(
    request: HttpRequest,
    entry: RegistrationEntry,
    step: str,
    *,
    details: Corrected | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    programs = list(published_programs())
    context: dict[str, Any] = {
        "entry": entry,
        "step": step,
        "programs": programs,
        "carried": _carried(entry, step, programs, details),
        "details": details,
        "rows": review_rows(entry, _corrected(details), details.corrections) if details and step == REVIEW else [],
        "kind": entry.data.get("account_kind") or _usual_kind(),
        "here": "register",
    }
    entry.focus_first_error()
    return show(request, f"web/register_{step}.html", context, error=error, status=status)


def _carried(
    entry: RegistrationEntry, step: str, programs: list[Program], details: Corrected | None
) -> list[tuple[str, str]]:
    """The hidden fields: all that this step does not show, and from the review on as corrected."""
    values = {name: str(entry.data.get(name, "")) for name in entry.fields}
    if details is not None and step == REVIEW:
        values |= _corrected(details)
    values["token"] = values["token"][:64] or secrets.token_urlsafe(TOKEN_BYTES)
    if not values["terms_version"] and len(programs) == 1:
        values["terms_version"] = programs[0].terms_version
    shown: tuple[str, ...] = ()
    if step == CARD:
        shown = RegistrationEntry.CARD
    elif step == DETAILS:
        hidden = (*RegistrationEntry.CARD, "terms_version", "token")
        shown = tuple(name for name in entry.fields if name not in hidden)
    return [(name, value) for name, value in values.items() if name not in shown]


def _corrected(details: Corrected) -> dict[str, str]:
    product = details.product
    return {
        "serial": details.card.serial,
        "pin": details.card.pin,
        "name": details.holder.name,
        "phone": details.holder.phone,
        "email": details.holder.email,
        "account_kind": details.account.kind,
        "account_number": details.account.number,
        "account_bank": details.account.bank,
        "product_name": product.name if product else "",
        "product_specification": product.specification if product else "",
    }


def _usual_kind() -> str:
    return "cn_card" if language().startswith("zh") else "iban"


def _request_digest(entry: RegistrationEntry, details: Corrected) -> bytes | None:
    """By the form's random token a second click is the first one again; None where a form came without."""
    token = str(entry.data.get("token", ""))
    if not token:
        return None
    values = "\n".join((token, *_corrected(details).values()))
    content = hashlib.sha256(values.encode()).digest()
    return body_digest(subkey(settings.SECRET_KEY, "page body"), content)


def qr(address: str) -> str:
    """The address as a QR code, in SVG."""
    image: str = segno.make(address, error="m").svg_inline(omitsize=True, border=0, svgclass=None, lineclass=None)
    return mark_safe(image)  # noqa: S308  drawn by us out of our own address
