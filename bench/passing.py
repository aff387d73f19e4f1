"""The pass over a long line: against the same moves on the same tables, and against three bare tables.

The control does in one statement a chunk what the pass does in several: places, cycles, awards, erased payees and
their erasures. It locks nothing, looks at no rule but its own and takes everybody to be standing. The bare tables have
two integers a row and one index: what a move between registers costs if a holder is nothing but a number.
"""

import time
from collections.abc import Iterator
from functools import partial

from bench.harness import Result, alternating, dead_rows, empty, in_processes, median, owner, scaled, settle, value
from bench.seeding import Sold, make_program, register, sell
from queueing import ordering

WAITING = scaled(500_000, 20_000)
REPEATS = scaled(2, 1)
CHUNK = 20_000

HAND_WRITTEN = """
WITH arrived AS MATERIALIZED (
    SELECT id, registered_at, %(placed)s + row_number() OVER (ORDER BY registered_at, id) AS place
      FROM queueing_registration
     WHERE program_id = %(program)s AND (registered_at, id) > (%(head_at)s, %(head_id)s)
     ORDER BY registered_at, id LIMIT %(chunk)s
), placed AS (
    INSERT INTO queueing_place (registration_id, program_id, place)
    SELECT id, %(program)s, place FROM arrived ORDER BY place
), awarded AS (
    INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
    SELECT id, %(program)s, 'cycle', (place - 1) / 50 + 1, place,
           CASE WHEN (place - 1) %% 50 < 6 THEN 'cash' ELSE 'gift' END,
           CASE WHEN (place - 1) %% 50 < 6 THEN 8800 ELSE 500 END, now()
      FROM arrived ORDER BY place
), closed AS (
    INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                                gift_awards, closed_at)
    SELECT %(program)s, (place - 1) / 50 + 1, min(place), max(place), 50, 50, 6, 44, now() FROM arrived GROUP BY 2
), gift AS MATERIALIZED (
    SELECT id FROM arrived WHERE (place - 1) %% 50 >= 6
), gone AS (
    DELETE FROM queueing_holderdetails USING gift WHERE registration_id = id AND contact IS NULL
    RETURNING registration_id
), lessened AS (
    UPDATE queueing_holderdetails
       SET payee = NULL, payee_key = NULL, payee_fingerprint = NULL, request_digest = NULL,
           contact_erase_by = now() + interval '1 day'
      FROM gift WHERE registration_id = id AND contact IS NOT NULL
    RETURNING registration_id
), erased AS (
    INSERT INTO queueing_erasure (registration_id, at, what, why, backups_until, signature)
    SELECT registration_id, now(), 'payee', 'gift_verdict', now() + interval '31 days', ''
      FROM (SELECT * FROM gone UNION ALL SELECT * FROM lessened) AS details
)
SELECT place, registered_at, id FROM arrived ORDER BY place DESC LIMIT 1
"""
BARE = """
DROP TABLE IF EXISTS bench_waiting, bench_placed, bench_pending, bench_gift;
CREATE TABLE bench_waiting (id bigint PRIMARY KEY, lot integer NOT NULL);
CREATE TABLE bench_placed (id bigint NOT NULL, place bigint PRIMARY KEY);
CREATE TABLE bench_pending (place bigint PRIMARY KEY, id bigint NOT NULL);
CREATE TABLE bench_gift (place bigint PRIMARY KEY, id bigint NOT NULL);
INSERT INTO bench_waiting SELECT id, 1 FROM generate_series(1, {waiting}) AS id;
"""
BARE_MOVE = """
WITH moved AS (
    DELETE FROM bench_waiting WHERE id > %(head)s AND id <= %(head)s + %(chunk)s RETURNING id
), seated AS (
    SELECT id, %(head)s + row_number() OVER (ORDER BY id) AS place FROM moved
), placed AS (
    INSERT INTO bench_placed SELECT id, place FROM seated
), pending AS (
    INSERT INTO bench_pending SELECT place, id FROM seated WHERE (place - 1) %% 50 < 6
)
INSERT INTO bench_gift SELECT place, id FROM seated WHERE (place - 1) %% 50 >= 6
"""


def run() -> Iterator[Result]:
    """Registrations settled per second."""
    times: dict[str, list[float]] = {"product": [], "control": []}
    dead = 0
    for who in alternating(REPEATS):
        sold = seed()
        if who == "product":
            elapsed, _ = in_processes(partial(_product, sold.program_id), 1)
            dead = dead_rows()
        else:
            elapsed, _ = in_processes(partial(_hand_written, sold.program_id), 1)
        times[who].append(elapsed)
    product = WAITING / median(times["product"])
    yield Result(
        name=f"a pass over {WAITING:,} waiting; the same moves by hand",
        product=product,
        control=WAITING / median(times["control"]),
        unit="cards/s",
        at_least=0.8,
        note=f"{dead:,} dead rows afterwards",
    )
    yield Result(
        name="the same; three bare tables",
        product=product,
        control=WAITING / median([_bare() for _ in range(REPEATS)]),
        unit="cards/s",
        at_least=0.25,
    )


def seed() -> Sold:
    """A program with everybody waiting, and details held of everybody."""
    empty()
    sold = sell(make_program(), WAITING)
    register(sold, details=True)
    settle()
    return sold


def _product(program_id: int, _process: int) -> None:
    report = ordering.run_pass(program_id=program_id)
    assert report.placed == WAITING, report


def _hand_written(program_id: int, _process: int) -> None:
    with owner() as cursor:
        head_at, head_id, placed = value(cursor, "SELECT cut_at FROM queueing_line"), 0, 0
        while placed < WAITING:
            cursor.execute(
                HAND_WRITTEN,
                {"program": program_id, "head_at": head_at, "head_id": head_id, "placed": placed, "chunk": CHUNK},
            )
            found = cursor.fetchone()
            assert found is not None
            placed, head_at, head_id = found


def _bare() -> float:
    with owner() as cursor:
        cursor.execute(BARE.format(waiting=WAITING))
    settle()
    with owner() as cursor:
        started = time.perf_counter()
        for head in range(0, WAITING, CHUNK):
            cursor.execute(BARE_MOVE, {"head": head, "chunk": CHUNK})
        elapsed = time.perf_counter() - started
        assert value(cursor, "SELECT count(*) FROM bench_gift") == WAITING // 50 * 44
        cursor.execute("DROP TABLE bench_waiting, bench_placed, bench_pending, bench_gift")
    return elapsed
