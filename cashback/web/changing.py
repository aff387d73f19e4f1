"""Changing a registration: correct, withdraw, hear what is held, replace a lost receipt. All ask for serial and PIN."""

import json
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cashback.lib.clients import client_of
from cashback.lib.crypto.digests import parse_receipt
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.web.entries import CardEntry, DetailsEntry, review_rows
from cashback.web.pages import private, show, status_of, switched
from cashback.web.registering import qr
from payouts import reopening
from queueing import exporting, receipts, withdrawing
from queueing.attempts import count_attempt
from queueing.correction import Card, CorrectedChange, correct_card, correct_change

FORM = ["GET", "HEAD", "POST"]
CHANGED, WITHDRAWN = "changed", "withdrawn"


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def correct(request: HttpRequest, receipt: str) -> HttpResponse:
    """Enter new details, see what was put right, confirm."""
    entry = DetailsEntry(request.POST or None)
    showing, go = request.POST.get("showing", "edit"), request.POST.get("go", "next")
    if request.method != "POST" or (showing == "review" and go == "back") or (showing == "edit" and switched(request)):
        return _edit(request, receipt, entry)
    switched(request)
    try:
        change = _checked(entry)
    except InvalidDetails as invalid:
        entry.blame(invalid)
        return _edit(request, receipt, entry, status=422)
    if go != "confirm":
        return _review(request, receipt, entry, change)
    try:
        _attempt(request, change.card)
        reopening.correct(
            receipt=receipt,
            serial=change.card.serial,
            pin=change.card.pin,
            holder=change.holder,
            account=change.account,
            now=timezone.now(),
        )
    except InvalidDetails as invalid:
        entry.blame(invalid)
        return _edit(request, receipt, entry, status=422)
    except DomainError as refusal:
        return _edit(request, receipt, entry, error=refusal, status=status_of(refusal))
    return _done(receipt, CHANGED)


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def withdraw(request: HttpRequest, receipt: str) -> HttpResponse:
    """Withdraw for ever."""

    def work(card: Card) -> HttpResponse:
        withdrawing.withdraw(receipt=receipt, serial=card.serial, pin=card.pin, now=timezone.now())
        return _done(receipt, WITHDRAWN)

    return _with_card(request, "web/withdraw.html", {"receipt": receipt}, work)


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def held(request: HttpRequest, receipt: str) -> HttpResponse:
    """Show everything that is held about the holder."""

    def work(card: Card) -> HttpResponse:
        found = exporting.export(receipt=receipt, serial=card.serial, pin=card.pin, now=timezone.now())
        written = json.dumps(found, ensure_ascii=False, indent=2)
        # What is exported is for machines, moments too.
        times = ("erase_by", "delivery_erase_by")
        moments = {name: parse_datetime(str(found[name])) if found[name] else None for name in times}
        delivery = cast("dict[str, str] | None", found["delivery"]) or {}
        lines = [line for part in delivery.values() for line in part.splitlines()]
        context = {"receipt": receipt, "held": found, "held_json": written, "delivery": lines, **moments}
        return show(request, "web/held.html", {**context, "here": "status"})

    return _with_card(request, "web/held_ask.html", {"receipt": receipt}, work)


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def lost(request: HttpRequest) -> HttpResponse:
    """Ask for a new receipt, or take it once its waiting time is over."""

    def work(card: Card) -> HttpResponse:
        offer = receipts.request_receipt(serial=card.serial, pin=card.pin, now=timezone.now())
        context: dict[str, Any] = {"offer": offer, "here": "status"}
        if offer.receipt:
            address = request.build_absolute_uri(reverse("status", args=[offer.receipt]))
            context |= {"address": address, "qr": qr(address)}
        return show(request, "web/lost_answer.html", context, status=200 if offer.receipt else 202)

    return _with_card(request, "web/lost.html", {}, work)


def _with_card(
    request: HttpRequest, template: str, context: dict[str, Any], work: Callable[[Card], HttpResponse]
) -> HttpResponse:
    """A form of serial and PIN, and what is done with them."""
    entry = CardEntry(request.POST or None)
    context |= {"entry": entry, "here": "status"}
    if request.method != "POST" or switched(request):
        return show(request, template, context)
    try:
        card = correct_card(entry.typed())
        _attempt(request, card)
        return work(card)
    except InvalidDetails as invalid:
        entry.blame(invalid)
        entry.focus_first_error()
        return show(request, template, context, status=422)
    except DomainError as refusal:
        return show(request, template, context, error=refusal, status=status_of(refusal))


def _checked(entry: DetailsEntry) -> CorrectedChange:
    """The change that was typed. A part that is left empty stays as it is; raises InvalidDetails."""
    given = {name: bool(str(value).strip()) for name, value in entry.typed().items()}
    holder = given["name"] or given["phone"] or given["email"]
    account = given["account_number"] or given["account_bank"]
    return correct_change(entry.typed(), holder=holder, account=account)


def _edit(
    request: HttpRequest, receipt: str, entry: DetailsEntry, *, error: DomainError | None = None, status: int = 200
) -> HttpResponse:
    entry.focus_first_error()
    context = {
        "entry": entry,
        "receipt": receipt,
        "kind": entry.data.get("account_kind"),
        "action": request.get_full_path(),
        "here": "status",
    }
    return show(request, "web/correct.html", context, error=error, status=status)


def _review(request: HttpRequest, receipt: str, entry: DetailsEntry, change: CorrectedChange) -> HttpResponse:
    values = {"serial": change.card.serial, "pin": change.card.pin}
    if change.holder:
        values |= {"name": change.holder.name, "phone": change.holder.phone, "email": change.holder.email}
    if change.account:
        account = change.account
        values |= {"account_kind": account.kind, "account_number": account.number, "account_bank": account.bank}
    context = {
        "entry": entry,
        "receipt": receipt,
        "action": request.get_full_path(),
        "carried": list(values.items()),
        "rows": review_rows(entry, values, change.corrections),
        "changes": len(change.corrections),
        "holder": change.holder,
        "account": change.account,
        "here": "status",
    }
    return show(request, "web/correct_review.html", context)


def _attempt(request: HttpRequest, card: Card) -> None:
    count_attempt(client=client_of(request), serial=card.serial, now=timezone.now())


def _done(receipt: str, what: str) -> HttpResponse:
    address = reverse("status", args=[parse_receipt(receipt)])
    return HttpResponseRedirect(f"{address}?done={what}")
