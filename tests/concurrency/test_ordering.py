"""Places under fire: eight writers and two passes; and two ways of doing it wrong, which the same check finds."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import dj_database_url
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from cards.models import Program
from queueing import erasing, locks, ordering
from queueing.lines import ensure_line
from tests.factories import Cards, sold_cards
from tests.queueing.holders import enter
from tests.queueing.lines import (
    arrive,
    arrive_at_once,
    awards_of,
    held_payees,
    in_arrival_order,
    leave,
    line_of,
    places_of,
    settle,
    small,
)

pytestmark = pytest.mark.django_db(transaction=True)
Race = Callable[[Callable[[int], Any], int], list[Any]]
Write = Callable[[tuple[str, str]], Any]
Pass = Callable[[int], Any]
WRITERS, PASSES = 8, 2
ROUNDS = 8
OWNER = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)["USER"]


def fire(race: Race, program: Program, cards: Cards, write: Write, one_pass: Pass) -> None:
    """Writers and passes at once; the passes go on until the last writer is done."""
    finished: list[int] = []

    def work(number: int) -> None:
        if number < WRITERS:
            try:
                for card in cards[number::WRITERS]:
                    write(card)
            finally:
                finished.append(number)
            return
        deadline = time.monotonic() + 60
        while len(finished) < WRITERS and time.monotonic() < deadline:
            one_pass(program.pk)

    failed = [result for result in race(work, WRITERS + PASSES) if isinstance(result, Exception)]
    assert not failed, failed
    one_pass(program.pk)


def in_order(program: Program) -> bool:
    """Whether everybody has a place, and the places are those of their arrival."""
    return places_of(program) == in_arrival_order(program)


def slowly(card: tuple[str, str], *, barrier: bool) -> None:
    """Register, and take a moment from the time of registration to the commit, as a busy machine does."""
    with transaction.atomic():
        if barrier:
            locks.lock_shared(locks.LINE, _program_of(card))
        arrive_at_once([card])
        time.sleep(random.uniform(0, 0.015))


def _program_of(card: tuple[str, str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT program_id FROM cards_lot WHERE numbers @> %s::bigint", [int(card[0][:12])])
        return int(cursor.fetchone()[0])


def settle_in_one_statement(program_id: int) -> None:
    """Wait for the barrier and read in one statement: the snapshot is older than the lock."""
    with transaction.atomic(), connection.cursor() as cursor:
        locks.lock(locks.SETTLING, program_id)  # passes do not get in each other's way
        cursor.execute(
            """
            WITH barrier AS MATERIALIZED (SELECT pg_advisory_xact_lock(1, %(program)s) IS NULL AS never),
            arrived AS (
                SELECT registration.id, registration.registered_at,
                       row_number() OVER (ORDER BY registration.registered_at, registration.id) AS turn
                  FROM barrier, queueing_registration AS registration, queueing_line AS line
                 WHERE line.program_id = %(program)s AND registration.program_id = %(program)s AND NOT never
                   AND (registration.registered_at, registration.id) > (line.head_at, line.head_id)
            ), placed AS (
                INSERT INTO queueing_place (registration_id, program_id, place)
                SELECT id, %(program)s, line.placed + turn
                  FROM arrived, queueing_line AS line WHERE line.program_id = %(program)s
            )
            UPDATE queueing_line AS line
               SET cut_at = last.registered_at, head_at = last.registered_at, head_id = last.id,
                   placed = line.placed + last.turn
              FROM (SELECT * FROM arrived ORDER BY turn DESC LIMIT 1) AS last
             WHERE line.program_id = %(program)s
            """,
            {"program": program_id},
        )


def test_eight_writers_and_two_passes_give_places_in_order_of_arrival(race: Race) -> None:
    program, cards = sold_cards(320)
    fire(race, program, cards, enter, lambda program_id: ordering.run_pass(program_id=program_id))
    assert in_order(program)
    assert len(places_of(program)) == 320
    assert sum(map(len, awards_of(program, "cash").values())) == 36
    erasing.sign_erasures()


def test_slow_writers_are_waited_for(race: Race) -> None:
    program, cards = sold_cards(240, cycle_size=500, payouts_per_cycle=60)
    ensure_line(program.pk)
    fire(
        race,
        program,
        cards,
        lambda card: slowly(card, barrier=True),
        lambda program_id: ordering.run_pass(program_id=program_id),
    )
    assert in_order(program)


def goes_wrong(race: Race, write: Write, one_pass: Pass) -> bool:
    """Whether the check finds a place out of order; a fault of timing may take several rounds to show."""
    for _ in range(ROUNDS):
        program, cards = sold_cards(240, cycle_size=500, payouts_per_cycle=60)
        ensure_line(program.pk)
        fire(race, program, cards, write, one_pass)
        if not in_order(program):
            return True
    return False


@pytest.mark.usefixtures("unbalanced")
def test_without_the_barrier_the_same_check_fails(race: Race) -> None:
    assert goes_wrong(
        race,
        lambda card: slowly(card, barrier=False),
        lambda program_id: ordering.run_pass(program_id=program_id),
    )


@pytest.mark.usefixtures("unbalanced")
def test_with_lock_and_read_in_one_statement_the_same_check_fails(race: Race) -> None:
    assert goes_wrong(race, lambda card: slowly(card, barrier=True), settle_in_one_statement)


def test_a_stalled_registration_does_not_stop_the_pass(race: Race) -> None:
    program, cards = sold_cards(6, **small())
    arrive(cards[:5])
    stalled, settled = threading.Event(), threading.Event()

    def work(number: int) -> Any:
        if number:
            with transaction.atomic():
                locks.lock_shared(locks.LINE, program.pk)
                stalled.set()
                assert settled.wait(timeout=30)
            return None
        assert stalled.wait(timeout=30)
        started = time.monotonic()
        report = ordering.run_pass(program_id=program.pk)
        took = time.monotonic() - started
        settled.set()
        return report, took

    report, took = race(work, 2)[0]
    assert (report.cut_moved, report.placed) == (False, 0)
    assert took < 1
    report = settle(program)
    assert (report.cut_moved, report.placed, report.cycles_closed) == (True, 5, 1)


def test_withdrawals_come_strictly_before_or_after_a_close(race: Race) -> None:
    program, registrations = line_of(60, **small())

    def work(number: int) -> None:
        if number:
            for registration in registrations[number::12]:
                with transaction.atomic():
                    locks.lock_shared(locks.SETTLING, program.pk)
                    leave(registration)
        else:
            ordering.run_pass(program_id=program.pk)

    failed = [result for result in race(work, 4) if isinstance(result, Exception)]
    assert not failed, failed
    settle(program)  # the books are checked after every test


PLACES = ["after_cut", "after_places", "after_awards", "after_erasing", "before_commit", "after_commit"]


@pytest.mark.parametrize("place", PLACES)
def test_a_pass_killed_anywhere_is_finished_by_the_next(place: str) -> None:
    program, registrations = line_of(12, **small())
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": settings.DATABASE_URL.rpartition("/")[0] + f"/{name}",
        "FAILPOINT": f"pass.{place}",
        "DEMO": "1",
    }
    command = [sys.executable, "manage.py", "run_pass", "--program", program.code]
    killed = subprocess.run(
        command, check=False, env=environment, capture_output=True, timeout=60, cwd=settings.BASE_DIR
    )
    assert killed.returncode == 137, killed.stderr
    settle(program)
    assert places_of(program) == registrations
    assert awards_of(program, "cash") == {1: [1, 2], 2: [6, 7]}
    assert awards_of(program, "gift") == {1: [3, 4, 5], 2: [8, 9, 10]}
    assert len(held_payees(program)) == 6


@pytest.mark.parametrize("place", PLACES)
def test_a_pass_whose_connection_is_cut_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    program, registrations = line_of(12, **small())

    def cut(name: str) -> None:
        if name == f"pass.{place}":
            with connection.cursor() as cursor:
                cursor.execute(f'SET ROLE "{OWNER}"')
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(ordering, "failpoint", cut)
        with pytest.raises(OperationalError):
            ordering.run_pass(program_id=program.pk)
    connection.close()
    settle(program)
    assert places_of(program) == registrations
    assert awards_of(program, "cash") == {1: [1, 2], 2: [6, 7]}
    assert len(held_payees(program)) == 6
