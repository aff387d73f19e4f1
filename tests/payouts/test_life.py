"""A payout's whole life: collected, released by two people, sent, answered, refunded, forgotten."""

import pytest
from django.utils import timezone
from lxml import etree

from cashback.ledger.models import Kind
from payouts import answers, collecting, destroying, selectors, sending
from payouts.models import Attempt, BankFile, BankLine, Gift, PendingPayout, Refund, Release
from queueing import details
from queueing.models import Erasure
from tests.embedded_bank.customer import card_ending
from tests.payouts.banking import Bank, closed, correct, released, sent
from tests.queueing.holders import NAME

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(PendingPayout.objects.order_by("place").values_list("state", flat=True))


def test_the_awards_of_a_closed_cycle_are_due_and_its_gifts_owed() -> None:
    line = closed()
    assert list(PendingPayout.objects.order_by("place").values_list("place", "state", "amount_minor")) == [
        (1, "due", 10_000),
        (2, "due", 10_000),
    ]
    assert Gift.objects.filter(state="owed").count() == 3
    # Five cards reserve 2 x 100.00 and 3 x 10.00.
    assert (line.balance(Kind.CASH_RESERVE), line.balance(Kind.GIFT_RESERVE)) == (0, 3_000)
    assert line.balance(Kind.PAYOUTS_DUE) == 20_000


def test_collecting_again_finds_nothing() -> None:
    line = closed()
    assert collecting.collect(program_id=line.program.pk, now=timezone.now()) == collecting.Collected()
    assert collecting.collect_all(now=timezone.now()) == collecting.Collected()


def test_what_is_sent_is_in_transit_and_lies_encrypted_in_the_outbox(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    assert states() == ["sent", "sent"]
    assert (line.balance(Kind.PAYOUTS_DUE), line.balance(Kind.IN_TRANSIT)) == (0, 20_000)
    (path,) = bank.outbox
    assert NAME.encode() not in path.read_bytes()
    root = etree.fromstring(bank.read(path))
    names = [node.text for node in root.iter("{*}Nm")]
    assert names.count(NAME) == 2
    assert [node.text for node in root.iter("{*}EndToEndId")] == [attempt.end_to_end_id for attempt in attempts]
    release = Release.objects.get()
    assert release.state == "sent"
    assert (release.payouts, release.total_minor) == (2, 20_000)
    assert len(release.message_id) <= 35
    assert len(release.file_sha256) == 64


def test_an_acceptance_moves_no_money(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.drop(
        bank.report(
            attempts[0].release.message_id, {attempt.end_to_end_id: "ACSP" for attempt in attempts}, attempts=attempts
        )
    )
    assert answers.answer(now=timezone.now()) == {"applied": 2}
    assert states() == ["accepted", "accepted"]
    assert line.balance(Kind.IN_TRANSIT) == 20_000


def test_a_booking_moves_the_awards_to_refunded_and_erases_their_payees(bank: Bank) -> None:
    line = closed()
    before = line.balance(Kind.BANK)
    attempts = sent(line.program)
    bank.books(attempts)
    assert not PendingPayout.objects.exists()
    assert list(Refund.objects.order_by("place").values_list("place", "amount_minor")) == [(1, 10_000), (2, 10_000)]
    assert (line.balance(Kind.IN_TRANSIT), line.balance(Kind.BANK)) == (0, before - 20_000)
    paid = [receipt.registration_id for receipt in line.receipts[:2]]
    assert details.versions(registration_ids=paid) == dict.fromkeys(paid)
    assert Erasure.objects.filter(registration_id__in=paid, what="payee", why="refunded").count() == 2
    assert set(Attempt.objects.values_list("state", flat=True)) == {"confirmed"}
    assert Release.objects.get().state == "settled"
    assert BankFile.objects.get().state == "settled"
    assert not bank.inbox


def test_a_refusal_asks_the_holder_and_a_second_attempt_follows(bank: Bank) -> None:
    line = closed()
    first, second = sent(line.program)
    bank.refuses([first])
    bank.books([second])
    pending = PendingPayout.objects.get()
    assert (pending.state, pending.reason, pending.attempts, pending.release) == ("details_needed", "AC04", 1, None)
    assert line.balance(Kind.PAYOUTS_DUE) == 10_000
    correct(line, 1, card_ending("9000", 7))
    assert states() == ["due"]
    (again,) = sent(line.program)
    assert (again.award_id, again.number) == (first.award_id, 2)
    assert again.end_to_end_id != first.end_to_end_id
    bank.books([again])
    assert Refund.objects.count() == 2
    assert Refund.objects.get(award_id=first.award_id).end_to_end_id == again.end_to_end_id


def test_a_return_is_the_one_way_back(bank: Bank) -> None:
    line = closed()
    before = line.balance(Kind.BANK)
    attempts = sent(line.program)
    bank.books(attempts)
    bank.returns(attempts[:1])
    pending = PendingPayout.objects.get()
    assert (pending.award_id, pending.state, pending.reason) == (attempts[0].award_id, "details_needed", "AC04")
    assert (pending.attempts, pending.details_version) == (1, 0)
    assert Refund.objects.count() == 1
    assert (line.balance(Kind.PAYOUTS_DUE), line.balance(Kind.BANK)) == (10_000, before - 10_000)
    status = selectors.holder_status(line.receipts[0].receipt, timezone.now())
    assert [(award.state, award.reason) for award in status.awards] == [("details_needed", "AC04")]
    assert [entry.event for entry in status.timeline][-1] == "payment_returned"
    assert status.registration.details == "held"  # the contact; the payee's erasure stands
    assert not status.registration.payee_held


def test_the_holder_sees_every_state(bank: Bank) -> None:
    line = closed(more=1)

    def seen(place: int) -> list[tuple[str, str]]:
        status = selectors.holder_status(line.receipts[place - 1].receipt, timezone.now())
        return [(award.kind, award.state) for award in status.awards]

    assert (seen(1), seen(3), seen(6)) == ([("cash", "due")], [("gift", "owed")], [])
    release = released(line.program)
    assert seen(1) == [("cash", "approved")]
    sending.send(release_id=release.pk, now=timezone.now())
    assert seen(1) == [("cash", "sent")]
    bank.books(Attempt.objects.all())
    assert seen(1) == [("cash", "refunded")]


def test_payment_files_go_at_the_banks_first_answer(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    destroying.destroy_files(now=timezone.now())
    assert len(bank.outbox) == 1
    bank.books(attempts[:1])
    destroying.destroy_files(now=timezone.now())
    assert not bank.outbox
    assert Release.objects.get().file_destroyed_at
    file = BankFile.objects.get()
    assert (file.content, file.content_key, file.epoch_id) == (None, None, None)
    assert BankLine.objects.count() == 1
