"""What always holds of payouts, and what payouts hold of people."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from cards.models import Program, ProgramState
from cashback.lib.books import Holding, Invariant, Marks
from payouts import books_recent, destroying, ecodes
from payouts.destroying import BANK_FILE_KEPT, PAYMENT_FILE_KEPT
from payouts.queries import source
from payouts.selectors import FULL, program_numbers_query, programs_numbers

DESTROYED_WITHIN = timedelta(hours=1)  # of its time: destroying runs by the schedule

_SQL = source("books")
_GIFTS = source("gift_books")


def _one_register(now: datetime) -> Iterator[str]:
    for award, registers in _SQL.rows("awards_astray", before=now - books_recent.UNCOLLECTED_MAX):
        yield f"award {award} is in {registers} registers"
    for (award,) in _SQL.rows("gifts_astray"):
        yield f"the gift of award {award} is not owed"
    for (award,) in _SQL.rows("registers_without_award"):
        yield f"a register differs from award {award}"
    for (award,) in _SQL.rows("ends_astray"):
        yield f"the draw of award {award} was told something else than the cancelled say"


def _covered(now: datetime) -> Iterator[str]:
    programs = Program.objects.exclude(state=ProgramState.DRAFT)
    for numbers in programs_numbers(list(programs.values_list("pk", flat=True)), now):
        if numbers.coverage < FULL:
            yield f"{numbers.code} is covered to {numbers.coverage} basis points"


def _paid_is_refunded(_now: datetime) -> Iterator[str]:
    for program, *pairs in _SQL.rows("paid_against_refunded"):
        for what, ledger, register in zip(("paid", "due", "in transit"), pairs[0::2], pairs[1::2], strict=True):
            if ledger != register:
                yield f"program {program}: {ledger} {what} in the ledger, {register} in the registers"


def _numbers_are_counts(_now: datetime) -> Iterator[str]:
    return _compare(_SQL.queries["counted_numbers"].rstrip(";"))


def _numbers_are_recent_counts(_now: datetime, _marks: Marks) -> Iterator[str]:
    return _compare(books_recent.counted_numbers_query())


def _compare(counted: str) -> Iterator[str]:
    """Both sides come from one statement, so that what happens meanwhile is in both or in neither."""
    statement = _SQL.queries["compare_numbers"] % {"printed": program_numbers_query(), "counted": counted}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"programs": list(Program.objects.values_list("pk", flat=True))})
        for code, figure, printed, held in cursor.fetchall():
            yield f"{code} prints {printed} {figure}, the tables hold {held}"


def _paid_are_forgotten(_now: datetime) -> Iterator[str]:
    for (registration,) in _SQL.rows("payees_of_the_paid"):
        yield f"the payee of registration {registration} is held though nothing is to be paid"


def _nothing_past_its_time(now: datetime) -> Iterator[str]:
    for (what,) in _SQL.rows("files_past_their_time", **_limits(now)):
        yield f"{what} is past its time"


def _stock_is_what_moved(_now: datetime) -> Iterator[str]:
    for offer, stock, moved in _GIFTS.rows("stock_astray"):
        yield f"offer {offer} has {stock} in stock, its moves add up to {moved}"
    for program, stock_minor, ledger_minor in _GIFTS.rows("stock_money_astray"):
        yield f"program {program} has gifts for {stock_minor} in stock, the ledger {ledger_minor}"
    for (award,) in _GIFTS.rows("handed_over_astray"):
        yield f"the gift of award {award} and its piece did not leave together"


def _reserved_is_chosen(_now: datetime) -> Iterator[str]:
    for offer, reserved, chosen in _GIFTS.rows("reserved_astray"):
        yield f"offer {offer} has {reserved} reserved, {chosen} are chosen and not handed over"
    for offer, free, codes in _GIFTS.rows("codes_astray"):
        yield f"offer {offer} has {free} free in stock and {codes} free codes"
    for (award,) in _GIFTS.rows("codes_of_gifts_astray"):
        yield f"the gift of award {award} has no code, or a code though it has none to give"


def _deliveries_are_needed(_now: datetime) -> Iterator[str]:
    for (registration,) in _GIFTS.rows("deliveries_without_gift"):
        yield f"a delivery of registration {registration} is held though no gift is on its way"


INVARIANTS = (
    Invariant(4, "every cash award is in one register", _one_register, books_recent.one_register),
    Invariant(6, "every program is covered", _covered),
    Invariant(7, "what was paid is what is refunded", _paid_is_refunded),
    Invariant(8, "no file with personal data outlives its time", _nothing_past_its_time),
    Invariant(8, "no payee outlives the payout", _paid_are_forgotten),
    Invariant(8, "no delivery outlives its gift", _deliveries_are_needed),
    Invariant(11, "the public numbers are those of the tables", _numbers_are_counts, _numbers_are_recent_counts),
    Invariant(14, "gifts in stock are those bought and not gone, at their cost", _stock_is_what_moved),
    Invariant(15, "what is reserved is what is chosen", _reserved_is_chosen),
)


def holdings(now: datetime) -> list[Holding]:
    """The bank's sealed answers, and the payment files in the outbox."""
    files, _, files_newest, files_late, sent, sent_newest, sent_late = _SQL.row("held_files", **_limits(now))
    return [
        Holding(
            what="bank files",
            why="answers of the bank, until every line is settled",
            records=files,
            overdue=files_late,
            latest=files_newest and files_newest + BANK_FILE_KEPT,
        ),
        Holding(
            what="payment files",
            why="orders to the bank, until it answers",
            records=sent,
            overdue=sent_late,
            latest=sent_newest and sent_newest + PAYMENT_FILE_KEPT,
        ),
    ]


def sealed_under(epoch_id: int) -> int:
    """How many of the bank's files and of e-codes are sealed under an epoch."""
    return destroying.sealed_under(epoch_id) + ecodes.sealed_under(epoch_id)


def _limits(now: datetime) -> dict[str, datetime]:
    return {
        "bank_before": now - BANK_FILE_KEPT - DESTROYED_WITHIN,
        "payment_before": now - PAYMENT_FILE_KEPT - DESTROYED_WITHIN,
    }
