"""The Celery application: a clock and a wake-up call. Everything it drives is collected from the tables."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

from cashback.checks import refuse_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashback.settings")

app = Celery("cashback")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A periodic message. It expires when the next is due, so that a stopped worker never finds a backlog."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


def _nightly(task: str) -> dict[str, Any]:
    """A message once a day, at three in the morning in China (the schedule's own time is UTC)."""
    return {"task": task, "schedule": crontab(hour="19", minute="0"), "options": {"expires": 3600}}


# The whole schedule. Each task finds its work in the tables, so a lost message costs one period and nothing else.
app.conf.beat_schedule = {
    "places and cycles": _every(2, "queueing.tasks.tick_passes"),
    "collect, sweep, release and send payouts": _every(2, "payouts.tasks.tick_payouts"),
    "the bank's answers": _every(2, "payouts.tasks.tick_answers"),
    "sign erasures": _every(5, "queueing.tasks.sign_erasures"),
    "erase what is due": _every(10, "payouts.tasks.erase_due"),
    "draws": _every(5, "lottery.tasks.tick_draws"),
    "stations, runs and roll-outs": _every(1, "cashback.control.centre.tasks.tick_control"),
    "stations' users at the broker": _every(10, "cashback.control.centre.tasks.sync_broker_users"),
    "forget inputs of runs": _every(600, "cashback.control.centre.tasks.sweep_inputs"),
    "gifts that lapse or have arrived": _every(60, "payouts.tasks.lapse_gifts"),
    "destroy bank files": _every(60, "payouts.tasks.destroy_files"),
    "close programs": _every(60, "queueing.tasks.close_programs"),
    "key epochs": _every(600, "queueing.tasks.rotate_epochs"),
    "wrap bank files and e-codes anew": _every(600, "payouts.tasks.rewrap_files"),
    "wrap draws' secrets anew": _every(600, "lottery.tasks.rewrap_secrets"),
    "sweep attempt counters": _every(600, "queueing.tasks.sweep_attempts"),
    "sweep idempotency records": _every(600, "cashback.api.tasks.sweep_records"),
    "sweep sessions": _every(3600, "cashback.accounts.tasks.sweep_sessions"),
    "check the books": _every(300, "cashback.ledger.tasks.check_books"),
    "check the books from the beginning": _nightly("cashback.ledger.tasks.check_all_books"),
}


@worker_init.connect
@beat_init.connect
def refuse(**_: object) -> None:
    """End a worker or beat with wrong settings; of a signal's receiver Celery only logs an Exception."""
    try:
        refuse_to_start()
    except ImproperlyConfigured as problem:
        raise SystemExit(f"refuses to start: {problem}") from None
