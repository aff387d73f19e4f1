"""What always holds of instructions and runs. They hold no personal data."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cashback.control.centre.queries import source
from cashback.control.centre.runs import INPUT_KEPT
from cashback.lib.books import Invariant

SWEPT_WITHIN = timedelta(hours=1)
_SQL = source("books")


def _results_are_reported(_now: datetime) -> Iterator[str]:
    for (errand,) in _SQL.rows("unreported_results"):
        yield f"errand {errand} has a result that its station did not report"
    for (errand,) in _SQL.rows("unnoticed_reports"):
        yield f"errand {errand} is open, and its station has reported the end"
    for (run,) in _SQL.rows("untold_runs"):
        yield f"run {run} is not what its errand is"


def _inputs_are_forgotten(now: datetime) -> Iterator[str]:
    for (run,) in _SQL.rows("kept_inputs", before=now - INPUT_KEPT - SWEPT_WITHIN):
        yield f"the input of run {run} is kept too long"


INVARIANTS = (
    Invariant(14, "a result is what its station reported", _results_are_reported),
    Invariant(14, "inputs of runs are forgotten after a day", _inputs_are_forgotten),
)
