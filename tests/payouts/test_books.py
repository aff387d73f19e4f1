"""A planted breach of each of payouts' invariants is found and named."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib import books
from payouts import answers, collecting
from payouts.models import CancelledPayout, PendingPayout, Release, Tally
from queueing import ordering
from queueing.models import HolderDetails
from tests.breaches import as_owner
from tests.factories import sold_cards
from tests.payouts.banking import SMALL, Bank, closed, sent
from tests.queueing.holders import enter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unbalanced")]


def breaches(number: int) -> list[str]:
    return [breach for breach in books.breaches(timezone.now()) if breach.startswith(f"{number} ")]


def test_a_whole_life_breaks_nothing(bank: Bank) -> None:
    line = closed(cycles=2, more=2)
    bank.books(sent(line.program))
    assert books.breaches(timezone.now()) == []


def test_an_award_in_no_register_is_found() -> None:
    closed()
    with as_owner():
        PendingPayout.objects.filter(place=1).delete()
    assert len(breaches(4)) == 1
    assert "is in 0 registers" in breaches(4)[0]


def test_an_award_that_nobody_collects_is_found_after_five_minutes() -> None:
    program, cards = sold_cards(5, **SMALL)
    for card in cards:
        enter(card)
    ordering.run_pass(program_id=program.pk)
    assert breaches(4) == []
    later = timezone.now() + timedelta(minutes=6)
    found = [breach for breach in books.breaches(later) if breach.startswith("4 ")]
    assert len(found) == 2
    collecting.collect_all(now=timezone.now())
    assert breaches(4) == []


def test_a_payee_that_outlives_the_payout_is_found(bank: Bank) -> None:
    line = closed()
    bank.books(sent(line.program)[:1])
    registration = line.receipts[0].registration_id
    HolderDetails.objects.filter(pk=registration).update(payee=b"x", payee_key=b"x", payee_fingerprint=b"x")
    assert [breach for breach in breaches(8) if f"registration {registration} " in breach]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE payouts_release SET prepared_by_id = NULL", "payouts_release"),
        ("DELETE FROM payouts_release", "payouts_release"),
        ("DELETE FROM payouts_gift", "payouts_gift"),
        ("DELETE FROM payouts_collection", "payouts_collection"),
        ("DELETE FROM payouts_bankfile", "payouts_bankfile"),
        ("UPDATE payouts_tally SET pending = 0", "payouts_tally"),
        ("UPDATE cards_order SET amount_minor = 1", "cards_order"),
        ("UPDATE cards_block SET prepared_by_id = approved_by_id", "cards_block"),
    ],
)
def test_the_application_may_not_rewrite_what_was_decided(database_refuses: Any, statement: str, table: str) -> None:
    with database_refuses(f"permission denied for table {table}"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_award_in_two_registers_is_found() -> None:
    closed()
    pending = PendingPayout.objects.get(place=1)
    with as_owner():
        CancelledPayout.objects.create(
            award_id=pending.pk,
            program_id=pending.program_id,
            source="cycle",
            source_id=1,
            place=1,
            amount_minor=pending.amount_minor,
            currency="CNY",
            state="cancelled",
            reason="decided",
            posted=True,
            cancelled_at=timezone.now(),
        )
    assert "is in 2 registers" in breaches(4)[0]


def test_the_database_keeps_an_award_in_one_register(database_refuses: object) -> None:
    closed()
    pending = PendingPayout.objects.get(place=1)
    with database_refuses("payouts_one_register"):  # type: ignore[operator]
        CancelledPayout.objects.create(
            award_id=pending.pk,
            program_id=pending.program_id,
            source="cycle",
            source_id=1,
            place=1,
            amount_minor=pending.amount_minor,
            currency="CNY",
            state="cancelled",
            reason="decided",
            posted=True,
            cancelled_at=timezone.now(),
        )
    with database_refuses("payouts_pendingpayout_kept"):  # type: ignore[operator]
        PendingPayout.objects.filter(place=1).update(amount_minor=1)
    with database_refuses("permission denied for table payouts_tally"):  # type: ignore[operator]
        Tally.objects.update(refunded=5)


def test_reserves_that_do_not_cover_are_found() -> None:
    program, _ = sold_cards(10, **SMALL)
    reserve = AccountKey(Kind.CASH_RESERVE, "CNY", program.pk)
    leg = Leg(reserve, AccountKey(Kind.REVENUE, "CNY"), 1)
    post(event=Event.CORRECTION, reference="planted", legs=[leg], now=timezone.now())
    assert "is covered to 9999 basis points" in breaches(6)[0]


def test_money_that_the_registers_do_not_know_is_found() -> None:
    line = closed()
    due = AccountKey(Kind.PAYOUTS_DUE, "CNY", line.program.pk)
    transit = AccountKey(Kind.IN_TRANSIT, "CNY", line.program.pk)
    post(event=Event.CORRECTION, reference="planted", legs=[Leg(due, transit, 500)], now=timezone.now())
    assert len(breaches(7)) == 2
    post(
        event=Event.PAYOUT_CONFIRMED,
        reference="planted",
        legs=[Leg(transit, AccountKey(Kind.BANK, "CNY"), 500)],
        now=timezone.now(),
    )
    assert any("500 paid in the ledger, 0 in the registers" in breach for breach in breaches(7))


def test_files_past_their_time_are_found(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts))
    answers.take_in(now=timezone.now())
    late = timezone.now() + timedelta(days=11)
    found = [breach for breach in books.breaches(late) if breach.startswith("8 ") and "file" in breach]
    assert len(found) == 2
    Release.objects.update(file_destroyed_at=timezone.now())
    held = {holding.what: (holding.records, holding.overdue) for holding in books.holdings(late)}
    assert (held["bank files"], held["payment files"]) == ((1, 1), (0, 0))


def test_a_printed_number_that_is_not_the_tables_is_found() -> None:
    closed()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE payouts_tally SET refunded = refunded + 1")
    assert "prints 1 refunded, the tables hold 0" in breaches(11)[0]


def recently(number: int, marks: dict[str, int]) -> list[str]:
    found = books.recent_breaches(timezone.now(), marks)
    return [breach for breach in found if breach.startswith(f"{number} ")]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM payouts_pendingpayout WHERE place = 6", 4),
        ("UPDATE payouts_pendingpayout SET amount_minor = 1 WHERE place = 6", 4),
        ("DELETE FROM payouts_gift WHERE award_id = (SELECT id FROM queueing_award WHERE place = 10)", 4),
        ("UPDATE payouts_tally SET pending = pending + 1", 11),
        ("UPDATE queueing_line SET cycles_closed = 1", 11),
    ],
)
def test_the_quick_check_finds_what_came_since_its_marks(statement: str, number: int) -> None:
    program = closed(cycles=2).program
    marks: dict[str, int] = {}
    assert not books.recent_breaches(timezone.now(), marks)
    assert marks[f"registers:{program.pk}"] == 2
    marks[f"registers:{program.pk}"] = 1
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert recently(number, marks)


def test_the_quick_check_finds_old_awards_in_two_registers_and_awards_that_nobody_collects() -> None:
    program = closed().program
    marks: dict[str, int] = {}
    assert not books.recent_breaches(timezone.now(), marks)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payouts_refund (award_id, program_id, source, source_id, place, amount_minor, currency,"
            " end_to_end_id, refunded_at) SELECT award_id, program_id, source, source_id, place, amount_minor,"
            " currency, 'planted', now() FROM payouts_pendingpayout WHERE place = 1"
        )
    assert "is in two registers" in recently(4, marks)[0]
    assert marks[f"registers:{program.pk}"] == 1
