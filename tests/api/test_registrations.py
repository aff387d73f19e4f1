"""Registering through the API: its shape, each field wrong in turn, refusals that tell a stranger nothing."""

import json
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from cards.models import Block, BlockKind
from cashback.lib.crypto.signatures import decode_base64url, verify_lines
from queueing.models import HolderDetails, Registration
from tests.api.asking import ACCOUNT_NUMBER, body, get, is_problem, post
from tests.factories import make_program, make_user, mint_cards, sold_cards
from tests.queueing.holders import other_pin

pytestmark = pytest.mark.django_db

EMOJI = "张\U0001f600三"


def register(card: tuple[str, str], **overrides: Any) -> dict[str, Any]:
    response = post("/registrations", body(card, **overrides))
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_a_registration_answers_with_a_receipt_that_verifies() -> None:
    program, cards = sold_cards(1)
    answer = register(cards[0])
    assert list(answer) == [
        *("receipt", "serial", "program", "registered_at", "place"),
        *("nonce", "leaf", "signature", "key_id", "status_url"),
    ]
    assert (answer["serial"], answer["program"], answer["place"]) == (cards[0][0], program.code, None)
    assert answer["status_url"] == f"http://testserver/s/{answer['receipt']}/"
    key = next(key for key in get("/keys").json() if key["id"] == answer["key_id"])
    assert set(key) == {"id", "public_key", "from", "until"}
    lines = ["cashback-receipt-v1", answer["key_id"], answer["serial"], answer["nonce"], answer["leaf"]]
    lines.append(answer["registered_at"])
    assert verify_lines(decode_base64url(key["public_key"]), lines, answer["signature"])
    assert len(decode_base64url(answer["signature"])) == 64


def test_what_was_typed_carelessly_is_corrected() -> None:
    _, cards = sold_cards(1)
    serial, pin = cards[0]
    holder = {"name": "  张三 ", "phone": "138 0013 8000"}
    account = {"kind": "cn_card", "number": "6222 0200-0000 0000 000"}
    answer = register((f" {serial[:4]}—{serial[4:]}", pin.lower()), holder=holder, account=account)
    assert answer["serial"] == serial


def test_nothing_is_cached_and_no_cookie_is_set() -> None:
    _, cards = sold_cards(1)
    response = post("/registrations", body(cards[0]))
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    assert get(f"/status/{response.json()['receipt']}")["Cache-Control"] == "no-store"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("serial", {"serial": ""}),
    ("serial", {"serial": None}),
    ("serial", {"serial": "12"}),
    ("serial", {"serial": 12}),
    ("serial", {"serial": "9" * 10_000}),
    ("serial", {"serial": ["1"]}),
    ("pin", {"pin": ""}),
    ("pin", {"pin": None}),
    ("pin", {"pin": "UUUUUUUUUUUUUUUU"}),
    ("pin", {"pin": True}),
    ("holder", {"holder": "张三"}),
    ("holder", {"holder": ["张三"]}),
    ("holder.name", {"holder": {}}),
    ("holder.name", {"holder": None}),
    ("holder.name", {"holder": {"name": EMOJI}}),
    ("holder.name", {"holder": {"name": "x" * 500}}),
    ("holder.name", {"holder": {"name": {"first": "x"}}}),
    ("holder.name", {"holder": {"name": "a\u0000b"}}),
    ("holder.phone", {"holder": {"name": "张三", "phone": "zhang@example.com"}}),
    ("holder.phone", {"holder": {"name": "张三", "phone": 13800138000}}),
    ("holder.email", {"holder": {"name": "张三", "email": "13800138000"}}),
    ("holder.age", {"holder": {"name": "张三", "age": 7}}),
    ("account", {"account": 7}),
    ("account.kind", {"account": {"number": ACCOUNT_NUMBER}}),
    ("account.kind", {"account": {"kind": "paypal", "number": "1"}}),
    ("account.number", {"account": {"kind": "cn_card"}}),
    ("account.number", {"account": {"kind": "cn_card", "number": "6222020000000000001"}}),
    ("account.number", {"account": {"kind": "iban", "number": "DE00123456780000000000"}}),
    ("account.number", {"account": {"kind": "other", "number": "!"}}),
    ("account.bank", {"account": {"kind": "cn_card", "number": ACCOUNT_NUMBER, "bank": "\U0001f3e6"}}),
    ("product", {"product": "Rice cooker"}),
    ("product.name", {"product": {"specification": "5 l"}}),
    ("product.name", {"product": {"name": "x" * 500}}),
    ("product.specification", {"product": {"name": "Rice cooker", "specification": "\u0007"}}),
    ("product.colour", {"product": {"name": "Rice cooker", "colour": "red"}}),
    ("terms_version", {"terms_version": "<script>"}),
    ("terms_version", {"terms_version": "9"}),
    ("colour", {"colour": "red"}),
]


@pytest.mark.parametrize(("field", "overrides"), WRONG, ids=[f"{field}-{n}" for n, (field, _) in enumerate(WRONG)])
def test_each_field_wrong_in_turn_gets_a_message_at_that_field(field: str, overrides: dict[str, Any]) -> None:
    _, cards = sold_cards(1)
    errors = is_problem(post("/registrations", body(cards[0], **overrides)), 422, "invalid_details")["errors"]
    assert list(errors) == [field] or set(errors) <= {"account.kind", "account.number", field}
    assert all(isinstance(message, str) and message for message in errors[field])
    assert not Registration.objects.exists()


def test_all_wrong_fields_are_named_at_once() -> None:
    errors = is_problem(post("/registrations", {}), 422, "invalid_details")["errors"]
    assert set(errors) == {"serial", "pin", "holder.name", "account.kind", "account.number"}


def test_messages_follow_accept_language_and_repeat_nothing_typed() -> None:
    _, cards = sold_cards(1)
    wrong = body(cards[0], holder={"name": EMOJI, "phone": "secret-phone"})
    english = post("/registrations", wrong, **{"Accept-Language": "en"})
    chinese = post("/registrations", wrong, **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert chinese["Content-Language"] == "zh-hans"
    for response in (english, chinese):
        assert "secret-phone" not in response.content.decode()
        assert EMOJI not in json.dumps(response.json(), ensure_ascii=False)


MALFORMED = [
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"7",
    b"\xff\xfe",
    b'{"serial": NaN}',
    b'{"serial": "1", "serial": "2"}',
    b'{"serial": "\\ud800"}',
    b"[" * 16_000,
    b'{"a":' * 3_000,
    b"1" * 16_000,
    b'{"serial": ' + b"9" * 9_000 + b"}",
]


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_a_body_that_cannot_be_read_is_refused(content: bytes) -> None:
    is_problem(post("/registrations", content), 400, "malformed")


@pytest.mark.parametrize("size", [16_385, 2_000_000])
def test_a_huge_body_is_refused(size: int) -> None:
    is_problem(post("/registrations", b'{"serial": "' + b"1" * size + b'"}'), 413, "too_large")


def test_another_type_method_or_address_is_refused() -> None:
    form = Client().post("/api/v1/registrations", "serial=1", content_type="application/x-www-form-urlencoded")
    is_problem(form, 415, "unsupported_media_type")
    is_problem(post("/nothing", {}), 404, "not_found")
    is_problem(get("/registrations"), 405, "method_not_allowed")
    is_problem(get("/status/nothing"), 404, "receipt_not_found")
    is_problem(get("/status/" + "0" * 26), 404, "receipt_not_found")


def test_refusals_without_the_right_pin_are_the_same_bytes() -> None:
    _, cards = sold_cards(3)
    unsold = mint_cards(make_program(), 1)[0]
    register(cards[0])
    _block(cards[1][0])
    unknown = ("99999999999948", other_pin(cards[0][1]))
    asked = [(serial, other_pin(pin)) for serial, pin in (*cards, unsold)] + [unknown]
    answers = [post("/registrations", body(card)) for card in asked]
    is_problem(answers[0], 409, "card_not_accepted")
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_with_the_right_pin_the_truth_is_told() -> None:
    _, cards = sold_cards(2)
    unsold = mint_cards(make_program(), 1)[0]
    register(cards[0])
    _block(cards[1][0])
    is_problem(post("/registrations", body(cards[0])), 409, "already_registered")
    is_problem(post("/registrations", body(cards[1])), 409, "card_blocked")
    is_problem(post("/registrations", body(unsold)), 409, "program_not_open")


def _block(serial: str) -> None:
    one, other = make_user(), make_user("checker")
    now = timezone.now()
    Block.objects.create(
        number=int(serial[:12]),
        kind=BlockKind.FROZEN,
        reason="looked into",
        prepared_by=one,
        prepared_at=now,
        approved_by=other,
        approved_at=now,
    )


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=3)
def test_too_many_attempts_wait() -> None:
    _, cards = sold_cards(1)
    wrong = body((cards[0][0], other_pin(cards[0][1])))
    codes = [post("/registrations", wrong).json()["code"] for _ in range(4)]
    assert codes[:3] == ["card_not_accepted"] * 3
    response = post("/registrations", wrong)
    is_problem(response, 429, "too_many_attempts")
    assert 1 <= int(response["Retry-After"]) <= 120
    assert get("/status/" + "0" * 26).status_code == 404, "a status is read by a limit of its own"


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=3)
def test_typing_errors_are_no_attempts() -> None:
    for _ in range(10):
        is_problem(post("/registrations", {"serial": "12", "pin": "1"}), 422, "invalid_details")


def test_the_details_are_stored_sealed() -> None:
    _, cards = sold_cards(1)
    register(cards[0])
    row = HolderDetails.objects.get()
    assert row.payee
    assert "张三".encode() not in bytes(row.payee)
