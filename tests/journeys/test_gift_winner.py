"""The way of forty-four of fifty: a gift, chosen on a small phone in Chinese and fetched at a dealer's counter."""

from typing import Any

from tests.journeys import steps
from tests.journeys.conftest import Visit, Visitor
from tests.journeys.test_phone import WIDTH, fits_and_is_chinese
from tests.journeys.whole import CYCLE, TRAFFIC, Whole

PAID = 6


def test_a_gift_is_chosen_on_a_phone_in_chinese_and_handed_over_at_the_counter(whole: Whole, visit: Visit) -> None:
    holder = visit(viewport={"width": WIDTH, "height": 844}, locale="zh-CN")
    organizer, dealer = visit(), visit()
    steps.sign_in(organizer, "/admin/", whole.demo["organizer"])
    counter = whole.demo["dealers"][1]
    steps.sign_in(dealer, "/dealer/", counter)
    card = whole.card()
    # Without the demo's own desk and dealers, who would be quicker than the people of this journey.
    with whole.paused(TRAFFIC):
        receipt = register_behind_the_paid(whole, card)
        whole.wait_for(lambda: state_of(whole, receipt) == "owed", 60, lambda: "no gift is owed")
        choose_for(holder, receipt, card, counter["code"])
        assert holder.page.locator("#gift.gift-chosen").count() == 1
        award = whole.status(receipt)["awards"][0]["id"]
        make_ready(organizer, award)
        holder.go(f"/s/{receipt}/")
        assert fits_and_is_chinese(holder)
        assert holder.barriers() == []
        assert holder.page.locator("#gift .qr svg").count() == 1
        code = holder.page.locator("#gift .receipt-code").inner_text()
        hand_over(dealer, card["serial"], code)
        # The holder's page looks for news by itself.
        holder.page.locator("#gift.gift-handed_over").wait_for()
        assert fits_and_is_chinese(holder)
    assert state_of(whole, receipt) == "handed_over"
    events = [entry["event"] for entry in whole.status(receipt)["timeline"]]
    assert [event for event in events if event.startswith("gift_")] == ["gift_chosen", "gift_ready", "gift_handed_over"]


def register_behind_the_paid(whole: Whole, card: dict[str, str]) -> str:
    """Register the card at the first place of a cycle that gets a gift, and let the cycle fill; the receipt."""
    whole.fill_to_a_cycle()
    whole.fill(PAID)
    details: dict[str, Any] = {"holder": {"name": "欧阳芷若"}, "account": {"kind": "cn_card"}}
    details["account"]["number"] = steps.cn_card_paid()
    answer = whole.caller().register({**card, **details})
    assert answer.status == 201, answer.text
    whole.fill(CYCLE - PAID - 1)
    return str(answer.json()["receipt"])


def choose_for(holder: Visitor, receipt: str, card: dict[str, str], dealer: str) -> None:
    """From the status page to a gift that waits to be packed."""
    holder.go(f"/s/{receipt}/")
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    holder.page.click("#gift a.button")
    holder.page.locator(".offers").wait_for()
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    holder.page.locator("button[name=offer]").first.click()
    holder.page.check("input[name=way][value=dealer]")
    assert not holder.page.locator("#id_delivery_address").is_visible()
    holder.page.select_option("#id_dealer", dealer)
    holder.page.fill("#id_serial", card["serial"])
    holder.page.fill("#id_pin", card["pin"].lower())
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    steps.send(holder, "next")
    assert fits_and_is_chinese(holder)
    assert holder.barriers() == []
    steps.send(holder, "confirm")
    holder.page.locator("#gift").wait_for()
    assert fits_and_is_chinese(holder)


def make_ready(organizer: Visitor, award: int) -> None:
    """The desk has brought it to the counter."""
    organizer.go("/admin/payouts/gift/?state__exact=chosen")
    organizer.page.check(f"input.action-select[value='{award}']")
    organizer.page.select_option("select[name=action]", "make_ready")
    organizer.page.click("button[name=index]")
    organizer.page.locator(".messagelist .success").first.wait_for()


def hand_over(dealer: Visitor, serial: str, code: str) -> None:
    """The dealer scans what the holder shows: the page opens with both filled in, and the address forgets them."""
    dealer.go("/dealer/gifts/")
    assert dealer.barriers() == []
    dealer.page.goto(f"{dealer.url}/dealer/gifts/claim/#{serial}.{code}")
    assert "#" not in dealer.page.url
    assert dealer.page.input_value("#id_claim_code") == code
    assert dealer.barriers() == []
    dealer.page.click("#claim button")
    dealer.page.locator(".hand-out").wait_for()
    assert dealer.barriers() == []


def state_of(whole: Whole, receipt: str) -> str:
    """Where the gift stands."""
    awards = whole.status(receipt)["awards"]
    return str(awards[0]["state"]) if awards else ""
