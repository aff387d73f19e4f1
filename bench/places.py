"""What a place costs: pages read to look it up, and bytes from minting a card to forgetting its holder.

The look-up stands beside the least that any look-up can be, one row by its primary key in the same table. The life is
the product's own verbs, one after another; each line is the write-ahead log of that step. Whatever a page costs when it
is first touched after a checkpoint is in it.
"""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.harness import Result, dead_rows, empty, owner, scaled, settle, wal_bytes
from bench.registering import entry
from bench.seeding import make_program, make_user, register, sell
from cards import minting, orders
from cards.models import Dealer, Program
from cashback.lib.pins import parse_pin
from cashback.lib.serials import parse_serial
from payouts import collecting, releasing, sending, settlement
from payouts.models import Attempt, Refund
from queueing import erasing, intake, ordering, status
from queueing.models import HolderDetails

LINE = scaled(500_000, 20_000)
LIFE = scaled(5_000, 500)
PK = "SELECT * FROM queueing_registration WHERE id = %(id)s"
PLACE = "SELECT place FROM queueing_place WHERE registration_id = %(id)s"
SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid), reltuples::bigint
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
   AND (relname LIKE 'queueing\\_%' OR relname = 'cards_card') AND pg_total_relation_size(oid) > 1000000
 ORDER BY pg_total_relation_size(oid) DESC
"""


def run() -> Iterator[Result]:
    """Pages, then bytes."""
    yield from _look_up()
    yield from _life()


def _look_up() -> Iterator[Result]:
    empty()
    sold = sell(make_program(), LINE)
    register(sold, details=True)
    settle()
    ordering.run_pass(program_id=sold.program_id)
    yield Result(name="dead rows after the pass", product=float(dead_rows()), unit="rows")
    yield from _sizes("after the pass")
    settle()
    yield Result(name="dead rows once they are vacuumed", product=float(dead_rows()), unit="rows")
    middle = {"id": LINE // 2}
    with connection.cursor() as cursor:
        cursor.execute("SELECT receipt_digest FROM queueing_registration WHERE id = %(id)s", middle)
        (digest,) = cursor.fetchone()
    by_key = _pages(PK, middle)
    yield Result(
        name=f"a place by its registration, in a line of {LINE:,}; a row by its primary key",
        product=_pages(PLACE, middle),
        control=by_key,
        unit="pages",
    )
    yield Result(
        name="all that the status page asks about a place first; a row by its primary key",
        product=_pages(status.QUERIES["find"], {"receipt_digest": bytes(digest)}),
        control=by_key,
        unit="pages",
        note="registration, program, lot, line, place, details, block",
    )


def _pages(statement: str, values: dict[str, Any]) -> float:
    """The pages a statement reads or finds, planning apart."""
    with connection.cursor() as cursor:
        for _ in range(2):  # the first time hint bits are set and caches filled
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
            (plan,) = cursor.fetchone()
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return float(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def _sizes(when: str) -> Iterator[Result]:
    with owner() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(SIZES)
        tables = cursor.fetchall()
    yield Result(
        name=f"bytes a registration {when}, all tables and indexes",
        product=sum(table + indexes for _, table, indexes, _ in tables) / LINE,
        unit="bytes",
    )
    for name, table, indexes, rows in tables:
        yield Result(
            name=f"  {name}",
            product=(table + indexes) / LINE,
            unit="bytes",
            note=f"{indexes / LINE:.0f} of it indexes; {rows:,} rows",
        )


def _life() -> Iterator[Result]:
    empty()
    program = make_program(release_below_minor=10**9, contact_hold_seconds=60)
    settle()
    manifest = io.BytesIO()
    now = timezone.now()
    steps: dict[str, Callable[[], object]] = {
        "mint": partial(minting.mint, program_id=program.pk, cards=LIFE, out=manifest, printer_key=None, now=now),
        "sell": partial(_sell, program),
        "register": partial(_register_all, manifest),
        "place and award, with payees of gifts erased": partial(ordering.run_pass, program_id=program.pk),
        "collect": partial(collecting.collect, program_id=program.pk, now=now),
        "release and send": partial(_send, program),
        "confirm, with payees erased": _confirm,
        "sign erasures": partial(erasing.sign_erasures, limit=10 * LIFE),
        "erase contacts, signed": _erase_contacts,
    }
    total = 0
    for name, step in steps.items():
        written = wal_bytes(step)
        total += written
        yield Result(name=f"  write-ahead log of a card: {name}", product=written / LIFE, unit="bytes")
    assert HolderDetails.objects.count() == 0
    assert Refund.objects.count() == LIFE // 50 * 6
    yield Result(name="write-ahead log of a card over its life", product=total / LIFE, unit="bytes")


def _sell(program: Program) -> None:
    now = timezone.now()
    dealer = Dealer.objects.create(code="LIFE", name="Life")
    first, second = make_user("bench-organizer"), make_user("bench-checker")
    order = orders.place(
        dealer_id=dealer.pk,
        program_id=program.pk,
        cards=LIFE,
        product_name="Tea",
        product_specification="",
        placed_by_id=first.pk,
        now=now,
    )
    orders.prepare_payment(order_id=order.pk, by_id=first.pk, now=now)
    orders.approve_payment(order_id=order.pk, by_id=second.pk, now=now)
    orders.fulfil(order_id=order.pk, now=now)


def _register_all(manifest: io.BytesIO) -> None:
    for index, line in enumerate(manifest.getvalue().decode("ascii").splitlines()):
        serial, pin = line.split(",")
        card = parse_serial(serial).serial, parse_pin(pin).pin
        intake.register(details=entry(card, index), language="en", request_digest=None, now=timezone.now())


def _send(program: Program) -> None:
    now = timezone.now()
    settings.BANK_OUTBOX_DIR.mkdir(parents=True, exist_ok=True)
    while releasing.release_automatically(program_id=program.pk, now=now):
        pass
    sending.send_approved(now=now)


def _confirm() -> None:
    now = timezone.now()
    attempts = list(Attempt.objects.values_list("pk", flat=True))
    settlement.accept(attempt_ids=attempts, now=now)
    settlement.confirm(bookings=dict.fromkeys(attempts, "BOOKED"), now=now)


def _erase_contacts() -> None:
    now = timezone.now() + timedelta(days=1)
    erasing.erase_due(now=now, limit=10 * LIFE)
    erasing.sign_erasures(limit=10 * LIFE)
