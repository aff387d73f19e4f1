"""What a receipt opens through the API: status, correct, withdraw, export, and a lost receipt."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cashback.lib.crypto.signatures import decode_base64url, verify_lines
from queueing import erasing, ordering
from queueing.models import Erasure, ReceiptRequest, Registration
from tests.api.asking import body, get, is_problem, post
from tests.factories import sold_cards
from tests.queueing.holders import other_pin

pytestmark = pytest.mark.django_db

STATUS = {
    *("program", "product", "registered_at", "place", "cycle", "ahead", "until_close", "outcome", "frozen", "awards"),
    *("nonce", "leaf", "signature", "key_id", "details", "erase_by", "erasures", "timeline"),
}


@pytest.fixture
def card() -> tuple[str, str]:
    return sold_cards(1)[1][0]


@pytest.fixture
def receipt(card: tuple[str, str]) -> str:
    return str(post("/registrations", body(card)).json()["receipt"])


def proof(card: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"serial": card[0], "pin": card[1], **more}


def test_status_has_the_shape_that_was_promised(receipt: str) -> None:
    status = get(f"/status/{receipt}").json()
    assert set(status) == STATUS
    assert (status["place"], status["outcome"], status["details"], status["awards"]) == (None, "waiting", "held", [])
    assert status["product"] == {"name": "Rice cooker", "specification": "5 l"}
    assert status["timeline"][0]["event"] == "registered"
    assert status["erase_by"].endswith("Z")


def test_a_receipt_is_read_as_it_is_typed(receipt: str) -> None:
    assert get(f"/status/{receipt[:4].lower()}-{receipt[4:]}").status_code == 200


def test_a_place_is_shown_once_it_is_given(receipt: str) -> None:
    ordering.run_pass(program_id=Registration.objects.get().program_id)
    status = get(f"/status/{receipt}").json()
    assert (status["place"], status["cycle"], status["ahead"], status["until_close"]) == (1, 1, 0, 49)


def test_a_closed_cycle_shows_its_awards() -> None:
    program, cards = sold_cards(4, cycle_size=4, payouts_per_cycle=1, card_price_minor=4_000)
    receipts = [post("/registrations", body(card)).json()["receipt"] for card in cards]
    ordering.run_pass(program_id=program.pk)
    first, last = (get(f"/status/{receipts[at]}").json() for at in (0, 3))
    assert (first["outcome"], last["outcome"]) == ("cash", "gift")
    (award,) = first["awards"]
    assert set(award) == {"id", "source", "kind", "amount_minor", "currency", "state", "reason", "since"}
    assert (award["source"], award["kind"], award["state"]) == ("cycle", "cash", "due")
    assert award["amount_minor"] == program.face_value_minor
    assert last["awards"][0]["state"] == "owed"
    assert [entry["url"] for entry in last["erasures"]]


def test_details_are_corrected_with_receipt_serial_and_pin(card: tuple[str, str], receipt: str) -> None:
    change = proof(card, account={"kind": "iban", "number": "DE89 3704 0044 0532 0130 00"})
    response = post(f"/registrations/{receipt}/correct", change)
    assert response.status_code == 200, response.content
    assert "corrected" in [entry["event"] for entry in response.json()["timeline"]]
    is_problem(post(f"/registrations/{receipt}/correct", change), 409, "nothing_to_correct")
    is_problem(post(f"/registrations/{receipt}/correct", proof(card)), 409, "nothing_to_correct")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("holder.name", {"holder": {"phone": "13800138000"}}),
        ("holder", {"holder": "x"}),
        ("account.number", {"account": {"kind": "iban", "number": "DE00"}}),
        ("product", {"product": {"name": "x"}}),
    ],
)
def test_a_wrong_change_is_named(card: tuple[str, str], receipt: str, field: str, change: dict[str, Any]) -> None:
    response = post(f"/registrations/{receipt}/correct", proof(card, **change))
    assert list(is_problem(response, 422, "invalid_details")["errors"]) == [field]


@pytest.mark.parametrize("what", ["correct", "withdraw", "export"])
def test_nothing_is_done_without_the_right_pin_and_receipt(card: tuple[str, str], receipt: str, what: str) -> None:
    wrong = {"serial": card[0], "pin": other_pin(card[1])}
    more = {"holder": {"name": "李四"}} if what == "correct" else {}
    is_problem(post(f"/registrations/{receipt}/{what}", wrong | more), 409, "card_not_accepted")
    is_problem(post(f"/registrations/{'0' * 26}/{what}", proof(card) | more), 404, "receipt_not_found")


def test_withdrawing_destroys_the_details_and_proves_it(card: tuple[str, str], receipt: str) -> None:
    first = post(f"/registrations/{receipt}/withdraw", proof(card), key="w")
    assert first.status_code == 200, first.content
    assert (first.json()["outcome"], first.json()["details"]) == ("withdrawn", "erased")
    assert post(f"/registrations/{receipt}/withdraw", proof(card), key="w").content == first.content
    erasing.sign_erasures(limit=10)
    found = first.json()["erasures"][0]
    erasure = get(found["url"].removeprefix("http://testserver/api/v1")).json()
    assert set(erasure) == {"id", "at", "what", "why", "backups_until", "key_id", "signature"}
    key = next(key for key in get("/keys").json() if key["id"] == erasure["key_id"])
    lines = ["cashback-erasure-v1"] + [erasure[name] for name in ("key_id", "id", "at", "what", "why", "backups_until")]
    assert verify_lines(decode_base64url(key["public_key"]), lines, erasure["signature"])


def test_an_erasure_that_is_not_there_is_not_found() -> None:
    for number in ("1", "x", "9" * 30, "-1"):
        is_problem(get(f"/erasures/{number}"), 404, "not_found")
    assert not Erasure.objects.exists()


def test_the_holder_hears_what_is_held(card: tuple[str, str], receipt: str) -> None:
    response = post(f"/registrations/{receipt}/export", proof(card))
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json()["payee"]["name"] == "张三"
    assert response.json()["contact"]["email"] == "zhang@example.com"


def test_an_export_is_not_kept_for_a_repeated_request(card: tuple[str, str], receipt: str) -> None:
    post(f"/registrations/{receipt}/export", proof(card), key="e")
    again = post(f"/registrations/{receipt}/export", proof(card), key="e")
    assert "Idempotency-Replayed" not in again


def test_a_lost_receipt_is_replaced_after_three_days(card: tuple[str, str], receipt: str) -> None:
    asked = post("/receipts", proof(card))
    assert asked.status_code == 202
    assert set(asked.json()) == {"available_at"}
    assert post("/receipts", proof(card)).json() == asked.json()
    ReceiptRequest.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    given = post("/receipts", proof(card))
    assert given.status_code == 200
    assert set(given.json()) == {"receipt", "status_url"}
    assert get(f"/status/{given.json()['receipt']}").status_code == 200
    is_problem(get(f"/status/{receipt}"), 404, "receipt_not_found")


def test_a_receipt_is_replaced_for_nobody_without_the_pin(card: tuple[str, str], receipt: str) -> None:
    is_problem(post("/receipts", {"serial": card[0], "pin": other_pin(card[1])}), 409, "card_not_accepted")
