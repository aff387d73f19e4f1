"""A draw from its first field in the admin to a paid prize: a winner on a small phone, in Chinese."""

import re
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from playwright.sync_api import Locator, Request

from tests.journeys import steps
from tests.journeys.conftest import Visit, Visitor
from tests.journeys.test_phone import WIDTH, fits_and_is_chinese
from tests.journeys.whole import FILLER, TRAFFIC, Whole

DRAW = "JOURNEY-1"
VALUE = "3141.59"
SECOND = timedelta(seconds=1)
PHONE = {"viewport": {"width": WIDTH, "height": 844}, "locale": "zh-CN"}


def test_a_winner_finds_the_prize_gives_details_and_is_paid(whole: Whole, visit: Visit) -> None:
    with whole.paused(TRAFFIC):
        card, registered = gift_winner(whole)
    assert whole.status(registered["receipt"])["erasures"], "a gift needs no account"
    organizer, checker = visit(), visit()
    steps.sign_in(organizer, "/admin/", whole.demo["organizer"])
    steps.sign_in(checker, "/admin/", whole.demo["checker"])
    pay_into_the_fund(organizer)
    announce(organizer, datetime.fromisoformat(registered["registered_at"]))
    holder = visit(**PHONE)
    holder.go(f"/draws/{DRAW}/")
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    assert re.search(r"\d\d:\d\d:\d\d", holder.page.locator(".countdown").inner_text())

    whole.wait_for(lambda: state(whole) == "revealed", 90, lambda: state(whole))
    step(organizer, "figures", VALUE)
    step(checker, "figures", VALUE)
    whole.wait_for(lambda: state(whole) == "verified", 60, lambda: state(whole))
    step(checker, "certify")
    assert state(whole) == "certified"

    check_my_card(holder, card["serial"], registered["nonce"])
    recompute(holder)
    give_details(holder, card, registered["receipt"])
    whole.wait_for(
        lambda: states(whole, registered["receipt"])["draw"] == "refunded",
        90,
        lambda: str(whole.status(registered["receipt"])["awards"]),
    )
    holder.go(f"/s/{registered['receipt']}/")
    assert fits_and_is_chinese(holder)
    assert holder.page.locator(f"a[href='/draws/{DRAW}/']").count() == 1
    assert holder.page.locator(f"a[href='/s/{registered['receipt']}/correct/?needed']").count() == 0
    on_stage(visit(reduced_motion="reduce"))


def gift_winner(whole: Whole) -> tuple[dict[str, str], dict[str, str]]:
    """A card that nobody else is registered in the same two seconds with, and whose cycle then gives it a gift."""
    whole.fill_to_a_cycle()
    whole.fill(12)
    card = whole.card()
    time.sleep(2)
    registered = whole.caller().register({**card, **FILLER}).json()
    time.sleep(2)
    whole.fill(37)
    whole.wait_for(lambda: "cycle" in states(whole, registered["receipt"]), 30, lambda: "no verdict")
    assert states(whole, registered["receipt"]) == {"cycle": "owed"}
    return card, registered


def states(whole: Whole, receipt: str) -> dict[str, str]:
    """The state of each award by its source."""
    return {award["source"]: award["state"] for award in whole.status(receipt)["awards"]}


def state(whole: Whole) -> str:
    found: str = whole.caller().get_json(f"/api/v1/draws/{DRAW}")["state"]
    return found


def pay_into_the_fund(organizer: Visitor) -> None:
    organizer.go("/admin/lottery/draw/fund/")
    organizer.page.select_option("#id_program", index=1)
    organizer.page.fill("#id_amount_minor", "12300")
    organizer.page.fill("#id_reference", f"{DRAW}-FUND")
    press(organizer)
    organizer.sees("123.00")
    press(organizer)
    organizer.page.locator(".messagelist .success").wait_for()


def announce(organizer: Visitor, registered_at: datetime) -> None:
    """Write a draft over the one card, whose secret is revealed when its figure is published, and announce it."""
    organizer.go("/admin/lottery/draw/add/")
    freezes_at = datetime.now(registered_at.tzinfo) + 30 * SECOND
    published_at = freezes_at + 16 * SECOND
    organizer.page.select_option("#id_program", index=1)
    for name, text in {
        "code": DRAW,
        "name": "A draw over one card",
        "name_zh": "一张卡的抽奖",
        "reserves": "0",
        "prizes-0-position": "1",
        "prizes-0-name": "The prize",
        "prizes-0-name_zh": "大奖",
        "prizes-0-amount_minor": "12300",
        "figures-0-position": "1",
        "figures-0-name": "index",
    }.items():
        organizer.page.fill(f"#id_{name}", text)
    for name, moment in {
        "registered_from": registered_at - SECOND,
        "registered_until": registered_at + SECOND,
        "freezes_at": freezes_at,
        "reveals_at": published_at,
        "figures-0-published_at": published_at,
    }.items():
        local = moment.astimezone(ZoneInfo(settings.TIME_ZONE))
        organizer.page.fill(f"#id_{name}_0", f"{local:%Y-%m-%d}")
        organizer.page.fill(f"#id_{name}_1", f"{local:%H:%M:%S}")
    organizer.page.click("input[name=_continue]")
    organizer.page.locator(".messagelist .success").wait_for()
    organizer.page.click(".draw-actions a[href$='/announce/']")
    press(organizer)
    organizer.page.locator(".messagelist .success").wait_for()


def step(person: Visitor, name: str, value: str = "") -> None:
    """A step of the draw, by the button on its page in the admin."""
    person.go("/admin/lottery/draw/")
    person.page.get_by_role("link", name=DRAW, exact=True).click()
    person.page.locator(f".draw-steps a.button[href*='/{name}/']").click()
    if value:
        person.page.fill("#id_value", value)
    press(person)
    person.page.locator(".messagelist .success").wait_for()


def press(person: Visitor) -> None:
    person.page.click(".submit-row input[type=submit]")


def check_my_card(holder: Visitor, serial: str, nonce: str) -> None:
    """Nothing but the pool and the draw is asked for, and neither address names the card."""
    holder.go(f"/draws/{DRAW}/")
    asked: list[str] = []

    def sent(request: Request) -> None:
        asked.append(f"{request.method} {request.url} {request.post_data}")

    holder.page.on("request", sent)
    holder.page.fill("#check-serial", serial)
    holder.page.fill("#check-nonce", nonce)
    holder.page.click("[data-check] button")
    answer = holder.page.locator("[data-check-answer]")
    answer.locator(".notice").wait_for()
    assert answer.locator("a[href='/status/']").count() == 1, answer.inner_text()
    assert "大奖" in answer.inner_text()
    api = f"{holder.url}/api/v1/draws/{DRAW}"
    holder.page.remove_listener("request", sent)
    assert sorted(one for one in asked if "/static/" not in one) == [f"GET {api} None", f"GET {api}/pool None"]
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []


def recompute(holder: Visitor) -> None:
    holder.page.click("[data-verify]")
    checks: Locator = holder.page.locator("[data-verify-checks] li")
    checks.nth(4).wait_for()
    assert holder.page.locator("[data-verify-checks] li.holds").count() == checks.count() == 5
    assert holder.page.locator("[data-verify-answer] .notice-wrong").count() == 0
    assert fits_and_is_chinese(holder)


def give_details(holder: Visitor, card: dict[str, str], receipt: str) -> None:
    holder.go(f"/s/{receipt}/")
    link = holder.page.locator(f"a[href='/s/{receipt}/correct/?needed']")
    link.wait_for()  # the page looks for news by itself, until payouts have collected the award
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    link.click()
    holder.page.locator("#id_serial").wait_for()
    assert fits_and_is_chinese(holder)
    typed = {"serial": card["serial"], "pin": card["pin"], "account_number": steps.cn_card_paid(), "name": "欧阳芷若"}
    for name, text in typed.items():
        holder.page.fill(f"#id_{name}", text)
    holder.page.check("input[name=account_kind][value=cn_card]")
    steps.send(holder, "next")
    steps.send(holder, "confirm")
    holder.page.locator("#status").wait_for()
    assert fits_and_is_chinese(holder)


def on_stage(hall: Visitor) -> None:
    """The stage draws in its browser, and shows the one winner."""
    hall.go(f"/draws/{DRAW}/stage/")
    hall.page.locator("[data-stage-seed]:not(:empty)").wait_for()
    assert hall.barriers() == []
    hall.page.keyboard.press("Space")
    hall.page.locator(".stage-index").wait_for()
    assert hall.page.locator(".stage-index").inner_text() == "0"
    assert "¥123.00" in hall.page.locator(".stage-amount").inner_text()
    hall.page.keyboard.press("ArrowRight")
    assert hall.page.locator(".stage-all li").count() == 1
    assert hall.page.locator("[data-stage-next]").is_disabled(), "nobody comes after the last winner"
