"""A bank's answers: taken in and sealed, read into lines, and applied in the order in which they came.

Three steps, each committed by itself and safe to repeat: a file is gone from the folder only after its row stands.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from cashback.lib.crypto.keyring import BrokenSeal, UnknownEpoch
from cashback.lib.crypto.sealing import Sealed, seal, unseal
from cashback.lib.failpoints import failpoint
from payouts import settlement
from payouts.deciding import Action, Standing, Word, decide
from payouts.locks import Lock, lock, try_lock
from payouts.models import BankFile, BankLine, Release
from payouts.queries import source
from payouts.rails.files import decrypt_incoming, destroy_incoming, read_incoming
from payouts.rails.messages import Answer, UnreadableAnswer, Verdict
from payouts.rails.registry import rail
from payouts.sending import key_file
from queueing import epochs
from queueing.locks import KEYRING, lock_shared

LINES_MAX = 1_000  # of a transaction
DOUBLED = "doubled"
# A statement tells of everybody's payments, and what others wrote into their references may name people: only what
# has the form of ours is kept.
FOREIGN = "FOREIGN"
_OUR_REFERENCE = re.compile(r"A[0-9]{1,19}-[0-9]{1,5}-[0-9A-Z]{5}", re.ASCII)
_OUR_MESSAGE = re.compile(r"R[0-9]{1,19}-[0-9A-Z]{5}", re.ASCII)

_OUTCOMES = {
    Action.REPEATED: BankLine.Outcome.REPEATED,
    Action.UNKNOWN: BankLine.Outcome.UNKNOWN,
    Action.CONTRADICTS: BankLine.Outcome.CONTRADICTS,
    Action.DOUBT: BankLine.Outcome.CONTRADICTS,
    Action.DOUBT_REFUSED: BankLine.Outcome.CONTRADICTS,
    Action.WAIT: BankLine.Outcome.WAITING,
}
_SQL = source("answers")


@dataclass(frozen=True)
class TakenIn:
    """How many files came in, and how many of them had been seen before."""

    files: int
    doubled: int


def answer(*, now: datetime) -> Counter[str]:
    """All three steps: take files in, read them, apply their lines. Returns what came of the lines."""
    take_in(now=now)
    read_files(now=now)
    return apply_lines(now=now)


def take_in(*, now: datetime) -> TakenIn:
    """Seal every file that the bank has left, then remove it from the folder. One seen before is only recorded."""
    folder: Path = settings.BANK_INBOX_DIR
    if not folder.is_dir():
        return TakenIn(0, 0)
    files = doubled = 0
    for name, data in read_incoming(folder):
        file = _record(folder, name, data, now)
        failpoint("answer.taken_in")
        destroy_incoming(folder, name)
        files += 1
        doubled += file is not None and file.reason == DOUBLED
    return TakenIn(files, doubled)


def read_files(*, now: datetime) -> int:
    """Reduce files that were taken in to lines; what cannot be read is quarantined. Returns how many files."""
    waiting = BankFile.objects.filter(destroyed_at=None, state=BankFile.State.RECEIVED, kind="").order_by("pk")
    read = 0
    for file_id in list(waiting.values_list("pk", flat=True)):
        read += _read_file(file_id)
        failpoint("answer.read")
    return read


def apply_lines(*, now: datetime) -> Counter[str]:
    """Apply the lines that wait, a thousand in a transaction; returns how many came out how.

    A line that has to wait for another one is passed by, and looked at again next time.
    """
    outcomes: Counter[str] = Counter()
    after = 0
    while True:
        words, told = _apply_chunk(after, now)
        outcomes.update(told.values())
        failpoint("answer.applied")
        if words < LINES_MAX:
            break
        after = max(told)
    _SQL.run("settle_files")
    settlement.settle_releases(now=now)
    return outcomes


@transaction.atomic
def _record(folder: Path, name: str, data: bytes, now: datetime) -> BankFile | None:
    """The file's row; None if it has one already, because a worker was killed or another one was faster."""
    lock(Lock.INTAKE)
    try:
        content, reason = decrypt_incoming(data, key_file(settings.BANK_INBOX_KEY_FILE)), ""
    except UnreadableAnswer as unreadable:
        content, reason = data, unreadable.reason
    sha256 = hashlib.sha256(content).hexdigest()
    row_name = name.encode("utf-8", "replace").decode("utf-8")[:200]
    known = BankFile.objects.filter(sha256=sha256).order_by("pk").first()
    if known is not None:
        if known.name == row_name and not _came_after(folder / name, known.received_at):
            return None
        return BankFile.objects.create(
            name="",
            sha256=sha256,
            state=BankFile.State.QUARANTINED,
            reason=DOUBLED,
            received_at=now,
            destroyed_at=now,
        )
    lock_shared(KEYRING)
    epoch = epochs.current(now)
    sealed = seal(epochs.ring(), epoch.pk, content, _context(sha256))
    return BankFile.objects.create(
        name=row_name,
        sha256=sha256,
        state=BankFile.State.QUARANTINED if reason else BankFile.State.RECEIVED,
        reason=reason,
        epoch=epoch,
        content=sealed.ciphertext,
        content_key=sealed.wrapped_key,
        received_at=now,
    )


def _came_after(path: Path, at: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_ctime, UTC) > at
    except FileNotFoundError:
        return False


@transaction.atomic
def _read_file(file_id: int) -> bool:
    file = (
        BankFile.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=file_id, state=BankFile.State.RECEIVED, kind="", destroyed_at=None)
        .first()
    )
    if file is None:
        return False
    try:
        found = _parse(file)
    except UnreadableAnswer as unreadable:
        file.state, file.reason = BankFile.State.QUARANTINED, unreadable.reason
        file.save(update_fields=["state", "reason"])
        return True
    file.kind, file.message_id = found.kind, found.message_id
    file.save(update_fields=["kind", "message_id"])
    BankLine.objects.bulk_create(
        (
            BankLine(
                file=file,
                position=position,
                end_to_end_id=_kept(line.end_to_end_id, _OUR_REFERENCE),
                original_message_id=_kept(line.original_message_id, _OUR_MESSAGE),
                entry_reference=line.entry_reference or "",
                verdict=line.verdict.value,
                status=line.status,
                amount_minor=line.amount_minor,
                currency=line.currency or "",
                reason=line.reason_code or "",
                booked_on=line.booked_on,
            )
            for position, line in enumerate(found.lines, 1)
        ),
        batch_size=1_000,
    )
    return True


def _kept(reference: str | None, ours: re.Pattern[str]) -> str:
    if reference is None:
        return ""
    return reference if ours.fullmatch(reference) else FOREIGN


def _parse(file: BankFile) -> Answer:
    """What a sealed file says. Raises UnreadableAnswer, also where it answers a payment file that is not ours."""
    assert file.content is not None
    assert file.content_key is not None
    assert file.epoch_id is not None
    sealed = Sealed(ciphertext=bytes(file.content), wrapped_key=bytes(file.content_key))
    try:
        content = unseal(epochs.ring(), file.epoch_id, sealed, _context(file.sha256))
    except (UnknownEpoch, BrokenSeal):
        # Nobody can read it any more; the bank is asked for it again, and the files behind it go on.
        raise UnreadableAnswer("seal_broken", "sealed under a key that is gone, or altered") from None
    found = rail(settings.PAYOUT_RAIL).parse(content)
    if (
        found.original_message_id is not None
        and not Release.objects.filter(message_id=found.original_message_id).exists()
    ):
        raise UnreadableAnswer("unknown_message", "answers a payment file that was never sent")
    return found


def _context(sha256: str) -> bytes:
    return f"bank-file:{sha256}".encode("ascii")


@transaction.atomic
def _apply_chunk(after: int, now: datetime) -> tuple[int, dict[int, str]]:
    """Apply up to a thousand waiting lines after `after`: how many there were, and what came of each."""
    if not try_lock(Lock.SETTLEMENT):
        return 0, {}
    rows = _SQL.rows("waiting_lines", after=after, lines_max=LINES_MAX)
    words = [_word(row) for row in rows]
    named = {row[1]: row[8] for row in rows if row[8] is not None}
    outcomes = {
        word.line_id: BankLine.Outcome.UNKNOWN.value
        for word in words
        if not word.of_whole_file and word.end_to_end_id not in named
    }
    words = [word for word in words if word.line_id not in outcomes]
    whole = [attempt for word in words if word.of_whole_file for attempt in _attempts_of(word)]
    settlement.hold_still(attempt_ids=sorted({*named.values(), *whole}))
    while words:
        turn, words = _next_turn(words)
        if turn[0].of_whole_file:
            outcomes[turn[0].line_id] = _apply_to_whole_file(turn[0], now)
        else:
            outcomes.update(_apply(turn, _standings(turn, named), now))
    told = {line: outcome for line, outcome in outcomes.items() if outcome != BankLine.Outcome.WAITING}
    _SQL.run("write_outcomes", lines=list(told), outcomes=list(told.values()), now=now)
    return len(rows), outcomes


def _word(row: tuple[Any, ...]) -> Word:
    line_id, end_to_end_id, message_id, verdict, amount_minor, currency, reason, reference, *_ = row
    return Word(line_id, end_to_end_id, message_id, Verdict(verdict), amount_minor, currency, reason, reference)


def _next_turn(words: list[Word]) -> tuple[list[Word], list[Word]]:
    """The lines that can be applied at once, at most one a reference; a line for a whole file goes alone."""
    turn: list[Word] = []
    rest: list[Word] = []
    seen: set[str] = set()
    for position, word in enumerate(words):
        if word.of_whole_file:
            return ([word], words[1:]) if position == 0 else (turn, rest + words[position:])
        (rest if word.end_to_end_id in seen else turn).append(word)
        seen.add(word.end_to_end_id)
    return turn, rest


def _standings(turn: list[Word], named: dict[str, int]) -> dict[str, Standing]:
    ids = [named[word.end_to_end_id] for word in turn if word.end_to_end_id in named]
    standings = {row[0]: Standing(*row) for row in _SQL.rows("attempts_by_reference", attempts=ids)}
    return {word.end_to_end_id: standings[named[word.end_to_end_id]] for word in turn if word.end_to_end_id in named}


def _apply(turn: list[Word], standings: dict[str, Standing], now: datetime) -> dict[int, str]:
    """Decide each line, then do all of one kind in one go."""
    decided: dict[Action, list[tuple[int, Word]]] = {action: [] for action in Action}
    outcomes: dict[int, str] = {}
    for word in turn:
        standing = standings.get(word.end_to_end_id)
        action = decide(word, standing)
        outcomes[word.line_id] = _OUTCOMES.get(action, BankLine.Outcome.APPLIED).value
        if standing is not None:
            decided[action].append((standing.attempt_id, word))
    settlement.accept(attempt_ids=[attempt for attempt, _ in decided[Action.ACCEPT]], now=now)
    settlement.refuse(
        refusals=[settlement.Refusal(attempt, word.reason) for attempt, word in decided[Action.REFUSE]], now=now
    )
    settlement.confirm(bookings={attempt: word.reference for attempt, word in decided[Action.CONFIRM]}, now=now)
    settlement.return_(reasons={attempt: word.reason for attempt, word in decided[Action.RETURN]}, now=now)
    settlement.doubt(attempt_ids=[attempt for attempt, _ in decided[Action.DOUBT]], reason="amount_differs", now=now)
    settlement.doubt_refused(attempt_ids=[attempt for attempt, _ in decided[Action.DOUBT_REFUSED]], now=now)
    return outcomes


def _attempts_of(word: Word) -> list[int]:
    return [row[0] for row in _SQL.rows("attempts_of_message", message=word.message_id)]


def _apply_to_whole_file(word: Word, now: datetime) -> str:
    """A line about a payment file speaks for its payments that nobody has spoken of yet; money takes a booking each."""
    if word.verdict in {Verdict.PAID, Verdict.RETURNED}:
        return BankLine.Outcome.UNKNOWN.value
    attempts = _attempts_of(word)
    if word.verdict == Verdict.REFUSED and attempts:
        refusals = [settlement.Refusal(attempt, word.reason, whole_file=True) for attempt in attempts]
        settlement.refuse(refusals=refusals, now=now)
        return BankLine.Outcome.APPLIED.value
    if word.verdict in {Verdict.ACCEPTED, Verdict.PENDING} and settlement.accept(attempt_ids=attempts, now=now):
        return BankLine.Outcome.APPLIED.value
    return BankLine.Outcome.REPEATED.value
