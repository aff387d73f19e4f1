"""The stations' users at the broker: made for accepted stations, with their own keys only, and taken away again.

A Redis without a file of users forgets them when it starts, so that the schedule looks again and again.
"""

from typing import Any

import redis
from django.conf import settings

from cashback.control.centre.enrolling import broker_user
from cashback.control.centre.models import Station, StationState
from cashback.control.protocol.naming import acl_rules

_TIMEOUT_SECONDS = 5.0


def sync(*, url: str | None = None) -> list[str]:
    """Make the users that are missing and take away those of retired stations; the names of both."""
    with redis.Redis.from_url(
        url or settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    ) as broker:
        there = {_text(name) for name in broker.execute_command("ACL", "USERS")}
        changed = []
        for station in Station.objects.filter(state__in=[StationState.ACCEPTED, StationState.RETIRED]).order_by("pk"):
            user = broker_user(station.name)
            wanted = station.state == StationState.ACCEPTED
            if wanted and user not in there:
                _make(broker, user, station)
                changed.append(user)
            elif not wanted and user in there:
                broker.execute_command("ACL", "DELUSER", user)
                changed.append(user)
    return changed


def _make(broker: Any, user: str, station: Station) -> None:
    rules = ["on", "resetpass", f"#{station.broker_password_digest}", *acl_rules(station.name)]
    broker.execute_command("ACL", "SETUSER", user, *rules)


def _text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
