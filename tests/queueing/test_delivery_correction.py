"""What a gift is delivered by: checked and corrected field by field, and only what its way needs."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashback.lib.errors import InvalidDetails
from queueing.correction import CorrectedDelivery, Delivery, DeliveryWay, correct_delivery

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

HOME = {
    "delivery_name": "诸葛彧骞",
    "delivery_phone": "+8613812345678",
    "delivery_email": "gift@example.com",
    "delivery_country": "CN",
    "delivery_postcode": "518057",
    "delivery_address": "广东省深圳市南山区科技园路88号\n璟翀大厦12层",
}
FIELDS = {key: key.replace("_", ".", 1) for key in HOME}
EMPTY = Delivery(name="", phone="", email="", country="", postcode="", address="")


def corrected(way: DeliveryWay = "post", /, **changes: Any) -> CorrectedDelivery:
    return correct_delivery(HOME | changes, way=way)


def post(**changes: Any) -> Delivery:
    found = corrected(**changes).delivery
    assert found is not None
    return found


def refused(way: DeliveryWay = "post", /, **changes: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidDetails) as caught:
        corrected(way, **changes)
    return caught.value.errors


def as_typed(delivery: Delivery | None) -> dict[str, str]:
    return {key: getattr(delivery or EMPTY, key.removeprefix("delivery_")) for key in HOME}


def test_a_right_address_is_taken_as_it_is() -> None:
    found = corrected()
    assert as_typed(found.delivery) == HOME
    assert found.corrections == ()


def test_by_post_only_name_and_address_are_needed() -> None:
    needed = {key: HOME[key] for key in ("delivery_name", "delivery_address")}
    found = correct_delivery(needed, way="post").delivery
    assert found == Delivery(
        name=HOME["delivery_name"], phone="", email="", country="CN", postcode="", address=HOME["delivery_address"]
    )
    assert set(refused(**dict.fromkeys(HOME, ""))) == {"delivery.name", "delivery.address"}


def test_at_a_dealer_nothing_is_needed_and_no_address_is_read() -> None:
    assert correct_delivery({}, way="dealer") == CorrectedDelivery(delivery=None, corrections=())
    assert corrected("dealer", **dict.fromkeys(("delivery_name", "delivery_phone", "delivery_email"), " ")) == (
        CorrectedDelivery(delivery=None, corrections=())
    )
    found = correct_delivery({"delivery_phone": "138 1234 5678", "delivery_address": "\x00"}, way="dealer").delivery
    assert found == Delivery(name="", phone="+8613812345678", email="", country="", postcode="", address="")
    assert set(refused("dealer", delivery_phone="12345", delivery_email="x")) == {"delivery.phone", "delivery.email"}


@pytest.mark.parametrize(
    ("key", "typed", "after"),
    [
        ("delivery_name", " 诸葛  彧骞 ", "诸葛 彧骞"),
        ("delivery_name", "Ame\u0301lie", "Am\u00e9lie"),
        ("delivery_phone", "１３８ 1234-5678", "+8613812345678"),
        ("delivery_email", " gift@EXAMPLE.com ", "gift@example.com"),
        ("delivery_country", "ｃｎ", "CN"),
        ("delivery_postcode", "518-057", "518057"),
        ("delivery_address", "  科技园路88号  \n\n 12\u200b层 ", "科技园路88号\n12层"),
    ],
)
def test_what_is_certainly_not_meant_is_corrected_and_shown(key: str, typed: str, after: str) -> None:
    found = corrected(**{key: typed})
    assert as_typed(found.delivery)[key] == after
    assert [(correction.field, correction.after) for correction in found.corrections] == [(FIELDS[key], after)]
    assert corrected(**as_typed(found.delivery)).corrections == ()


def test_the_ends_of_lines_are_no_correction_that_anybody_is_shown() -> None:
    found = corrected(delivery_address="科技园路88号\r\n12层")
    assert (found.delivery and found.delivery.address, found.corrections) == ("科技园路88号\n12层", ())


@pytest.mark.parametrize(
    ("key", "typed", "says"),
    [
        ("delivery_name", "诸葛😀", "Character 3 "),
        ("delivery_name", "123", "in letters"),
        ("delivery_name", "彧" * 81, "at most 80"),
        ("delivery_phone", "12345", "can be reached"),
        ("delivery_email", "gift", "not an e-mail"),
        ("delivery_country", "China", "two letters"),
        ("delivery_country", "XX", "two letters"),
        ("delivery_postcode", "51805", "6 digits"),
        ("delivery_postcode", "51805A", "6 digits"),
        ("delivery_address", "科技园路\x0788号", "Character 5 "),
        ("delivery_address", "\n".join("1234567"), "at most 6 lines"),
        ("delivery_address", "路" * 241, "at most 240"),
        ("delivery_address", "路" * 401, "at most 400"),
        ("delivery_address", "---", "letters and digits"),
        ("delivery_address", None, "must be text"),
    ],
)
def test_each_wrong_field_is_named_with_what_to_do(key: str, typed: Any, says: str) -> None:
    errors = refused(**{key: typed})
    assert list(errors) == [FIELDS[key]]
    (message,) = errors[FIELDS[key]]
    assert says in message


def test_postcodes_of_other_countries() -> None:
    assert post(delivery_country="gb", delivery_postcode="sw1a 2aa").postcode == "SW1A 2AA"
    assert post(delivery_country="DE", delivery_postcode="").postcode == ""
    (message,) = refused(delivery_country="GB", delivery_postcode="SW1A/2AA")["delivery.postcode"]
    assert "3 to 10" in message


def test_what_was_typed_stands_in_no_error_and_no_representation() -> None:
    with pytest.raises(InvalidDetails) as caught:
        correct_delivery(dict.fromkeys(HOME, "诸葛彧骞😀"), way="post")
    error = caught.value
    assert "诸葛" not in f"{error} {error!r} {error.errors} {error.args} {error.context}"
    found = corrected(delivery_name=" 诸葛彧骞 ")
    for part in (found, found.delivery, *found.corrections):
        assert "诸葛" not in repr(part)


anything = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "So", "Mn", "Zl", "Zs", "Nd"]), max_size=20),
    st.text(st.sampled_from("0123456789 -\n\r\u2028aAé路，／．＋\u200d"), max_size=45),
    st.sampled_from(list(HOME.values())),
    st.none(),
    st.integers(),
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*HOME, "unknown"]), anything), st.sampled_from(["post", "dealer"]))
def test_no_input_crashes_and_what_is_corrected_stays_so(changes: Any, way: DeliveryWay) -> None:
    try:
        found = corrected(way, **changes)
    except InvalidDetails as error:
        assert set(error.errors) <= set(FIELDS.values())  # noqa: PT017
        assert all(messages and all(messages) for messages in error.errors.values())  # noqa: PT017
    else:
        typed = as_typed(found.delivery)
        assert all(unicodedata.is_normalized("NFC", value) for value in typed.values())
        again = correct_delivery(typed, way=way)
        assert (again.delivery, again.corrections) == (found.delivery, ())
