"""Minting: a batch of cards by COPY, and its manifest for the printer, encrypted while it is made.

The batch's row comes first and keeps its numbers; each chunk of cards is committed with the batch's progress. A batch
is sold from only once `minted_at` is set, which is the last step: killed before, it stays as it is, is never sold, and
minting again makes another batch.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max

from cards import locks
from cards.models import Batch, Program, ProgramState
from cards.pressing import presses
from cards.programs import ProgramStateRefuses, ProgramUnknown
from cashback.lib.crypto.age import AgeWriter, Recipient
from cashback.lib.crypto.digests import PinKey, read_key_file
from cashback.lib.errors import DomainError
from cashback.lib.sql import Queries

CARDS_MAX = 100_000_000
QUERIES = Queries(Path(__file__).parent / "sql" / "minting.sql")
_COPY_BUFFER_BYTES = 1 << 20


class CardsOutOfRange(DomainError):
    """A batch has 1 to %(most)s cards, not %(cards)s."""

    code = "cards_out_of_range"


class PlaintextRefused(DomainError):
    """Only a demo mints in clear: name the printer's key."""

    code = "plaintext_refused"


class PrinterKeyUnusable(DomainError):
    """The printer's key is not an age recipient (age1...)."""

    code = "printer_key_unusable"


def mint(
    *,
    program_id: int,
    cards: int,
    out: BinaryIO,
    printer_key: str | None,
    now: datetime,
    progress: Callable[[int], None] | None = None,
    kept: Callable[[], None] | None = None,
) -> Batch:
    """Mint a batch. `out` receives the manifest: a line "serial,pin" a card, both as printed.

    `printer_key` is an age recipient; None writes in clear, in a demo only. `progress` hears how many cards there are
    after each chunk; `kept` is called when the manifest is complete, before the batch can be sold: keep it safe there.
    Raises CardsOutOfRange, PlaintextRefused, PrinterKeyUnusable, ProgramUnknown, ProgramStateRefuses.
    """
    if not 1 <= cards <= CARDS_MAX:
        raise CardsOutOfRange(most=CARDS_MAX, cards=cards)
    recipient = _recipient(printer_key)
    key = read_key_file(settings.PIN_KEY_FILE)
    batch = _begin(program_id=program_id, cards=cards, key_id=PinKey(key).id, printer=recipient, now=now)
    target = _Hashed(out)
    # The processes first: they are forked, and the cipher is a thread.
    with presses(key, batch.first_number, cards) as chunks, _manifest(target, recipient) as manifest:
        minted = 0
        for chunk in chunks:
            _keep(batch, chunk.cards, chunk.rows)
            manifest.write(chunk.manifest)
            minted += chunk.cards
            if progress:
                progress(minted)
    if kept:
        kept()
    Batch.objects.filter(pk=batch.pk, minted_at=None).update(minted_at=now, manifest_sha256=target.hexdigest())
    return Batch.objects.get(pk=batch.pk)


def _recipient(printer_key: str | None) -> Recipient | None:
    if printer_key is None:
        if not settings.DEMO:
            raise PlaintextRefused
        return None
    try:
        return Recipient(printer_key)
    except ValueError:
        raise PrinterKeyUnusable from None


@transaction.atomic
def _begin(*, program_id: int, cards: int, key_id: str, printer: Recipient | None, now: datetime) -> Batch:
    """Take the next numbers, after those of every batch there is."""
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise ProgramUnknown(program=program_id)
    if program.state not in {ProgramState.DRAFT, ProgramState.PUBLISHED}:
        raise ProgramStateRefuses(program=program.code, state=program.get_state_display())
    locks.hold(locks.NUMBERS)
    following = Batch.objects.aggregate(following=Max(F("first_number") + F("cards")))["following"]
    return Batch.objects.create(
        program=program,
        first_number=following or 1,
        cards=cards,
        pin_key_id=key_id,
        printer_key=str(printer) if printer else "",
        started_at=now,
    )


@transaction.atomic
def _keep(batch: Batch, cards: int, rows: bytes) -> None:
    with connection.cursor() as cursor:
        # A chunk need not be on the disk before the next: the commit that allows selling puts all before it there.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.copy_expert(QUERIES["copy_cards"], io.BytesIO(rows), _COPY_BUFFER_BYTES)
    Batch.objects.filter(pk=batch.pk).update(minted=F("minted") + cards)


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


@contextmanager
def _manifest(target: "_Hashed", recipient: Recipient | None) -> Iterator[_Sink]:
    """Where lines in clear go: through the cipher, where there is a recipient."""
    with AgeWriter(target, [recipient]) if recipient else nullcontext(target) as sink:  # type: ignore[arg-type]
        yield sink
    target.flush()


class _Hashed:
    """A target that remembers the hash of what went through it."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._hash = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self._hash.update(data)
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
