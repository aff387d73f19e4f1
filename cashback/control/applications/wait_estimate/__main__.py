"""wait-estimate: when the cycle of a place closes, with a band, from the recent rate of registrations.

A cycle closes with its last place, so the estimate is of the time until that many more registrations have come; the
last sample says what time it is now. In eight of ten cases the close lies between p10_at and p90_at, p50_at is as
often too early as too late. `arrivals` says how. A time is null where fewer than five arrivals were seen, and where it
would be more than ten years away. Of a closed cycle all three are the first sample that shows it closed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from cashback.control.applications.answering import FILES, answer
from cashback.control.applications.arrivals import COUNT_MAX, SAMPLES_MAX, Sample, pace, quantile, read_samples
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField

FUTURES = 4_000
SECONDS_MAX = 10 * 365 * 86_400.0
SHARES = {"p10_at": 0.1, "p50_at": 0.5, "p90_at": 0.9}


def estimate(question: Any) -> dict[str, Any]:
    """The answer to `{"place","cycle_size","placed","samples"}`. Raises WrongField."""
    fields = Fields(question, "input", required={"place", "cycle_size", "placed", "samples"}, optional=FILES)
    place, size = fields.whole("place", 1, COUNT_MAX), fields.whole("cycle_size", 1, 1_000_000)
    placed = fields.whole("placed", 0, COUNT_MAX)
    samples = read_samples(fields.items("samples", SAMPLES_MAX), "input.samples")
    if samples and placed < samples[-1].placed:
        raise WrongField("input.placed is less than in the last sample; places are never taken back")
    last_place = -(-place // size) * size
    if last_place <= placed:
        return dict.fromkeys(SHARES, _closed_at(samples, last_place))
    return closes(samples, last_place - placed)


def closes(samples: list[Sample], ahead: int) -> dict[str, Any]:
    """When so many more have come than at the last sample."""
    found = pace(samples, ahead=ahead)
    if found is None:
        return dict.fromkeys(SHARES)
    seconds = found.seconds_until(ahead, futures=FUTURES)
    return {name: _later(samples[-1].at, quantile(seconds, share)) for name, share in SHARES.items()}


def _closed_at(samples: list[Sample], last_place: int) -> str | None:
    return next((_printed(sample.at) for sample in samples if sample.placed >= last_place), None)


def _later(now: datetime, seconds: float) -> str | None:
    return _printed(now + timedelta(seconds=seconds)) if seconds <= SECONDS_MAX else None


def _printed(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    answer(estimate)
