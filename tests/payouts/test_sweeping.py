"""What happens to holders after collecting, and what nobody claims."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import collecting, resolving, sweeping
from payouts.models import CancelledPayout, PendingPayout
from queueing import details, ordering
from queueing.models import HolderDetails, Registration
from tests.factories import make_user, sold_cards
from tests.payouts.banking import SMALL, Bank, closed, correct, sent
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db


def test_a_frozen_cards_award_is_collected_on_hold() -> None:
    program, cards = sold_cards(5, **SMALL)
    receipts = [enter(card) for card in cards]
    ordering.run_pass(program_id=program.pk)
    Registration.objects.filter(pk=receipts[0].registration_id).update(frozen_at=timezone.now())
    collecting.collect_all(now=timezone.now())
    assert list(PendingPayout.objects.order_by("place").values_list("state", "reason")) == [
        ("on_hold", "frozen"),
        ("due", ""),
    ]


def test_two_people_cancel_the_award_of_a_frozen_card() -> None:
    line = closed()
    Registration.objects.filter(pk=line.receipts[0].registration_id).update(frozen_at=timezone.now())
    sweeping.sweep(now=timezone.now())
    pending = PendingPayout.objects.get(place=1)
    resolution = resolving.prepare_resolution(
        award_id=pending.pk, verdict="cancel", evidence="card stolen", by_id=make_user().pk, now=timezone.now()
    )
    resolving.resolve_doubt(resolution_id=resolution.pk, by_id=make_user("checker").pk, now=timezone.now())
    assert CancelledPayout.objects.get().reason == "decided"
    assert line.balance(Kind.CASH_RESERVE) == 10_000
    registration = line.receipts[0].registration_id
    assert not HolderDetails.objects.filter(pk=registration).exists()


def test_a_cancelled_award_leaves_no_payee_with_somebody_who_only_gets_a_gift() -> None:
    line = closed(2, rule="line", card_price_minor=5_200)
    pending = PendingPayout.objects.get(place=3)
    registration = line.receipts[2].registration_id
    Registration.objects.filter(pk=registration).update(frozen_at=timezone.now())
    sweeping.sweep(now=timezone.now())
    resolution = resolving.prepare_resolution(
        award_id=pending.pk, verdict="cancel", evidence="card stolen", by_id=make_user().pk, now=timezone.now()
    )
    resolving.resolve_doubt(resolution_id=resolution.pk, by_id=make_user("checker").pk, now=timezone.now())
    assert details.versions(registration_ids=[registration]) == {registration: None}


def test_what_nobody_claims_lapses_and_is_erased(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.refuses(attempts[:1])
    asked = PendingPayout.objects.get(state="details_needed").since
    days = timedelta(days=line.program.claim_days)
    assert sweeping.lapse(now=asked + days - timedelta(seconds=1)) == 0
    assert sweeping.lapse(now=asked + days) == 1
    assert CancelledPayout.objects.get().state == "lapsed"
    assert line.balance(Kind.CASH_RESERVE) == 10_000
    assert not HolderDetails.objects.filter(pk=line.receipts[0].registration_id).exists()


def test_a_correction_makes_a_refused_payout_due_and_only_a_correction() -> None:
    line = closed()
    PendingPayout.objects.filter(place=1).update(state="details_needed", reason="AC04")
    sweeping.sweep(now=timezone.now())
    assert PendingPayout.objects.get(place=1).state == "details_needed"
    correct(line, 1, "6222020000000000006")
    pending = PendingPayout.objects.get(place=1)
    assert (pending.state, pending.reason, pending.details_version) == ("due", "", 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("collected", [True, False])
def test_after_a_long_stop_what_is_due_is_kept_and_the_rest_erased(
    collected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "EXTEND_MAX", 1)
    program, cards = sold_cards(5, **SMALL)
    receipts = [enter(card).registration_id for card in cards]
    ordering.run_pass(program_id=program.pk)
    if collected:
        collecting.collect_all(now=timezone.now())
    past = timezone.now() - timedelta(days=3)
    HolderDetails.objects.update(erase_by=past)
    assert sweeping.erase_due(now=timezone.now()) == 3
    collecting.collect_all(now=timezone.now())
    due = PendingPayout.objects.order_by("place").values_list("registration_id", "state")
    assert list(due) == [(receipts[0], "due"), (receipts[1], "due")]
    assert set(HolderDetails.objects.values_list("pk", "extended_for")) == {
        (receipts[0], "payout_open"),
        (receipts[1], "payout_open"),
    }


def test_details_of_a_payout_on_its_way_are_kept_a_month_longer(bank: Bank) -> None:
    line = closed()
    sent(line.program)
    registration = line.receipts[0].registration_id
    soon = timezone.now() + timedelta(days=1)
    HolderDetails.objects.filter(pk=registration).update(erase_by=soon)
    assert sweeping.extend(now=timezone.now()) == 1
    held = HolderDetails.objects.get(pk=registration)
    assert held.erase_by > soon + timedelta(days=27)
    assert held.extended_for
    assert details.versions(registration_ids=[registration]) == {registration: 1}
    assert sweeping.extend(now=timezone.now()) == 0
