"""Reports: signed when the step happens, kept in the journal, sent in order until the broker has taken them."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from celery import Celery
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from cashback.control.protocol.envelopes import Signer
from cashback.control.protocol.messages import Problem, Report, StationState
from cashback.control.protocol.naming import REPORT_QUEUE, REPORT_TASK
from cashback.control.protocol.problems import TooLarge
from cashback.control.station.journal import Journal, Step

log = logging.getLogger(__name__)

_AT_ONCE_MAX: Final = 100
_PAUSE_SECONDS_MAX: Final = 5.0
_FORGET_SECONDS: Final = 600.0


class Reporter:
    """Writes the station's reports."""

    def __init__(self, *, name: str, signer: Signer, state: Callable[[], StationState]) -> None:
        self._name = name
        self._signer = signer
        self._state = state

    def step(
        self,
        instruction: str,
        sequence: int,
        state: str,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
        station_state: StationState | None = None,
    ) -> Step:
        """The signed report of a step. What cannot be sent becomes a failure that can."""
        report = Report(
            instruction=instruction,
            station=self._name,
            sequence=sequence,
            state=state,
            at=datetime.now(UTC),
            result=result or {},
            error=None if error is None else Problem(**error),
            station_state=station_state or self._state(),
        )
        try:
            return Step(sequence=sequence, envelope=self._signer.seal("report", report.to_body()))
        except TooLarge:
            told = {"code": "too_much_output", "message": "the result is larger than a report may be"}
            return self.step(instruction, sequence, "failed", error=told, station_state=report.station_state)


class Outbox:
    """Sends what the journal holds for the centre; a broker that is away is asked again and again."""

    def __init__(self, journal: Journal, app: Celery) -> None:
        self._journal = journal
        self._app = app
        self._queue = Queue(REPORT_QUEUE, Exchange(""), routing_key=REPORT_QUEUE)
        self._broker_errors: tuple[type[BaseException], ...] = (
            OperationalError,
            OSError,
            *app.connection_for_write().connection_errors,
            *app.connection_for_write().channel_errors,
        )
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def stop(self, *, timeout_seconds: float) -> None:
        """Send what can be sent at once, and end. What is left is sent after the next start."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        connection, pause, forgot_at = None, 0.1, 0.0
        while True:
            self._wake.clear()
            try:
                if connection is None:
                    connection = self._app.connection_for_write()
                while self._send_some(connection):
                    pass
                pause = 0.1
            except self._broker_errors as problem:
                log.warning("reports wait: the broker does not take them: %s", str(problem)[:300])
                if connection is not None:
                    connection.release()
                    connection = None
                if self._stopping:
                    return
                time.sleep(pause)
                pause = min(pause * 2, _PAUSE_SECONDS_MAX)
                continue
            if self._stopping:
                return
            if time.monotonic() - forgot_at > _FORGET_SECONDS:
                self._journal.forget_old(now=time.time())
                forgot_at = time.monotonic()
            self._wake.wait(1.0)

    def _send_some(self, connection: Any) -> int:
        reports = self._journal.unsent(_AT_ONCE_MAX)
        sent = []
        try:
            for report in reports:
                self._app.send_task(
                    REPORT_TASK,
                    args=[report.envelope],
                    queue=self._queue,  # type: ignore[arg-type] # Celery takes a Queue too
                    connection=connection,
                    retry=False,
                    ignore_result=True,
                    argsrepr="",
                )
                sent.append(report.position)
        finally:
            if sent:
                self._journal.mark_sent(sent, now=time.time())
        return len(reports)
