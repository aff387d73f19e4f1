"""Stock: pieces and e-codes bought, at the offer's cost, with the gift reserve's money and the organizer's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cashback.lib.errors import InvalidDetails
from payouts.models import Offer

PIECES_MAX = 1_000_000
CODES_MAX = 10_000
CODE_MAX = 200  # characters


class StockNotCovered(InvalidDetails):
    """More than the gift reserve and the organizer's own money pay for cannot be bought."""

    code = "stock_not_covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """How many e-codes were new, and how many were there before or twice in the list."""

    added: int
    doubled: int


def buy_stock(*, offer_id: int, pieces: int, reference: str, by_id: int, now: datetime) -> Offer:
    """Put pieces into an offer's stock and post what they cost. `reference` names the supplier's invoice.

    Raises NotAllowed, StockNotCovered (`pieces`), InvalidDetails (`pieces`, `reference`).
    """
    raise NotImplementedError


def add_codes(*, offer_id: int, codes: Sequence[str], reference: str, by_id: int, now: datetime) -> Added:
    """Seal e-codes into an offer's stock and post what the new ones cost.

    Raises NotAllowed, StockNotCovered (`codes`), InvalidDetails (`codes`, `reference`).
    """
    raise NotImplementedError
