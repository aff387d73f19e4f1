"""Steps of the admin as somebody takes them: looked at first, then confirmed."""

import html
from typing import Any

from django.test import Client
from django.urls import reverse

from cashback.accounts.models import Role
from tests.factories import make_user
from tests.portal.doors import signed_in


def two_clients() -> tuple[Client, Client]:
    """An organizer and a checker at their desks."""
    return signed_in(make_user(Role.ORGANIZER)), signed_in(make_user(Role.CHECKER))


def page_of(model: str, row_id: int | None = None, step: str | None = None) -> str:
    """The address of a list (no row), a row, or a step on it; `model` as app_model."""
    if row_id is None:
        return reverse(f"admin:{model}_add")
    if step is None:
        return reverse(f"admin:{model}_change", args=[row_id])
    return reverse(f"admin:{model}_step", args=[row_id, step])


def look(client: Client, address: str, **typed: Any) -> str:
    """The page that says what the step would do, or what is wrong with what was typed."""
    answer = client.post(address, {**typed, "review": "1"}) if typed else client.get(address)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def confirm(client: Client, address: str, **typed: Any) -> str:
    """Confirm the step; the page after it."""
    answer = client.post(address, {**typed, "confirm": "1"}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())
