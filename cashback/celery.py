"""The Celery application: a clock and a wake-up call. Everything it drives is collected from the tables."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

from cashback.checks import refuse_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashback.settings")

app = Celery("cashback")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse(**_: object) -> None:
    """End a worker or beat with wrong settings; of a signal's receiver Celery only logs an Exception."""
    try:
        refuse_to_start()
    except ImproperlyConfigured as problem:
        raise SystemExit(f"refuses to start: {problem}") from None
