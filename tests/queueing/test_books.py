"""The line's books find what is planted, and the commands say so."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from cards.models import Rule
from cashback.lib import books
from queueing import epochs, erasing, ordering
from queueing.models import HolderDetails, KeyEpoch, Registration
from tests.breaches import as_owner
from tests.queueing.lines import leave, line_of, settle, small

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unbalanced")]


def plant(statement: str) -> None:
    """Write as the owner what neither the application nor a trigger would let through."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(statement)


def broken() -> set[int]:
    return {int(breach.split()[0]) for breach in books.breaches(timezone.now())}


def recently_broken(marks: dict[str, int]) -> set[int]:
    return {int(breach.split()[0]) for breach in books.recent_breaches(timezone.now(), marks)}


@pytest.fixture(params=list(Rule))
def line(request: pytest.FixtureRequest) -> list[int]:
    """Twelve registrations, the third withdrawn, two cycles closed."""
    program, registrations = line_of(12, **small(rule=request.param))
    leave(registrations[2])
    settle(program)
    assert not broken()
    return registrations


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE cards_lot SET ended_at = now()", 1),
        ("UPDATE queueing_place SET place = 100 WHERE place = 12", 2),
        ("DELETE FROM queueing_place WHERE place = 12", 2),
        (
            "UPDATE queueing_registration SET registered_at = registered_at - interval '1 minute'"
            " WHERE id = (SELECT max(id) FROM queueing_registration)",
            2,
        ),
        ("UPDATE queueing_line SET placed = placed + 1", 2),
        ("DELETE FROM queueing_award WHERE kind = 'cash' AND place = 2", 3),
        ("DELETE FROM queueing_award WHERE kind = 'gift' AND place = 10", 3),
        ("UPDATE queueing_award SET amount_minor = amount_minor + 1 WHERE place = 1", 3),
        ("UPDATE queueing_award SET source_id = 2 WHERE kind = 'cash' AND place = 2", 3),
        ("UPDATE queueing_cycle SET cash_awards = 1 WHERE number = 1", 3),
        ("UPDATE queueing_cycle SET standing = 5 WHERE number = 1", 3),
        ("DELETE FROM queueing_cycle WHERE number = 2", 3),
        ("UPDATE queueing_registration SET withdrawn_at = NULL", 3),
        (
            "UPDATE queueing_registration SET withdrawn_at = registered_at"
            " WHERE id = (SELECT registration_id FROM queueing_place WHERE place = 1)",
            3,
        ),
        ("UPDATE queueing_holderdetails SET erase_by = now() - interval '3 minutes'", 8),
        (
            "UPDATE queueing_holderdetails SET contact_erase_by = now() - interval '3 minutes'"
            " WHERE contact IS NOT NULL",
            8,
        ),
        (
            "UPDATE queueing_registration SET voided_at = now()"
            " WHERE id = (SELECT registration_id FROM queueing_place WHERE place = 12)",
            8,
        ),
    ],
)
@pytest.mark.usefixtures("line")
def test_a_planted_breach_is_found(statement: str, number: int) -> None:
    plant(statement)
    assert number in broken()
    assert number in recently_broken({}), "the quick check has not seen what came since its last marks"


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM queueing_place WHERE place = 14", 2),
        ("UPDATE queueing_place SET place = place + 1 WHERE place = 17", 2),
        (
            "UPDATE queueing_registration SET registered_at = registered_at - interval '1 microsecond'"
            " WHERE id = (SELECT registration_id FROM queueing_place WHERE place = 12)",
            None,
        ),
        ("UPDATE queueing_line SET placed = placed + 1", 2),
        ("UPDATE cards_lot SET ended_at = now()", 1),
        ("DELETE FROM queueing_award WHERE kind = 'gift' AND place = 15", 3),
        ("DELETE FROM queueing_award WHERE kind = 'cash' AND source_id = 3", 3),
        ("UPDATE queueing_award SET amount_minor = amount_minor + 1 WHERE source_id = 3", 3),
        ("UPDATE queueing_award SET source_id = 9 WHERE kind = 'gift' AND place = 15", 3),
        ("UPDATE queueing_award SET amount_minor = amount_minor + 1 WHERE place = 1", None),
    ],
)
@pytest.mark.parametrize("rule", list(Rule))
def test_the_quick_check_finds_what_came_since_its_marks_and_nothing_before(
    rule: Rule, statement: str, number: int | None
) -> None:
    program, _ = line_of(17, **small(rule=rule))
    settle(program)
    marks: dict[str, int] = {}
    assert not recently_broken(marks)
    assert (marks[f"places:{program.pk}"], marks[f"cycles:{program.pk}"]) == (17, 3)
    marks.update({f"places:{program.pk}": 12, f"sold:{program.pk}": 12, f"cycles:{program.pk}": 2})
    plant(statement)
    found = recently_broken(marks)
    assert number in found if number else not found
    kept = {1: f"sold:{program.pk}", 2: f"places:{program.pk}", 3: f"cycles:{program.pk}"}
    if number:
        assert marks[kept[number]] in (12, 2), "a broken rule is looked at again from the same mark"


def test_a_long_line_is_checked_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = line_of(17, **small())
    settle(program)
    monkeypatch.setattr("queueing.books_recent.PLACES_MAX", 5)
    marks: dict[str, int] = {}
    reached = []
    for _ in range(5):
        assert not recently_broken(marks)
        reached.append((marks[f"places:{program.pk}"], marks[f"cycles:{program.pk}"]))
    assert reached == [(5, 1), (10, 2), (15, 3), (17, 3), (17, 3)]


def test_a_gift_verdict_whose_payee_is_held_is_found() -> None:
    program, registrations = line_of(5, **small())
    payee = HolderDetails.objects.values("payee", "payee_key", "payee_fingerprint").get(pk=registrations[4])
    settle(program)
    assert HolderDetails.objects.filter(pk=registrations[4]).update(**payee) == 1
    assert broken() == {8}


def test_an_overtaken_place_is_found() -> None:
    program, _ = line_of(10, **small(rule=Rule.LINE))
    settle(program)
    plant(
        "UPDATE queueing_award SET place = 5,"
        " registration_id = (SELECT registration_id FROM queueing_place WHERE place = 5)"
        " WHERE kind = 'cash' AND place = 4"
    )
    assert broken() == {3}


def test_an_erasure_left_unsigned_is_found() -> None:
    program, _ = line_of(5, **small())
    ordering.run_pass(program_id=program.pk)
    assert not broken()
    later = timezone.now() + timedelta(minutes=6)
    assert any("not signed" in breach for breach in books.breaches(later))
    erasing.sign_erasures()
    assert not any("not signed" in breach for breach in books.breaches(later))


def test_a_key_that_outlives_its_promise_or_comes_back_is_found() -> None:
    now = timezone.now()
    epoch = epochs.current(now)
    late = epoch.ends_at + erasing.KEY_GRACE + timedelta(seconds=1)
    assert any("key of epoch" in breach for breach in books.breaches(late))
    KeyEpoch.objects.filter(pk=epoch.pk).update(retired_at=now, destroyed_at=now)
    assert broken() == {8}


def output_of(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("line")
def test_check_books_prints_a_line_for_each_rule_and_fails_on_a_breach() -> None:
    text = output_of("check_books")
    assert text.count("holds") == len(books.invariants())
    plant("UPDATE queueing_line SET placed = placed + 1")
    with pytest.raises(CommandError) as failed:
        output_of("check_books")
    assert failed.value.returncode == 1


@pytest.mark.usefixtures("line")
def test_purge_audit_counts_what_is_held_and_fails_on_what_is_overdue() -> None:
    held = HolderDetails.objects.filter(payee__isnull=False).count()
    text = output_of("purge_audit")
    assert sum(int(row.split()[0]) for row in text.splitlines() if "payee" in row) == held
    plant("UPDATE queueing_holderdetails SET erase_by = now() - interval '1 day'")
    with pytest.raises(CommandError) as failed:
        output_of("purge_audit")
    assert failed.value.returncode == 1


def test_purge_audit_says_when_nothing_is_held() -> None:
    assert "Nothing is held" in output_of("purge_audit")


def test_run_pass_says_what_it_did() -> None:
    program, _ = line_of(5, **small())
    assert output_of("run_pass", "--program", program.code) == (
        f"{program.code}: 5 placed, 1 cycles closed, 2 cash awards, 3 gifts\n"
    )
    assert f"{program.code}: 0 placed" in output_of("run_pass")
    with pytest.raises(CommandError):
        output_of("run_pass", "--program", "NONE")


def test_the_books_know_what_an_epoch_seals() -> None:
    line_of(2)
    epoch = KeyEpoch.objects.get()
    assert books.sealed_under(epoch.pk) >= 2
    assert Registration.objects.count() == 2
