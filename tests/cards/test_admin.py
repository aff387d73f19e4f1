"""Organizers and checkers act in the admin, nobody deletes, and large tables are never counted."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cards.models import Lot, Order, OrderState, Program, ProgramState
from cashback.accounts.models import Role
from tests.factories import make_dealer, make_order, make_program, make_user, mint_cards, sell_lots

pytestmark = pytest.mark.django_db


def _client(role: str = Role.ORGANIZER) -> Client:
    client = Client()
    client.force_login(make_user(role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _act(client: Client, model: str, action: str, *rows: int) -> list[str]:
    response = client.post(
        reverse(f"admin:cards_{model}_changelist"), {"action": action, "_selected_action": [str(row) for row in rows]}
    )
    # Nobody reads the page between two actions, so the older messages are still there.
    return [str(message) for message in get_messages(response.wsgi_request)][-len(rows) :]


def test_an_order_is_seen_through_by_two_people() -> None:
    program, dealer = make_program(), make_dealer()
    mint_cards(program, 10)
    order = make_order(program, dealer, 5, paid=False)
    first, second = _client(Role.ORGANIZER), _client(Role.CHECKER)
    assert "another person" in _act(first, "order", "payment_seen", order)[0]
    assert "somebody else must confirm it" in _act(first, "order", "confirm_payment", order)[0]
    assert "payment confirmed" in _act(second, "order", "confirm_payment", order)[0]
    assert "is fulfilled" in _act(second, "order", "fulfil", order)[0]
    assert Order.objects.get(pk=order).state == OrderState.FULFILLED
    assert "this is not possible" in _act(second, "order", "cancel", order)[0]
    page = first.get(reverse("admin:cards_order_changelist")).content.decode()
    assert "organizer-" in page
    assert "checker-" in page


def test_an_operator_neither_looks_nor_acts() -> None:
    order = make_order(make_program(), make_dealer(), 5, paid=False)
    client = _client(Role.OPERATOR)
    assert client.get(reverse("admin:cards_order_changelist")).status_code == 403
    assert client.get(reverse("admin:cards_program_add")).status_code == 403
    _act(client, "order", "payment_seen", order)
    assert Order.objects.get(pk=order).payment_prepared_by is None


def test_a_dealer_does_not_come_in() -> None:
    assert _client(Role.DEALER).get(reverse("admin:cards_order_changelist")).status_code == 302


def test_the_gate_names_the_price_that_is_needed() -> None:
    program = make_program(published=False, card_price_minor=2_079)
    [message] = _act(_client(), "program", "publish", program.pk)
    assert "20.80" in message
    Program.objects.filter(pk=program.pk).update(card_price_minor=2_080)
    [message] = _act(_client(), "program", "publish", program.pk)
    assert "is published" in message
    assert Program.objects.get(pk=program.pk).state == ProgramState.PUBLISHED


def _form(program: Program, **changes: Any) -> dict[str, Any]:
    names = [
        "code", "name", "name_zh", "currency", "face_value_minor", "gift_cost_minor", "card_price_minor", "rule",
        "cycle_size", "payouts_per_cycle", "closes_on", "claim_days", "terms", "terms_version", "payee_limit",
        "purge_delay_days", "contact_hold_seconds",
    ]  # fmt: skip
    return {**{name: getattr(program, name) for name in names}, "release_below_minor": "", **changes}


def test_a_published_program_keeps_its_figures_and_may_close_later() -> None:
    program, client = make_program(), _client()
    address = reverse("admin:cards_program_change", args=[program.pk])
    page = client.get(address).content.decode()
    assert 'name="name_zh"' in page
    assert 'name="card_price_minor"' not in page
    client.post(address, _form(program, card_price_minor=9_999, closes_on="2099-01-01"))
    program.refresh_from_db()
    assert (program.card_price_minor, str(program.closes_on)) == (2_600, "2099-01-01")
    page = client.post(address, _form(program, closes_on="2098-01-01")).content.decode()
    assert "only be moved later" in page


def test_a_draft_is_written_in_the_admin() -> None:
    client = _client()
    program = make_program(published=False)
    address = reverse("admin:cards_program_change", args=[program.pk])
    assert client.post(address, _form(program, card_price_minor=3_000)).status_code == 302
    assert Program.objects.get(pk=program.pk).card_price_minor == 3_000
    assert client.post(reverse("admin:cards_program_add"), _form(program, code="NEW")).status_code == 302
    assert Program.objects.get(code="NEW").state == ProgramState.DRAFT


def test_a_program_published_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    program = make_program(published=False)
    stale = Program.objects.get(pk=program.pk)
    monkeypatch.setattr("cards.admin.ProgramAdmin.get_object", lambda *_args, **_kwargs: stale)
    Program.objects.filter(pk=program.pk).update(state="published", published_at=timezone.now())
    response = _client().post(
        reverse("admin:cards_program_change", args=[program.pk]), _form(program, card_price_minor=3_000)
    )
    assert "changed in the meantime" in " ".join(str(message) for message in get_messages(response.wsgi_request))
    assert Program.objects.get(pk=program.pk).card_price_minor == 2_600


@pytest.mark.parametrize("model", ["program", "batch", "dealer", "order", "lot", "block"])
def test_lists_count_nothing(model: str) -> None:
    sell_some(3)
    client = _client()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse(f"admin:cards_{model}_changelist")).status_code == 200
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]


def sell_some(lots: int) -> None:
    program, dealer = make_program(), make_dealer()
    mint_cards(program, lots)
    for _ in range(lots):
        sell_lots(program, dealer, 1)


@pytest.mark.parametrize("model", ["batch", "lot", "order"])
def test_facts_are_neither_added_nor_deleted(model: str) -> None:
    sell_some(1)
    client = _client()
    assert client.get(reverse(f"admin:cards_{model}_add")).status_code == 403
    assert "delete_selected" not in client.get(reverse(f"admin:cards_{model}_changelist")).content.decode()


def test_pages_follow_one_another_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queueing.admin.LotAdmin.list_per_page", 3)
    sell_some(7)
    client, address = _client(), reverse("admin:cards_lot_changelist")
    every = list(Lot.objects.order_by("-pk").values_list("pk", flat=True))

    def page(query: str) -> Any:
        return client.get(address + query).context["cl"]

    first = page("")
    second = page(first.older_url)
    third = page(second.older_url)
    assert [lot.pk for cl in (first, second, third) for lot in cl.result_list] == every
    assert (first.newer_url, third.older_url) == ("", "")
    assert [lot.pk for lot in page(third.newer_url).result_list] == every[3:6]
    assert [lot.pk for lot in page(second.newer_url).result_list] == every[:3]
    filtered = page(f"{second.older_url}&program__id__exact={Lot.objects.first().program_id}")  # type: ignore[union-attr]
    assert [lot.pk for lot in filtered.result_list] == every[6:]
    assert client.get(f"{address}?before=nonsense").status_code == 302


def test_a_dealers_members_are_dealers() -> None:
    dealer, client, person = make_dealer(), _client(), make_user(Role.DEALER)
    organizer = make_user(Role.ORGANIZER)
    address = reverse("admin:cards_dealer_change", args=[dealer.pk])
    page = client.get(address).content.decode()
    assert person.username in page
    form = {
        "name": "East", "active": "on", "members-TOTAL_FORMS": "2", "members-INITIAL_FORMS": "1",
        "members-0-id": dealer.members.get().pk, "members-0-dealer": dealer.pk, "members-1-dealer": dealer.pk,
    }  # fmt: skip
    client.post(address, {**form, "members-1-user": organizer.pk})
    assert dealer.members.count() == 1
    client.post(address, {**form, "members-1-user": person.pk})
    assert dealer.members.count() == 2
