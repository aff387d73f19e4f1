"""Stations come and go: invited with a token, announced with their own key, accepted by a person, retired."""

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from django.db import IntegrityError, transaction

from cashback.control.centre import turning_away
from cashback.control.centre.authority import centre_signer, require_operator
from cashback.control.centre.instructing import cancel_waiting
from cashback.control.centre.models import Station, StationState
from cashback.control.protocol.envelopes import decode_base64url, encode_base64url, key_id, open_envelope, peek
from cashback.control.protocol.messages import Enrolment
from cashback.control.protocol.naming import NAME
from cashback.control.protocol.problems import WireProblem
from cashback.lib.errors import DomainError, InvalidDetails

TOKEN_VALID = timedelta(days=7)
SKEW = timedelta(minutes=5)
LABELS_MAX = 20


class StationNameTaken(DomainError):
    """There is, or was, a station named %(name)s; a name is used once."""

    code = "station_name_taken"


class EnrolmentRefused(DomainError):
    """The announcement is not accepted: the token is wrong, used or too old, or the signature does not fit."""

    code = "enrolment_refused"


class StationStateRefuses(DomainError):
    """The station is not in a state for this."""

    code = "station_state_refuses"


class FingerprintDiffers(DomainError):
    """This is not the fingerprint of the key that the station announced."""

    code = "fingerprint_differs"


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What the new station needs, to be written into its configuration and kept nowhere else."""

    station: Station
    configuration: dict[str, Any]


@transaction.atomic
def invite(
    *,
    name: str,
    labels: Sequence[str],
    centre_url: str,
    broker_url: str,
    by_id: int | None,
    now: datetime,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Invitation:
    """Write down a new station and make its configuration. `broker_url` is the centre's, as the station reaches it.

    Raises NotAnOperator, InvalidDetails, StationNameTaken.
    """
    require_operator(by_id)
    if not NAME.fullmatch(name):
        raise InvalidDetails({"name": ["Small letters, digits and dashes, at most 40."]})
    if len(labels) > LABELS_MAX or not all(NAME.fullmatch(label) for label in labels):
        raise InvalidDetails({"labels": ["At most 20, each of small letters, digits and dashes."]})
    token, password = encode_base64url(entropy(24)), encode_base64url(entropy(32))
    try:
        with transaction.atomic():
            station = Station.objects.create(
                name=name,
                labels=list(labels),
                token_digest=_digest(token),
                token_until=now + TOKEN_VALID,
                broker_password_digest=_digest(password),
                invited_at=now,
                invited_by_id=by_id,
            )
    except IntegrityError:
        raise StationNameTaken(name=name) from None
    signer = centre_signer()
    return Invitation(
        station=station,
        configuration={
            "name": name,
            "centre_url": centre_url,
            "broker_url": _for_station(broker_url, broker_user(name), password),
            "centre_keys": [{"id": signer.key_id, "public_key": encode_base64url(signer.public_key)}],
            "labels": list(labels),
            "enrolment_token": token,
        },
    )


def announce(*, envelope: str | bytes, now: datetime) -> Station:
    """Note a new station's public key. Its token is used up by this; the same announcement again changes nothing.

    Raises EnrolmentRefused, whatever the reason.
    """
    try:
        body = peek(envelope, kind="enrolment")
        public_key = decode_base64url(str(body.get("public_key")))
        enrolment = Enrolment.from_body(
            open_envelope(envelope, kind="enrolment", keys={key_id(public_key): public_key})
        )
    except (WireProblem, ValueError):
        raise EnrolmentRefused from None
    station = Station.objects.filter(name=enrolment.name).first()
    if station is None or abs(enrolment.at - now) > SKEW:
        raise EnrolmentRefused
    if station.public_key == enrolment.public_key.hex() and station.state != StationState.RETIRED:
        return station
    if not hmac.compare_digest(station.token_digest, _digest(enrolment.token)) or station.token_until <= now:
        turning_away.count(station_id=station.pk, code="wrong_token", now=now)
        raise EnrolmentRefused
    waiting = Station.objects.filter(pk=station.pk, state=StationState.INVITED, token_digest=station.token_digest)
    try:
        with transaction.atomic():
            noted = waiting.update(
                state=StationState.ANNOUNCED,
                token_digest="",
                public_key=enrolment.public_key.hex(),
                announced_at=now,
            )
    except IntegrityError:  # another station's key
        raise EnrolmentRefused from None
    if noted != 1:
        raise EnrolmentRefused
    station.refresh_from_db()
    return station


def accept(*, station_id: int, public_key: str, by_id: int | None, now: datetime) -> None:
    """Believe a station from now on. `public_key`, in hex, is the one whose fingerprint the person compared.

    Raises NotAnOperator, FingerprintDiffers, StationStateRefuses.
    """
    require_operator(by_id)
    announced = Station.objects.filter(pk=station_id, state=StationState.ANNOUNCED)
    if announced.filter(public_key=public_key).update(
        state=StationState.ACCEPTED, accepted_at=now, accepted_by_id=by_id
    ):
        return
    raise FingerprintDiffers if announced.exists() else StationStateRefuses


@transaction.atomic
def retire(*, station_id: int, by_id: int | None, now: datetime) -> None:
    """Believe a station no more, send it nothing more, and close the broker to it (at the schedule's next look).

    Raises NotAnOperator, StationStateRefuses.
    """
    require_operator(by_id)
    living = Station.objects.filter(pk=station_id).exclude(state=StationState.RETIRED)
    ended = living.update(
        state=StationState.RETIRED,
        token_digest="",
        broker_password_digest="",
        retired_at=now,
        retired_by_id=by_id,
        roll_call="",
    )
    if ended != 1:
        raise StationStateRefuses
    cancel_waiting(station_id=station_id, now=now)


def broker_user(name: str) -> str:
    """The Redis user of a station."""
    return f"station-{name}"


def _for_station(broker_url: str, user: str, password: str) -> str:
    parts = urlsplit(broker_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password)}@{host}"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
