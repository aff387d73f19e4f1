"""For dealers, with a token: their orders, lots and wallet, and nobody else's."""

from typing import Any, ClassVar, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from knox.auth import TokenAuthentication
from rest_framework import exceptions, permissions
from rest_framework.request import Request
from rest_framework.response import Response

from cards import orders, selectors
from cards.models import Dealer, Lot, Program
from cashback.accounts.models import Role, User
from cashback.api import bodies, documents, idempotency
from cashback.api.holders import IDEMPOTENCY_KEY, PROBLEMS
from cashback.api.public import PAGING
from cashback.api.views import ApiView, InvalidCursor, cursor_of, cut, limit_of, linked, page
from cashback.ledger import statements
from cashback.lib.errors import InvalidDetails
from cashback.lib.serials import format_serial, group_serial
from queueing import fields
from queueing.models import Registration

ORDER: bodies.Shape = {"program": "program", "cards": "cards", "product": bodies.PRODUCT}
PRODUCT_MAX = 120
REFUSED = documents.problems(400, 401, 403)


class DealerView(ApiView):
    """A view for users with the role dealer, about the dealer they sign in for."""

    authentication_classes: ClassVar[list[Any]] = [TokenAuthentication]  # type: ignore[misc]
    permission_classes = [permissions.IsAuthenticated]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Find the dealer. Raises PermissionDenied for everybody else."""
        super().initial(request, *args, **kwargs)
        user = cast("User", request.user)
        dealer = selectors.dealer_of(user.pk) if user.role == Role.DEALER else None
        if dealer is None:
            raise exceptions.PermissionDenied
        self.dealer: Dealer = dealer


class Orders(DealerView):
    """The dealer's orders."""

    @extend_schema(
        operation_id="dealer_orders",
        parameters=PAGING,
        responses={200: documents.OrderOut(many=True), **REFUSED},
    )
    def get(self, request: Request) -> Response:
        """List the dealer's orders, the oldest first."""
        return page(request, selectors.orders_of(self.dealer.pk), documents.OrderOut)

    @extend_schema(
        operation_id="dealer_order",
        parameters=[IDEMPOTENCY_KEY],
        request=documents.OrderIn,
        responses={201: documents.OrderOut, **PROBLEMS, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Place an order of cards. It is fulfilled once two people have confirmed its payment."""
        entry = bodies.read(request.data, ORDER, _checked_order)
        now = timezone.now()

        def work(_digest: bytes | None) -> Response:
            order = orders.place(dealer_id=self.dealer.pk, placed_by_id=cast("User", request.user).pk, now=now, **entry)
            return Response(documents.OrderOut(order).data, 201)

        return idempotency.answer(request, now=now, work=work)


class Lots(DealerView):
    """The dealer's lots."""

    @extend_schema(
        operation_id="dealer_lots", parameters=PAGING, responses={200: documents.LotOut(many=True), **REFUSED}
    )
    def get(self, request: Request) -> Response:
        """List the dealer's lots, and how many of their cards are registered."""
        found, more = cut(request, selectors.lots_of(self.dealer.pk))
        return linked(request, documents.LotOut([_lot(lot) for lot in found], many=True).data, more)


class Statement(DealerView):
    """The dealer's wallets."""

    @extend_schema(
        operation_id="dealer_statement",
        parameters=PAGING,
        responses={200: documents.StatementLineOut(many=True), **REFUSED},
    )
    def get(self, request: Request) -> Response:
        """List every movement of the dealer's money with the organizer, the newest first."""
        wallets = {wallet.pk: wallet.program for wallet in statements.wallets(self.dealer.pk)}
        programs = dict(Program.objects.filter(pk__in=wallets.values()).values_list("pk", "code"))
        limit, before = limit_of(request), cursor_of(request)
        if before is not None and not before.isdigit():
            raise InvalidCursor
        found = statements.wallet_lines(account_ids=wallets, before=int(before) if before else None, limit=limit + 1)
        lines = [
            {
                "id": line.key,
                "at": line.posted_at,
                "event": line.event,
                "reference": line.reference,
                "program": programs[wallets[line.account_id]],
                "amount_minor": line.amount_minor,
                "currency": line.currency,
            }
            for line in found[:limit]
        ]
        follows = found[limit - 1].key if len(found) > limit else None
        return linked(request, documents.StatementLineOut(lines, many=True).data, follows)


def _lot(lot: Lot) -> dict[str, object]:
    registered = Registration.objects.filter(card__gte=lot.first_number, card__lte=lot.last_number).count()
    return {
        "id": lot.pk,
        "first": group_serial(format_serial(lot.first_number)),
        "last": group_serial(format_serial(lot.last_number)),
        "cards": lot.cards,
        "registered": registered,
    }


def _checked_order(raw: dict[str, object]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    code, cards = raw.get("program"), raw.get("cards")
    known = isinstance(code, str) and code.isprintable()
    program = selectors.published_programs().filter(code=code).first() if known else None
    if program is None:
        errors["program"] = [_("Name a program that is published.")]
    if isinstance(cards, bool) or not isinstance(cards, int) or not 1 <= cards <= orders.CARDS_MAX:
        errors["cards"] = [_("Order 1 to %(most)d cards, as a whole number.") % {"most": orders.CARDS_MAX}]
    name = _product_text(raw.get("product_name"), "product.name", errors)
    specification = _product_text(raw.get("product_specification", ""), "product.specification", errors)
    if not name and "product.name" not in errors:
        errors["product.name"] = [_("Name the product that the cards are given with.")]
    if errors or program is None:
        raise InvalidDetails(errors)
    return {
        "program_id": program.pk,
        "cards": cards,
        "product_name": name,
        "product_specification": specification,
    }


def _product_text(value: object, path: str, errors: dict[str, list[str]]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        errors[path] = [_("This must be text.")]
    elif len(value) > PRODUCT_MAX:
        errors[path] = [_("Use at most %(length)d characters.") % {"length": PRODUCT_MAX}]
    elif value.strip():
        try:
            return fields.product_text(value).value
        except fields.Wrong as wrong:
            errors[path] = [wrong.message]
    return ""
