"""What the schedule calls. Every task finds its work in the tables and may run twice, or side by side."""

from celery import shared_task
from django.utils import timezone

from cashback.lib.isolation import run_all
from queueing import attempts, closing, epochs, erasing, ordering


@shared_task(ignore_result=True)
def tick_passes() -> None:
    """Give places and close cycles in every published program; sign the first of what that erased."""
    run_all(
        ("passes", ordering.run_passes),
        ("signing", lambda: erasing.sign_erasures(limit=erasing.BATCH_MAX)),
    )


@shared_task(ignore_result=True)
def sign_erasures() -> None:
    """Sign what was erased by the thousand."""
    erasing.sign_erasures()


@shared_task(ignore_result=True)
def close_programs() -> None:
    """Close the programs whose announced date has come."""
    closing.close_due(now=timezone.now())


@shared_task(ignore_result=True)
def rotate_epochs() -> None:
    """End the key epoch whose time is over, wrap its keys anew, destroy it."""
    epochs.turn(now=timezone.now())


@shared_task(ignore_result=True)
def sweep_attempts() -> None:
    """Delete old counters of attempts."""
    attempts.sweep_attempts(now=timezone.now())
