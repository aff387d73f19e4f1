"""Checks of the books are kept, and are facts."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from django.utils import timezone

from cashback.ledger.checking import check, last_check, last_whole_check
from cashback.ledger.models import BooksCheck
from cashback.ledger.tasks import check_all_books, check_books
from cashback.lib import books

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
@pytest.mark.usefixtures("unbalanced")
def test_the_schedule_goes_on_from_the_marks_and_the_night_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, int]] = []

    def recent(now: datetime, marks: books.Marks) -> list[str]:
        seen.append(dict(marks))
        marks["line"] = marks.get("line", 0) + 5
        return ["planted"] if len(seen) == 2 else []

    rule = books.Invariant(2, "planted", lambda _now: ["from the beginning"], recent)
    monkeypatch.setattr(books, "invariants", lambda: [rule])
    for _ in range(4):
        check_books()
    assert seen == [{}, {"line": 5}, {"line": 5}, {"line": 10}]
    kept = list(BooksCheck.objects.order_by("pk").values_list("whole", "breaches", "marks"))
    assert kept[1] == (False, ["2 planted: planted"], {"line": 5}), "a broken rule's marks stay"
    check_all_books()
    whole = last_whole_check()
    assert whole is not None
    assert (whole.breaches, whole.marks, whole.by_schedule) == (["2 planted: from the beginning"], {"line": 15}, True)


@pytest.mark.django_db
def test_a_check_is_never_rewritten(database_refuses: Refuses) -> None:
    check(now=timezone.now())
    with database_refuses("permission denied for table ledger_bookscheck"):
        BooksCheck.objects.update(breaches=["none"])
