"""A process is cut off at every boundary of every commit, once each; whoever comes after it finishes the work.

The boundaries are collected from the source: a new one is tested without being named here, and one that is never
reached fails. Draws and gifts have lives of their own, in test_draws.py and test_gifts.py.
"""

import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pyrage import x25519

from cashback.embedded.bank.options import Options
from cashback.embedded.bank.post import prepare_keys
from cashback.env import ROOT
from cashback.lib import books
from cashback.lib.failpoints import KILLED
from payouts.models import Attempt, BankFile, CancelledPayout, PendingPayout, Refund, Release
from queueing import details, epochs, erasing
from queueing.models import Award, Erasure, HolderDetails, KeyEpoch, Place, Registration
from tests.chaos.lives import Life, begin, run_apart
from tests.queueing.holders import NAME

PACKAGES = ("cards", "cashback", "lottery", "payouts", "queueing")
CALL = re.compile(r'^\s+failpoint\("([^"]*)"\)$', re.MULTILINE)
SOURCES = [path.read_text("utf-8") for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
APART = ("draw.", "gift.")
FAILPOINTS = sorted({name for source in SOURCES for name in CALL.findall(source) if not name.startswith(APART)})
WORK = ("pass", "close", "collect", "sweep", "release", "send", "answer", "erase", "sign", "destroy", "epochs")
WAITING = 2  # of the open program; no cycle of theirs has closed
BANK_CLOCK = 1_770_000_000.0


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """Everybody has registered, and nothing else has happened. The bank doubles every letter and mixes their order."""
    ours = x25519.Identity.generate()
    (tmp_path / "inbox.txt").write_text(f"{ours}\n")
    (tmp_path / "customer.txt").write_text(f"{ours.to_public()}\n")
    for folder in ("outbox", "inbox"):
        (tmp_path / folder).mkdir()
    bank = Options(
        dir=tmp_path / "bank-simulator",
        outbox=tmp_path / "outbox",
        inbox=tmp_path / "inbox",
        customer_key=tmp_path / "customer.txt",
        refuse=0.0,
        returned=0.0,
        delay=0.0,
        duplicate=1.0,
        disorder=1.0,
    )
    prepare_keys(bank)
    monkeypatch.setattr(settings, "KEYRING_DIR", tmp_path / "ring")
    monkeypatch.setattr(settings, "BANK_OUTBOX_DIR", bank.outbox)
    monkeypatch.setattr(settings, "BANK_INBOX_DIR", bank.inbox)
    monkeypatch.setattr(settings, "BANK_INBOX_KEY_FILE", tmp_path / "inbox.txt")
    monkeypatch.setattr(settings, "BANK_RECIPIENT_KEY_FILE", bank.recipient_file)
    monkeypatch.setattr(erasing, "ENDED_MAX", 2)  # so that a few are several batches
    monkeypatch.setattr(erasing, "EXTEND_MAX", 1)
    return begin(bank, BANK_CLOCK)


def test_every_boundary_is_named_by_a_literal_that_is_found_here() -> None:
    called = sum(len(re.findall(r"\bfailpoint\((?!name: str)", source)) for source in SOURCES)
    assert called == sum(len(CALL.findall(source)) for source in SOURCES)
    assert {name.partition(".")[0] for name in FAILPOINTS} >= set(WORK)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("boundary", FAILPOINTS)
def test_cut_off_there_and_done_again_nothing_is_lost_or_paid_twice(life: Life, boundary: str) -> None:
    assert run_apart(life.go_on, boundary) == KILLED, f"{boundary} was never reached"
    life.go_on()
    assert books.breaches(timezone.now()) == []
    _everybody_has_a_place()
    _every_award_is_in_one_register(life)
    _the_bank_paid_each_once(life)
    _what_is_over_is_erased(life)
    _what_is_open_can_still_be_read(life)


def _everybody_has_a_place() -> None:
    assert Place.objects.count() == Registration.objects.count() == 20


def _every_award_is_in_one_register(life: Life) -> None:
    for program in (life.program, life.closing):
        cash = set(Award.objects.filter(program=program, kind="cash").values_list("place", flat=True))
        refunded = set(Refund.objects.filter(program=program).values_list("place", flat=True))
        pending = dict(PendingPayout.objects.filter(program=program).values_list("place", "state"))
        assert refunded == life.paid[program.pk]
        assert set(pending) == life.unpaid[program.pk]
        assert cash == refunded | set(pending)
        assert set(pending.values()) <= {"details_needed"}
    assert not CancelledPayout.objects.exists()
    assert set(Release.objects.values_list("state", flat=True)) == {"settled"}


def _the_bank_paid_each_once(life: Life) -> None:
    ledger = sqlite3.connect(life.bank.dir / "ledger.sqlite")
    try:
        booked = ledger.execute("SELECT end_to_end_id, kind FROM booking").fetchall()
        ordered = [reference for (reference,) in ledger.execute("SELECT end_to_end_id FROM payment")]
        messages = [message for (message,) in ledger.execute("SELECT message_id FROM message")]
    finally:
        ledger.close()
    attempts = {attempt.end_to_end_id: attempt for attempt in Attempt.objects.all()}
    assert sorted(ordered) == sorted(attempts)
    assert sorted(messages) == sorted(Release.objects.values_list("message_id", flat=True))
    debits = Counter(attempts[reference].award_id for reference, kind in booked if kind == "debit")
    returns = Counter(attempts[reference].award_id for reference, kind in booked if kind == "return")
    assert set(debits.values()) == {1}
    assert set((debits - returns).elements()) == set(Refund.objects.values_list("award_id", flat=True))


def _what_is_over_is_erased(life: Life) -> None:
    assert list(settings.BANK_OUTBOX_DIR.iterdir()) == list(settings.BANK_INBOX_DIR.iterdir()) == []
    assert not BankFile.objects.filter(destroyed_at=None).exists()
    assert not Erasure.objects.filter(signature="").exists()
    refunded = Refund.objects.values_list("award_id", flat=True)
    paid = set(Award.objects.filter(pk__in=list(refunded)).values_list("registration_id", flat=True))
    gifted = set(Award.objects.filter(kind="gift", program=life.program).values_list("registration_id", flat=True))
    ended = set(Registration.objects.filter(program=life.closing).values_list("pk", flat=True))
    erased = set(Erasure.objects.filter(what__contains="payee").values_list("registration_id", flat=True))
    assert erased >= paid | gifted | ended
    held = set(HolderDetails.objects.filter(payee__isnull=False).values_list("registration_id", flat=True))
    assert not held & erased
    known = set(KeyEpoch.objects.filter(destroyed_at=None).values_list("pk", flat=True))
    assert set(epochs.ring().epochs()) == known
    assert len(known) == 1


def _what_is_open_can_still_be_read(life: Life) -> None:
    awarded = Award.objects.filter(program=life.program).values("registration_id")
    waiting = Registration.objects.filter(program=life.program).exclude(pk__in=awarded)
    assert waiting.count() == WAITING
    payees = details.read_payees(registration_ids=list(waiting.values_list("pk", flat=True)))
    assert [payee.name for payee in payees.values()] == [NAME] * WAITING
    held = HolderDetails.objects.filter(registration__in=waiting)
    assert list(held.values_list("extended_for", flat=True)) == ["closing_moved"] * WAITING
