"""The catalogue and the desk in the admin: each refusal at its field, each gift with its own answer."""

import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from cashback.accounts.models import Role
from payouts.models import ECode, Offer, StockMove
from tests.factories import make_user
from tests.payouts.gifting import Shop, shop

pytestmark = pytest.mark.django_db
ADD = "/admin/payouts/offer/add/"
DESK = "/admin/payouts/gift/"


@pytest.fixture
def market() -> Shop:
    return shop()


@pytest.fixture
def organizer(market: Shop) -> Client:
    return client(Role.ORGANIZER)


def client(role: str) -> Client:
    signed_in = Client()
    signed_in.force_login(make_user(role), backend="django.contrib.auth.backends.ModelBackend")
    return signed_in


def typed(market: Shop, **overrides: Any) -> dict[str, Any]:
    given = {
        **{"program": market.program_id, "position": 0, "active": "on", "name": "Kettle", "name_zh": "水壶"},
        **{"about": "Half a litre.", "about_zh": "半升。", "cost_minor": 900, "at_dealer": "on"},
        **overrides,
    }
    return {name: value for name, value in given.items() if value is not None}


def png() -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (1_000, 900), "#0d6352").save(content, "PNG")
    return SimpleUploadedFile("kettle.png", content.getvalue(), "image/png")


def act(by: Client, action: str, market: Shop, *places: int, **more: str) -> Any:
    rows = [str(market.gift(place).pk) for place in places]
    return by.post(DESK, {"action": action, "_selected_action": rows, "index": "0", **more})


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def stock_page(offer: Offer) -> str:
    return reverse("admin:payouts_offer_stock", args=[offer.pk])


def test_an_offer_is_written_with_its_picture(market: Shop, organizer: Client) -> None:
    answer = organizer.post(ADD, typed(market, upload=png()))
    assert answer.status_code == 302, answer.content.decode()
    offer = Offer.objects.select_related("picture").get()
    assert (offer.name, offer.name_zh, offer.cost_minor, offer.active) == ("Kettle", "水壶", 900, True)
    assert offer.picture is not None
    assert max(offer.picture.width, offer.picture.height) == 800
    page = organizer.get(f"/admin/payouts/offer/{offer.pk}/change/").content.decode()
    assert f"/gifts/{offer.picture.pk}.webp" in page
    changed = typed(market, name="Tea kettle", program=None, active=None)
    assert organizer.post(f"/admin/payouts/offer/{offer.pk}/change/", changed).status_code == 302
    offer.refresh_from_db()
    assert (offer.name, offer.active, offer.picture is not None) == ("Tea kettle", False, True)


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"cost_minor": 1_001}, "cost_minor"),
        ({"name_zh": " "}, "name_zh"),
        ({"at_dealer": None}, "at_dealer"),
        ({"by_code": "on"}, "by_code"),
    ],
)
def test_a_refusal_stands_at_its_field(market: Shop, organizer: Client, overrides: dict[str, Any], field: str) -> None:
    answer = organizer.post(ADD, typed(market, **overrides))
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors or "__all__" in answer.context["adminform"].form.errors
    assert 'value="Kettle"' in answer.content.decode()
    assert not Offer.objects.exists()


def test_an_e_code_with_another_way_is_refused_in_words_at_its_field(market: Shop, organizer: Client) -> None:
    both = organizer.post(ADD, typed(market, by_code="on"))
    neither = organizer.post(ADD, typed(market, at_dealer=None))
    assert both.context["adminform"].form.errors == {"by_code": ["An e-code is handed over in no other way."]}
    assert neither.context["adminform"].form.errors == {"at_dealer": ["Choose at least one way to hand the gift over."]}


def test_what_is_no_picture_is_refused(market: Shop, organizer: Client) -> None:
    fake = SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", "image/png")
    answer = organizer.post(ADD, typed(market, upload=fake))
    assert set(answer.context["adminform"].form.errors) == {"upload"}


def test_pieces_are_bought_once_by_their_invoice(market: Shop, organizer: Client) -> None:
    offer = market.offer()
    page = stock_page(offer)
    assert organizer.post(page, {"pieces": "2", "reference": "INV-7"}).status_code == 302
    offer.refresh_from_db()
    assert offer.stock == 2
    again = organizer.post(page, {"pieces": "1", "reference": "INV-7"})
    assert (again.status_code, set(again.context["form"].errors)) == (422, {"reference"})
    dear = organizer.post(page, {"pieces": "900000", "reference": "INV-8"})
    assert set(dear.context["form"].errors) == {"pieces"}
    assert StockMove.objects.count() == 1
    assert "INV-7" in organizer.get(page).content.decode()


def test_pieces_that_are_gone_are_written_off_once(market: Shop, organizer: Client) -> None:
    offer = market.offer(stock_pieces=3)
    market.choose(3, offer)
    page = reverse("admin:payouts_offer_write_off", args=[offer.pk])
    assert page in organizer.get(stock_page(offer)).content.decode()
    assert organizer.post(page, {"pieces": "2", "reference": "FLOOD-1"}).status_code == 302
    offer.refresh_from_db()
    assert (offer.stock, offer.reserved) == (1, 1)
    for pieces, reference, field in (("1", "FLOOD-1", "reference"), ("1", "FLOOD-2", "pieces")):
        again = organizer.post(page, {"pieces": pieces, "reference": reference})
        assert (again.status_code, set(again.context["form"].errors)) == (422, {field})
    assert client(Role.OPERATOR).post(page, {"pieces": "1", "reference": "FLOOD-3"}).status_code in {302, 403}
    assert StockMove.objects.filter(kind="lost").count() == 1


def test_codes_are_pasted_or_uploaded_and_doubled_ones_named_by_line(market: Shop, organizer: Client) -> None:
    offer = market.offer(codes=[])
    file = SimpleUploadedFile("codes.csv", 'C-2,first\n"C-3"\n'.encode("utf-8-sig"), "text/csv")
    answer = organizer.post(stock_page(offer), {"pasted": "C-1\nC-2\n", "file": file, "reference": "INV-1"})
    assert answer.status_code == 302, answer.content.decode()
    said = told(answer)
    assert any("3 codes are new" in message for message in said), said
    assert any("repeats line 2" in message for message in said), said
    assert ECode.objects.count() == 3
    again = organizer.post(stock_page(offer), {"pasted": "C-1", "reference": "INV-2"})
    assert any("were there before" in message for message in told(again))
    wrong = organizer.post(stock_page(offer), {"pasted": "x" * 300, "reference": "INV-3"})
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (422, {"pasted"})
    assert set(organizer.post(stock_page(offer), {"reference": "INV-3"}).context["form"].errors) == {"pasted"}


def test_offers_are_taken_down_and_put_up(market: Shop, organizer: Client) -> None:
    offer = market.offer(stock_pieces=1)
    for action, active in (("take_down", False), ("put_up", True)):
        organizer.post("/admin/payouts/offer/", {"action": action, "_selected_action": [str(offer.pk)]})
        offer.refresh_from_db()
        assert offer.active is active


def test_gifts_are_made_ready_one_by_one(market: Shop, organizer: Client) -> None:
    offer = market.offer(stock_pieces=2)
    market.choose(3, offer)
    answer = act(organizer, "make_ready", market, 3, 4)
    assert answer.status_code == 302
    assert market.gift(3).state == "ready"
    assert market.gift(4).state == "owed"
    assert any("1 of 2" in message for message in told(answer))


def test_parcels_are_asked_for_their_tracking_numbers(market: Shop, organizer: Client) -> None:
    market.choose(3, market.offer(stock_pieces=1), "post")
    award = market.gift(3).pk
    asked = act(organizer, "make_ready", market, 3)
    assert asked.status_code == 200
    assert f'name="tracking_{award}"' in asked.content.decode()
    assert market.gift(3).state == "chosen"
    done = act(organizer, "make_ready", market, 3, confirmed="yes", **{f"tracking_{award}": " SF1 "})
    assert done.status_code == 302
    assert (market.gift(3).state, market.gift(3).tracking) == ("ready", "SF1")
    assert "1 of 1" not in " ".join(told(done))
    act(organizer, "delivered", market, 3)
    assert market.gift(3).state == "handed_over"


def test_writing_off_is_asked_first(market: Shop, organizer: Client) -> None:
    market.choose(3, market.offer(stock_pieces=2), "post")
    market.ready(3)
    assert act(organizer, "lost", market, 3).status_code == 200
    assert market.gift(3).state == "ready"
    assert act(organizer, "lost", market, 3, confirmed="yes").status_code == 302
    assert (market.gift(3).state, market.gift(3).choice) == ("chosen", 2)
    assert act(organizer, "replaced", market, 3, confirmed="yes").status_code == 302


def test_labels_are_a_pdf_that_nobody_keeps_and_printing_is_noted_by_number(market: Shop, organizer: Client) -> None:
    offer = market.offer(stock_pieces=2)
    market.choose(3, offer, "post")
    market.choose(4, offer)
    answer = act(organizer, "print_labels", market, 3, 4, 5)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"%PDF")
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.object_repr) == (str(market.gift(3).pk), f"gift of award {market.gift(3).pk}")
    assert "李四" not in entry.change_message
    none = act(organizer, "print_labels", market, 4)
    assert none.status_code == 302
    assert "None of these" in told(none)[-1]


def test_the_pick_list_counts_by_gift_and_dealer(market: Shop, organizer: Client) -> None:
    offer = market.offer(stock_pieces=3)
    assert "Nothing is waiting" in organizer.get(f"{DESK}pick-list/").content.decode()
    market.choose(3, offer)
    market.choose(4, offer, "post")
    page = organizer.get(f"{DESK}pick-list/")
    assert [(pick["name"], pick["dealer"], pick["pieces"]) for pick in page.context["picks"]] == [
        ("Cup 1", market.dealer.code, 1),
        ("Cup 1", "", 1),
    ]
    assert "李四" not in page.content.decode()


@pytest.mark.parametrize("query", ["", "?state__exact=chosen", "?way__exact=post", "?dealer=NOBODY-1", "?q=NOBODY-1"])
def test_the_desk_is_filtered(market: Shop, organizer: Client, query: str) -> None:
    market.choose(3, market.offer(stock_pieces=1))
    page = organizer.get(DESK + query)
    assert page.status_code == 200
    assert "李四" not in page.content.decode()
    rows = {"": 3, "?state__exact=chosen": 1}.get(query, 0)
    assert len(page.context["cl"].result_list) == rows
    here = organizer.get(f"{DESK}?dealer={market.dealer.code}")
    assert len(here.context["cl"].result_list) == 1


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DEALER])
@pytest.mark.parametrize("page", [ADD, DESK, f"{DESK}pick-list/", "/admin/payouts/offer/1/stock/"])
def test_nobody_else_gets_in(market: Shop, role: str, page: str) -> None:
    offer = market.offer()
    answer = client(role).get(page.replace("/1/", f"/{offer.pk}/"))
    assert answer.status_code in {302, 403}
