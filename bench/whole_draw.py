"""A draw over a pool of a million: frozen, revealed, drawn, verified, certified and published, and beside it by hand.

The control writes the same pool, once: one statement for the entries of a bare table, one for the file, and the hash.
It looks at no declaration, keeps nobody from a second run and verifies nothing.
"""

import hashlib
import resource
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone
from psycopg2.extensions import cursor as Cursor

from bench.harness import Result, empty, owner, scaled, seconds, settle, value
from bench.seeding import Sold, make_program, make_user, register, sell, settle_all
from lottery import announcing, certifying, drawing_up, freezing, funding, revealing, selectors
from lottery.models import Declaration, Draw, DrawState, Figure, Prize

POOL = scaled(1_000_000, 20_000)
WINNERS, RESERVES = 1_000, 200
DECLARED, RANGE = 100, 20  # cards declared: so many ranges of so many
HOUR = timedelta(hours=1)
BY_HAND = """
DROP TABLE IF EXISTS bench_entry, bench_piece;
CREATE TABLE bench_entry (index bigint PRIMARY KEY, registration_id bigint NOT NULL, leaf text NOT NULL);
CREATE TABLE bench_piece (number bigint PRIMARY KEY, content bytea NOT NULL);
ALTER TABLE bench_piece ALTER COLUMN content SET STORAGE EXTERNAL;
INSERT INTO bench_entry
SELECT place.place - 1, registration.id, registration.leaf
  FROM queueing_place AS place JOIN queueing_registration AS registration ON registration.id = place.registration_id
 ORDER BY place.place;
INSERT INTO bench_piece
SELECT index / 14000, convert_to(string_agg(index || E'\\t' || leaf || E'\\n', '' ORDER BY index), 'UTF8')
  FROM bench_entry GROUP BY 1 ORDER BY 1;
"""


def run() -> Iterator[Result]:
    """The whole draw against its limit, its memory, and the freeze against the same pool by hand."""
    empty()
    sold = sell(make_program(), POOL)
    register(sold, details=False)
    settle_all(sold)
    settle()
    draw = _announced(sold)
    before_mb = _peak_mb()
    steps = {name: seconds(step) for name, step in _steps(draw).items()}
    grown_mb = _peak_mb() - before_mb
    _check(draw, sold)
    with owner() as cursor:
        by_hand = seconds(partial(_by_hand, cursor))
        cursor.execute("DROP TABLE bench_entry, bench_piece")
    yield Result(
        name=f"a draw of {WINNERS:,} prizes over {POOL:,}: frozen to published",
        product=sum(steps.values()),
        unit="s",
        at_most=60,
        note=", ".join(f"{name} {took:.1f}" for name, took in steps.items()),
    )
    yield Result(name="memory that it takes in the worker", product=grown_mb, unit="MB", at_most=150)
    yield Result(
        name="its freeze; the same pool by hand", product=steps["freeze"], control=by_hand, unit="s", at_most=3
    )


def _steps(draw: Draw) -> dict[str, Callable[[], object]]:
    at = draw.reveals_at
    return {
        "freeze": partial(freezing.freeze, draw_id=draw.pk, now=draw.freezes_at),
        "reveal": partial(_reveal, draw, at),
        "draw": partial(drawing_up.draw_up, draw_id=draw.pk, now=at),
        "verify": partial(drawing_up.verify, draw_id=draw.pk, now=at),
        "certify": partial(certifying.certify, draw_id=draw.pk, by_id=make_user("bench-checker").pk, now=at),
        "publish": partial(_read_bundle, draw),
    }


def _announced(sold: Sold) -> Draw:
    organizer, now = make_user("bench-organizer"), timezone.now()
    draw = Draw.objects.create(
        program_id=sold.program_id,
        code="BENCH",
        name="Bench",
        registered_until=now,
        freezes_at=now + HOUR,
        reveals_at=now + 3 * HOUR,
        reserves=RESERVES,
    )
    Prize.objects.create(draw=draw, position=0, name="Prize", amount_minor=10_000, count=WINNERS)
    Figure.objects.create(draw=draw, position=0, name="index", published_at=draw.reveals_at)
    Declaration.objects.bulk_create(
        Declaration(
            program_id=sold.program_id,
            kind="staff",
            first_number=first,
            last_number=first + RANGE - 1,
            declared_by=organizer,
            declared_at=now,
        )
        for first in range(sold.first, sold.first + DECLARED * 2 * RANGE, 2 * RANGE)
    )
    funding.pay_in_prize_fund(
        program_id=sold.program_id, amount_minor=10_000 * WINNERS, reference="BENCH", by_id=organizer.pk, now=now
    )
    return announcing.announce(draw_id=draw.pk, by_id=organizer.pk, now=now)


def _reveal(draw: Draw, at: datetime) -> None:
    revealing.reveal(draw_id=draw.pk, now=draw.reveals_at)
    figure = Figure.objects.get(draw=draw)
    revealing.enter_figure(figure_id=figure.pk, value="3000.12", by_id=make_user("bench-organizer").pk, now=at)
    revealing.confirm_figure(figure_id=figure.pk, value="3000.12", by_id=make_user("bench-checker").pk, now=at)


def _read_bundle(draw: Draw) -> None:
    found = selectors.bundle_pieces(draw.code)
    assert found is not None
    size, pieces = found
    assert sum(map(len, pieces)) == size
    assert selectors.public_draw(draw.code) is not None


def _by_hand(cursor: Cursor) -> None:
    cursor.execute(BY_HAND)
    digest = hashlib.sha256()
    for number in range(value(cursor, "SELECT count(*) FROM bench_piece")):
        digest.update(value(cursor, "SELECT content FROM bench_piece WHERE number = %s", [number]))


def _check(draw: Draw, sold: Sold) -> None:
    draw.refresh_from_db()
    assert draw.state == DrawState.CERTIFIED
    assert draw.entries == POOL - DECLARED * RANGE
    assert funding.fund(program_id=sold.program_id).free_minor == 0


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
