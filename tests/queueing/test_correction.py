import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashback.lib.errors import InvalidDetails
from cashback.lib.pins import random_pins
from cashback.lib.serials import format_serial
from queueing.correction import Corrected, correct_card, correct_change, correct_registration

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERIAL = "00000000000195"
PIN = "0123456789ABCDEZ"
CARD_NUMBER = "6222021234567890128"
IBAN = "DE89370400440532013000"
GOOD = {
    "serial": SERIAL,
    "pin": PIN,
    "name": "张三",
    "phone": "+8613812345678",
    "email": "zhang@example.com",
    "account_kind": "cn_card",
    "account_number": CARD_NUMBER,
    "account_bank": "中国工商银行",
    "product_name": "电饭煲",
    "product_specification": "3 L",
    "terms_version": "2026-1",
}
FIELDS = {
    "serial": "serial",
    "pin": "pin",
    "name": "holder.name",
    "phone": "holder.phone",
    "email": "holder.email",
    "account_kind": "account.kind",
    "account_number": "account.number",
    "account_bank": "account.bank",
    "product_name": "product.name",
    "product_specification": "product.specification",
    "terms_version": "terms_version",
}


def corrected(**changes: Any) -> Corrected:
    return correct_registration(GOOD | changes)


def refused(**changes: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidDetails) as caught:
        correct_registration(GOOD | changes)
    return caught.value.errors


def as_typed(result: Corrected) -> dict[str, str]:
    """What a holder would type to be understood without any correction."""
    return {
        "serial": result.card.serial,
        "pin": result.card.pin,
        "name": result.holder.name,
        "phone": result.holder.phone,
        "email": result.holder.email,
        "account_kind": result.account.kind,
        "account_number": result.account.number,
        "account_bank": result.account.bank,
        "product_name": result.product.name if result.product else "",
        "product_specification": result.product.specification if result.product else "",
        "terms_version": result.terms_version,
    }


def test_a_right_entry_is_taken_as_it_is() -> None:
    result = corrected()
    assert as_typed(result) == GOOD
    assert result.card.number == 1
    assert result.corrections == ()


def test_only_card_name_and_account_are_needed() -> None:
    needed = ("serial", "pin", "name", "account_kind", "account_number")
    result = correct_registration({key: GOOD[key] for key in needed})
    assert (result.holder.phone, result.holder.email, result.account.bank) == ("", "", "")
    assert result.product is None
    assert result.terms_version == ""


def test_a_card_typed_as_it_is_printed_needs_no_correction() -> None:
    assert corrected(serial="0000-0000-0001-95", pin="0123-4567-89AB-CDEZ").corrections == ()


@pytest.mark.parametrize(
    ("key", "typed", "after"),
    [
        ("serial", "００００ 0000 OOOI 95", "0000-0000-0001-95"),
        ("pin", "oi23 4567 89ab cdez", "0123-4567-89AB-CDEZ"),
        ("name", "  张\N{IDEOGRAPHIC SPACE}三 ", "张 三"),
        ("name", "阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("name", "Ｚｏｅ\tO\N{RIGHT SINGLE QUOTATION MARK}Hara", "Zoe O'Hara"),
        ("name", "Zoe\N{COMBINING DIAERESIS}", "Zoë"),
        ("name", "张\N{ZERO WIDTH SPACE}三", "张三"),
        ("phone", "138 1234 5678", "+8613812345678"),
        ("phone", "１３８－１２３４－５６７８", "+8613812345678"),
        ("phone", "0086 (138) 12345678", "+8613812345678"),
        ("phone", "010-6234 5678", "+861062345678"),
        ("phone", "+49 30 901820", "+4930901820"),
        ("email", " Zhang@EXAMPLE.com ", "Zhang@example.com"),
        ("email", "zhang＠example．com", "zhang@example.com"),
        ("email", "zhang@例子.中国", "zhang@xn--fsqu00a.xn--fiqs8s"),
        ("account_number", "6222 0212-3456 7890 128", CARD_NUMBER),
        ("account_number", "６２２２021234567890128", CARD_NUMBER),
        ("account_bank", "中国工商银行（上海）", "中国工商银行(上海)"),
        ("account_kind", "CN_card ", "cn_card"),
        ("product_name", " 电饭煲\n 3 L", "电饭煲 3 L"),
    ],
)
def test_what_is_certainly_not_meant_is_corrected_and_shown(key: str, typed: Any, after: str) -> None:
    result = corrected(**{key: typed})
    (correction,) = result.corrections
    assert (correction.field, correction.before, correction.after) == (FIELDS[key], typed, after)
    assert correction.why
    assert as_typed(result)[key].replace("-", "") == after.replace("-", "")
    assert correct_registration(as_typed(result)).corrections == ()


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        ("iban", "de89 3704 0044 0532 0130 00", IBAN),
        ("iban", "GB29NWBK60161331926819", "GB29NWBK60161331926819"),
        ("other", "１２-３４５  ab", "12-345 ab"),
        ("other", "someone2@example.com", "someone2@example.com"),
    ],
)
def test_accounts_of_other_kinds(kind: str, typed: str, number: str) -> None:
    assert corrected(account_kind=kind, account_number=typed).account.number == number


@pytest.mark.parametrize(
    ("key", "typed", "says"),
    [
        ("serial", "", "Enter the card's serial"),
        ("serial", "0000-0000-0001-96", "typing error"),
        ("serial", "0000-0000-A001-95", "Character 9 "),
        ("pin", "\N{IDEOGRAPHIC SPACE}", "Enter the card's PIN"),
        ("pin", "0123-U567-89AB-CDEZ", "Character 5 "),
        ("pin", "0123-4567-89AB-CDEY", "typing error"),
        ("name", "", "Enter the name"),
        ("name", "张三😀", "character 3 "),
        ("name", "张\x00三", "character 2 "),
        ("name", "Иван", "character 1 "),
        ("name", "张三\ud800", "character 3 "),
        ("name", "x\N{COMBINING CIRCUMFLEX ACCENT}", "character 2 "),
        ("name", "\N{ZERO WIDTH SPACE}", "in letters"),
        ("name", "13812345678", "in letters"),
        ("name", "张" * 141, "at most 140"),
        ("phone", "12345", "cannot be reached|can be reached"),
        ("phone", "+999 12345678", "can be reached"),
        ("phone", "张三 13812345678", "only digits"),
        ("phone", "1-800-FLOWERS", "only digits"),
        ("email", "zhang", "not an e-mail"),
        ("email", "张三@example.com", "not an e-mail"),
        ("email", "a@b@example.com", "not an e-mail"),
        ("account_kind", "", "Choose"),
        ("account_kind", "paypal", "Choose"),
        ("account_number", "", "Enter the account"),
        ("account_number", "6222021234567890129", "typing error"),
        ("account_number", "622202123456789", "16 to 19"),
        ("account_number", "6222O21234567890128", "Character 5 "),
        ("account_bank", "银行😀", "character 3 "),
        ("account_bank", "12345", "in letters"),
        ("product_name", "煲\x07", "Character 2 "),
        ("product_name", "煲❤️", "Character 2 "),
        ("product_name", "", "Enter the product's name"),
        ("product_specification", "3" * 121, "at most 120"),
        ("terms_version", "a b", "Load the page again"),
    ],
)
def test_each_wrong_field_is_named_with_what_to_do(key: str, typed: Any, says: str) -> None:
    errors = refused(**{key: typed})
    assert list(errors) == [FIELDS[key]]
    (message,) = errors[FIELDS[key]]
    assert any(part in message for part in says.split("|"))


@pytest.mark.parametrize(
    ("kind", "typed", "says"),
    [
        ("iban", "DE88370400440532013000", "typing error"),
        ("iban", "DE8937040044053201300?", "Character 22 "),
        ("iban", "DE89", "15 to 34"),
        ("iban", "CN49370400440532013000", "No country|typing error"),
        ("other", "123", "4 to 34"),
        ("other", "1" * 35, "4 to 34"),
        ("other", "账号1234", "Character 1 "),
        ("other", "abcdef", "at least one digit"),
    ],
)
def test_wrong_accounts_of_other_kinds(kind: str, typed: Any, says: str) -> None:
    (message,) = refused(account_kind=kind, account_number=typed)["account.number"]
    assert any(part in message for part in says.split("|"))


def test_every_error_is_reported_at_once() -> None:
    errors = refused(**dict.fromkeys(GOOD, "\x00"))
    assert set(errors) == set(FIELDS.values()) - {"account.number"}
    assert set(refused(**dict.fromkeys(GOOD, ""))) == {
        "serial",
        "pin",
        "holder.name",
        "account.kind",
        "account.number",
    }


@pytest.mark.parametrize("value", [None, 17, 1.5, True, b"text", ["text"], {"text": 1}])
def test_what_is_no_text_is_refused_at_each_field(value: object) -> None:
    errors = refused(**dict.fromkeys(GOOD, value))
    assert errors == {field: ["This must be text."] for field in FIELDS.values()}


def test_a_megabyte_in_each_field_is_refused_at_once() -> None:
    started = time.perf_counter()
    for character in "张0 \N{ZERO WIDTH SPACE}":
        errors = refused(**dict.fromkeys(GOOD, character * 1_000_000))
        assert set(errors) == set(FIELDS.values())
    assert time.perf_counter() - started < 1


def test_what_was_typed_stands_in_no_error_and_no_representation() -> None:
    secret = "张三丰6222😀"
    with pytest.raises(InvalidDetails) as caught:
        correct_registration(dict.fromkeys(GOOD, secret))
    error = caught.value
    said = f"{error} {error!r} {error.errors} {error.args} {error.context}"
    assert "张三" not in said
    assert "6222" not in said
    result = corrected(name=" 张三 ")
    for part in (result, result.card, result.holder, result.account, result.product, *result.corrections):
        assert "张三" not in repr(part)
        assert PIN not in repr(part)


def test_a_change_asks_for_the_card_and_checks_only_what_changes() -> None:
    change = correct_change(GOOD | {"name": None, "phone": 3}, holder=False, account=True)
    assert change.holder is None
    assert change.account
    assert change.account.number == CARD_NUMBER
    change = correct_change(GOOD | {"account_number": "?"}, holder=True, account=False)
    assert change.account is None
    assert change.holder
    assert change.holder.name == "张三"
    with pytest.raises(InvalidDetails) as caught:
        correct_change({"name": ""}, holder=True, account=False)
    assert set(caught.value.errors) == {"serial", "pin", "holder.name"}


def test_a_card_alone_is_checked_alone() -> None:
    assert correct_card({"serial": SERIAL, "pin": PIN.lower()}).pin == PIN
    with pytest.raises(InvalidDetails) as caught:
        correct_card({})
    assert set(caught.value.errors) == {"serial", "pin"}


names = st.text(st.sampled_from("张三李四 Aaé·•-.'’\u3000\u200bＡ"), min_size=1, max_size=30).map(
    lambda text: "王" + text
)
entropies = st.binary(min_size=15, max_size=15)


@given(names, st.integers(0, 10**12 - 1), entropies, st.text(st.sampled_from("银行 （）ab1&／"), max_size=20))
def test_a_corrected_entry_needs_no_further_correction(name: str, number: int, entropy: bytes, bank: str) -> None:
    pin = random_pins(1, entropy)[0]
    result = corrected(name=name, serial=format_serial(number), pin=pin, account_bank="银" + bank)
    again = correct_registration(as_typed(result))
    assert again.corrections == ()
    assert as_typed(again) == as_typed(result)
    assert unicodedata.is_normalized("NFC", result.holder.name)


anything = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "So", "Mn", "Zl", "Zs", "Nd"]), max_size=20),
    st.text(st.sampled_from("0123456789+-() .@aAeE／．＋張·\u200d"), max_size=45),
    st.sampled_from(list(GOOD.values())),
    st.none(),
    st.integers(),
    st.lists(st.text(max_size=3), max_size=2),
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from([*GOOD, "unknown"]), anything))
def test_no_input_crashes_and_every_field_can_be_wrong(changes: Any) -> None:
    try:
        result = correct_registration(GOOD | changes)
    except InvalidDetails as error:
        assert set(error.errors) <= set(FIELDS.values())  # noqa: PT017
        assert all(messages and all(messages) for messages in error.errors.values())  # noqa: PT017
    else:
        for value in as_typed(result).values():
            value.encode()
        assert correct_registration(as_typed(result)).corrections == ()


@pytest.mark.parametrize("kind", ["iban", "cn_card", "other"])
@given(typed=anything)
def test_no_account_number_crashes(kind: str, typed: Any) -> None:
    try:
        corrected(account_kind=kind, account_number=typed)
    except InvalidDetails as error:
        assert set(error.errors) == {"account.number"}  # noqa: PT017
