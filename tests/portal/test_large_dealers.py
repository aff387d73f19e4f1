"""A dealer of ten thousand orders and lots: pages by key, a fixed number of queries."""

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from cards.models import Dealer, Program
from tests.factories import make_dealer
from tests.portal.doors import member_of
from tests.portal.large import MANY, make_large

QUERIES_MAX = 14


@pytest.fixture
def large(db: None, unbalanced: None) -> tuple[Dealer, Program]:
    return make_large()


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
