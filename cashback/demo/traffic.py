"""The demo's traffic: invented holders register through the real intake, give details that are asked for, take gifts.

What was registered is read from the database, so traffic goes on where it was cut off; a holder whose receipt was lost
that way corrects nothing any more.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from cashback.demo import draws, gifts, people
from cashback.demo.founding import Files
from cashback.demo.gifts import Holder
from cashback.lib.errors import DomainError
from payouts import reopening
from payouts.models import PendingPayout, PendingState
from queueing import intake
from queueing.correction import correct_change, correct_registration

QUICK_REGISTRATIONS = 320
QUICK_PAUSE_SECONDS = 0.3
SLOW_PAUSE_SECONDS = 3.0
HOLDER_NOTICES_AFTER = timedelta(seconds=20)
LANGUAGES = ("en", "zh-hans")


@dataclass
class Traffic:
    """How many registrations were made, how many cards were registered before, how many accounts were corrected."""

    made: int = 0
    found: int = 0
    corrected: int = 0
    holders: dict[int, Holder] = field(default_factory=dict, repr=False)


def stream(traffic: Traffic, *, files: Files, seed: int, pause: float | None = None) -> Iterator[None]:
    """Register the traffic's cards, yielding after each; quickly at first, then at leisure.

    `pause` in seconds replaces both paces.
    """
    cards = json.loads(files.traffic.read_text(encoding="utf-8"))["cards"]
    for card in cards:
        if not _register(traffic, card, Random(f"{seed} {card['serial']}")):
            continue
        yield
        step(traffic, seed=seed)
        quick = traffic.made + traffic.found < QUICK_REGISTRATIONS
        time.sleep(pause if pause is not None else QUICK_PAUSE_SECONDS if quick else SLOW_PAUSE_SECONDS)


def stay(traffic: Traffic, *, seed: int) -> None:
    """Go on, once every card is registered, with what takes longer. Ends with the process."""
    while True:
        step(traffic, seed=seed)
        time.sleep(SLOW_PAUSE_SECONDS)


def step(traffic: Traffic, *, seed: int) -> None:
    """Everything but registering: details that are asked for, gifts, and the demo's draw."""
    now = timezone.now()
    _correct(traffic, seed, now)
    gifts.step(holders=traffic.holders, seed=seed, now=now)
    draws.step(now=now)


def _register(traffic: Traffic, card: dict[str, str], rng: Random) -> bool:
    typed = {**people.holder(rng), **card}
    try:
        receipt = intake.register(
            details=correct_registration(typed),
            language=rng.choice(LANGUAGES),
            request_digest=None,
            now=timezone.now(),
        )
    except DomainError:
        traffic.found += 1
        return False
    traffic.made += 1
    traffic.holders[receipt.registration_id] = Holder(receipt=receipt.receipt, **card)
    return True


def _correct(traffic: Traffic, seed: int, now: datetime) -> None:
    """Whoever reads that details are needed, since the bank refused the account or a prize was won, gives others."""
    asked = PendingPayout.objects.filter(
        state=PendingState.DETAILS_NEEDED, since__lt=now - HOLDER_NOTICES_AFTER, registration__in=list(traffic.holders)
    )
    for registration_id, attempts in asked.values_list("registration_id", "attempts"):
        holder = traffic.holders[registration_id]
        rng = Random(f"{seed} again {attempts} {holder.serial}")
        typed = {**people.holder(rng), "serial": holder.serial, "pin": holder.pin}
        change = correct_change(typed, holder=True, account=True)
        try:
            reopening.correct(
                receipt=holder.receipt,
                serial=change.card.serial,
                pin=change.card.pin,
                holder=change.holder,
                account=change.account,
                now=now,
            )
        except DomainError:
            continue
        traffic.corrected += 1
