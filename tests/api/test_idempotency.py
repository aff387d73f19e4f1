"""Repeated requests: the same key and body get the same answer, and nothing happens twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cashback.api import idempotency
from cashback.api.models import IdempotencyRecord
from queueing.models import Registration
from tests.api.asking import body, is_problem, post
from tests.factories import sold_cards
from tests.queueing.holders import other_pin

Race = Callable[[Callable[[int], Any], int], list[Any]]


@pytest.mark.django_db
def test_the_same_key_and_body_get_the_same_answer() -> None:
    _, cards = sold_cards(1)
    first, second = (post("/registrations", body(cards[0]), key="a") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    assert Registration.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_a_mismatch() -> None:
    _, cards = sold_cards(2)
    post("/registrations", body(cards[0]), key="a")
    is_problem(post("/registrations", body(cards[1]), key="a"), 422, "idempotency_mismatch")
    assert Registration.objects.count() == 1


@pytest.mark.django_db
def test_a_key_belongs_to_its_path_and_caller() -> None:
    _, cards = sold_cards(2)
    assert post("/registrations", body(cards[0]), key="a").status_code == 201
    assert post("/receipts", {"serial": cards[0][0], "pin": cards[0][1]}, key="a").status_code == 202


@pytest.mark.django_db
def test_a_refusal_is_repeated_too() -> None:
    _, cards = sold_cards(1)
    wrong = body((cards[0][0], other_pin(cards[0][1])))
    first, second = (post("/registrations", wrong, key="a") for _ in range(2))
    is_problem(second, 409, "card_not_accepted")
    assert first.content == second.content


@pytest.mark.django_db
def test_a_crash_after_registering_still_gives_the_same_receipt() -> None:
    _, cards = sold_cards(1)
    first = post("/registrations", body(cards[0]), key="a")
    IdempotencyRecord.objects.all().delete()
    assert post("/registrations", body(cards[0]), key="a").json() == first.json()
    is_problem(post("/registrations", body(cards[0]), key="b"), 409, "already_registered")
    is_problem(post("/registrations", body(cards[0])), 409, "already_registered")


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    _, cards = sold_cards(1)
    is_problem(post("/registrations", body(cards[0]), key=key), 400, "invalid_idempotency_key")


@pytest.mark.django_db
def test_a_record_names_nobody_and_opens_only_with_the_key() -> None:
    _, cards = sold_cards(1)
    receipt = post("/registrations", body(cards[0]), key="a").json()["receipt"]
    record = IdempotencyRecord.objects.get()
    stored = b"".join(bytes(part or b"") for part in (record.scope, record.body_digest, record.answer))
    for secret in (receipt, cards[0][0], "zhang@example.com", "张三"):
        assert secret.encode() not in stored


@pytest.mark.django_db
def test_records_are_swept_after_a_day() -> None:
    _, cards = sold_cards(1)
    post("/registrations", body(cards[0]), key="a")
    now = timezone.now()
    assert idempotency.sweep(now=now + timedelta(hours=23)) == 0
    assert idempotency.sweep(now=now + timedelta(hours=25)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_register_once(race: Race) -> None:
    _, cards = sold_cards(1)
    answers = race(lambda _number: post("/registrations", body(cards[0]), key="a"), 6)
    done = [answer for answer in answers if answer.status_code == 201]
    assert done
    assert len({answer.content for answer in done}) == 1
    for answer in answers:
        if answer.status_code != 201:
            is_problem(answer, 409, "in_progress")
    assert Registration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_runs_the_second_is_told_so(race: Race) -> None:
    _, cards = sold_cards(1)

    seen: list[int] = []
    original = idempotency._claim

    def note(scope: bytes) -> None:
        seen.append(int.from_bytes(scope[:8], "big", signed=True))
        original(scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, "_claim", note)
        post("/registrations", {**body(cards[0]), "pin": other_pin(cards[0][1])}, key="a")
    IdempotencyRecord.objects.all().delete()
    lock = seen[0]
    answers = race(lambda number: _hold_and_ask(number, lock, cards[0]), 2)
    problem = next(answer for answer in answers if answer is not None)
    is_problem(problem, 409, "in_progress")
    assert problem["Retry-After"] == "1"


def _hold_and_ask(number: int, lock: int, card: tuple[str, str]) -> Any:
    """One holds the claim as a running request does, long enough for the other to ask."""
    with connection.cursor() as cursor:
        if number == 0:
            cursor.execute("SELECT pg_advisory_xact_lock(%s), pg_sleep(1)", [lock])
            return None
        cursor.execute("SELECT pg_sleep(0.3)")
    return post("/registrations", body(card), key="a")
