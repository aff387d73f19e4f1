"""A wallet's statement: one line an entry, newest first, nobody else's."""

import pytest
from django.db import connection
from django.utils import timezone

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.ledger.statements import wallet_lines, wallets

BANK = AccountKey(Kind.BANK, "CNY")
OWN, OTHER = (AccountKey(Kind.WALLET, "CNY", 1, dealer) for dealer in (7, 8))


def pay_in(wallet: AccountKey, number: int) -> None:
    post(
        event=Event.PAYMENT_CONFIRMED,
        reference=f"order:{number}",
        legs=[Leg(BANK, wallet, 1_000)],
        now=timezone.now(),
    )


def sell(wallet: AccountKey, number: int) -> None:
    legs = [
        Leg(wallet, AccountKey(Kind.CASH_RESERVE, "CNY", 1), 300),
        Leg(wallet, AccountKey(Kind.GIFT_RESERVE, "CNY", 1), 200),
        Leg(wallet, AccountKey(Kind.REVENUE, "CNY"), 100),
    ]
    post(event=Event.LOT_SOLD, reference=f"lot:{number}", legs=legs, now=timezone.now())


@pytest.mark.django_db
def test_an_entry_of_several_legs_is_one_line() -> None:
    pay_in(OWN, 1)
    pay_in(OTHER, 2)
    sell(OWN, 3)
    [wallet] = wallets(7)
    lines = wallet_lines(account_ids=[wallet.pk], before=None, limit=10)
    assert [(line.reference, line.amount_minor) for line in lines] == [("lot:3", -600), ("order:1", 1_000)]
    assert sum(line.amount_minor for line in lines) == wallet.balance_minor


@pytest.mark.django_db
def test_pages_by_key_give_every_line_once() -> None:
    for number in range(1, 21):
        pay_in(OWN, number)
        sell(OWN, number)
    [wallet] = wallets(7)
    seen, before = [], None
    while lines := wallet_lines(account_ids=[wallet.pk], before=before, limit=7):
        seen += [line.reference for line in lines]
        before = lines[-1].key
    assert seen == [f"{what}:{number}" for number in range(20, 0, -1) for what in ("lot", "order")]


@pytest.mark.django_db
def test_no_wallets_have_no_lines() -> None:
    assert wallet_lines(account_ids=[], before=None, limit=10) == []


@pytest.mark.django_db
def test_a_statement_walks_its_own_index() -> None:
    """Among a million payouts a dealer's few lines are found without reading the others."""
    pay_in(OWN, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM ledger_transfer WHERE debit_id = 1 AND id < 5 AND event IN"
            " ('payment_confirmed', 'lot_sold', 'lot_returned', 'wallet_paid_out', 'correction')"
            " ORDER BY id DESC LIMIT 5"
        )
        assert "ledger_transfer_wallet_out" in "\n".join(row[0] for row in cursor.fetchall())
