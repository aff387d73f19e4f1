"""The API's periodic work."""

from celery import shared_task
from django.utils import timezone

from cashback.api import idempotency


@shared_task(name="cashback.api.tasks.sweep_records")
def sweep_records() -> None:
    """Delete answers that are older than a day."""
    idempotency.sweep(now=timezone.now())
