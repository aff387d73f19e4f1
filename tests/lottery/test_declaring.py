"""Declared cards cannot win: staff's, a dealer's own, and what is not handed over yet."""

from typing import Any

import pytest
from django.utils import timezone

from cards.models import Lot
from cards.returns import return_cards
from cashback.accounts.models import Role
from cashback.accounts.two_people import NotAllowed
from cashback.lib.serials import parse_serial
from lottery import declaring, selectors
from lottery.models import Declaration, Entry, Excluded
from queueing.models import Registration
from tests.factories import make_dealer, make_program, make_user, sell, sell_lots
from tests.lottery.draws import lay
from tests.queueing.lines import arrive, settle, small

pytestmark = pytest.mark.django_db
KIND = Declaration.Kind


class Shop:
    """A dealer's six cards, all registered."""

    def __init__(self) -> None:
        self.program = make_program(**small())
        self.dealer = make_dealer()
        self.member = self.dealer.members.get().user_id
        self.cards = sell(self.program, self.dealer, 6)
        self.numbers = [parse_serial(serial).number for serial, _ in self.cards]
        self.registrations = arrive(self.cards)
        settle(self.program)
        self.organizer = make_user(Role.ORGANIZER).pk

    def declare(self, kind: KIND, first: int, last: int, **changed: Any) -> Declaration:
        given: dict[str, Any] = {
            "program_id": self.program.pk,
            "kind": kind,
            "first": self.numbers[first],
            "last": self.numbers[last],
            "dealer_id": None if kind == KIND.STAFF else self.dealer.pk,
            "by_id": self.organizer if kind == KIND.STAFF else self.member,
            "now": timezone.now(),
        }
        return declaring.declare(**given | changed)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_declared_cards_stay_out_and_their_leaves_are_published(shop: Shop) -> None:
    shop.declare(KIND.STAFF, 0, 0)
    shop.declare(KIND.DEALER, 2, 3)
    handed = shop.declare(KIND.NOT_HANDED_OVER, 4, 4)
    shop.declare(KIND.NOT_HANDED_OVER, 5, 5)
    declaring.handed_over(declaration_id=handed.pk, by_id=shop.member, now=timezone.now())
    table = lay(shop.program)
    table.freeze()
    registrations = shop.registrations
    entered = Entry.objects.order_by("index").values_list("registration_id", flat=True)
    assert list(entered) == [registrations[1], registrations[4]]
    kept_out = [registrations[0], registrations[2], registrations[3], registrations[5]]
    assert set(Excluded.objects.values_list("registration_id", flat=True)) == set(kept_out)
    leaves = dict(Registration.objects.values_list("pk", "leaf"))
    assert list(selectors.kept_out(table.id)) == [leaves[registration] for registration in kept_out]
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert public.declarations == 4
    assert [entry.draw for entry in selectors.entries_of(registrations[1])] == [table.draw.code]
    assert selectors.entries_of(registrations[0]) == []


def test_a_declaration_counts_for_pools_frozen_later_and_not_before(shop: Shop) -> None:
    table = lay(shop.program)
    table.freeze()
    shop.declare(KIND.STAFF, 0, 5)
    assert Entry.objects.filter(draw=table.id).count() == 6
    later = lay(shop.program)
    later.freeze()
    assert Entry.objects.filter(draw=later.id).count() == 0


def test_a_dealer_declares_within_one_living_lot_of_its_own(shop: Shop) -> None:
    with pytest.raises(declaring.NotDeclarable):
        declaring.declare(
            program_id=shop.program.pk,
            kind=KIND.DEALER,
            first=shop.numbers[0],
            last=shop.numbers[5] + 1,
            dealer_id=shop.dealer.pk,
            by_id=shop.member,
            now=timezone.now(),
        )
    stranger = make_dealer()
    with pytest.raises(NotAllowed):
        shop.declare(KIND.DEALER, 0, 1, by_id=stranger.members.get().user_id)
    with pytest.raises(declaring.NotDeclarable):
        shop.declare(KIND.DEALER, 0, 1, dealer_id=stranger.pk, by_id=stranger.members.get().user_id)
    with pytest.raises(NotAllowed):
        shop.declare(KIND.STAFF, 0, 1, by_id=shop.member)
    with pytest.raises(declaring.RangeOutOfOrder):
        shop.declare(KIND.DEALER, 3, 1)
    with pytest.raises(declaring.NotDeclarable):
        shop.declare(KIND.STAFF, 0, 1, dealer_id=shop.dealer.pk, by_id=shop.organizer)


def test_what_a_dealer_declared_and_gave_back_takes_part_for_the_next() -> None:
    program = make_program(**small())
    first, second = make_dealer(), make_dealer()
    cards = sell(program, first, 6)
    numbers = [parse_serial(serial).number for serial, _ in cards]
    declaring.declare(
        program_id=program.pk,
        kind=KIND.DEALER,
        first=numbers[0],
        last=numbers[5],
        dealer_id=first.pk,
        by_id=first.members.get().user_id,
        now=timezone.now(),
    )
    lot = Lot.objects.get(dealer=first)
    return_cards(lot_id=lot.pk, first=numbers[2], last=numbers[5], registered=[], now=timezone.now())
    sell_lots(program, second, 4)
    registrations = arrive(cards)
    settle(program)
    table = lay(program)
    table.freeze()
    entered = Entry.objects.order_by("index").values_list("registration_id", flat=True)
    assert list(entered) == registrations[2:]


def test_an_organizer_declares_for_a_dealer(shop: Shop) -> None:
    declaration = shop.declare(KIND.NOT_HANDED_OVER, 0, 5, by_id=shop.organizer)
    assert [found.pk for found in selectors.declarations_of(dealer_id=shop.dealer.pk)] == [declaration.pk]


def test_only_what_was_not_handed_over_can_be(shop: Shop) -> None:
    own = shop.declare(KIND.DEALER, 0, 1)
    lot = shop.declare(KIND.NOT_HANDED_OVER, 2, 3)
    now = timezone.now()
    with pytest.raises(declaring.DeclarationUnknown):
        declaring.handed_over(declaration_id=own.pk, by_id=shop.member, now=now)
    with pytest.raises(NotAllowed):
        declaring.handed_over(declaration_id=lot.pk, by_id=make_dealer().members.get().user_id, now=now)
    declaring.handed_over(declaration_id=lot.pk, by_id=shop.member, now=now)
    with pytest.raises(declaring.DeclarationUnknown):
        declaring.handed_over(declaration_id=lot.pk, by_id=shop.member, now=now)
