"""Payment files and the bank's files do not outlive their use."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payouts import answers, destroying
from payouts.models import BankFile, BankLine, Release
from queueing import epochs
from queueing.models import KeyEpoch
from tests.payouts.banking import Bank, closed, sent

pytestmark = pytest.mark.django_db


def test_a_payment_file_that_nobody_answers_goes_after_five_days(bank: Bank) -> None:
    sent(closed().program)
    now = timezone.now()
    assert destroying.destroy_files(now=now + timedelta(days=4)) == 0
    assert len(bank.outbox) == 1
    assert destroying.destroy_files(now=now + timedelta(days=5, minutes=1)) == 1
    assert bank.outbox == []
    release = Release.objects.get()
    assert release.file_destroyed_at
    assert (release.payouts, release.total_minor, len(release.file_sha256)) == (2, 20_000, 64)


def test_a_quarantined_file_goes_after_ten_days(bank: Bank) -> None:
    bank.drop(b"nonsense")
    now = timezone.now()
    answers.answer(now=now)
    assert destroying.destroy_files(now=now + timedelta(days=9)) == 0
    assert destroying.destroy_files(now=now + timedelta(days=10, minutes=1)) == 1
    file = BankFile.objects.get()
    assert (file.state, file.reason, file.content, file.epoch_id) == ("quarantined", "not_xml", None, None)


def test_a_file_with_a_waiting_line_goes_after_ten_days_and_its_line_still_counts(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.returns(attempts[:1])
    destroying.destroy_files(now=timezone.now() + timedelta(days=10, minutes=1))
    assert not BankFile.objects.filter(destroyed_at=None).exists()
    bank.books(attempts)
    answers.answer(now=timezone.now())
    assert set(BankLine.objects.values_list("outcome", flat=True)) == {"applied"}


def test_an_ended_epoch_gives_its_files_to_the_next(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts))
    now = timezone.now()
    answers.take_in(now=now)
    old = BankFile.objects.get().epoch_id
    assert old is not None
    assert destroying.sealed_under(old) == 1
    assert destroying.rewrap_files(limit=10, now=now) == 0
    KeyEpoch.objects.filter(pk=old).update(retired_at=now)
    new = epochs.current(now)
    assert new.pk != old
    assert destroying.rewrap_files(limit=10, now=now) == 1
    assert (destroying.sealed_under(old), destroying.sealed_under(new.pk)) == (0, 1)
    assert answers.answer(now=now) == {"applied": 2}
