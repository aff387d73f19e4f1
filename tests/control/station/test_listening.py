"""A station's own clients, by HTTP and by the small program."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cashback.env import ROOT
from tests.control.station.conftest import Starts
from tests.control.station.house import (
    ECHO,
    NOBODY,
    Broker,
    Centre,
    StationProcess,
    Street,
    bundle,
    eventually,
    free_port,
)

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def url(street: Street, start_station: Starts, centre: Centre) -> str:
    centre.publish("echo", "1", ECHO)
    centre.publish("fails", "1", bundle("raise SystemExit('no samples')"))
    token = street.folder / "token"
    token.write_text(f"{TOKEN}\n")
    token.chmod(0o644)
    port = free_port()
    start_station("west", "--listen", f"127.0.0.1:{port}", "--token-file", str(token))
    return f"http://127.0.0.1:{port}"


def _call(url: str, body: Any = None, *, token: str = TOKEN, raw: bytes | None = None) -> tuple[int, Any]:
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, json.load(problem) | {"kind": problem.headers["Content-Type"]}


def _end(url: str, question: dict[str, Any]) -> Any:
    status, answer = _call(f"{url}/runs", question)
    assert status == 202

    def ended() -> Any:
        run = _call(f"{url}/runs/{answer['id']}")[1]
        return run if run["state"] in {"done", "failed", "expired"} else None

    return eventually(ended)


def test_a_client_needs_no_version_and_the_copy_stays(url: str) -> None:
    first = _end(url, {"application": "echo", "input": {"place": 1}})
    second = _end(url, {"application": "echo", "version": "1", "input": [2]})
    assert {name: first[name] for name in ("state", "station", "copy", "output", "error")} == {
        "state": "done",
        "station": "west",
        "copy": "fetched",
        "output": {"echo": {"place": 1}},
        "error": None,
    }
    assert (second["copy"], second["output"]) == ("local", {"echo": [2]})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"application": "echo"}, 422, "wrong_field"),
        ({"application": "../echo", "input": 1}, 422, "wrong_field"),
        ({"application": "echo", "input": 1, "more": 1}, 422, "wrong_field"),
        ({"application": "echo", "input": "x" * 70_000}, 413, "too_large"),
    ],
)
def test_a_wrong_question_is_answered_with_the_reason(url: str, body: Any, status: int, code: str) -> None:
    answer = _call(f"{url}/runs", body)
    assert (answer[0], answer[1]["code"], answer[1]["kind"]) == (status, code, "application/problem+json")


def test_what_is_not_json_not_there_or_not_allowed_is_told(url: str) -> None:
    assert _call(f"{url}/runs", raw=b"{")[1]["code"] == "not_json"
    assert _call(f"{url}/runs/unknown")[0] == 404
    assert _call(f"{url}/elsewhere")[0] == 404
    assert _call(f"{url}/runs/unknown", token="wrong")[1]["code"] == "not_authenticated"


def test_a_client_gets_what_failed_told(url: str) -> None:
    run = _end(url, {"application": "fails", "input": 1})
    assert (run["state"], run["error"]) == ("failed", {"code": "application_failed", "message": "no samples"})


def _client(street: Street, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command, environment = street.command("-m", "cashback.control.client", "--station", url, *arguments)
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=20, cwd=ROOT.anchor, check=False
    )


def test_the_small_program_asks_and_prints(street: Street, url: str) -> None:
    question = street.folder / "question.json"
    question.write_text('{"place": 9}')
    question.chmod(0o644)
    token = str(street.folder / "token")
    done = _client(street, url, "--token-file", token, "echo", str(question))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"echo": {"place": 9}})
    failed = _client(street, url, "--token-file", token, "fails", str(question))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "no samples" in failed.stderr
    assert _client(street, url, "echo", str(question)).returncode == 1
    assert _client(street, url, "echo", "/nowhere.json").returncode == 2
    assert _client(street, "http://127.0.0.1:9", "echo", str(question)).returncode == 1


def test_clients_need_neither_centre_nor_broker_once_the_copy_is_there(url: str, broker: Broker) -> None:
    _end(url, {"application": "echo", "input": 1})
    broker.kill()
    assert _end(url, {"application": "echo", "input": "alone"})["output"] == {"echo": "alone"}
    broker.start()


def test_a_station_does_not_run_as_root(street: Street, url: str) -> None:
    if street.moved is None:
        pytest.skip("only root can try")
    command, environment = street.command("-m", "cashback.control.station", "--config", "x", "--dir", "y")
    refused = subprocess.run(command[5:], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert command[1] == f"--reuid={NOBODY}"
    assert (refused.returncode, "does not run as root" in refused.stderr) == (2, True)


def test_listening_beyond_this_machine_needs_a_token(street: Street, centre: Centre) -> None:
    station = StationProcess(street, centre, "east", "--listen", "0.0.0.0:0")
    with pytest.raises(AssertionError, match="needs a --token-file"):
        station.start()
    assert isinstance(station.dir, Path)
