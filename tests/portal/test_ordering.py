"""Ordering and following an order, as a dealer does it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cards import orders
from cards.models import Dealer, Order, Program
from tests.factories import make_dealer, make_order, make_program, make_user, mint_batch
from tests.portal.doors import member_of

NEW = "/dealer/orders/new/"


@pytest.fixture
def dealer(db: None) -> Dealer:
    return make_dealer()


@pytest.fixture
def program(db: None) -> Program:
    return make_program(name="Spring", name_zh="春季")


@pytest.fixture
def client(dealer: Dealer) -> Client:
    return member_of(dealer)


def typed(on_sale: Program, **overrides: str) -> dict[str, str]:
    given = {"cards": "500", "product_name": "Rice cooker 电饭锅", "product_specification": "5 l"}
    return {"program": str(on_sale.pk), **given, "step": "review", **overrides}


def confirmed(client: Client, program: Program, **overrides: str) -> Order:
    page = client.post(NEW, typed(program, **overrides))
    answer = client.post(NEW, typed(program, **overrides, step="confirm", ticket=page.context["ticket"]))
    assert answer.status_code == 302
    return Order.objects.get(pk=int(answer["Location"].split("/")[-2]))


def test_the_amount_is_shown_before_anything_is_ordered(client: Client, program: Program) -> None:
    page = client.post(NEW, typed(program))
    assert "13,000.00" in page.content.decode()
    assert not Order.objects.exists()


def test_a_confirmed_order_is_the_dealers(client: Client, program: Program, dealer: Dealer) -> None:
    order = confirmed(client, program)
    assert (order.dealer, order.program, order.cards, order.amount_minor) == (dealer, program, 500, 1_300_000)
    assert (order.product_name, order.product_specification) == ("Rice cooker 电饭锅", "5 l")
    assert order.placed_by == dealer.members.get().user
    assert f"{dealer.code}-{order.pk}" in client.get(f"/dealer/orders/{order.pk}/").content.decode()


def test_pressing_twice_orders_once(client: Client, program: Program) -> None:
    ticket = client.post(NEW, typed(program)).context["ticket"]
    for _ in range(2):
        client.post(NEW, typed(program, step="confirm", ticket=ticket))
    assert Order.objects.count() == 1


def test_confirming_without_a_review_orders_nothing(client: Client, program: Program) -> None:
    client.post(NEW, typed(program, step="confirm"))
    client.post(NEW, typed(program, step="confirm", ticket="made up"))
    assert not Order.objects.exists()


@pytest.mark.parametrize("cards", ["1,000", "１０００", "1 000", " 1000 ", "1，000"])
def test_numbers_are_read_as_meant(client: Client, program: Program, cards: str) -> None:
    assert confirmed(client, program, cards=cards).cards == 1_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("program", ""),
        ("program", "999999"),
        ("program", "x' OR 1=1"),
        ("cards", ""),
        ("cards", "0"),
        ("cards", "-5"),
        ("cards", "many"),
        ("cards", "1000001"),
        ("cards", "1.5"),
        ("product_name", "   "),
        ("product_name", "x" * 121),
        ("product_specification", "y" * 121),
    ],
)
def test_each_wrong_field_is_told_and_nothing_typed_is_lost(
    client: Client, program: Program, field: str, value: str
) -> None:
    sent = typed(program, **{field: value})
    page = client.post(NEW, sent)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {field}
    shown = page.content.decode()
    for name in {"cards", "product_name", "product_specification"} - {field}:
        assert f'value="{sent[name]}"' in shown
    assert f'id="id_{field}_wrong"' in shown
    assert not Order.objects.exists()


def test_going_back_keeps_everything(client: Client, program: Program) -> None:
    page = client.post(NEW, typed(program, step="edit"))
    assert page.status_code == 200
    assert 'value="Rice cooker 电饭锅"' in page.content.decode()


def test_only_programs_that_still_sell_are_offered(client: Client, program: Program) -> None:
    make_program(published=False, code="DRAFT-9")
    make_program(code="ENDING-9", closes_on=timezone.localdate() + timedelta(days=89))
    make_program(code="LAST-9", closes_on=timezone.localdate() + timedelta(days=90))
    offered = {found.code for found in client.get(NEW).context["form"].fields["program"].queryset}
    assert offered == {program.code, "LAST-9"}


def test_a_refusal_at_the_last_moment_keeps_what_was_typed(
    client: Client, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = client.post(NEW, typed(program)).context["ticket"]

    def refuses(**_: object) -> Order:
        raise orders.ProgramNotSelling(program=program.code)

    monkeypatch.setattr(orders, "place", refuses)
    page = client.post(NEW, typed(program, step="confirm", ticket=ticket))
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"program"}
    assert 'value="Rice cooker 电饭锅"' in page.content.decode()


def test_an_inactive_dealer_reads_but_does_not_order(client: Client, program: Program, dealer: Dealer) -> None:
    Dealer.objects.filter(pk=dealer.pk).update(active=False)
    ticket = client.post(NEW, typed(program)).context["ticket"]
    page = client.post(NEW, typed(program, step="confirm", ticket=ticket))
    assert page.status_code == 422
    assert "not active" in page.content.decode()
    assert client.get("/dealer/lots/").status_code == 200


def test_the_timeline_follows_the_order(client: Client, program: Program, dealer: Dealer) -> None:
    now = timezone.now()
    order_id = make_order(program, dealer, 3, paid=False)

    def page() -> str:
        return client.get(f"/dealer/orders/{order_id}/").content.decode()

    assert "your payment is seen and confirmed" in page()
    orders.prepare_payment(order_id=order_id, by_id=make_user("organizer").pk, now=now)
    assert "a second person confirms" in page()
    orders.approve_payment(order_id=order_id, by_id=make_user("checker").pk, now=now)
    assert "Payment confirmed by a second person" in page()
    mint_batch(program, 3)
    orders.fulfil(order_id=order_id, now=now)
    assert "the cards are yours" in page()
    assert "0 of 3 registered" in page()
    statement = client.get("/dealer/statement/").content.decode()
    assert "Your payment was confirmed" in statement
    assert "3 cards for Rice cooker" in statement


def test_a_dealer_cancels_what_nobody_has_seen_paid(client: Client, program: Program, dealer: Dealer) -> None:
    order_id = make_order(program, dealer, 3, paid=False)
    client.post(f"/dealer/orders/{order_id}/cancel/")
    assert Order.objects.get(pk=order_id).state == "cancelled"
    seen = make_order(program, dealer, 3, paid=False)
    orders.prepare_payment(order_id=seen, by_id=make_user("organizer").pk, now=timezone.now())
    client.post(f"/dealer/orders/{seen}/cancel/")
    assert Order.objects.get(pk=seen).state == "placed"
    assert client.get(f"/dealer/orders/{seen}/cancel/").status_code == 405


def test_pages_speak_chinese(client: Client, program: Program, dealer: Dealer) -> None:
    order_id = make_order(program, dealer, 3, paid=False)
    page = client.get(f"/dealer/orders/{order_id}/", headers={"accept-language": "zh-hans"})
    assert "春季" in page.content.decode()
    assert '<html lang="zh-hans">' in page.content.decode()
