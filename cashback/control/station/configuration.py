"""What a station is told by its configuration file, and the key it makes itself."""

import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cashback.control.protocol.envelopes import Signer, decode_base64url, key_id, parse_json
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.naming import NAME
from cashback.control.protocol.problems import WrongField

_KEYS_MAX = 8
_LABELS_MAX = 20


class WrongConfiguration(Exception):
    """The configuration or the folder cannot be used; the message says what is wrong with which file."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What `enroll_station` wrote for this station."""

    name: str
    centre_url: str
    broker_url: str
    centre_keys: dict[str, bytes]
    labels: tuple[str, ...]
    enrolment_token: str | None

    def __repr__(self) -> str:
        return f"<Configuration {self.name}>"  # the broker's address holds a password


def read_configuration(path: Path) -> Configuration:
    """Raises WrongConfiguration."""
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
        required = {"name", "centre_url", "broker_url", "centre_keys"}
        fields = Fields(value, "configuration", required=required, optional=frozenset({"labels", "enrolment_token"}))
        labels = fields.items("labels", _LABELS_MAX) if "labels" in fields else []
        token = "enrolment_token" in fields and fields.raw("enrolment_token") is not None
        centre_url = fields.text("centre_url", length_max=500)
        if not centre_url.startswith(("https://", "http://")):
            raise WrongField("configuration.centre_url begins with neither https:// nor http://")
        return Configuration(
            name=fields.text("name", pattern=NAME),
            centre_url=centre_url,
            broker_url=fields.text("broker_url", length_max=1000),
            centre_keys=_read_keys(fields.items("centre_keys", _KEYS_MAX)),
            labels=tuple(str(label) for label in labels),
            enrolment_token=fields.text("enrolment_token") if token else None,
        )
    except OSError as problem:
        raise WrongConfiguration(f"{path}: {problem.strerror}") from None
    except (ValueError, WrongField) as problem:
        raise WrongConfiguration(f"{path}: {problem}") from None


def own_folder(folder: Path) -> int:
    """The station's folder, nobody else's to read, locked for this process. Raises WrongConfiguration."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise WrongConfiguration(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WrongConfiguration(f"another station works in {folder}") from None
    except OSError as problem:
        raise WrongConfiguration(f"{folder}: {problem.strerror}") from None
    return lock


def own_key(folder: Path) -> Signer:
    """The station's key, made at its first start. It never leaves the folder. Raises WrongConfiguration."""
    path = key_file(folder)
    try:
        if not path.exists():
            signer = Signer.generate()
            fresh = path.with_suffix(".new")
            with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(signer.to_pem())
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise WrongConfiguration(f"{path} may be read by others; set its mode to 600")
        return Signer.from_pem(path.read_bytes())
    except OSError as problem:
        raise WrongConfiguration(f"{path}: {problem.strerror}") from None
    except ValueError:
        raise WrongConfiguration(f"{path} does not hold an Ed25519 key in PEM") from None


def key_file(folder: Path) -> Path:
    """Where the station's key lies."""
    return folder / "station.key"


def _read_keys(items: list[Any]) -> dict[str, bytes]:
    keys = {}
    for item in items:
        fields = Fields(item, "centre_keys", required={"id", "public_key"})
        public_key = decode_base64url(fields.text("public_key"))
        if len(public_key) != 32 or fields.text("id") != key_id(public_key):
            raise WrongField("configuration.centre_keys has a key that its id does not name")
        keys[key_id(public_key)] = public_key
    if not keys:
        raise WrongField("configuration.centre_keys is empty: whom should the station believe?")
    return keys
