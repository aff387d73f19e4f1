"""Blocks: by two people, with a reason that the holder reads."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.utils import timezone

from cards.models import Block, BlockKind
from cashback.accounts.models import Role
from cashback.accounts.two_people import NotAllowed
from queueing import details, holds, status
from queueing.intake import CardBlocked, Receipt
from queueing.models import Award, AwardKind, Erasure, HolderDetails, Registration, Source
from tests.factories import make_user, sold_cards
from tests.queueing.holders import enter

Refuses = Callable[[str], AbstractContextManager[None]]


def block(card: tuple[str, str], kind: BlockKind) -> Block:
    """A block in force."""
    now = timezone.now()
    asked = holds.prepare(number=int(card[0][:12]), kind=kind, reason="two claim it", by_id=make_user().pk, now=now)
    return holds.approve(block_id=asked.pk, by_id=make_user(Role.CHECKER).pk, now=now)


@pytest.mark.django_db
def test_a_block_needs_two_people_a_reason_and_a_card() -> None:
    _, cards = sold_cards(1)
    first, second, now = make_user(), make_user(Role.CHECKER), timezone.now()
    number = int(cards[0][0][:12])
    with pytest.raises(holds.ReasonMissing):
        holds.prepare(number=number, kind=BlockKind.FROZEN, reason=" ", by_id=first.pk, now=now)
    with pytest.raises(holds.BlockRefused):
        holds.prepare(number=999_999_999_998, kind=BlockKind.FROZEN, reason="x", by_id=first.pk, now=now)
    with pytest.raises(NotAllowed):
        holds.prepare(number=number, kind=BlockKind.FROZEN, reason="x", by_id=make_user(Role.DEALER).pk, now=now)
    asked = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="x", by_id=first.pk, now=now)
    with pytest.raises(holds.BlockRefused):
        holds.prepare(number=number, kind=BlockKind.VOID, reason="x", by_id=first.pk, now=now)
    with pytest.raises(holds.SecondPersonNeeded):
        holds.approve(block_id=asked.pk, by_id=first.pk, now=now)
    holds.approve(block_id=asked.pk, by_id=second.pk, now=now)
    with pytest.raises(holds.BlockUnknown):
        holds.approve(block_id=asked.pk, by_id=second.pk, now=now)
    with pytest.raises(CardBlocked):
        enter(cards[0])


@pytest.mark.django_db
def test_a_frozen_registration_says_why_and_is_released_by_two() -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    frozen, now = block(cards[0], BlockKind.FROZEN), timezone.now()
    found = status.find(receipt.receipt)
    assert (found.frozen, found.block_reason, found.outcome) == (True, "two claim it", "waiting")
    assert details.hold(versions={receipt.registration_id: 1}, release_id=1, now=now) == set()
    first, second = make_user(), make_user(Role.CHECKER)
    with pytest.raises(holds.BlockUnknown):
        holds.approve_lift(block_id=frozen.pk, by_id=second.pk, now=now)
    holds.prepare_lift(block_id=frozen.pk, by_id=first.pk, now=now)
    with pytest.raises(holds.SecondPersonNeeded):
        holds.approve_lift(block_id=frozen.pk, by_id=first.pk, now=now)
    holds.approve_lift(block_id=frozen.pk, by_id=second.pk, now=now)
    found = status.find(receipt.receipt)
    assert (found.frozen, found.block_reason) == (False, "")
    assert [happened.event for happened in found.timeline] == ["registered", "frozen", "released"]
    assert HolderDetails.objects.exists()


@pytest.mark.django_db
def test_a_void_registration_ends_for_ever_and_is_erased() -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    void, now = block(cards[0], BlockKind.VOID), timezone.now()
    found = status.find(receipt.receipt)
    assert (found.outcome, found.details) == ("void", "erased")
    assert Erasure.objects.get().why == "void"
    holds.prepare_lift(block_id=void.pk, by_id=make_user().pk, now=now)
    with pytest.raises(holds.VoidForEver):
        holds.approve_lift(block_id=void.pk, by_id=make_user(Role.CHECKER).pk, now=now)


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_an_awarded_card_is_frozen_but_never_void() -> None:
    _, cards = sold_cards(1)
    enter(cards[0])
    registration = Registration.objects.get()
    Award.objects.create(
        registration=registration,
        program_id=registration.program_id,
        source=Source.CYCLE,
        source_id=1,
        place=1,
        kind=AwardKind.CASH,
        amount_minor=10_000,
        awarded_at=timezone.now(),
    )
    with pytest.raises(holds.AlreadyAwarded):
        block(cards[0], BlockKind.VOID)
    registration.refresh_from_db()
    assert registration.voided_at is None
    assert not Block.objects.filter(approved_at__isnull=False).exists()


@pytest.mark.django_db
def test_the_database_refuses_one_person_for_two(database_refuses: Refuses) -> None:
    _, cards = sold_cards(1)
    frozen = block(cards[0], BlockKind.FROZEN)
    mine = Block.objects.filter(pk=frozen.pk)
    with database_refuses("cards_block_two_people"):
        mine.update(approved_by_id=frozen.prepared_by_id)
    with database_refuses("cards_block_lifted_by_two_people"):
        mine.update(
            lift_prepared_by_id=frozen.prepared_by_id, lifted_by_id=frozen.prepared_by_id, lifted_at=timezone.now()
        )
    with database_refuses("cards_block_one_living"):
        Block.objects.create(
            number=frozen.number, kind="void", reason="x", prepared_by=make_user(), prepared_at=timezone.now()
        )


@pytest.mark.django_db(transaction=True)
def test_a_card_that_is_blocked_while_it_is_registered_is_blocked_or_registered_and_frozen(
    race: Callable[[Callable[[int], Any], int], list[Any]],
) -> None:
    _, cards = sold_cards(8)
    approver = make_user(Role.CHECKER)
    asker, now = make_user(), timezone.now()
    for card in cards:
        number = int(card[0][:12])
        asked = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="lost", by_id=asker.pk, now=now)

        def work(racer: int, asked: Block = asked, card: Any = card) -> Any:
            if racer:
                return holds.approve(block_id=asked.pk, by_id=approver.pk, now=timezone.now())
            return enter(card)

        entered, _ = race(work, 2)
        registered = Registration.objects.filter(card=number).first()
        assert isinstance(entered, Receipt | CardBlocked), entered
        assert (registered is not None) == isinstance(entered, Receipt)
        assert registered is None or registered.frozen_at is not None
