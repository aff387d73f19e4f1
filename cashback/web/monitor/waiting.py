"""What waits for people: decisions that a first or a second person must take, with the list where they take them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.models import Block, Order, OrderState, WalletPayout
from cashback.ledger.models import Movement
from cashback.web.monitor.reading import MOST
from lottery.models import Draw, DrawState, Figure
from payouts.models import PendingPayout, PendingState, Release, Resolution


@dataclass(frozen=True)
class Waiting:
    """So many rows (counted up to MOST) wait for a decision."""

    what: str | Promise
    rows: int
    address: str


def for_people(now: datetime) -> list[Waiting]:
    """Only what waits at all, in the order of an order's and a payout's life."""
    placed = Order.objects.filter(state=OrderState.PLACED)
    asked = [
        _waiting(
            _("orders whose payment nobody has seen yet"), placed.filter(payment_prepared_by=None), "state=placed"
        ),
        _waiting(_("payments that a second person confirms"), placed.exclude(payment_prepared_by=None), "state=placed"),
        _waiting(_("paid orders to fulfil"), Order.objects.filter(state=OrderState.PAID), "state=paid"),
        _waiting(
            _("releases that a second person approves"),
            Release.objects.filter(state=Release.State.PREPARED),
            "state=prepared",
        ),
        _waiting(
            _("payouts in doubt: two people resolve them"),
            PendingPayout.objects.filter(state=PendingState.IN_DOUBT),
            "state=in_doubt",
        ),
        _waiting(_("resolutions that a second person approves"), Resolution.objects.filter(approved_at=None), ""),
        _waiting(
            _("cards whose freezing or voiding a second person approves"),
            Block.objects.filter(approved_at=None, lifted_at=None),
            "",
        ),
        _waiting(
            _("payments out of wallets that a second person approves"),
            WalletPayout.objects.filter(approved_at=None, called_off_at=None),
            "",
        ),
        _waiting(
            _("movements of own money that a second person approves"),
            Movement.objects.filter(approved_at=None, called_off_at=None),
            "",
        ),
        _waiting(
            _("draws whose public figures two people enter"),
            Draw.objects.filter(
                state=DrawState.REVEALED,
                pk__in=Figure.objects.filter(confirmed_at=None, published_at__lte=now).values("draw"),
            ),
            "state=revealed",
        ),
        _waiting(
            _("draws that a second person certifies"), Draw.objects.filter(state=DrawState.VERIFIED), "state=verified"
        ),
    ]
    return [found for found in asked if found.rows]


def _waiting(what: str | Promise, rows: QuerySet[Any], query: str) -> Waiting:
    model = rows.model._meta
    listed = reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
    key, _sign, value = query.partition("=")
    filters = f"?{key}__exact={value}" if key else ""
    return Waiting(what, rows.order_by()[:MOST].count(), listed + filters)
