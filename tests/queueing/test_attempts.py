"""Attempts: slowed by client and by serial, over a sliding minute, never for ever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from queueing.attempts import TooManyAttempts, count_attempt, count_status_read, sweep_attempts
from queueing.models import AttemptCounter

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
SERIALS = [f"{number:014d}" for number in range(100)]


def refused(*, client: str = "198.51.100.7", serial: str | None = None, now: datetime = NOON) -> int:
    """0 where the attempt is allowed, else the seconds to wait."""
    try:
        count_attempt(client=client, serial=serial, now=now)
    except TooManyAttempts as error:
        return error.retry_after_seconds
    return 0


@pytest.mark.django_db
@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=20)
def test_a_client_has_twenty_attempts_a_minute_and_another_client_its_own() -> None:
    assert [refused(serial=serial) > 0 for serial in SERIALS[:21]] == [False] * 20 + [True]
    assert not refused(client="198.51.100.8", serial=SERIALS[30])


@pytest.mark.django_db
@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=20)
def test_a_serial_has_ten_attempts_a_minute_whoever_tries() -> None:
    tries = [refused(client=f"198.51.100.{number}", serial=SERIALS[0]) > 0 for number in range(11)]
    assert tries == [False] * 10 + [True]
    assert not refused(client="198.51.100.99", serial=SERIALS[1])


@pytest.mark.django_db
@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=20)
@pytest.mark.parametrize("second", [0, 20, 59])
def test_whoever_waits_as_long_as_told_may_try_again_and_not_before(second: int) -> None:
    moment = NOON + timedelta(seconds=second)
    for serial in SERIALS[:25]:
        wait_seconds = refused(serial=serial, now=moment)
    assert 0 < wait_seconds <= 120
    assert refused(serial=SERIALS[40], now=moment + timedelta(seconds=wait_seconds - 3)) > 0
    assert not refused(serial=SERIALS[41], now=moment + timedelta(seconds=wait_seconds + 3))


@pytest.mark.django_db
@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=20)
def test_a_minute_that_slides_over_two_windows_is_one_minute() -> None:
    late, early = NOON + timedelta(seconds=59), NOON + timedelta(seconds=61)
    allowed = sum(not refused(serial=serial, now=late) for serial in SERIALS[:20])
    allowed += sum(not refused(serial=serial, now=early) for serial in SERIALS[20:40])
    assert allowed == 20


@pytest.mark.django_db
def test_nought_switches_it_off_and_reads_of_the_status_have_a_wider_limit() -> None:
    with override_settings(CLIENT_ATTEMPTS_PER_MINUTE=0):
        assert not any(refused(serial=SERIALS[0]) for _ in range(50))
        for _ in range(50):
            count_status_read(client="a", now=NOON)
    assert not AttemptCounter.objects.exists()
    with override_settings(CLIENT_ATTEMPTS_PER_MINUTE=2):
        for _ in range(12):
            count_status_read(client="a", now=NOON)
        with pytest.raises(TooManyAttempts) as caught:
            count_status_read(client="a", now=NOON)
    assert str(caught.value.retry_after_seconds) in caught.value.message


@pytest.mark.django_db
def test_counters_name_nobody_and_are_swept() -> None:
    refused(serial=SERIALS[0])
    for counter in AttemptCounter.objects.all():
        assert len(bytes(counter.key)) == 16
        assert b"198.51" not in bytes(counter.key)
    assert sweep_attempts(now=NOON + timedelta(minutes=2)) == 0
    assert sweep_attempts(now=NOON + timedelta(minutes=10)) == 2


@pytest.mark.django_db(transaction=True)
@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=20)
def test_forty_attempts_at_once_are_counted_one_by_one(race: Callable[[Callable[[int], Any], int], list[Any]]) -> None:
    outcomes = race(lambda number: refused(serial=SERIALS[number]), 40)
    assert sorted(outcome > 0 for outcome in outcomes) == [False] * 20 + [True] * 20
