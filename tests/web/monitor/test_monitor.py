"""The organizers' monitor: who sees it, what it says, and that it stays cheap."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from cards.models import Program
from cards.orders import prepare_payment
from cashback.ledger.checking import check
from cashback.ledger.models import BooksCheck
from cashback.web.monitor import charts, health, reading
from payouts.collecting import collect
from payouts.models import BankFile
from queueing.lines import ensure_line
from queueing.ordering import run_pass
from tests.conftest import APPLICATION, OWNER
from tests.factories import make_dealer, make_order, make_program, make_user, sell
from tests.portal.doors import member_of, signed_in
from tests.queueing.holders import enter

MANY = 10_000


@pytest.fixture
def office(db: None) -> Client:
    return signed_in(make_user("organizer"))


@pytest.fixture
def running(transactional_db: None) -> Iterator[Program]:
    """A program of cycles of five with two payouts: twelve registered, ten of them in two closed cycles."""
    program = make_program(code="SMALL-1", cycle_size=5, payouts_per_cycle=2, card_price_minor=8_000)
    for card in sell(program, make_dealer(), 12):
        enter(card)
    run_pass(program_id=program.pk)
    collect(program_id=program.pk, now=timezone.now())
    yield program
    cache.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["organizer", "checker", "operator"])
def test_every_staff_role_sees_the_monitor(role: str) -> None:
    client = signed_in(make_user(role))
    make_program(code="SHOWN-1")
    for path in ["/admin/monitor/", "/admin/monitor/SHOWN-1/"]:
        assert client.get(path).status_code == 200
    assert 'href="/admin/monitor/"' in client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_dealers_and_strangers_do_not(client: Client) -> None:
    for stranger in [client, member_of(make_dealer())]:
        for path in ["/admin/monitor/", "/admin/monitor/SHOWN-1/", "/admin/monitor/check-books/"]:
            assert stranger.get(path)["Location"].startswith("/admin/login/")
        assert stranger.post("/admin/monitor/check-books/").status_code == 302
    assert not BooksCheck.objects.exists()


def test_figures_of_a_running_program(running: Program) -> None:
    [one] = reading.programs_now([running], timezone.now())
    assert one.line is not None
    assert (one.numbers.registered, one.numbers.placed, one.numbers.cycles_closed) == (12, 12, 2)
    assert (one.numbers.cash_awards, one.numbers.gift_awards, one.numbers.pending) == (4, 6, 4)
    assert (one.line.unplaced, one.line.late, one.line.to_close) == (0, False, 3)
    assert {row.state.value: row.payouts for row in one.pending if row.payouts} == {"due": 4}
    assert one.pending_minor == 40_000
    page = signed_in(make_user("checker")).get("/admin/monitor/SMALL-1/")
    assert [cycle.number for cycle in page.context["cycles"]] == [2, 1]
    assert page.context["registered_hour"].total == page.context["registered_day"].total == 12


def test_a_line_that_lags_is_told(running: Program) -> None:
    for card in sell(running, make_dealer(), 3):
        enter(card)
    [now_one] = reading.programs_now([running], timezone.now() + timedelta(seconds=4))
    [late_one] = reading.programs_now([running], timezone.now() + timedelta(seconds=60))
    assert now_one.line is not None
    assert late_one.line is not None
    assert (now_one.line.unplaced, now_one.line.late) == (3, False)
    assert late_one.line.late
    passes = health.parts([late_one], timezone.now())[0]
    assert (passes.state, "SMALL-1" in str(passes.said)) == ("stop", True)


def test_registrations_by_step_follow_the_places(running: Program) -> None:
    until = timezone.now() + timedelta(minutes=2)
    assert sum(reading.placed_by_step(running, until, timedelta(minutes=1), 60)) == 12
    assert sum(reading.placed_by_step(running, until - timedelta(hours=1), timedelta(minutes=1), 60)) == 0
    assert sum(reading.refunds_by_step(running, until, timedelta(minutes=1), 60)) == 0


@pytest.mark.django_db
def test_the_books_are_checked_on_request(office: Client) -> None:
    page = office.post("/admin/monitor/check-books/", follow=True).content.decode()
    [found] = BooksCheck.objects.all()
    assert f"All {found.rules} rules hold" in page
    assert not found.by_schedule


@pytest.mark.django_db
def test_a_broken_rule_is_shown(office: Client) -> None:
    BooksCheck.objects.create(checked_at=timezone.now(), took_ms=3, rules=11, breaches=["5 each entry balances: no"])
    page = office.get("/admin/monitor/").content.decode()
    assert "1 breach was found" in page
    assert "5 each entry balances: no" in page


@pytest.mark.django_db
def test_a_silent_schedule_is_told(office: Client) -> None:
    now = timezone.now()
    assert health.parts([], now)[1].state == "wait"
    check(now=now - timedelta(minutes=12), by_schedule=True)
    check(now=now)
    assert health.parts([], now)[1].state == "stop"
    check(now=now, by_schedule=True)
    assert health.parts([], now)[1].state == "good"


@pytest.mark.django_db
def test_without_redis_the_page_says_so_at_once(office: Client) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        page = office.get("/admin/monitor/")
    assert page.context["parts"][2].state == "stop"


@pytest.mark.django_db
def test_what_waits_for_people_is_linked_to_where_they_act(office: Client) -> None:
    program, dealer = make_program(), make_dealer()
    make_order(program, dealer, 5, paid=False)
    make_order(program, dealer, 5)
    seen = make_order(program, dealer, 5, paid=False)
    prepare_payment(order_id=seen, by_id=make_user("organizer").pk, now=timezone.now())
    shown = office.get("/admin/monitor/").context["waiting"]
    assert [found.rows for found in shown] == [1, 1, 1]
    for found in shown:
        assert office.get(found.address).status_code == 200
    assert signed_in(make_user("operator")).get("/admin/monitor/").context["waiting"] == []


@pytest.mark.django_db
def test_quarantined_files_are_shown_with_their_reason(office: Client) -> None:
    BankFile.objects.create(
        name="answer.xml",
        sha256="0" * 64,
        state=BankFile.State.QUARANTINED,
        reason="malformed",
        received_at=timezone.now(),
        destroyed_at=timezone.now(),
    )
    page = office.get("/admin/monitor/").content.decode()
    assert "answer.xml" in page
    assert "malformed" in page


@pytest.mark.django_db
def test_drafts_and_unknown_programs_have_no_page(office: Client) -> None:
    make_program(published=False, code="DRAFT-1")
    for code in ["DRAFT-1", "NOBODY"]:
        assert office.get(f"/admin/monitor/{code}/").status_code == 404


@pytest.mark.django_db
def test_the_page_reads_itself_again_unless_asked_not_to(office: Client) -> None:
    assert 'http-equiv="refresh"' in office.get("/admin/monitor/").content.decode()
    assert 'http-equiv="refresh"' not in office.get("/admin/monitor/?still").content.decode()


@pytest.mark.django_db
def test_pages_are_under_the_strict_policy(office: Client) -> None:
    make_program(code="SHOWN-1")
    for path in ["/admin/", "/admin/monitor/", "/admin/monitor/SHOWN-1/"]:
        page = office.get(path)
        assert "unsafe" not in page["Content-Security-Policy"]
        for inline in ("style=", "<style", "onclick", "<script>"):
            assert inline not in page.content.decode()


def test_a_large_line_costs_the_same_queries(
    office: Client, unbalanced: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Ten thousand registrations and two hundred cycles, written by the owner in bulk."""
    program = make_program(code="LARGE-1")
    ensure_line(program.pk)
    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL ROLE "{OWNER}"')
        cursor.execute(
            """
            INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates,
                                        cash_awards, gift_awards, closed_at)
            SELECT %(program)s, n, n * 50 - 49, n * 50, 50, 50, 6, 44, now()
              FROM generate_series(1, %(many)s / 50) AS n;
            UPDATE queueing_line SET placed = %(many)s, cycles_closed = %(many)s / 50
             WHERE program_id = %(program)s;
            """,
            {"program": program.pk, "many": MANY},
        )
        cursor.execute(f'SET LOCAL ROLE "{APPLICATION}"')
    for path in ["/admin/monitor/", "/admin/monitor/LARGE-1/", "/admin/monitor/LARGE-1/?before=100"]:
        with django_assert_max_num_queries(30):
            assert office.get(path).status_code == 200
    numbers = [cycle.number for cycle in office.get("/admin/monitor/LARGE-1/?before=100").context["cycles"]]
    assert numbers == list(range(99, 79, -1))


def test_bars_are_never_invisible_and_never_too_wide() -> None:
    chart = charts.over_time([0, 1, 1_000_000])
    assert [bar.height for bar in chart.bars] == [2, charts.HEIGHT]
    bars = charts.stacked([("a", 1), ("b", 0), ("c", 10**12)])
    assert [bar.kind for bar in bars] == ["a", "c"]
    assert charts.over_time([]).bars == charts.stacked([("a", 0)]) == []
