"""Steps that cannot be taken: their pages open all the same, say why, and have no button."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from cashback.accounts.models import Role
from lottery import announcing
from lottery.models import Draw
from tests.factories import make_user
from tests.lottery.draws import Table, lay, pooled
from tests.portal.doors import signed_in

pytestmark = pytest.mark.django_db
STEPS = ("announce", "approve-fund", "void", "certify")
BUTTON = '<input type="submit"'


@pytest.fixture
def checker() -> Client:
    return signed_in(make_user(Role.CHECKER))


@pytest.fixture
def table() -> Table:
    return lay(pooled()[0])


def step(draw: Draw, name: str) -> str:
    return f"/admin/lottery/draw/{draw.pk}/{name}/"


def at(by: Client, address: str) -> str:
    response = by.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("reached", ["lay", "announce", "freeze", "reveal", "draw_up", "verify", "certify"])
def test_a_step_has_a_button_only_where_it_can_be_taken(table: Table, checker: Client, reached: str) -> None:
    if reached != "lay":
        getattr(table, reached)()
    state = table.read().state
    possible = {"draft": "announce", "announced": "void", "verified": "certify"}.get(state)
    for name in STEPS:
        page = at(checker, step(table.draw, name))
        assert (BUTTON in page) == (name == possible), name
        assert ('class="step-closed"' in page) == (name != possible), name
        if name != possible:
            assert checker.post(step(table.draw, name), {"reason": "A misprint."}).status_code == 200
    assert table.read().state == state


def test_closed_steps_say_why(table: Table, checker: Client) -> None:
    assert "Not yet: this draw is draft." in at(checker, step(table.draw, "certify"))
    assert "takes the fund of no other draw" in at(checker, step(table.draw, "approve-fund"))
    table.announce()
    assert "Only a draft is announced" in at(checker, step(table.draw, "announce"))
    assert "Not yet: this draw is announced." in at(checker, step(table.draw, "certify"))
    announcing.void(draw_id=table.id, by_id=table.checker, reason="A misprint.", now=timezone.now())
    assert "it is never certified" in at(checker, step(table.draw, "certify"))
    assert "between its announcement and its freeze" in at(checker, step(table.draw, "void"))


def test_a_draw_whose_freeze_is_due_is_not_called_off(
    table: Table, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.announce()
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.frozen))
    page = at(checker, step(table.draw, "void"))
    assert "The freeze of its pool is due" in page
    assert BUTTON not in page


def test_a_draw_is_not_certified_after_seven_days(
    table: Table, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.verify()
    late = table.revealed + timedelta(days=7)
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: late))
    page = at(checker, step(table.draw, "certify"))
    assert "not certified within seven days" in page
    assert BUTTON not in page


def test_a_figure_has_a_button_once_it_is_published(
    table: Table, checker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.reveal()
    address = f"/admin/lottery/draw/{table.id}/figures/{table.figures()[0].pk}/"
    assert BUTTON not in at(checker, address)
    monkeypatch.setattr("lottery.admin_steps.timezone", SimpleNamespace(now=lambda: table.published))
    assert BUTTON in at(checker, address)
