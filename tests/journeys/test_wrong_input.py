"""Whatever is typed wrongly is said at its field, and nothing that was typed is lost."""

import pytest

from tests.journeys import steps
from tests.journeys.conftest import Visit, Visitor
from tests.journeys.whole import Whole

GOOD = {
    "account_kind": "iban",
    "account_number": steps.iban_paid(),
    "name": "Wrong Input",
    "account_bank": "Bank of Tests",
    "phone": "+86 138 0013 8000",
    "email": "wrong.input@example.com",
    "product_name": "Tea",
    "product_specification": "250 g",
}
WRONG_CARDS = (
    ("serial", ""),
    ("serial", "1234"),
    ("serial", "0000-0000-0000-00"),
    ("serial", "欧阳芷若"),
    ("pin", ""),
    ("pin", "ABCD-EFGH"),
    ("pin", "UUUU-UUUU-UUUU-UUUU"),
)
WRONG_DETAILS = (
    {"account_number": ""},
    {"account_number": "DE00 5001 0517 5407 3390 00"},
    {"account_number": "6217001234567890", "account_kind": "cn_card"},
    {"account_number": "\N{GRINNING FACE}", "account_kind": "other"},
    {"name": ""},
    {"name": "Wrong \N{GRINNING FACE}"},
    {"name": "x" * 300},
    {"account_bank": "Bank \N{GRINNING FACE}"},
    {"phone": "call me"},
    {"email": "not an address"},
    {"product_name": "Tea \N{GRINNING FACE}"},
    {"product_name": "", "product_specification": "250 g"},
    {"product_specification": "250 \N{GRINNING FACE}"},
    {"accept": ""},
)


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
def test_every_wrong_field_is_named_and_everything_typed_is_kept(whole: Whole, visit: Visit, java_script: bool) -> None:
    holder = visit(java_script_enabled=java_script, refusals_expected=True)
    card = whole.card()
    holder.go("/register/")
    for name, typed in WRONG_CARDS:
        values = {**card, name: typed}
        steps.type_card(holder, values)
        assert wrong_fields(holder) == [name], f"{name}: {typed}"
        assert {field: holder.page.input_value(f"#id_{field}") for field in values} == values
    steps.type_card(holder, card)
    holder.page.locator("#id_account_number").wait_for()
    for wrong in WRONG_DETAILS:
        values = {**GOOD, **wrong}
        steps.type_details(holder, values)
        assert wrong_fields(holder) == [next(iter(wrong))], wrong
        assert kept(holder) == {name: values[name] for name in steps.DETAILS}, wrong
        assert holder.page.is_checked(f"input[name=account_kind][value={values['account_kind']}]")
        assert holder.page.is_checked("#id_accept") == ("accept" not in wrong)
    steps.type_details(holder, GOOD)
    holder.page.locator("button[value=confirm]").wait_for()
    steps.send(holder, "back")
    holder.page.locator("#id_account_number").wait_for()
    assert holder.page.input_value("#id_name") == GOOD["name"]


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
def test_a_refused_card_is_refused_neutrally_and_the_details_are_kept(
    whole: Whole, visit: Visit, java_script: bool
) -> None:
    holder = visit(java_script_enabled=java_script, refusals_expected=True)
    card, other = whole.card(), whole.card()
    holder.go("/register/")
    steps.type_card(holder, {"serial": card["serial"], "pin": other["pin"]})
    steps.type_details(holder, GOOD)
    steps.send(holder, "confirm")
    holder.page.locator("[role=alert]").wait_for()
    assert holder.page.input_value("#id_serial") == card["serial"]
    steps.type_card(holder, card)
    holder.page.locator("#id_account_number").wait_for()
    assert holder.page.input_value("#id_name") == GOOD["name"]
    assert holder.page.input_value("#id_email") == GOOD["email"]
    assert holder.page.input_value("#id_product_name") == GOOD["product_name"]


def wrong_fields(holder: Visitor) -> list[str]:
    """The fields that have a message, once the page has been judged."""
    holder.page.locator("[role=alert]").wait_for()
    found = holder.page.locator("[data-wrong]")
    assert all(text.strip() for text in found.locator(".wrong").all_inner_texts())
    names = [part.locator("input").first.get_attribute("name") for part in found.all()]
    return [name for name in names if name]


def kept(holder: Visitor) -> dict[str, str]:
    """What stands in the fields of the details."""
    return {name: holder.page.input_value(f"#id_{name}") for name in steps.DETAILS}
