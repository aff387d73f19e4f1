"""A tiny centre, a Redis with an ACL, and stations as processes of an unprivileged user."""

import base64
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import redis
from celery import Celery
from kombu import Exchange, Queue

from cashback.control.protocol.arguments import read_arguments
from cashback.control.protocol.envelopes import Signer, encode_base64url, open_envelope, parse_json
from cashback.control.protocol.messages import BundleWord, Enrolment, Instruction, Report
from cashback.control.protocol.naming import BUNDLE_HEADER, INSTRUCT_TASK, REPORT_QUEUE, acl_rules, station_queue
from cashback.control.station.configuration import key_file
from cashback.control.station.moving import Moved, move_out, others_reach
from cashback.embedded.redis import find_program

NOBODY = 65534
T = TypeVar("T")


def bundle(source: str) -> bytes:
    """A zip application of one module."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), source)
    return file.getvalue()


ECHO = bundle("import json, sys\njson.dump({'echo': json.load(sys.stdin)}, sys.stdout)\n")
SLOW = bundle("import json, sys, time\ntime.sleep(json.load(sys.stdin))\nprint(1)\n")


def eventually(look: Callable[[], T | None], *, seconds: float = 8.0) -> T:
    """What `look` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Broker:
    """A Redis of the tests' own: nothing is kept when it is killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.stations: list[str] = []

    def start(self) -> None:
        command = [
            str(find_program()),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.process = subprocess.Popen([*command, "--requirepass", "centre"], stdout=subprocess.DEVNULL, cwd="/")
        client = self.client()

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        eventually(answers)
        for name in self.stations:
            self.admit(name)

    def admit(self, name: str) -> None:
        """A user for one station, limited to its keys."""
        execute: Any = self.client().execute_command
        execute("ACL", "SETUSER", f"station-{name}", "on", f">{name}-password", *acl_rules(name))
        if name not in self.stations:
            self.stations.append(name)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password="centre")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def url(self) -> str:
        return f"redis://:centre@127.0.0.1:{self.port}/0"

    def station_url(self, name: str) -> str:
        return f"redis://station-{name}:{name}-password@127.0.0.1:{self.port}/0"


class Centre:
    """Publishes bundles, signs instructions, reads reports."""

    def __init__(self, broker: Broker) -> None:
        self.signer = Signer.generate()
        self.broker = broker
        self.answers: dict[str, list[tuple[int, bytes, str]]] = {}
        self.inputs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.announced: list[Enrolment] = []
        self.reports: list[Report] = []
        self.public_keys: dict[str, bytes] = {}
        self.app = Celery("centre", broker=broker.url, set_as_current=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.app.close()

    def publish(
        self, application: str, version: str, data: bytes, *, signer: Signer | None = None, served: bytes | None = None,
        withdrawn: bool = False, first: bool = True,
    ) -> str:  # fmt: skip
        """Offer a version; `served` is sent instead of what was signed. The digest."""
        digest = hashlib.sha256(data).hexdigest()
        word = BundleWord(application=application, version=version, sha256=digest, size=len(data), withdrawn=withdrawn)
        header = encode_base64url((signer or self.signer).seal("bundle", word.to_body()).encode())
        for place in (f"/api/v1/applications/{application}/{version}", f"/api/v1/applications/{application}/latest"):
            answers = [] if first else self.answers.get(place, [])
            self.answers[place] = [*answers, (200, data if served is None else served, header)]
        return digest

    def instruct(
        self, station: str, verb: str, arguments: dict[str, Any] | None = None, *, id: str = "", seconds: float = 60
    ) -> str:
        """Send an instruction; its id."""
        text, id = self.instruction(station, verb, arguments, id=id, seconds=seconds)
        self.send(station, text)
        return id

    def instruction(
        self, station: str, verb: str, arguments: dict[str, Any] | None = None, *, id: str = "", seconds: float = 60,
        issued_at: datetime | None = None, signer: Signer | None = None,
    ) -> tuple[str, str]:  # fmt: skip
        issued_at = issued_at or datetime.now(UTC)
        instruction = Instruction(
            id=id or uuid.uuid4().hex,
            station=station,
            verb=verb,
            arguments=read_arguments(verb, arguments or {}),
            issued_at=issued_at,
            expires_at=issued_at + timedelta(seconds=seconds),
        )
        return (signer or self.signer).seal("instruction", instruction.to_body()), instruction.id

    def send(self, station: str, text: Any) -> None:
        queue = Queue(station_queue(station), Exchange(""), routing_key=station_queue(station))
        self.app.send_task(INSTRUCT_TASK, args=[text], queue=queue, ignore_result=True)  # type: ignore[arg-type]

    def read_reports(self) -> list[Report]:
        """All reports so far, in order of arrival."""
        pop: Any = self.broker.client().rpop
        while message := pop(REPORT_QUEUE):
            arguments, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
            body = open_envelope(arguments[0], kind="report", keys=self.public_keys)
            self.reports.append(Report.from_body(body))
        return self.reports

    def reports_of(self, instruction: str) -> list[Report]:
        return [report for report in self.read_reports() if report.instruction == instruction]

    def final(self, instruction: str, *, seconds: float = 8.0) -> Report:
        """The last report of an instruction."""
        found = eventually(
            lambda: [report for report in self.reports_of(instruction) if report.sequence == 3], seconds=seconds
        )
        return found[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                centre.asked.append(self.path)
                digest = self.path.rpartition("/")[2]
                if self.path.startswith("/api/v1/inputs/") and digest in centre.inputs:
                    self._send(200, centre.inputs[digest], "")
                    return
                answers = centre.answers.get(self.path, [(404, b"", "")])
                self._send(*(answers.pop(0) if len(answers) > 1 else answers[0]))

            def do_POST(self) -> None:
                envelope = self.rfile.read(int(self.headers["Content-Length"]))
                enrolment = Enrolment.from_body(parse_json(envelope)["body"])
                keys = {parse_json(envelope)["key_id"]: enrolment.public_key}
                open_envelope(envelope, kind="enrolment", keys=keys)
                centre.announced.append(enrolment)
                self._send(202, b"{}", "")

            def _send(self, status: int, data: bytes, header: str) -> None:
                self.send_response(status)
                self.send_header(BUNDLE_HEADER, header)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class Street:
    """A folder that an unprivileged user reaches, with all that stations need in it."""

    def __init__(self) -> None:
        bases = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
        base = next((base for base in bases if others_reach(base)), bases[0])
        self.folder = Path(tempfile.mkdtemp(prefix="cashback-stations-", dir=base))
        self.folder.chmod(0o755)
        self.moved: Moved | None = move_out(self.folder / "home") if os.getuid() == 0 else None

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """A Python of the unprivileged user, and its environment."""
        if self.moved is None:
            return [sys.executable, *arguments], dict(os.environ)
        change = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
        return [*change, str(self.moved.python), *arguments], self.moved.environment

    def give(self, path: Path) -> None:
        if self.moved is not None:
            os.chown(path, NOBODY, NOBODY)

    def own_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        self.give(folder)
        return folder


class StationProcess:
    """A station with a folder, a configuration and, now and then, a process."""

    def __init__(self, street: Street, centre: Centre, name: str, *options: str) -> None:
        self.name = name
        self.street = street
        self.centre = centre
        self.options = options
        self.dir = street.own_folder(f"{name}-{uuid.uuid4().hex[:6]}")
        self.config = self.dir / "config.json"
        self.log = self.dir.with_suffix(".log")
        key = {"id": centre.signer.key_id, "public_key": encode_base64url(centre.signer.public_key)}
        configuration = {"name": name, "centre_url": centre.url, "broker_url": centre.broker.station_url(name)}
        self.config.write_text(json.dumps(configuration | {"centre_keys": [key], "enrolment_token": "token"}))
        self.config.chmod(0o600)
        street.give(self.config)
        self.process: subprocess.Popen[bytes] | None = None
        centre.broker.admit(name)

    def start(self) -> None:
        command, environment = self.street.command(
            "-m", "cashback.control.station", "--config", str(self.config), "--dir", str(self.dir), *self.options
        )
        said = self.text().count(": ready")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.street.folder)
        eventually(lambda: self.ended() or self.text().count(": ready") > said, seconds=30)
        assert not self.ended(), self.text()
        self.centre.public_keys |= self.key()

    def key(self) -> dict[str, bytes]:
        signer = Signer.from_pem(key_file(self.dir).read_bytes())
        return {signer.key_id: signer.public_key}

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def terminate(self) -> int:
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if not self.ended():
            self.signal(signal.SIGCONT)
            self.kill()
