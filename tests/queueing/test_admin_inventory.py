"""Taking cards back, and blocking cards, on the organizers' pages."""

import pytest
from django.utils import timezone

from cards.models import Block, BlockKind, Lot
from cashback.accounts.models import Role
from cashback.lib.serials import format_serial, group_serial
from queueing.models import Registration, TimelineEvent
from tests.factories import make_dealer, make_program, make_user, sell
from tests.portal.doors import signed_in
from tests.queueing.holders import enter
from tests.queueing.lines import line_of, settle, small
from tests.steps import confirm, look, page_of, two_clients

pytestmark = pytest.mark.django_db


def printed(number: int) -> str:
    return group_serial(format_serial(number))


def _range(first: int, last: int) -> dict[str, str]:
    return {"first": printed(first), "last": printed(last)}


def test_cards_of_a_lot_come_back_as_the_page_said() -> None:
    sell(make_program(), make_dealer(), 100)
    lot = Lot.objects.get()
    first, _ = two_clients()
    assert page_of("cards_lot", lot.pk, "return") in first.get(page_of("cards_lot", lot.pk)).content.decode()
    returning = page_of("cards_lot", lot.pk, "return")
    assert printed(lot.first_number) in look(first, returning)
    page = look(first, returning, **_range(31, 50))
    for said in ("cash reserve", "CN¥240.00", "CN¥176.00", "CN¥104.00", f"{printed(1)} – {printed(30)}"):
        assert said in page
    assert Lot.objects.filter(ended_at=None).get() == lot
    assert "20 cards of lot" in confirm(first, returning, **_range(31, 50))
    assert [living.cards for living in Lot.objects.filter(ended_at=None).order_by("first_number")] == [30, 50]
    assert "it has ended" in look(first, returning, **_range(51, 60))


def test_registered_cards_are_named_at_the_field() -> None:
    cards = sell(make_program(), make_dealer(), 10)
    lot = Lot.objects.get()
    enter(cards[3])
    first, _ = two_clients()
    page = look(first, page_of("cards_lot", lot.pk, "return"), **_range(1, 10))
    assert f"1 of these cards are registered, the first of them {printed(4)}" in page
    assert "form-row errors field-first" in page
    page = look(first, page_of("cards_lot", lot.pk, "return"), first=printed(1)[:-1] + "9", last=printed(2))
    assert "typing error" in page
    page = look(first, page_of("cards_lot", lot.pk, "return"), **_range(5, 11))
    assert "are not all in this lot" in page


def test_an_operator_takes_no_step() -> None:
    sell(make_program(), make_dealer(), 10)
    lot = Lot.objects.get()
    operator = signed_in(make_user(Role.OPERATOR))
    answer = operator.post(page_of("cards_lot", lot.pk, "return"), {**_range(1, 5), "confirm": "1"})
    assert answer.status_code == 403
    assert operator.get(page_of("cards_block")).status_code == 403
    organizer, _ = two_clients()
    assert organizer.get(page_of("cards_lot", lot.pk, "unknown")).status_code == 404
    assert organizer.get(page_of("cards_lot", lot.pk + 9, "return")).status_code == 404


def test_two_people_freeze_a_card_and_two_lift_it() -> None:
    program, registrations = line_of(5, **small())
    settle(program)
    number = Registration.objects.get(pk=registrations[0]).card_id
    first, second = two_clients()
    typed = {"serial": printed(number), "kind": "frozen", "reason": "Reported as stolen."}
    page = look(first, page_of("cards_block"), **typed)
    assert "stands in the line" in page
    assert not Block.objects.exists()
    assert "another person approves it" in confirm(first, page_of("cards_block"), **typed)
    block = Block.objects.get()
    assert "it is blocked already" in look(second, page_of("cards_block"), **typed)
    approving = page_of("cards_block", block.pk, "approve")
    assert "Somebody else must approve" in confirm(first, approving)
    assert "is in force" in confirm(second, approving)
    assert Registration.objects.get(pk=registrations[0]).frozen_at is not None
    assert "waits for another person" in confirm(first, page_of("cards_block", block.pk, "lift"))
    lifting = page_of("cards_block", block.pk, "approve-lift")
    assert "Somebody else must approve" in look(first, lifting)
    assert "is lifted" in confirm(second, lifting)
    assert Registration.objects.get(pk=registrations[0]).frozen_at is None
    assert TimelineEvent.objects.filter(registration_id=registrations[0], event="released").exists()


def test_an_awarded_card_cannot_be_void_and_an_unregistered_one_can() -> None:
    program, registrations = line_of(5, **small())
    settle(program)
    number = Registration.objects.get(pk=registrations[0]).card_id
    first, second = two_clients()
    typed = {"kind": BlockKind.VOID.value, "reason": "Copied."}
    page = look(first, page_of("cards_block"), serial=printed(number), **typed)
    assert "form-row errors field-kind" in page
    assert "cannot be void any more" in page
    free = Lot.objects.get().last_number
    if Registration.objects.filter(card=free).exists():
        [(serial, _)] = sell(program, make_dealer(), 1, now=timezone.now())
        free = int(serial[:12])
    assert "not registered" in look(first, page_of("cards_block"), serial=printed(free), **typed)
    confirm(first, page_of("cards_block"), serial=printed(free), **typed)
    block = Block.objects.get()
    assert "cannot be undone" in look(second, page_of("cards_block", block.pk, "approve"))


def test_a_block_needs_a_card_and_a_reason() -> None:
    first, _ = two_clients()
    page = look(first, page_of("cards_block"), serial=printed(77), kind="frozen", reason="Stolen.")
    assert "form-row errors field-serial" in page
    assert "does not exist" in page
    page = look(first, page_of("cards_block"), serial="0000", kind="frozen", reason="")
    assert "has 14 digits" in page
    assert "form-row errors field-reason" in page
