"""A program or a release that fails does not stop the others, and the failure is seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cashback.lib.crypto.keyring import BrokenSeal
from payouts import collecting, releasing, sending, tasks
from payouts.models import PendingPayout, Release
from queueing import closing, ordering
from queueing.models import HolderDetails, Place
from tests.factories import sold_cards
from tests.payouts.banking import SMALL, Bank, closed, released
from tests.queueing.holders import enter
from tests.queueing.lines import closing_today

pytestmark = pytest.mark.django_db(transaction=True)


class Poisoned(Exception):
    """What one of them raises."""


def poisoned(work: Callable[..., Any], argument: str, value: int) -> Callable[..., Any]:
    """The work, which fails for one."""

    def fails_for_one(**given: Any) -> Any:
        if given[argument] == value:
            raise Poisoned
        return work(**given)

    return fails_for_one


def test_a_release_that_cannot_be_sent_stops_no_other(bank: Bank) -> None:
    first, second = closed(), closed()
    stuck, free = released(first.program), released(second.program)
    registration = first.receipts[0].registration_id
    sealed = HolderDetails.objects.get(pk=registration).payee
    HolderDetails.objects.filter(pk=registration).update(payee=bytes(sealed or b"")[:-1] + b"?")
    with pytest.raises(BrokenSeal):
        sending.send_approved(now=timezone.now())
    states = dict(Release.objects.values_list("pk", "state"))
    assert states == {stuck.pk: "approved", free.pk: "sent"}


def test_a_program_that_cannot_be_collected_stops_neither_the_others_nor_the_tick(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for _ in range(2):
        program, cards = sold_cards(5, **SMALL, release_below_minor=100_000)
        for card in cards:
            enter(card)
        ordering.run_pass(program_id=program.pk)
        lines.append(program.pk)
    with monkeypatch.context() as patch:
        patch.setattr(collecting, "collect", poisoned(collecting.collect, "program_id", lines[0]))
        with pytest.raises(Poisoned):
            tasks.tick_payouts()
    assert set(PendingPayout.objects.values_list("program_id", flat=True)) <= {lines[1]}
    assert list(Release.objects.values_list("program_id", flat=True)) == [lines[1]]
    collecting.collect_all(now=timezone.now())


def test_a_program_that_cannot_be_released_stops_no_other(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = closed(release_below_minor=100_000), closed(release_below_minor=100_000)
    work = poisoned(releasing.release_automatically, "program_id", first.program.pk)
    monkeypatch.setattr(releasing, "release_automatically", work)
    with pytest.raises(Poisoned):
        releasing.release_automatically_all(now=timezone.now())
    assert list(Release.objects.values_list("program_id", flat=True)) == [second.program.pk]


def test_a_line_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = []
    for _ in range(2):
        program, cards = sold_cards(1, **SMALL)
        enter(cards[0])
        programs.append(program.pk)
    monkeypatch.setattr(ordering, "run_pass", poisoned(ordering.run_pass, "program_id", programs[0]))
    with pytest.raises(Poisoned):
        ordering.run_passes()
    assert list(Place.objects.values_list("program_id", flat=True)) == [programs[1]]


def test_a_program_that_does_not_close_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = closing_today(1, **SMALL)
    second, _ = closing_today(1, **SMALL)
    with monkeypatch.context() as patch:
        patch.setattr(closing, "close_program", poisoned(closing.close_program, "program_id", first.pk))
        with pytest.raises(Poisoned):
            closing.close_due(now=timezone.now())
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("published", "closed")
    assert closing.close_due(now=timezone.now() + timedelta(minutes=1)) == [first.code]
