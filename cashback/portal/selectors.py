"""What a dealer sees. Every read begins with the dealer, so that nobody else's rows can come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from cards.models import Dealer, DealerMember, Lot, Order, OrderState, Program, ProgramState
from cards.programs import LAST_SALE_BEFORE_CLOSING
from cashback.accounts.models import User
from cashback.ledger.models import Account
from cashback.ledger.statements import Line, wallet_lines, wallets
from cashback.lib.sql import Queries
from payouts.models import Gift

OPEN_AT_COUNTER = (Gift.State.CHOSEN, Gift.State.READY)
QUERIES = Queries(Path(__file__).parent / "sql" / "lots.sql")


@dataclass(frozen=True)
class Wallet:
    """A dealer's money in one program."""

    program: Program
    account: Account


@dataclass(frozen=True)
class Sold:
    """All that was sold to a dealer and is still its own: lots, cards, and how many of those are registered."""

    lots: int
    cards: int
    registered: int


def dealer_of(user: User | AnonymousUser) -> Dealer | None:
    """The dealer somebody works for."""
    member = DealerMember.objects.select_related("dealer").filter(user_id=user.pk or 0).first()
    return member.dealer if member else None


def programs_on_sale(now: datetime) -> QuerySet[Program]:
    """The programs whose cards can be ordered."""
    first_closing = timezone.localdate(now) + LAST_SALE_BEFORE_CLOSING
    return Program.objects.filter(state=ProgramState.PUBLISHED, closes_on__gte=first_closing).order_by("code")


def wallets_of(dealer: Dealer) -> list[Wallet]:
    """The dealer's wallets with their programs."""
    accounts = wallets(dealer.pk)
    programs = Program.objects.in_bulk([account.program for account in accounts])
    return [Wallet(programs[account.program], account) for account in accounts]


def orders_of(dealer: Dealer) -> QuerySet[Order]:
    """The dealer's orders."""
    return Order.objects.filter(dealer=dealer).select_related("program")


def orders_by_state(dealer: Dealer) -> list[tuple[OrderState, int]]:
    """How many orders stand where, in the order of an order's life."""
    found = dict(Order.objects.filter(dealer=dealer).order_by().values_list("state").annotate(Count("pk")))
    return [(state, found.get(state.value, 0)) for state in OrderState]


def lots_of(dealer: Dealer) -> QuerySet[Lot]:
    """The dealer's living lots."""
    return Lot.objects.filter(dealer=dealer, ended_at=None).select_related("program")


def with_registered(lots: Sequence[Lot]) -> list[tuple[Lot, int]]:
    """Each lot with how many of its cards are registered, counted for all of them in one query."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["registered_by_lot"], {"lots": [lot.pk for lot in lots]})
        counts = dict(cursor.fetchall())
    return [(lot, counts.get(lot.pk, 0)) for lot in lots]


def sold_to(dealer: Dealer) -> Sold:
    """The sums over the dealer's living lots."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["sold_to_dealer"], {"dealer": dealer.pk})
        return Sold(*cursor.fetchone())


def at_counter(dealer: Dealer) -> QuerySet[Gift]:
    """What lies at the dealer's counter, or is coming there. Nothing in it leads to a holder."""
    rows = Gift.objects.filter(dealer=dealer, state__in=OPEN_AT_COUNTER)
    return rows.select_related("offer").only("state", "since", "offer__name", "offer__name_zh")


def counts_at_counter(dealer: Dealer) -> list[dict[str, Any]]:
    """How many of each gift lie at the counter (`ready`), and how many are coming (`chosen`)."""
    rows: Any = Gift.objects.filter(dealer=dealer, state__in=OPEN_AT_COUNTER).order_by("offer__name", "offer")
    ready, coming = (Count("pk", filter=Q(state=state)) for state in (Gift.State.READY, Gift.State.CHOSEN))
    return list(rows.values("offer", "offer__name", "offer__name_zh").annotate(ready=ready, coming=coming))


def handed_over_by(dealer: Dealer) -> QuerySet[Gift]:
    """What was handed over at the dealer's counter."""
    return Gift.objects.filter(dealer=dealer, state=Gift.State.HANDED_OVER).select_related("offer")


def statement_of(dealer: Dealer, before: int | None, limit: int) -> list[tuple[Line, Program, Any]]:
    """Lines of the dealer's wallets, newest first, each with its program and the order or lot it is about."""
    owned = {wallet.account.pk: wallet.program for wallet in wallets_of(dealer)}
    lines = wallet_lines(account_ids=owned, before=before, limit=limit)
    orders = Order.objects.filter(dealer=dealer).in_bulk(_numbers(lines, "order"))
    lots = Lot.objects.filter(dealer=dealer).in_bulk(_numbers(lines, "lot"))
    known = {"order": orders, "lot": lots}
    return [(line, owned[line.account_id], _about(line, known)) for line in lines]


def _numbers(lines: Sequence[Line], what: str) -> list[int]:
    return [number for kind, number in map(_reference, lines) if kind == what]


def _about(line: Line, known: dict[str, Any]) -> Any:
    kind, number = _reference(line)
    return known.get(kind, {}).get(number)


def _reference(line: Line) -> tuple[str, int]:
    """What a reference such as `lot:17` or `lot:17:return` is about."""
    kind, _, number = line.reference.partition(":")
    number = number.partition(":")[0]
    return kind, int(number) if number.isdigit() else 0
