"""A bank in the test's hands, and the way of awards up to it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from django.utils import timezone

from cards.models import Program
from cashback.embedded.bank import letters
from cashback.embedded.bank.letters import Booking, Head, Status
from cashback.ledger.models import Kind
from cashback.ledger.posting import AccountKey, balance_minor
from cashback.lib.money import minor_to_decimal
from payouts import answers, collecting, releasing, reopening, sending, sweeping
from payouts.models import Attempt, Release
from queueing import ordering
from queueing.correction import Account, Holder
from queueing.intake import Receipt
from queueing.models import Award
from tests.embedded_bank.customer import card_ending
from tests.factories import certified_draw, make_user, sold_cards
from tests.queueing.holders import enter

NOW = 1_770_000_000.0  # the bank's clock, which nothing depends on
PAID = card_ending("9000")
SMALL: dict[str, Any] = {"cycle_size": 5, "payouts_per_cycle": 2, "card_price_minor": 4_800}


@dataclass
class Closed:
    """A program after its first close, with its holders in order of place."""

    program: Program
    cards: list[tuple[str, str]]
    receipts: list[Receipt]

    def balance(self, kind: Kind) -> int:
        """An account of the program, or the currency's bank account."""
        return balance_minor(AccountKey(kind, self.program.currency, 0 if kind == Kind.BANK else self.program.pk))


def closed(cycles: int = 1, *, more: int = 0, account: str = PAID, **overrides: Any) -> Closed:
    """Small cycles, sold, registered, closed and collected: two of five are paid 100.00, three get a gift of 10.00."""
    cards_needed = cycles * 5 + more
    program, cards = sold_cards(cards_needed, **(SMALL | overrides))
    receipts = [enter(card, number=account) for card in cards]
    ordering.run_pass(program_id=program.pk)
    collecting.collect(program_id=program.pk, now=timezone.now())
    program.refresh_from_db()
    return Closed(program, cards, receipts)


def correct(line: Closed, place: int, number: str, *, now: datetime | None = None, **holder: str) -> None:
    """The holder of a place gives another card number (and, where a name is given, another name); swept at once."""
    now = now or timezone.now()
    serial, pin = line.cards[place - 1]
    reopening.correct(
        receipt=line.receipts[place - 1].receipt,
        serial=serial,
        pin=pin,
        holder=Holder(name=holder["name"], phone="", email="") if holder else None,
        account=Account(kind="cn_card", number=number, bank=""),
        now=now,
    )
    sweeping.refresh_corrected(now=now)


def drawn(line: Closed, place: int, amount_minor: int = 5_000, *, draw: int = 1, collected: bool = True) -> int:
    """A certified draw's award to the holder of a place, with its fund; the award's id."""
    registration = line.receipts[place - 1].registration_id
    certified_draw(line.program, {registration: amount_minor}, draw_id=draw)
    if collected:
        collecting.collect_all(now=timezone.now())
    return Award.objects.get(source="draw", source_id=draw, registration=registration).pk


def released(program: Program, now: datetime | None = None) -> Release:
    """What is due, prepared by one person and approved by another."""
    now = now or timezone.now()
    release = releasing.prepare(program_id=program.pk, by_id=make_user("organizer").pk, now=now)
    return releasing.approve(release_id=release.pk, by_id=make_user("checker").pk, now=now)


def sent(program: Program, now: datetime | None = None) -> list[Attempt]:
    """What is due, released by two people and sent; its attempts in order of award."""
    release = released(program, now)
    assert sending.send(release_id=release.pk, now=now or timezone.now())
    return list(Attempt.objects.filter(release=release).order_by("award_id"))


@dataclass
class Bank:
    """The bank's side of the folders."""

    folder: Path
    number: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def outbox(self) -> list[Path]:
        """The payment files that lie there."""
        return sorted((self.folder / "outbox").iterdir())

    @property
    def inbox(self) -> list[Path]:
        """The answers that nobody has taken in."""
        return sorted((self.folder / "inbox").iterdir())

    def read(self, path: Path) -> bytes:
        """What a payment file says."""
        identity = x25519_identity(self.folder / "identity.txt")
        return bytes(pyrage.decrypt(path.read_bytes(), [identity]))

    def drop(self, content: bytes, *, name: str | None = None, encrypted: bool = True) -> Path:
        """Leave a file in our inbox."""
        self.number += 1
        if encrypted:
            recipient = (self.folder / "customer.txt").read_text(encoding="ascii").strip()
            content = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(recipient)])
        path = self.folder / "inbox" / (name or f"{self.number:06d}.xml.age")
        path.write_bytes(content)
        return path

    def report(self, message_id: str, statuses: dict[str, str], *, attempts: Iterable[Attempt]) -> bytes:
        """A pain.002: by reference `ACSP`, or a refusal's reason behind a slash, `RJCT/AC04`."""
        amounts = {attempt.end_to_end_id: attempt for attempt in attempts}
        told = []
        for reference, word in statuses.items():
            status, _, reason = word.partition("/")
            attempt = amounts[reference]
            told.append(Status(reference, status, reason or None, _written(attempt), attempt.currency))
        return letters.status_report(self._letter(), NOW, _head(message_id), told)

    def notice(self, attempts: Iterable[Attempt], *, returned: str | None = None, **overrides: str) -> bytes:
        """A camt.054 that books the attempts, or books them back for the reason `returned`."""
        bookings = [
            Booking(
                overrides.get("reference", attempt.end_to_end_id),
                overrides.get("amount", _written(attempt)),
                overrides.get("currency", attempt.currency),
                overrides.get("entry", f"{'RT' if returned else 'BK'}-{attempt.end_to_end_id}"),
                returned,
            )
            for attempt in attempts
        ]
        return letters.notice(self._letter(), NOW, _head("REL"), bookings, as_batch=False)

    def refusal(self, message_id: str, reason: str) -> bytes:
        """A pain.002 that refuses a whole payment file."""
        return letters.refusal(self._letter(), NOW, _head(message_id), reason)

    def books(self, attempts: Iterable[Attempt], now: datetime | None = None) -> None:
        """Book the attempts and let us know."""
        self.drop(self.notice(attempts))
        answers.answer(now=now or timezone.now())

    def refuses(self, attempts: list[Attempt], reason: str = "AC04") -> None:
        """Refuse the attempts and let us know."""
        message_id = attempts[0].release.message_id
        self.drop(
            self.report(
                message_id, {attempt.end_to_end_id: f"RJCT/{reason}" for attempt in attempts}, attempts=attempts
            )
        )
        answers.answer(now=timezone.now())

    def returns(self, attempts: Iterable[Attempt], reason: str = "AC04") -> None:
        """Book the attempts back and let us know."""
        self.drop(self.notice(attempts, returned=reason))
        answers.answer(now=timezone.now())

    def _letter(self) -> str:
        self.number += 1
        return f"LETTER-{self.number:06d}"


def x25519_identity(path: Path) -> Any:
    """The identity in a key file."""
    return pyrage.x25519.Identity.from_str(path.read_text(encoding="ascii").strip())


def _head(message_id: str) -> Head:
    return Head(message_id, "pain.001.001.09", message_id, "DE89370400440532013000")


def _written(attempt: Attempt) -> str:
    return f"{minor_to_decimal(attempt.amount_minor, attempt.currency):f}"
