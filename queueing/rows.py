"""Rows of named queries, by column name; and statements that a connection parses and plans only once."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_PARAMETER = re.compile(r"%\((\w+)\)s")
# By connection of the driver: a new connection has prepared nothing.
_PREPARED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[SimpleNamespace]:
    """The rows of a statement, their columns as attributes. Never printed: rows may hold sealed values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def fetch_prepared(statement: str, parameters: Mapping[str, Any]) -> list[SimpleNamespace]:
    """As `fetch`, for statements on a path where planning would take most of the time (seen: four fifths of a read).

    Parameters whose type does not follow from where they stand need a cast in the statement.
    """
    name, prepare, execute = _prepared_form(statement)
    connection.ensure_connection()
    known = _PREPARED.setdefault(connection.connection, set())
    if name not in known:
        with connection.cursor() as cursor:
            cursor.execute(prepare)
        known.add(name)
    return fetch(execute, parameters)


@lru_cache(maxsize=32)
def _prepared_form(statement: str) -> tuple[str, str, str]:
    """A name made of the text, so that no connection ever executes an older one; and the two statements."""
    name = f"cashback_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
    order = list(dict.fromkeys(_PARAMETER.findall(statement)))
    numbered = _PARAMETER.sub(lambda found: f"${order.index(found[1]) + 1}", statement)
    arguments = ", ".join(f"%({parameter})s" for parameter in order)
    return name, f"PREPARE {name} AS {numbered}", f"EXECUTE {name} ({arguments})"
