"""Asking the centre over HTTP, with a bound on time and size."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 20.0
_PIECE_BYTES: Final = 1024 * 1024


class NotReached(Exception):
    """The centre did not answer, or its answer broke off."""


class NotThere(Exception):
    """The centre answered that there is none (404)."""


class Gone(Exception):
    """The centre answered that there is none any more (410)."""


class TooMuch(Exception):
    """The centre sent more than is taken."""


def fetch(url: str, *, size_max: int) -> tuple[bytes, Message]:
    """The whole body and the headers. Raises NotReached, NotThere, Gone, TooMuch."""
    with opened(url) as response:
        data = b"".join(pieces(response, size_max=size_max))
        return data, response.headers


def pieces(response: Any, *, size_max: int) -> Iterator[bytes]:
    """The body in pieces. Raises NotReached where it breaks off, TooMuch."""
    size, announced = 0, response.headers.get("Content-Length")
    while piece := response.read(_PIECE_BYTES):
        size += len(piece)
        if size > size_max:
            raise TooMuch(f"more than {size_max} bytes")
        yield piece
    if announced is not None and announced.isdigit() and size < int(announced):
        raise NotReached(f"the answer broke off after {size} of {announced} bytes")


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """An answer with status 200. Raises NotReached, NotThere, Gone."""
    if not url.startswith(("https://", "http://")):
        raise NotReached(f"{url[:20]} is no address of a centre")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  (checked above)
            yield response
    except urllib.error.HTTPError as problem:
        with problem:
            if problem.code == http.client.NOT_FOUND:
                raise NotThere("the centre has none") from None
            if problem.code == http.client.GONE:
                raise Gone("the centre has withdrawn it") from None
            raise NotReached(f"the centre answered {problem.code}") from None
    except (OSError, http.client.HTTPException) as problem:
        raise NotReached(f"the centre does not answer: {problem}") from None


def post(url: str, body: bytes) -> int:
    """Send a JSON body; the status of the answer. Raises NotReached."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, method="POST", headers=headers)  # noqa: S310
    try:
        with opened_request(request) as response:
            return int(response.status)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code
    except (OSError, http.client.HTTPException) as problem:
        raise NotReached(f"the centre does not answer: {problem}") from None


def opened_request(request: urllib.request.Request) -> Any:
    """The answer to a request whose address comes from the configuration."""
    return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310
