"""A new station's announcement to its centre: once, until the centre has heard it."""

import logging
import threading
from datetime import UTC, datetime
from typing import Final

from cashback.control.protocol.envelopes import Signer
from cashback.control.protocol.messages import Enrolment
from cashback.control.protocol.naming import enrolment_url
from cashback.control.station.configuration import Configuration
from cashback.control.station.fetching import NotReached, post
from cashback.control.station.journal import Journal

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 15.0
_FACT: Final = "announced"


class Announcer:
    """Announces the station's key in a thread of its own. What is announced waits for an operator at the centre."""

    def __init__(self, *, configuration: Configuration, signer: Signer, journal: Journal) -> None:
        self._configuration = configuration
        self._signer = signer
        self._journal = journal
        self._end = threading.Event()

    def start(self) -> None:
        """Announce, unless the configuration has no token or the centre has heard it before."""
        token = self._configuration.enrolment_token
        if token is not None and self._journal.fact(_FACT, None) != self._signer.key_id:
            threading.Thread(target=self._announce, args=(token,), name="announcer", daemon=True).start()

    def stop(self) -> None:
        """Announce no more."""
        self._end.set()

    def _announce(self, token: str) -> None:
        while not self._end.is_set():
            name, public_key = self._configuration.name, self._signer.public_key
            enrolment = Enrolment(name=name, public_key=public_key, token=token, at=datetime.now(UTC))
            try:
                status = post(
                    enrolment_url(self._configuration.centre_url),
                    self._signer.seal("enrolment", enrolment.to_body()).encode(),
                )
            except NotReached as problem:
                log.warning("not announced yet: %s", problem)
                status = 503
            if 200 <= status < 300:
                log.info("announced to the centre; an operator accepts the fingerprint there")
                self._journal.set_fact(_FACT, self._signer.key_id)
                return
            if 400 <= status < 500 and status not in {408, 429}:
                log.error("the centre refuses the announcement (%d); enrol the station anew", status)
                return
            self._end.wait(_PAUSE_SECONDS)
