"""A station's own clients: POST /runs, GET /runs/{id}, over HTTP with a bearer token."""

import hmac
import json
import threading
from typing import Any, Final

import waitress
from bottle import Bottle, HTTPResponse, request

from cashback.control.protocol.arguments import read_run
from cashback.control.protocol.envelopes import parse_json
from cashback.control.protocol.naming import IDENTIFIER, INPUT_BYTES_MAX
from cashback.control.protocol.problems import WireProblem
from cashback.control.station.station import NotTaken, Station

BODY_BYTES_MAX: Final = INPUT_BYTES_MAX


class Listener:
    """An HTTP server in a thread of its own."""

    def __init__(self, station: Station, *, address: str, token: str | None) -> None:
        host, _, port = address.rpartition(":")
        self._server = waitress.create_server(
            make_application(station, token=token),
            host=host.strip("[]") or "127.0.0.1",
            port=int(port),
            threads=4,
            max_request_body_size=2 * BODY_BYTES_MAX,
            connection_limit=200,
            channel_timeout=30,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="listener", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.close()


def make_application(station: Station, *, token: str | None) -> Bottle:
    """The WSGI application."""
    application = Bottle()

    @application.hook("before_request")  # type: ignore[untyped-decorator]
    def check_token() -> None:
        if token is None or request.path == "/healthz":
            return
        kind, _, given = request.get_header("Authorization", "").partition(" ")
        if kind not in {"Bearer", "Token"} or not hmac.compare_digest(given.encode(), token.encode()):
            raise _problem(401, "not_authenticated", "Send the station's token as Authorization: Bearer.")

    @application.post("/runs")  # type: ignore[untyped-decorator]
    def ask() -> HTTPResponse:
        if request.content_length > BODY_BYTES_MAX:
            raise _problem(413, "too_large", f"A request has at most {BODY_BYTES_MAX} bytes.")
        try:
            arguments = read_run(parse_json(request.body.read(BODY_BYTES_MAX + 1)))
        except ValueError as problem:
            raise _problem(400, "not_json", f"The body is not JSON: {problem}") from None
        except WireProblem as problem:
            raise _problem(422, problem.code, str(problem)) from None
        try:
            return _answer(202, {"id": station.ask(arguments)})
        except NotTaken as problem:
            raise _problem(503, problem.code, str(problem)) from None

    @application.get("/runs/<id>")  # type: ignore[untyped-decorator]
    def look(id: str) -> HTTPResponse:
        found = station.look(id) if IDENTIFIER.fullmatch(id) else None
        if found is None:
            raise _problem(404, "not_found", "There is no such run here, or it is more than 24 hours old.")
        return _answer(200, found)

    @application.get("/healthz")  # type: ignore[untyped-decorator]
    def health() -> HTTPResponse:
        state = station.state()
        return _answer(200, {"confinement": state.confinement, "running": state.running, "waiting": state.waiting})

    application.default_error_handler = _default_error
    return application


def _answer(status: int, value: Any, kind: str = "application/json") -> HTTPResponse:
    return HTTPResponse(json.dumps(value), status=status, headers={"Content-Type": kind, "Cache-Control": "no-store"})


def _problem(status: int, code: str, detail: str) -> HTTPResponse:
    value = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    return _answer(status, value, "application/problem+json")


def _default_error(error: Any) -> str:
    error.content_type = "application/problem+json"
    return json.dumps({"type": "about:blank", "status": error.status_code, "code": "refused", "detail": error.body})
