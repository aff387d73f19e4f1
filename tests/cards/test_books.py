"""The inventory's invariants find what the database would have refused."""

import pytest
from django.db import connection
from django.utils import timezone

from cards import returns
from cashback.lib import books
from tests.factories import make_dealer, make_program, mint_batch, sell_lots


def _as_owner(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_user")
        owner, application = cursor.fetchone()
        cursor.execute(f'SET ROLE "{owner}"')
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
        cursor.execute(f'SET ROLE "{application}"')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "breach"),
    [
        (
            9,
            "ALTER TABLE cards_lot DROP CONSTRAINT cards_lot_no_overlap;"
            "UPDATE cards_lot SET first_number = 5 WHERE first_number = 11",
        ),
        (9, "UPDATE cards_lot SET last_number = 99 WHERE first_number = 11"),
        (9, "UPDATE cards_batch SET minted_at = NULL"),
        (9, "DELETE FROM cards_card WHERE number = 13"),
        (10, "UPDATE cards_lot SET price_minor = price_minor + 1 WHERE first_number = 11"),
        (10, "UPDATE cards_lot SET cash_reserved_minor = cash_reserved_minor - 1 WHERE first_number = 11"),
        (10, "UPDATE cards_lot SET gift_reserved_minor = 0 WHERE replaces_id IS NOT NULL"),
    ],
)
@pytest.mark.usefixtures("unbalanced")
def test_a_planted_breach_is_found(number: int, breach: str) -> None:
    program, dealer = make_program(), make_dealer()
    mint_batch(program, 20)
    [lot] = sell_lots(program, dealer, 10)
    sell_lots(program, dealer, 5)
    returns.return_cards(lot_id=lot.pk, first=9, last=10, registered=(), now=timezone.now())
    assert not books.breaches(timezone.now())
    _as_owner(breach)
    assert any(found.startswith(f"{number} ") for found in books.breaches(timezone.now()))


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_an_old_batch_is_looked_at_by_its_ends() -> None:
    mint_batch(make_program(), 20)
    _as_owner(
        "UPDATE cards_batch SET minted_at = minted_at - INTERVAL '2 days'; DELETE FROM cards_card WHERE number = 20"
    )
    assert any(found.startswith("9 ") for found in books.breaches(timezone.now()))
