import pytest
from django.utils import translation

from cashback.lib.errors import DomainError, InvalidDetails


class LotTooLarge(DomainError):
    """The lot has %(cards)d cards; the batch
    has only %(left)d left.

    Raised when an order is fulfilled.
    """

    code = "lot_too_large"


def test_the_message_is_the_first_paragraph_with_the_values_filled_in() -> None:
    error = LotTooLarge(cards=60, left=50)
    assert str(error) == "The lot has 60 cards; the batch has only 50 left."
    assert error.code == "lot_too_large"
    assert error.context == {"cards": 60, "left": 50}


def test_the_message_is_looked_up_in_the_active_language(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = {LotTooLarge.source_message(): "这一批有%(cards)d张卡。"}
    monkeypatch.setattr("cashback.lib.errors.gettext", lambda text: catalog[text])
    with translation.override("zh-hans"):
        assert str(LotTooLarge(cards=60, left=50)) == "这一批有60张卡。"


def test_invalid_details_keep_every_fields_messages_and_print_none() -> None:
    error = InvalidDetails({"holder.name": ["Enter the name."]})
    assert error.errors == {"holder.name": ["Enter the name."]}
    assert error.code == "invalid_details"
    with pytest.raises(DomainError, match="Some of the details"):
        raise error
