"""Checking the books of a long line: every rule from the beginning, and what has come since the last check.

The schedule's check has five minutes between two of its turns and 200 seconds before it is ended; it must stay far
below that at any length of the line. The whole check is for the night and for the command.
"""

from collections.abc import Iterator
from dataclasses import replace

from django.utils import timezone

from bench.harness import Result, empty, owner, scaled, settle
from bench.seeding import Sold, make_program, register, sell
from cashback.ledger.checking import check
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post

PLACES = scaled(1_000_000, 10_000)
FRESH = scaled(100_000, 1_000)
CHECK_MS_MAX = 100_000  # half of what the schedule leaves it
# What the pass would have made of the registrations: places, cycles, awards.
SETTLED = """
INSERT INTO queueing_place (registration_id, program_id, place)
SELECT id, program_id, card_id FROM queueing_registration
 WHERE card_id BETWEEN %(from)s AND %(through)s ORDER BY card_id;
INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                            gift_awards, closed_at)
SELECT %(program)s, number, number * 50 - 49, number * 50, 50, 50, 6, 44, %(start)s
  FROM generate_series((%(from)s + 49) / 50, %(through)s / 50) AS number;
INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
SELECT registration_id, program_id, 'cycle', (place - 1) / 50 + 1, place,
       CASE WHEN (place - 1) %% 50 < 6 THEN 'cash' ELSE 'gift' END,
       CASE WHEN (place - 1) %% 50 < 6 THEN 8800 ELSE 500 END, %(start)s
  FROM queueing_place WHERE program_id = %(program)s AND place >= %(from)s ORDER BY place;
UPDATE queueing_line AS line
   SET cut_at = last.registered_at, head_at = last.registered_at, head_id = last.id, placed = %(through)s,
       cycles_closed = %(through)s / 50
  FROM queueing_registration AS last
 WHERE last.card_id = %(through)s AND line.program_id = %(program)s
"""
# What payouts would have made of the awards: gifts that are owed, payouts paid and booked.
PAID_OUT = """
INSERT INTO payouts_collection (program_id, cycle, cash_awards, gift_awards, collected_at)
SELECT %(program)s, max(number), sum(cash_awards), sum(gift_awards), now()
  FROM queueing_cycle WHERE program_id = %(program)s
    ON CONFLICT (program_id) DO UPDATE SET cycle = excluded.cycle, cash_awards = excluded.cash_awards,
                                           gift_awards = excluded.gift_awards;
INSERT INTO payouts_gift (award_id, program_id, state, since, way, choice, tracking)
SELECT id, program_id, 'owed', now(), '', 0, ''
  FROM queueing_award WHERE program_id = %(program)s AND kind = 'gift' AND place >= %(from)s ORDER BY id;
INSERT INTO payouts_refund (award_id, program_id, source, source_id, place, amount_minor, currency, end_to_end_id,
                            refunded_at)
SELECT id, program_id, source, source_id, place, amount_minor, 'CNY', 'A' || id || '-1-BENCH', now()
  FROM queueing_award WHERE program_id = %(program)s AND kind = 'cash' AND place >= %(from)s ORDER BY id;
INSERT INTO ledger_transfer (event, reference, debit_id, credit_id, currency, amount_minor, posted_at)
SELECT leg.event, 'award:' || award.id || ':1', debit.id, credit.id, 'CNY', award.amount_minor, now()
  FROM queueing_award AS award
 CROSS JOIN (VALUES ('cash_award', 'cash_reserve', 'payouts_due'), ('payout_sent', 'payouts_due', 'in_transit'),
                    ('payout_confirmed', 'in_transit', 'bank')) AS leg (event, debit, credit)
  JOIN ledger_account AS debit ON debit.kind = leg.debit
  JOIN ledger_account AS credit ON credit.kind = leg.credit
 WHERE award.program_id = %(program)s AND award.kind = 'cash' AND award.place >= %(from)s ORDER BY award.id
"""


def run() -> Iterator[Result]:
    """Milliseconds of the whole check and of those that follow it."""
    sold = seeded()
    whole = check(now=timezone.now())
    behind = check(now=timezone.now(), whole=False)
    idle = check(now=timezone.now(), whole=False)
    come(sold, range(PLACES + 1, PLACES + FRESH + 1))
    fresh = check(now=timezone.now(), whole=False)
    for one in (whole, behind, idle, fresh):
        assert not one.breaches, one.breaches
    yield Result(
        name=f"the books of {PLACES:,} places, every rule from the beginning", product=whole.took_ms, unit="ms"
    )
    for name, one in (
        (f"the schedule's check, {PLACES:,} places behind", behind),
        ("the schedule's check, nothing new", idle),
        (f"the schedule's check, {FRESH:,} have come", fresh),
    ):
        yield Result(name=name, product=one.took_ms, unit="ms", at_most=CHECK_MS_MAX)


def seeded() -> Sold:
    """A line of settled places, all paid, in books that balance."""
    empty()
    program = make_program()
    sold = sell(program, PLACES + FRESH)
    cards, now = len(sold.numbers), timezone.now()
    with owner() as cursor:
        cursor.execute("SELECT dealer_id FROM cards_lot WHERE id = %s", [sold.lot_id])
        [(dealer,)] = cursor.fetchall()
    bank, revenue = AccountKey(Kind.BANK, "CNY"), AccountKey(Kind.REVENUE, "CNY")
    wallet = AccountKey(Kind.WALLET, "CNY", program.pk, dealer)
    cash, gift = (AccountKey(kind, "CNY", program.pk) for kind in (Kind.CASH_RESERVE, Kind.GIFT_RESERVE))
    post(event=Event.PAYMENT_CONFIRMED, reference="order:1", legs=[Leg(bank, wallet, cards * 1_800)], now=now)
    legs = [Leg(wallet, cash, cards * 1_056), Leg(wallet, gift, cards * 440), Leg(wallet, revenue, cards * 304)]
    post(event=Event.LOT_SOLD, reference=f"lot:{sold.lot_id}", legs=legs, now=now)
    # Accounts are opened by their first posting; awards are posted below by the owner.
    due, transit = (AccountKey(kind, "CNY", program.pk) for kind in (Kind.PAYOUTS_DUE, Kind.IN_TRANSIT))
    for number, leg in enumerate((Leg(cash, due, 1), Leg(due, transit, 1), Leg(transit, cash, 1))):
        post(event=Event.CORRECTION, reference=f"open:{number}", legs=[leg], now=now)
    come(sold, range(1, PLACES + 1))
    return sold


def come(sold: Sold, numbers: range) -> None:
    """Registrations of these cards, placed, awarded and paid."""
    register(replace(sold, first=numbers[0], last=numbers[-1]), details=False, start=timezone.now())
    values = {"program": sold.program_id, "from": numbers[0], "through": numbers[-1], "start": timezone.now()}
    with owner() as cursor:
        cursor.execute(SETTLED, values)
        cursor.execute(PAID_OUT, values)
    settle()
