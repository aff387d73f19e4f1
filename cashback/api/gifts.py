"""Gifts: what is on offer to a holder and what became of the choice; a dealer's hand-over at the counter."""

from typing import Any, cast

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cashback.accounts.models import User
from cashback.api import bodies, documents, idempotency
from cashback.api.dealers import REFUSED, DealerView
from cashback.api.holders import IDEMPOTENCY_KEY, PROBLEMS
from cashback.api.views import ApiView, language
from cashback.lib.clients import client_of
from cashback.lib.errors import InvalidDetails
from payouts import catalogue, choosing, handing_over
from payouts.catalogue import Available
from payouts.gift_view import GiftView, gift_view
from queueing import correction
from queueing.attempts import count_attempt, count_status_read

DELIVERY: bodies.Shape = {
    "way": "way",
    "dealer": "dealer",
    "name": "delivery_name",
    "phone": "delivery_phone",
    "email": "delivery_email",
    "country": "delivery_country",
    "postcode": "delivery_postcode",
    "address": "delivery_address",
}
CHOICE: bodies.Shape = {**bodies.CARD, "gift": "gift", "delivery": DELIVERY}
CLAIM: bodies.Shape = {"serial": "serial", "claim_code": "claim_code"}
CLAIM_MAX = 64
BIGGEST = 2**63


class Gifts(ApiView):
    """What a receipt may choose from, and its gift."""

    @extend_schema(operation_id="gifts", responses={200: documents.GiftsOut, **documents.problems(404, 429)})
    def get(self, request: Request, receipt: str) -> Response:
        """Read which gifts are on offer, and what became of the registration's own."""
        now = timezone.now()
        count_status_read(client=client_of(request), now=now)
        gift = gift_view(receipt=receipt, language=language(), now=now)
        return Response(documents.GiftsOut(_shown(request, gift)).data)


class Gift(ApiView):
    """Choosing a gift."""

    @extend_schema(
        operation_id="choose_gift",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.ChoiceIn,
        responses={200: documents.ChoiceOut, **PROBLEMS, **documents.problems(404)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Choose a gift; the claim code is for a dealer's counter. While it is being prepared, choose again."""
        given = bodies.read(request.data, CHOICE, _checked_choice)
        now = timezone.now()
        card = given.pop("card")
        count_attempt(client=client_of(request), serial=card.serial, now=now)

        def work(_digest: bytes | None) -> Response:
            chosen = choosing.choose(receipt=receipt, serial=card.serial, pin=card.pin, now=now, **given)
            found = {"claim_code": chosen.claim_code} if chosen.claim_code else {}
            return Response(documents.ChoiceOut(found).data)

        return idempotency.answer(request, now=now, work=work)


class Code(ApiView):
    """Reading an e-code."""

    @extend_schema(
        operation_id="read_gift_code",
        request=documents.CardIn,
        responses={200: documents.CodeOut, **PROBLEMS, **documents.problems(404)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Read the e-code, which hands it over. It can be read again, so the answer is kept for nobody."""
        card = bodies.read(request.data, bodies.CARD, correction.correct_card)
        now = timezone.now()
        count_attempt(client=client_of(request), serial=card.serial, now=now)
        code = handing_over.read_code(receipt=receipt, serial=card.serial, pin=card.pin, now=now)
        return Response(documents.CodeOut({"code": code}).data)


class Claims(DealerView):
    """A dealer's counter."""

    @extend_schema(
        operation_id="dealer_gift_claim",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.ClaimIn,
        responses={200: documents.ClaimOut, **PROBLEMS, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Hand over what lies at the dealer's counter for whoever shows this serial and claim code."""
        typed = bodies.read(request.data, CLAIM, _checked_claim)
        now = timezone.now()
        by_id = cast("User", request.user).pk
        handing_over.count_claim(dealer_id=self.dealer.pk, serial=typed["serial"], now=now)

        def work(_digest: bytes | None) -> Response:
            claimed = handing_over.claim(dealer_id=self.dealer.pk, by_id=by_id, now=now, **typed)
            chinese = language().startswith("zh")
            found = {"gift": claimed.gift_zh if chinese else claimed.gift, "handed_over_at": claimed.handed_over_at}
            return Response(documents.ClaimOut(found).data)

        return idempotency.answer(request, now=now, work=work)


def _shown(request: Request, gift: GiftView | None) -> dict[str, Any]:
    if gift is None:
        return {"gifts": [], "offers": [], "dealers": []}
    own = {
        "id": gift.award_id,
        "state": gift.state,
        "since": gift.since,
        "claim_by": gift.claim_by,
        "can_choose": gift.can_choose,
        "blocked": gift.blocked or None,
        "gift": _offer(request, gift.chosen) if gift.chosen else None,
        "way": gift.way or None,
        "dealer": gift.dealer,
        "claim_code": gift.claim_code,
        "tracking": gift.tracking or None,
        "code_readable": gift.code_readable,
    }
    offers = [_offer(request, offer) for offer in gift.offers]
    dealers = list(catalogue.counters(gift.program_id)) if gift.can_choose else []
    return {"gifts": [own], "offers": offers, "dealers": dealers}


def _offer(request: Request, offer: Available) -> dict[str, Any]:
    picture = reverse("gift_picture", args=[offer.picture]) if offer.picture else None
    return {
        "id": offer.id,
        "name": offer.name,
        "about": offer.about,
        "picture": request.build_absolute_uri(picture) if picture else None,
        "ways": list(offer.ways),
        "left": offer.left,
    }


def _checked_choice(raw: dict[str, object]) -> dict[str, Any]:
    """The choice as the verb takes it. Whether offer, way and dealer go together, the verb knows."""
    errors: dict[str, list[str]] = {}
    card: correction.Card | None = None
    try:
        card = correction.correct_card(raw)
    except InvalidDetails as invalid:
        errors |= invalid.errors
    offer_id = raw.get("gift")
    if isinstance(offer_id, bool) or not isinstance(offer_id, int) or not 0 < offer_id < BIGGEST:
        errors["gift"] = [_("Name a gift by the id that the list of gifts gives it.")]
    dealer, way = raw.get("dealer"), raw.get("way")
    if dealer is not None and not isinstance(dealer, str):
        errors["delivery.dealer"] = [_("This must be text.")]
    if way is None:
        way = _meant(raw)
    if way not in {"dealer", "post", "code"}:
        errors["delivery.way"] = [_("The ways are dealer, post and code.")]
    delivery = None
    if way in {"post", "dealer"}:
        try:
            delivery = correction.correct_delivery(raw, way="post" if way == "post" else "dealer").delivery
        except InvalidDetails as invalid:
            errors |= invalid.errors
    if errors:
        raise InvalidDetails(errors)
    return {"card": card, "offer_id": offer_id, "way": way, "dealer_code": dealer, "delivery": delivery}


def _meant(raw: dict[str, object]) -> str:
    """The way that a delivery without one means: a dealer by its code, an address by post, neither an e-code."""
    if raw.get("dealer") is not None:
        return "dealer"
    return "post" if any(name.startswith("delivery_") for name in raw) else "code"


def _checked_claim(raw: dict[str, object]) -> dict[str, str]:
    """Serial and code as they were typed: what is wrong with either is said by nothing but the refusal."""
    errors: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    for name in CLAIM:
        value = raw.get(name)
        if not isinstance(value, str) or not value.strip():
            errors[name] = [_("This must be text.")]
        elif len(value) > CLAIM_MAX:
            errors[name] = [_("Use at most %(length)d characters.") % {"length": CLAIM_MAX}]
        else:
            typed[name] = value
    if errors:
        raise InvalidDetails(errors)
    return typed
