"""Where something could be left behind: the database, dumped and on disk, Redis, logs, and every other folder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from cashback.embedded.house import House
from cashback.embedded.postgres import OWNER, find_binaries
from tests.journeys.whole import Whole
from tests.privacy.scanner import Hit, Scanner

DUMP, KEYS = "the database's dump", "the keys of Redis"


@dataclass
class Places:
    """Everything of one site, but for the bank simulator, which is another company."""

    whole: Whole

    def __post_init__(self) -> None:
        self.site = self.whole.site
        self.settings = House(self.site.var).read_env()
        self.redis = redis.Redis.from_url(self.settings["REDIS_URL"])

    def search(self, scanner: Scanner) -> set[Hit]:
        """Every text found anywhere, with everything written to disk first."""
        found = scanner.scan(self._dump(), DUMP)
        self._to_disk()
        for key in self.redis.scan_iter(count=1_000):
            found |= scanner.scan(bytes(key) + b"\0" + (self.redis.dump(key) or b""), KEYS)
        found |= scanner.scan_tree(self.site.var, without=self.site.var / "bank-simulator")
        return found | scanner.scan_tree(self.site.home)

    def _dump(self) -> bytes:
        words = [str(find_binaries() / "pg_dump"), "--dbname", self.settings["MIGRATION_DATABASE_URL"]]
        dump = subprocess.run(words, capture_output=True, check=True, env={"PATH": os.defpath, "LC_ALL": "C"}).stdout
        assert b"COPY public.queueing_registration" in dump
        return dump

    def _to_disk(self) -> None:
        self.whole.execute("CHECKPOINT")
        self.redis.save()

    @contextmanager
    def controls(self, texts: dict[str, str]) -> Iterator[None]:
        """Leave a text in each kind of place for a while: `row`, `sealed` (bytes in a row), `key`, `log`, `bank`."""
        files = {
            self.site.var / "log" / "control.log": texts["log"].encode("gb18030"),
            self.site.var / "bank" / "outbox" / ".control": texts["bank"].encode("utf-16-le"),
        }
        self.whole.execute(f"SET ROLE {OWNER}; CREATE TABLE privacy_control (words text, bytes bytea)")
        self.whole.execute(
            "INSERT INTO privacy_control VALUES (%s, convert_to(%s, 'UTF8'))", (texts["row"], texts["sealed"])
        )
        self.redis.set("control", texts["key"])
        for path, content in files.items():
            path.write_bytes(content)
        try:
            yield
        finally:
            self.whole.execute("DROP TABLE privacy_control")
            self.redis.delete("control")
            for path in files:
                path.unlink(missing_ok=True)

    def folder(self, *parts: str) -> Path:
        """A folder of the site."""
        return self.site.var.joinpath(*parts)
