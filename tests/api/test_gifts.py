"""Gifts through the API: what is on offer, choosing, reading a code, and a dealer's hand-over."""

from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from knox.models import AuthToken

from cashback.api.models import IdempotencyRecord
from payouts.models import Offer
from queueing import delivering
from tests.api.asking import get, is_problem, post
from tests.factories import make_dealer
from tests.payouts.gifting import Shop, shop
from tests.queueing.holders import other_pin

pytestmark = pytest.mark.django_db
GIFT = {
    *("id", "state", "since", "claim_by", "can_choose", "blocked", "gift", "way", "dealer", "claim_code", "tracking"),
    "code_readable",
}
ADDRESS = {"name": "欧阳芷若", "address": "广东省深圳市\n科技园 301 室", "postcode": "518057", "phone": "138 0013 8000"}


@pytest.fixture
def market() -> Shop:
    return shop()


def path(market: Shop, what: str = "gift", place: int = 3) -> str:
    return f"/registrations/{market.line.receipts[place - 1].receipt}/{what}"


def choice(market: Shop, offer: Offer, place: int = 3, **more: Any) -> dict[str, Any]:
    serial, pin = market.line.cards[place - 1]
    return {"serial": serial, "pin": pin, "gift": offer.pk, **more}


def at_counter(market: Shop) -> dict[str, str]:
    return {"way": "dealer", "dealer": market.dealer.code}


def token_of(dealer: Any) -> str:
    return f"Token {AuthToken.objects.create(user=dealer.members.get().user)[1]}"


def test_gifts_have_the_shape_that_was_promised(market: Shop) -> None:
    offer = market.offer(stock_pieces=2)
    found = get(path(market, "gifts")).json()
    assert set(found) == {"gifts", "offers", "dealers"}
    [gift] = found["gifts"]
    assert set(gift) == GIFT
    assert (gift["state"], gift["can_choose"], gift["claim_code"], gift["gift"]) == ("owed", True, None, None)
    [shown] = found["offers"]
    assert (shown["id"], shown["name"], shown["ways"], shown["left"]) == (offer.pk, "Cup 1", ["dealer", "post"], "few")
    assert shown["picture"] is None
    assert found["dealers"] == [{"code": market.dealer.code, "name": market.dealer.name, "address": ""}]
    chinese = get(path(market, "gifts"), **{"Accept-Language": "zh-hans"}).json()
    assert chinese["offers"][0]["name"] == "杯子1"


def test_whoever_has_no_gift_gets_an_empty_list(market: Shop) -> None:
    market.offer(stock_pieces=1)
    assert get(path(market, "gifts", 1)).json() == {"gifts": [], "offers": [], "dealers": []}
    is_problem(get(f"/registrations/{'0' * 26}/gifts"), 404, "receipt_not_found")


def test_a_choice_for_the_counter_has_a_claim_code_and_is_repeated_by_its_key(market: Shop) -> None:
    asked = choice(market, market.offer(stock_pieces=2), delivery=at_counter(market))
    first = post(path(market), asked, key="k")
    assert first.status_code == 200, first.content
    assert set(first.json()) == {"claim_code"}
    again = post(path(market), asked, key="k")
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    [gift] = get(path(market, "gifts")).json()["gifts"]
    assert (gift["state"], gift["way"], gift["claim_code"]) == ("chosen", "dealer", first.json()["claim_code"])


def test_no_record_of_a_request_has_the_address_or_the_code_in_clear(market: Shop) -> None:
    offer = market.offer(stock_pieces=2)
    code = post(path(market), choice(market, offer, delivery=at_counter(market)), key="a").json()["claim_code"]
    posted = post(path(market, place=4), choice(market, offer, 4, delivery={**ADDRESS, "way": "post"}), key="b")
    assert (posted.status_code, posted.json()) == (200, {})
    assert IdempotencyRecord.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT scope, body_digest, answer FROM api_idempotencyrecord")
        kept = b"".join(bytes(value) for row in cursor.fetchall() for value in row)
    for secret in (code, "欧阳芷若", "科技园", "518057", "8613800138000"):
        assert secret.encode() not in kept


def test_an_address_alone_means_the_post(market: Shop) -> None:
    offer = market.offer(stock_pieces=2)
    assert post(path(market), choice(market, offer, delivery=ADDRESS)).json() == {}
    registration = market.line.receipts[2].registration_id
    held = delivering.read_deliveries(registration_ids=[registration])[registration]
    assert (held.name, held.phone, held.country) == ("欧阳芷若", "+8613800138000", "CN")
    assert market.gift(3).way == "post"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"gift": "3"}, "gift"),
        ({"gift": True}, "gift"),
        ({"gift": 2**63}, "gift"),
        ({"gift": None}, "gift"),
        ({"delivery": {"way": "drone"}}, "delivery.way"),
        ({"delivery": {"way": "dealer", "dealer": 7}}, "delivery.dealer"),
        ({"delivery": {"way": "post"}}, "delivery.address"),
        ({"delivery": {**ADDRESS, "postcode": "1"}}, "delivery.postcode"),
        ({"delivery": "by post"}, "delivery"),
        ({"serial": "123"}, "serial"),
        ({"more": 1}, "more"),
    ],
)
def test_each_wrong_field_is_named(market: Shop, more: dict[str, Any], field: str) -> None:
    offer = market.offer(stock_pieces=2)
    asked = {**choice(market, offer, delivery=at_counter(market)), **more}
    assert field in is_problem(post(path(market), asked), 422, "invalid_details")["errors"]
    assert market.gift(3).state == "owed"


def test_what_cannot_be_had_is_said(market: Shop) -> None:
    last, code = market.offer(stock_pieces=1, by_post=False), market.offer(codes=["C-1"])
    market.choose(4, last)
    is_problem(post(path(market), choice(market, last, delivery=at_counter(market))), 409, "offer_gone")
    is_problem(post(path(market), choice(market, code, delivery=at_counter(market))), 422, "way_not_offered")
    unknown = {"way": "dealer", "dealer": "NOBODY-1"}
    is_problem(post(path(market), choice(market, last, delivery=unknown)), 422, "dealer_unknown")
    wrong = choice(market, code, pin=other_pin(market.line.cards[2][1]))
    is_problem(post(path(market), wrong), 409, "card_not_accepted")
    is_problem(post(path(market, place=1), choice(market, code, 1)), 409, "nothing_to_choose")


def test_an_e_code_is_chosen_and_read(market: Shop) -> None:
    assert post(path(market), choice(market, market.offer(codes=["CINEMA-1"]))).json() == {}
    serial, pin = market.line.cards[2]
    read = post(path(market, "gift/code"), {"serial": serial, "pin": pin}, key="k")
    assert (read.status_code, read.json()) == (200, {"code": "CINEMA-1"})
    assert read["Cache-Control"] == "no-store"
    assert not IdempotencyRecord.objects.exists()
    serial, pin = market.line.cards[3]
    is_problem(post(path(market, "gift/code", 4), {"serial": serial, "pin": pin}), 409, "code_not_readable")


def test_a_dealer_hands_over_once(market: Shop) -> None:
    code = post(path(market), choice(market, market.offer(stock_pieces=1), delivery=at_counter(market))).json()
    claim = {"serial": market.line.cards[2][0], **code}
    token = token_of(market.dealer)
    is_problem(post("/dealer/gift-claims", claim, Authorization=token), 409, "claim_not_accepted")
    market.ready(3)
    done = post("/dealer/gift-claims", claim, key="k", Authorization=token)
    assert done.status_code == 200, done.content
    assert set(done.json()) == {"gift", "handed_over_at"}
    assert done.json()["gift"] == "Cup 1"
    assert post("/dealer/gift-claims", claim, key="k", Authorization=token).json() == done.json()
    is_problem(post("/dealer/gift-claims", claim, Authorization=token), 409, "claim_not_accepted")
    assert get(path(market, "gifts")).json()["gifts"][0]["state"] == "handed_over"


def test_every_refusal_of_a_claim_is_the_same(market: Shop) -> None:
    choice_made = market.choose(3, market.offer(stock_pieces=1))
    market.ready(3)
    right = {"serial": market.line.cards[2][0], "claim_code": choice_made.claim_code}
    stranger, token = token_of(make_dealer()), token_of(market.dealer)
    answers = [
        post("/dealer/gift-claims", right, Authorization=stranger),
        post("/dealer/gift-claims", {**right, "claim_code": "AAAAA-AAAAA"}, Authorization=token),
        post("/dealer/gift-claims", {**right, "claim_code": "?"}, Authorization=token),
        post("/dealer/gift-claims", {**right, "serial": "1"}, Authorization=token),
        post("/dealer/gift-claims", {**right, "serial": market.line.cards[0][0]}, Authorization=token),
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    is_problem(answers[0], 409, "claim_not_accepted")


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=2)
def test_refused_claims_are_counted_also_with_a_key(market: Shop) -> None:
    token, claim = token_of(market.dealer), {"serial": market.line.cards[2][0], "claim_code": "AAAAA-AAAAA"}
    statuses = [post("/dealer/gift-claims", claim, key=key, Authorization=token).status_code for key in "abc"]
    assert statuses == [409, 409, 429]


def test_claims_are_for_dealers(market: Shop) -> None:
    is_problem(post("/dealer/gift-claims", {"serial": "1", "claim_code": "1"}), 401, "not_signed_in")
    token = token_of(market.dealer)
    errors = is_problem(post("/dealer/gift-claims", {}, Authorization=token), 422, "invalid_details")["errors"]
    assert set(errors) == {"serial", "claim_code"}


def test_the_schema_describes_gifts() -> None:
    schema = get("/schema/", Accept="application/json").content.decode()
    for named in ("/gifts", "/gift", "/gift/code", "/dealer/gift-claims"):
        assert named in schema
