"""Workers killed at every boundary of release, sending and answers: the next tick goes on, and pays everybody once."""

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cashback.ledger.models import Kind
from cashback.ledger.posting import AccountKey, balance_minor
from cashback.lib.failpoints import KILLED
from payouts import answers, collecting, destroying, releasing, sending, settlement, sweeping
from payouts.models import Attempt, BankFile, PendingPayout, Refund, Release
from queueing import details, ordering
from queueing.models import Erasure
from tests.factories import sold_cards
from tests.payouts.banking import PAID, SMALL, Bank
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db(transaction=True)

OUT = [
    *("collect.cycles", "collect.draws", "sweep.done", "release.prepared", "release.approved"),
    *("send.claimed", "send.written", "send.sent"),
]
BACK = [
    *("answer.taken_in", "answer.read", "answer.applied", "answer.doubted", "erase.before_commit"),
    "destroy.unlinked",
]
TICK = """
import django
django.setup()
from payouts import tasks
tasks.tick_payouts()
tasks.tick_answers()
tasks.destroy_files()
"""


def kill_a_tick_at(failpoint: str) -> None:
    """One tick in a process of its own, on this test's database, that dies at the failpoint."""
    url = urlsplit(settings.MIGRATION_DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}")
    names = [
        *("PIN_KEY_FILE", "SIGNING_KEY_FILE", "KEYRING_DIR"),
        *("BANK_OUTBOX_DIR", "BANK_INBOX_DIR", "BANK_INBOX_KEY_FILE", "BANK_RECIPIENT_KEY_FILE"),
    ]
    process = subprocess.run(
        [sys.executable, "-c", TICK],
        check=False,
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            **{name: str(getattr(settings, name)) for name in names},
            "DJANGO_SETTINGS_MODULE": "cashback.settings",
            "DATABASE_URL": urlunsplit(url),
            "DEMO": "1",
            "FAILPOINT": failpoint,
        },
        timeout=120,
    )
    assert process.returncode == KILLED, f"{failpoint} was not reached"


def tick() -> None:
    """What the schedule does."""
    now = timezone.now()
    collecting.collect_all(now=now)
    sweeping.sweep(now=now)
    releasing.release_automatically_all(now=now)
    sending.send_approved(now=now)
    answers.answer(now=now)
    settlement.doubt_unanswered(now=now)
    destroying.destroy_files(now=now)


def registered() -> tuple[int, list[int]]:
    """A program whose two cycles are closed and not collected, and who is to be paid in it."""
    program, cards = sold_cards(10, **(SMALL | {"release_below_minor": 100_000}))
    receipts = [enter(card, number=PAID) for card in cards]
    ordering.run_pass(program_id=program.pk)
    return program.pk, [receipts[place].registration_id for place in (0, 1, 5, 6)]


def assert_paid_once(program_id: int, paid: list[int]) -> None:
    assert Refund.objects.count() == Attempt.objects.count() == 4
    assert not PendingPayout.objects.exists()
    assert Release.objects.exclude(state="settled").count() == 0
    assert balance_minor(AccountKey(Kind.IN_TRANSIT, "CNY", program_id)) == 0
    assert details.read_payees(registration_ids=paid) == {}
    assert sorted(Erasure.objects.filter(why="refunded").values_list("registration_id", flat=True)) == sorted(paid)
    assert not BankFile.objects.filter(destroyed_at=None).exists()


@pytest.mark.parametrize("failpoint", OUT)
def test_killed_on_the_way_out(bank: Bank, failpoint: str) -> None:
    program_id, paid = registered()
    kill_a_tick_at(failpoint)
    tick()
    bank.drop(bank.notice(Attempt.objects.order_by("pk")))
    tick()
    assert_paid_once(program_id, paid)


@pytest.mark.parametrize("failpoint", BACK)
def test_killed_on_the_way_back(bank: Bank, failpoint: str) -> None:
    program_id, paid = registered()
    tick()
    attempts = list(Attempt.objects.select_related("release").order_by("pk"))
    accepted = {attempt.end_to_end_id: "ACSP" for attempt in attempts}
    bank.drop(bank.report(attempts[0].release.message_id, accepted, attempts=attempts))
    bank.drop(bank.notice(attempts))
    kill_a_tick_at(failpoint)
    tick()
    assert_paid_once(program_id, paid)
