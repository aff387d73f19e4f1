"""The bodies of envelopes as values: read strictly, written in one way."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from cashback.control.protocol.arguments import Arguments, read_arguments
from cashback.control.protocol.envelopes import decode_base64url, encode_base64url
from cashback.control.protocol.fields import Fields, printed_at
from cashback.control.protocol.naming import (
    APPLICATION,
    BUNDLE_BYTES_MAX,
    CLOCK_SKEW_SECONDS_MAX,
    CONFINEMENTS,
    COPIES_MAX,
    DIGEST,
    IDENTIFIER,
    INSTRUCTION_SECONDS_MAX,
    LIMIT_MAX,
    NAME,
    SEQUENCE_ACCEPTED,
    SEQUENCE_FINAL,
    STATES,
    VERBS,
    VERSION,
)
from cashback.control.protocol.problems import Expired, FromTheFuture, NotForThisStation, WrongField


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What the centre tells one station to do."""

    id: str
    station: str
    verb: str
    arguments: Arguments
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Raises WrongField."""
        names = {"id", "station", "verb", "arguments", "issued_at", "expires_at"}
        fields = Fields(body, "instruction", required=names)
        verb = fields.choice("verb", VERBS)
        issued_at, expires_at = fields.moment("issued_at"), fields.moment("expires_at")
        if not issued_at < expires_at <= issued_at + timedelta(seconds=INSTRUCTION_SECONDS_MAX):
            raise WrongField("instruction.expires_at is not within seven days after issued_at")
        return cls(
            id=fields.text("id", pattern=IDENTIFIER),
            station=fields.text("station", pattern=NAME),
            verb=verb,
            arguments=read_arguments(verb, fields.raw("arguments")),
            issued_at=issued_at,
            expires_at=expires_at,
        )

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "id": self.id,
            "station": self.station,
            "verb": self.verb,
            "arguments": self.arguments.to_body(),
            "issued_at": printed_at(self.issued_at),
            "expires_at": printed_at(self.expires_at),
        }

    def check_for(self, station: str, *, now: datetime) -> None:
        """Whether this station may act on it now. Raises NotForThisStation, FromTheFuture, Expired."""
        if self.station != station:
            raise NotForThisStation(f"the instruction is for {self.station}, this is {station}")
        if self.issued_at > now + timedelta(seconds=CLOCK_SKEW_SECONDS_MAX):
            raise FromTheFuture(f"issued at {printed_at(self.issued_at)}, and it is {printed_at(now)} here")
        if now >= self.expires_at:
            raise Expired(f"expired at {printed_at(self.expires_at)}")


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of an application that a station holds."""

    application: str
    version: str
    sha256: str

    @classmethod
    def from_body(cls, body: object) -> Self:
        """Raises WrongField."""
        fields = Fields(body, "copy", required={"application", "version", "sha256"})
        return cls(
            application=fields.text("application", pattern=APPLICATION),
            version=fields.text("version", pattern=VERSION),
            sha256=fields.text("sha256", pattern=DIGEST),
        )

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        return {"application": self.application, "version": self.version, "sha256": self.sha256}


@dataclass(frozen=True, kw_only=True)
class StationState:
    """How a station is. `load`: runs that run and wait per place (1.0 is full); `turned_away`: messages refused."""

    paused: bool
    draining: bool
    limit: int
    running: int
    waiting: int
    copies: tuple[Copy, ...]
    confinement: str
    confinement_missing: tuple[str, ...]
    load: float
    turned_away: int
    version: str

    @classmethod
    def from_body(cls, body: object) -> Self:
        """Raises WrongField."""
        names = {"paused", "draining", "limit", "running", "waiting", "copies", "confinement", "confinement_missing"}
        fields = Fields(body, "station_state", required=names | {"load", "turned_away", "version"})
        missing = fields.items("confinement_missing", 40)
        if not all(isinstance(text, str) and len(text) <= 200 for text in missing):
            raise WrongField("station_state.confinement_missing is not a list of texts")
        return cls(
            paused=fields.claim("paused"),
            draining=fields.claim("draining"),
            limit=fields.whole("limit", 0, LIMIT_MAX),
            running=fields.whole("running", 0, LIMIT_MAX),
            waiting=fields.whole("waiting", 0, 1_000_000),
            copies=tuple(Copy.from_body(item) for item in fields.items("copies", COPIES_MAX)),
            confinement=fields.choice("confinement", CONFINEMENTS),
            confinement_missing=tuple(missing),
            load=fields.number("load"),
            turned_away=fields.whole("turned_away", 0, 2**53),
            version=fields.text("version", length_max=40),
        )

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        values = dict(vars(self))
        values["copies"] = [copy.to_body() for copy in self.copies]
        values["confinement_missing"] = list(self.confinement_missing)
        return values


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why something failed or was refused."""

    code: str
    message: str

    @classmethod
    def from_body(cls, body: object) -> Self:
        """Raises WrongField."""
        fields = Fields(body, "error", required={"code", "message"})
        return cls(code=fields.text("code", length_max=60), message=fields.text("message", length_max=1000))

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, kw_only=True)
class Report:
    """One step of an instruction: 1 accepted, 2 running, 3 the end. What is done at once has only the end."""

    instruction: str
    station: str
    sequence: int
    state: str
    at: datetime
    station_state: StationState
    result: dict[str, Any] = field(default_factory=dict)
    error: Problem | None = None

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Raises WrongField."""
        names = {"instruction", "station", "sequence", "state", "at", "result", "error", "station_state"}
        fields = Fields(body, "report", required=names)
        sequence, state = fields.whole("sequence", SEQUENCE_ACCEPTED, SEQUENCE_FINAL), fields.choice("state", STATES)
        if (sequence, state) not in {(1, "accepted"), (2, "running"), (3, "done"), (3, "failed"), (3, "refused")}:
            raise WrongField(f"report.state {state} does not belong to sequence {sequence}")
        error = None if fields.raw("error") is None else Problem.from_body(fields.raw("error"))
        if (error is None) == (state in {"failed", "refused"}):
            raise WrongField(f"report.error does not belong to state {state}")
        return cls(
            instruction=fields.text("instruction", pattern=IDENTIFIER),
            station=fields.text("station", pattern=NAME),
            sequence=sequence,
            state=state,
            at=fields.moment("at"),
            result=fields.mapping("result"),
            error=error,
            station_state=StationState.from_body(fields.raw("station_state")),
        )

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "instruction": self.instruction,
            "station": self.station,
            "sequence": self.sequence,
            "state": self.state,
            "at": printed_at(self.at),
            "result": self.result,
            "error": None if self.error is None else self.error.to_body(),
            "station_state": self.station_state.to_body(),
        }


@dataclass(frozen=True, kw_only=True)
class BundleWord:
    """The centre's word about a version of an application."""

    application: str
    version: str
    sha256: str
    size: int
    withdrawn: bool = False

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Raises WrongField."""
        fields = Fields(body, "bundle", required={"application", "version", "sha256", "size", "withdrawn"})
        return cls(
            application=fields.text("application", pattern=APPLICATION),
            version=fields.text("version", pattern=VERSION),
            sha256=fields.text("sha256", pattern=DIGEST),
            size=fields.whole("size", 1, BUNDLE_BYTES_MAX),
            withdrawn=fields.claim("withdrawn"),
        )

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """A new station's announcement, signed with the key it announces. The token is of its configuration, used once."""

    name: str
    public_key: bytes
    token: str
    at: datetime

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """Raises WrongField."""
        fields = Fields(body, "enrolment", required={"name", "public_key", "token", "at"})
        try:
            public_key = decode_base64url(fields.text("public_key"))
        except ValueError:
            public_key = b""
        if len(public_key) != 32:
            raise WrongField("enrolment.public_key is not base64url of 32 bytes")
        name, token = fields.text("name", pattern=NAME), fields.text("token")
        return cls(name=name, public_key=public_key, token=token, at=fields.moment("at"))

    def to_body(self) -> dict[str, Any]:
        """As it is signed."""
        public_key = encode_base64url(self.public_key)
        return {"name": self.name, "public_key": public_key, "token": self.token, "at": printed_at(self.at)}
