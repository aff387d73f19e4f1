"""Checks of the books are kept, and are facts."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.utils import timezone

from cashback.ledger.checking import check, last_check
from cashback.ledger.models import BooksCheck
from cashback.ledger.tasks import check_books

Refuses = Callable[[str], AbstractContextManager[None]]


@pytest.mark.django_db
def test_the_last_check_is_kept() -> None:
    assert last_check() is None
    check_books()
    now = timezone.now()
    check(now=now)
    found = last_check()
    assert found is not None
    assert (found.checked_at, found.breaches) == (now, [])
    assert found.rules > 0


@pytest.mark.django_db
def test_a_check_is_never_rewritten(database_refuses: Refuses) -> None:
    check(now=timezone.now())
    with database_refuses("permission denied for table ledger_bookscheck"):
        BooksCheck.objects.update(breaches=["none"])
