"""Taking cards back while holders may be registering them."""

from datetime import datetime

from django.db import transaction

from cards import returns
from cards.models import Lot
from cashback.accounts.two_people import require_organizer
from queueing.locks import LineBusy, hold_line
from queueing.models import Registration

__all__ = ["LineBusy", "return_lot"]


@transaction.atomic
def return_lot(*, lot_id: int, first: int, last: int, by_id: int, now: datetime) -> list[Lot]:
    """Take the cards `first` to `last` of a lot back, as far as none of them was ever registered; the lots kept.

    Holds the line alone: a registration that has begun is finished and seen, a later one finds the lot ended.
    Raises NotAllowed, LotUnknown, LineBusy and what `return_cards` raises.
    """
    require_organizer(by_id)
    lot = Lot.objects.filter(pk=lot_id, ended_at=None).first()
    if lot is None:
        raise returns.LotUnknown
    hold_line(lot.program_id)
    cards = Registration.objects.filter(card__gte=max(first, lot.first_number), card__lte=min(last, lot.last_number))
    registered = list(cards.values_list("card", flat=True))
    return returns.return_cards(lot_id=lot_id, first=first, last=last, registered=registered, now=now)
