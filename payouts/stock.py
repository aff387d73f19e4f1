"""Stock: pieces and e-codes bought, at the offer's cost, with the gift reserve's money and the organizer's own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cards.models import Program, ProgramState
from cashback.accounts.two_people import require_organizer
from cashback.ledger import own_money
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post
from cashback.lib.errors import InvalidDetails
from cashback.lib.money import format_minor
from payouts import ecodes
from payouts.gift_rows import SQL
from payouts.models import Offer, StockMove

PIECES_MAX = 1_000_000
CODES_MAX = 10_000
CODE_MAX = 200  # characters
REFERENCE_MAX = 40


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
    require_organizer(by_id)
    with transaction.atomic():
        offer = Offer.objects.select_related("program").get(pk=offer_id)
        errors = _wrong_purchase(offer, reference)
        if offer.by_code:
            errors["pieces"] = [_("The stock of an e-code is its codes: add them.")]
        elif not 1 <= pieces <= PIECES_MAX:
            errors["pieces"] = [_("From 1 to %(pieces)d pieces at once.") % {"pieces": PIECES_MAX}]
        if errors:
            raise InvalidDetails(errors)
        _buy(offer, pieces, "pieces", reference=reference, by_id=by_id, now=now)
        offer.refresh_from_db()
        return offer


def add_codes(*, offer_id: int, codes: Sequence[str], reference: str, by_id: int, now: datetime) -> Added:
    """Seal e-codes into an offer's stock and post what the new ones cost.

    Raises NotAllowed, StockNotCovered (`codes`), InvalidDetails (`codes`, `reference`).
    """
    require_organizer(by_id)
    clean = [code.strip() for code in codes]
    with transaction.atomic():
        offer = Offer.objects.select_related("program").get(pk=offer_id)
        errors = _wrong_purchase(offer, reference)
        if not offer.by_code:
            errors["codes"] = [_("This gift is not an e-code.")]
        elif not 1 <= len(clean) <= CODES_MAX:
            errors["codes"] = [_("From 1 to %(codes)d codes at once.") % {"codes": CODES_MAX}]
        elif not all(1 <= len(code) <= CODE_MAX and code.isprintable() for code in clean):
            errors["codes"] = [_("A code has 1 to %(longest)d characters, one code a line.") % {"longest": CODE_MAX}]
        if errors:
            raise InvalidDetails(errors)
        # Before anything is locked that a purchase beside this one would wait for.
        own_money.hold(offer.program.currency)
        added = ecodes.put(offer_id=offer_id, codes=clean, now=now)
        if added:
            _buy(offer, added, "codes", reference=reference, by_id=by_id, now=now)
        return Added(added=added, doubled=len(clean) - added)


def write_off(*, offer_id: int, pieces: int, reference: str, by_id: int, now: datetime) -> Offer:
    """Take pieces that nobody has chosen out of the stock: broken, stolen, spoilt. The organizer's own money bears it.

    `reference` names the report. Raises NotAllowed, InvalidDetails (`pieces`, `reference`).
    """
    require_organizer(by_id)
    with transaction.atomic():
        offer = Offer.objects.select_related("program").get(pk=offer_id)
        errors = _wrong_reference(offer, reference, StockMove.Kind.LOST)
        if offer.by_code:
            errors["pieces"] = [_("E-codes stay in the stock until they are read.")]
        elif not 1 <= pieces <= PIECES_MAX:
            errors["pieces"] = [_("From 1 to %(pieces)d pieces at once.") % {"pieces": PIECES_MAX}]
        if errors:
            raise InvalidDetails(errors)
        name = _reference(offer, reference.strip())
        program, cost_minor = offer.program, pieces * offer.cost_minor
        post_lost(program_id=program.pk, currency=program.currency, reference=name, amount_minor=cost_minor, now=now)
        lock_offers([offer_id])
        offer.refresh_from_db()
        free = offer.stock - offer.reserved
        if pieces > free:
            raise InvalidDetails({"pieces": [_("Only %(free)d are in stock that nobody has chosen.") % {"free": free}]})
        StockMove.objects.create(
            offer=offer, kind=StockMove.Kind.LOST, pieces=-pieces, reference=name, at=now, by_id=by_id
        )
        offer.refresh_from_db()
        return offer


def post_lost(*, program_id: int, currency: str, reference: str, amount_minor: int, now: datetime) -> None:
    """What lost pieces cost, or a piece above its reserve, is the organizer's loss; covered by own money."""
    stock = AccountKey(Kind.GIFT_STOCK, currency, program_id)
    leg = Leg(debit=AccountKey(Kind.REVENUE, currency), credit=stock, amount_minor=amount_minor)
    if amount_minor:
        own_money.post_covered(event=Event.GIFT_LOST, reference=reference, legs=[leg], now=now)


def leave(*, pieces: Mapping[str, int | None], kind: StockMove.Kind, by_id: int | None, now: datetime) -> None:
    """Reserved pieces leave the stock, in the caller's transaction: offer by reference, a piece each."""
    moves = {reference: offer_id for reference, offer_id in pieces.items() if offer_id is not None}
    give_back(offer_ids=list(moves.values()))
    StockMove.objects.bulk_create(
        StockMove(offer_id=offer_id, kind=kind, pieces=-1, reference=reference, at=now, by_id=by_id)
        for reference, offer_id in moves.items()
    )


def give_back(*, offer_ids: Sequence[int]) -> None:
    """Reserved pieces, one for each mention of its offer, may be chosen again. In the caller's transaction."""
    lock_offers(offer_ids)
    for offer_id, pieces in sorted(Counter(offer_ids).items()):
        Offer.objects.filter(pk=offer_id).update(reserved=F("reserved") - pieces)


def reserve(*, offer_id: int, active: bool = True) -> bool:
    """Reserve a piece in the caller's transaction; whether there was one. `active`: only while it is on offer."""
    free = Offer.objects.filter(pk=offer_id, reserved__lt=F("stock"))
    if active:
        free = free.filter(active=True)
    return free.update(reserved=F("reserved") + 1) == 1


def lock_offers(offer_ids: Sequence[int]) -> None:
    """Lock offers until the transaction ends; whoever needs several takes them all at once, last of all locks."""
    SQL.rows("lock_offers", offers=sorted(set(offer_ids)))


def _wrong_purchase(offer: Offer, reference: str) -> dict[str, list[str]]:
    errors = _wrong_reference(offer, reference, StockMove.Kind.BOUGHT)
    if offer.program.state == ProgramState.DRAFT:
        errors["program"] = [_("Stock is bought once the program is published.")]
    return errors


def _wrong_reference(offer: Offer, reference: str, kind: StockMove.Kind) -> dict[str, list[str]]:
    name = reference.strip()
    if not 1 <= len(name) <= REFERENCE_MAX:
        return {"reference": [_("Give a reference of 1 to %(longest)d characters.") % {"longest": REFERENCE_MAX}]}
    if StockMove.objects.filter(kind=kind, reference=_reference(offer, name)).exists():
        return {"reference": [_("This reference was entered for this gift before.")]}
    return {}


def _buy(offer: Offer, pieces: int, field: str, *, reference: str, by_id: int, now: datetime) -> None:
    program, cost_minor = offer.program, pieces * offer.cost_minor
    own_money.hold(program.currency)
    spendable = _spendable_minor(program)
    if cost_minor > spendable:
        free = format_minor(max(0, spendable), program.currency)
        cost = format_minor(cost_minor, program.currency)
        message = _("This costs %(cost)s; the gift reserve and the organizer's own money leave %(free)s for it.")
        raise StockNotCovered({field: [message % {"cost": cost, "free": free}]})
    name = _reference(offer, reference.strip())
    stock = AccountKey(Kind.GIFT_STOCK, program.currency, program.pk)
    leg = Leg(debit=stock, credit=AccountKey(Kind.BANK, program.currency), amount_minor=cost_minor)
    post(event=Event.GIFT_STOCK_BOUGHT, reference=name, legs=[leg], now=now)
    StockMove.objects.create(
        offer=offer, kind=StockMove.Kind.BOUGHT, pieces=pieces, reference=name, at=now, by_id=by_id
    )


def _spendable_minor(program: Program) -> int:
    """What may be spent on a program's gifts: its reserve where no stock stands against it yet, and own money."""
    stock = balance_minor(AccountKey(Kind.GIFT_STOCK, program.currency, program.pk))
    reserve = balance_minor(AccountKey(Kind.GIFT_RESERVE, program.currency, program.pk))
    return max(0, reserve - stock) + own_money.free_minor(program.currency)


def _reference(offer: Offer, name: str) -> str:
    return f"offer:{offer.pk}:{name}"
