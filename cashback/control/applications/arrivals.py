"""How fast registrations arrive, and how sure that is, from samples of a count that grows.

The rate is the recent one: an arrival, and the time watched for it, weigh half as much for each half-life of age. The
half-life is the time in which as many arrivals came as lie ahead (30 at least): to look far ahead look far back.

Arrivals come in bursts (a shop's opening hours, an evening's news), so their variance is `dispersion` times that of a
Poisson process. It is measured over short stretches and over long ones, pulled towards 1 where there are few, and the
larger of both counts. What is known of the rate is then worth count / dispersion independent arrivals, a gamma
distribution; so are the times of the arrivals ahead. The seed is fixed: the same samples give the same answer.

How honest the band from p10 to p90 is was simulated: it held 84 % of cycles with a steady pace and with one that halves
each day, and 73 % where every two hours bring anything from nothing to five times the mean. It does not foresee what
the samples never showed: a night after one day, or a campaign that begins tomorrow.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cashback.control.applications.answering import moment
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField

ARRIVALS_MIN = 5
SAMPLES_MAX = 2_000
COUNT_MAX = 10**12
_RECENT_MIN = 30
_STRETCHES_LONG = 8
_EXPECTED_SHORT = 5.0
_PRIOR_WEIGHT = 4.0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How many were placed at a time."""

    at: datetime
    placed: int


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`per_second`, known as well as `count` arrivals tell it, each worth 1 / `dispersion` of an independent one."""

    per_second: float
    count: float
    dispersion: float

    def drawn(self, dice: random.Random) -> float:
        """A rate that may be the true one."""
        return self.per_second * _around_one(dice, self.count / self.dispersion)

    def seconds_until(self, arrivals: int, *, futures: int, seed: int = 0) -> list[float]:
        """The seconds until so many arrive, in as many futures, ascending."""
        dice, mean = random.Random(seed), arrivals / self.per_second  # noqa: S311  (a simulation, no secret)
        shape, known = arrivals / self.dispersion, self.count / self.dispersion
        return sorted(mean * _around_one(dice, shape) / _around_one(dice, known) for _ in range(futures))


def read_samples(value: list[Any], path: str) -> list[Sample]:
    """Samples of a count, the oldest first. Raises WrongField."""
    samples: list[Sample] = []
    for number, item in enumerate(value):
        here = f"{path}[{number}]"
        fields = Fields(item, here, required={"at", "placed"})
        sample = Sample(at=moment(fields, "at", here), placed=fields.whole("placed", 0, COUNT_MAX))
        if samples and sample.at <= samples[-1].at:
            raise WrongField(f"{here}.at is not later than the sample before; the oldest must come first")
        if samples and sample.placed < samples[-1].placed:
            raise WrongField(f"{here}.placed is less than in the sample before; places are never taken back")
        samples.append(sample)
    return samples


def pace(samples: Sequence[Sample], *, ahead: int) -> Pace | None:
    """The recent rate, as far back as it takes to look so many arrivals ahead; None with too few arrivals."""
    if len(samples) < 2 or samples[-1].placed - samples[0].placed < ARRIVALS_MIN:
        return None
    start = samples[0].at
    times = [(sample.at - start).total_seconds() for sample in samples]
    counts = [sample.placed for sample in samples]
    half_life = _time_of_last(times, counts, max(ahead, _RECENT_MIN))
    watched = arrived = squares = 0.0
    steps = [(times[at + 1] - times[at], counts[at + 1] - counts[at]) for at in range(len(samples) - 1)]
    for (seconds, came), end in zip(steps, times[1:], strict=True):
        weight = 0.5 ** ((times[-1] - end + seconds / 2) / half_life)
        watched += weight * seconds
        arrived += weight * came
        squares += weight * weight * came
    if arrived <= 0 or squares <= 0:  # all of them so long ago that they weigh nothing
        return None
    return Pace(per_second=arrived / watched, count=arrived**2 / squares, dispersion=_dispersion(steps))


def quantile(ascending: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return ascending[min(int(share * len(ascending)), len(ascending) - 1)]


def _time_of_last(times: list[float], counts: list[int], arrivals: int) -> float:
    """Seconds in which the last so many arrived; of all that was watched where fewer did."""
    at = bisect_right(counts, counts[-1] - arrivals) - 1
    return times[-1] - times[max(at, 0)]


def _dispersion(steps: list[tuple[float, int]]) -> float:
    total = sum(came for _, came in steps)
    long = max(total / _STRETCHES_LONG, _EXPECTED_SHORT)
    return max(1.0, _variance_ratio(steps, _EXPECTED_SHORT), _variance_ratio(steps, long))


def _variance_ratio(steps: list[tuple[float, int]], expected_min: float) -> float:
    """Pearson's chi-square by degree of freedom over stretches that each expect so many, with a prior at 1."""
    rate = sum(came for _, came in steps) / sum(seconds for seconds, _ in steps)
    stretches: list[tuple[float, int]] = []
    seconds, came = 0.0, 0
    for step_seconds, step_came in steps:
        seconds, came = seconds + step_seconds, came + step_came
        if seconds * rate >= expected_min:
            stretches.append((seconds * rate, came))
            seconds, came = 0.0, 0
    square = sum((found - expected) ** 2 / expected for expected, found in stretches)
    return (square + _PRIOR_WEIGHT) / (max(len(stretches) - 1, 0) + _PRIOR_WEIGHT)


def _around_one(dice: random.Random, shape: float) -> float:
    return max(dice.gammavariate(shape, 1 / shape), 1e-12)
