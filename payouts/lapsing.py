"""Lapsing: what nobody chose or fetched in time, and gifts of who has left. Parcels posted long ago have arrived."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from payouts import ecodes, handing_over, stock
from payouts.gift_rows import SQL, GiftRow, erase_after, lock_gifts
from payouts.models import Gift, Way
from payouts.queries import source
from queueing import timeline
from queueing.delivering import keep_delivery_until

LAPSED = "gift_lapsed"
BATCH_MAX = 500
KEEP_BEFORE = timedelta(days=2)
KEPT_DAYS_MIN = 4  # more than the above, or it would never be enough

_SQL = source("lapsing")


def lapse_gifts(*, now: datetime) -> int:
    """Let gifts lapse, or count as arrived, whose time is over; returns how many. Batches in transactions of their own.

    A gift that is owed lapses `claim_days` after it was, counted only while there was something to choose; one that is
    ready for its holder to fetch or read, `claim_days` after it was ready. A parcel counts as arrived then.
    """
    watch_offers(now=now)
    programs = [row[0] for row in _SQL.rows("programs_with_gifts")]
    return sum(for_each("gifts of program", programs, lambda program_id: _lapse(program_id, now)))


@transaction.atomic
def watch_offers(*, now: datetime) -> None:
    """Note since when each program's holders have had something to choose."""
    _SQL.run("watch_offers", now=now)


@transaction.atomic
def keep_deliveries(*, now: datetime) -> int:
    """Keep what gifts that are still to come are delivered by, for as long as there is to fetch one; how many moved.

    A bounded number at a time: call it until there is none, and before what is past its time is erased.
    """
    by_days: dict[int, list[int]] = {}
    for registration_id, claim_days in _SQL.rows("near_their_end", soon=now + KEEP_BEFORE, gifts_max=BATCH_MAX):
        by_days.setdefault(max(claim_days, KEPT_DAYS_MIN), []).append(registration_id)
    return sum(
        keep_delivery_until(registration_ids=registrations, at=now + timedelta(days=days))
        for days, registrations in sorted(by_days.items())
    )


def lapse_of_withdrawn(*, since: datetime, now: datetime) -> int:
    """Let gifts lapse of holders who have withdrawn since then; their pieces go back. Returns how many."""
    return _end_all("open_of_withdrawn", now, since=since)


def _lapse(program_id: int, now: datetime) -> int:
    return sum(_end_all(why, now, program=program_id, now=now) for why in ("unchosen", "unfetched", "long_posted"))


def _end_all(why: str, ended_at: datetime, **parameters: object) -> int:
    """Batch by batch, until nothing is found that is still so under lock."""
    ended = 0
    while awards := [row[0] for row in _SQL.rows(why, gifts_max=BATCH_MAX, **parameters)]:
        done = _end(awards, why, ended_at)
        ended += done
        if not done:
            break
    return ended


def _end(awards: Sequence[int], why: str, now: datetime) -> int:
    """End the gifts that were found, as far as they are under lock what they were found to be."""
    with transaction.atomic():
        rows = [row for row in lock_gifts(awards) if _still(row, why, now)]
        if why == "long_posted":
            handing_over.hand_over(rows, by_id=None, now=now)
        elif rows:
            lapse(rows, now=now)
    failpoint("gift.lapsed")
    return len(rows)


def lapse(rows: Sequence[GiftRow], *, now: datetime) -> None:
    """Let locked gifts lapse in the caller's transaction: pieces and codes go back, deliveries are erased."""
    awards = [row.award_id for row in rows]
    done = SQL.run("lapse", awards=awards, now=now)
    assert done == len(rows), "a gift changed under its lock"
    erase_after(rows, "lapsed", now)
    timeline.record(registration_ids=[row.registration_id for row in rows], event=LAPSED, at=now)
    stock.give_back(offer_ids=[row.offer_id for row in rows if row.offer_id is not None])
    ecodes.give_back(award_ids=awards)


def _still(row: GiftRow, why: str, now: datetime) -> bool:
    over = row.since + timedelta(days=row.claim_days) <= now
    if why == "unchosen":
        return row.state == Gift.State.OWED and over and not row.frozen
    if why == "unfetched":
        return row.state == Gift.State.READY and row.way in {Way.DEALER, Way.CODE} and over and not row.frozen
    if why == "long_posted":
        return row.state == Gift.State.READY and row.way == Way.POST and over
    waits = row.state == Gift.State.READY and row.way in {Way.DEALER, Way.CODE}
    return row.ended and (waits or row.state in {Gift.State.OWED, Gift.State.CHOSEN})
