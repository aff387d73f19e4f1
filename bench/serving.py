"""Registering through the API while Redis is away: every layer of a request but the network, on four connections.

Redis is looked for at a port where nobody listens, as after `kill -9`. Attempts are counted, requests are remembered
under their Idempotency-Key, passes tick; every request comes from a client of its own, so that none is slowed.
"""

import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from uuid import uuid4

from django.core.cache import caches
from django.test import Client

from bench.harness import Result, empty, in_processes, percentile, scaled, settle, ticking_passes
from bench.registering import entry
from bench.seeding import make_program, seed_history, sell_known
from queueing.correction import Corrected

PROCESSES = 4
EACH = scaled(1_000, 100)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def run() -> Iterator[Result]:
    """The slowest hundredth, in milliseconds."""
    empty()
    program = make_program()
    seed_history(program)
    _, cards = sell_known(program, PROCESSES * EACH)
    entries = [entry(card, index) for index, card in enumerate(cards)]
    settle()
    with ticking_passes():
        elapsed, each = in_processes(partial(_post, entries), PROCESSES)
    waits = [wait for process in each for wait in process]
    yield Result(
        name="registering through the API, Redis stopped, p99",
        product=1000 * percentile(waits, 0.99),
        unit="ms",
        at_most=300.0,
        note=f"p50 {1000 * percentile(waits, 0.5):.1f} ms, {len(waits) / elapsed:.0f} requests/s",
    )


def _post(entries: Sequence[Corrected], process: int) -> list[float]:
    caches.settings["default"]["LOCATION"] = NOBODY_LISTENS
    client = Client(SERVER_NAME="localhost")
    client.get("/api/v1/programs")  # the first request of a process imports the site's pages
    waits = []
    for index in range(process, len(entries), PROCESSES):
        started = time.perf_counter()
        answer = client.post(
            "/api/v1/registrations",
            _body(entries[index]),
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid4())},
            REMOTE_ADDR=f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}",
        )
        waits.append(time.perf_counter() - started)
        assert answer.status_code == 201, answer.content
    return waits


def _body(details: Corrected) -> str:
    card, holder, account = details.card, details.holder, details.account
    return json.dumps(
        {
            "serial": card.serial,
            "pin": card.pin,
            "holder": {"name": holder.name, "phone": holder.phone, "email": holder.email},
            "account": {"kind": account.kind, "number": account.number, "bank": account.bank},
        }
    )
