"""What people do on the pages, step by step."""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from tests.journeys.conftest import Visitor
from tests.journeys.whole import Whole

DETAILS = ("account_number", "name", "account_bank", "phone", "email", "product_name", "product_specification")


def iban_paid() -> str:
    """An IBAN that the simulated bank always pays."""
    body = "500105175407339000"
    return f"DE{mod_97_10.calc_check_digits(body + 'DE')}{body}"


def cn_card_paid() -> str:
    """A bank card that the simulated bank always pays."""
    numbers = (f"6217001{number:08d}9000" for number in count(12_345_678))
    return next(number for number in numbers if luhn.is_valid(number))


def sign_in(visitor: Visitor, door: str, person: Mapping[str, Any]) -> None:
    """Through the form of one of the two sides."""
    visitor.go(door)
    visitor.page.fill("#id_username", person["username"])
    visitor.page.fill("#id_password", person["password"])
    visitor.page.locator("main form button, #login-form input[type=submit]").first.click()
    visitor.page.wait_for_url(re.compile(f"{door}$"))


def act_on_order(organizer: Visitor, order: str, action: str) -> None:
    """An action of the admin on one order."""
    organizer.go("/admin/cards/order/")
    organizer.page.check(f"input.action-select[value='{order}']")
    organizer.page.select_option("select[name=action]", action)
    organizer.page.click("button[name=index]")
    organizer.page.locator(".messagelist .success").wait_for()


def type_card(holder: Visitor, card: Mapping[str, str]) -> None:
    """The first step."""
    holder.page.fill("#id_serial", card["serial"])
    holder.page.fill("#id_pin", card["pin"])
    send(holder, "next")


def type_details(holder: Visitor, details: Mapping[str, str]) -> None:
    """The second step: every field of the page gets what is given for it, or nothing."""
    holder.page.check(f"input[name=account_kind][value={details['account_kind']}]")
    for name in DETAILS:
        holder.page.fill(f"#id_{name}", details.get(name, ""))
    holder.page.set_checked("#id_accept", "accept" not in details)
    send(holder, "next")


def send(holder: Visitor, go: str) -> None:
    """One of the form's buttons; returns when the page that answers it is there."""
    button = holder.page.locator(f"#entry button[name=go][value={go}]")
    if not holder.java_script:
        with holder.page.expect_navigation():
            button.click()
        return
    holder.page.evaluate("document.querySelector('#main').dataset.answered = 'not yet'")
    button.click()
    holder.page.locator("#main:not([data-answered])").wait_for()


def register_first_of_a_cycle(holder: Visitor, whole: Whole) -> str:
    """Confirm the review so that the card gets the first place of a cycle, let the others come; the receipt code."""
    whole.fill_to_a_cycle()
    send(holder, "confirm")
    code = holder.page.locator(".receipt-code")
    code.wait_for()
    whole.fill(49)
    return "".join(code.inner_text().split()).replace("-", "")


def proof_on(holder: Visitor) -> dict[str, str]:
    """The signed values that a page shows: nonce, leaf, time, signature, key."""
    holder.page.locator("details:has(.pairs.small) summary").click()
    values = holder.page.locator("details .pairs.small dd").all_inner_texts()
    return dict(zip(("nonce", "leaf", "registered_at", "signature", "key_id"), values, strict=True))
