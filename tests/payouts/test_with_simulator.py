"""The whole way with the simulated bank: it reads our files, and we read its letters, doubled and out of order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pyrage import x25519

from cashback.embedded.bank.office import Office
from cashback.embedded.bank.options import Options
from cashback.embedded.bank.post import prepare_keys
from payouts import answers, collecting, destroying, releasing, sending, sweeping
from payouts.models import Attempt, BankFile, BankLine, PendingPayout, Refund
from queueing import ordering
from tests.embedded_bank.customer import card_ending
from tests.factories import sold_cards
from tests.payouts.banking import SMALL, closed, correct
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db
START = 1_000_000.0


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """A bank that doubles and disorders every letter; fates follow the last digits of an account."""
    ours = x25519.Identity.generate()
    (tmp_path / "inbox.txt").write_text(f"{ours}\n")
    (tmp_path / "customer.txt").write_text(f"{ours.to_public()}\n")
    for folder in ("outbox", "inbox"):
        (tmp_path / folder).mkdir()
    options = Options(
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
    prepare_keys(options)
    monkeypatch.setattr(settings, "BANK_OUTBOX_DIR", options.outbox)
    monkeypatch.setattr(settings, "BANK_INBOX_DIR", options.inbox)
    monkeypatch.setattr(settings, "BANK_INBOX_KEY_FILE", tmp_path / "inbox.txt")
    monkeypatch.setattr(settings, "BANK_RECIPIENT_KEY_FILE", options.recipient_file)
    return options


@pytest.fixture
def office(options: Options) -> Iterator[Office]:
    office = Office(options, say=lambda _: None)
    yield office
    office.close()


def run(office: Office, first: int, last: int) -> None:
    """The bank's clock goes on; the schedule ticks beside it."""
    for second in range(first, last):
        office.step(START + second)
        answers.answer(now=timezone.now())
        sweeping.sweep(now=timezone.now())
        releasing.release_automatically_all(now=timezone.now())
        sending.send_approved(now=timezone.now())
        destroying.destroy_files(now=timezone.now())


def test_every_fate_ends_where_it_should(office: Office, options: Options) -> None:
    fates = ["9000", "9020", "9001", "9014", "9006", "9000"]
    program, cards = sold_cards(15, **(SMALL | {"release_below_minor": 100_000}))
    paid_places = [1, 2, 6, 7, 11, 12]
    accounts = dict(zip(paid_places, fates, strict=True))
    for place, card in enumerate(cards, 1):
        enter(card, number=card_ending(accounts.get(place, "9000"), place))
    ordering.run_pass(program_id=program.pk)
    collecting.collect_all(now=timezone.now())
    run(office, 0, 60)
    assert set(Refund.objects.values_list("place", flat=True)) == {1, 2, 12}
    pending = dict(PendingPayout.objects.values_list("place", "state"))
    assert pending == {6: "details_needed", 7: "details_needed", 11: "on_hold"}
    assert Attempt.objects.get(award__place=7).state == "returned"
    assert not BankLine.objects.filter(outcome__in=["unknown", "contradicts", "waiting"]).exists()
    assert BankFile.objects.filter(reason="doubled").exists()
    assert not BankFile.objects.filter(destroyed_at=None).exists()
    assert list(options.outbox.iterdir()) == list(options.inbox.iterdir()) == []


def test_a_refused_holder_corrects_and_is_paid(office: Office) -> None:
    line = closed(account=card_ending("9004"), release_below_minor=100_000)
    run(office, 0, 10)
    assert set(PendingPayout.objects.values_list("state", "reason")) == {("details_needed", "AC04")}
    correct(line, 1, card_ending("9000", 1))
    correct(line, 2, card_ending("9000", 2))
    run(office, 10, 20)
    assert Refund.objects.count() == 2
    assert sorted(Attempt.objects.values_list("number", "state")) == [
        (1, "refused"),
        (1, "refused"),
        (2, "confirmed"),
        (2, "confirmed"),
    ]
