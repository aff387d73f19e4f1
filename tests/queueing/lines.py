"""Lines as the tests need them: cards registered in order, passes over them, and what came of each place."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cards.models import Program
from cashback.lib.serials import parse_serial
from queueing import erasing, ordering
from queueing.models import Award, Cycle, HolderDetails, Place, Registration
from tests.factories import Cards, make_dealer, make_program, sell, sold_cards
from tests.queueing.holders import enter

Awards = dict[int, list[int]]


def line_of(registrations: int, **overrides: Any) -> tuple[Program, list[int]]:
    """A program and its registrations' ids in order of arrival."""
    program, cards = sold_cards(registrations, **overrides)
    return program, arrive(cards)


def arrive(cards: Cards, **overrides: Any) -> list[int]:
    """Register the cards one after another."""
    return [enter(card, **overrides).registration_id for card in cards]


def arrive_at_once(cards: Cards) -> list[int]:
    """Many registrations in one statement, in the order of the cards; without details. For what only counts places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_registration (card_id, program_id, lot_id, registered_at, receipt_digest,"
            " receipt_generation, nonce, leaf, signature, signing_key_id, language, terms_version)"
            " SELECT number, lot.program_id, lot.id,"
            "        greatest(clock_timestamp(), line.cut_at) + turn * interval '1 microsecond',"
            "        sha256(number::text::bytea), 0, sha256(number::text::bytea),"
            "        encode(sha256(number::text::bytea), 'hex'), '', '', 'en', '1'"
            "   FROM unnest(%s::bigint[]) WITH ORDINALITY AS arriving (number, turn)"
            "   JOIN cards_lot AS lot ON lot.numbers @> number AND lot.ended_at IS NULL"
            "   JOIN queueing_line AS line ON line.program_id = lot.program_id"
            "  ORDER BY turn RETURNING id",
            [[parse_serial(serial).number for serial, _ in cards]],
        )
        return [registration for (registration,) in cursor.fetchall()]


def leave(registration_id: int) -> None:
    """Withdraw a registration, as far as the line is concerned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queueing_registration AS registration"
            "   SET withdrawn_at = greatest(clock_timestamp(), line.settled_at + interval '1 microsecond')"
            "  FROM queueing_line AS line"
            " WHERE line.program_id = registration.program_id AND registration.id = %s",
            [registration_id],
        )
        erasing.erase(registration_ids=[registration_id], what="payee_and_contact", why="withdrawn", now=timezone.now())


def settle(program: Program) -> ordering.PassReport:
    """A pass, and the signer's round after it."""
    report = ordering.run_pass(program_id=program.pk)
    erasing.sign_erasures()
    return report


def awards_of(program: Program, kind: str) -> Awards:
    """The places awarded, by cycle."""
    found: Awards = {}
    for cycle, place in (
        Award.objects.filter(program=program, kind=kind, source="cycle")
        .order_by("source_id", "place")
        .values_list("source_id", "place")
    ):
        found.setdefault(cycle, []).append(place)
    return found


def places_of(program: Program) -> list[int]:
    """The registrations' ids in order of their places, which are checked to be 1, 2, 3 ..."""
    rows = list(Place.objects.filter(program=program).order_by("place").values_list("place", "registration_id"))
    assert [place for place, _ in rows] == list(range(1, len(rows) + 1))
    return [registration for _, registration in rows]


def in_arrival_order(program: Program) -> list[int]:
    """The registrations' ids as they arrived."""
    return list(
        Registration.objects.filter(program=program).order_by("registered_at", "id").values_list("id", flat=True)
    )


def held_payees(program: Program) -> set[int]:
    """Whose payee is held."""
    held = HolderDetails.objects.filter(registration__program=program, payee__isnull=False)
    return set(held.values_list("registration_id", flat=True))


def cycles_of(program: Program) -> list[Cycle]:
    """The closed cycles in order."""
    return list(Cycle.objects.filter(program=program).order_by("number"))


def small(**overrides: Any) -> dict[str, Any]:
    """A program of cycles of five that pay two: small enough to see through."""
    return {"cycle_size": 5, "payouts_per_cycle": 2, "card_price_minor": 6_000, **overrides}


def closing_today(registrations: int, **overrides: Any) -> tuple[Program, list[int]]:
    """A line whose program was sold 91 days ago and closes today."""
    past = timezone.now() - timedelta(days=200)
    program = make_program(now=past, closes_on=timezone.localdate(), **overrides)
    cards = sell(program, make_dealer(), registrations, now=past) if registrations else []
    return program, arrive(cards)
