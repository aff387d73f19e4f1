"""Charts drawn on the server: what the templates write as SVG. Widths and heights are whole numbers of its units."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 120


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, or one part of a bar."""

    x: int
    y: int
    width: int
    height: int
    value: int
    kind: str = ""


@dataclass(frozen=True)
class Chart:
    """Bars over time, the oldest on the left; `total` and `top` are told to whoever does not see them."""

    bars: list[Bar]
    total: int
    top: int
    width: int = WIDTH
    height: int = HEIGHT


def over_time(values: Sequence[int]) -> Chart:
    """A bar for each step. One that is not zero is never invisible."""
    top = max(values, default=0)
    slot = WIDTH // max(len(values), 1)
    bars = [
        Bar(
            x=number * slot + 1,
            y=HEIGHT - _height(value, top),
            width=max(slot - 2, 1),
            height=_height(value, top),
            value=value,
        )
        for number, value in enumerate(values)
        if value
    ]
    return Chart(bars, sum(values), top, slot * len(values))


def stacked(parts: Sequence[tuple[str, int]]) -> list[Bar]:
    """One bar of all parts side by side, by their share; what is there at all has at least a sliver."""
    total = sum(value for _, value in parts)
    bars: list[Bar] = []
    x = 0
    for kind, value in parts:
        if value <= 0:
            continue
        width = max(value * WIDTH // total, 2)
        bars.append(Bar(x=x, y=0, width=width, height=24, value=value, kind=kind))
        x += width
    return bars


def _height(value: int, top: int) -> int:
    return max(value * HEIGHT // top, 2) if value else 0
