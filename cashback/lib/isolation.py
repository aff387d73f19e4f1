"""One that fails does not stop the others: what the schedule does for many is done for each of them."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


def for_each(what: str, items: Iterable[Item], work: Callable[[Item], Result]) -> list[Result]:
    """Do the work for every item, whichever of them fails; the results of those that did not.

    Each failure is logged by `what`, item and kind of error, without its text, which may quote a row. At the end the
    error is raised, so that the task counts as failed; where there are several, an ExceptionGroup of them. Call it
    outside of any transaction.
    """
    results: list[Result] = []
    errors: list[Exception] = []
    for item in items:
        try:
            results.append(work(item))
        except Exception as error:  # noqa: BLE001  raised again below
            logger.error("%s %s failed: %s", what, item, type(error).__name__)
            error.add_note(f"{what} {item}")
            errors.append(error)
    if len(errors) > 1:
        raise ExceptionGroup(f"{len(errors)} failed, of {what}", errors)
    if errors:
        raise errors[0]
    return results


def run_all(*steps: tuple[str, Callable[[], object]]) -> None:
    """Take every step, in order, whichever of them fails; named for the log. Raises as `for_each` does."""
    for_each("step", [name for name, _ in steps], lambda name: dict(steps)[name]())
