"""From a dealer's order to its cards, through the pages of dealer, organizer and checker."""

import pytest
from django.test import Client

from cards.models import Lot, Order
from cashback.accounts.models import User
from cashback.ledger.models import Transfer
from tests.factories import make_dealer, make_order, make_program, make_user, mint_batch
from tests.portal.doors import member_of, signed_in

ORDERS = "/admin/cards/order/"


def act(client: Client, action: str, order: Order) -> str:
    return client.post(ORDERS, {"action": action, "_selected_action": [order.pk]}, follow=True).content.decode()


@pytest.fixture
def order(db: None) -> Order:
    program = make_program()
    mint_batch(program, 20)
    return Order.objects.get(pk=make_order(program, make_dealer(), 20, paid=False))


def test_an_order_goes_from_the_dealer_through_two_people_to_its_cards(order: Order) -> None:
    organizer, checker = signed_in(make_user("organizer")), signed_in(make_user("checker"))
    assert "payment seen" in act(organizer, "payment_seen", order)
    assert "payment confirmed" in act(checker, "confirm_payment", order)
    assert "is fulfilled" in act(organizer, "fulfil", order)
    dealer = member_of(order.dealer)
    assert "0 of 20 registered" in dealer.get("/dealer/lots/").content.decode()
    assert dealer.get("/dealer/").context["wallets"][0].account.balance_minor == 0


@pytest.mark.parametrize("superuser", [False, True])
def test_one_person_is_not_two(order: Order, superuser: bool) -> None:
    organizer = signed_in(make_user("organizer", is_superuser=superuser))
    act(organizer, "payment_seen", order)
    assert "somebody else must confirm" in act(organizer, "confirm_payment", order)
    order.refresh_from_db()
    assert (order.state, Transfer.objects.count()) == ("placed", 0)


def test_nothing_is_confirmed_or_fulfilled_out_of_turn(order: Order) -> None:
    checker = signed_in(make_user("checker"))
    assert "a first person must" in act(checker, "confirm_payment", order)
    act(checker, "fulfil", order)
    order.refresh_from_db()
    assert (order.state, Lot.objects.count()) == ("placed", 0)


@pytest.mark.parametrize("action", ["payment_seen", "confirm_payment", "fulfil", "cancel", "delete_selected"])
def test_operators_and_dealers_do_nothing_to_orders(order: Order, action: str) -> None:
    for user in [make_user("operator", is_superuser=True), order.dealer.members.get().user]:
        answer = signed_in(user).post(ORDERS, {"action": action, "_selected_action": [order.pk]})
        assert answer.status_code in {302, 403}
    order.refresh_from_db()
    assert (order.state, order.payment_prepared_by) == ("placed", None)


def test_an_order_is_not_changed_or_deleted_by_hand(order: Order) -> None:
    client = signed_in(make_user("organizer", is_superuser=True))
    assert client.get(f"{ORDERS}{order.pk}/change/").status_code == 200
    assert client.post(f"{ORDERS}{order.pk}/change/", {"state": "paid", "cards": 1}).status_code == 403
    assert client.post(f"{ORDERS}{order.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{ORDERS}add/").status_code == 403
    act(client, "delete_selected", order)
    assert Order.objects.filter(pk=order.pk, state="placed").exists()


def test_an_account_that_was_closed_acts_no_more(order: Order) -> None:
    user = make_user("organizer")
    client = signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post(ORDERS, {"action": "payment_seen", "_selected_action": [order.pk]}).status_code == 302
    order.refresh_from_db()
    assert order.payment_prepared_by is None
