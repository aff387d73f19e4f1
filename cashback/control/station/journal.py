"""The station's memory: what it was told, what came of it, what it still has to report. Synced before it acts.

One SQLite file; every public method is one transaction, on disk when it returns unless it says otherwise. What was
asked for stands here before it is begun, so a station that is killed goes on where it was; an instruction that comes
twice is answered from here.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS work (
    id TEXT PRIMARY KEY,
    origin TEXT NOT NULL CHECK (origin IN ('centre', 'client')),
    verb TEXT NOT NULL,
    arguments TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'running', 'done', 'failed', 'refused')),
    attempts INTEGER NOT NULL DEFAULT 0,
    received_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    ended_at REAL,
    result TEXT NOT NULL DEFAULT '{}',
    error TEXT,
    CHECK ((ended_at IS NULL) = (state IN ('accepted', 'running')))
);
CREATE INDEX IF NOT EXISTS work_open ON work (received_at) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    work TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    envelope TEXT NOT NULL,
    sent_at REAL,
    UNIQUE (work, sequence)
);
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_KEPT_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """One thing that the centre or a client asked for."""

    id: str
    origin: str
    verb: str
    arguments: dict[str, Any]
    state: str
    attempts: int
    received_at: float
    expires_at: float
    ended_at: float | None
    result: dict[str, Any]
    error: dict[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A signed report of one step, to be kept in the same transaction as the step."""

    sequence: int
    envelope: str


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """A report that the broker has not taken yet."""

    position: int
    envelope: str


class Journal:
    """The journal of one station."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._synced = True
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def accept(
        self,
        *,
        id: str,
        origin: str,
        verb: str,
        arguments: dict[str, Any],
        now: float,
        expires_at: float,
        step: Step | None,
    ) -> bool:
        """Keep what was asked for; False if it is known already, and then nothing changes."""
        with self._transaction() as execute:
            values = (id, origin, verb, json.dumps(arguments), "accepted", now, expires_at)
            inserted = execute(
                "INSERT INTO work (id, origin, verb, arguments, state, received_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                values,
            ).rowcount
            if inserted:
                self._keep(execute, id, step)
            return bool(inserted)

    def start(self, id: str, *, step: Step | None) -> int:
        """It is being done; how often it has been begun by now. Not synced: a power cut ends the run too."""
        with self._transaction(synced=False) as execute:
            execute(
                "UPDATE work SET state = 'running', attempts = attempts + 1 WHERE id = ? AND ended_at IS NULL", (id,)
            )
            self._keep(execute, id, step)
            return int(execute("SELECT attempts FROM work WHERE id = ?", (id,)).fetchone()[0])

    def finish(
        self,
        id: str,
        *,
        state: str,
        result: dict[str, Any],
        error: dict[str, str] | None,
        now: float,
        step: Step | None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        """It has ended; `facts` change in the same transaction."""
        with self._transaction() as execute:
            kept_error = None if error is None else json.dumps(error)
            updated = execute(
                "UPDATE work SET state = ?, result = ?, error = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL",
                (state, json.dumps(result), kept_error, now, id),
            ).rowcount
            assert updated == 1, "what has ended does not end again"
            self._keep(execute, id, step)
            for name, value in (facts or {}).items():
                self._set(execute, name, value)

    def find(self, id: str) -> Work | None:
        """What is known of it."""
        with self._transaction() as execute:
            row = execute("SELECT * FROM work WHERE id = ?", (id,)).fetchone()
            return None if row is None else _work(row)

    def recover(self) -> list[Work]:
        """After a start: what was not ended, in order of arrival; what was being done waits again."""
        with self._transaction() as execute:
            execute("UPDATE work SET state = 'accepted' WHERE state = 'running'")
            return [
                _work(row) for row in execute("SELECT * FROM work WHERE ended_at IS NULL ORDER BY received_at, rowid")
            ]

    def answer_again(self, id: str) -> None:
        """Send the reports of a known instruction once more."""
        with self._transaction() as execute:
            execute("UPDATE outbox SET sent_at = NULL WHERE work = ?", (id,))

    def unsent(self, count_max: int) -> list[Unsent]:
        """Reports for the broker, in order."""
        with self._transaction() as execute:
            rows = execute(
                "SELECT position, envelope FROM outbox WHERE sent_at IS NULL ORDER BY position LIMIT ?", (count_max,)
            )
            return [Unsent(position=row["position"], envelope=row["envelope"]) for row in rows]

    def mark_sent(self, positions: list[int], *, now: float) -> None:
        """The broker has taken them. Not synced: what a power cut forgets is sent twice, and counts once."""
        with self._transaction(synced=False) as execute:
            for position in positions:
                execute("UPDATE outbox SET sent_at = ? WHERE position = ?", (now, position))

    def fact(self, name: str, default: Any) -> Any:
        """What the station remembers about itself."""
        with self._transaction() as execute:
            row = execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            return default if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Remember it."""
        with self._transaction() as execute:
            self._set(execute, name, value)

    def count_fact(self, name: str) -> None:
        """One more of it."""
        with self._transaction() as execute:
            execute(
                "INSERT INTO facts VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
                (name,),
            )

    def forget_old(self, *, now: float) -> None:
        """Forget what ended a day ago, once it could not be delivered again either and its reports are sent."""
        with self._transaction() as execute:
            execute(
                "DELETE FROM work WHERE ended_at < ? AND (origin = 'client' OR expires_at < ?)"
                " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.work = work.id AND sent_at IS NULL)",
                (now - _KEPT_SECONDS, now - _KEPT_SECONDS),
            )
            execute("DELETE FROM outbox WHERE sent_at IS NOT NULL AND work NOT IN (SELECT id FROM work)")

    def _keep(self, execute: Any, id: str, step: Step | None) -> None:
        if step is not None:  # a step that was reported before a kill is not reported in other words
            execute(
                "INSERT INTO outbox (work, sequence, envelope) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (id, step.sequence, step.envelope),
            )

    def _set(self, execute: Any, name: str, value: Any) -> None:
        execute(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    @contextmanager
    def _transaction(self, *, synced: bool = True) -> Iterator[Any]:
        with self._lock:
            if synced != self._synced:
                self._database.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                self._synced = synced
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database.execute
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _work(row: sqlite3.Row) -> Work:
    values = dict(row)
    values["arguments"] = json.loads(row["arguments"])
    values["result"] = json.loads(row["result"])
    values["error"] = None if row["error"] is None else json.loads(row["error"])
    return Work(**values)
