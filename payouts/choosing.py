"""Choosing: a holder with receipt, serial and PIN takes one of the pieces that are left."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from cards.models import Dealer
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.failpoints import failpoint
from cashback.lib.pins import ALPHABET
from payouts import ecodes, stock
from payouts.catalogue import counters, ways_of
from payouts.gift_rows import SQL, GiftRow, lock_gifts
from payouts.models import Gift, Offer, Way
from queueing import erasing, keys, timeline
from queueing.changing import lock_details
from queueing.delivering import Delivery, hold_delivery
from queueing.intake import CardBlocked
from queueing.models import Registration
from queueing.proving import prove

CHOSEN = "gift_chosen"
CODE_CHARACTERS = 10  # 50 bits


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


@transaction.atomic
def choose(
    *,
    receipt: str,
    serial: str,
    pin: str,
    offer_id: int,
    way: str,
    dealer_code: str | None,
    delivery: Delivery | None,
    now: datetime,
    award_id: int | None = None,
) -> Choice:
    """Choose a gift, or another one while the first is not ready. An e-code is ready at once.

    `way` is `dealer`, `post` or `code`; `delivery` (queueing's, corrected) is needed for `post`, may be a contact for
    `dealer`. Raises ReceiptUnknown, CardNotAccepted, CardBlocked (void, frozen), GiftWithdrawn, NothingToChoose,
    OfferGone, WayNotOffered, DealerUnknown, InvalidDetails (`delivery`).
    """
    proven = prove(receipt=receipt, serial=serial, pin=pin)
    gift = _locked(proven.registration_id, award_id)
    offer = Offer.objects.filter(pk=offer_id, program_id=gift.program_id).first()
    if offer is None:
        raise OfferGone
    if way not in ways_of(offer):
        raise WayNotOffered
    dealer_id = _dealer(gift.program_id, dealer_code) if way == Way.DEALER else None
    delivery = None if way == Way.CODE else delivery
    chosen = (gift.offer_id, gift.way, gift.dealer_id) == (offer_id, way, dealer_id)
    if gift.state not in {Gift.State.OWED, Gift.State.CHOSEN} and not (chosen and gift.state == Gift.State.READY):
        raise NothingToChoose
    _deliver(gift, way, delivery, now)
    if chosen:
        return _choice(gift.award_id, gift.state, way, gift.choice)
    state = Gift.State.READY if way == Way.CODE else Gift.State.CHOSEN
    updated = Gift.objects.filter(pk=gift.award_id, state=gift.state).update(
        state=state, since=now, offer_id=offer_id, way=way, dealer_id=dealer_id, choice=gift.choice + 1
    )
    assert updated == 1, "a gift changed under its lock"
    timeline.record(registration_ids=[gift.registration_id], event=CHOSEN, at=now)
    _take(gift, offer_id, way)
    failpoint("gift.chosen")
    return _choice(gift.award_id, state, way, gift.choice + 1)


def claim_code(*, award_id: int, choice: int) -> str:
    """What a holder shows at a dealer's counter: 50 bits in 5-5 characters, derived, another one for each choice."""
    message = f"cashback-claim-v1\n{award_id}\n{choice}\n".encode()
    value = int.from_bytes(hmac.digest(keys.receipt_key(), message, "sha256")[:8], "big")
    code = "".join(ALPHABET[value >> 5 * at & 31] for at in range(CODE_CHARACTERS))
    return f"{code[:5]}-{code[5:]}"


def _locked(registration_id: int, award_id: int | None) -> GiftRow:
    """The gift of a registration that stands and is not frozen; both stay so until it is chosen."""
    # In the order in which withdrawing locks: a choice is strictly before or after it.
    lock_details(registration_id)
    SQL.rows("lock_registration", registration=registration_id)
    registration = Registration.objects.get(pk=registration_id)
    if registration.withdrawn_at is not None:
        raise GiftWithdrawn
    if registration.voided_at is not None or registration.frozen_at is not None:
        raise CardBlocked
    found = [row[0] for row in SQL.rows("gift_of_registration", registration=registration_id)]
    if not found or (award_id is not None and award_id != found[0]):
        raise NothingToChoose
    return lock_gifts(found)[0]


def _dealer(program_id: int, dealer_code: str | None) -> int:
    if dealer_code not in {counter.code for counter in counters(program_id)}:
        raise DealerUnknown
    return Dealer.objects.get(code=dealer_code).pk


def _deliver(gift: GiftRow, way: str, delivery: Delivery | None, now: datetime) -> None:
    """Hold what was given for this choice; what was given for another way has no purpose any more."""
    if delivery is not None and gift.state != Gift.State.READY:
        if way == Way.POST and not (delivery.name and delivery.address):
            raise InvalidDetails({"delivery.address": [_("Give the address that the gift is sent to.")]})
        hold_delivery(
            registration_id=gift.registration_id,
            delivery=delivery,
            erase_by=now + timedelta(days=gift.claim_days),
            now=now,
        )
    elif way != gift.way and gift.delivery_held:
        erasing.erase(registration_ids=[gift.registration_id], what="delivery", why="choice_changed", now=now)
    if way == Way.POST and delivery is None and not (way == gift.way and gift.delivery_held):
        raise InvalidDetails({"delivery.address": [_("Give the address that the gift is sent to.")]})


def _take(gift: GiftRow, offer_id: int, way: str) -> None:
    """Reserve a piece; the one that was chosen before goes back."""
    before = [] if gift.offer_id is None else [gift.offer_id]
    stock.lock_offers([offer_id, *before])
    # Whoever only changes the way keeps the piece, also the last one.
    if before != [offer_id]:
        if not stock.reserve(offer_id=offer_id):
            raise OfferGone
        stock.give_back(offer_ids=before)
    if way == Way.CODE and not ecodes.take(offer_id=offer_id, award_id=gift.award_id):
        raise OfferGone


def _choice(award_id: int, state: str, way: str, choice: int) -> Choice:
    code = claim_code(award_id=award_id, choice=choice) if way == Way.DEALER else None
    return Choice(award_id=award_id, state=state, claim_code=code)
