"""The status of a registration: where it stands, under both rules, for a few pages' reading."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cards.models import Rule
from queueing import status
from queueing.exporting import export
from queueing.intake import Receipt
from queueing.lines import ensure_line
from queueing.models import Award, AwardKind, HolderDetails, Line, Place, Registration, Source, TimelineEvent
from queueing.proving import CardNotAccepted, ReceiptUnknown
from tests.factories import certified_draw, sold_cards
from tests.queueing.holders import ACCOUNT_NUMBER, EMAIL, NAME, PHONE, enter, other_pin


def place(receipt: Receipt, number: int) -> None:
    """Give the registration a place without a pass."""
    registration = Registration.objects.get(pk=receipt.registration_id)
    Place.objects.create(registration=registration, program_id=registration.program_id, place=number)


def award(receipt: Receipt, number: int, kind: AwardKind) -> None:
    """Award the registration without a pass."""
    registration = Registration.objects.get(pk=receipt.registration_id)
    Award.objects.create(
        registration=registration,
        program_id=registration.program_id,
        source=Source.CYCLE,
        source_id=1,
        place=number,
        kind=kind,
        amount_minor=10_000,
        awarded_at=timezone.now(),
    )


@pytest.mark.django_db
def test_a_fresh_registration_waits_without_a_place() -> None:
    program, cards = sold_cards(1)
    receipt = enter(cards[0])
    found = status.find(receipt.receipt.lower())
    assert (found.program, found.product, found.product_specification) == (program.code, "Rice cooker", "5 l")
    assert (found.place, found.cycle, found.ahead, found.until_close) == (None, None, None, None)
    assert (found.outcome, found.frozen, found.awards, found.erasures) == ("waiting", False, (), ())
    assert (found.nonce, found.leaf, found.signature) == (receipt.nonce, receipt.leaf, receipt.signature)
    assert (found.details, found.payee_held, found.contact_held) == ("held", True, True)
    assert found.erase_by == HolderDetails.objects.get().erase_by
    assert [happened.event for happened in found.timeline] == ["registered"]


@pytest.mark.django_db
def test_an_unknown_receipt_opens_nothing() -> None:
    with pytest.raises(ReceiptUnknown):
        status.find("0" * 26)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "placed", "closed", "ahead", "until_close"),
    [(1, 1, 0, 0, 49), (7, 30, 0, 6, 20), (57, 90, 1, 6, 10), (120, 130, 1, 69, 20)],
)
@pytest.mark.usefixtures("unbalanced")
def test_under_cohort_the_undecided_places_before_are_ahead(
    number: int, placed: int, closed: int, ahead: int, until_close: int
) -> None:
    program, cards = sold_cards(1)
    receipt = enter(cards[0])
    place(receipt, number)
    Line.objects.filter(program=program).update(placed=placed, cycles_closed=closed)
    found = status.find(receipt.receipt)
    assert (found.place, found.cycle) == (number, (number - 1) // 50 + 1)
    assert (found.ahead, found.until_close, found.outcome) == (ahead, until_close, "waiting")


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_under_line_a_gift_is_not_the_last_word_and_the_unpaid_are_ahead() -> None:
    program, cards = sold_cards(1, rule=Rule.LINE, card_price_minor=3_000)
    receipt = enter(cards[0])
    place(receipt, 20)
    Line.objects.filter(program=program).update(placed=60, cycles_closed=1, paid_through=6)
    award(receipt, 20, AwardKind.GIFT)
    found = status.find(receipt.receipt)
    assert (found.outcome, found.ahead, found.until_close) == ("gift", 13, 0)
    award(receipt, 20, AwardKind.CASH)
    found = status.find(receipt.receipt)
    assert (found.outcome, found.ahead, found.until_close) == ("cash", None, None)
    assert [happened.event for happened in found.timeline] == ["registered", "awarded_gift", "awarded_cash"]


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_under_cohort_a_verdict_is_the_last_word_and_a_draw_does_not_change_it() -> None:
    program, cards = sold_cards(2)
    first, second = enter(cards[0]), enter(cards[1])
    place(first, 7)
    Line.objects.filter(program=program).update(placed=50, cycles_closed=1)
    award(first, 7, AwardKind.GIFT)
    found = status.find(first.receipt)
    assert (found.outcome, found.ahead, found.until_close) == ("gift", None, None)
    place(second, 51)
    certified_draw(program, {second.registration_id: 5_000})
    assert status.find(second.receipt).outcome == "waiting"
    assert len(status.find(second.receipt).awards) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("end", "outcome"), [("withdrawn_at", "withdrawn"), ("voided_at", "void")])
@pytest.mark.usefixtures("unbalanced")
def test_what_ended_says_so(end: str, outcome: str) -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    Registration.objects.update(**{end: timezone.now()})
    assert status.find(receipt.receipt).outcome == outcome


@pytest.mark.django_db
def test_a_verdict_that_was_shown_lets_the_contact_go_and_begins_nothing() -> None:
    _, cards = sold_cards(1)
    receipt, now = enter(cards[0]), timezone.now()
    status.verdict_shown(registration_id=receipt.registration_id, now=now)
    assert HolderDetails.objects.get().contact_erase_by is None
    HolderDetails.objects.update(contact_erase_by=now + timedelta(days=1))
    status.verdict_shown(registration_id=receipt.registration_id, now=now)
    assert HolderDetails.objects.get().contact_erase_by == now


@pytest.mark.django_db
def test_a_look_reads_a_few_rows_by_index(django_assert_num_queries: Any) -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    with django_assert_num_queries(4):
        status.find(receipt.receipt)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, parameters in (
            ("find", {"receipt_digest": b"x" * 32}),
            ("awards", {"registration_id": 1}),
            ("erasures", {"registration_id": 1}),
            ("events", {"registration_id": 1}),
        ):
            cursor.execute("EXPLAIN " + status.QUERIES[name], parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on queueing" not in plan, plan


@pytest.mark.django_db
def test_an_export_holds_all_that_is_held_and_needs_the_card() -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    receipt = enter(cards[0])
    found: Any = export(receipt=receipt.receipt, serial=serial, pin=pin, now=now)
    assert found["payee"] == {"name": NAME, "account_kind": "cn_card", "account_number": ACCOUNT_NUMBER, "bank": "ICBC"}
    assert found["contact"] == {"phone": PHONE, "email": EMAIL}
    assert found["registration"]["nonce"] == receipt.nonce
    with pytest.raises(CardNotAccepted):
        export(receipt=receipt.receipt, serial=serial, pin=other_pin(pin), now=now)
    HolderDetails.objects.all().delete()
    found = export(receipt=receipt.receipt, serial=serial, pin=pin, now=now)
    assert (found["payee"], found["contact"], found["erase_by"]) == (None, None, None)
    assert TimelineEvent.objects.filter(event="exported").count() == 2


@pytest.mark.django_db
def test_a_line_is_made_once_and_only_for_a_published_program() -> None:
    program, _ = sold_cards(1)
    ensure_line(program.pk)
    ensure_line(program.pk)
    line = Line.objects.get(program=program)
    assert line.cut_at == line.head_at == program.published_at
