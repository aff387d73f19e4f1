"""What a dealer declares so that it cannot win a draw, and what it may not declare."""

import pytest
from django.test import Client

from cards.models import Dealer, Lot
from cashback.lib.serials import format_serial, group_serial
from lottery.models import Declaration
from tests.factories import make_dealer, make_program, sell
from tests.portal.doors import member_of

pytestmark = pytest.mark.django_db
PAGE = "/dealer/declarations/"


@pytest.fixture
def lot() -> Lot:
    dealer = make_dealer()
    sell(make_program(), dealer, 20)
    return Lot.objects.get(dealer=dealer)


def serial(number: int) -> str:
    return group_serial(format_serial(number))


def declare(by: Client, kind: str, first: str, last: str = "") -> int:
    return by.post(PAGE, {"kind": kind, "first": first, "last": last}).status_code


def test_a_dealer_declares_a_range_and_later_hands_it_over(lot: Lot) -> None:
    member = member_of(lot.dealer)
    assert declare(member, "not_handed_over", serial(lot.first_number), serial(lot.first_number + 9)) == 302
    declaration = Declaration.objects.get()
    assert (declaration.first_number, declaration.last_number) == (lot.first_number, lot.first_number + 9)
    assert (declaration.dealer, declaration.program, declaration.ended_at) == (lot.dealer, lot.program, None)
    page = member.get(PAGE).content.decode()
    assert serial(lot.first_number + 9) in page
    assert f"{PAGE}{declaration.pk}/handed-over/" in page
    assert member.post(f"{PAGE}{declaration.pk}/handed-over/").status_code == 302
    declaration.refresh_from_db()
    assert declaration.ended_at is not None
    assert f"{PAGE}{declaration.pk}/handed-over/" not in member.get(PAGE).content.decode()


def test_one_card_that_is_kept_stays_declared(lot: Lot) -> None:
    member = member_of(lot.dealer)
    assert declare(member, "dealer", serial(lot.last_number)) == 302
    declaration = Declaration.objects.get()
    assert (declaration.first_number, declaration.last_number) == (lot.last_number, lot.last_number)
    member.post(f"{PAGE}{declaration.pk}/handed-over/")
    declaration.refresh_from_db()
    assert declaration.ended_at is None


@pytest.mark.parametrize("kind", ["staff", "", "other"])
def test_dealers_declare_for_themselves_alone(lot: Lot, kind: str) -> None:
    assert declare(member_of(lot.dealer), kind, serial(lot.first_number)) == 422
    assert not Declaration.objects.exists()


@pytest.mark.parametrize("typed", ["", "12", "0000-0000-0000-00", "x" * 200, "0000 0001"])
def test_what_is_no_serial_is_refused_at_its_field(lot: Lot, typed: str) -> None:
    page = member_of(lot.dealer).post(PAGE, {"kind": "dealer", "first": typed, "last": ""})
    assert page.status_code == 422
    assert "first" in page.context["form"].errors


def test_cards_of_others_and_ranges_beyond_a_lot_are_refused(lot: Lot) -> None:
    other: Dealer = make_dealer()
    assert declare(member_of(other), "dealer", serial(lot.first_number)) == 422
    assert declare(member_of(lot.dealer), "dealer", serial(lot.first_number), serial(lot.last_number + 1)) == 422
    assert declare(member_of(lot.dealer), "dealer", serial(lot.last_number), serial(lot.first_number)) == 422
    assert not Declaration.objects.exists()


def test_nobody_ends_anothers_declaration(lot: Lot) -> None:
    declare(member_of(lot.dealer), "not_handed_over", serial(lot.first_number))
    declaration = Declaration.objects.get()
    assert member_of(make_dealer()).post(f"{PAGE}{declaration.pk}/handed-over/").status_code == 404
    declaration.refresh_from_db()
    assert declaration.ended_at is None
