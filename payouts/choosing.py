"""Choosing: a holder with receipt, serial and PIN takes one of the pieces that are left."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cashback.lib.errors import DomainError


class NothingToChoose(DomainError):
    """There is no gift to choose here: none was awarded yet, or it is already on its way."""

    code = "nothing_to_choose"


class OfferGone(DomainError):
    """Somebody else has just taken the last piece. Choose again."""

    code = "offer_gone"


class WayNotOffered(DomainError):
    """This gift is not handed over in that way."""

    code = "way_not_offered"


class DealerUnknown(DomainError):
    """There is no such dealer for gifts of this program."""

    code = "dealer_unknown"


class GiftWithdrawn(DomainError):
    """This registration was withdrawn; nothing is given on it any more."""

    code = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Choice:
    """What came of choosing: the code for a dealer's counter (5-5 characters) if there is one, and the gift's state."""

    award_id: int
    state: str
    claim_code: str | None


def choose(
    *,
    receipt: str,
    serial: str,
    pin: str,
    offer_id: int,
    way: str,
    dealer_code: str | None,
    delivery: Any,
    now: datetime,
    award_id: int | None = None,
) -> Choice:
    """Choose a gift, or another one while the first is not ready. An e-code is ready at once.

    `way` is `dealer`, `post` or `code`; `delivery` (queueing's, corrected) is needed for `post`, may be a contact for
    `dealer`. Raises ReceiptUnknown, CardNotAccepted, CardBlocked (void, frozen), GiftWithdrawn, NothingToChoose,
    OfferGone, WayNotOffered, DealerUnknown, InvalidDetails (`delivery`).
    """
    raise NotImplementedError


def claim_code(*, award_id: int, choice: int) -> str:
    """What a holder shows at a dealer's counter: 50 bits in 5-5 characters, derived, another one for each choice."""
    raise NotImplementedError
