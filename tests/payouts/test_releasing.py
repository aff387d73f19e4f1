"""Releasing takes two people, or the schedule below an amount; and holds what it releases."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import releasing, selectors, sending, sweeping
from payouts.models import PendingPayout, Release
from payouts.releasing import NothingDue, ReleaseNotOpen, SamePerson
from queueing import details
from queueing.correcting import HeldForPayment
from queueing.models import Registration
from tests.factories import make_user
from tests.payouts.banking import Bank, closed, correct, drawn, released, sent
from tests.queueing.holders import ACCOUNT_NUMBER

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def test_the_one_who_prepared_cannot_approve() -> None:
    line = closed()
    person = make_user()
    release = releasing.prepare(program_id=line.program.pk, by_id=person.pk, now=timezone.now())
    with pytest.raises(SamePerson):
        releasing.approve(release_id=release.pk, by_id=person.pk, now=timezone.now())
    assert set(PendingPayout.objects.values_list("state", flat=True)) == {"due"}


def test_the_database_takes_no_release_of_one_person(database_refuses: Refuses) -> None:
    line = closed()
    person = make_user()
    release = releasing.prepare(program_id=line.program.pk, by_id=person.pk, now=timezone.now())
    with database_refuses("payouts_release_two_people"):
        Release.objects.filter(pk=release.pk).update(approved_by=person, approved_at=timezone.now(), state="approved")
    with database_refuses("permission denied for table payouts_release"):
        Release.objects.filter(pk=release.pk).update(automatic=True)
    with database_refuses("payouts_release_approved_first"):
        Release.objects.filter(pk=release.pk).update(state="approved", approved_at=timezone.now())


def test_an_approved_release_holds_the_payees() -> None:
    line = closed()
    release = released(line.program)
    assert (release.state, release.payouts, release.total_minor) == ("approved", 2, 20_000)
    with pytest.raises(HeldForPayment):
        correct(line, 1, ACCOUNT_NUMBER)
    with pytest.raises(ReleaseNotOpen):
        releasing.approve(release_id=release.pk, by_id=make_user().pk, now=timezone.now())


def test_a_release_called_off_lets_go_and_its_payouts_are_due_again() -> None:
    line = closed()
    release = released(line.program)
    releasing.cancel(release_id=release.pk, now=timezone.now())
    assert PendingPayout.objects.filter(state="due", release=None).count() == 2
    correct(line, 1, ACCOUNT_NUMBER)
    assert released(line.program).payouts == 2


def test_what_was_corrected_after_preparing_is_left_for_the_next_release() -> None:
    line = closed()
    release = releasing.prepare(program_id=line.program.pk, by_id=make_user().pk, now=timezone.now())
    correct(line, 1, ACCOUNT_NUMBER)
    approved = releasing.approve(release_id=release.pk, by_id=make_user().pk, now=timezone.now())
    assert approved.payouts == 1
    assert list(PendingPayout.objects.order_by("place").values_list("state", flat=True)) == ["due", "approved"]


def test_a_frozen_card_is_not_released_and_comes_back_when_it_is_released_again() -> None:
    line = closed()
    frozen = Registration.objects.filter(pk=line.receipts[0].registration_id)
    release = releasing.prepare(program_id=line.program.pk, by_id=make_user().pk, now=timezone.now())
    frozen.update(frozen_at=timezone.now())
    assert releasing.approve(release_id=release.pk, by_id=make_user().pk, now=timezone.now()).payouts == 1
    sweeping.sweep(now=timezone.now())
    assert PendingPayout.objects.get(place=1).state == "on_hold"
    with pytest.raises(NothingDue):
        released(line.program)
    frozen.update(frozen_at=None)
    sweeping.sweep(now=timezone.now())
    assert PendingPayout.objects.get(place=1).state == "due"


def test_a_registrations_awards_are_sent_one_after_another(bank: Bank) -> None:
    line = closed()
    award = drawn(line, 1)
    release = released(line.program)
    assert release.payouts == 2
    assert PendingPayout.objects.get(award=award).state == "due"
    sending.send(release_id=release.pk, now=timezone.now())
    with pytest.raises(NothingDue):
        released(line.program)


def test_the_payee_is_erased_with_the_last_open_award(bank: Bank) -> None:
    line = closed()
    drawn(line, 1)
    winner = line.receipts[0].registration_id
    bank.books(sent(line.program))
    assert details.versions(registration_ids=[winner]) == {winner: 1}
    (attempt,) = sent(line.program)
    assert attempt.amount_minor == 5_000
    bank.books([attempt])
    assert details.versions(registration_ids=[winner]) == {winner: None}


def test_a_drawn_award_without_details_is_asked_for_and_lapses_into_the_fund() -> None:
    line = closed()
    award = drawn(line, 4)
    pending = PendingPayout.objects.get(award=award)
    assert (pending.state, pending.reason) == ("details_needed", "no_details")
    later = timezone.now() + timedelta(days=line.program.claim_days, minutes=1)
    assert sweeping.lapse(now=later) == 1
    assert line.balance(Kind.PRIZE_FUND) == 5_000


def test_the_schedule_releases_below_the_programs_amount() -> None:
    closed(release_below_minor=10_001)
    (release,) = releasing.release_automatically_all(now=timezone.now())
    assert (release.automatic, release.state, release.payouts) == (True, "approved", 2)
    assert (release.prepared_by_id, release.approved_by_id) == (None, None)
    assert releasing.release_automatically_all(now=timezone.now()) == []


def test_the_schedule_leaves_the_amount_itself_to_two_people() -> None:
    line = closed(release_below_minor=10_000)
    assert releasing.release_automatically_all(now=timezone.now()) == []
    assert released(line.program).payouts == 2


def test_payees_over_the_limit_are_told_and_wait_for_two_people() -> None:
    line = closed(payee_limit=1, release_below_minor=100_000)
    assert releasing.release_automatically_all(now=timezone.now()) == []
    assert set(PendingPayout.objects.values_list("state", "reason")) == {("due", "payee_limit")}
    (award,) = selectors.holder_status(line.receipts[0].receipt, timezone.now()).awards
    assert (award.state, award.reason) == ("due", "")
    release = releasing.prepare(program_id=line.program.pk, by_id=make_user().pk, now=timezone.now())
    assert (release.payouts, release.over_payee_limit) == (2, 2)


def test_what_was_reopened_waits_seventy_two_hours_and_takes_two_people(bank: Bank) -> None:
    line = closed(release_below_minor=100_000)
    now = timezone.now()
    attempts = sent(line.program)
    bank.books(attempts)
    bank.returns(attempts[:1])
    correct(line, 1, ACCOUNT_NUMBER, now=now, name="李四")
    pending = PendingPayout.objects.get()
    assert (pending.state, pending.reopened_at) == ("due", now)
    after = now + timedelta(hours=72)
    assert releasing.release_automatically_all(now=after) == []
    with pytest.raises(NothingDue), transaction.atomic():
        released(line.program, after - timedelta(seconds=1))
    assert released(line.program, after).payouts == 1


def test_a_tag_tells_installations_apart_and_never_changes() -> None:
    line = closed()
    tag = releasing.tag(line.program)
    assert len(tag) == 5
    line.program.refresh_from_db()
    assert releasing.tag(line.program) == tag
    other = closed()
    assert releasing.tag(other.program) != tag
