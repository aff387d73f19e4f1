"""Holders who register over the network, each from an address of their own, and repeat what nobody answered."""

import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.embedded_bank.customer import card_ending

ANSWER_SECONDS_MAX = 10.0
PASSING = {"in_progress", "too_many_attempts"}
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """What the site said, and how long it took."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float


class Away(Exception):
    """The site did not answer."""


def ask(port: int, method: str, path: str, *, client: int = 1, body: object = None, key: str = "") -> Answer:
    """One request from the client's own loopback address. Raises Away."""
    source = f"127.{1 + client // 62_500}.{client // 250 % 250}.{1 + client % 250}"
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Host": f"127.0.0.1:{port}"}
    if key:
        headers["Idempotency-Key"] = key
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, ANSWER_SECONDS_MAX, source_address=(source, 0))
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Away(repr(error)) from None
    finally:
        connection.close()
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    return Answer(answer.status, dict(answer.headers), said, time.monotonic() - began)


def register(port: int, card: dict[str, str], client: int) -> Answer:
    """Register a card. Raises Away."""
    body = {
        **card,
        "holder": {"name": "张三", "phone": f"+86138{client:08d}", "email": f"holder{client}@example.com"},
        "account": {"kind": "cn_card", "number": card_ending("9000", client), "bank": "ICBC"},
    }
    return ask(port, "POST", "/api/v1/registrations", client=client, body=body, key=f"card-{card['serial']}")


class Crowd:
    """Threads that register cards one after another; a request that got no answer is repeated as it was."""

    def __init__(self, port: int, cards: Iterable[dict[str, str]], *, first_client: int, threads: int) -> None:
        self.port = port
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.refused: list[Answer] = []
        self.given_up: list[str] = []
        self.repeated = 0
        self._cards = deque(enumerate(cards, first_client))
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new cards; who waits for an answer gets it first."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                client, card = self._cards.popleft()
            except IndexError:
                return
            self._register(client, card)
            time.sleep(PAUSE_SECONDS)

    def _register(self, client: int, card: dict[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = register(self.port, card, client)
            except Away:
                pass
            else:
                if answer.status == 201:
                    self.acknowledged[card["serial"]] = answer.body
                    return
                if answer.status < 500 and answer.body.get("code") not in PASSING:
                    self.refused.append(answer)
                    return
            self.repeated += 1
            time.sleep(PAUSE_SECONDS)
        self.given_up.append(card["serial"])


def port_is_closed(port: int) -> bool:
    """Whether nobody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
