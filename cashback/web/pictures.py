"""The picture of a cycle: fifty places in rows of ten, drawn on the server from what the tables say.

A coin is cash, a parcel a gift, a ring somebody who waits, a dash a place that was passed over, a dot one still free.
Shapes say it all; colours only repeat it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cards.models import Program, Rule
from queueing.cycle_places import PlaceState, places_of_cycle

CELL = 34  # the side of a cell; symbols are drawn on 32
SMALL_MAX = 100  # up to here a row has ten places
CELLS_MAX = 400  # beyond, single places cannot be told apart any more
FREE, LEADING = "empty", "leading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One place."""

    x: int
    y: int
    place: int
    state: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One cycle. `cells` is empty where there are too many to draw; then the counts make a bar."""

    number: int
    size: int
    payouts: int
    first: int
    last: int
    taken: int
    closed: bool
    counts: Mapping[str, int]
    cells: tuple[Cell, ...]
    width: int
    height: int

    @property
    def left(self) -> int:
        """How many places are still free."""
        return self.size - self.taken

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """State, start and width of the bar's pieces, out of 100."""
        pieces, start = [], 0.0
        for state in (PlaceState.CASH, PlaceState.GIFT, PlaceState.WAITING):
            width = 100 * self.counts.get(state, 0) / self.size
            pieces.append((state.value, round(start, 3), round(width, 3)))
            start += width
        return pieces


def draw(program: Program, number: int, *, closed: bool, own: int | None = None) -> Picture:
    """The picture of the program's cycle `number`; `own` is the place of whoever looks."""
    return lay_out(program, number, places_of_cycle(program, number), closed=closed, own=own)


def lay_out(
    program: Program, number: int, places: Mapping[int, PlaceState], *, closed: bool, own: int | None = None
) -> Picture:
    """Put the places' states on a grid."""
    size = program.cycle_size
    first = size * (number - 1) + 1
    states: dict[int, str] = {place: state.value for place, state in places.items()}
    if not closed and program.rule == Rule.COHORT:
        waiting = [place for place, state in sorted(places.items()) if state == PlaceState.WAITING]
        states |= dict.fromkeys(waiting[: program.payouts_per_cycle], LEADING)
    columns = 10 if size <= SMALL_MAX else 20
    cells = [
        Cell(
            x=place_at % columns * CELL,
            y=place_at // columns * CELL,
            place=first + place_at,
            state=states.get(first + place_at, FREE),
            own=first + place_at == own,
        )
        for place_at in range(size if size <= CELLS_MAX else 0)
    ]
    values = list(places.values())
    return Picture(
        number=number,
        size=size,
        payouts=program.payouts_per_cycle,
        first=first,
        last=first + size - 1,
        taken=len(places),
        closed=closed,
        counts={state.value: values.count(state) for state in PlaceState},
        cells=tuple(cells),
        width=min(columns, size) * CELL,
        height=-(-size // columns) * CELL,
    )
