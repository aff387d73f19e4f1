"""Prizes whose winners are not paid: to the next reserve that stands, in order, once; or to nobody."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, balance_minor
from lottery import certifying, funding, passing_on, selectors, ticking
from lottery.models import Allotment
from payouts import collecting, sweeping
from queueing import erasing
from queueing.models import Award, Registration
from tests.lottery.draws import Table, lay, pooled
from tests.queueing.lines import leave

pytestmark = pytest.mark.django_db


def certified(registrations: int = 7) -> Table:
    program, _ = pooled(registrations)
    table = lay(program)
    table.certify()
    collecting.collect(program_id=program.pk, now=timezone.now())
    return table


def withdraw(table: Table, rank: int) -> None:
    """A result leaves the line, and payouts notice."""
    leave(table.results()[rank].registration_id)
    sweeping.cancel_withdrawn(now=timezone.now())


def holders(table: Table) -> list[int | None]:
    """By prize, the rank of the result that has it."""
    living = Allotment.objects.filter(draw=table.id, ended_at=None).select_related("result")
    has = {allotment.number: allotment.result.rank for allotment in living}
    return [has.get(number) for number in range(3)]


def test_a_winner_who_withdraws_makes_way_for_the_first_reserve() -> None:
    table = certified()
    withdraw(table, 0)
    assert passing_on.due() == [table.id]
    assert passing_on.pass_on(draw_id=table.id, now=timezone.now()) == 1
    assert holders(table) == [3, 1, 2]
    assert passing_on.due() == []
    assert passing_on.pass_on(draw_id=table.id, now=timezone.now()) == 0
    award = Award.objects.get(source="draw", registration=table.results()[3].registration_id)
    assert award.amount_minor == 50_000
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert public.winners is not None
    assert public.winners[0].ended == "withdrawn"
    collecting.collect(program_id=table.draw.program_id, now=timezone.now())
    assert funding.fund(program_id=table.draw.program_id) == (0, 0)


def test_a_reserve_who_is_not_paid_makes_way_too_until_nobody_is_left() -> None:
    table = certified()
    withdraw(table, 1)
    passing_on.pass_on(draw_id=table.id, now=timezone.now())
    assert holders(table) == [0, 3, 2]
    withdraw(table, 4)  # the last reserve leaves before its turn
    withdraw(table, 3)
    collecting.collect(program_id=table.draw.program_id, now=timezone.now())
    passing_on.pass_on(draw_id=table.id, now=timezone.now())
    assert holders(table) == [0, None, 2]
    [transfer] = Transfer.objects.filter(event=Event.PRIZE_NOT_AWARDED)
    assert (transfer.reference, transfer.amount_minor) == (f"draw:{table.id}:1", 10_000)
    assert balance_minor(AccountKey(Kind.PRIZE_FUND, "CNY", table.draw.program_id)) == 0
    ended = Allotment.objects.exclude(ended_at=None).order_by("result__rank")
    assert [(allotment.result.rank, allotment.end_reason) for allotment in ended] == [
        (1, "withdrawn"),
        (3, "withdrawn"),
        (4, "not_standing"),
    ]


def test_a_winner_without_details_has_claim_days() -> None:
    program, _ = pooled(4)  # no cycle has closed, so that everybody's details are held
    table = lay(program)
    table.certify()
    winner = table.results()[0].registration_id
    erasing.erase(registration_ids=[winner], what="payee_and_contact", why="expired", now=timezone.now())
    collecting.collect(program_id=program.pk, now=timezone.now())
    in_time = timezone.now() + timedelta(days=program.claim_days - 1)
    sweeping.lapse(now=in_time)
    assert passing_on.due() == []
    late = in_time + timedelta(days=2)
    sweeping.lapse(now=late)
    ticking.tick(now=late)
    assert holders(table) == [3, 1, 2]
    assert Allotment.objects.get(result__rank=0).end_reason == "no_details"


def test_a_winner_who_is_disqualified_by_two_people_makes_way() -> None:
    table = certified(4)
    winner = table.results()[2].registration_id
    Registration.objects.filter(pk=winner).update(frozen_at=timezone.now())
    sweeping.refresh_frozen(now=timezone.now())
    award = Award.objects.get(source="draw", registration=winner)
    assert sweeping.cancel_on_hold(award_id=award.pk, now=timezone.now())
    ticking.tick(now=timezone.now())
    assert holders(table) == [0, 1, 3]
    assert Allotment.objects.get(result__rank=2).end_reason == "decided"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.integers(1, 9),
    prizes=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    reserves=st.integers(0, 4),
    left_before=st.sets(st.integers(0, 12)),
    leaving=st.lists(st.integers(0, 12), max_size=8),
)
def test_prizes_go_where_the_rule_says(
    entries: int, prizes: list[int], reserves: int, left_before: set[int], leaving: list[int]
) -> None:
    """A model: each prize in turn to the next in rank who stands; whoever leaves later makes way for the next."""
    with transaction.atomic():
        _follow_the_model(entries, prizes, reserves, left_before, leaving)
        transaction.set_rollback(True)


def _follow_the_model(
    entries: int, prizes: list[int], reserves: int, left_before: set[int], leaving: list[int]
) -> None:
    program, _ = pooled(entries)
    amounts = [(10_000 * (place + 1), count) for place, count in enumerate(prizes)]
    table = lay(program, prizes=amounts, reserves=reserves)
    table.verify()
    total, ranks = sum(prizes), len(table.results())
    assert ranks == min(entries, total + reserves)
    for rank in left_before & set(range(ranks)):
        leave(table.results()[rank].registration_id)
    certifying.certify(draw_id=table.id, by_id=table.checker, now=table.published)
    gone, has = set(left_before), dict[int, int]()
    queue = iter(range(ranks))
    open_prizes = list(range(total))

    def serve(numbers: list[int]) -> None:
        # In rounds: each open prize takes the next result, and those who do not stand leave theirs open.
        while numbers:
            pairs = [(number, rank) for number, rank in zip(sorted(numbers), _take(queue, len(numbers)), strict=False)]
            if not pairs:
                return
            has.update({number: rank for number, rank in pairs if rank not in gone})
            numbers = [number for number in numbers if number not in has]

    serve(open_prizes)
    now = timezone.now()
    for step, rank in enumerate(leaving):
        if rank >= ranks or rank in gone:
            continue
        gone.add(rank)
        _leave(table, rank, now + timedelta(seconds=step))
        passing_on.pass_on(draw_id=table.id, now=now + timedelta(seconds=step))
        lost = [number for number, holder in has.items() if holder == rank]
        for number in lost:
            del has[number]
        serve(lost)
    living = Allotment.objects.filter(draw=table.id, ended_at=None).select_related("result")
    assert {allotment.number: allotment.result.rank for allotment in living} == has
    assert Transfer.objects.filter(event=Event.PRIZE_NOT_AWARDED).count() == total - len(has)
    collecting.collect(program_id=program.pk, now=now)
    assert funding.fund(program_id=program.pk) == (0, 0)


def _take(queue: object, count: int) -> list[int]:
    taken = []
    for _ in range(count):
        rank = next(queue, None)  # type: ignore[call-overload]
        if rank is None:
            break
        taken.append(rank)
    return taken


def _leave(table: Table, rank: int, now: datetime) -> None:
    collecting.collect(program_id=table.draw.program_id, now=now)
    withdraw(table, rank)
