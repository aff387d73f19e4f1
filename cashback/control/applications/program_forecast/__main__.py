"""program-forecast: thousands of simulated futures of a program, from its public numbers.

Each future takes a share of the cards sold so far that will ever register, and a pace. Nothing public tells how many of
the others still will, so every share from the present one to all is as likely. The pace is the recent one with all that
is not known of it (`arrivals` says how); as cards register fewer are left to, and the pace falls with them. No further
cards are sold. Each full cycle is paid as if all its places stood; at `closes_on` the last, incomplete one is paid its
part. The seed is fixed: the same numbers give the same forecast.

The numbers are the large input `numbers`, or `numbers` in the question itself: an object with at least

    code  face_value_minor  cycle_size  payouts_per_cycle  sold  registered  placed  as_of
    closes_on         the program's last day, or null
    cash_reserve_minor    what is reserved for cash awards, or null
    samples           [{"at","placed"}], the oldest first, as wait-estimate takes them

Of the answer's days `cash_p10`, `cash_p50` and `cash_p90` are the cash awarded from now to the end of that day (UTC),
in minor units. `reserve_low_minor` is the lowest the cash reserve gets within the days in 19 of 20 futures, null where
it is not given. `waits` tells on which day the next cycles close, null past the last day. With fewer than five arrivals
there is nothing to go by: no days, no waits and no reserve.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cashback.control.applications.answering import FILES, answer, json_value, moment, opened
from cashback.control.applications.arrivals import COUNT_MAX, SAMPLES_MAX, Pace, Sample, pace, quantile, read_samples
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField

DAYS = 30
DAYS_MAX = 366
FUTURES_MAX = 10_000
FUTURE_DAYS_MAX = 1_000_000
WAITS_MAX = 5
NUMBERS_BYTES_MAX = 1024 * 1024
SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
LOW_SHARE = 0.95
DAY_SECONDS = 86_400.0
_WHOLE = ("face_value_minor", "cycle_size", "payouts_per_cycle", "sold", "registered", "placed")
_OTHER = ("code", "as_of", "closes_on", "cash_reserve_minor", "samples")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A program as the forecast needs it."""

    code: str
    face_value_minor: int
    cycle_size: int
    payouts_per_cycle: int
    sold: int
    registered: int
    placed: int
    as_of: datetime
    closes_on: date | None
    cash_reserve_minor: int | None
    samples: list[Sample]


def forecast(question: Any) -> dict[str, Any]:
    """The answer to `{"program","futures","days"?,"numbers"?}`. Raises WrongField."""
    fields = Fields(question, "input", required={"program", "futures"}, optional=FILES | {"days", "numbers"})
    futures = fields.whole("futures", 1, FUTURES_MAX)
    days = fields.whole("days", 1, DAYS_MAX) if "days" in fields else DAYS
    if futures * days > FUTURE_DAYS_MAX:
        raise WrongField(f"input.futures times input.days are more than {FUTURE_DAYS_MAX}")
    numbers = _numbers(fields)
    if numbers.code != fields.text("program"):
        raise WrongField(f"input.program is not the program of the numbers, which are of {numbers.code[:40]!r}")
    found = pace(numbers.samples, ahead=max(numbers.sold - numbers.registered, 1))
    if found is None:
        return {"days": [], "reserve_low_minor": None, "waits": []}
    return _summed_up(numbers, _simulated(numbers, found, futures=futures, days=days))


def _simulated(numbers: Numbers, found: Pace, *, futures: int, days: int) -> list[list[int]]:
    """For each future the places given by the end of each day."""
    dice = random.Random(0)  # noqa: S311  (a simulation, no secret)
    left_today = DAY_SECONDS - (numbers.as_of - _midnight(numbers.as_of)).total_seconds()
    lengths = [left_today, *[DAY_SECONDS] * (days - 1)]
    if numbers.closes_on is not None:
        lengths = lengths[: max((numbers.closes_on - numbers.as_of.date()).days + 1, 0)]
    return [list(_future(numbers, found, lengths, dice)) for _ in range(futures)]


def _future(numbers: Numbers, found: Pace, lengths: list[float], dice: random.Random) -> Iterator[int]:
    """A gamma process: its mean is the pace times the share of cards left, its variance the dispersion's."""
    unregistered = numbers.sold - numbers.registered
    lowest = numbers.registered / numbers.sold if numbers.sold else 1.0
    share = dice.uniform(lowest, 1.0)
    coming = unregistered * (share - lowest) / (1 - lowest) if lowest < 1 else 0.0
    rate, dispersion, left = found.drawn(dice), found.dispersion, coming
    for seconds in lengths:
        mean = min(rate * seconds * left / coming, left) if coming else 0.0
        if mean > 0:
            left -= min(dice.gammavariate(mean / dispersion, dispersion), left)
        yield numbers.registered + int(coming - left)


def _summed_up(numbers: Numbers, futures: list[list[int]]) -> dict[str, Any]:
    count = len(futures[0])
    first_day, closed = numbers.as_of.date(), numbers.placed // numbers.cycle_size
    days, costs = [], [0] * len(futures)
    for day in range(count):
        last = first_day + timedelta(days=day) == numbers.closes_on
        costs = sorted(_awarded(numbers, places[day], closed, last=last) for places in futures)
        shown = {f"cash_{name}": quantile(costs, share) for name, share in SHARES.items()}
        days.append({"on": (first_day + timedelta(days=day)).isoformat(), **shown})
    reserve = numbers.cash_reserve_minor
    low = None if reserve is None else reserve - int(quantile(costs, LOW_SHARE))
    return {"days": days, "reserve_low_minor": low, "waits": _waits(numbers, futures, closed)}


def _awarded(numbers: Numbers, places: int, closed: int, *, last: bool) -> int:
    """The cash that these places bring beyond the cycles already closed."""
    cycles, rest = divmod(places, numbers.cycle_size)
    awards = (cycles - closed) * numbers.payouts_per_cycle
    if last:
        awards += numbers.payouts_per_cycle * rest // numbers.cycle_size
    return awards * numbers.face_value_minor


def _waits(numbers: Numbers, futures: list[list[int]], closed: int) -> list[dict[str, Any]]:
    """The next cycles and when they close, as long as the first of the three days is known."""
    first_day, count = numbers.as_of.date(), len(futures[0])
    waits: list[dict[str, Any]] = []
    for cycle in range(closed + 1, closed + 1 + WAITS_MAX):
        ends = sorted(bisect_left(places, cycle * numbers.cycle_size) for places in futures)
        days = {f"{name}_on": quantile(ends, share) for name, share in SHARES.items()}
        dates = {name: _date(first_day, int(day), count) for name, day in days.items()}
        if dates["p10_on"] is None:
            break
        waits.append({"cycle": cycle, **dates})
    return waits


def _date(first: date, day: int, count: int) -> str | None:
    return (first + timedelta(days=day)).isoformat() if day < count else None


def _numbers(question: Fields) -> Numbers:
    """The numbers from the question or the large input; fields that the forecast does not need may stand there too."""
    value: Any = question.raw("numbers") if "numbers" in question else None
    file = opened(question, "numbers") if value is None else None
    if file is not None:
        with file:
            text = file.read(NUMBERS_BYTES_MAX + 1)
        if len(text) > NUMBERS_BYTES_MAX:
            raise WrongField(f"input.files.numbers has more than {NUMBERS_BYTES_MAX} bytes")
        value = json_value(text, "input.files.numbers")
    if value is None:
        raise WrongField("input.numbers is missing: the program's public numbers, in the input or by their hash")
    if isinstance(value, dict):
        value = {name: value[name] for name in (*_WHOLE, *_OTHER) if name in value}
    fields = Fields(value, "input.numbers", required={*_WHOLE, *_OTHER})
    whole = {name: fields.whole(name, int(name in ("cycle_size", "sold")), COUNT_MAX) for name in _WHOLE}
    if not whole["placed"] <= whole["registered"] <= whole["sold"]:
        raise WrongField("input.numbers.placed, registered and sold are not one at most as large as the next")
    if whole["payouts_per_cycle"] > whole["cycle_size"]:
        raise WrongField("input.numbers.payouts_per_cycle is more than cycle_size")
    reserve = fields.raw("cash_reserve_minor")
    return Numbers(
        **whole,
        code=fields.text("code"),
        as_of=moment(fields, "as_of", "input.numbers").astimezone(UTC),
        closes_on=_day(fields, "closes_on"),
        cash_reserve_minor=None if reserve is None else fields.whole("cash_reserve_minor", 0, 2**62),
        samples=read_samples(fields.items("samples", SAMPLES_MAX), "input.numbers.samples"),
    )


def _day(fields: Fields, name: str) -> date | None:
    if fields.raw(name) is None:
        return None
    try:
        return date.fromisoformat(fields.text(name))
    except ValueError:
        raise WrongField(f"input.numbers.{name} is not a day, like 2026-01-31") from None


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


if __name__ == "__main__":
    answer(forecast)
