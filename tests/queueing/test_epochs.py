"""Key epochs: the first is begun once; one ends when its time is over, and its key once nothing needs it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.utils import timezone

from cashback.lib import books
from cashback.lib.crypto.keyring import EpochExists, UnknownEpoch
from queueing import details, epochs, locks
from queueing.models import HolderDetails, KeyEpoch
from tests.factories import sold_cards
from tests.queueing.holders import enter
from tests.queueing.lines import line_of


@pytest.mark.django_db
def test_the_first_use_begins_the_first_epoch_and_the_next_finds_it() -> None:
    now = timezone.now()
    epoch = epochs.current(now)
    assert epochs.current(now) == epoch
    assert KeyEpoch.objects.count() == 1
    assert epoch.pk in epochs.ring().epochs()


@pytest.mark.django_db(transaction=True)
def test_whoever_races_for_the_first_epoch_gets_the_same(
    race: Callable[[Callable[[int], Any], int], list[Any]],
) -> None:
    now = timezone.now()
    found = race(lambda _: epochs.current(now).pk, 8)
    assert len(set(found)) == 1
    assert found[0] in epochs.ring().epochs()


@pytest.mark.django_db
def test_another_epoch_takes_over_and_the_old_key_dies_once_nothing_needs_it() -> None:
    _, registrations = line_of(3)
    now = timezone.now()
    payees = details.read_payees(registration_ids=registrations)
    old = epochs.current(now)
    new = epochs.rotate(now=now)
    assert epochs.current(now) == new != old
    assert epochs.destroy_retired(now=now) == []
    assert epochs.rewrap(limit=100) == 3
    assert epochs.rewrap(limit=100) == 0
    assert set(HolderDetails.objects.values_list("epoch_id", flat=True)) == {new.pk}
    assert epochs.destroy_retired(now=now) == [old.pk]
    assert old.pk not in epochs.ring().epochs()
    assert details.read_payees(registration_ids=registrations) == payees
    old.refresh_from_db()
    assert (old.retired_at, old.destroyed_at) == (now, now)


@pytest.mark.django_db
def test_a_backup_of_a_destroyed_epoch_cannot_be_read() -> None:
    _, [registration] = line_of(1)
    backup = HolderDetails.objects.get()
    now = timezone.now()
    epochs.rotate(now=now)
    epochs.rewrap(limit=10)
    epochs.destroy_retired(now=now)
    with pytest.raises(UnknownEpoch):
        epochs.ring().unwrap(backup.epoch_id, bytes(backup.payee_key or b""))
    assert details.read_payees(registration_ids=[registration])


@pytest.mark.django_db
def test_the_calendar_turns_an_epoch_once_its_time_is_over() -> None:
    line_of(2)
    now = timezone.now()
    old = epochs.current(now)
    assert epochs.turn(now=now) == []
    assert epochs.current(now) == old
    assert epochs.turn(now=old.ends_at) == [old.pk]
    assert epochs.current(now).created_at == old.ends_at


@pytest.mark.django_db
def test_a_key_is_kept_while_any_app_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    old = epochs.current(now)
    epochs.rotate(now=now)
    with monkeypatch.context() as patch:
        patch.setattr(books, "sealed_under", lambda _epoch: 1)
        assert epochs.destroy_retired(now=now) == []
    assert epochs.destroy_retired(now=now) == [old.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "place", ["epochs.after_key", "epochs.after_retire", "epochs.after_rewrap", "epochs.after_destroy"]
)
def test_a_turn_cut_short_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    _, registrations = line_of(3)
    monkeypatch.setattr(epochs, "REWRAP_BATCH_MAX", 2)
    old = epochs.current(timezone.now())
    due = old.ends_at

    def cut(name: str) -> None:
        if name == place:
            raise InterruptedError(name)

    with monkeypatch.context() as patch:
        patch.setattr(epochs, "failpoint", cut)
        with pytest.raises(InterruptedError):
            epochs.turn(now=due)
    epochs.turn(now=due)
    old.refresh_from_db()
    assert old.destroyed_at == due
    new = epochs.current(due)
    assert epochs.ring().epochs()[-1] == new.pk
    assert old.pk not in epochs.ring().epochs()
    assert len(details.read_payees(registration_ids=registrations)) == 3


@pytest.mark.django_db(transaction=True)
def test_registrations_go_on_while_epochs_turn(race: Callable[[Callable[[int], Any], int], list[Any]]) -> None:
    _, cards = sold_cards(60)

    def work(number: int) -> list[Any]:
        if number < 4:
            return [enter(card).registration_id for card in cards[number::4]]
        turned = []
        for _turn in range(6):
            with suppress(locks.Busy):
                epochs.rotate(now=timezone.now())
            epochs.rewrap(limit=1_000)
            turned += epochs.destroy_retired(now=timezone.now())
        return turned

    *registered, turned = race(work, 5)
    registrations = [registration for some in registered for registration in some]
    assert len(registrations) == 60
    assert turned
    assert len(details.read_payees(registration_ids=registrations)) == 60
    epochs.rewrap(limit=1_000)
    epochs.destroy_retired(now=timezone.now())
    current = epochs.current(timezone.now())
    assert set(HolderDetails.objects.values_list("epoch_id", flat=True)) == {current.pk}
    assert len(details.read_payees(registration_ids=registrations)) == 60


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_make_one_epoch(race: Callable[[Callable[[int], Any], int], list[Any]]) -> None:
    now = timezone.now()
    epochs.current(now)
    found = race(lambda _: epochs.rotate(now=now).pk, 2)
    assert KeyEpoch.objects.filter(retired_at=None).count() == 1
    # On a slow machine the second one gives up waiting; the schedule would call it again.
    assert all(isinstance(each, int | locks.Busy) for each in found)
    assert any(isinstance(each, int) for each in found)


@pytest.mark.django_db(transaction=True)
def test_a_rotation_takes_the_key_that_a_crash_left() -> None:
    now = timezone.now()
    left = epochs.current(now).pk + 1
    with suppress(EpochExists):
        epochs.ring().create(left)
    assert epochs.rotate(now=now).pk == left
