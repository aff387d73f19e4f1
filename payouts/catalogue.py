"""The catalogue: what a program's holders may choose from. Written by the organizer, read by everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cards.models import Program
from cashback.accounts.two_people import require_organizer
from cashback.lib.errors import InvalidDetails
from cashback.lib.money import format_minor
from payouts.models import Offer, Picture, StockMove, Way
from payouts.queries import source

FEW = 5  # pieces that are still free, or fewer
NAME_MAX, ABOUT_MAX = 80, 300

_SQL = source("catalogue")

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
    """A dealer at whose counter a gift may be collected; `address` may be ""."""

    code: str
    name: str
    address: str


def save_offer(*, program_id: int, offer_id: int | None, text: OfferText, by_id: int, now: datetime) -> Offer:
    """Write a new offer (no id) or change one. Raises NotAllowed, InvalidDetails naming the field."""
    assert now.tzinfo is not None
    require_organizer(by_id)
    program = Program.objects.get(pk=program_id)
    with transaction.atomic():
        old = Offer.objects.select_for_update(no_key=True).get(pk=offer_id) if offer_id is not None else None
        errors = (
            _wrong_words(text)
            | wrong_ways(text.at_dealer, text.by_post, text.by_code)
            | _wrong_cost(text, program, old)
        )
        errors |= _wrong_substitute(text, program, offer_id) | _wrong_picture(text)
        if old is not None and old.program_id != program_id:
            errors["program"] = [_("An offer stays in its program.")]
        if errors:
            raise InvalidDetails(errors)
        return _write(program_id, offer_id, text)


def set_active(*, offer_id: int, active: bool, by_id: int) -> None:
    """Put an offer up or take it down. What is chosen of it stays chosen. Raises NotAllowed."""
    require_organizer(by_id)
    Offer.objects.filter(pk=offer_id).update(active=active)


def offers(program_id: int, *, language: str) -> list[Available]:
    """A program's offers that are up, in the organizer's order, those of which nothing is left too."""
    rows = Offer.objects.filter(program_id=program_id, active=True).order_by("position", "id")
    return [shown(offer, language=language) for offer in rows]


def shown(offer: Offer, *, language: str) -> Available:
    """An offer as everybody sees it, in one of the two languages."""
    chinese = language.lower().startswith("zh")
    free = offer.stock - offer.reserved
    return Available(
        id=offer.pk,
        name=offer.name_zh if chinese else offer.name,
        about=offer.about_zh if chinese else offer.about,
        picture=offer.picture_id or "",
        ways=ways_of(offer),
        left="none" if free <= 0 else "few" if free <= FEW else "many",
    )


def ways_of(offer: Offer) -> tuple[str, ...]:
    """How an offer is handed over."""
    ways = ((Way.DEALER, offer.at_dealer), (Way.POST, offer.by_post), (Way.CODE, offer.by_code))
    return tuple(way.value for way, offered in ways if offered)


def counters(program_id: int) -> Sequence[Counter]:
    """The dealers of a program at whose counters its gifts may be collected, by code."""
    return [
        Counter(code=code, name=name, address=address)
        for code, name, address in _SQL.rows("counters", program=program_id)
    ]


def _write(program_id: int, offer_id: int | None, text: OfferText) -> Offer:
    fields = {
        "position": text.position,
        "name": text.name.strip(),
        "name_zh": text.name_zh.strip(),
        "about": text.about.strip(),
        "about_zh": text.about_zh.strip(),
        "picture_id": text.picture or None,
        "cost_minor": text.cost_minor,
        "at_dealer": text.at_dealer,
        "by_post": text.by_post,
        "by_code": text.by_code,
        "substitute_id": text.substitute_id,
    }
    try:
        with transaction.atomic():
            if offer_id is None:
                return Offer.objects.create(program_id=program_id, **fields)
            Offer.objects.filter(pk=offer_id).update(**fields)
            return Offer.objects.get(pk=offer_id)
    except IntegrityError as error:
        if "payouts_offer_name_once" in str(error):
            raise InvalidDetails({"name": [_("Another gift of the program has this name.")]}) from None
        raise


def _wrong_words(text: OfferText) -> dict[str, list[str]]:
    errors = {}
    for field, words, longest in (
        ("name", text.name, NAME_MAX),
        ("name_zh", text.name_zh, NAME_MAX),
        ("about", text.about, ABOUT_MAX),
        ("about_zh", text.about_zh, ABOUT_MAX),
    ):
        if len(words.strip()) > longest:
            errors[field] = [_("At most %(longest)d characters.") % {"longest": longest}]
        elif not words.strip() and longest == NAME_MAX:
            errors[field] = [_("Give the name in both languages.")]
    return errors


def wrong_ways(at_dealer: bool, by_post: bool, by_code: bool) -> dict[str, list[str]]:
    """What is wrong with the ways an offer is handed over, by field."""
    if by_code and (at_dealer or by_post):
        return {"by_code": [_("An e-code is handed over in no other way.")]}
    if not (by_code or at_dealer or by_post):
        return {"at_dealer": [_("Choose at least one way to hand the gift over.")]}
    return {}


def _wrong_cost(text: OfferText, program: Program, old: Offer | None) -> dict[str, list[str]]:
    if not 0 <= text.cost_minor <= program.gift_cost_minor:
        cost = format_minor(program.gift_cost_minor, program.currency)
        return {"cost_minor": [_("A gift of this program may cost at most %(cost)s.") % {"cost": cost}]}
    if old is None or (old.cost_minor, old.by_code) == (text.cost_minor, text.by_code):
        return {}
    if StockMove.objects.filter(offer=old).exists():
        field = "cost_minor" if old.cost_minor != text.cost_minor else "by_code"
        return {field: [_("Stock was bought at this cost; make another offer instead.")]}
    return {}


def _wrong_substitute(text: OfferText, program: Program, offer_id: int | None) -> dict[str, list[str]]:
    if text.substitute_id is None:
        return {}
    alike = Offer.objects.filter(pk=text.substitute_id, program=program, by_code=text.by_code)
    if text.substitute_id != offer_id and alike.exists():
        return {}
    return {"substitute": [_("The substitute is another gift of the program, a code only for a code.")]}


def _wrong_picture(text: OfferText) -> dict[str, list[str]]:
    if not text.picture or Picture.objects.filter(pk=text.picture).exists():
        return {}
    return {"picture": [_("There is no such picture.")]}
