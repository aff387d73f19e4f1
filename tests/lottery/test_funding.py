"""The prize fund: covered before the announcement, locked where a draw was not completed, never promised twice."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.utils import timezone

from cashback.accounts.models import Role
from cashback.accounts.two_people import NotAllowed
from cashback.ledger.models import Event, Kind
from cashback.ledger.own_money import NothingToPost, PostedBefore
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post
from cashback.lib.errors import InvalidDetails
from lottery import announcing, drawing_up, freezing, funding
from lottery.announcing import FundNotApproved, PrizeFundNotCovered
from lottery.funding import FundNotFree, NoFundToTake
from lottery.holding import DrawStateRefuses, ReasonMissing, SecondPersonNeeded
from lottery.models import Draw, DrawState, Figure, Prize, PrizeCap
from tests.factories import make_program, make_user
from tests.lottery.draws import DAY, HOUR, Table, lay, pooled

pytestmark = pytest.mark.django_db

Refuses = Callable[[str], AbstractContextManager[None]]


def not_completed(table: Table) -> None:
    table.announce()
    drawing_up.expire(draw_id=table.id, now=table.revealed + 8 * DAY)
    assert table.read().state == DrawState.NOT_COMPLETED


def test_what_is_paid_in_is_the_programs_fund() -> None:
    program = make_program()
    now, by_id = timezone.now(), make_user(Role.ORGANIZER).pk
    paid: dict[str, Any] = {"program_id": program.pk, "by_id": by_id, "now": now}
    funding.pay_in_prize_fund(amount_minor=70_000, reference=" BANK-1 ", **paid)
    assert funding.fund(program_id=program.pk) == (70_000, 0)
    assert balance_minor(AccountKey(Kind.BANK, "CNY")) == 70_000
    with pytest.raises(PostedBefore):
        funding.pay_in_prize_fund(amount_minor=70_000, reference="BANK-1", **paid)
    with pytest.raises(NothingToPost):
        funding.pay_in_prize_fund(amount_minor=0, reference="BANK-2", **paid)
    with pytest.raises(funding.ReferenceMissing):
        funding.pay_in_prize_fund(amount_minor=1, reference=" ", **paid)
    with pytest.raises(NotAllowed):
        funding.pay_in_prize_fund(
            amount_minor=1, reference="X", program_id=program.pk, by_id=make_user(Role.OPERATOR).pk, now=now
        )


def test_a_draw_is_announced_only_with_its_fund_covered() -> None:
    program, _ = pooled(2)
    short = lay(program, fund=69_999)
    with pytest.raises(PrizeFundNotCovered):
        short.announce()
    funding.pay_in_prize_fund(
        program_id=program.pk, amount_minor=1, reference="THE-LAST", by_id=short.organizer, now=timezone.now()
    )
    short.announce()
    assert funding.cover_minor(program_id=program.pk) == 0
    with pytest.raises(PrizeFundNotCovered):
        lay(program, fund=0).announce()


def test_a_void_draw_frees_its_fund() -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    with pytest.raises(ReasonMissing):
        announcing.void(draw_id=table.id, by_id=table.checker, reason=" ", now=timezone.now())
    announcing.void(draw_id=table.id, by_id=table.checker, reason="Misprinted.", now=timezone.now())
    draw = table.read()
    assert (draw.end_reason, draw.sealed_secret, draw.ended_by_id) == ("Misprinted.", None, table.checker)
    lay(program, fund=0).announce()


def test_a_draw_is_not_void_once_its_freeze_is_due() -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    with pytest.raises(DrawStateRefuses):
        announcing.void(draw_id=table.id, by_id=table.checker, reason="Sorry.", now=table.frozen)
    freezing.freeze(draw_id=table.id, now=table.frozen)
    with pytest.raises(DrawStateRefuses):
        announcing.void(draw_id=table.id, by_id=table.checker, reason="Sorry.", now=timezone.now())


def test_the_fund_of_a_draw_not_completed_goes_to_a_new_one_by_two_people() -> None:
    program, _ = pooled(2)
    old = lay(program)
    not_completed(old)
    assert funding.fund(program_id=program.pk) == (70_000, 70_000)
    with pytest.raises(PrizeFundNotCovered):
        lay(program, fund=0).announce()
    new = lay(program, fund=0, takes_fund_of=old.draw)
    with pytest.raises(FundNotApproved):
        new.announce()
    funding.approve_fund(draw_id=new.id, by_id=new.organizer, now=timezone.now())
    with pytest.raises(SecondPersonNeeded):
        new.announce()
    funding.approve_fund(draw_id=new.id, by_id=new.checker, now=timezone.now())
    new.announce()
    assert funding.fund(program_id=program.pk) == (70_000, 70_000)


def test_an_approval_is_for_one_fund() -> None:
    program, _ = pooled(2)
    first, second = lay(program), lay(program)
    not_completed(first)
    not_completed(second)
    new = lay(program, fund=0, takes_fund_of=first.draw)
    funding.approve_fund(draw_id=new.id, by_id=new.checker, now=timezone.now())
    Draw.objects.filter(pk=new.id).update(takes_fund_of=second.draw)
    assert new.read().fund_approved_by_id is None


def test_a_fund_is_not_taken_in_part_by_another_program_or_while_it_is_in_use(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    other_program, _ = pooled(2)
    old, running = lay(program), lay(program)
    not_completed(old)
    running.announce()
    less = lay(program, takes_fund_of=old.draw, prizes=[(10_000, 1)], code="LESS")
    funding.approve_fund(draw_id=less.id, by_id=less.checker, now=timezone.now())
    other = lay(other_program, takes_fund_of=running.draw, code="OTHER")
    for table in (less, other):
        with pytest.raises(FundNotFree):
            table.announce()
    Draw.objects.filter(code="LESS").update(takes_fund_of=None)
    new = lay(program, fund=0, takes_fund_of=old.draw)
    with database_refuses("lottery_draw_fund_taken_by_two_people"):
        Draw.objects.filter(pk=new.id).update(
            state="announced",
            fund_minor=70_000,
            announced_by=new.organizer,
            announced_at=timezone.now(),
            commitment="0" * 64,
        )


def test_a_fund_taken_and_void_again_is_still_locked() -> None:
    program, _ = pooled(2)
    old = lay(program)
    not_completed(old)
    new = lay(program, fund=0, takes_fund_of=old.draw)
    funding.approve_fund(draw_id=new.id, by_id=new.checker, now=timezone.now())
    new.announce()
    announcing.void(draw_id=new.id, by_id=new.checker, reason="Misprinted.", now=timezone.now())
    assert funding.cover_minor(program_id=program.pk) == 0
    third = lay(program, fund=0, takes_fund_of=new.draw)
    funding.approve_fund(draw_id=third.id, by_id=third.checker, now=timezone.now())
    third.announce()


def test_only_a_fund_left_over_in_the_same_program_is_approved() -> None:
    program, _ = pooled(2)
    other_program, _ = pooled(2)
    free, running, called_off, foreign = lay(program), lay(program), lay(program), lay(other_program)
    running.announce()
    called_off.announce()
    announcing.void(draw_id=called_off.id, by_id=called_off.checker, reason="Misprinted.", now=timezone.now())
    not_completed(free)
    not_completed(foreign)
    assert {draw.pk for draw in funding.left_over(heir_id=None)} == {free.id, foreign.id}
    for old in (running, called_off, foreign):
        new = lay(program, fund=0, takes_fund_of=old.read())
        with pytest.raises(FundNotFree):
            funding.approve_fund(draw_id=new.id, by_id=new.checker, now=timezone.now())
        assert new.read().fund_approved_by_id is None
    with pytest.raises(NoFundToTake):
        funding.approve_fund(draw_id=lay(program, fund=0).id, by_id=free.checker, now=timezone.now())


def test_a_fund_with_an_heir_is_not_left_over() -> None:
    program, _ = pooled(2)
    old = lay(program)
    not_completed(old)
    new = lay(program, fund=0, takes_fund_of=old.draw)
    assert not funding.left_over(heir_id=None).exists()
    assert [draw.pk for draw in funding.left_over(heir_id=new.id)] == [old.id]
    funding.approve_fund(draw_id=new.id, by_id=new.checker, now=timezone.now())
    new.announce()
    announcing.void(draw_id=new.id, by_id=new.checker, reason="Misprinted.", now=timezone.now())
    assert [draw.pk for draw in funding.left_over(heir_id=None)] == [new.id]


def test_money_of_a_fund_cannot_go_elsewhere(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    with database_refuses("ledger_account_not_negative"):
        post(
            event=Event.CORRECTION,
            reference="x",
            legs=[Leg(funding.account(program), AccountKey(Kind.REVENUE, "CNY"), 70_001)],
            now=timezone.now(),
        )
    assert table


def test_a_draft_that_cannot_be_announced_says_why() -> None:
    program, _ = pooled(2)
    table = lay(program, freezes_at=timezone.now() + HOUR, values=[("drand-1", "1")], code="FAULTY")
    Figure.objects.filter(draw=table.id).update(published_at=table.frozen + HOUR / 2)
    Prize.objects.filter(draw=table.id).delete()
    faults = announcing.check(draw_id=table.id, now=table.frozen)
    assert set(faults) == {"freezes_at", "prizes", "figures.0.published_at", "figures.0.name"}
    with pytest.raises(InvalidDetails):
        table.announce()
    PrizeCap.objects.all().delete()
    assert len(announcing.check(draw_id=table.id, now=timezone.now())["prizes"]) == 2


def test_a_cap_that_was_lowered_stops_the_announcement(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    PrizeCap.objects.update(amount_minor=20_000)
    faults = announcing.check(draw_id=table.id, now=timezone.now())
    assert set(faults) == {"prizes.0.amount_minor"}


def test_a_secret_is_drawn_and_sealed() -> None:
    program, _ = pooled(2)
    table = lay(program)
    asked = []

    def entropy(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    draw = announcing.announce(draw_id=table.id, by_id=table.organizer, now=timezone.now(), entropy=entropy)
    assert asked == [32]
    assert draw.commitment == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert draw.secret is None
    assert bytes(range(32)) not in bytes(draw.sealed_secret or b"")
