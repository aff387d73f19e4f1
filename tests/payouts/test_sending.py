"""Sending goes on where it was stopped, with the same message, references and bytes."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import releasing, sending, sweeping
from payouts.models import Attempt, PendingPayout, Release
from queueing.models import Registration
from tests.embedded_bank.customer import card_ending
from tests.factories import make_user
from tests.payouts.banking import PAID, Bank, closed, correct, released
from tests.queueing.holders import ACCOUNT_NUMBER

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As if by kill -9 at a boundary between two commits."""


def killed_at(boundary: str) -> Callable[[str], None]:
    def failpoint(name: str) -> None:
        if name == boundary:
            raise Killed

    return failpoint


@pytest.mark.parametrize("boundary", ["send.claimed", "send.written", "send.sent"])
def test_killed_between_two_steps_it_sends_the_same_file_once(bank: Bank, boundary: str) -> None:
    line = closed()
    release = released(line.program)
    with patch.object(sending, "failpoint", killed_at(boundary)), pytest.raises(Killed):
        sending.send(release_id=release.pk, now=timezone.now())
    left = [bank.read(path) for path in bank.outbox]
    assert sending.send_approved(now=timezone.now()) == (0 if boundary == "send.sent" else 1)
    release.refresh_from_db()
    assert release.state == "sent"
    (path,) = bank.outbox
    assert [bank.read(path)] == (left or [bank.read(path)])
    assert Attempt.objects.count() == 2
    assert (line.balance(Kind.PAYOUTS_DUE), line.balance(Kind.IN_TRANSIT)) == (0, 20_000)


def test_a_file_that_the_bank_has_taken_and_answered_is_not_written_again(bank: Bank) -> None:
    line = closed()
    release = released(line.program)
    with patch.object(sending, "failpoint", killed_at("send.written")), pytest.raises(Killed):
        sending.send(release_id=release.pk, now=timezone.now())
    bank.outbox[0].unlink()
    bank.books(Attempt.objects.all())
    assert sending.send_approved(now=timezone.now()) == 1
    assert bank.outbox == []
    release.refresh_from_db()
    assert release.state == "sent"


def test_a_file_that_the_bank_has_taken_without_a_word_is_written_again_alike(bank: Bank) -> None:
    release = released(closed().program)
    with patch.object(sending, "failpoint", killed_at("send.written")), pytest.raises(Killed):
        sending.send(release_id=release.pk, now=timezone.now())
    first = bank.read(bank.outbox[0])
    bank.outbox[0].unlink()
    sending.send_approved(now=timezone.now())
    assert bank.read(bank.outbox[0]) == first


def test_what_the_rail_cannot_carry_is_asked_for_again(bank: Bank) -> None:
    line = closed()
    correct(line, 1, ACCOUNT_NUMBER)  # a card number with a wrong check digit, which intake would have refused
    release = released(line.program)
    assert sending.send(release_id=release.pk, now=timezone.now())
    release.refresh_from_db()
    assert (release.payouts, release.total_minor) == (1, 10_000)
    pending = PendingPayout.objects.get(place=1)
    assert (pending.state, pending.reason, pending.release) == ("details_needed", "account_card", None)
    correct(line, 1, PAID)
    assert released(line.program).payouts == 1


def test_a_release_of_which_nothing_can_be_carried_is_called_off(bank: Bank) -> None:
    line = closed(account=ACCOUNT_NUMBER)
    release = released(line.program)
    assert not sending.send(release_id=release.pk, now=timezone.now())
    release.refresh_from_db()
    assert (release.state, release.payouts) == ("cancelled", 0)
    assert bank.outbox == []


def test_a_card_frozen_after_approval_is_not_paid(bank: Bank) -> None:
    line = closed()
    release = released(line.program)
    frozen = Registration.objects.filter(pk=line.receipts[0].registration_id)
    frozen.update(frozen_at=timezone.now())
    assert sending.send(release_id=release.pk, now=timezone.now())
    release.refresh_from_db()
    assert (release.payouts, release.total_minor, Attempt.objects.count()) == (1, 10_000, 1)
    pending = PendingPayout.objects.get(place=1)
    assert (pending.state, pending.reason, pending.release) == ("on_hold", "frozen", None)
    assert (line.balance(Kind.PAYOUTS_DUE), line.balance(Kind.IN_TRANSIT)) == (10_000, 10_000)
    frozen.update(frozen_at=None)
    sweeping.sweep(now=timezone.now())
    correct(line, 1, card_ending("9000", 1))  # nothing holds the payee any more
    assert released(line.program).payouts == 1


def test_a_release_of_which_every_card_was_frozen_is_called_off(bank: Bank) -> None:
    line = closed()
    release = released(line.program)
    Registration.objects.update(frozen_at=timezone.now())
    assert not sending.send(release_id=release.pk, now=timezone.now())
    release.refresh_from_db()
    assert (release.state, release.payouts) == ("cancelled", 0)
    assert bank.outbox == []


def test_a_bank_without_a_key_gets_the_file_as_it_is(bank: Bank, settings: object) -> None:
    settings.BANK_RECIPIENT_KEY_FILE = bank.folder / "none"  # type: ignore[attr-defined]
    release = released(closed().program)
    sending.send(release_id=release.pk, now=timezone.now())
    assert bank.outbox[0].read_bytes().startswith(b"<?xml")


def test_sending_twice_is_sending_once(bank: Bank) -> None:
    release = released(closed().program)
    assert sending.send(release_id=release.pk, now=timezone.now())
    assert not sending.send(release_id=release.pk, now=timezone.now())
    assert Attempt.objects.count() == 2


def test_a_prepared_release_is_not_sent(bank: Bank) -> None:
    release = releasing.prepare(program_id=closed().program.pk, by_id=make_user().pk, now=timezone.now())
    assert not sending.send(release_id=release.pk, now=timezone.now())
    assert Release.objects.get().state == "prepared"


def test_references_derive_from_award_and_attempt(bank: Bank) -> None:
    line = closed()
    release = released(line.program)
    sending.send(release_id=release.pk, now=timezone.now())
    tag = releasing.tag(line.program)
    for attempt in Attempt.objects.all():
        assert attempt.end_to_end_id == f"A{attempt.award_id}-1-{tag}"
    assert release.message_id == f"R{release.pk}-{tag}"
