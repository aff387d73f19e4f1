"""A station that only knows the wire protocol: it reads its list in Redis and writes signed reports."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from django.conf import settings

from cashback.control.centre import enrolling, reporting
from cashback.control.centre.models import Station
from cashback.control.protocol.envelopes import Signer, decode_base64url, open_envelope
from cashback.control.protocol.messages import Copy, Enrolment, Instruction, Problem, Report, StationState
from cashback.control.protocol.naming import station_queue

Changes = Callable[[dict[str, Any]], None]


def moment() -> datetime:
    return datetime.now(UTC)


def bundle(text: str = "print('{}')") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), text)
    return file.getvalue()


def state(**changes: Any) -> StationState:
    values: dict[str, Any] = {
        "paused": False,
        "draining": False,
        "limit": 2,
        "running": 0,
        "waiting": 0,
        "copies": (Copy(application="wait-estimate", version="1", sha256="0" * 64),),
        "confinement": "full",
        "confinement_missing": (),
        "load": 0.0,
        "turned_away": 0,
        "version": "1",
    }
    return StationState(**(values | changes))


class FakeStation:
    """Enrols itself through the verbs, and answers what it is told."""

    def __init__(self, name: str, *, labels: tuple[str, ...] = (), now: datetime) -> None:
        self.name = name
        self.signer = Signer.generate()
        self.broker = redis.Redis.from_url(settings.REDIS_URL)
        self.broker.delete(station_queue(name))
        self.invitation = enrolling.invite(
            name=name,
            labels=labels,
            centre_url="http://127.0.0.1:1",
            broker_url="redis://:secret@10.0.0.1:6379/0",
            by_id=None,
            now=now,
        )
        keys = self.invitation.configuration["centre_keys"]
        self.keys = {key["id"]: decode_base64url(key["public_key"]) for key in keys}

    def enrolment(self, now: datetime, **changes: Any) -> str:
        values = {
            "name": self.name,
            "public_key": self.signer.public_key,
            "token": self.invitation.configuration["enrolment_token"],
            "at": now,
        }
        return self.signer.seal("enrolment", Enrolment(**(values | changes)).to_body())

    def join(self, now: datetime) -> "FakeStation":
        row = enrolling.announce(envelope=self.enrolment(now), now=now)
        enrolling.accept(station_id=row.pk, public_key=self.signer.public_key.hex(), by_id=None, now=now)
        return self

    @property
    def row(self) -> Station:
        return Station.objects.get(name=self.name)

    def told(self) -> list[Instruction]:
        """What lies in its list, in order; the list is empty afterwards."""
        found = []
        while (raw := self.broker.rpop(station_queue(self.name))) is not None:
            assert isinstance(raw, bytes)
            arguments = json.loads(base64.b64decode(json.loads(raw)["body"]))[0]
            body = open_envelope(arguments[0], kind="instruction", keys=self.keys)
            found.append(Instruction.from_body(body))
        return found

    def report(self, instruction: str, sequence: int, word: str, *, signer: Signer | None = None, **more: Any) -> str:
        error = more.pop("error", None)
        report = Report(
            instruction=instruction,
            station=more.pop("station", self.name),
            sequence=sequence,
            state=word,
            at=more.pop("at", moment()),
            station_state=more.pop("station_state", state()),
            result=more.pop("result", {}),
            error=Problem(code=error, message=error) if error else None,
        )
        return (signer or self.signer).seal("report", report.to_body())

    def say(self, instruction: str, sequence: int, word: str, *, now: datetime, **more: Any) -> bool:
        return reporting.receive(envelope=self.report(instruction, sequence, word, at=now, **more), now=now)

    def answer_roll(self, *, now: datetime, **changes: Any) -> None:
        calls = [told for told in self.told() if told.verb == "roll-call"]
        assert len(calls) == 1, calls
        assert self.say(calls[0].id, 3, "done", now=now, station_state=state(**changes))


def later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
