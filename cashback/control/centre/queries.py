"""Running this app's named SQL."""

from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from cashback.lib.sql import Queries

SQL = Path(__file__).parent / "sql"


class Source(NamedTuple):
    """The queries of one file."""

    queries: Queries

    def rows(self, name: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a query and fetch every row."""
        with connection.cursor() as cursor:
            cursor.execute(self.queries[name], parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def row(self, name: str, /, **parameters: Any) -> tuple[Any, ...]:
        """Run a query that gives exactly one row."""
        found = self.rows(name, **parameters)
        assert len(found) == 1, f"{name} gave {len(found)} rows"
        return found[0]

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement and say how many rows it wrote."""
        with connection.cursor() as cursor:
            cursor.execute(self.queries[name], parameters)
            return int(cursor.rowcount)


def source(name: str) -> Source:
    """The queries of `sql/<name>.sql`."""
    return Source(Queries(SQL / f"{name}.sql"))
