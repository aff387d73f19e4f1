"""The catalogue: what a program's holders may choose from. Written by the organizer, read by everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from payouts.models import Offer

FEW = 5  # pieces that are still free, or fewer

Left = Literal["many", "few", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferText:
    """What the organizer writes about an offer. `picture` is the hash of a picture put before; "" for none."""

    name: str
    name_zh: str
    about: str = ""
    about_zh: str = ""
    picture: str = ""
    cost_minor: int
    at_dealer: bool = True
    by_post: bool = False
    by_code: bool = False
    substitute_id: int | None = None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """An offer as everybody sees it. `picture` is a hash or ""; `ways` are of `dealer`, `post`, `code`."""

    id: int
    name: str
    about: str
    picture: str
    ways: tuple[str, ...]
    left: Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A dealer at whose counter a gift may be collected."""

    code: str
    name: str


def save_offer(*, program_id: int, offer_id: int | None, text: OfferText, by_id: int, now: datetime) -> Offer:
    """Write a new offer (no id) or change one. Raises NotAllowed, InvalidDetails naming the field."""
    raise NotImplementedError


def set_active(*, offer_id: int, active: bool, by_id: int) -> None:
    """Put an offer up or take it down. What is chosen of it stays chosen. Raises NotAllowed."""
    raise NotImplementedError


def offers(program_id: int, *, language: str) -> list[Available]:
    """A program's offers that are up, in the organizer's order, those of which nothing is left too."""
    raise NotImplementedError


def counters(program_id: int) -> Sequence[Counter]:
    """The dealers of a program at whose counters its gifts may be collected, by code."""
    raise NotImplementedError
