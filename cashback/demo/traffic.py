"""The demo's traffic: invented holders register one after another through the real intake, and correct what a bank
refused. What was registered is read from the database, so traffic goes on where it was cut off."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from django.utils import timezone

from cashback.demo import people
from cashback.demo.founding import Files
from cashback.lib.errors import DomainError
from queueing import intake
from queueing.correction import correct_registration

QUICK_REGISTRATIONS = 320
QUICK_PAUSE_SECONDS = 0.3
SLOW_PAUSE_SECONDS = 3.0
LANGUAGES = ("en", "zh-hans")


@dataclass
class Traffic:
    """How many registrations were made, and how many cards were registered before."""

    made: int = 0
    found: int = 0


def stream(*, files: Files, seed: int, pause: float | None = None) -> Iterator[Traffic]:
    """Register the traffic's cards, yielding after each; quickly at first, then at leisure.

    `pause` in seconds replaces both paces.
    """
    cards = json.loads(files.traffic.read_text(encoding="utf-8"))["cards"]
    traffic = Traffic()
    for card in cards:
        rng = Random(f"{seed} {card['serial']}")
        typed = {**people.holder(rng), **card}
        try:
            intake.register(
                details=correct_registration(typed),
                language=rng.choice(LANGUAGES),
                request_digest=None,
                now=timezone.now(),
            )
        except DomainError:
            traffic.found += 1
            continue
        traffic.made += 1
        yield traffic
        quick = traffic.made + traffic.found < QUICK_REGISTRATIONS
        time.sleep(pause if pause is not None else QUICK_PAUSE_SECONDS if quick else SLOW_PAUSE_SECONDS)
