"""Actions of the admin: each calls a verb for each chosen row, and shows what the verb refuses."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest

from cashback.lib.errors import DomainError

Row = TypeVar("Row")


def act_on_each(
    request: HttpRequest, chosen: Iterable[Row], verb: Callable[[Row], object], done: Callable[[Row], str]
) -> None:
    """Call the verb for each row, in a transaction of its own; say what was done and what was refused, and why."""
    for row in chosen:
        try:
            verb(row)
        except DomainError as refusal:
            messages.error(request, f"{row}: {refusal.message}")
        else:
            messages.success(request, done(row))
