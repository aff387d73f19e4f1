"""Somebody who calls the site over HTTP: the API, or its pages with a browser's cookies."""

import http.client
import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Caller:
    """One client with its own cookies. Follows no redirects."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}) -> Answer:
        """One request, on a connection of its own. The path is sent as it is."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)) as connection:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            answer = Answer(response.status, dict(response.getheaders()), response.read())
            for value in response.headers.get_all("Set-Cookie") or []:
                self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(value).items()})
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """Read a page or a document."""
        return self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def get_json(self, path: str) -> Any:
        """Read a document that must be there."""
        answer = self.get(path)
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:300]!r}"
        return answer.json()

    def post_json(self, path: str, body: object, **headers: str) -> Answer:
        """Call the API."""
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        return self.send("POST", path, json.dumps(body, ensure_ascii=False).encode(), sent)

    def register(self, body: Mapping[str, object], **headers: str) -> Answer:
        """Register a card over the API."""
        return self.post_json("/api/v1/registrations", body, **headers)

    def post_form(self, path: str, values: Mapping[str, str], charset: str = "utf-8", **headers: str) -> Answer:
        """Send a page's form, with the token that the page came with."""
        page = self.get(path)
        token = TOKEN.search(page.text)
        assert token, f"{path} has no form"
        body = urlencode({"csrfmiddlewaretoken": token[1], **values}, encoding=charset).encode()
        sent = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}", **headers}
        return self.send("POST", path, body, sent)
