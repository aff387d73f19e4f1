"""What the schedule does every second."""

from datetime import datetime

from cashback.control.centre import rollouts, runs, sending


def tick(*, now: datetime) -> int:
    """Take everything as far as it can go; how many messages were sent."""
    sending.expire(now=now)
    runs.expire(now=now)
    rollouts.advance(now=now)
    runs.place(now=now)
    return sending.send(now=now)


def sweep(*, now: datetime) -> int:
    """Forget inputs that were kept long enough; how many."""
    return runs.sweep(now=now)
