"""The demo's traffic: invented holders register through the real intake, and correct what the bank refused.

What was registered is read from the database, so traffic goes on where it was cut off; a holder whose receipt was lost
that way corrects nothing any more.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from django.utils import timezone

from cashback.demo import people
from cashback.demo.founding import Files
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
    receipts: dict[int, tuple[str, dict[str, str]]] = field(default_factory=dict, repr=False)


def stream(*, files: Files, seed: int, pause: float | None = None) -> Iterator[Traffic]:
    """Register the traffic's cards, yielding after each; quickly at first, then at leisure.

    `pause` in seconds replaces both paces.
    """
    cards = json.loads(files.traffic.read_text(encoding="utf-8"))["cards"]
    traffic = Traffic()
    for card in cards:
        if not _register(traffic, card, Random(f"{seed} {card['serial']}")):
            continue
        yield traffic
        _correct(traffic, seed)
        quick = traffic.made + traffic.found < QUICK_REGISTRATIONS
        time.sleep(pause if pause is not None else QUICK_PAUSE_SECONDS if quick else SLOW_PAUSE_SECONDS)


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
    traffic.receipts[receipt.registration_id] = (receipt.receipt, card)
    return True


def _correct(traffic: Traffic, seed: int) -> None:
    """Whoever reads that the bank refused the account gives another one, as a holder would."""
    now = timezone.now()
    refused = PendingPayout.objects.filter(
        state=PendingState.DETAILS_NEEDED, since__lt=now - HOLDER_NOTICES_AFTER, registration__in=traffic.receipts
    )
    for registration_id in refused.values_list("registration_id", flat=True):
        receipt, card = traffic.receipts.pop(registration_id)
        typed = {**people.holder(Random(f"{seed} again {card['serial']}")), **card}
        change = correct_change(typed, holder=True, account=True)
        try:
            reopening.correct(
                receipt=receipt,
                serial=change.card.serial,
                pin=change.card.pin,
                holder=change.holder,
                account=change.account,
                now=now,
            )
        except DomainError:
            continue
        traffic.corrected += 1
