"""Nobody sees or touches anything of another dealer, on any address of the site."""

import pytest
from django.test import Client

from cards.models import Dealer, DealerMember, Lot, Order
from cashback.portal.sites import site
from tests.factories import make_dealer, make_order, make_program, make_user, sell
from tests.portal.doors import member_of, signed_in
from tests.queueing.holders import enter

OPEN = {"login", "logout", "password_change", "password_change_done"}
PATTERNS = {str(pattern.name): str(pattern.pattern) for pattern in site.get_urls() if hasattr(pattern, "name")}
OWN_LISTS = ["", "orders/", "orders/new/", "lots/", "gifts/", "gifts/claim/", "declarations/", "statement/", "access/"]
POSTED = {"cancel_order", "new_token", "revoke_token", "handed_over"}
Other = tuple[Dealer, Order, Lot]


@pytest.fixture
def other(db: None) -> Other:
    """Another dealer with an open order, cards, a registered one among them, and money."""
    program = make_program()
    dealer = make_dealer("OTHER-9")
    enter(sell(program, dealer, 60)[0])
    order = Order.objects.get(pk=make_order(program, dealer, 7777, paid=False))
    return dealer, order, Lot.objects.get(dealer=dealer)


def test_this_file_covers_every_address() -> None:
    lists = {"index", "orders", "lots", "gifts", "claim_gift", "statement", "access", "declarations"}
    behind = lists | {"new_order", "order", "cancel_order", "lot", "gift_handed_over", "new_token", "revoke_token"}
    behind |= {"handed_over"}
    assert set(PATTERNS) == behind | OPEN, "no generic address of Django's admin is left either"


@pytest.mark.parametrize("path", ["orders/{order}/", "lots/{lot}/"])
def test_what_belongs_to_somebody_else_is_not_there(other: Other, path: str) -> None:
    dealer, order, lot = other
    address = "/dealer/" + path.format(order=order.pk, lot=lot.pk)
    assert member_of(dealer).get(address).status_code == 200
    assert member_of(make_dealer()).get(address).status_code == 404


def test_nobody_cancels_somebody_elses_order(other: Other) -> None:
    _, order, _ = other
    assert member_of(make_dealer()).post(f"/dealer/orders/{order.pk}/cancel/").status_code == 404
    order.refresh_from_db()
    assert order.state == "placed"


@pytest.mark.parametrize("path", OWN_LISTS)
@pytest.mark.parametrize("query", ["", "?before=999999", "?state=placed"])
def test_lists_show_nothing_of_anybody_else(other: Other, path: str, query: str) -> None:
    page = member_of(make_dealer()).get(f"/dealer/{path}{query}").content.decode()
    for stranger in ("OTHER-9", "7,777", "Rice cooker", "0000-0000"):
        assert stranger not in page


def test_sums_count_only_ones_own(other: Other) -> None:
    page = member_of(make_dealer()).get("/dealer/")
    assert page.context["sold"].cards == page.context["sold"].registered == page.context["sold"].lots == 0
    assert page.context["wallets"] == page.context["latest"] == []


def test_an_order_is_placed_for_nobody_else(other: Other) -> None:
    dealer, order, _ = other
    client = member_of(make_dealer("MINE-1"))
    typed = {"program": order.program_id, "cards": "5", "product_name": "Kettle", "dealer": dealer.pk}
    ticket = client.post("/dealer/orders/new/", {**typed, "step": "review"}).context["ticket"]
    client.post("/dealer/orders/new/", {**typed, "step": "confirm", "ticket": ticket})
    assert Order.objects.get(product_name="Kettle").dealer.code == "MINE-1"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"login", "logout"}))
def test_strangers_are_asked_to_sign_in(client: Client, name: str) -> None:
    address = "/dealer/" + PATTERNS[name].replace("<int:order_id>", "1").replace("<int:lot_id>", "1")
    address = address.replace("<slug:digest>", "1").replace("<int:award_id>", "1")
    address = address.replace("<int:declaration_id>", "1")
    answer = client.post(address) if name in POSTED else client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/dealer/")


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["organizer", "checker", "operator"])
@pytest.mark.parametrize("path", OWN_LISTS)
def test_staff_stay_on_their_side(role: str, path: str) -> None:
    answer = signed_in(make_user(role, is_superuser=True)).get(f"/dealer/{path}", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/dealer/login/")
    assert "does not work for a dealer" in answer.content.decode()


@pytest.mark.django_db
def test_staff_with_the_right_password_read_which_door_is_theirs(client: Client) -> None:
    user = make_user("organizer")
    user.set_password("correct horse battery")
    user.save()
    page = client.post("/dealer/login/", {"username": user.username, "password": "correct horse battery"})
    assert "Organizers sign in at /admin/" in page.content.decode()
    page = client.post("/dealer/login/", {"username": user.username, "password": "wrong"})
    assert "/admin/." not in page.content.decode()


@pytest.mark.django_db
def test_a_guesser_at_the_dealers_door_reads_how_long_to_wait(client: Client) -> None:
    answers = [client.post("/dealer/login/", {"username": "north", "password": str(n)}) for n in range(11)]
    assert answers[-1].status_code == 429
    assert 'href="/dealer/login/"' in answers[-1].content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["", "cards/order/", "cards/program/", "accounts/user/", "password_change/", "monitor/"]
)
def test_a_dealer_does_not_enter_the_organizers_side(path: str) -> None:
    answer = member_of(make_dealer()).get(f"/admin/{path}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.django_db
def test_an_account_without_a_dealer_sees_nothing() -> None:
    for path in OWN_LISTS:
        answer = signed_in(make_user("dealer")).get(f"/dealer/{path}")
        assert answer.status_code == 403
        assert "belongs to no dealer" in answer.content.decode()


@pytest.mark.django_db
def test_who_was_moved_to_another_dealer_sees_the_new_one_only() -> None:
    first, second = make_dealer("FIRST-1"), make_dealer("SECOND-1")
    user = first.members.get().user
    client = signed_in(user)
    DealerMember.objects.filter(user=user).update(dealer=second)
    page = client.get("/dealer/").content.decode()
    assert "SECOND-1" in page
    assert "FIRST-1" not in page


@pytest.mark.django_db
def test_signing_out_closes_the_door() -> None:
    client = member_of(make_dealer())
    assert "signed out" in client.post("/dealer/logout/").content.decode()
    assert client.get("/dealer/").status_code == 302
