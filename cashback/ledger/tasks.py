"""What the schedule calls."""

import logging

from celery import shared_task
from django.utils import timezone

from cashback.lib import books

logger = logging.getLogger(__name__)


@shared_task
def check_books() -> None:
    """Check every invariant; a breach is an error in the log, by number and name."""
    for breach in books.breaches(timezone.now()):
        logger.error("the books do not balance: %s", breach)
