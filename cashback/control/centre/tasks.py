"""The clock's calls, and the one message that carries something: a station's signed report."""

from celery import shared_task
from django.utils import timezone

from cashback.control.centre import broker_users, reporting, ticking
from cashback.control.protocol.naming import REPORT_TASK


@shared_task
def tick_control() -> None:
    """Expire, roll out, place runs, call the roll and send."""
    ticking.tick(now=timezone.now())


@shared_task
def sync_broker_users() -> None:
    """Let the broker know the accepted stations, and no others."""
    broker_users.sync()


@shared_task
def sweep_inputs() -> None:
    """Forget the inputs of yesterday's runs."""
    ticking.sweep(now=timezone.now())


@shared_task(name=REPORT_TASK)
def take_report(envelope: object) -> None:
    """Take a station's report, or count why not."""
    reporting.receive(envelope=envelope if isinstance(envelope, str) else "", now=timezone.now())
