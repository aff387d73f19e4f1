"""One that fails stops nobody else, and is seen."""

import logging

import pytest

from cashback.lib.isolation import for_each, run_all


def invert(number: int) -> float:
    return 1 / number


def test_without_a_failure_everything_is_returned() -> None:
    assert for_each("number", [1, 2, 4], invert) == [1.0, 0.5, 0.25]


def test_one_failure_stops_nobody_and_is_raised_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    done: list[float] = []
    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError) as caught:
        for_each("number", [1, 0, 2], lambda number: done.append(invert(number)))
    assert done == [1.0, 0.5]
    assert caplog.messages == ["number 0 failed: ZeroDivisionError"]
    assert caught.value.__notes__ == ["number 0"]


def test_several_failures_are_raised_together() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        for_each("number", [0, 1, 0], invert)
    assert len(caught.value.exceptions) == 2


def test_a_step_that_fails_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    taken: list[str] = []
    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        run_all(("collect", lambda: invert(0)), ("send", lambda: taken.append("send")))
    assert taken == ["send"]
    assert caplog.messages == ["step collect failed: ZeroDivisionError"]
