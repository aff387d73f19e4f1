"""Confirming a thousand payouts: moved from PENDING to REFUNDED, payees erased, money posted, in one transaction.

The control does all of it in one statement on the same tables, under the same triggers, and signs nothing. Erasures by
the hundred are signed by the signer right after, so the signing stands in a row of its own.
"""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from bench.harness import Result, alternating, empty, median, owner, scaled, seconds, settle, value
from bench.seeding import make_program, register, sell, settle_all
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from payouts import settlement
from payouts.models import Attempt
from queueing import erasing
from queueing.models import Erasure

PAYOUTS = scaled(1_000, 200)
HISTORY = scaled(20_000, 0)  # other registrations, so that the tables are not small
REPEATS = scaled(7, 2)
CYCLES = -(-PAYOUTS // 6)
ACCEPTED = """
INSERT INTO payouts_release (program_id, state, automatic, prepared_at, approved_at, rail, message_id, payouts,
                             total_minor, over_payee_limit, currency, file_sha256, sent_at)
VALUES (%(program)s, 'sent', true, now(), now(), 'iso20022', 'BENCH', %(payouts)s, %(payouts)s * 8800, 0, 'CNY', '',
        now());
INSERT INTO payouts_pendingpayout (award_id, registration_id, program_id, source, source_id, place, amount_minor,
                                   currency, state, since, reason, details_version, attempts, release_id)
SELECT award.id, award.registration_id, %(program)s, 'cycle', source_id, place, amount_minor, 'CNY', 'accepted', now(),
       '', 1, 1, release.id
  FROM queueing_award AS award, payouts_release AS release
 WHERE award.kind = 'cash' ORDER BY award.id LIMIT %(payouts)s;
INSERT INTO payouts_attempt (award_id, number, release_id, end_to_end_id, amount_minor, currency, state, reason,
                             booking_reference, sent_at)
SELECT award_id, 1, release_id, 'A' || award_id || '-1-BENCH', amount_minor, 'CNY', 'accepted', '', '', now()
  FROM payouts_pendingpayout;
UPDATE queueing_holderdetails SET held_for = release_id
  FROM payouts_pendingpayout AS pending WHERE pending.registration_id = queueing_holderdetails.registration_id
"""
HAND_WRITTEN = """
WITH answered AS (
    UPDATE payouts_attempt SET state = 'confirmed', answered_at = now(), booking_reference = 'BOOKED'
     WHERE id = ANY (%(attempts)s) RETURNING award_id, end_to_end_id
), moved AS (
    DELETE FROM payouts_pendingpayout AS pending USING answered WHERE pending.award_id = answered.award_id
    RETURNING pending.*, answered.end_to_end_id
), refunded AS (
    INSERT INTO payouts_refund (award_id, program_id, source, source_id, place, amount_minor, currency, end_to_end_id,
                                refunded_at)
    SELECT award_id, program_id, source, source_id, place, amount_minor, currency, end_to_end_id, now() FROM moved
), gone AS (
    DELETE FROM queueing_holderdetails AS details USING moved
     WHERE details.registration_id = moved.registration_id AND details.contact IS NULL
    RETURNING details.registration_id
), lessened AS (
    UPDATE queueing_holderdetails AS details
       SET payee = NULL, payee_key = NULL, payee_fingerprint = NULL, request_digest = NULL, held_for = NULL,
           contact_erase_by = now() + interval '1 day'
      FROM moved WHERE details.registration_id = moved.registration_id AND details.contact IS NOT NULL
    RETURNING details.registration_id
), erased AS (
    INSERT INTO queueing_erasure (registration_id, at, what, why, backups_until, signature)
    SELECT registration_id, now(), 'payee', 'refunded', now() + interval '31 days', ''
      FROM (SELECT * FROM gone UNION ALL SELECT * FROM lessened) AS details
)
INSERT INTO ledger_transfer (event, reference, debit_id, credit_id, currency, amount_minor, posted_at)
SELECT 'payout_confirmed', 'award:' || award_id || ':1', transit.id, bank.id, 'CNY', amount_minor, now()
  FROM moved, ledger_account AS transit, ledger_account AS bank
 WHERE transit.kind = 'in_transit' AND bank.kind = 'bank'
"""


def run() -> Iterator[Result]:
    """Milliseconds for all of them."""
    times: dict[str, list[float]] = {"product": [], "control": []}
    signing: list[float] = []
    for who in alternating(REPEATS):
        attempts = _accepted()
        times[who].append(seconds(lambda: _confirm(attempts) if who == "product" else _by_hand(attempts)))  # noqa: B023
        assert Erasure.objects.count() == PAYOUTS
        if who == "product":
            signing.append(seconds(erasing.sign_erasures))
            assert not Erasure.objects.filter(signature="").exists()
    yield Result(
        name=f"confirming {PAYOUTS:,} payouts: move, erase, post; by hand",
        product=1000 * median(times["product"]),
        control=1000 * median(times["control"]),
        unit="ms",
        note=f"medians of {REPEATS}",
    )
    yield Result(name=f"signing the {PAYOUTS:,} erasures afterwards", product=1000 * median(signing), unit="ms")


def _confirm(attempts: list[int]) -> None:
    settlement.confirm(bookings=dict.fromkeys(attempts, "BOOKED"), now=timezone.now())


def _by_hand(attempts: list[int]) -> None:
    with owner() as cursor:
        cursor.execute(HAND_WRITTEN, {"attempts": attempts})


def _accepted() -> list[int]:
    """Payouts that the bank has accepted, deep in their tables' lives; returns their attempts."""
    empty()
    program = make_program()
    sold = sell(program, HISTORY + CYCLES * 50)
    register(sold, details=True)
    settle_all(sold)
    with transaction.atomic():
        bank, transit = AccountKey(Kind.BANK, "CNY"), AccountKey(Kind.IN_TRANSIT, "CNY", program.pk)
        leg = Leg(debit=bank, credit=transit, amount_minor=PAYOUTS * 8_800)
        post(event=Event.CORRECTION, reference="bench", legs=[leg], now=timezone.now())
    with owner() as cursor:
        cursor.execute(ACCEPTED, {"program": program.pk, "payouts": PAYOUTS})
        assert value(cursor, "SELECT count(*) FROM payouts_attempt") == PAYOUTS
    settle()
    return list(Attempt.objects.order_by("pk").values_list("pk", flat=True))
