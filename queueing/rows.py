"""Rows of named queries, by column name."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.db import connection


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[SimpleNamespace]:
    """The rows of a statement, their columns as attributes. Never printed: rows may hold sealed values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
