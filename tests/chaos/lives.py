"""The whole life of two small programs, step by step as the schedule calls it, in a process that may be cut off."""

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from cards import programs
from cards.models import Program, Rule
from cashback.embedded.bank.office import Office
from cashback.embedded.bank.options import Options
from payouts import releasing
from payouts import tasks as payouts
from payouts.models import Release
from queueing import epochs
from queueing import tasks as queueing
from tests.embedded_bank.customer import card_ending
from tests.factories import make_dealer, make_program, make_user, sell, sold_cards
from tests.queueing.holders import enter

ROUNDS = 5
BANK_STEP_SECONDS = 4.0
AN_EPOCH_LATER = timedelta(days=40)
SMALL: dict[str, Any] = {"cycle_size": 5, "payouts_per_cycle": 2, "card_price_minor": 6_000, "contact_hold_seconds": 0}


@dataclass
class Life:
    """Two programs with everybody registered: an open one that the schedule releases, and one that closes today."""

    bank: Options
    bank_clock: float
    program: Program
    closing: Program
    organizer_id: int
    checker_id: int
    # By program: the places that are paid in the end, and those whose bank refuses or returns the money.
    paid: dict[int, set[int]]
    unpaid: dict[int, set[int]]

    def go_on(self) -> None:
        """All that the schedule, two people and the bank do, a few times over."""
        for _ in range(ROUNDS):
            for step in self._steps():
                step()

    def _steps(self) -> list[Callable[[], object]]:
        return [
            queueing.tick_passes,
            queueing.close_programs,
            payouts.tick_payouts,
            self._release_by_two_people,
            payouts.tick_payouts,
            self._bank,
            payouts.tick_answers,
            queueing.sign_erasures,
            payouts.erase_due,
            payouts.destroy_files,
            lambda: epochs.turn(now=timezone.now() + AN_EPOCH_LATER),
            payouts.rewrap_files,
        ]

    def _release_by_two_people(self) -> None:
        now = timezone.now()
        with suppress(releasing.NothingDue):
            releasing.prepare(program_id=self.closing.pk, by_id=self.organizer_id, now=now)
        for release in Release.objects.filter(state=Release.State.PREPARED):
            releasing.approve(release_id=release.pk, by_id=self.checker_id, now=now)

    def _bank(self) -> None:
        """The other company's machine does not die with ours."""
        office = Office(self.bank, say=lambda _: None)
        try:
            for _ in range(2):
                self.bank_clock += BANK_STEP_SECONDS
                office.step(self.bank_clock)
        finally:
            office.close()


def begin(bank: Options, bank_clock: float) -> Life:
    """Twelve registrations in cycles of five of which two are paid, and eight in a line whose program closes today.

    The first program's closing is moved after they came, so that who waits is held for longer than was said.
    """
    past, today = timezone.now() - timedelta(days=200), timezone.localdate()
    soon: dict[str, Any] = {"closes_on": today + timedelta(days=2), "claim_days": 1, "release_below_minor": 100_000}
    program, cards = sold_cards(12, now=past, **(SMALL | soon))
    closing = make_program(now=past, closes_on=today, rule=Rule.LINE, **SMALL)
    closing_cards = sell(closing, make_dealer(), 8, now=past)
    fates = {(program.pk, 2): "9004", (program.pk, 7): "9014"}  # refused; returned after it was paid
    for owner, sold in ((program, cards), (closing, closing_cards)):
        for place, card in enumerate(sold, 1):
            enter(card, number=card_ending(fates.get((owner.pk, place), "9000"), place))
    programs.move_closing(program_id=program.pk, closes_on=today + timedelta(days=100), now=timezone.now())
    return Life(
        bank=bank,
        bank_clock=bank_clock,
        program=program,
        closing=closing,
        organizer_id=make_user("organizer").pk,
        checker_id=make_user("checker").pk,
        # The last cycle of the closing line has three registrations and pays floor(2 x 3 / 5), the next in line.
        paid={program.pk: {1, 6}, closing.pk: {1, 2, 3}},
        unpaid={program.pk: {2, 7}, closing.pk: set()},
    )


def run_apart(work: Callable[[], object], failpoint: str) -> int:
    """Do the work in a process of its own that dies at the failpoint; its exit code (0: it never came by there)."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.environ["FAILPOINT"] = failpoint
            work()
            code = 0
        except BaseException:  # noqa: BLE001  nothing of the parent's may run in the child
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
