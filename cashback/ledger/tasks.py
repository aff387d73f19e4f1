"""What the schedule calls."""

import logging

from celery import shared_task
from django.utils import timezone

from cashback.ledger.checking import check
from cashback.ledger.models import BooksCheck

logger = logging.getLogger(__name__)

# Hours, where other tasks have minutes: a line of ten million is gone through from its beginning.
WHOLE_SECONDS_MAX = 3 * 3600


@shared_task
def check_books() -> None:
    """Check what has come since the last check and keep the result; a breach is an error in the log."""
    _tell(check(now=timezone.now(), by_schedule=True, whole=False))


# Taken before it is done: one that outlasts the broker's patience must not be handed to a second worker.
@shared_task(acks_late=False, soft_time_limit=WHOLE_SECONDS_MAX, time_limit=WHOLE_SECONDS_MAX + 60)
def check_all_books() -> None:
    """Check every invariant from the beginning and keep the result; a breach is an error in the log."""
    _tell(check(now=timezone.now(), by_schedule=True))


def _tell(found: BooksCheck) -> None:
    for breach in found.breaches:
        logger.error("the books do not balance: %s", breach)
