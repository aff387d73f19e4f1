"""The holder's way on a small phone, in Chinese, without JavaScript."""

import re

from tests.journeys import steps
from tests.journeys.conftest import Visit, Visitor
from tests.journeys.whole import TRAFFIC, Whole

WIDTH = 390
IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def test_a_holder_registers_and_is_paid_without_javascript_on_a_phone_in_chinese(whole: Whole, visit: Visit) -> None:
    holder = visit(java_script_enabled=False, viewport={"width": WIDTH, "height": 844}, locale="zh-CN")
    for path in ("/", "/status/", "/lost/", f"/programs/{whole.demo['program']}/", "/register/"):
        holder.go(path)
        assert fits_and_is_chinese(holder)
    steps.type_card(holder, whole.card())
    assert fits_and_is_chinese(holder)
    details = {"account_kind": "cn_card", "account_number": steps.cn_card_paid(), "name": "欧阳芷若"}
    steps.type_details(holder, {**details, "phone": "138 0013 8000"})
    assert fits_and_is_chinese(holder)
    with whole.paused(TRAFFIC):
        receipt = steps.register_first_of_a_cycle(holder, whole)
    assert fits_and_is_chinese(holder)
    holder.go(f"/s/{receipt}/")
    assert fits_and_is_chinese(holder)
    whole.wait_for(lambda: is_refunded(whole, receipt), 60, lambda: "not refunded")
    whole.wait_for(lambda: whole.status(receipt)["details"] == "erased", 90, lambda: "details are still held")
    holder.go(f"/s/{receipt}/")
    assert holder.page.locator(".verdict svg.s-cash").count() == 1
    assert holder.page.locator("a[href^='/erasures/']").count() >= 1
    assert fits_and_is_chinese(holder)


def is_refunded(whole: Whole, receipt: str) -> bool:
    return [award["state"] for award in whole.status(receipt)["awards"]] == ["refunded"]


def fits_and_is_chinese(holder: Visitor) -> bool:
    """Whether the page has no more width than the phone, and says so in Chinese."""
    page = holder.page
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    assert IDEOGRAPH.search(page.locator("h1").first.inner_text()), page.locator("h1").first.inner_text()
    boxes = [box for box in (part.bounding_box() for part in page.locator("main, header, footer").all()) if box]
    assert all(box["x"] + box["width"] <= WIDTH for box in boxes), boxes
    return True
