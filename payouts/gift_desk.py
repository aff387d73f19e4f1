"""The organizer's desk: packing, posting, and what goes wrong on the way. Each gift for itself, in order of award."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from cashback.accounts.two_people import require_organizer
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from payouts import handing_over, stock
from payouts.catalogue import ways_of
from payouts.choosing import GiftWithdrawn
from payouts.gift_rows import SQL, GiftRow, erase_after, lock_gifts
from payouts.models import Gift, Offer, StockMove, Way
from queueing import timeline
from queueing.delivering import keep_delivery_until

READY, POSTED, LOST, REPLACED, LAPSED = "gift_ready", "gift_posted", "gift_lost", "gift_replaced", "gift_lapsed"
TRACKING_MAX = 40
SUBSTITUTES_MAX = 5  # of a chain


class WrongState(DomainError):
    """This gift is not in a state in which that can be done."""

    code = "wrong_state"


class OnHold(DomainError):
    """The card is frozen; its gift waits."""

    code = "on_hold"


class AddressMissing(DomainError):
    """The address is not held any more; the holder has to choose again."""

    code = "address_missing"


class TrackingTooLong(DomainError):
    """A tracking number has at most 40 characters."""

    code = "tracking_too_long"


class NoPieceLeft(DomainError):
    """No piece is left to put in its place, of this gift or its substitute. Buy stock first."""

    code = "no_piece_left"


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


def make_ready(*, award_ids: Sequence[int], tracking: Mapping[int, str], by_id: int, now: datetime) -> list[ItemResult]:
    """Chosen gifts lie at their dealer's counter, or are posted (with a tracking number where there is one).

    Raises NotAllowed; what concerns one gift stands in its result.
    """
    require_organizer(by_id)

    def work(gift: GiftRow) -> None:
        number = tracking.get(gift.award_id, "").strip()
        if gift.state != Gift.State.CHOSEN:
            raise WrongState
        if gift.ended:
            raise GiftWithdrawn
        if gift.frozen:
            raise OnHold
        if len(number) > TRACKING_MAX:
            raise TrackingTooLong
        posted = gift.way == Way.POST
        if posted and not gift.delivery_held:
            raise AddressMissing
        _move(gift, state=Gift.State.READY, since=now, tracking=number if posted else "")
        _keep(gift, now)
        timeline.record(registration_ids=[gift.registration_id], event=POSTED if posted else READY, at=now)

    return _each(award_ids, work)


def replaced(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Pieces that cannot be given (broken, not delivered) are written off; another one is chosen in their place."""
    require_organizer(by_id)

    def work(gift: GiftRow) -> None:
        if gift.state not in {Gift.State.CHOSEN, Gift.State.READY} or gift.way == Way.CODE:
            raise WrongState
        _write_off(gift, REPLACED, by_id, now)

    return _each(award_ids, work)


def lost(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Parcels that never came are written off; another piece is chosen in their place."""
    require_organizer(by_id)

    def work(gift: GiftRow) -> None:
        if (gift.state, gift.way) != (Gift.State.READY, Way.POST):
            raise WrongState
        _write_off(gift, LOST, by_id, now)

    return _each(award_ids, work)


def delivered(*, award_ids: Sequence[int], by_id: int, now: datetime) -> list[ItemResult]:
    """Posted parcels have arrived: handed over."""
    require_organizer(by_id)

    def work(gift: GiftRow) -> None:
        if (gift.state, gift.way) != (Gift.State.READY, Way.POST):
            raise WrongState
        handing_over.hand_over([gift], by_id=by_id, now=now)

    return _each(award_ids, work)


def pick_list(program_id: int) -> list[Pick]:
    """What to take off the shelves for all that is chosen and not ready, by offer, way and dealer."""
    return [
        Pick(
            offer_id=offer_id,
            name=name,
            name_zh=name_zh,
            way=way,
            dealer=dealer,
            pieces=pieces,
            award_ids=tuple(awards),
        )
        for offer_id, name, name_zh, way, dealer, pieces, awards in SQL.rows("pick_list", program=program_id)
    ]


def _each(award_ids: Iterable[int], work: Callable[[GiftRow], None]) -> list[ItemResult]:
    """A transaction for each gift: what one is refused for keeps no other, and no two desks wait in a circle."""
    results = []
    for award_id in sorted(set(award_ids)):
        try:
            with transaction.atomic():
                rows = lock_gifts([award_id])
                if not rows:
                    raise WrongState
                work(rows[0])
            results.append(ItemResult(award_id=award_id, ok=True, code="", message=_("done")))
        except DomainError as error:
            results.append(ItemResult(award_id=award_id, ok=False, code=error.code, message=error.message))
        failpoint("gift.desk")
    return results


def _write_off(gift: GiftRow, event: str, by_id: int, now: datetime) -> None:
    """The piece is the organizer's loss. Another one is chosen in its place, or nothing for who has left."""
    named = f"{handing_over.reference(gift)}:{gift.choice}"
    if gift.ended:
        _move(gift, state=Gift.State.LAPSED, since=now, offer_id=None, way="", dealer_id=None, tracking="")
        erase_after([gift], "lapsed", now)
    else:
        _move(gift, state=Gift.State.CHOSEN, since=now, choice=gift.choice + 1, tracking="")
        _keep(gift, now)
    timeline.record(registration_ids=[gift.registration_id], event=LAPSED if gift.ended else event, at=now)
    stock.post_lost(
        program_id=gift.program_id, currency=gift.currency, reference=named, amount_minor=gift.cost_minor, now=now
    )
    if not gift.ended:
        Gift.objects.filter(pk=gift.award_id).update(offer_id=_another(gift))
    stock.leave(pieces={named: gift.offer_id}, kind=StockMove.Kind.LOST, by_id=by_id, now=now)


def _another(gift: GiftRow) -> int:
    """Reserve a piece of the same offer, whether it is still up or not, or else of its substitutes in turn."""
    chain = _substitutes(gift)
    stock.lock_offers([offer.pk for offer in chain])
    for offer in chain:
        if gift.way in ways_of(offer) and stock.reserve(offer_id=offer.pk, active=offer.pk != gift.offer_id):
            return offer.pk
    raise NoPieceLeft


def _substitutes(gift: GiftRow) -> list[Offer]:
    assert gift.offer_id is not None
    chain: list[Offer] = []
    next_id: int | None = gift.offer_id
    while next_id is not None and len(chain) < SUBSTITUTES_MAX and next_id not in {offer.pk for offer in chain}:
        chain.append(Offer.objects.get(pk=next_id))
        next_id = chain[-1].substitute_id
    return chain


def _keep(gift: GiftRow, now: datetime) -> None:
    """While a gift is on its way, what it is delivered by is needed."""
    if gift.delivery_held:
        keep_delivery_until(registration_ids=[gift.registration_id], at=now + timedelta(days=gift.claim_days))


def _move(gift: GiftRow, **fields: object) -> None:
    updated = Gift.objects.filter(pk=gift.award_id, state=gift.state).update(**fields)
    assert updated == 1, "a gift changed under its lock"
