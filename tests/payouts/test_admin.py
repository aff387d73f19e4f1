"""Two people release and resolve in the admin; facts are shown, and never counted."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cashback.accounts.models import Role
from payouts import settlement
from payouts.models import PendingPayout, Refund, Release, Resolution
from tests.factories import make_user
from tests.payouts.banking import Bank, closed, sent

pytestmark = pytest.mark.django_db
MODELS = sorted(model._meta.model_name or "" for model in admin.site._registry if model._meta.app_label == "payouts")


def client(role: str) -> Client:
    signed_in = Client()
    signed_in.force_login(make_user(role), backend="django.contrib.auth.backends.ModelBackend")
    return signed_in


def page(model: str, what: str = "changelist") -> str:
    return reverse(f"admin:payouts_{model}_{what}")


def act(by: Client, model: str, action: str, *rows: int) -> list[str]:
    response = by.post(page(model), {"action": action, "_selected_action": [str(row) for row in rows]})
    return [str(message) for message in get_messages(response.wsgi_request)][-len(rows) :]


def test_a_release_takes_an_organizer_and_a_checker() -> None:
    line = closed()
    first, second = client(Role.ORGANIZER), client(Role.CHECKER)
    assert b'name="program"' in first.get(page("release", "add")).content
    assert first.post(page("release", "add"), {"program": line.program.pk}).status_code == 302
    release = Release.objects.get()
    assert (release.state, release.payouts) == ("prepared", 2)
    assert "second person" in act(first, "release", "approve", release.pk)[0]
    assert "is approved" in act(second, "release", "approve", release.pk)[0]
    assert set(PendingPayout.objects.values_list("state", flat=True)) == {"approved"}
    assert "is called off" in act(second, "release", "call_off", release.pk)[0]


def test_where_nothing_is_due_the_list_says_so() -> None:
    line = closed()
    organizer = client(Role.ORGANIZER)
    organizer.post(page("release", "add"), {"program": line.program.pk})
    answer = organizer.post(page("release", "add"), {"program": line.program.pk}, follow=True)
    assert "Nothing is due" in answer.content.decode()
    assert Release.objects.count() == 1


def test_two_people_resolve_a_doubt(bank: Bank) -> None:
    attempts = sent(closed().program)
    settlement.doubt_unanswered(now=timezone.now() + timedelta(days=6))
    first, second = client(Role.ORGANIZER), client(Role.CHECKER)
    form = {"award": attempts[0].award_id, "verdict": "paid", "evidence": "statement 17, page 2"}
    assert first.post(page("resolution", "add"), form).status_code == 302
    resolution = Resolution.objects.get()
    assert "second person" in act(first, "resolution", "approve", resolution.pk)[0]
    assert "is carried out" in act(second, "resolution", "approve", resolution.pk)[0]
    assert Refund.objects.count() == 1
    answer = first.post(page("resolution", "add"), form)
    assert "No payout of this award" in answer.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_counts_nothing(bank: Bank, model: str) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.refuses(attempts[:1])
    bank.books(attempts[1:])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client(Role.CHECKER).get(page(model)).status_code == 200
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and "payouts_" in query["sql"]]
    assert client(Role.OPERATOR).get(page(model)).status_code == 403


def test_facts_are_not_edited() -> None:
    closed()
    pending = PendingPayout.objects.first()
    assert pending is not None
    change = reverse("admin:payouts_pendingpayout_change", args=[pending.pk])
    organizer = client(Role.ORGANIZER)
    assert organizer.get(change).status_code == 200
    assert organizer.post(change, {"amount_minor": 1}).status_code == 403
    assert organizer.get(page("pendingpayout", "add")).status_code == 403
