"""The clock's calls. Each finds its work in the tables, so that a lost message loses nothing."""

from celery import shared_task
from django.utils import timezone

from lottery import rewrapping, ticking


@shared_task
def tick_draws() -> None:
    """Take every draw as far as it can go: freeze, reveal, draw, verify, expire, pass prizes on."""
    ticking.tick(now=timezone.now())


@shared_task
def rewrap_secrets() -> None:
    """Wrap the keys of sealed secrets anew where their epoch has ended."""
    rewrapping.rewrap_secrets(limit=1_000, now=timezone.now())
