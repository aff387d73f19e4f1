"""Built-in applications as what they are: zip files that Python runs, with no environment and nothing installed."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cashback.control.applications.building import build

SECONDS_MAX = 60


def ask(application: str, question: Any, *, files: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    """The answer to a good question; the large inputs are open files, as a station gives them."""
    status, answer, errors = ask_text(application, question, files=files)
    assert (status, errors) == (0, "")
    return answer


def refusal(application: str, question: Any, *, files: Mapping[str, bytes] | None = None) -> str:
    """What is said to a wrong question."""
    status, answer, errors = ask_text(application, question, files=files)
    assert status == 1
    assert answer == {"error": errors.removesuffix("\n")}, errors
    return str(answer["error"])


def ask_text(
    application: str, question: Any, *, files: Mapping[str, bytes] | None = None
) -> tuple[int, dict[str, Any], str]:
    """Status, answer and error output."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "app.zip").write_bytes(build(application))
        given = {}
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
            given[name] = os.open(folder / name, os.O_RDONLY)
            stack.callback(os.close, given[name])
        if given:
            question = {**question, "files": given}
        text = question if isinstance(question, bytes) else json.dumps(question).encode()
        done = subprocess.run(
            [sys.executable, "-I", "-W", "error", str(folder / "app.zip")],
            input=text,
            capture_output=True,
            check=False,
            cwd="/",
            env={},
            pass_fds=list(given.values()),
            timeout=SECONDS_MAX,
        )
    return done.returncode, json.loads(done.stdout or b"{}"), done.stderr.decode()
