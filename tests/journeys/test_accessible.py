"""The holders' pages keep nobody out, and nothing in them is stopped by the content security policy."""

import pytest

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.whole import FILLER, Whole


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-US"), ("dark", "zh-CN")])
def test_no_page_of_the_holders_has_serious_barriers(whole: Whole, visit: Visit, scheme: str, locale: str) -> None:
    holder = visit(color_scheme=scheme, locale=locale, reduced_motion="reduce", refusals_expected=True)
    receipt = whole.caller().register({**whole.card(), **FILLER}).json()["receipt"]
    own = ("", "correct/", "withdraw/", "held/")
    pages = [
        "/",
        "/status/",
        "/lost/",
        f"/programs/{whole.demo['program']}/",
        "/draws/",
        *(f"/draws/{draw['id']}/{page}" for draw in whole.numbers()["draws"] for page in ("", "stage/")),
        *(f"/s/{receipt}/{page}" for page in own),
    ]
    found: dict[str, list[str]] = {}
    for path in pages:
        holder.go(path)
        found[path] = holder.barriers()
    holder.go("/register/")
    found["card"] = holder.barriers()
    steps.send(holder, "next")
    holder.page.locator("[role=alert]").wait_for()
    found["wrong card"] = holder.barriers()
    steps.type_card(holder, whole.card())
    holder.page.locator("#id_account_number").wait_for()
    found["details"] = holder.barriers()
    steps.send(holder, "next")
    holder.page.locator("[role=alert]").wait_for()
    found["wrong details"] = holder.barriers()
    assert {page: barriers for page, barriers in found.items() if barriers} == {}


def test_the_pages_for_others_open_without_errors(whole: Whole, visit: Visit) -> None:
    visitor = visit()
    for path in ("/api/v1/docs/", "/dealer/login/", "/admin/login/"):
        visitor.go(path)
    organizer = visit()
    steps.sign_in(organizer, "/admin/", whole.demo["organizer"])
    for path in (
        "/admin/monitor/",
        "/admin/cards/order/",
        "/admin/cards/lot/",
        "/admin/lottery/draw/",
        "/admin/lottery/draw/fund/",
    ):
        organizer.go(path)
    dealer = visit()
    steps.sign_in(dealer, "/dealer/", whole.demo["dealers"][1])
    for path in (
        "/dealer/orders/",
        "/dealer/lots/",
        "/dealer/statement/",
        "/dealer/orders/new/",
        "/dealer/declarations/",
    ):
        dealer.go(path)
        assert dealer.barriers() == []
