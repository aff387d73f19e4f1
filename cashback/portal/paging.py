"""Lists paged by key: a page costs the same wherever it is, and nothing is counted."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import Http404

PAGE_SIZE = 50
KEY_MAX = 2**62

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows, newest first; `older` is the key below which the next page begins, `newest` tells a first page."""

    rows: list[T]
    older: int | None
    newest: bool


def key_of(text: str | None) -> int | None:
    """The key in an address; 404 for anything that no page of ours links to."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:20]) < KEY_MAX:
        raise Http404
    return int(text[:20])


def page(rows: QuerySet[Any], before: int | None, size: int = PAGE_SIZE) -> Page[Any]:
    """The page of `rows` below the primary key `before`."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    return cut(found, before, size, lambda row: row.pk)


def cut(found: list[Any], before: int | None, size: int, key: Any) -> Page[Any]:
    """A page of what was found, where one more than fits tells that there are older rows."""
    rows = found[:size]
    older = key(rows[-1]) if len(found) > size else None
    return Page(rows, older, before is None)
