"""What is to be done, in order, as many at the same time as the limit says; each step stands in the journal first."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from cashback.control.protocol.naming import SEQUENCE_FINAL, SEQUENCE_RUNNING
from cashback.control.station.journal import Journal, Step, Work
from cashback.control.station.running import Answer, failed

log = logging.getLogger(__name__)

_ATTEMPTS_MAX: Final = 3
_RUN: Final = "run"


class Desk:
    """Starts waiting work in threads. Runs obey pause and limit; copies are fetched and dropped one after another."""

    def __init__(self, journal: Journal, *, do: Callable[[Work], Answer], limit: int, paused: bool) -> None:
        self._journal = journal
        self._do = do
        self._step: Callable[[Work, int, str, Answer | None], Step | None] = lambda *_: None
        self._ended: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        self._waiting: deque[Work] = deque()
        self._running: dict[str, Work] = {}
        self._limit = limit
        self._paused = paused
        self._closed = False
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)

    def start(self, *, step: Callable[[Work, int, str, Answer | None], Step | None], ended: Callable[[], None]) -> None:
        """Begin, with what an earlier process left. `step` signs a report, `ended` hears when one is in the journal."""
        self._step, self._ended = step, ended
        self._waiting.extend(self._journal.recover())
        self._thread.start()

    def add(self, work: Work) -> None:
        """It stands in the journal; do it in its turn."""
        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()

    def set(self, *, limit: int | None = None, paused: bool | None = None) -> None:
        """Change how many runs may run."""
        with self._changed:
            self._limit = self._limit if limit is None else limit
            self._paused = self._paused if paused is None else paused
            self._changed.notify_all()

    def drop_waiting(self, id: str) -> Work | None:
        """Take work away that has not begun."""
        with self._changed:
            found = next((work for work in self._waiting if work.id == id), None)
            if found is not None:
                self._waiting.remove(found)
            return found

    def counts(self) -> tuple[int, int, int]:
        """Runs that run, work that waits, the limit."""
        with self._changed:
            return sum(work.verb == _RUN for work in self._running.values()), len(self._waiting), self._limit

    def close(self, *, timeout_seconds: float) -> bool:
        """Begin nothing more and wait for what runs; whether all of it ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._abandoned = not self._changed.wait_for(lambda: not self._running, timeout_seconds)
            return not self._abandoned

    def finish(self, work: Work, answer: Answer) -> None:
        """Write the end of a piece of work."""
        step = self._step(work, SEQUENCE_FINAL, answer.state, answer)
        self._journal.finish(
            work.id, state=answer.state, result=answer.result, error=answer.error, now=time.time(), step=step
        )
        self._ended()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next() is not None, timeout=1.0)
                if self._closed:
                    return
                work = self._next()
                if work is None:
                    continue
                self._waiting.remove(work)
                self._running[work.id] = work
            threading.Thread(target=self._see_through, args=(work,), name=f"work {work.id}", daemon=True).start()

    def _next(self) -> Work | None:
        runs = sum(work.verb == _RUN for work in self._running.values())
        errands = len(self._running) - runs
        now = time.time()
        for work in self._waiting:
            if now >= work.expires_at or (
                errands == 0 if work.verb != _RUN else not self._paused and runs < self._limit
            ):
                return work
        return None

    def _see_through(self, work: Work) -> None:
        try:
            answer = self._answer(work)
            if not self._abandoned:  # what the station's own end cut off is done again after the next start
                self.finish(work, answer)
        except Exception:
            log.exception("work %s could not be written down; it is done again after the next start", work.id)
        finally:
            with self._changed:
                del self._running[work.id]
                self._changed.notify_all()

    def _answer(self, work: Work) -> Answer:
        if time.time() >= work.expires_at:
            return failed("expired", "its time was over before it could begin")
        step = self._step(work, SEQUENCE_RUNNING, "running", None)
        attempts = self._journal.start(work.id, step=step)
        self._ended()
        if attempts > _ATTEMPTS_MAX:
            return failed("station_ended", f"the station ended {_ATTEMPTS_MAX} times while it did this")
        try:
            return self._do(work)
        except Exception as problem:  # the edge of a piece of work: the station lives
            log.exception("work %s failed", work.id)
            return failed("station_error", type(problem).__name__)
