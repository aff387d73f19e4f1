"""The Celery side: one queue, one message at a time, acknowledged when it stands in the journal."""

import logging
import time
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.platforms import EX_FAILURE
from kombu import Exchange, Queue

from cashback.control.protocol.naming import INSTRUCT_TASK, station_queue, transport_options
from cashback.control.station.configuration import Configuration
from cashback.control.station.station import Station

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 3.0


def make_app(configuration: Configuration) -> Celery:
    """A Celery application that keeps to the station's own keys."""
    app = Celery(f"station.{configuration.name}", broker=configuration.broker_url, set_as_current=False, fixups=[])
    name = station_queue(configuration.name)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_queues=[Queue(name, Exchange(""), routing_key=name)],
        task_default_queue=name,
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_transport_options=transport_options(configuration.name),
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=5,
        broker_heartbeat=0,
        broker_pool_limit=2,
    )
    return app


def work(app: Celery, station: Station) -> None:
    """Take instructions until a signal says to end. They are acted on elsewhere; here they are written down."""

    @app.task(name=INSTRUCT_TASK, acks_late=True, ignore_result=True)
    def instruct(envelope: Any) -> None:
        try:
            station.receive(envelope if isinstance(envelope, str) else "")
        except Exception as problem:
            # The journal cannot be written: the message goes back, and not in a busy loop.
            log.exception("an instruction could not be written down")
            time.sleep(1)
            raise Reject(type(problem).__name__, requeue=True) from None

    app.finalize()
    while _serve(app) == EX_FAILURE:
        # Redis answered what no retry inside Celery helps with (it came back without this station's user, say).
        log.warning("the broker refuses this station; it asks again in %g s", _PAUSE_SECONDS)
        time.sleep(_PAUSE_SECONDS)


def _serve(app: Celery) -> int:
    worker = app.Worker(
        pool_cls="solo",
        concurrency=1,
        hostname=f"station@{app.main}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel=None,
        quiet=True,
    )
    worker.start()
    return worker.exitcode or 0
