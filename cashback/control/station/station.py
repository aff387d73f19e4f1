"""The station: takes instructions and its own clients' wishes, does them, remembers and reports."""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from cashback.control.protocol.arguments import (
    CopyArguments,
    LimitArguments,
    RunArguments,
    StopArguments,
    read_arguments,
)
from cashback.control.protocol.envelopes import Signer, open_envelope
from cashback.control.protocol.messages import Instruction, StationState
from cashback.control.protocol.naming import SEQUENCE_ACCEPTED, SEQUENCE_FINAL
from cashback.control.protocol.problems import Expired, FromTheFuture, WireProblem
from cashback.control.station.configuration import Configuration
from cashback.control.station.confinement.probing import Confinement
from cashback.control.station.copies import Copies, CopyProblem
from cashback.control.station.desk import Desk
from cashback.control.station.journal import Journal, Step, Work
from cashback.control.station.reporting import Reporter
from cashback.control.station.running import Answer, Runs, failed

log = logging.getLogger(__name__)

WAITING_MAX: Final = 1000
LIMIT_DEFAULT: Final = 2
_CLIENT_SECONDS: Final = 24 * 3600.0


class NotTaken(Exception):
    """A client's run that the station does not take now."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a station is made of."""

    configuration: Configuration
    signer: Signer
    journal: Journal
    copies: Copies
    runs: Runs
    confinement: Confinement
    allow_unconfined: bool


class Station:
    """One base station."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._wake: Callable[[], None] = lambda: None
        self._reporter = Reporter(name=parts.configuration.name, signer=parts.signer, state=self.state)
        limit, paused = self._journal.fact("limit", LIMIT_DEFAULT), self._journal.fact("paused", False)
        self._draining = bool(self._journal.fact("draining", False))
        self._paused = bool(paused)
        self._desk = Desk(self._journal, do=self._do, limit=limit, paused=self._paused)
        self._instant: dict[str, Callable[[Any], tuple[Answer, dict[str, Any]]]] = {
            "roll-call": lambda _: (Answer(state="done", result={}), {}),
            "pause": lambda _: (Answer(state="done", result={}), {"paused": True}),
            "resume": lambda _: (Answer(state="done", result={}), {"paused": False, "draining": False}),
            "drain": lambda _: (Answer(state="done", result={}), {"draining": True}),
            "set-limit": self._set_limit,
            "stop-run": self._stop_run,
        }

    def start(self, *, wake: Callable[[], None]) -> None:
        """Go on where the journal ends. `wake` is called when there is a report to send."""
        self._wake = wake
        self._desk.start(step=self._sign, ended=wake)

    def close(self, *, timeout_seconds: float) -> None:
        """Begin nothing more, let what runs end, and stop what does not; it is done again after the next start."""
        if not self._desk.close(timeout_seconds=timeout_seconds):
            log.warning("some runs did not end in time; they are begun anew after the next start")

    def receive(self, text: str) -> None:
        """Act on a message from the queue: once, whatever comes how often. Never raises for what a message holds."""
        try:
            keys = self._parts.configuration.centre_keys
            instruction = Instruction.from_body(open_envelope(text, kind="instruction", keys=keys))
            if self._journal.find(instruction.id) is not None:
                self._journal.answer_again(instruction.id)
                self._wake()
                return
            try:
                instruction.check_for(self._parts.configuration.name, now=datetime.now(UTC))
            except (Expired, FromTheFuture) as problem:
                self._refuse(instruction, problem.code, str(problem))
                return
        except WireProblem as problem:
            # Whoever sent this cannot be told: it is not from the centre, or not for this station.
            log.warning("a message is turned away: %s: %s", problem.code, problem)
            self._journal.count_fact("turned_away")
            return
        self._take(instruction)

    def ask(self, arguments: RunArguments) -> str:
        """Take a client's run; its id. Raises NotTaken."""
        refusal = self._refusal("run")
        if refusal is not None:
            raise NotTaken(*refusal)
        id, now = uuid.uuid4().hex, time.time()
        body = arguments.to_body()
        self._journal.accept(
            id=id, origin="client", verb="run", arguments=body, now=now, expires_at=now + _CLIENT_SECONDS, step=None
        )
        self._add(id)
        return id

    def look(self, id: str) -> dict[str, Any] | None:
        """A client's run as its client may see it."""
        work = self._journal.find(id)
        if work is None or work.origin != "client":
            return None
        state = {"accepted": "queued", "refused": "failed"}.get(work.state, work.state)
        if work.error is not None and work.error["code"] == "expired":
            state = "expired"
        return {
            "id": id,
            "state": state,
            "station": self._parts.configuration.name,
            "copy": work.result.get("copy"),
            "output": work.result.get("output"),
            "error": work.error,
        }

    def state(self, **changes: Any) -> StationState:
        """How the station is; `changes` are what is about to be written."""
        running, waiting, limit = self._desk.counts()
        limit = changes.get("limit", limit)
        return StationState(
            paused=changes.get("paused", self._paused),
            draining=changes.get("draining", self._draining),
            limit=limit,
            running=running,
            waiting=waiting,
            copies=self._parts.copies.held(),
            confinement=self._parts.confinement.level,
            confinement_missing=self._parts.confinement.missing[:40],
            load=round((running + waiting) / max(limit, 1), 3),
            turned_away=int(self._journal.fact("turned_away", 0)),
            version=_own_version(),
        )

    def _take(self, instruction: Instruction) -> None:
        refusal = self._refusal(instruction.verb)
        if refusal is not None:
            self._refuse(instruction, *refusal)
        elif instruction.verb in self._instant:
            answer, facts = self._instant[instruction.verb](instruction.arguments)
            self._end_at_once(instruction, answer, facts)
        else:
            step = self._reporter.step(instruction.id, SEQUENCE_ACCEPTED, "accepted")
            if self._accept(instruction, step):
                self._add(instruction.id)
        self._wake()

    def _refusal(self, verb: str) -> tuple[str, str] | None:
        if verb != "run":
            return None
        if self._parts.confinement.level == "none" and not self._parts.allow_unconfined:
            return "unconfined", "this machine cannot confine an application, so it runs none"
        if self._draining:
            return "draining", "the station takes no more runs"
        if self._desk.counts()[1] >= WAITING_MAX:
            return "busy", f"{WAITING_MAX} runs are waiting already"
        return None

    def _refuse(self, instruction: Instruction, code: str, message: str) -> None:
        answer = Answer(state="refused", result={}, error={"code": code, "message": message})
        self._end_at_once(instruction, answer, {})
        self._wake()

    def _end_at_once(self, instruction: Instruction, answer: Answer, facts: dict[str, Any]) -> None:
        """Accept and finish. A kill between the two finds it accepted after the start, and the desk does it again."""
        if not self._accept(instruction, None):
            return
        self._apply(facts)
        state = self.state(**facts)
        step = self._reporter.step(
            instruction.id, SEQUENCE_FINAL, answer.state, result=answer.result, error=answer.error, station_state=state
        )
        self._journal.finish(
            instruction.id,
            state=answer.state,
            result=answer.result,
            error=answer.error,
            now=time.time(),
            step=step,
            facts=facts,
        )

    def _accept(self, instruction: Instruction, step: Step | None) -> bool:
        return self._journal.accept(
            id=instruction.id,
            origin="centre",
            verb=instruction.verb,
            arguments=instruction.arguments.to_body(),
            now=time.time(),
            expires_at=instruction.expires_at.timestamp(),
            step=step,
        )

    def _add(self, id: str) -> None:
        work = self._journal.find(id)
        assert work is not None
        self._desk.add(work)

    def _apply(self, facts: dict[str, Any]) -> None:
        self._paused = facts.get("paused", self._paused)
        self._draining = facts.get("draining", self._draining)
        self._desk.set(limit=facts.get("limit"), paused=facts.get("paused"))

    def _set_limit(self, arguments: LimitArguments) -> tuple[Answer, dict[str, Any]]:
        return Answer(state="done", result={}), {"limit": arguments.limit}

    def _stop_run(self, arguments: StopArguments) -> tuple[Answer, dict[str, Any]]:
        waiting = self._desk.drop_waiting(arguments.instruction)
        if waiting is not None:
            self._desk.finish(waiting, failed("stopped", "it was stopped before it began"))
        stopped = waiting is not None or self._parts.runs.stop(arguments.instruction)
        return Answer(state="done", result={"stopped": stopped}), {}

    def _sign(self, work: Work, sequence: int, state: str, answer: Answer | None) -> Step | None:
        if work.origin != "centre":
            return None
        result, error = (answer.result, answer.error) if answer is not None else ({}, None)
        return self._reporter.step(work.id, sequence, state, result=result, error=error)

    def _do(self, work: Work) -> Answer:
        """What the desk calls: the slow verbs, and what a kill interrupted of the quick ones."""
        arguments: Any = read_arguments(work.verb, work.arguments)
        if work.verb == "run":
            return self._parts.runs.run(work.id, arguments)
        if work.verb in self._instant:
            answer, facts = self._instant[work.verb](arguments)
            for name, value in facts.items():
                self._journal.set_fact(name, value)
            self._apply(facts)
            return answer
        return self._do_copy(work.verb, arguments)

    def _do_copy(self, verb: str, arguments: CopyArguments) -> Answer:
        copies, application, wanted = self._parts.copies, arguments.application, arguments.version
        if verb == "drop-copy":
            return Answer(state="done", result={"dropped": copies.drop(application, wanted)})
        try:
            bundle = copies.obtain(application, wanted)
        except CopyProblem as problem:
            return failed(problem.code, str(problem))
        result: dict[str, Any] = {"copy": bundle.how, "sha256": bundle.word.sha256}
        if verb == "upgrade":
            result["dropped"] = copies.drop_others(application, wanted)
        return Answer(state="done", result=result)


def _own_version() -> str:
    try:
        return version("cashback")
    except PackageNotFoundError:
        return "0"
