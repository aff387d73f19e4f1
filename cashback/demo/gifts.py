"""The demo's gifts: a catalogue with stock, holders who choose, a desk that makes ready, dealers who hand over."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from cards.models import DealerMember, Program
from cashback.accounts.models import Role, User
from cashback.demo import pictures
from cashback.lib.errors import DomainError
from payouts import catalogue, choosing, gift_desk, handing_over, stock
from payouts.models import Gift, Offer, Way
from payouts.pictures import put_picture
from queueing.correction import Delivery

PACKED_AFTER = timedelta(seconds=15)
COLLECTED_AFTER = timedelta(seconds=30)
ARRIVED_AFTER = timedelta(minutes=2)
AT_ONCE_MAX = 20  # of a step, so that registering goes on
# Three of four choose within the first minutes; the others can be played by whoever tries the demo.
CHOOSING_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    text: catalogue.OfferText
    picture: str
    pieces: int


CATALOGUE = (
    _Item(
        text=catalogue.OfferText(
            name="Tin of spring tea",
            name_zh="春茶一罐",
            about="125 g of this spring's first picking.",
            about_zh="今春头采，125 克。",
            cost_minor=480,
            at_dealer=True,
            by_post=True,
            position=1,
        ),
        picture="tin",
        pieces=200,
    ),
    _Item(
        text=catalogue.OfferText(
            name="Clay cup",
            name_zh="陶杯",
            about="Hand-thrown, 180 ml, with a handle.",
            about_zh="手工拉坯，带柄，180 毫升。",
            cost_minor=430,
            at_dealer=True,
            position=2,
        ),
        picture="cup",
        pieces=150,
    ),
    _Item(
        text=catalogue.OfferText(
            name="Cloth bag",
            name_zh="帆布袋",
            about="For the market; holds a week of tea and more.",
            about_zh="结实耐用，买茶买菜都合适。",
            cost_minor=260,
            at_dealer=True,
            by_post=True,
            position=3,
        ),
        picture="bag",
        pieces=180,
    ),
    _Item(
        text=catalogue.OfferText(
            name="Tea house code",
            name_zh="茶馆电子券",
            about="One pot of tea at any tea house of the chain; a code, at once.",
            about_zh="任意门店一壶茶，电子券即刻到手。",
            cost_minor=300,
            at_dealer=False,
            by_code=True,
            position=4,
        ),
        picture="voucher",
        pieces=150,
    ),
)


def found(*, program: Program, by_id: int, now: datetime) -> None:
    """Put the catalogue up and buy its stock; what is there already stays."""
    for item in CATALOGUE:
        offer = Offer.objects.filter(program=program, name=item.text.name).first()
        if offer is None:
            picture = put_picture(content=pictures.picture(item.picture))
            text = replace(item.text, picture=picture.sha256)
            offer = catalogue.save_offer(program_id=program.pk, offer_id=None, text=text, by_id=by_id, now=now)
        if offer.stock:
            continue
        reference = f"DEMO-{item.picture.upper()}"
        if offer.by_code:
            rng = Random(reference)
            codes = [f"TEA-{rng.randrange(10**8):08d}" for _ in range(item.pieces)]
            stock.add_codes(offer_id=offer.pk, codes=codes, reference=reference, by_id=by_id, now=now)
        else:
            stock.buy_stock(offer_id=offer.pk, pieces=item.pieces, reference=reference, by_id=by_id, now=now)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Holder:
    """What an invented holder wrote down: the receipt, and the card."""

    receipt: str
    serial: str
    pin: str


def step(*, holders: Mapping[int, Holder], seed: int, now: datetime) -> None:
    """Let invented holders (by registration) choose and fetch their gifts, and the desk make ready what was chosen.

    The desk works for everybody's gifts, so that whoever plays a holder does not wait for whoever plays organizer.
    """
    choosers = {
        registration_id: holder
        for registration_id, holder in holders.items()
        if Random(f"{seed} gift {holder.serial}").random() < CHOOSING_SHARE
    }
    for gift in _gifts(choosers, Gift.State.OWED, now - PACKED_AFTER):
        _choose(gift, choosers[gift.award.registration_id], Random(f"{seed} choice {gift.pk}"), now)
    _make_ready(now)
    for gift in _gifts(choosers, Gift.State.READY, now - COLLECTED_AFTER):
        with suppress(DomainError):
            _fetch(gift, choosers[gift.award.registration_id], now)


def _gifts(holders: Mapping[int, Holder], state: Gift.State, before: datetime) -> list[Gift]:
    found = Gift.objects.filter(state=state, since__lt=before, award__registration__in=list(holders))
    return list(found.select_related("award").order_by("pk")[:AT_ONCE_MAX])


def _choose(gift: Gift, holder: Holder, rng: Random, now: datetime) -> None:
    # The last pieces of each are left to whoever tries the demo.
    free = [offer for offer in catalogue.offers(gift.program_id, language="en") if offer.left == "many"]
    if not free:
        return
    offer = rng.choice(free)
    way = rng.choice(offer.ways)
    counters = catalogue.counters(gift.program_id)
    with suppress(DomainError):
        choosing.choose(
            receipt=holder.receipt,
            serial=holder.serial,
            pin=holder.pin,
            offer_id=offer.id,
            way=way,
            dealer_code=rng.choice(counters).code if way == Way.DEALER else None,
            delivery=_address(rng) if way == Way.POST else None,
            now=now,
        )


def _address(rng: Random) -> Delivery:
    return Delivery(
        name=f"Invented Person {rng.randrange(1_000)}",
        phone="",
        email="",
        country="CN",
        postcode=f"{rng.randrange(100_000, 999_999)}",
        address=f"{rng.randrange(1, 300)} Invented Road\nNowhere",
    )


def _make_ready(now: datetime) -> None:
    chosen = Gift.objects.filter(state=Gift.State.CHOSEN, since__lt=now - PACKED_AFTER).order_by("pk")
    by_post = {gift.pk: gift.way == Way.POST for gift in chosen[:AT_ONCE_MAX]}
    if by_post:
        gift_desk.make_ready(
            award_ids=list(by_post),
            tracking={award_id: f"DEMO{award_id:08d}" for award_id, posted in by_post.items() if posted},
            by_id=User.objects.get(username=Role.ORGANIZER.value).pk,
            now=now,
        )


def _fetch(gift: Gift, holder: Holder, now: datetime) -> None:
    if gift.way == Way.CODE:
        handing_over.read_code(receipt=holder.receipt, serial=holder.serial, pin=holder.pin, now=now)
    elif gift.way == Way.POST and gift.since < now - ARRIVED_AFTER:
        handing_over.confirm_received(receipt=holder.receipt, now=now)
    elif gift.dealer_id is not None:
        member = DealerMember.objects.filter(dealer=gift.dealer_id).first()
        assert member, "a dealer of the demo has somebody who signs in"
        handing_over.claim(
            dealer_id=gift.dealer_id,
            serial=holder.serial,
            claim_code=choosing.claim_code(award_id=gift.pk, choice=gift.choice),
            by_id=member.user_id,
            now=now,
        )
