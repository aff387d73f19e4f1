"""From rows to messages: roll-calls, and what stations were told. The worker's alone; a web process never publishes."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from celery import current_app
from django.db import transaction
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

from cashback.control.centre.authority import centre_signer
from cashback.control.centre.models import Errand, Lease, Run, Verb
from cashback.control.centre.queries import source
from cashback.control.centre.selectors import OFFLINE_AFTER, ROLL_CALL_PERIOD
from cashback.control.protocol.arguments import NoArguments, RunArguments, read_arguments
from cashback.control.protocol.envelopes import Signer
from cashback.control.protocol.messages import Instruction
from cashback.control.protocol.naming import INSTRUCT_TASK, station_queue

log = logging.getLogger(__name__)

SENT_AT_ONCE_MAX: Final = 500
CALLED_AT_ONCE_MAX: Final = 2_000
AGAIN_AFTER: Final = timedelta(seconds=30)
LATE_ANSWERS: Final = timedelta(minutes=2)
ROLL_CALL_LOST_AFTER: Final = timedelta(minutes=2)
ROLL_CALL_VALID: Final = timedelta(minutes=2)
_LEASE: Final = timedelta(seconds=10)
_SQL = source("sending")


def expire(*, now: datetime) -> int:
    """End what its time has passed for; how many errands. A late report of something that was sent still counts."""
    return _SQL.run("expire", now=now, late=now - LATE_ANSWERS)


def send(*, now: datetime) -> int:
    """Send what is due, in the order it was asked for; how many messages.

    Claimed and committed before the first message leaves: a kill in between is made good by sending again, which a
    station's journal answers without doing anything twice. A broker that is away costs the same delay.
    """
    if _SQL.run("take_lease", now=now, until=now + _LEASE) != 1:
        return 0
    try:
        return _publish([*_roll_calls(now), *_errands(now)], now)
    finally:
        Lease.objects.update(held_until=now)


def _roll_calls(now: datetime) -> Iterable[Instruction]:
    called = _SQL.rows(
        "call_roll",
        now=now,
        period=now - ROLL_CALL_PERIOD,
        lost=now - ROLL_CALL_LOST_AFTER,
        limit=CALLED_AT_ONCE_MAX,
    )
    for name, id in called:
        yield Instruction(
            id=id,
            station=name,
            verb=Verb.ROLL_CALL.value,
            arguments=NoArguments(),
            issued_at=now,
            expires_at=now + ROLL_CALL_VALID,
        )


def _errands(now: datetime) -> Iterable[Instruction]:
    with transaction.atomic():
        claimed = _SQL.rows(
            "claim", now=now, again=now + AGAIN_AFTER, alive=now - OFFLINE_AFTER, limit=SENT_AT_ONCE_MAX
        )
    errands = Errand.objects.filter(pk__in=[id for (id,) in claimed]).select_related("instruction", "station")
    for errand in errands.order_by("pk"):
        told = errand.instruction
        if told.verb == Verb.RUN:
            run = Run.objects.select_related("version__application").defer("version__bundle").get(errand=errand)
            if run.input_swept_at is not None:
                continue
            body: dict[str, object] = RunArguments(
                application=run.version.application.code,
                version=run.version.version,
                input=run.input,
                files=run.files,
            ).to_body()
        else:
            body = told.arguments
        yield Instruction(
            id=told.pk.hex,
            station=errand.station.name,
            verb=told.verb,
            arguments=read_arguments(told.verb, body),
            issued_at=told.asked_at,
            expires_at=told.expires_at,
        )


def _publish(instructions: list[Instruction], now: datetime) -> int:
    if not instructions:
        return 0
    signer, sent = centre_signer(), 0
    try:
        with current_app.connection_for_write(connect_timeout=2) as connection:
            for instruction in instructions:
                _publish_one(instruction, signer, connection, now)
                sent += 1
    except (OperationalError, OSError) as problem:
        log.warning("the broker is away; %d messages are sent later: %s", len(instructions) - sent, problem)
    return sent


def _publish_one(instruction: Instruction, signer: Signer, connection: Connection, now: datetime) -> None:
    name = station_queue(instruction.station)
    current_app.send_task(
        INSTRUCT_TASK,
        args=[signer.seal("instruction", instruction.to_body())],
        queue=Queue(name, Exchange(""), routing_key=name),  # type: ignore[arg-type] # Celery takes a Queue too
        connection=connection,
        retry=False,
        ignore_result=True,
        argsrepr="",
        # What a station that was away finds too late it need not read; the body says the same, signed.
        expires=max(1.0, (instruction.expires_at - now).total_seconds()) if instruction.verb == "roll-call" else None,
    )
