"""The organizer's own money: paid in, taken out, and what may be taken without touching anybody else's.

Of a currency free is: revenue and capital, less what of the gift stock exceeds its program's gift reserve. That is
what the bank and the usable stock hold beyond everything owed and reserved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor
from cashback.lib.sql import Queries

QUERIES = Queries(Path(__file__).parent / "sql" / "own_money.sql")
_DEBIT = frozenset({Kind.GIFT_STOCK.value})
_OWN = frozenset({Kind.REVENUE.value, Kind.CAPITAL.value})
_Balances = Mapping[tuple[str, int], int]


class NothingToPost(DomainError):
    """The amount must be more than nothing."""

    code = "amount_not_positive"


class PostedBefore(DomainError):
    """%(reference)s is in the books already."""

    code = "posted_before"


class SurplusTooLarge(DomainError):
    """Only %(free)s is the organizer's own; the rest is owed or reserved."""

    code = "surplus_too_large"


def free_minor(currency: str) -> int:
    """How much of a currency could be taken out at this moment, in minor units."""
    return _free(_balances(currency))


@transaction.atomic
def pay_in(*, currency: str, amount_minor: int, reference: str, now: datetime) -> None:
    """Post the organizer's money in. `reference` names the bank's entry. Raises NothingToPost, PostedBefore."""
    _check(Event.CAPITAL_IN, amount_minor, reference)
    post(event=Event.CAPITAL_IN, reference=reference, legs=[_paid_in(currency, amount_minor)], now=now)


@transaction.atomic
def take_surplus(*, currency: str, amount_minor: int, reference: str, now: datetime) -> None:
    """Post a surplus out, as far as it is free. Raises NothingToPost, PostedBefore, SurplusTooLarge."""
    _check(Event.SURPLUS_OUT, amount_minor, reference)
    hold(currency)
    free = free_minor(currency)
    if amount_minor > free:
        raise SurplusTooLarge(free=format_minor(free, currency))
    legs = [Leg(AccountKey(Kind.REVENUE, currency), AccountKey(Kind.BANK, currency), amount_minor)]
    post(event=Event.SURPLUS_OUT, reference=reference, legs=legs, now=now)


@transaction.atomic
def pay_fee(*, currency: str, amount_minor: int, reference: str, now: datetime) -> None:
    """Post a fee of the bank's; what own money lacks is posted in first. Raises NothingToPost, PostedBefore."""
    _check(Event.BANK_FEE, amount_minor, reference)
    _check(Event.CAPITAL_IN, amount_minor, reference)
    legs = [Leg(AccountKey(Kind.REVENUE, currency), AccountKey(Kind.BANK, currency), amount_minor)]
    post_covered(event=Event.BANK_FEE, reference=reference, legs=legs, now=now)


@transaction.atomic
def post_covered(*, event: Event, reference: str, legs: Sequence[Leg], now: datetime) -> int:
    """Post an entry that costs own money; what is short is posted as the organizer's money in first.

    Returns how much that was. All legs are of one currency.
    """
    [currency] = {leg.debit.currency for leg in legs}
    hold(currency)
    short_minor = max(0, -_free(_after(_balances(currency), legs)))
    post(event=Event.CAPITAL_IN, reference=reference, legs=[_paid_in(currency, short_minor)], now=now)
    post(event=event, reference=reference, legs=legs, now=now)
    return short_minor


def hold(currency: str) -> None:
    """Let nobody else take from the currency's own money until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["hold_own_money"], {"currency": currency})


def _check(event: Event, amount_minor: int, reference: str) -> None:
    if amount_minor <= 0:
        raise NothingToPost
    if Transfer.objects.filter(event=event, reference=reference).exists():
        raise PostedBefore(reference=reference)


def _paid_in(currency: str, amount_minor: int) -> Leg:
    return Leg(AccountKey(Kind.BANK, currency), AccountKey(Kind.CAPITAL, currency), amount_minor)


def _balances(currency: str) -> _Balances:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["own_balances"], {"currency": currency})
        return {(kind, program): balance for kind, program, balance in cursor.fetchall()}


def _after(balances: _Balances, legs: Sequence[Leg]) -> _Balances:
    """The balances as the legs would leave them; other accounts do not matter here."""
    after = Counter(balances)
    for leg in legs:
        for key, received in ((leg.debit, leg.amount_minor), (leg.credit, -leg.amount_minor)):
            after[key.kind.value, key.program] += received if key.kind.value in _DEBIT else -received
    return after


def _free(balances: _Balances) -> int:
    own = sum(balance for (kind, _), balance in balances.items() if kind in _OWN)
    unusable = sum(
        max(0, balance - balances.get((Kind.GIFT_RESERVE.value, program), 0))
        for (kind, program), balance in balances.items()
        if kind == Kind.GIFT_STOCK.value
    )
    return own - unusable
