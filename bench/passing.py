"""The pass over a long line: against the same moves on the same tables, and against three bare tables.

The control does in one statement a chunk what the pass does in several: places, cycles, awards, erased payees and
their erasures. It locks nothing, looks at no rule but its own and takes everybody to be standing. The bare tables have
two integers a row and one index: what a move between registers costs if a holder is nothing but a number. The three
take turns chunk by chunk, so that whatever else the machine does meets all of them.
"""

from collections.abc import Iterator
from functools import partial

from psycopg2.extensions import cursor as Cursor

from bench.harness import Result, empty, median, owner, scaled, seconds, settle, value
from bench.seeding import Sold, make_program, register, sell
from queueing import ordering

WAITING = scaled(500_000, 60_000)
CHUNK = ordering.CHUNK_MAX

HAND_WRITTEN = """
WITH arrived AS MATERIALIZED (
    SELECT id, registered_at, %(placed)s + row_number() OVER (ORDER BY registered_at, id) AS place
      FROM queueing_registration
     WHERE program_id = %(program)s AND (registered_at, id) > (%(head_at)s, %(head_id)s)
     ORDER BY registered_at, id LIMIT %(chunk)s
), placed AS (
    INSERT INTO queueing_place (registration_id, program_id, place)
    SELECT id, %(program)s, place FROM arrived ORDER BY place
), awarded AS (
    INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
    SELECT id, %(program)s, 'cycle', (place - 1) / 50 + 1, place,
           CASE WHEN (place - 1) %% 50 < 6 THEN 'cash' ELSE 'gift' END,
           CASE WHEN (place - 1) %% 50 < 6 THEN 8800 ELSE 500 END, now()
      FROM arrived ORDER BY place
), closed AS (
    INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                                gift_awards, closed_at)
    SELECT %(program)s, (place - 1) / 50 + 1, min(place), max(place), 50, 50, 6, 44, now() FROM arrived GROUP BY 2
), gift AS MATERIALIZED (
    SELECT id FROM arrived WHERE (place - 1) %% 50 >= 6
), gone AS (
    DELETE FROM queueing_holderdetails USING gift WHERE registration_id = id AND contact IS NULL
    RETURNING registration_id
), lessened AS (
    UPDATE queueing_holderdetails
       SET payee = NULL, payee_key = NULL, payee_fingerprint = NULL, request_digest = NULL,
           contact_erase_by = now() + interval '1 day'
      FROM gift WHERE registration_id = id AND contact IS NOT NULL
    RETURNING registration_id
), erased AS (
    INSERT INTO queueing_erasure (registration_id, at, what, why, backups_until, signature)
    SELECT registration_id, now(), 'payee', 'gift_verdict', now() + interval '31 days', ''
      FROM (SELECT * FROM gone UNION ALL SELECT * FROM lessened) AS details
)
SELECT place, registered_at, id FROM arrived ORDER BY place DESC LIMIT 1
"""
BARE = """
DROP TABLE IF EXISTS bench_waiting, bench_placed, bench_pending, bench_gift;
CREATE TABLE bench_waiting (id bigint PRIMARY KEY, lot integer NOT NULL);
CREATE TABLE bench_placed (id bigint NOT NULL, place bigint PRIMARY KEY);
CREATE TABLE bench_pending (place bigint PRIMARY KEY, id bigint NOT NULL);
CREATE TABLE bench_gift (place bigint PRIMARY KEY, id bigint NOT NULL);
INSERT INTO bench_waiting SELECT id, 1 FROM generate_series(1, %s) AS id;
"""
BARE_MOVE = """
WITH moved AS (
    DELETE FROM bench_waiting WHERE id > %(head)s AND id <= %(head)s + %(chunk)s RETURNING id
), seated AS (
    SELECT id, %(head)s + row_number() OVER (ORDER BY id) AS place FROM moved
), placed AS (
    INSERT INTO bench_placed SELECT id, place FROM seated
), pending AS (
    INSERT INTO bench_pending SELECT place, id FROM seated WHERE (place - 1) %% 50 < 6
)
INSERT INTO bench_gift SELECT place, id FROM seated WHERE (place - 1) %% 50 >= 6
"""


def run() -> Iterator[Result]:
    """Registrations settled per second, from the medians of the chunks' times."""
    empty()
    ours, theirs = _waiting("OURS", 1), _waiting("THEIRS", WAITING + 1)
    with owner() as cursor:
        cursor.execute(BARE, [WAITING])
    settle()
    times: dict[str, list[float]] = {"product": [], "hand": [], "bare": []}
    with owner() as hand, owner() as bare:
        turns = {
            "product": _product(ours.program_id),
            "hand": _hand_written(hand, theirs.program_id),
            "bare": _bare(bare),
        }
        order = list(turns)
        for _ in range(WAITING // CHUNK):
            for name in order:
                times[name].append(seconds(partial(next, turns[name])))
            order.append(order.pop(0))
        assert value(bare, "SELECT count(*) FROM bench_gift") == WAITING // 50 * 44
        bare.execute("DROP TABLE bench_waiting, bench_placed, bench_pending, bench_gift")
    _check()
    rates = {name: CHUNK / median(each) for name, each in times.items()}
    yield Result(
        name=f"a pass over {WAITING:,} waiting; the same moves by hand",
        product=rates["product"],
        control=rates["hand"],
        unit="cards/s",
        at_least=0.8,
        note=f"all in all {WAITING / sum(times['product']):,.0f} cards/s",
    )
    yield Result(
        name="the same; three bare tables",
        product=rates["product"],
        control=rates["bare"],
        unit="cards/s",
        at_least=0.25,
    )


def _waiting(code: str, first: int) -> Sold:
    """A program with everybody waiting, and details held of everybody."""
    sold = sell(make_program(code), WAITING, first=first)
    register(sold, details=True)
    return sold


def _product(program_id: int) -> Iterator[None]:
    """The pass, a chunk a turn; the first turn moves the cut."""
    assert ordering.move_cut(program_id)
    for chunk in ordering.settle(program_id):
        assert chunk.placed == CHUNK, chunk
        yield


def _hand_written(cursor: Cursor, program_id: int) -> Iterator[None]:
    cursor.execute("SELECT min(registered_at) - interval '1 s' FROM queueing_registration")
    (head_at,) = cursor.fetchone() or (None,)
    values = {"program": program_id, "head_at": head_at, "head_id": 0, "placed": 0, "chunk": CHUNK}
    while True:
        cursor.execute(HAND_WRITTEN, values)
        values |= dict(zip(("placed", "head_at", "head_id"), cursor.fetchone() or (), strict=True))
        yield


def _bare(cursor: Cursor) -> Iterator[None]:
    for head in range(0, WAITING, CHUNK):
        cursor.execute(BARE_MOVE, {"head": head, "chunk": CHUNK})
        yield


def _check() -> None:
    """Both programs have the same places, awards and erasures."""
    with owner() as cursor:
        for table in ("queueing_place", "queueing_award", "queueing_cycle"):
            cursor.execute(f"SELECT count(*) FROM {table} GROUP BY program_id")
            ((ours,), (theirs,)) = cursor.fetchall()
            assert ours == theirs, table
        assert value(cursor, "SELECT count(*) FROM queueing_erasure") == 2 * (WAITING // 50 * 44)
