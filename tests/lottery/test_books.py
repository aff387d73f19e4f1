"""The books of draws find what the database would have refused, planted by its owner."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from cashback.ledger.models import Account, Kind
from cashback.lib import books
from lottery import rewrapping
from lottery.models import Allotment, Draw, Prize, Result
from queueing import awarding, epochs
from queueing.models import Award
from tests.breaches import as_owner
from tests.lottery.draws import Table, lay, pooled

pytestmark = pytest.mark.django_db


@pytest.fixture
def table() -> Table:
    program, _ = pooled(7)
    table = lay(program)
    table.certify()
    return table


def found(words: str) -> list[str]:
    return [breach for breach in books.breaches(timezone.now()) if words in breach]


@pytest.mark.usefixtures("unbalanced")
def test_a_result_that_was_not_drawn(table: Table) -> None:
    with as_owner():
        first, second = table.results()[:2]
        Result.objects.filter(pk=first.pk).update(rank=100)
        Result.objects.filter(pk=second.pk).update(rank=0)
        Result.objects.filter(pk=first.pk).update(rank=1)
    assert found("are not what its pool, secret and figures give")


@pytest.mark.usefixtures("unbalanced")
def test_an_award_of_no_prize(table: Table) -> None:
    with as_owner():
        award = Award.objects.filter(source="draw").first()
        assert award is not None
        Award.objects.filter(pk=award.pk).update(amount_minor=award.amount_minor + 1)
    assert found(f"award {award.pk} is of no prize")


@pytest.mark.usefixtures("unbalanced")
def test_a_prize_that_is_nobodys(table: Table) -> None:
    with as_owner():
        Allotment.objects.filter(number=2).update(ended_at=timezone.now(), end_reason="x")
    assert found("has 3 prizes, and 2 are somebody's")


@pytest.mark.usefixtures("unbalanced")
def test_a_prize_that_is_not_passed_on(table: Table) -> None:
    [award] = Award.objects.filter(source="draw", amount_minor=50_000)
    with transaction.atomic():
        awarding.end(reasons={award.pk: "withdrawn"}, now=timezone.now() - timedelta(minutes=10))
    assert found(f"prize 0 of draw {table.draw.code} is not passed on")


@pytest.mark.usefixtures("unbalanced")
def test_a_fund_that_does_not_hold_what_is_promised(table: Table) -> None:
    with as_owner():
        Account.objects.filter(kind=Kind.PRIZE_FUND).update(balance_minor=69_999)
    assert found("has 69999 of 70000 that draws have promised")


@pytest.mark.usefixtures("unbalanced")
def test_a_draw_whose_time_has_passed() -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.freeze()
    past = timezone.now() - timedelta(days=8)
    with as_owner():
        Draw.objects.filter(pk=table.id).update(
            registered_until=past, freezes_at=past, frozen_at=past, reveals_at=past + timedelta(hours=1)
        )
    assert found(f"draw {table.draw.code} is still frozen")


def test_prizes_are_not_confused_with_those_of_a_draw_whose_number_begins_alike(table: Table) -> None:
    assert Prize.objects.filter(draw=table.id).count() == 2
    assert not found("prizes")


def test_a_sealed_secret_keeps_its_epoch_until_it_is_wrapped_anew() -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    now = timezone.now()
    old = epochs.current(now)
    assert books.sealed_under(old.pk)
    epochs.rotate(now=now)
    epochs.rewrap(limit=100)
    assert epochs.destroy_retired(now=now) == []
    assert rewrapping.rewrap_secrets(limit=10, now=now) == 1
    assert rewrapping.rewrap_secrets(limit=10, now=now) == 0
    assert old.pk in epochs.destroy_retired(now=now)
    table_now = Table(table.read(), table.values, table.organizer, table.checker)
    assert table_now.draw.sealed_epoch_id == epochs.current(now).pk
