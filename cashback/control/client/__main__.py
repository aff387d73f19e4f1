"""`python -m cashback.control.client --station URL APPLICATION INPUT.json`: asks a station, prints the output."""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 15.0
_ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
_ENDED: Final = frozenset({"done", "failed", "expired"})


class Refused(Exception):
    """The station did not do it; the message says why."""


def main() -> int:
    """Ask, wait, print. 0: the output is printed; 1: there is none, and why is told; 2: the question was wrong."""
    options = _options()
    try:
        text = sys.stdin.read() if options.input == "-" else Path(options.input).read_text(encoding="utf-8")
        given = json.loads(text)
        token = options.token_file.read_text(encoding="ascii").strip() if options.token_file else None
    except (OSError, ValueError) as problem:
        print(f"cashback client: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        run = ask(
            options.station,
            {"application": options.application, "version": options.version, "input": given},
            token=token,
            timeout_seconds=options.timeout,
        )
    except Refused as problem:
        print(f"cashback client: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    if run["state"] != "done":
        error = run["error"] or {"code": run["state"], "message": ""}
        print(f"cashback client: {run['state']}: {error['code']}: {error['message']}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"cashback client: station {run['station']}, copy {run['copy']}", file=sys.stderr)  # noqa: T201
    print(json.dumps(run["output"], indent=2, ensure_ascii=False))  # noqa: T201
    return 0


def ask(station: str, question: dict[str, Any], *, token: str | None, timeout_seconds: float) -> dict[str, Any]:
    """Ask a station to run an application and wait for the end of the run. Raises Refused."""
    place = f"{station.rstrip('/')}/runs"
    id = _call(place, token, question)["id"]
    deadline, pause = time.monotonic() + timeout_seconds, 0.01
    while True:
        run = _call(f"{place}/{id}", token)
        if run["state"] in _ENDED:
            return run
        if time.monotonic() > deadline:
            raise Refused(f"run {id} is still {run['state']} after {timeout_seconds:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def _call(url: str, token: str | None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    if not url.startswith(("https://", "http://")):
        raise Refused("a station's address begins with https:// or http://")
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  (checked above)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            answer: dict[str, Any] = json.loads(response.read(_ANSWER_BYTES_MAX))
            return answer
    except urllib.error.HTTPError as problem:
        with problem:
            raise Refused(_told(problem)) from None
    except (OSError, ValueError) as problem:
        raise Refused(f"the station does not answer: {problem}") from None


def _told(problem: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(problem.read(10_000))
        return f"{told['code']}: {told['detail']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"the station answered {problem.code}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cashback.control.client", description="Asks a base station.")
    parser.add_argument("--station", required=True, metavar="URL", help="its address, like http://127.0.0.1:8700")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file with the station's token")
    parser.add_argument("--version", help="a version of the application; the newest without it")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="how long to wait for the end")
    parser.add_argument("application", metavar="APPLICATION")
    parser.add_argument("input", metavar="INPUT.json", help="a file with the input, or - for standard input")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
