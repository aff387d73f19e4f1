"""The two servers of a house: PostgreSQL and Redis, unless the environment names others."""

import os
from collections.abc import Callable

from cashback.embedded.house import House
from cashback.embedded.postgres import Postgres
from cashback.embedded.processes import pause_a_little
from cashback.embedded.redis import Redis


class Servers:
    """What of the two is ours: started, ready, and stopped in this order."""

    def __init__(self, house: House, *, durable: bool, say: Callable[[str], None]) -> None:
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(house, durable=durable, say=say)
        self.redis = None if os.environ.get("REDIS_URL") else Redis(house, durable=durable, say=say)

    def start(self, pause: Callable[[], None] = pause_a_little) -> None:
        """Start both and return when they answer; `pause` is called while we wait and may raise."""
        for server in self.own():
            server.start()
        for server in self.own():
            server.wait_ready(pause)
        if self.postgres:
            self.postgres.prepare()

    def urls(self) -> dict[str, str]:
        """The settings that lead to both; what the environment names is left as it is."""
        found = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
        if self.postgres is None:
            found["MIGRATION_DATABASE_URL"] = os.environ.get("MIGRATION_DATABASE_URL") or os.environ["DATABASE_URL"]
        for server in self.own():
            found.update(server.urls())
        return found

    def stop(self) -> None:
        """Stop what is ours: Redis, then PostgreSQL."""
        for server in reversed(self.own()):
            server.stop()

    def own(self) -> list[Postgres | Redis]:
        """The servers that we start, in order."""
        return [server for server in (self.postgres, self.redis) if server is not None]
