"""Registering on the pages: without JavaScript, every field wrong in turn, and nothing typed is ever lost."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from queueing.models import Registration
from tests.factories import make_program, mint_cards, sold_cards
from tests.queueing.holders import other_pin
from tests.web.holding import DETAILS, Holder, receipt_on

pytestmark = pytest.mark.django_db

EMOJI = "张\U0001f600三"


@pytest.fixture
def card() -> tuple[str, str]:
    return sold_cards(1)[1][0]


@pytest.fixture
def holder() -> Holder:
    return Holder()


def test_the_whole_way_without_javascript(card: tuple[str, str], holder: Holder) -> None:
    review = holder.to_review(card)
    assert review.status == 200
    assert not Registration.objects.exists(), "until it is confirmed nothing is stored"
    receipt = holder.send("/register/", review, go="confirm")
    assert receipt.status == 200
    code = receipt_on(receipt)
    for part in (code[:4], "<svg", "cashback-receipt-v1"):
        assert part in receipt.text
    assert card[1] not in receipt.text.replace("-", "")
    status = holder.get(f"/s/{code}/")
    assert (status.status, card[1] in status.text.replace("-", "")) == (200, False)


def test_what_was_typed_carelessly_is_shown_before_and_after(card: tuple[str, str], holder: Holder) -> None:
    serial, pin = card
    details = holder.send("/register/", holder.get("/register/"), serial=f"{serial[:4]} {serial[4:]}", pin=pin.lower())
    review = holder.send("/register/", details, **{**DETAILS, "phone": "138 0013 8000", "name": "张三 "})
    assert "<del>138 0013 8000</del>" in review.text
    assert "+8613800138000</ins>" in review.text
    assert review.fields["phone"] == "+8613800138000"
    assert (review.fields["serial"], review.fields["pin"]) == card
    assert review.text.count('class="changed"') == 4


WRONG_CARD = [
    ("serial", ""),
    ("serial", "12"),
    ("serial", "0000-0000-0001-96"),
    ("serial", "<script>alert(1)</script>"),
    ("serial", "9" * 500),
    ("serial", "1\x00"),
    ("pin", ""),
    ("pin", "UUUU-UUUU-UUUU-UUUU"),
    ("pin", "1234"),
    ("pin", "\U0001f600"),
]


@pytest.mark.parametrize(("field", "typed"), WRONG_CARD)
def test_each_field_of_the_card_wrong_in_turn(card: tuple[str, str], holder: Holder, field: str, typed: str) -> None:
    given = {"serial": card[0], "pin": card[1], field: typed}
    page = holder.send("/register/", holder.get("/register/"), **given)
    assert page.status == 422
    assert list(page.errors) == [field]
    kept = {name: value.replace("\x00", "") for name, value in given.items()}
    assert {name: page.fields[name].replace("\x00", "") for name in given} == kept
    assert "<script>alert" not in page.text


WRONG_DETAILS = [
    ("account_kind", "paypal"),
    ("account_number", ""),
    ("account_number", "6222020000000000001"),
    ("account_number", "x" * 500),
    ("account_bank", "\U0001f3e6"),
    ("name", ""),
    ("name", EMOJI),
    ("name", "x" * 300),
    ("name", "a\x00b"),
    ("phone", "zhang@example.com"),
    ("phone", "12"),
    ("email", "13800138000"),
    ("email", "a@b@c"),
    ("product_name", "\x07"),
    ("product_name", ""),
    ("product_specification", "y" * 500),
    ("accept", ""),
]


@pytest.mark.parametrize(("field", "typed"), WRONG_DETAILS)
def test_each_field_of_the_details_wrong_in_turn(card: tuple[str, str], holder: Holder, field: str, typed: str) -> None:
    page = holder.to_review(card, **{field: typed})
    assert page.status == 422
    assert set(page.errors) in ({field}, {field, "account_number"})
    for name, value in {**DETAILS, field: typed}.items():
        if name not in {"accept", "account_kind"} or value in {"on", "cn_card"}:
            assert page.fields[name].replace("\x00", "") == value.replace("\x00", ""), name
    assert (page.fields["serial"], page.fields["pin"]) == card
    assert not Registration.objects.exists()
    right = {**DETAILS, "product_name": DETAILS["product_name"]}
    assert holder.send("/register/", page, **right).fields["showing"] == "review"


def test_going_back_and_forth_loses_nothing(card: tuple[str, str], holder: Holder) -> None:
    review = holder.to_review(card)
    details = holder.send("/register/", review, go="back")
    assert {name: details.fields[name] for name in DETAILS} == DETAILS
    first = holder.send("/register/", details, go="back")
    assert (first.fields["serial"], first.fields["pin"], first.fields["name"]) == (*card, "张三")
    again = holder.send("/register/", first)
    assert {name: again.fields[name] for name in DETAILS} == DETAILS
    assert holder.send("/register/", again).fields["showing"] == "review"


@pytest.mark.parametrize("step", ["card", "details", "review"])
def test_the_language_changes_in_the_middle_of_a_form(card: tuple[str, str], holder: Holder, step: str) -> None:
    page = holder.get("/register/")
    if step != "card":
        page = holder.to_details(card) if step == "details" else holder.to_review(card)
    typed = {"serial": card[0]} if step == "card" else {"name": EMOJI} if step == "details" else {}
    switched = holder.send("/register/", page, language="zh-hans", **typed)
    assert switched.response.cookies["django_language"].value == "zh-hans"
    assert '<html lang="zh-hans">' in switched.text
    assert (switched.fields["showing"], switched.errors) == (step, {})
    for name, value in typed.items():
        assert switched.fields[name] == value


def test_a_double_click_is_answered_with_the_same_receipt(card: tuple[str, str], holder: Holder) -> None:
    review = holder.to_review(card)
    first, second = (holder.send("/register/", review, go="confirm") for _ in range(2))
    assert receipt_on(first) == receipt_on(second)
    assert Registration.objects.count() == 1
    other = Holder().to_review(card)
    refused = holder.send("/register/", other, go="confirm")
    assert refused.status in {403, 409}


def test_a_refusal_carries_everything_along_and_tells_a_stranger_nothing(holder: Holder) -> None:
    _, cards = sold_cards(2)
    unsold = mint_cards(make_program(), 1)[0]
    holder.register(cards[0])
    texts = set()
    for serial, pin in (*cards, unsold):
        asked = (serial, other_pin(pin))
        page = holder.send("/register/", holder.to_review(asked), go="confirm")
        assert (page.status, page.fields["showing"]) == (409, "card")
        assert page.fields["name"] == "张三"
        assert (page.fields["serial"], page.fields["pin"]) == asked
        neutral = page.text.replace(serial, "").replace(asked[1], "")
        texts.add(neutral.replace(page.fields["token"], "").replace(page.fields["csrfmiddlewaretoken"], ""))
    assert len(texts) == 1


def test_with_the_right_pin_the_truth_is_told(holder: Holder) -> None:
    _, cards = sold_cards(1)
    unsold = mint_cards(make_program(), 1)[0]
    holder.register(cards[0])
    again = Holder()
    page = again.send("/register/", again.to_review(cards[0]), go="confirm")
    assert "already registered" in page.text
    page = again.send("/register/", again.to_review(unsold), go="confirm")
    assert "cannot be registered now" in page.text


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=1)
def test_too_many_attempts_wait_on_the_review(card: tuple[str, str], holder: Holder) -> None:
    wrong = holder.to_review((card[0], other_pin(card[1])))
    holder.send("/register/", wrong, go="confirm")
    page = holder.send("/register/", wrong, go="confirm")
    assert (page.status, page.fields["showing"], page.fields["name"]) == (429, "review", "张三")
    assert int(page.response["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/register/", "/status/", "/lost/", f"/s/{'0' * 26}/"])
def test_a_browser_may_name_the_page_that_a_form_comes_from(path: str) -> None:
    """Under no-referrer it sends `Origin: null`, and every form is refused."""
    assert Client().get(path)["Referrer-Policy"] == "same-origin"


def test_nothing_is_kept_on_the_way(card: tuple[str, str], holder: Holder) -> None:
    page = holder.get("/register/")
    assert page.response["Cache-Control"] == "no-store"
    holder.register(card)
    assert not Session.objects.exists()
    assert set(holder.client.cookies) == {"csrftoken"}


def test_a_form_without_its_protection_says_what_to_do(card: tuple[str, str]) -> None:
    response = Client(enforce_csrf_checks=True).post("/register/", {"serial": card[0]})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


@pytest.mark.parametrize("showing", ["", "nonsense", "review", "details"])
@pytest.mark.parametrize("go", ["", "nonsense", "confirm", "back"])
def test_a_tampered_form_is_only_a_wrong_form(holder: Holder, showing: str, go: str) -> None:
    page = holder.send("/register/", holder.get("/register/"), showing=showing, go=go)
    assert page.status in {200, 422}
    assert page.fields["showing"] in {"card", "details"}


def test_pages_have_no_inline_script_or_style() -> None:
    sold_cards(1)
    for path in ("/", "/register/", "/status/", "/lost/"):
        text = Client().get(path).content.decode()
        assert "style=" not in text.replace("initial-style=", "")
        assert "<style" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_the_first_page_shows_numbers_and_the_open_cycle(holder: Holder) -> None:
    program, cards = sold_cards(3)
    holder.register(cards[0])
    text = holder.get("/").text
    assert program.name in text
    assert text.count('href="#s-empty"') == 51
    assert 'hx-trigger="every 3s"' in text
    assert not holder.get("/").response.cookies


def test_without_a_program_the_first_page_says_so(holder: Holder) -> None:
    make_program(published=False)
    page = holder.get("/")
    assert (page.status, "No program is running yet" in page.text) == (200, True)
    assert holder.get("/numbers/").status == 200
