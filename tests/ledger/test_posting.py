"""The ledger refuses what would unbalance it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection
from django.utils import timezone

from cashback.ledger.models import Account, Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, Leg, balance_minor, own_money_minor, post, post_many
from cashback.lib import books

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]

BANK = AccountKey(Kind.BANK, "CNY")
CAPITAL = AccountKey(Kind.CAPITAL, "CNY")
REVENUE = AccountKey(Kind.REVENUE, "CNY")
WALLET = AccountKey(Kind.WALLET, "CNY", program=7, dealer=3)
CASH = AccountKey(Kind.CASH_RESERVE, "CNY", program=7)


def _pay_in(amount_minor: int, reference: str = "order:1") -> None:
    post(event=Event.PAYMENT_CONFIRMED, reference=reference, legs=[Leg(BANK, WALLET, amount_minor)], now=timezone.now())


def test_an_entry_moves_both_balances() -> None:
    _pay_in(5_000)
    assert (balance_minor(BANK), balance_minor(WALLET)) == (5_000, 5_000)


def test_a_lot_is_split_over_reserves_and_revenue_in_one_entry() -> None:
    _pay_in(5_000)
    legs = [Leg(WALLET, CASH, 3_000), Leg(WALLET, REVENUE, 2_000)]
    post(event=Event.LOT_SOLD, reference="lot:1", legs=legs, now=timezone.now())
    assert (balance_minor(WALLET), balance_minor(CASH), own_money_minor("CNY")) == (0, 3_000, 2_000)


def test_a_fact_is_posted_once(database_refuses: Refuses) -> None:
    _pay_in(100)
    with database_refuses("ledger_transfer_posted_once"):
        _pay_in(100)


def test_a_wallet_cannot_give_what_it_does_not_hold(database_refuses: Refuses) -> None:
    _pay_in(100)
    with database_refuses("ledger_account_not_negative"):
        post(event=Event.LOT_SOLD, reference="lot:1", legs=[Leg(WALLET, CASH, 101)], now=timezone.now())


def test_own_money_is_never_negative(database_refuses: Refuses) -> None:
    _pay_in(100)
    with database_refuses("ledger_own_money_not_negative"):
        post(event=Event.SURPLUS_OUT, reference="surplus:1", legs=[Leg(REVENUE, BANK, 1)], now=timezone.now())


def test_capital_may_cover_a_negative_revenue() -> None:
    post(event=Event.CAPITAL_IN, reference="capital:1", legs=[Leg(BANK, CAPITAL, 50)], now=timezone.now())
    post(event=Event.BANK_FEE, reference="fee:1", legs=[Leg(REVENUE, BANK, 50)], now=timezone.now())
    assert (balance_minor(REVENUE), own_money_minor("CNY")) == (-50, 0)


def test_the_application_may_not_change_a_transfer(database_refuses: Refuses) -> None:
    _pay_in(100)
    with database_refuses("permission denied for table ledger_transfer"):
        Transfer.objects.update(amount_minor=1)


def test_the_application_may_not_write_a_balance(database_refuses: Refuses) -> None:
    _pay_in(100)
    with database_refuses("permission denied for table ledger_account"):
        Account.objects.update(balance_minor=1)


def test_both_sides_of_a_transfer_are_of_its_currency(database_refuses: Refuses) -> None:
    _pay_in(100)
    euro = Account.objects.create(kind=Kind.BANK, currency="EUR")
    wallet = Account.objects.get(kind=Kind.WALLET)
    with database_refuses("ledger_transfer_debit_currency"):
        Transfer.objects.create(
            event=Event.CORRECTION,
            reference="x",
            debit=euro,
            credit=wallet,
            currency="CNY",
            amount_minor=1,
            posted_at=timezone.now(),
        )


def test_a_thousand_entries_are_one_statement(django_assert_max_num_queries: Callable[..., object]) -> None:
    entries = [(f"order:{number}", Leg(BANK, WALLET, 10)) for number in range(1_000)]
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        post_many(event=Event.PAYMENT_CONFIRMED, entries=entries, now=timezone.now())
    assert balance_minor(WALLET) == 10_000


def _as_owner(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_user")
        owner, application = cursor.fetchone()
        cursor.execute(f'SET ROLE "{owner}"')
        cursor.execute(sql)
        cursor.execute(f'SET ROLE "{application}"')


@pytest.mark.parametrize(
    ("number", "breach"),
    [
        (5, "UPDATE ledger_account SET balance_minor = 99 WHERE kind = 'wallet'"),
        (12, "UPDATE ledger_account SET balance_minor = balance_minor - 1 WHERE kind = 'bank'"),
        (
            6,
            "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_not_negative;"
            "UPDATE ledger_account SET balance_minor = -1 WHERE kind = 'wallet'",
        ),
    ],
)
@pytest.mark.usefixtures("unbalanced")
def test_a_planted_breach_is_found(number: int, breach: str) -> None:
    _pay_in(100)
    assert not books.breaches(timezone.now())
    _as_owner(breach)
    assert any(found.startswith(f"{number} ") for found in books.breaches(timezone.now()))
