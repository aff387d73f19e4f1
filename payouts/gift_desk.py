"""The organizer's desk: packing, posting, and what goes wrong on the way. Each gift for itself, in order of award."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What came of one gift of many: `code` is stable ("" where it is done), `message` in the active language."""

    award_id: int
    ok: bool
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A line of the pick list: so many pieces of an offer for a way (and a dealer's counter)."""

    offer_id: int
    name: str
    name_zh: str
    way: str
    dealer: str
    pieces: int
    award_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtCounter:
    """A gift of a dealer's counter: coming (`chosen`) or there (`ready`). Names nobody; the serial only once there."""

    award_id: int
    gift: str
    gift_zh: str
    state: str
    since: datetime


def make_ready(*, award_ids: Sequence[int], tracking: Mapping[int, str], by_id: int, now: datetime) -> list[ItemResult]:
    """Chosen gifts lie at their dealer's counter, or are posted (with a tracking number where there is one)."""
    raise NotImplementedError


def replaced(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Pieces that cannot be given (broken, not delivered) are written off; another one is chosen in their place."""
    raise NotImplementedError


def lost(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Parcels that never came are written off; another piece is chosen in their place."""
    raise NotImplementedError


def delivered(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Posted parcels have arrived: handed over."""
    raise NotImplementedError


def pick_list(program_id: int) -> list[Pick]:
    """What to take off the shelves for all that is chosen and not ready, by offer, way and dealer."""
    raise NotImplementedError


def at_counter(dealer_id: int) -> list[AtCounter]:
    """What a dealer has, or is about to get, for holders; by state and award."""
    raise NotImplementedError
