"""Checking the books, and keeping what the last check found."""

from datetime import datetime
from time import monotonic

from cashback.ledger.models import BooksCheck
from cashback.lib import books

# A site whose books are broken at every turn must not fill its disk with saying so.
BREACHES_MAX = 50


def check(*, now: datetime, by_schedule: bool = False, whole: bool = True) -> BooksCheck:
    """Run every invariant and keep the result; at most the first fifty breaches.

    `whole`: from the beginning; else what has come since the check before, and whatever is cheap at any size.
    """
    started = monotonic()
    before = last_check()
    marks = dict(before.marks) if before else {}
    breaches = books.breaches(now) if whole else books.recent_breaches(now, marks)
    return BooksCheck.objects.create(
        whole=whole,
        marks=marks,
        checked_at=now,
        took_ms=round((monotonic() - started) * 1000),
        rules=len(books.invariants()),
        breaches=breaches[:BREACHES_MAX],
        by_schedule=by_schedule,
    )


def last_check() -> BooksCheck | None:
    """The newest result, if the books were ever checked."""
    return BooksCheck.objects.order_by("-pk").first()


def last_whole_check() -> BooksCheck | None:
    """The newest result of a check from the beginning, among the newest of a week."""
    newest = BooksCheck.objects.order_by("-pk").values_list("pk", "whole")[:3000]
    found = next((pk for pk, whole in newest if whole), None)
    return None if found is None else BooksCheck.objects.get(pk=found)


def last_scheduled_at() -> datetime | None:
    """When the schedule last had the books checked; the few newest checks are looked at."""
    newest = BooksCheck.objects.order_by("-pk").values_list("checked_at", "by_schedule")[:100]
    return next((checked_at for checked_at, by_schedule in newest if by_schedule), None)
