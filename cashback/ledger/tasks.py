"""What the schedule calls."""

import logging

from celery import shared_task
from django.utils import timezone

from cashback.ledger.checking import check

logger = logging.getLogger(__name__)


@shared_task
def check_books() -> None:
    """Check every invariant and keep the result; a breach is an error in the log, by number and name."""
    for breach in check(now=timezone.now(), by_schedule=True).breaches:
        logger.error("the books do not balance: %s", breach)
