"""How a cycle looks from outside: what became of each of its places. Names nobody; for the public pictures."""

from enum import StrEnum

from cards.models import Program
from queueing.models import Award, AwardKind, Place, Source


class PlaceState(StrEnum):
    """What became of a place."""

    WAITING = "waiting"
    CASH = "cash"
    GIFT = "gift"
    PASSED = "passed"


def places_of_cycle(program: Program, number: int) -> dict[int, PlaceState]:
    """The places given in cycle `number` and their states, in order. A place not given yet is not in it."""
    assert number >= 1
    last = program.cycle_size * number
    given = (
        Place.objects.filter(program_id=program.pk, place__range=(last - program.cycle_size + 1, last))
        .order_by("place")
        .values_list("place", "registration_id", "registration__withdrawn_at", "registration__voided_at")
    )
    places = list(given)
    kinds = _verdicts([registration_id for _, registration_id, _, _ in places])
    return {
        place: kinds.get(registration_id) or (PlaceState.PASSED if withdrawn or void else PlaceState.WAITING)
        for place, registration_id, withdrawn, void in places
    }


def _verdicts(registration_ids: list[int]) -> dict[int, PlaceState]:
    """Cash outshines a gift: under the rule `line` a registration may have both."""
    awards = Award.objects.filter(registration_id__in=registration_ids, source=Source.CYCLE)
    kinds: dict[int, PlaceState] = {}
    for registration_id, kind in awards.values_list("registration_id", "kind"):
        if kind == AwardKind.CASH:
            kinds[registration_id] = PlaceState.CASH
        else:
            kinds.setdefault(registration_id, PlaceState.GIFT)
    return kinds
