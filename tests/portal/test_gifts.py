"""A dealer's counter: handing over by hand, by scanner and by the holder's QR code; what lies there."""

import pytest
from django.test import Client, override_settings

from tests.factories import make_dealer
from tests.payouts.gifting import Shop, shop
from tests.portal.doors import member_of

pytestmark = pytest.mark.django_db
CLAIM = "/dealer/gifts/claim/"


@pytest.fixture
def market() -> Shop:
    return shop()


@pytest.fixture
def client(market: Shop) -> Client:
    return member_of(market.dealer)


def ready(market: Shop, place: int = 3) -> dict[str, str]:
    code = market.choose(place, market.offer(stock_pieces=1)).claim_code
    market.ready(place)
    assert code
    return {"serial": market.line.cards[place - 1][0], "claim_code": code}


def test_a_gift_is_handed_over_and_its_page_may_be_opened_again(market: Shop, client: Client) -> None:
    shown = ready(market)
    done = client.post(CLAIM, {"serial": f" {shown['serial']} ", "claim_code": shown["claim_code"].lower()})
    assert done.status_code == 302
    assert market.gift(3).state == "handed_over"
    for _ in range(2):
        page = client.get(done["Location"])
        assert page.status_code == 200
        assert "Cup 1" in page.content.decode()
    assert "杯子1" in client.get(done["Location"], headers={"accept-language": "zh-hans"}).content.decode()
    assert client.post(CLAIM, shown).status_code == 409


def test_a_scanner_types_the_whole_address_into_the_first_field(market: Shop, client: Client) -> None:
    shown = ready(market)
    scanned = f"https://cards.example/dealer/gifts/claim/#{shown['serial']}.{shown['claim_code']}"
    assert client.post(CLAIM, {"serial": scanned, "claim_code": ""}).status_code == 302


def test_a_refusal_is_neutral_and_keeps_what_was_typed(market: Shop, client: Client) -> None:
    shown = ready(market)
    wrong = client.post(CLAIM, {**shown, "claim_code": "AAAAA-AAAAA"})
    assert wrong.status_code == 409
    assert "AAAAA-AAAAA" in wrong.content.decode()
    assert "no-store" in wrong["Cache-Control"]
    stranger = member_of(make_dealer()).post(CLAIM, shown)
    assert stranger.status_code == 409
    assert "This claim was not accepted." in stranger.content.decode()
    assert market.gift(3).state == "ready"


def test_empty_fields_are_named(market: Shop, client: Client) -> None:
    page = client.post(CLAIM, {"serial": "", "claim_code": ""})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"serial", "claim_code"}


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=2)
def test_claims_are_throttled(market: Shop, client: Client) -> None:
    typed = {"serial": market.line.cards[2][0], "claim_code": "AAAAA-AAAAA"}
    assert [client.post(CLAIM, typed).status_code for _ in range(3)] == [409, 409, 429]


def test_the_counter_counts_by_gift_and_names_nobody(market: Shop, client: Client) -> None:
    ready(market)
    market.choose(4, market.offer(stock_pieces=1))
    page = client.get("/dealer/gifts/")
    counts = {row["offer__name"]: (row["ready"], row["coming"]) for row in page.context["counts"]}
    assert counts == {"Cup 1": (1, 0), "Cup 2": (0, 1)}
    text = page.content.decode()
    assert market.line.cards[2][0] not in text.replace("-", "")
    assert "claim code" not in text.lower()
    assert member_of(make_dealer()).get("/dealer/gifts/").context["counts"] == []


def test_what_somebody_else_handed_over_is_not_there(market: Shop, client: Client) -> None:
    done = client.post(CLAIM, ready(market))
    assert member_of(make_dealer()).get(done["Location"]).status_code == 404
    assert client.get("/dealer/gifts/999999/").status_code == 404
