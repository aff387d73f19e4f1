"""Own money moves by two people, on pages that show what is free and what would be posted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cashback.accounts import two_people
from cashback.accounts.models import Role
from cashback.ledger import moving, own_money
from cashback.ledger.models import Event, Movement, Transfer
from cashback.ledger.posting import own_money_minor
from tests.factories import make_user
from tests.portal.doors import signed_in
from tests.steps import confirm, look, page_of, two_clients

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]
ADD = "ledger_movement"


def _typed(event: str = "capital_in", amount: str = "120.50", reference: str = "IN-1", **more: str) -> dict[str, Any]:
    return {"event": event, "currency": "CNY", "amount": amount, "reference": reference, **more}


def _prepared(event: Event, amount_minor: int, reference: str, by_id: int) -> Movement:
    return moving.prepare(
        event=event,
        currency="CNY",
        amount_minor=amount_minor,
        reference=reference,
        by_id=by_id,
        now=timezone.now(),
    )


def test_two_people_pay_money_in() -> None:
    first, second = two_clients()
    page = look(first, page_of(ADD), **_typed())
    assert "What will be posted once another person approves" in page
    assert "CN¥120.50" in page
    assert not Transfer.objects.exists()
    assert not Movement.objects.exists()
    assert "another person approves it" in confirm(first, page_of(ADD), **_typed())
    movement = Movement.objects.get()
    approving = page_of(ADD, movement.pk, "approve")
    assert "somebody else must approve it" in look(first, approving)
    assert "somebody else must approve it" in confirm(first, approving)
    assert not Transfer.objects.exists()
    assert "CN¥120.50" in look(second, approving)
    assert "is posted" in confirm(second, approving)
    assert own_money_minor("CNY") == 12_050
    assert "does not wait for anybody" in look(second, approving)


def test_what_is_free_is_shown_and_nothing_beyond_it_is_taken() -> None:
    first, _ = two_clients()
    own_money.pay_in(currency="CNY", amount_minor=10_000, reference="IN-0", now=timezone.now())
    assert "CN¥100.00" in look(first, page_of(ADD))
    page = look(first, page_of(ADD), **_typed("surplus_out", "100.01", "OUT-1"))
    assert "Only CN¥100.00 is the organizer's own" in page
    assert 'name="confirm"' not in page
    assert 'name="confirm"' in look(first, page_of(ADD), **_typed("surplus_out", "100.00", "OUT-1"))


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        (_typed(amount="0"), "amount", "more than nothing"),
        (_typed(amount="1.005"), "amount", "CNY has 2 decimals"),
        (_typed(currency="ABC"), "currency", "not a currency"),
        (_typed(reference=" "), "reference", "required"),
        (_typed(reference="IN-0"), "reference", "is in the books already"),
        (_typed(reference="IN-9"), "reference", "was prepared already"),
    ],
)
def test_a_refusal_stands_at_its_field(typed: dict[str, Any], field: str, said: str) -> None:
    first, _ = two_clients()
    own_money.pay_in(currency="CNY", amount_minor=10_000, reference="IN-0", now=timezone.now())
    _prepared(Event.CAPITAL_IN, 1, "IN-9", make_user(Role.CHECKER).pk)
    page = look(first, page_of(ADD), **typed)
    row = page[page.index(f"form-row errors field-{field}") :]
    assert said in row[: row.index("</ul>")]
    assert Movement.objects.count() == 1


def test_a_fee_beyond_what_is_free_posts_money_in_first() -> None:
    by_id, other = make_user(Role.ORGANIZER).pk, make_user(Role.CHECKER).pk
    fee = _prepared(Event.BANK_FEE, 300, "FEE-1", by_id)
    moving.approve(movement_id=fee.pk, by_id=other, now=timezone.now())
    posted = Transfer.objects.order_by("pk").values_list("event", "amount_minor")
    assert list(posted) == [("capital_in", 300), ("bank_fee", 300)]
    with pytest.raises(own_money.PostedBefore):
        own_money.pay_in(currency="CNY", amount_minor=300, reference="FEE-1", now=timezone.now())


def test_what_is_called_off_is_not_posted_and_may_be_prepared_again() -> None:
    first, second = two_clients()
    confirm(first, page_of(ADD), **_typed())
    movement = Movement.objects.get()
    assert "is called off" in confirm(second, page_of(ADD, movement.pk, "call-off"))
    assert "does not wait for anybody" in confirm(second, page_of(ADD, movement.pk, "approve"))
    confirm(first, page_of(ADD), **_typed())
    assert Movement.objects.count() == 2
    assert not Transfer.objects.exists()


def test_what_was_free_when_prepared_may_be_gone_when_approved() -> None:
    by_id, other = make_user(Role.ORGANIZER).pk, make_user(Role.CHECKER).pk
    own_money.pay_in(currency="CNY", amount_minor=100, reference="IN-0", now=timezone.now())
    out = _prepared(Event.SURPLUS_OUT, 100, "OUT-1", by_id)
    own_money.take_surplus(currency="CNY", amount_minor=1, reference="OUT-0", now=timezone.now())
    with pytest.raises(own_money.SurplusTooLarge):
        moving.approve(movement_id=out.pk, by_id=other, now=timezone.now())
    out.refresh_from_db()
    assert out.approved_at is None


def test_only_the_office_moves_money() -> None:
    with pytest.raises(two_people.NotAllowed):
        _prepared(Event.CAPITAL_IN, 1, "IN-1", make_user(Role.OPERATOR).pk)
    operator = signed_in(make_user(Role.OPERATOR))
    assert operator.get(page_of(ADD)).status_code == 403
    movement = _prepared(Event.CAPITAL_IN, 1, "IN-1", make_user(Role.ORGANIZER).pk)
    assert operator.post(page_of(ADD, movement.pk, "approve"), {"confirm": "1"}).status_code == 403


def test_the_database_refuses_one_person_for_both(database_refuses: Refuses) -> None:
    by_id = make_user(Role.ORGANIZER).pk
    movement = _prepared(Event.CAPITAL_IN, 1, "IN-1", by_id)
    with database_refuses("ledger_movement_two_people"):
        Movement.objects.filter(pk=movement.pk).update(approved_by_id=by_id, approved_at=timezone.now())
    with database_refuses("permission denied for table ledger_movement"), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_movement SET amount_minor = 2")
