"""The clock takes every draw as far as it can go, and one that cannot holds up no other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.lib.crypto.keyring import BrokenSeal
from lottery import selectors, tasks, ticking
from lottery.models import Draw, DrawState
from tests.breaches import as_owner
from tests.factories import make_program
from tests.lottery.draws import lay, pooled

pytestmark = pytest.mark.django_db


def test_one_tick_does_all_that_is_due() -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.announce()
    ticking.tick(now=table.frozen - timedelta(seconds=1))
    assert table.read().state == DrawState.ANNOUNCED
    ticking.tick(now=table.frozen)
    assert table.read().state == DrawState.FROZEN
    ticking.tick(now=table.revealed)
    assert table.read().state == DrawState.REVEALED
    ticking.tick(now=table.published)
    assert table.read().state == DrawState.REVEALED
    table.enter()
    ticking.tick(now=table.published)
    assert table.read().state == DrawState.VERIFIED


def test_a_draw_that_fails_holds_up_no_other() -> None:
    program, _ = pooled(5)
    broken, sound = lay(program), lay(program)
    broken.freeze()
    sound.freeze()
    with as_owner():
        Draw.objects.filter(pk=broken.id).update(sealed_secret=b"x" * 60)
    with pytest.raises(BrokenSeal):
        ticking.tick(now=sound.revealed)
    assert broken.read().state == DrawState.FROZEN
    assert sound.read().state == DrawState.REVEALED


def test_a_draw_that_waits_is_no_failure() -> None:
    program, _ = pooled(5)
    table = lay(program, registered_until=timezone.now() + timedelta(minutes=5))
    table.announce()
    ticking.tick(now=table.frozen)
    assert table.read().state == DrawState.ANNOUNCED


def test_a_program_nobody_has_registered_in_has_an_empty_pool() -> None:
    table = lay(make_program())
    table.announce()
    ticking.tick(now=table.frozen)
    assert table.read().entries == 0


def test_a_leaf_says_what_it_drew() -> None:
    program, registrations = pooled(7)
    table = lay(program)
    table.draw_up()
    first = table.results()[0]
    assert selectors.result_of_leaf(table.draw.code, first.leaf) is None
    tasks.tick_draws()
    found = selectors.result_of_leaf(table.draw.code, first.leaf)
    assert found is not None
    assert (found.rank, found.prize, found.amount_minor) == (0, 0, 50_000)
    assert selectors.result_of_leaf(table.draw.code, "0" * 64) is None
    by_rank = {result.registration_id: result.rank for result in table.results()}
    for registration in registrations:
        [entry] = selectors.entries_of(registration)
        assert (entry.result.rank if entry.result else None) == by_rank.get(registration)
    assert [line.id for line in selectors.public_draws(program_id=program.pk)] == [table.draw.code]
    assert selectors.public_draws(program_id=program.pk + 1) == []


def test_secrets_are_wrapped_anew_by_the_clock() -> None:
    tasks.rewrap_secrets()
