"""What the schedule calls."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def sweep_sessions() -> None:
    """Delete sessions that are over."""
    call_command("clearsessions")
