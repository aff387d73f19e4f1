"""A draw's public pages in each of its states, and a holder's part in draws on the status page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from cards.models import Program
from cashback.accounts.models import Role
from cashback.lib.serials import parse_serial
from cashback.web import draw_words
from lottery import announcing, certifying, declaring, drawing_up, funding, passing_on
from lottery.models import Declaration, DrawState, Entry, Result
from payouts import collecting, sweeping
from payouts.models import PendingPayout
from queueing.intake import Receipt
from tests.api.asking import ACCOUNT_NUMBER
from tests.factories import make_user, sold_cards
from tests.lottery.draws import Table, lay
from tests.queueing.holders import enter
from tests.queueing.lines import leave, settle, small
from tests.web.holding import Holder

pytestmark = pytest.mark.django_db


def pool(registrations: int = 7) -> tuple[Program, list[Receipt], list[tuple[str, str]]]:
    """A program of small cycles, its holders' receipts and their cards."""
    program, cards = sold_cards(registrations, **small())
    receipts = [enter(card) for card in cards]
    settle(program)
    return program, receipts, cards


def page(draw: str, query: str = "", language: str = "en") -> str:
    response = Client(headers={"Accept-Language": language}).get(f"/draws/{draw}/{query}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def table() -> Table:
    return lay(pool()[0], about="Three prizes.", about_zh="三个奖。")


def test_a_draft_is_shown_to_nobody(table: Table) -> None:
    assert Client().get(f"/draws/{table.draw.code}/").status_code == 404
    assert Client().get(f"/draws/{table.draw.code}/stage/").status_code == 404
    assert table.draw.code not in Client().get("/draws/").content.decode()
    assert Client().get("/draws/NONE/").status_code == 404


def test_an_announcement_says_all_that_is_locked_in_both_languages(table: Table) -> None:
    draw = table.announce()
    text = page(draw.code)
    for said in ("Summer", "Three prizes.", "Prize 1", "500.00", "700.00", draw.commitment, "index", "lotto"):
        assert said in text
    assert "data-until" in text
    assert "data-check" not in text, "there is no pool to look into yet"
    chinese = page(draw.code, language="zh-hans")
    assert "夏季" in chinese
    assert "三个奖。" in chinese
    assert 'lang="zh-hans"' in chinese
    assert draw.code in Client().get("/draws/").content.decode()
    assert draw.code in Client().get("/").content.decode()
    assert draw.code in Client().get(f"/programs/{draw.program.code}/").content.decode()


def test_a_frozen_pool_has_its_hash_and_a_way_to_check_a_card(table: Table) -> None:
    draw = table.freeze()
    text = page(draw.code)
    for said in (draw.pool_hash, f"/api/v1/draws/{draw.code}/pool", "data-check", "data-until"):
        assert said in text
    assert f"/api/v1/draws/{draw.code}/bundle" not in text
    assert draw.secret is None


@pytest.mark.parametrize("state", ["drawn", "verified"])
def test_until_it_is_certified_a_draw_is_being_checked(table: Table, state: str) -> None:
    draw = table.draw_up() if state == "drawn" else table.verify()
    text = page(draw.code)
    assert "being checked" in text
    assert 'id="results"' not in text
    assert bytes(draw.secret or b"").hex() in text
    assert ("data-verify" in text) == (state == "verified")


def test_a_certified_draw_names_its_winners_by_index_and_leaf_and_nobody_else(table: Table) -> None:
    draw = table.certify()
    text = page(draw.code)
    results = table.results()
    for result in results:
        assert result.leaf in text
    others = Entry.objects.filter(draw=draw).exclude(registration__in=[result.registration_id for result in results])
    assert others.exists()
    assert not any(entry.leaf in text for entry in others)
    stage = Client().get(f"/draws/{draw.code}/stage/").content.decode()
    assert "data-stage-seed" in stage
    assert draw.pool_hash in stage


def test_many_winners_are_paged(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cashback.web.draws.RESULTS_ON_PAGE", 2)
    draw = table.certify()
    leaves = [result.leaf for result in table.results()]
    first, second = page(draw.code), page(draw.code, "?from=2")
    assert [leaf in first for leaf in leaves[:3]] == [True, True, False]
    assert [leaf in second for leaf in leaves[:3]] == [False, False, True]
    assert "?from=2#results" in first
    assert "?from=0#results" in second
    for query in ("?from=x", "?from=-1", "?from=99999999999999999999", "?reserves=50"):
        page(draw.code, query)


def test_a_prize_that_passed_on_stays_visible_with_its_reason(table: Table) -> None:
    table.verify()
    gone = table.results()[0]
    leave(gone.registration_id)
    certifying.certify(draw_id=table.id, by_id=table.checker, now=table.published)
    draw = table.read()
    text = page(draw.code)
    assert "passed on" in text
    assert "the registration was withdrawn or void" in text
    assert "Reserve 1" in text


def test_a_draw_called_off_says_why(table: Table) -> None:
    draw = table.announce()
    announcing.void(draw_id=draw.pk, by_id=table.checker, reason="A prize <b>was</b> misprinted.", now=timezone.now())
    text = page(draw.code)
    assert "This draw is void" in text
    assert "A prize &lt;b&gt;was&lt;/b&gt; misprinted." in text
    assert "data-until" not in text


NEVER_OF_VOID = (
    "revealed by the schedule",
    "published at the freeze",
    "lie in the prize fund",
    "two people are entering",
)


def test_of_a_draw_called_off_nothing_is_still_to_come(table: Table) -> None:
    draw = table.announce()
    announcing.void(draw_id=draw.pk, by_id=table.checker, reason="Misprinted.", now=timezone.now())
    text = page(draw.code)
    assert [said for said in (*NEVER_OF_VOID, "reserves are drawn") if said in text] == []
    for said in ("destroyed unread", "there is no pool", "not used", "CN¥700.00 that were promised", "free again"):
        assert said in text
    stage = Client().get(f"/draws/{draw.code}/stage/").content.decode()
    assert "destroyed unread" in stage
    assert "Prize 1" not in stage


def test_a_fund_that_a_void_draw_had_taken_stays_locked(table: Table) -> None:
    old = table.freeze()
    drawing_up.expire(draw_id=old.pk, now=old.reveals_at + timedelta(days=8))
    heir = lay(old.program, fund=0, takes_fund_of=old)
    funding.approve_fund(draw_id=heir.id, by_id=heir.checker, now=timezone.now())
    draw = heir.announce()
    announcing.void(draw_id=draw.pk, by_id=heir.organizer, reason="Misprinted.", now=timezone.now())
    text = page(draw.code)
    assert "stay locked" in text
    assert "free again" not in text


def test_a_draw_that_ended_after_the_freeze_says_what_is_left(table: Table) -> None:
    draw = table.freeze()
    drawing_up.expire(draw_id=draw.pk, now=draw.reveals_at + timedelta(days=8))
    text = page(draw.code)
    assert [said for said in (*NEVER_OF_VOID, "Once the draw is made") if said in text] == []
    for said in ("destroyed unread", draw.pool_hash, "not used", "stay locked", "No bundle was published"):
        assert said in text
    assert "free again" not in text


def test_a_draw_that_nobody_certified_says_so(table: Table) -> None:
    draw = table.verify()
    drawing_up.expire(draw_id=draw.pk, now=draw.reveals_at + timedelta(days=8))
    text = page(draw.code)
    assert "This draw was not completed" in text
    assert "seven days" in text
    assert bytes(draw.secret or b"").hex() in text
    assert "destroyed unread" not in text
    assert "stay locked" in text
    assert "3000.12" in text


def test_the_pages_hold_no_script_of_their_own(table: Table) -> None:
    draw = table.certify()
    for path in (f"/draws/{draw.code}/", f"/draws/{draw.code}/stage/"):
        response = Client().get(path)
        text = response.content.decode()
        assert "<script>" not in text
        assert "style=" not in text
        assert "default-src 'self'" in response["Content-Security-Policy"]


def test_every_state_and_reason_has_its_words() -> None:
    assert set(draw_words.STATES) == {state.value for state in DrawState} - {"draft"}
    with override("zh-hans"):
        assert draw_words.for_script()["zone"]
    assert set(draw_words.PASSED_ON_BECAUSE) >= {"not_standing", "withdrawn", "no_details", "decided"}


def test_the_status_page_tells_a_holder_the_index_in_the_pool() -> None:
    program, receipts, _ = pool()
    draw = lay(program).freeze()
    index = Entry.objects.get(draw=draw, registration=receipts[2].registration_id).index
    text = Client().get(f"/s/{receipts[2].receipt}/").content.decode()
    assert f"/draws/{draw.code}/" in text
    assert f"with index {index}" in text


def test_the_status_page_tells_a_holder_whose_card_was_declared() -> None:
    program, receipts, cards = pool()
    organizer = make_user(Role.ORGANIZER).pk
    number = parse_serial(cards[1][0]).number
    declaring.declare(
        program_id=program.pk,
        kind=Declaration.Kind.STAFF,
        first=number,
        last=number,
        dealer_id=None,
        by_id=organizer,
        now=timezone.now(),
    )
    draw = lay(program).freeze()
    said = "declared before the freeze as one that cannot win"
    kept_out, others = (Client().get(f"/s/{receipts[at].receipt}/").content.decode() for at in (1, 2))
    assert said in kept_out
    assert f"/draws/{draw.code}/" in kept_out
    assert said not in others


def test_a_winner_whose_details_are_erased_gives_them_again() -> None:
    program, receipts, cards = pool(10)
    table = lay(program)
    draw = table.certify()
    collecting.collect(program_id=program.pk, now=timezone.now())
    needed = PendingPayout.objects.filter(source="draw", state="details_needed").first()
    assert needed is not None, "ten registrations in cycles of five: most of them had a gift and were erased"
    at = [receipt.registration_id for receipt in receipts].index(needed.registration_id)
    holder, receipt, card = Holder(), receipts[at].receipt, cards[at]
    status = holder.get(f"/s/{receipt}/")
    assert "You have won in the draw" in status.text
    assert f"/s/{receipt}/correct/?needed" in status.text
    assert "The payment did not reach you" not in status.text
    form = holder.get(f"/s/{receipt}/correct/?needed")
    assert "Name and account are needed" in form.text
    typed = {
        "serial": card[0],
        "pin": card[1],
        "account_kind": "cn_card",
        "account_number": ACCOUNT_NUMBER,
        "name": "张三",
    }
    address = f"/s/{receipt}/correct/?needed"
    review = holder.send(address, form, **typed, go="next")
    assert review.status == 200
    done = holder.send(address, review, go="confirm")
    assert (done.status, done.response["Location"]) == (302, f"/s/{receipt}/?done=changed")
    # Until the next tick takes them up, nobody is asked for them again.
    given = holder.get(f"/s/{receipt}/").text
    assert "Your details have come and are being processed." in given
    assert f"/s/{receipt}/correct/?needed" not in given
    assert "Name and account are missing." not in given
    sweeping.refresh_corrected(now=timezone.now())
    needed.refresh_from_db()
    assert "are being processed" not in holder.get(f"/s/{receipt}/").text
    assert needed.state == "due"
    assert draw.state == DrawState.CERTIFIED


def test_who_was_not_drawn_and_who_is_a_reserve_hear_so() -> None:
    program, receipts, _ = pool()
    table = lay(program)
    draw = table.certify()
    by_registration = {receipt.registration_id: receipt.receipt for receipt in receipts}
    reserve = Result.objects.get(draw=draw, rank=3)
    text = Client().get(f"/s/{by_registration[reserve.registration_id]}/").content.decode()
    assert "It is reserve 1" in text
    drawn = set(Result.objects.filter(draw=draw).values_list("registration", flat=True))
    out = next(receipt for registration, receipt in by_registration.items() if registration not in drawn)
    assert "It was not drawn this time" in Client().get(f"/s/{out}/").content.decode()
    passing_on.pass_on(draw_id=draw.pk, now=timezone.now())
