"""Several workers at once: nothing is collected, released, sent, paid or refused twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import answers, collecting, releasing, sending
from payouts.models import Attempt, BankFile, BankLine, Gift, PendingPayout, Refund, Release
from payouts.releasing import NothingDue, ReleaseNotOpen
from queueing import ordering
from tests.factories import make_user, sold_cards
from tests.payouts.banking import PAID, SMALL, Bank, closed, released, sent
from tests.payouts.conftest import bank  # noqa: F401  the fixture
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db(transaction=True)
Race = Callable[[Callable[[int], Any], int], list[Any]]


def test_awards_are_collected_once(race: Race) -> None:
    program, cards = sold_cards(25, **SMALL)
    for card in cards:
        enter(card, number=PAID)
    ordering.run_pass(program_id=program.pk)
    results = race(lambda _: collecting.collect(program_id=program.pk, now=timezone.now()), 4)
    assert sum(result.cash for result in results) == PendingPayout.objects.count() == 10
    assert Gift.objects.count() == 15


def test_a_payout_enters_one_release(race: Race) -> None:
    line = closed(cycles=3)
    person = make_user()
    results = race(lambda _: releasing.prepare(program_id=line.program.pk, by_id=person.pk, now=timezone.now()), 4)
    assert sum(isinstance(result, Release) for result in results) == 1
    assert sum(isinstance(result, NothingDue) for result in results) == 3
    assert Release.objects.get().payouts == 6


def test_a_release_is_approved_or_called_off(race: Race) -> None:
    line = closed()
    release = releasing.prepare(program_id=line.program.pk, by_id=make_user().pk, now=timezone.now())
    person = make_user("checker")

    def work(number: int) -> Release:
        if number % 2:
            return releasing.cancel(release_id=release.pk, now=timezone.now())
        return releasing.approve(release_id=release.pk, by_id=person.pk, now=timezone.now())

    results = race(work, 4)
    assert all(isinstance(result, Release | ReleaseNotOpen) for result in results)
    release.refresh_from_db()
    assert release.state in {"approved", "cancelled"}


def test_a_release_is_sent_once(race: Race, bank: Bank) -> None:  # noqa: F811
    line = closed(cycles=3)
    release = released(line.program)
    results = race(lambda _: sending.send(release_id=release.pk, now=timezone.now()), 4)
    assert sorted(results) == [False, False, False, True]
    assert Attempt.objects.count() == 6
    assert len(bank.outbox) == 1
    assert line.balance(Kind.IN_TRANSIT) == 60_000


def test_the_schedule_releases_and_sends_once_whoever_ticks(race: Race, bank: Bank) -> None:  # noqa: F811
    line = closed(cycles=3, release_below_minor=100_000)

    def tick(_: int) -> None:
        for _again in range(3):
            releasing.release_automatically_all(now=timezone.now())
            sending.send_approved(now=timezone.now())

    assert race(tick, 4) == [None] * 4
    assert Attempt.objects.count() == 6
    assert line.balance(Kind.IN_TRANSIT) == 60_000


def test_a_file_is_taken_in_and_applied_once(race: Race, bank: Bank) -> None:  # noqa: F811
    line = closed(cycles=3)
    attempts = sent(line.program)
    for attempt in attempts:
        bank.drop(bank.notice([attempt]))
        bank.drop(bank.notice([attempt]))
    results = race(lambda _: answers.answer(now=timezone.now()), 4)
    assert not [result for result in results if isinstance(result, BaseException)]
    answers.answer(now=timezone.now())
    assert Refund.objects.count() == 6
    assert not PendingPayout.objects.exists()
    assert sorted(BankLine.objects.values_list("outcome").annotate(lines=Count("id"))) == [
        ("applied", 6),
        ("repeated", 6),
    ]
    assert BankFile.objects.exclude(reason="doubled").count() == 12
    assert not BankFile.objects.filter(reason="doubled").exists()
