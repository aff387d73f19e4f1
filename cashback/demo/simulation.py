"""The whole life of N cards with the production code: minted, sold, registered, placed, paid, forgotten."""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from django.utils import timezone

from cards import minting, orders, programs
from cards.models import Dealer, Program
from cashback.accounts.models import Role, User
from cashback.demo import people
from cashback.demo.founding import manifest_cards
from cashback.lib import books
from payouts import answers, collecting, releasing, sending
from payouts.models import CancelledPayout, PendingPayout, PendingState, Refund
from queueing import erasing, intake, ordering
from queueing.correction import correct_registration
from queueing.models import Erasure, HolderDetails, Line

OPEN = (PendingState.DUE, PendingState.APPROVED, PendingState.SENT, PendingState.ACCEPTED)
Progress = Callable[[Iterable[dict[str, str]], str], Iterable[dict[str, str]]]


@dataclass
class Report:
    """What a simulation did; times in seconds by step."""

    cards: int
    cycles: int = 0
    refunded: int = 0
    refunded_minor: int = 0
    currency: str = ""
    cancelled: int = 0
    pending: dict[str, int] = field(default_factory=dict)
    erasures: int = 0
    details_held: int = 0
    breaches: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def simulate(*, cards: int, seed: int, progress: Progress, bank_seconds: float) -> Report:
    """Run the life of `cards` cards against the simulated bank, waiting up to `bank_seconds` without any answer."""
    report = Report(cards=cards)
    with _Timed(report, "mint and sell"):
        program, sold = _sold(cards)
    with _Timed(report, "register"):
        for card in progress(sold, "register"):
            _register(card, seed)
    with _Timed(report, "places and cycles"):
        ordering.run_passes()
        erasing.sign_erasures(limit=cards + 1)
    with _Timed(report, "pay"):
        _pay(program, bank_seconds)
    _count(report, program)
    return report


class _Timed:
    """Adds the block's seconds to the report."""

    def __init__(self, report: Report, step: str) -> None:
        self.report, self.step = report, step

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.report.seconds[self.step] = time.perf_counter() - self.started


def _sold(cards: int) -> tuple[Program, Sequence[dict[str, str]]]:
    now = timezone.now()
    program = Program.objects.create(
        code="SIMULATION",
        name="Simulation",
        currency="CNY",
        face_value_minor=8_800,
        card_price_minor=1_800,
        gift_cost_minor=500,
        closes_on=(now + timedelta(days=365)).date(),
        payee_limit=cards,
        release_below_minor=10**9,
    )
    programs.publish(program_id=program.pk, now=now)
    seller, buyer = (
        User.objects.create_user(f"simulated-{role}", role=role, is_staff=True)
        for role in (Role.ORGANIZER, Role.CHECKER)
    )
    dealer = Dealer.objects.create(code="SIMULATION", name="Simulation")
    manifest = io.BytesIO()
    minting.mint(program_id=program.pk, cards=cards, out=manifest, printer_key=None, now=now, progress=None)
    order = orders.place(
        dealer_id=dealer.pk,
        program_id=program.pk,
        cards=cards,
        product_name="Tea",
        product_specification="",
        placed_by_id=seller.pk,
        now=now,
    )
    orders.prepare_payment(order_id=order.pk, by_id=seller.pk, now=now)
    orders.approve_payment(order_id=order.pk, by_id=buyer.pk, now=now)
    orders.fulfil(order_id=order.pk, now=now)
    return program, list(manifest_cards(manifest).values())


def _register(card: dict[str, str], seed: int) -> None:
    rng = Random(f"{seed} {card['serial']}")
    details = correct_registration({**people.holder(rng), **card})
    intake.register(details=details, language="en", request_digest=None, now=timezone.now())


def _pay(program: Program, bank_seconds: float) -> None:
    """Collect, release, send and take in answers until nothing is under way or the bank has been silent too long."""
    heard = time.monotonic()
    before = -1
    while time.monotonic() - heard < bank_seconds:
        now = timezone.now()
        collecting.collect(program_id=program.pk, now=now)
        releasing.release_automatically(program_id=program.pk, now=now)
        sending.send_approved(now=now)
        answers.answer(now=now)
        under_way = PendingPayout.objects.filter(program=program, state__in=OPEN).count()
        if under_way == 0:
            return
        if under_way != before:
            before, heard = under_way, time.monotonic()
        time.sleep(0.2)


def _count(report: Report, program: Program) -> None:
    refunds = list(Refund.objects.filter(program=program).values_list("amount_minor", flat=True))
    report.cycles = Line.objects.get(program=program).cycles_closed
    report.refunded, report.refunded_minor, report.currency = len(refunds), sum(refunds), program.currency
    report.pending = Counter(PendingPayout.objects.values_list("state", flat=True))
    report.cancelled = CancelledPayout.objects.count()
    report.erasures, report.details_held = Erasure.objects.count(), HolderDetails.objects.count()
    report.breaches = books.breaches(timezone.now())


def lines(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"{report.cards} cards, {report.cycles} cycles closed"
    yield f"{report.refunded} refunded, {report.refunded_minor} {report.currency} in minor units"
    for state, payouts in sorted(report.pending.items()):
        yield f"{payouts} pending: {PendingState(state).label}"
    yield f"{report.cancelled} cancelled"
    yield f"{report.erasures} erasures, {report.details_held} holders' details still needed"
    for step, seconds in report.seconds.items():
        yield f"{step}: {seconds:.1f} s, {report.cards / max(seconds, 1e-9):.0f} cards/s"
    yield from report.breaches or ["the books balance"]
