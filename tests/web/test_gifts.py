"""A holder's gift on the pages: what to do next, choosing, reading a code, saying that the parcel came."""

import io
import re
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from payouts import choosing, pictures
from payouts.models import Gift, Offer
from queueing import delivering, withdrawing
from queueing.models import Registration
from tests.payouts.gifting import Shop, shop
from tests.queueing.holders import other_pin
from tests.web.holding import Holder, Page

pytestmark = pytest.mark.django_db
ADDRESS = {
    "delivery_name": "欧阳  芷若",
    "delivery_address": "广东省深圳市\n科技园 301 室",
    "delivery_postcode": "５１８０５７",
    "delivery_phone": "138 0013 8000",
}


@pytest.fixture
def market() -> Shop:
    return shop()


@pytest.fixture
def holder() -> Holder:
    return Holder()


def status_page(market: Shop, place: int = 3) -> str:
    return f"/s/{market.line.receipts[place - 1].receipt}/"


def to_details(market: Shop, holder: Holder, offer: Offer, place: int = 3) -> Page:
    path = f"{status_page(market, place)}gift/"
    return holder.send(path, holder.get(path), offer=str(offer.pk))


def to_review(market: Shop, holder: Holder, offer: Offer, place: int = 3, /, **typed: str) -> Page:
    serial, pin = market.line.cards[place - 1]
    page = to_details(market, holder, offer, place)
    return holder.send(f"{status_page(market, place)}gift/", page, **{"serial": serial, "pin": pin, **typed})


def confirm(market: Shop, holder: Holder, review: Page, place: int = 3) -> Page:
    return holder.send(f"{status_page(market, place)}gift/", review, go="confirm")


def picture() -> str:
    content = io.BytesIO()
    Image.new("RGB", (40, 40), "#0d6352").save(content, "PNG")
    return pictures.put_picture(content=content.getvalue()).pk


def test_whoever_waits_or_is_paid_hears_nothing_of_gifts(market: Shop, holder: Holder) -> None:
    assert 'id="gift"' not in holder.get(status_page(market, 1)).text
    page = holder.get(f"{status_page(market, 1)}gift/")
    assert (page.status, page.response["Location"]) == (302, status_page(market, 1))


def test_where_nothing_is_on_offer_the_gift_stays_theirs(market: Shop, holder: Holder) -> None:
    assert "Your gift stays yours" in holder.get(status_page(market)).text
    market.offer()
    assert "Your gift stays yours" in holder.get(status_page(market)).text
    assert "none left" in holder.get(f"{status_page(market)}gift/").text


def test_the_status_page_says_until_when_to_choose(market: Shop, holder: Holder) -> None:
    market.offer(stock_pieces=3, name="Kettle <b>")
    market.lapse(timezone.now())
    text = holder.get(status_page(market)).text
    assert "There is 1 gift to choose." in text
    assert "Choose until" in text
    assert "Kettle &lt;b&gt;" in text
    assert f'href="{status_page(market)}gift/"' in text


def test_a_gift_is_chosen_for_a_dealers_counter(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=2, by_post=False, picture=picture())
    review = to_review(market, holder, offer, dealer=market.dealer.code)
    assert review.status == 200, review.text
    assert market.dealer.name in review.text
    done = confirm(market, holder, review)
    assert (done.status, done.response["Location"]) == (302, f"{status_page(market)}?done=chosen")
    gift = market.gift(3)
    assert (gift.state, gift.way, gift.dealer_id, gift.offer_id) == ("chosen", "dealer", market.dealer.pk, offer.pk)
    text = holder.get(status_page(market)).text
    assert "being prepared" in text
    assert "Choose another gift" in text


def test_a_ready_gift_shows_the_code_and_a_qr_code_that_no_log_sees(market: Shop, holder: Holder) -> None:
    choice = market.choose(3, market.offer(stock_pieces=1))
    market.ready(3)
    page = holder.get(status_page(market))
    assert choice.claim_code
    assert choice.claim_code in page.text
    assert market.dealer.name in page.text
    assert re.search(r'<div class="qr"[^>]*><svg', page.text)
    assert 'hx-trigger="every 3s"' in page.text


def test_an_address_is_put_right_shown_and_sealed(market: Shop, holder: Holder) -> None:
    review = to_review(market, holder, market.offer(stock_pieces=2), way="post", **ADDRESS)
    assert review.status == 200, review.text
    assert "+8613800138000" in review.text
    assert "518057" in review.text
    assert "广东省深圳市<br>科技园 301 室" in review.text
    assert confirm(market, holder, review).status == 302
    registration = market.line.receipts[2].registration_id
    held = delivering.read_deliveries(registration_ids=[registration])[registration]
    assert (held.name, held.address, held.country) == ("欧阳 芷若", "广东省深圳市\n科技园 301 室", "CN")
    page = holder.get(status_page(market)).text
    assert "芷若" not in page
    assert "The address for your gift, encrypted." in page


def test_each_wrong_field_is_told_and_nothing_typed_is_lost(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=2)
    page = to_review(market, holder, offer, pin="1", way="post", **{**ADDRESS, "delivery_postcode": "12"})
    assert page.status == 422
    assert set(page.errors) == {"pin", "delivery_postcode"}
    assert page.fields["delivery_address"].split() == ADDRESS["delivery_address"].split()
    assert page.fields["delivery_name"] == ADDRESS["delivery_name"]
    assert page.fields["way"] == "post"
    nothing = to_review(market, holder, offer)
    assert set(nothing.errors) == {"way"}
    assert set(to_review(market, holder, offer, way="dealer").errors) == {"dealer"}
    assert set(to_review(market, holder, offer, way="dealer", dealer="NOBODY-1").errors) == {"dealer"}


def test_the_last_piece_taken_meanwhile_means_to_choose_again_and_loses_nothing(market: Shop, holder: Holder) -> None:
    last, other = market.offer(stock_pieces=1), market.offer(stock_pieces=2)
    review = to_review(market, holder, last, way="post", **ADDRESS)
    market.choose(4, last)
    gone = confirm(market, holder, review)
    assert gone.status == 409
    assert "Choose again" in gone.text
    again = holder.send(f"{status_page(market)}gift/", gone, offer=str(other.pk))
    assert again.fields["delivery_name"] == "欧阳 芷若"
    assert again.fields["serial"] == market.line.cards[2][0]
    review = holder.send(f"{status_page(market)}gift/", again)
    assert confirm(market, holder, review).status == 302
    assert market.gift(3).offer_id == other.pk


def test_who_confirms_the_last_piece_twice_has_it(market: Shop, holder: Holder) -> None:
    for place, offer, typed in (
        (3, market.offer(stock_pieces=1), {"way": "dealer", "dealer": market.dealer.code}),
        (4, market.offer(codes=["TEA-1"]), {}),
    ):
        review = to_review(market, holder, offer, place, **typed)
        for _ in range(2):
            done = confirm(market, holder, review, place)
            assert done.status == 302, done.text
            assert done.response["Location"].startswith(status_page(market, place))
        assert market.gift(place).choice == 1


def test_who_has_the_last_piece_may_still_change_how_it_comes(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=1)
    market.choose(3, offer)
    assert f'name="offer" value="{offer.pk}"' in holder.get(f"{status_page(market)}gift/").text
    review = to_review(market, holder, offer, way="post", **ADDRESS)
    assert confirm(market, holder, review).status == 302
    assert market.gift(3).way == "post"


def test_an_offer_that_is_gone_when_it_is_picked_is_said(market: Shop, holder: Holder) -> None:
    last = market.offer(stock_pieces=1)
    path = f"{status_page(market)}gift/"
    page = holder.get(path)
    market.choose(4, last)
    assert holder.send(path, page, offer=str(last.pk)).status == 409
    assert holder.send(path, page, offer="x' OR 1=1").status == 409
    assert holder.send(path, page).status == 422


def test_a_wrong_pin_is_the_neutral_refusal(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=2, by_post=False)
    review = to_review(market, holder, offer, dealer=market.dealer.code, pin=other_pin(market.line.cards[2][1]))
    refused = confirm(market, holder, review)
    assert refused.status == 409
    assert "This card was not accepted" in refused.text
    assert refused.fields["dealer"] == market.dealer.code


def test_going_back_and_switching_the_language_keep_everything(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=2)
    review = to_review(market, holder, offer, way="post", **ADDRESS)
    path = f"{status_page(market)}gift/"
    chinese = Page(holder.client.post(path, {**review.fields, "language": "zh-hans"}))
    assert chinese.status == 200
    assert '<html lang="zh-hans">' in chinese.text
    assert "杯子1" in chinese.text
    back = holder.send(path, review, go="back")
    assert back.fields["delivery_name"] == "欧阳 芷若"
    picked = holder.send(path, back, go="back")
    assert picked.fields["delivery_name"] == "欧阳 芷若"
    assert "offer" not in picked.fields


def test_a_parcel_is_followed_and_received(market: Shop, holder: Holder) -> None:
    market.choose(3, market.offer(stock_pieces=1), "post")
    market.ready(3, tracking="SF123")
    assert "SF123" in holder.get(status_page(market)).text
    path = f"{status_page(market)}gift/received/"
    done = holder.send(path, holder.get(path))
    assert (done.status, done.response["Location"]) == (302, f"{status_page(market)}?done=received")
    assert "You have your gift" in holder.get(status_page(market)).text
    assert market.gift(3).state == "handed_over"


def test_nothing_is_received_that_was_not_sent(market: Shop, holder: Holder) -> None:
    path = f"{status_page(market)}gift/received/"
    page = holder.get(f"{status_page(market)}gift/code/")
    assert holder.send(path, page).status == 409
    assert holder.send("/s/nonsense/gift/received/", page).status == 404
    assert holder.get("/s/nonsense/gift/received/").status == 404


def test_only_a_parcel_on_its_way_is_asked_about(market: Shop, holder: Holder) -> None:
    path = f"{status_page(market)}gift/received/"
    assert holder.get(path).response["Location"] == status_page(market)
    market.choose(3, market.offer(stock_pieces=1, by_post=False), "dealer")
    market.ready(3)
    assert market.gift(3).state == "ready"
    assert holder.get(path).response["Location"] == status_page(market)


def test_an_e_code_is_read_with_serial_and_pin_and_kept_by_nobody(market: Shop, holder: Holder) -> None:
    offer = market.offer(codes=["CINEMA-1"])
    review = to_review(market, holder, offer)
    assert confirm(market, holder, review).status == 302
    assert "CINEMA-1" not in holder.get(status_page(market)).text
    path = f"{status_page(market)}gift/code/"
    serial, pin = market.line.cards[2]
    wrong = holder.send(path, holder.get(path), serial=serial, pin=other_pin(pin))
    assert wrong.status == 409
    assert holder.send(path, holder.get(path), serial=serial, pin="").errors.keys() == {"pin"}
    for _ in range(2):
        read = holder.send(path, holder.get(path), serial=serial, pin=pin)
        assert "CINEMA-1" in read.text
        assert read.response["Cache-Control"] == "no-store"
    assert "Read the code again" in holder.get(status_page(market)).text


def test_who_has_left_or_is_frozen_is_told_so(market: Shop, holder: Holder) -> None:
    market.offer(stock_pieces=2)
    Registration.objects.filter(pk=market.line.receipts[2].registration_id).update(frozen_at=timezone.now())
    assert "The card is frozen. The gift is kept" in holder.get(status_page(market)).text
    assert holder.get(f"{status_page(market)}gift/").status == 302
    serial, pin = market.line.cards[3]
    withdrawing.withdraw(receipt=market.line.receipts[3].receipt, serial=serial, pin=pin, now=timezone.now())
    assert "gift/" not in holder.get(status_page(market, 4)).text


@pytest.mark.parametrize("path", ["gift/", "gift/code/", "gift/received/"])
def test_the_pages_are_for_one_person(market: Shop, holder: Holder, path: str) -> None:
    market.offer(stock_pieces=2)
    response = holder.get(status_page(market) + path).response
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_a_receipt_that_is_none_opens_no_gift(holder: Holder) -> None:
    assert holder.get(f"/s/{'0' * 26}/gift/").status == 404


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=2)
def test_confirming_is_throttled(market: Shop, holder: Holder) -> None:
    offer = market.offer(stock_pieces=2, by_post=False)
    review = to_review(market, holder, offer, dealer=market.dealer.code, pin=other_pin(market.line.cards[2][1]))
    statuses = [confirm(market, holder, review).status for _ in range(3)]
    assert statuses == [409, 409, 429]


def test_a_picture_may_be_kept_for_ever() -> None:
    sha256 = picture()
    answer: Any = Client().get(reverse("gift_picture", args=[sha256]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert "immutable" in answer["Cache-Control"]
    assert not answer.cookies
    assert Image.open(io.BytesIO(answer.content)).format == "WEBP"
    assert Client().get(f"/gifts/{'0' * 64}.webp").status_code == 404


def test_a_code_stands_for_one_choice_alone(market: Shop) -> None:
    first, second = (choosing.claim_code(award_id=7, choice=choice) for choice in (1, 2))
    assert first != second
    assert Gift.objects.filter(state="owed").count() == 3
