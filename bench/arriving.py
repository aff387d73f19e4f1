"""Registrations arriving at 400 a second, while the line is idle and while a pass settles half a million.

Arrivals keep to their timetable: who comes while another is served waits, and the wait counts (each process's
latencies run from the moment the arrival was due). A machine too busy to take so many on an idle line is told so, and
judged not at all.
"""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from uuid import uuid4

from django.utils import timezone

from bench.harness import Result, empty, in_processes, percentile, scaled, settle, ticking_passes
from bench.registering import entry
from bench.seeding import make_program, register, seed_history, sell, sell_known
from queueing import intake, ordering
from queueing.correction import Corrected
from queueing.models import Line

WAITING = scaled(500_000, 40_000)
PER_SECOND = 400
PROCESSES = 4
IDLE_SECONDS = scaled(15, 3)
BUSY_SECONDS_MAX = scaled(60, 6)  # of cards to register; they end with the pass
ENOUGH = 100
KEEPS_UP_SECONDS = 0.1  # whoever waits longer on an idle line stands in a growing queue


def run() -> Iterator[Result]:
    """The slowest hundredth of the registrations, beside a pass and without one."""
    empty()
    program = make_program()
    seed_history(program)
    sold = sell(program, WAITING)
    cards = PER_SECOND * (IDLE_SECONDS + BUSY_SECONDS_MAX)
    _, known = sell_known(program, cards, first=WAITING + 1)
    entries = [entry(card, index) for index, card in enumerate(known)]
    idle, busy = entries[: PER_SECOND * IDLE_SECONDS], entries[PER_SECOND * IDLE_SECONDS :]
    settle()
    with ticking_passes():
        _, each = in_processes(partial(_arrive, idle, 0), PROCESSES)
    calm = [wait for process in each for wait in process]
    register(sold, details=True, start=timezone.now())  # after those who have a place
    settle()
    _, outcomes = in_processes(partial(_beside_a_pass, busy, program.pk), PROCESSES + 1)
    pass_seconds = outcomes[0][0]
    waits = [wait for process in outcomes[1:] for wait in process]
    keeps_up = percentile(calm, 0.5) <= KEEPS_UP_SECONDS
    served = f"{len(waits):,} during {pass_seconds:.1f} s of the pass"
    for share in (0.5, 0.99):
        yield Result(
            name=f"registrations at {PER_SECOND}/s during a pass over {WAITING:,}, p{share * 100:.0f}; idle line",
            product=1000 * percentile(waits, share),
            control=1000 * percentile(calm, share),
            unit="ms",
            at_most=3.0 if share == 0.99 and keeps_up else None,
            note=served if keeps_up else "NOT JUDGED: so many do not even pass on the idle line",
        )


def _beside_a_pass(entries: Sequence[Corrected], program_id: int, process: int) -> list[float]:
    """The first process passes and says how long it took; the others register until it has ended."""
    if process > 0:
        return _arrive(entries, program_id, process - 1)
    started = time.perf_counter()
    report = ordering.run_pass(program_id=program_id)
    assert report.placed >= WAITING, report
    return [time.perf_counter() - started]


def _arrive(entries: Sequence[Corrected], watched_program_id: int, process: int) -> list[float]:
    """Register the process's share on time; until the watched program's line is settled, if one is given."""
    waits = []
    started = time.perf_counter()
    for turn, details in enumerate(entries[process::PROCESSES]):
        due = started + (turn + process / PROCESSES) * PROCESSES / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        intake.register(details=details, language="en", request_digest=uuid4().bytes * 2, now=timezone.now())
        waits.append(time.perf_counter() - due)
        if watched_program_id and turn > ENOUGH and turn % ENOUGH == 0 and _settled(watched_program_id):
            break
    return waits


def _settled(program_id: int) -> bool:
    return Line.objects.values_list("placed", flat=True).get(pk=program_id) >= WAITING
