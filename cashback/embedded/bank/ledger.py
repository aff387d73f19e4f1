"""The bank's memory: one SQLite file. What it has decided and booked is here before anybody is told.

Every verb is one transaction, so that a bank killed anywhere goes on where its memory ends: what is not in it has not
happened, and what is in it is told until it is known to be delivered.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cashback.embedded.bank.letters import Head

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    message_id TEXT PRIMARY KEY,
    received_as TEXT NOT NULL UNIQUE,
    message_name TEXT NOT NULL,
    payment_block TEXT NOT NULL,
    debtor_account TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refused_file (
    received_as TEXT PRIMARY KEY
);
CREATE TABLE IF NOT EXISTS payment (
    end_to_end_id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES message,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('paid', 'refused', 'returned', 'delayed')),
    reason TEXT,
    book_at REAL,
    CHECK ((outcome = 'refused') = (book_at IS NULL))
);
CREATE TABLE IF NOT EXISTS booking (
    reference TEXT PRIMARY KEY,
    end_to_end_id TEXT NOT NULL REFERENCES payment,
    kind TEXT NOT NULL CHECK (kind IN ('debit', 'return')),
    booked_at REAL NOT NULL,
    UNIQUE (end_to_end_id, kind)
);
CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    due_at REAL NOT NULL,
    body BLOB,
    delivered_at REAL
);
CREATE INDEX IF NOT EXISTS payment_book_at ON payment (book_at);
CREATE INDEX IF NOT EXISTS letter_waiting ON letter (due_at) WHERE delivered_at IS NULL;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A payment that the bank has decided on."""

    end_to_end_id: str
    message_id: str
    amount: str
    currency: str
    outcome: str
    reason: str | None
    book_at: float | None


class Ledger:
    """The tables, and the few questions asked of them."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def has_read(self, received_as: str) -> bool:
        """Whether this very file has been dealt with; it may still lie there after a kill."""
        query = (
            "SELECT 1 FROM message WHERE received_as = ?1 UNION ALL SELECT 1 FROM refused_file WHERE received_as = ?1"
        )
        return self._connection.execute(query, (received_as,)).fetchone() is not None

    def knows_message(self, message_id: str) -> bool:
        """Whether a message of this id was ever taken in."""
        found = self._connection.execute("SELECT 1 FROM message WHERE message_id = ?", (message_id,))
        return found.fetchone() is not None

    def keep_message(self, received_as: str, head: Head) -> None:
        """Remember a message and the file it came in."""
        self._connection.execute(
            "INSERT INTO message (message_id, received_as, message_name, payment_block, debtor_account)"
            " VALUES (?, ?, ?, ?, ?)",
            (head.message_id, received_as, head.message_name, head.payment_block, head.debtor_account),
        )

    def keep_refused_file(self, received_as: str) -> None:
        """Remember a file that brought nothing new."""
        self._connection.execute("INSERT OR IGNORE INTO refused_file (received_as) VALUES (?)", (received_as,))

    def head(self, message_id: str) -> Head:
        """The order of this id."""
        row = self._connection.execute(
            "SELECT message_id, message_name, payment_block, debtor_account FROM message WHERE message_id = ?",
            (message_id,),
        ).fetchone()
        return Head(*row)

    def keep_payment(self, payment: Known) -> bool:
        """Remember a decision; False if the reference was decided on before, in whatever message."""
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO payment (end_to_end_id, message_id, amount, currency, outcome, reason, book_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(payment.end_to_end_id, payment.message_id, payment.amount, payment.currency),
                *(payment.outcome, payment.reason, payment.book_at),
            ),
        )
        return cursor.rowcount == 1

    def due_to_book(self, now: float) -> list[Known]:
        """Payments whose time has come and which are not booked, message by message."""
        rows = self._connection.execute(
            "SELECT end_to_end_id, message_id, amount, currency, outcome, reason, book_at FROM payment"
            " WHERE book_at <= ? AND NOT EXISTS (SELECT 1 FROM booking"
            " WHERE booking.end_to_end_id = payment.end_to_end_id AND kind = 'debit')"
            " ORDER BY message_id, payment.rowid",
            (now,),
        )
        return [Known(*row) for row in rows]

    def due_to_return(self, booked_before: float) -> list[Known]:
        """Payments to be returned whose booking is old enough."""
        rows = self._connection.execute(
            "SELECT payment.end_to_end_id, message_id, amount, currency, outcome, reason, book_at FROM payment"
            " JOIN booking ON booking.end_to_end_id = payment.end_to_end_id AND kind = 'debit'"
            " WHERE outcome = 'returned' AND booked_at <= ? AND NOT EXISTS (SELECT 1 FROM booking AS back"
            " WHERE back.end_to_end_id = payment.end_to_end_id AND back.kind = 'return')"
            " ORDER BY message_id, payment.rowid",
            (booked_before,),
        )
        return [Known(*row) for row in rows]

    def book(self, reference: str, end_to_end_id: str, kind: str, now: float) -> None:
        """Book once; the table refuses a second time."""
        self._connection.execute(
            "INSERT INTO booking (reference, end_to_end_id, kind, booked_at) VALUES (?, ?, ?, ?)",
            (reference, end_to_end_id, kind, now),
        )

    def next_letter_number(self) -> int:
        """The number of the letter that is written next."""
        found = self._connection.execute("SELECT coalesce(max(id), 0) + 1 FROM letter").fetchone()
        return int(found[0])

    def keep_letter(self, name: str, due_at: float, body: bytes) -> None:
        """A letter to be delivered once `due_at` has come."""
        self._connection.execute("INSERT INTO letter (name, due_at, body) VALUES (?, ?, ?)", (name, due_at, body))

    def letters_due(self, now: float) -> Sequence[tuple[int, str, bytes]]:
        """Letters not known to be delivered, in the order they are due."""
        return self._connection.execute(
            "SELECT id, name, body FROM letter WHERE delivered_at IS NULL AND due_at <= ? ORDER BY due_at, id", (now,)
        ).fetchall()

    def letter_delivered(self, number: int, now: float) -> None:
        """The customer has it: its text is forgotten."""
        self._connection.execute("UPDATE letter SET delivered_at = ?, body = NULL WHERE id = ?", (now, number))
