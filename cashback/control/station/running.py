"""Runs: a verified copy and its inputs in, a JSON value out, in confinement."""

import json
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from cashback.control.protocol.arguments import RunArguments
from cashback.control.protocol.envelopes import canonical, parse_json
from cashback.control.station.confinement.runner import ConfinementBroken, Limits, Outcome, Run, Runner
from cashback.control.station.copies import Copies, CopyProblem
from cashback.control.station.inputs import InputProblem, Inputs

_FIRST_FILE: Final = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a piece of work."""

    state: str
    result: dict[str, Any]
    error: dict[str, str] | None = None


class Runs:
    """Starts applications and can stop them."""

    def __init__(self, *, copies: Copies, inputs: Inputs, runner: Runner, limits: Limits) -> None:
        self._copies = copies
        self._inputs = inputs
        self._runner = runner
        self._limits = limits
        self._lock = threading.Lock()
        self._going: dict[str, Run | None] = {}
        self._stopped: set[str] = set()

    def run(self, id: str, arguments: RunArguments) -> Answer:
        """Run an application once and wait for it."""
        result: dict[str, Any] = {}
        with self._lock:
            self._going[id] = None
        try:
            bundle = self._copies.obtain(arguments.application, arguments.version)
            result = {"copy": bundle.how, "application": bundle.word.application, "version": bundle.word.version}
            outcome = self._run(id, bundle.data, arguments)
        except (CopyProblem, InputProblem) as problem:
            return failed(problem.code, str(problem), result)
        except ConfinementBroken as problem:
            return failed("not_confined", str(problem), result)
        finally:
            with self._lock:
                self._going.pop(id, None)
                self._stopped.discard(id)
        return _answer(outcome, result)

    def stop(self, id: str) -> bool:
        """End a run; False if it does not run."""
        with self._lock:
            if id not in self._going:
                return False
            self._stopped.add(id)
            run = self._going[id]
        if run is not None:
            run.stop()
        return True

    def stop_all(self) -> None:
        """End every run."""
        with self._lock:
            ids = list(self._going)
        for id in ids:
            self.stop(id)

    def _run(self, id: str, bundle: bytes, arguments: RunArguments) -> Outcome:
        limits = self._limits
        if arguments.seconds_max is not None:
            limits = replace(limits, wall_seconds=float(arguments.seconds_max), cpu_seconds=arguments.seconds_max)
        with ExitStack() as stack:
            files: dict[str, int] = {}
            for name, sha256 in sorted(arguments.files.items()):
                files[name] = self._inputs.open(sha256)
                stack.callback(os.close, files[name])
            given = arguments.input
            if files:
                numbers = {name: _FIRST_FILE + place for place, name in enumerate(files)}
                given = {**given, "files": numbers} if isinstance(given, dict) else {"files": numbers}
            run = self._runner.begin(bundle, canonical(given).encode(), limits=limits, files=list(files.values()))
        with self._lock:
            self._going[id] = run
            stopped = id in self._stopped
        if stopped:
            run.stop()
        return run.wait()


def failed(code: str, message: str, result: dict[str, Any] | None = None) -> Answer:
    """The answer of work that came to nothing."""
    return Answer(state="failed", result=result or {}, error={"code": code, "message": message[:1000]})


def _answer(outcome: Outcome, result: dict[str, Any]) -> Answer:
    result = {**result, "seconds": round(outcome.seconds, 4), "cpu_seconds": round(outcome.cpu_seconds, 4)}
    if outcome.code is not None:
        return failed(outcome.code, outcome.message, result)
    try:
        output = parse_json(outcome.output)
        json.dumps(output, allow_nan=False)
    except ValueError:
        return failed("not_json", "what it printed is not one JSON value", result)
    return Answer(state="done", result={**result, "output": output})
