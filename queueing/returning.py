"""Taking cards back while holders may be registering them."""

from datetime import datetime

from django.db import OperationalError, connection, transaction
from psycopg2.errors import LockNotAvailable

from cards import returns
from cards.models import Lot
from cards.orders import require_organizer
from cashback.lib.errors import DomainError
from queueing import locks
from queueing.models import Registration

_WAIT_MILLISECONDS = 2_000


class LineBusy(DomainError):
    """Somebody is registering a card of this program just now; try again in a moment."""

    code = "line_busy"


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
    _hold_line(lot.program_id)
    cards = Registration.objects.filter(card__gte=max(first, lot.first_number), card__lte=min(last, lot.last_number))
    registered = list(cards.values_list("card", flat=True))
    return returns.return_cards(lot_id=lot_id, first=first, last=last, registered=registered, now=now)


def _hold_line(program_id: int) -> None:
    """Wait for registrations under way, but not for long: those behind us wait as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_WAIT_MILLISECONDS}ms"])
    try:
        locks.lock(locks.LINE, program_id)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise LineBusy from None
        raise
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")
