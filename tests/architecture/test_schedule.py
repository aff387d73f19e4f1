"""The schedule names tasks that exist, every task is on it, and no message outlives its period."""

from datetime import timedelta

from cashback.celery import app
from cashback.control.protocol.naming import REPORT_TASK


def _ours() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_entry_names_a_task() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= _ours()


def test_every_task_is_on_the_schedule_but_the_one_that_stations_call() -> None:
    assert _ours() - {REPORT_TASK} <= {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_a_message_expires_when_the_next_is_due() -> None:
    for entry in app.conf.beat_schedule.values():
        period = entry["schedule"] if isinstance(entry["schedule"], int | float) else timedelta(days=1).total_seconds()
        assert entry["options"]["expires"] <= period


def test_messages_carry_nothing() -> None:
    assert not any(entry.get("args") or entry.get("kwargs") for entry in app.conf.beat_schedule.values())
    assert app.conf.task_ignore_result
