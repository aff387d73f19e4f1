"""What the benchmarks share: results, the owner's connection, clocks, processes.

Machines are noisy. Each benchmark runs product and control in one go, in alternating order where it repeats, and
reports ratios of medians; a target that was missed is printed as missed.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event
from typing import Any, Literal, TypeVar

import psycopg2
from django.conf import settings
from django.db import connection
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import cursor as Cursor

from queueing import ordering

TABLES_KEPT = ("django_migrations", "django_content_type", "auth_permission", "auth_group", "lottery_prizecap")
TICK_SECONDS = 2.0
QUICK = os.environ.get("BENCH_QUICK") == "1"
FORK = multiprocessing.get_context("fork")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of the report: two figures and their ratio, or one figure that stands alone.

    The target bounds the ratio, or the figure where there is no control: `at_least` or `at_most`.
    """

    name: str
    product: float
    control: float | None = None
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Product over control."""
        return self.product / self.control if self.control else None

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None where there is none."""
        judged = self.product if self.control is None else self.ratio
        if judged is None or (self.at_least is None and self.at_most is None):
            return None
        return (self.at_least is None or judged >= self.at_least) and (self.at_most is None or judged <= self.at_most)

    @property
    def target(self) -> str:
        """The target in words."""
        mark = "x" if self.control is not None else ""
        if self.at_least is not None:
            return f">= {self.at_least:g}{mark}"
        return f"<= {self.at_most:g}{mark}" if self.at_most is not None else ""

    def row(self) -> dict[str, Any]:
        """The result for the JSON file."""
        ratio = self.ratio
        return {**asdict(self), "ratio": None if ratio is None else round(ratio, 3), "met": self.met}

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        met = {None: "", True: "met", False: "MISSED"}[self.met]
        control = "" if self.control is None else f"{self.control:,.2f}"
        return (
            f"{self.name:<62} {self.product:>13,.2f} {control:>13} {ratio:>8}  {self.unit:<10}"
            f" {self.target:<9} {met:<7} {self.note}"
        ).rstrip()


@contextmanager
def owner() -> Iterator[Cursor]:
    """A cursor of the owner's role, committing each statement, in the database that this process works in."""
    connected = psycopg2.connect(settings.MIGRATION_DATABASE_URL, dbname=connection.settings_dict["NAME"])
    connected.autocommit = True
    try:
        with connected.cursor() as cursor:
            yield cursor
    finally:
        connected.close()


def value(cursor: Cursor, statement: str, parameters: Any = None) -> Any:
    """The one value that a statement answers."""
    cursor.execute(statement, parameters)
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def empty() -> None:
    """Empty every table."""
    with owner() as cursor:
        tables = value(
            cursor,
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> ALL (%s)",
            [list(TABLES_KEPT)],
        )
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def settle() -> None:
    """Let the server finish what it put off, so that the next measurement does not pay for the last."""
    with owner() as cursor:
        cursor.execute("VACUUM ANALYZE")
        with suppress(InsufficientPrivilege):
            cursor.execute("CHECKPOINT")


def seconds(work: Callable[[], object]) -> float:
    """The time of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternating(repeats: int) -> Iterator[Literal["product", "control"]]:
    """Product and control, `repeats` times each, whoever begins changing every time."""
    for turn in range(repeats):
        yield "product" if turn % 2 == 0 else "control"
        yield "control" if turn % 2 == 0 else "product"


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def wal_bytes(work: Callable[[], object]) -> int:
    """How much write-ahead log a piece of work made, everything else being still."""
    with owner() as cursor:
        before = value(cursor, "SELECT pg_current_wal_insert_lsn()")
        work()
        return int(value(cursor, "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", [before]))


def dead_rows() -> int:
    """How many dead rows the line's tables hold, as far as the server has counted."""
    connection.close()
    time.sleep(1)  # sessions hand in their counts when they end
    with owner() as cursor:
        return int(
            value(
                cursor,
                "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE relname LIKE 'queueing\\_%'",
            )
        )


def in_processes(work: Callable[[int], Outcome], processes: int) -> tuple[float, list[Outcome]]:
    """Do the work in so many processes that begin together; the seconds until the last is done, and what they return.

    `work` gets the process's number and finds a database connection of its own.
    """
    connection.close()
    start = FORK.Barrier(processes + 1)
    pipes = [FORK.Pipe(duplex=False) for _ in range(processes)]
    workers = [
        FORK.Process(target=_work, args=(work, index, start, sender), daemon=True)
        for index, (_, sender) in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    start.wait()
    started = time.perf_counter()
    outcomes = [receiver.recv() for receiver, _ in pipes]
    elapsed = time.perf_counter() - started
    for worker in workers:
        worker.join()
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return elapsed, outcomes


def _work(work: Callable[[int], object], index: int, start: Any, sender: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    start.wait()
    try:
        outcome = work(index)
    except Exception as problem:  # noqa: BLE001  the edge of a process: the parent raises it
        outcome = RuntimeError(f"{type(problem).__name__}: {problem}")
    sender.send(outcome)
    connection.close()


@contextmanager
def ticking_passes() -> Iterator[None]:
    """Another process that passes over every line every two seconds, as the schedule does."""
    connection.close()
    stop = FORK.Event()
    ticker = FORK.Process(target=_tick, args=(stop,), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        stop.set()
        ticker.join()


def _tick(stop: Event) -> None:
    while not stop.wait(TICK_SECONDS):
        ordering.run_passes()
    connection.close()


def scaled(full: int, quick: int) -> int:
    """The size of a benchmark: the reported one, or a small one to see that it runs (BENCH_QUICK=1)."""
    return quick if QUICK else full
