"""A holder's gift: choose it, read its e-code, say that it came. What was typed travels in the form alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from phonenumbers import SUPPORTED_REGIONS

from cashback.lib.clients import client_of
from cashback.lib.crypto.digests import parse_receipt
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.serials import format_serial
from cashback.web.entries import CardEntry, GiftEntry, ReceiptEntry, review_rows
from cashback.web.pages import language, private, show, status_of, switched
from cashback.web.registering import qr
from payouts import catalogue, choosing, handing_over
from payouts.catalogue import Available, Counter
from payouts.gift_view import GiftView, gift_view
from payouts.models import Picture
from queueing.attempts import count_attempt, count_status_read
from queueing.correction import (
    Card,
    Correction,
    Delivery,
    correct_card,
    correct_change,
    correct_delivery,
)

FORM = ["GET", "HEAD", "POST"]
PICK, DETAILS, REVIEW = "pick", "details", "review"
CHOSEN, RECEIVED = "chosen", "received"
POST, DEALER = "post", "dealer"
HOME = "CN"
WAYS = {
    DEALER: gettext_lazy("I fetch it from a dealer"),
    POST: gettext_lazy("By post"),
    "code": gettext_lazy("As an e-code on this site"),
}
# A picture's address is its hash: what it shows never changes.
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checked:
    """A choice as it will be made, and what was put right in it. Holds personal data: never log it."""

    card: Card
    offer: Available
    way: str
    dealer: Counter | None
    delivery: Delivery | None
    corrections: tuple[Correction, ...]


class _Choosing:
    """One request on the way to a gift: who asks, what may be chosen, and what was typed."""

    def __init__(self, request: HttpRequest, receipt: str, gift: GiftView) -> None:
        self.request, self.receipt, self.gift = request, receipt, gift
        self.entry = GiftEntry(request.POST or None)
        self.counters = list(catalogue.counters(gift.program_id))
        typed = str(self.entry.data.get("offer", ""))
        self.offer = next((offer for offer in gift.offers if str(offer.id) == typed and self._has(offer)), None)

    def pick(self, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
        """What is on offer."""
        context = {"offers": self.gift.offers, "carried": self._typed_but("offer")}
        return self._show(PICK, context, error=error, status=status)

    def details(self, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
        """The card, and how the gift comes to its holder."""
        if self.offer is None:
            return self.pick(status=status)
        context: dict[str, Any] = {
            "offer": self.offer,
            "ways": [(way, WAYS[way]) for way in self.offer.ways],
            "way": self.way(),
            "counters": self.counters,
            "countries": countries(),
            "country": self.entry.data.get("delivery_country") or HOME,
        }
        shown = {"serial", "pin", "way", *(["dealer"] if DEALER in self.offer.ways else [])}
        if POST in self.offer.ways:
            shown.update(set(GiftEntry.DELIVERY) - {"delivery_email"})
        context["carried"] = self._typed_but(*shown)
        self.entry.focus_first_error()
        return self._show(DETAILS, context, error=error, status=status)

    def review(self) -> HttpResponse:
        """What will be done, and what was corrected."""
        checked = self.checked()
        if checked is None:
            return self.details(status=422)
        values = _corrected(checked)
        rows = review_rows(self.entry, values, checked.corrections)
        for row in rows:
            if row["name"] == "delivery_country":
                row["shown"] = dict(countries()).get(row["value"])
        hidden = {**values, "offer": str(checked.offer.id), "way": checked.way}
        hidden["dealer"] = checked.dealer.code if checked.dealer else ""
        context = {
            "offer": checked.offer,
            "way": WAYS[checked.way],
            "dealer": checked.dealer,
            "rows": rows,
            "carried": list(hidden.items()),
            "changes": len(checked.corrections),
            "delivery": checked.delivery,
        }
        return self._show(REVIEW, context)

    def confirm(self) -> HttpResponse:
        """Take the gift. Where the last piece has just gone, choose again; nothing that was typed is lost."""
        checked = self.checked()
        if checked is None:
            return self.details(status=422)
        now = timezone.now()
        try:
            count_attempt(client=client_of(self.request), serial=checked.card.serial, now=now)
            choosing.choose(
                receipt=self.receipt,
                serial=checked.card.serial,
                pin=checked.card.pin,
                award_id=self.gift.award_id,
                offer_id=checked.offer.id,
                way=checked.way,
                dealer_code=checked.dealer.code if checked.dealer else None,
                delivery=checked.delivery,
                now=now,
            )
        except (choosing.OfferGone, choosing.NothingToChoose) as gone:
            fresh = gift_view(receipt=self.receipt, language=language(), now=now)
            return _Choosing(self.request, self.receipt, fresh or self.gift).pick(error=gone, status=409)
        except InvalidDetails as invalid:
            self.entry.blame(invalid)
            return self.details(status=422)
        except (choosing.WayNotOffered, choosing.DealerUnknown) as refusal:
            self.entry.add_error("dealer" if refusal.code == "dealer_unknown" else "way", refusal.message)
            return self.details(status=422)
        except DomainError as refusal:
            return self.details(error=refusal, status=status_of(refusal))
        return _done(self.receipt, CHOSEN)

    def way(self) -> str:
        """The way that was asked for, or the only one there is."""
        assert self.offer is not None
        typed = str(self.entry.data.get("way", ""))
        return typed if typed in self.offer.ways else self.offer.ways[0] if len(self.offer.ways) == 1 else ""

    def checked(self) -> Checked | None:
        """The choice with everything put right, or None with an error at each wrong field."""
        if self.offer is None:
            return None
        way, raw = self.way(), self.entry.typed()
        card: Card | None = None
        delivery: Delivery | None = None
        corrections: tuple[Correction, ...] = ()
        try:
            change = correct_change(raw, holder=False, account=False)
            card, corrections = change.card, change.corrections
        except InvalidDetails as invalid:
            self.entry.blame(invalid)
        if way == POST:
            try:
                corrected = correct_delivery({**raw, "delivery_country": raw["delivery_country"] or HOME}, way="post")
                delivery, corrections = corrected.delivery, corrections + corrected.corrections
            except InvalidDetails as invalid:
                self.entry.blame(invalid)
        if not way:
            self.entry.add_error("way", _("Say how the gift is to come to you."))
        code = str(self.entry.data.get("dealer", "")) if way == DEALER else ""
        dealer = next((counter for counter in self.counters if counter.code == code), None)
        if way == DEALER and dealer is None:
            self.entry.add_error("dealer", _("Choose the dealer where you will fetch it."))
        if card is None or not self.entry.is_valid():
            return None
        return Checked(card=card, offer=self.offer, way=way, dealer=dealer, delivery=delivery, corrections=corrections)

    def _has(self, offer: Available) -> bool:
        """Whether a piece is left, or is this holder's already."""
        return offer.left != "none" or (self.gift.chosen is not None and self.gift.chosen.id == offer.id)

    def _typed_but(self, *shown: str) -> list[tuple[str, str]]:
        """The hidden fields: all that was typed and that this step does not show."""
        return [
            (name, str(self.entry.data.get(name, "")))
            for name in self.entry.fields
            if name not in shown and self.entry.data.get(name)
        ]

    def _show(
        self, step: str, context: Mapping[str, Any], *, error: DomainError | None = None, status: int = 200
    ) -> HttpResponse:
        shared = {"receipt": self.receipt, "gift": self.gift, "entry": self.entry, "here": "status"}
        return show(self.request, f"web/gift_{step}.html", {**shared, **context}, error=error, status=status)


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def choose(request: HttpRequest, receipt: str) -> HttpResponse:
    """One address for all steps: `showing` is the step that was sent, `go` what to do with it."""
    now = timezone.now()
    switched(request)
    try:
        count_status_read(client=client_of(request), now=now)
        gift = gift_view(receipt=receipt, language=language(), now=now)
    except DomainError as refusal:
        return _not_found(request, receipt, refusal)
    if gift is None or not gift.can_choose:
        # Also who sent the last step twice: the page says what became of the gift.
        return HttpResponseRedirect(_status_page(receipt))
    step = _Choosing(request, receipt, gift)
    if request.method != "POST":
        return step.pick()
    showing, go = request.POST.get("showing", PICK), request.POST.get("go", "next")
    if "language" in request.POST:
        return {DETAILS: step.details, REVIEW: step.review}.get(showing, step.pick)()
    if step.offer is None:
        gone = choosing.OfferGone() if request.POST.get("offer") else None
        return step.pick(error=gone, status=409 if gone else 422)
    steps = {
        (DETAILS, "back"): step.pick,
        (DETAILS, "next"): step.review,
        (REVIEW, "back"): step.details,
        (REVIEW, "confirm"): step.confirm,
    }
    return steps.get((showing, go), step.details)()


@require_http_methods(FORM)
@sensitive_post_parameters()
@private
def code(request: HttpRequest, receipt: str) -> HttpResponse:
    """Read an e-code: with serial and PIN, and never from any cache."""
    entry = CardEntry(request.POST or None)
    context: dict[str, Any] = {"entry": entry, "receipt": receipt, "here": "status"}
    if request.method != "POST" or switched(request):
        return show(request, "web/gift_code.html", context)
    now = timezone.now()
    try:
        card = correct_card(entry.typed())
        count_attempt(client=client_of(request), serial=card.serial, now=now)
        context["code"] = handing_over.read_code(receipt=receipt, serial=card.serial, pin=card.pin, now=now)
    except InvalidDetails as invalid:
        entry.blame(invalid)
        entry.focus_first_error()
        return show(request, "web/gift_code.html", context, status=422)
    except DomainError as refusal:
        return show(request, "web/gift_code.html", context, error=refusal, status=status_of(refusal))
    return show(request, "web/gift_code.html", context)


@require_http_methods(FORM)
@private
def received(request: HttpRequest, receipt: str) -> HttpResponse:
    """Say that the parcel came."""
    context: dict[str, Any] = {"receipt": receipt, "here": "status"}
    now = timezone.now()
    if request.method != "POST" or switched(request):
        try:
            count_status_read(client=client_of(request), now=now)
            gift = gift_view(receipt=receipt, language=language(), now=now)
        except DomainError as refusal:
            return _not_found(request, receipt, refusal)
        if gift is None or gift.way != POST or gift.state != "ready":
            return HttpResponseRedirect(_status_page(receipt))
        return show(request, "web/gift_received.html", context)
    try:
        count_status_read(client=client_of(request), now=now)
        handing_over.confirm_received(receipt=receipt, now=now)
    except DomainError as refusal:
        return show(request, "web/gift_received.html", context, error=refusal, status=status_of(refusal))
    return _done(receipt, RECEIVED)


@require_safe
def picture(request: HttpRequest, sha256: str) -> HttpResponse:
    """A picture of the catalogue."""
    found = Picture.objects.filter(pk=sha256).first()
    if found is None:
        raise Http404
    return HttpResponse(bytes(found.content), content_type="image/webp", headers={"Cache-Control": FOR_EVER})


def gift_context(request: HttpRequest, receipt: str, number: int, now: datetime) -> dict[str, Any]:
    """What the status page shows of the gift."""
    gift = gift_view(receipt=receipt, language=language(), now=now)
    if gift is None:
        # Awarded a moment ago, and collected with the next tick.
        return {"gift": None, "moving": True}
    on_offer = [offer for offer in gift.offers if offer.left != "none"]
    shown: dict[str, Any] = {"gift": gift, "on_offer": on_offer}
    if gift.claim_code and gift.state == "ready":
        # What stands behind # is never sent to any server, so that no log has the code.
        address = request.build_absolute_uri(reverse("dealer:claim_gift"))
        shown["claim_qr"] = qr(f"{address}#{format_serial(number)}.{gift.claim_code}")
    return shown


def countries() -> list[tuple[str, str]]:
    """Where a parcel may go: two letters and the name in the reader's language, by name."""
    locale = Locale.parse(to_locale(get_language() or "en"))
    named = ((code, str(locale.territories.get(code, code))) for code in SUPPORTED_REGIONS)
    return sorted(named, key=lambda country: country[1])


def _corrected(checked: Checked) -> dict[str, str]:
    values = {"serial": checked.card.serial, "pin": checked.card.pin}
    if checked.delivery:
        delivery = checked.delivery
        values |= {
            "delivery_name": delivery.name,
            "delivery_address": delivery.address,
            "delivery_postcode": delivery.postcode,
            "delivery_country": delivery.country,
            "delivery_phone": delivery.phone,
            "delivery_email": delivery.email,
        }
    return values


def _status_page(receipt: str) -> str:
    return reverse("status", args=[receipt])


def _done(receipt: str, what: str) -> HttpResponse:
    return HttpResponseRedirect(f"{_status_page(parse_receipt(receipt))}?done={what}")


def _not_found(request: HttpRequest, receipt: str, refusal: DomainError) -> HttpResponse:
    context = {"entry": ReceiptEntry({"receipt": receipt}), "action": reverse("find"), "here": "status"}
    return show(request, "web/status_find.html", context, error=refusal, status=status_of(refusal))
