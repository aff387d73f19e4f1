"""For holders: register, look, correct, withdraw, replace a lost receipt, and hear what is held.

Each view reads the body, counts the attempt, and calls one verb; what is refused becomes a problem in one place.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cashback.api import bodies, documents, idempotency
from cashback.api.views import ApiView, language
from cashback.lib.clients import client_of
from payouts import reopening, selectors
from queueing import correction, exporting, intake, receipts, status, withdrawing
from queueing.attempts import count_attempt, count_status_read

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key and body get the same answer, for 24 hours.",
)
PROBLEMS = documents.problems(400, 409, 413, 415, 422, 429)

T = TypeVar("T")


class Registrations(ApiView):
    """Registering a card."""

    @extend_schema(
        operation_id="register",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.RegistrationIn,
        responses={201: documents.RegistrationOut, **PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Register a card and get its receipt."""
        details = bodies.read(request.data, bodies.REGISTRATION, correction.correct_registration)
        now = _attempt(request, details.card)

        def work(digest: bytes | None) -> Response:
            receipt = intake.register(details=details, language=language(), request_digest=digest, now=now)
            found = {**_fields(receipt), "place": None, "status_url": _status_url(request, receipt.receipt)}
            return Response(documents.RegistrationOut(found).data, 201)

        return idempotency.answer(request, now=now, work=work)


class Receipts(ApiView):
    """Lost receipts."""

    @extend_schema(
        operation_id="replace_receipt",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.CardIn,
        responses={200: documents.ReceiptOut, 202: documents.ReceiptOfferOut, **PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Ask for a new receipt; from `available_at` on the same request gives it, once, and the old one dies."""
        card = bodies.read(request.data, bodies.CARD, correction.correct_card)
        now = _attempt(request, card)

        def work(_digest: bytes | None) -> Response:
            offer = receipts.request_receipt(serial=card.serial, pin=card.pin, now=now)
            if offer.receipt is None:
                return Response(documents.ReceiptOfferOut(offer).data, 202)
            found = {"receipt": offer.receipt, "status_url": _status_url(request, offer.receipt)}
            return Response(documents.ReceiptOut(found).data)

        return idempotency.answer(request, now=now, work=work)


class Status(ApiView):
    """Where a registration stands."""

    @extend_schema(
        operation_id="status",
        responses={200: documents.StatusOut, **documents.problems(404, 429)},
    )
    def get(self, request: Request, receipt: str) -> Response:
        """Read the status that a receipt opens."""
        now = timezone.now()
        count_status_read(client=client_of(request), now=now)
        return Response(_status(request, receipt, now))


class Correct(ApiView):
    """Correcting the details."""

    @extend_schema(
        operation_id="correct",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.ChangeIn,
        responses={200: documents.StatusOut, **PROBLEMS, **documents.problems(404)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Replace the holder, the account, or both, until a release holds them."""
        body = request.data if isinstance(request.data, dict) else {}
        given = {part: body.get(part) is not None for part in ("holder", "account")}
        change = bodies.read(request.data, bodies.CHANGE, lambda raw: correction.correct_change(raw, **given))

        def work(now: datetime) -> Response:
            reopening.correct(
                receipt=receipt,
                serial=change.card.serial,
                pin=change.card.pin,
                holder=change.holder,
                account=change.account,
                now=now,
            )
            return Response(_status(request, receipt, now))

        return _changed(request, change.card, work)


class Withdraw(ApiView):
    """Withdrawing a registration."""

    @extend_schema(
        operation_id="withdraw",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.CardIn,
        responses={200: documents.StatusOut, **PROBLEMS, **documents.problems(404)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Withdraw for ever; everything that is held is destroyed at once."""
        card = bodies.read(request.data, bodies.CARD, correction.correct_card)

        def work(now: datetime) -> Response:
            withdrawing.withdraw(receipt=receipt, serial=card.serial, pin=card.pin, now=now)
            return Response(_status(request, receipt, now))

        return _changed(request, card, work)


class Export(ApiView):
    """What is held about a holder."""

    @extend_schema(
        operation_id="export",
        request=documents.CardIn,
        responses={200: OpenApiTypes.OBJECT, **PROBLEMS, **documents.problems(404)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Hear everything that is held. The answer is never kept, not even for a repeated request."""
        card = bodies.read(request.data, bodies.CARD, correction.correct_card)
        now = _attempt(request, card)
        return Response(exporting.export(receipt=receipt, serial=card.serial, pin=card.pin, now=now))


def _attempt(request: Request, card: correction.Card) -> datetime:
    """Count an attempt at a card; returns the moment it was made. Raises TooManyAttempts."""
    now = timezone.now()
    count_attempt(client=client_of(request), serial=card.serial, now=now)
    return now


def _changed(request: Request, card: correction.Card, work: Callable[[datetime], Response]) -> Response:
    now = _attempt(request, card)

    @transaction.atomic
    def once(_digest: bytes | None) -> Response:
        return work(now)

    return idempotency.answer(request, now=now, work=once)


def _status(request: Request, receipt: str, now: datetime) -> object:
    """A registration's status as the API prints it; whoever has seen a verdict needs no message about it."""
    found = selectors.holder_status(receipt, now)
    registration = found.registration
    if found.awards and registration.contact_held:
        status.verdict_shown(registration_id=registration.registration_id, now=now)
    erasures = [
        {"id": str(erasure.id), "at": erasure.at, "url": request.build_absolute_uri(f"/api/v1/erasures/{erasure.id}")}
        for erasure in registration.erasures
    ]
    shown = {
        **_fields(registration),
        "product": {"name": registration.product, "specification": registration.product_specification},
        "nonce": registration.nonce or None,
        "awards": [{**_fields(award), "reason": award.reason or None} for award in found.awards],
        "erasures": erasures,
        "timeline": found.timeline,
    }
    return documents.StatusOut(shown).data


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}  # type: ignore[attr-defined]


def _status_url(request: Request, receipt: str) -> str:
    return request.build_absolute_uri(reverse("status", args=[receipt]))
