"""One cycle's close deep in a long line, and under an old snapshot that keeps every dead row alive.

Depth: two databases, one with a line of a million closed places, one with ten thousand; in each the next fifty
register and the pass closes their cycle, two hundred times, taking turns.

Snapshot: another session holds a REPEATABLE READ transaction open while 3 000 cycles close; the last of them stand
beside a line in another database, which the snapshot does not reach. What the benchmark must be able to see is what
becomes of the usual design, one wide table whose rows change their status and an index on it: there the dead rows pile
up at the head.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection

import psycopg2
from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.harness import FORK, Result, empty, median, owner, scaled, settle
from bench.seeding import make_program, register, sell, settle_all
from queueing import ordering

SIZE = 50
LONG, SHORT = scaled(1_000_000, 50_000), scaled(10_000, 2_000)
REPEATS = scaled(200, 20)
UNDER_SNAPSHOT = scaled(3_000, 300)
WARM_UP = 10
SAMPLE = scaled(100, 20)

STATUS_TABLE = """
DROP TABLE IF EXISTS bench_status;
CREATE TABLE bench_status (
    id bigserial PRIMARY KEY, program bigint NOT NULL, registered_at timestamptz NOT NULL, status text NOT NULL,
    place bigint, details bytea NOT NULL
);
CREATE INDEX bench_status_waiting ON bench_status (program, status, registered_at, id);
"""
STATUS_ARRIVE = """
INSERT INTO bench_status (program, registered_at, status, details)
SELECT 1, clock_timestamp(), 'waiting', sha512(int8send(number)) || sha512(int8send(-number))
  FROM generate_series(1, 50) AS number
"""
STATUS_CLOSE = """
WITH seated AS (
    SELECT id, row_number() OVER (ORDER BY registered_at, id) AS turn FROM (
        SELECT id, registered_at FROM bench_status
         WHERE program = 1 AND status = 'waiting' ORDER BY registered_at, id LIMIT 50) AS head
)
UPDATE bench_status SET status = CASE WHEN turn <= 6 THEN 'cash' ELSE 'gift' END, place = turn
  FROM seated WHERE bench_status.id = seated.id
"""


def run() -> Iterator[Result]:
    """Medians of the pass that closes one cycle, and what became of them."""
    yield from _depth()
    yield from _snapshot()


def _depth() -> Iterator[Result]:
    empty()
    times: dict[int, list[float]] = {LONG: [], SHORT: []}
    with _other_database() as other:
        here = str(connection.settings_dict["NAME"])
        with _database(here, LONG) as long_line, _database(other, SHORT) as short_line:
            pair = [(LONG, long_line), (SHORT, short_line)]
            for turn in range(WARM_UP + REPEATS):
                for places, close in pair if turn % 2 == 0 else reversed(pair):
                    elapsed = close()
                    if turn >= WARM_UP:
                        times[places].append(elapsed)
    yield Result(
        name=f"one cycle at a line of {LONG:,}; at one of {SHORT:,}",
        product=1000 * median(times[LONG]),
        control=1000 * median(times[SHORT]),
        unit="ms",
        at_most=1.5,
        note=f"medians of {REPEATS}",
    )


@contextmanager
def _other_database() -> Iterator[str]:
    """An empty database like this one, beside it."""
    connection.close()
    here = str(connection.settings_dict["NAME"])
    other = f"{here}_other"
    with owner() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')
        cursor.execute(f'CREATE DATABASE "{other}" TEMPLATE "{here}"')
    try:
        yield other
    finally:
        with owner() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')


@contextmanager
def _database(name: str, places: int) -> Iterator[Callable[[], float]]:
    """A process that lives in one database with a line of so many places; called, it closes the next cycle."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_close_on_demand, args=(theirs, name, places), daemon=True)
    process.start()
    assert ours.recv() == "ready"

    def close() -> float:
        ours.send("close")
        return float(ours.recv())

    try:
        yield close
    finally:
        ours.send("end")
        process.join()


def _close_on_demand(pipe: "Connection[str | float, str]", name: str, places: int) -> None:
    connection.settings_dict["NAME"] = name
    line = _Line(places, WARM_UP + REPEATS)
    pipe.send("ready")
    while pipe.recv() == "close":
        pipe.send(line.close_a_cycle())
    connection.close()


def _snapshot() -> Iterator[Result]:
    empty()
    old: list[float] = []
    free: list[float] = []
    status_times: list[float] = []
    with _other_database() as other, _database(other, SHORT) as free_line:
        line, status = _Line(SHORT, UNDER_SNAPSHOT), _Status()
        with _old_snapshot():
            for turn in range(UNDER_SNAPSHOT):
                old.append(line.close_a_cycle())
                status_times.append(status.close_a_cycle())
                if turn >= UNDER_SNAPSHOT - SAMPLE:
                    free.append(free_line())
        status.drop()
        connection.close()
    yield Result(
        name=f"a cycle after {UNDER_SNAPSHOT:,} under an old snapshot; without one at that time",
        product=1000 * median(old[-SAMPLE:]),
        control=1000 * median(free),
        unit="ms",
        at_most=1.5,
        note=f"medians of {SAMPLE}; the first under the snapshot took {1000 * median(old[:SAMPLE]):.1f} ms",
    )
    yield Result(
        name="what must slow down, a table with a status column: the last of them; the first",
        product=1000 * median(status_times[-SAMPLE:]),
        control=1000 * median(status_times[:SAMPLE]),
        unit="ms",
        at_least=5.0,
        note=f"medians of {SAMPLE}",
    )


@contextmanager
def _old_snapshot() -> Iterator[None]:
    """Another session that began to read and has not ended: a backup, a forgotten console."""
    reader = psycopg2.connect(settings.DATABASE_URL)
    reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM queueing_line")
    try:
        yield
    finally:
        reader.close()


class _Line:
    """A line with so many places given, whose next cycles close one by one."""

    def __init__(self, places: int, cycles: int) -> None:
        placed = range(1, places + 1)
        self.sold = sell(make_program(), places + cycles * SIZE)
        register(self.sold, details=False, numbers=placed)
        settle_all(self.sold, numbers=placed)
        settle()
        self.next = places + 1

    def close_a_cycle(self) -> float:
        """Fifty register, which is not counted; the seconds of the pass that closes their cycle."""
        numbers = range(self.next, self.next + SIZE)
        register(self.sold, details=True, start=timezone.now() - timedelta(milliseconds=1), numbers=numbers)
        self.next += SIZE
        started = time.perf_counter()
        report = ordering.run_pass(program_id=self.sold.program_id)
        elapsed = time.perf_counter() - started
        assert report.cycles_closed == 1, report
        return elapsed


class _Status:
    """The control: one wide table whose rows change their status, and an index that begins with it."""

    def __init__(self) -> None:
        with owner() as cursor:
            cursor.execute(STATUS_TABLE)
        self.connected = psycopg2.connect(settings.MIGRATION_DATABASE_URL)
        self.connected.autocommit = True

    def close_a_cycle(self) -> float:
        """Fifty arrive, which is not counted; the seconds of the statement that closes their cycle."""
        with self.connected.cursor() as cursor:
            cursor.execute(STATUS_ARRIVE)
            started = time.perf_counter()
            cursor.execute(STATUS_CLOSE)
            assert cursor.rowcount == SIZE
            return time.perf_counter() - started

    def drop(self) -> None:
        """Leave nothing behind."""
        self.connected.close()
        with owner() as cursor:
            cursor.execute("DROP TABLE bench_status")
