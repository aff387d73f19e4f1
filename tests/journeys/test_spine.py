"""The whole way of a card in a real browser: ordered, paid for, sold, registered, paid back, forgotten."""

import re

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.proofs import is_signed, leaf_of
from tests.journeys.whole import TRAFFIC, Whole

CARDS = "20"


def test_a_card_is_ordered_sold_registered_paid_back_and_its_holder_forgotten(whole: Whole, visit: Visit) -> None:
    dealer = visit()
    steps.sign_in(dealer, "/dealer/", whole.demo["dealers"][0])
    dealer.go("/dealer/orders/new/")
    dealer.page.select_option("#id_program", index=1)
    dealer.page.fill("#id_cards", CARDS)
    dealer.page.fill("#id_product_name", "Journey tea")
    dealer.page.click("button[value=review]")
    dealer.page.click("button[value=confirm]")
    dealer.page.wait_for_url(re.compile(r"/dealer/orders/\d+/"))
    order = dealer.page.url.rstrip("/").rpartition("/")[2].partition("?")[0]

    organizer, checker = visit(), visit()
    steps.sign_in(organizer, "/admin/", whole.demo["organizer"])
    steps.sign_in(checker, "/admin/", whole.demo["checker"])
    steps.act_on_order(organizer, order, "payment_seen")
    steps.act_on_order(checker, order, "confirm_payment")
    steps.act_on_order(organizer, order, "fulfil")

    dealer.go(f"/dealer/orders/{order}/")
    assert dealer.sees("Fulfilled")
    serial = re.sub(r"\D", "", dealer.page.locator(".rows .range span").first.inner_text())
    card = whole.unsold()[serial]

    holder = visit()
    holder.go("/register/")
    steps.type_card(holder, card)
    details = {"account_kind": "iban", "account_number": steps.iban_paid(), "name": "Journey Holder"}
    steps.type_details(holder, {**details, "email": "journey.holder@example.com", "product_name": "Journey tea"})
    holder.sees("Is this right?")
    assert holder.barriers() == []
    with whole.paused(TRAFFIC):
        receipt = steps.register_first_of_a_cycle(holder, whole)
    assert holder.barriers() == []
    proof = steps.proof_on(holder)
    assert proof["leaf"] == leaf_of(serial, proof["nonce"])
    lines = ["cashback-receipt-v1", proof["key_id"], serial, proof["nonce"], proof["leaf"], proof["registered_at"]]
    assert is_signed(whole, proof["key_id"], lines, proof["signature"])
    assert not is_signed(whole, proof["key_id"], [*lines[:-1], "2020-01-01T00:00:00.000000Z"], proof["signature"])

    holder.page.click("a[href^='/s/']")
    holder.page.get_by_text("You have been paid").wait_for(timeout=60_000)  # the page looks for news by itself
    assert holder.barriers() == []
    whole.wait_for(lambda: whole.status(receipt)["details"] == "erased", 90, lambda: "the contact is still held")
    holder.page.reload()
    assert holder.sees("Nothing. Your details are destroyed")
    status = whole.status(receipt)
    assert [award["state"] for award in status["awards"]] == ["refunded"]
    whole.wait_for(lambda: erasures_are_signed(whole, receipt), 30, lambda: "an erasure's signature does not verify")
    holder.page.click("a:has-text('signed proof')")
    holder.page.wait_for_url(re.compile(r"/erasures/\d+/"))
    assert holder.barriers() == []

    dealer.go("/dealer/lots/")
    assert dealer.sees(f"1 of {CARDS} registered")


def erasures_are_signed(whole: Whole, receipt: str) -> bool:
    """Whether there is an erasure and each is signed by one of the site's keys."""
    found = [whole.caller().get_json(f"/api/v1/erasures/{row['id']}") for row in whole.status(receipt)["erasures"]]
    names = ("key_id", "id", "at", "what", "why", "backups_until")
    return bool(found) and all(
        row["signature"]
        and is_signed(whole, row["key_id"], ["cashback-erasure-v1", *(row[name] for name in names)], row["signature"])
        for row in found
    )
