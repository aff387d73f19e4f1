"""The dealers' part of the API: a token, the role, and nobody else's data."""

from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from cards.models import Dealer, DealerMember, Order
from cashback.accounts.models import Role, User
from tests.api.asking import BASE, get, is_problem, post
from tests.factories import make_dealer, make_program, make_user, sell
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db


def token_of(dealer: Dealer) -> dict[str, str]:
    return token(DealerMember.objects.get(dealer=dealer).user)


def token(user: User) -> dict[str, str]:
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def order(program: str, /, **overrides: Any) -> dict[str, Any]:
    return {"program": program, "cards": 100, "product": {"name": "Rice cooker", "specification": "5 l"}, **overrides}


def test_a_dealer_orders_and_follows_the_order() -> None:
    program, dealer = make_program(), make_dealer()
    headers = token_of(dealer)
    response = post("/dealer/orders", order(program.code), key="o", **headers)
    assert response.status_code == 201, response.content
    answer = response.json()
    assert {"id", "state", "cards", "amount_minor", "currency"} <= set(answer)
    assert (answer["state"], answer["cards"], answer["amount_minor"]) == ("placed", 100, 100 * program.card_price_minor)
    assert post("/dealer/orders", order(program.code), key="o", **headers).json() == answer
    assert get("/dealer/orders", **headers).json() == [answer]
    assert Order.objects.count() == 1


def test_a_dealer_sees_lots_and_how_many_of_their_cards_are_registered() -> None:
    program, dealer = make_program(), make_dealer()
    cards = sell(program, dealer, 5)
    enter(cards[0])
    (lot,) = get("/dealer/lots", **token_of(dealer)).json()
    assert set(lot) == {"id", "first", "last", "cards", "registered"}
    assert (lot["cards"], lot["registered"]) == (5, 1)
    assert lot["first"].replace("-", "") == cards[0][0]


def test_the_statement_adds_up() -> None:
    program, dealer = make_program(), make_dealer()
    sell(program, dealer, 5)
    lines = get("/dealer/statement", **token_of(dealer)).json()
    price = 5 * program.card_price_minor
    assert lines[0]["amount_minor"] == -price
    assert sum(line["amount_minor"] for line in lines) == 0
    assert {line["program"] for line in lines} == {program.code}


def test_a_dealer_never_sees_anybody_elses() -> None:
    program, one, other = make_program(), make_dealer(), make_dealer()
    sell(program, one, 5)
    for path in ("/dealer/orders", "/dealer/lots", "/dealer/statement"):
        assert get(path, **token_of(other)).json() == []


@pytest.mark.parametrize("path", ["/dealer/orders", "/dealer/lots", "/dealer/statement"])
def test_only_dealers_with_a_token_come_in(path: str) -> None:
    response = get(path)
    is_problem(response, 401, "not_signed_in")
    assert response["WWW-Authenticate"].startswith("Token")
    is_problem(get(path, Authorization="Token nonsense"), 401, "not_signed_in")
    is_problem(get(path, **token(make_user(Role.ORGANIZER))), 403, "not_allowed")
    is_problem(get(path, **token(make_user(Role.DEALER))), 403, "not_allowed")


def test_a_dealer_that_is_no_longer_active_is_refused() -> None:
    dealer = make_dealer()
    headers = token_of(dealer)
    Dealer.objects.update(active=False)
    is_problem(get("/dealer/orders", **headers), 403, "not_allowed")


def test_a_session_is_no_token() -> None:
    client = Client()
    client.force_login(DealerMember.objects.get(dealer=make_dealer()).user, "django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{BASE}/dealer/orders").status_code == 401


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("program", {"program": "NOTHING"}),
        ("program", {"program": 7}),
        ("program", {"program": "a\u0000"}),
        ("cards", {"cards": 0}),
        ("cards", {"cards": "100"}),
        ("cards", {"cards": True}),
        ("cards", {"cards": 1.5}),
        ("cards", {"cards": 10**12}),
        ("product.name", {"product": {}}),
        ("product.name", {"product": {"name": "x" * 121}}),
        ("product.name", {"product": {"name": 7}}),
        ("product.specification", {"product": {"name": "x", "specification": "\U0001f600"}}),
        ("colour", {"colour": "red"}),
    ],
)
def test_each_field_of_an_order_wrong_in_turn(field: str, wrong: dict[str, Any]) -> None:
    headers = token_of(make_dealer())
    response = post("/dealer/orders", order(make_program().code, **wrong), **headers)
    assert list(is_problem(response, 422, "invalid_details")["errors"]) == [field]
