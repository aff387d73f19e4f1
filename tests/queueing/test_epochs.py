"""The first epoch: begun once, its key there before anybody sees it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from queueing import epochs
from queueing.models import KeyEpoch


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
