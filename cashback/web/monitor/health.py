"""Whether the site's parts answer. Nobody waits here: Redis has 100 ms, and the worker is judged by what it wrote."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from cashback.ledger.checking import last_scheduled_at
from cashback.web.monitor.reading import ProgramNow

PATIENCE_SECONDS = 0.1
# The schedule has the books checked every five minutes: two missed and something stands still.
SCHEDULE_SILENT_AFTER = timedelta(minutes=11)


@dataclass(frozen=True)
class Part:
    """One part of the site: `state` is good, wait or stop; `said` is a sentence."""

    name: object
    state: str
    said: object


def parts(shown: list[ProgramNow], now: datetime) -> list[Part]:
    """Passes, schedule and worker, Redis."""
    return [_passes(shown), _schedule(now), _redis()]


def _passes(shown: list[ProgramNow]) -> Part:
    late = [one.program.code for one in shown if one.line and one.line.late and one.program.state == "published"]
    if late:
        return Part(_("Passes"), "stop", _("late in %(programs)s") % {"programs": ", ".join(late)})
    return Part(_("Passes"), "good", _("nobody waits longer than 5 s for a place"))


def _schedule(now: datetime) -> Part:
    at = last_scheduled_at()
    if at is None:
        return Part(_("Schedule and worker"), "wait", _("have not checked the books yet"))
    minutes = max(0, int((now - at).total_seconds() // 60))
    said = _("checked the books %(minutes)s min ago") % {"minutes": minutes}
    return Part(_("Schedule and worker"), "stop" if now - at > SCHEDULE_SILENT_AFTER else "good", said)


def _redis() -> Part:
    started = monotonic()
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        said = _("does not answer; registrations and pages go on, the passes wait for it")
        return Part(_("Redis"), "stop", said)
    return Part(_("Redis"), "good", _("answers in %(ms)s ms") % {"ms": round((monotonic() - started) * 1000)})
