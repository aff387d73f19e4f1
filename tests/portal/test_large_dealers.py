"""A dealer of ten thousand orders and lots: pages by key, a fixed number of queries."""

import pytest
from django.db import connection
from pytest_django.fixtures import DjangoAssertNumQueries

from cards.models import Dealer, Program
from tests.conftest import APPLICATION, OWNER
from tests.factories import make_dealer, make_order, make_program
from tests.portal.doors import member_of

MANY = 10_000
QUERIES_MAX = 14
SEED = """
INSERT INTO cards_order (dealer_id, program_id, cards, amount_minor, currency, product_name, product_specification,
                         state, placed_by_id, placed_at)
SELECT dealer_id, program_id, 10 + n, amount_minor, currency, product_name, product_specification, state,
       placed_by_id, placed_at
  FROM cards_order, generate_series(1, %(many)s) AS n WHERE id = %(order)s;
INSERT INTO cards_batch (program_id, first_number, cards, minted, pin_key_id, printer_key, manifest_sha256,
                         started_at, minted_at)
VALUES (%(program)s, 1, %(many)s * 10, %(many)s * 10, 'k', '', '', now(), now());
INSERT INTO cards_lot (program_id, batch_id, dealer_id, order_id, first_number, last_number, product_name,
                       product_specification, price_minor, cash_reserved_minor, gift_reserved_minor, sold_at)
SELECT %(program)s, (SELECT max(id) FROM cards_batch), %(dealer)s, %(order)s, n * 10 + 1, n * 10 + 10, 'Kettle', '',
       0, 0, 0, now() FROM generate_series(0, %(many)s - 1) AS n;
INSERT INTO cards_card (number, pin_digest)
SELECT n, decode(repeat('00', 32), 'hex') FROM generate_series(1, %(many)s) AS n;
INSERT INTO queueing_signingkey (key_id, public_key, from_at) VALUES ('k', 'k', now());
INSERT INTO queueing_registration (card_id, program_id, lot_id, registered_at, receipt_digest, receipt_generation,
                                   leaf, signature, signing_key_id, language, terms_version)
SELECT n, %(program)s, (SELECT min(id) FROM cards_lot), now(), sha256(n::text::bytea), 0,
       encode(sha256(n::text::bytea), 'hex'), '', 'k', 'en', '1' FROM generate_series(1, %(many)s) AS n;
ANALYZE queueing_registration; ANALYZE cards_lot; ANALYZE cards_order;
"""


@pytest.fixture
def large(db: None, unbalanced: None) -> tuple[Dealer, Program]:
    """Rows written by the owner in bulk: how many there are is what is tested, not how they came."""
    program, dealer = make_program(), make_dealer()
    order = make_order(program, dealer, 10, paid=False)
    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL ROLE "{OWNER}"')
        cursor.execute(SEED, {"many": MANY, "order": order, "program": program.pk, "dealer": dealer.pk})
        cursor.execute(f'SET LOCAL ROLE "{APPLICATION}"')
    return dealer, program


def test_every_page_asks_the_same_few_questions(
    large: tuple[Dealer, Program], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = member_of(large[0])
    for path in ["", "orders/", "orders/?state=placed", "lots/", "statement/", "orders/new/", "orders/?before=5000"]:
        with django_assert_max_num_queries(QUERIES_MAX):
            assert client.get(f"/dealer/{path}").status_code == 200


def test_following_older_shows_every_lot_once(large: tuple[Dealer, Program]) -> None:
    client = member_of(large[0])
    seen: list[int] = []
    query = ""
    for _ in range(5):
        page = client.get(f"/dealer/lots/{query}")
        seen += [lot.pk for lot, _ in page.context["lots"]]
        query = f"?before={page.context['page'].older}"
    assert len(seen) == 250
    assert seen == sorted(set(seen), reverse=True)


def test_sums_and_the_oldest_page_are_right(large: tuple[Dealer, Program]) -> None:
    client = member_of(large[0])
    sold = client.get("/dealer/").context["sold"]
    assert (sold.lots, sold.cards, sold.registered) == (MANY, MANY * 10, MANY)
    lowest = large[0].lots.order_by("pk")[0].pk
    oldest = client.get(f"/dealer/lots/?before={lowest + 10}")
    assert [count for _, count in oldest.context["lots"]] == [10] * 10
    assert oldest.context["page"].older is None


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["x", "-1", "0", "1e9", "１", "9" * 40, ""])
def test_a_made_up_key_is_not_found(before: str) -> None:
    assert member_of(make_dealer()).get("/dealer/lots/", {"before": before}).status_code == 404


@pytest.mark.django_db
def test_pages_are_under_the_strict_policy() -> None:
    answer = member_of(make_dealer()).get("/dealer/")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "style=" not in answer.content.decode()
