"""Requests that can be repeated: the same key and body get the same answer, for a day.

The claim on a key is a transaction's advisory lock, and the answer is stored in the transaction of the work itself.
So a crash leaves either both or neither, and no request that died is ever taken for one that still runs.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from cashback.api.models import IdempotencyRecord
from cashback.api.problems import response_to
from cashback.lib.clients import client_of
from cashback.lib.crypto.digests import body_digest, same_digest, subkey
from cashback.lib.errors import DomainError

KEY_MAX = 255
KEPT = timedelta(hours=24)
SWEPT_MAX = 10_000
_NONCE_SIZE = 12
# An answer that says "not now" is no answer to keep.
_PASSING = frozenset({401, 429})


class IdempotencyMismatch(DomainError):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_mismatch"


class InProgress(DomainError):
    """The first request with this Idempotency-Key is still running."""

    code = "in_progress"
    retry_after_seconds = 1


class InvalidIdempotencyKey(DomainError):
    """An Idempotency-Key has 1 to 255 printable characters of ASCII."""

    code = "invalid_idempotency_key"


def answer(request: Request, *, now: datetime, work: Callable[[bytes | None], Response]) -> Response:
    """Do `work` once for the request's Idempotency-Key; without a key simply do it.

    `work` gets a digest of key and body, by which a verb may recognise the request for longer than the record lives.
    Raises IdempotencyMismatch, InProgress, InvalidIdempotencyKey, and what `work` raises.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work(None)
    if not 1 <= len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
        raise InvalidIdempotencyKey
    scope = _scope(request, key)
    digest = _request_digest(request, key)
    with transaction.atomic():
        _claim(scope)
        record = IdempotencyRecord.objects.filter(scope=scope, started_at__gt=now - KEPT).first()
        if record is not None:
            return _repeated(record, digest, key)
        response = _work(work, digest)
        if response.status_code not in _PASSING:
            _keep(scope, digest, key, response, now)
    return response


def sweep(*, now: datetime) -> int:
    """Delete records older than a day; how many were."""
    old = IdempotencyRecord.objects.filter(started_at__lte=now - KEPT).order_by("started_at").values("pk")[:SWEPT_MAX]
    deleted, _ = IdempotencyRecord.objects.filter(pk__in=old).delete()
    return deleted


def _work(work: Callable[[bytes | None], Response], digest: bytes) -> Response:
    try:
        with transaction.atomic():
            return work(digest)
    except DomainError as error:
        refusal = response_to(error)
        assert refusal is not None
        return refusal


def _claim(scope: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(scope[:8], "big", signed=True)])
        if not cursor.fetchone()[0]:
            raise InProgress


def _repeated(record: IdempotencyRecord, digest: bytes, key: str) -> Response:
    if record.body_digest is None or not same_digest(bytes(record.body_digest), digest):
        raise IdempotencyMismatch
    assert record.answer is not None
    sealed = bytes(record.answer)
    content = AESGCM(_answer_key(key)).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], bytes(record.scope))
    kept: dict[str, Any] = json.loads(content)
    headers = {"Idempotency-Replayed": "true"}
    return Response(kept["data"], record.status, headers=headers, content_type=kept["content_type"])


def _keep(scope: bytes, digest: bytes, key: str, response: Response, now: datetime) -> None:
    content = json.dumps({"data": response.data, "content_type": response.content_type}).encode()
    nonce = os.urandom(_NONCE_SIZE)
    sealed = nonce + AESGCM(_answer_key(key)).encrypt(nonce, content, scope)
    # One that was kept for a day and not swept yet gives way.
    IdempotencyRecord.objects.filter(scope=scope).delete()
    IdempotencyRecord.objects.create(
        scope=scope, body_digest=digest, status=response.status_code, answer=sealed, started_at=now
    )


def _scope(request: Request, key: str) -> bytes:
    """The key is the caller's own: a user's, or for holders that of a client's address."""
    caller = f"user {request.user.pk}" if request.user.is_authenticated else f"client {client_of(request)}"
    message = "\n".join((caller, request.method or "", request.path, key)).encode()
    return hmac.digest(subkey(settings.SECRET_KEY, "idempotency scope"), message, "sha256")


def _request_digest(request: Request, key: str) -> bytes:
    """Key and body in one digest; without the key, which is not kept, nobody can try bodies against it."""
    content = hashlib.sha256(request.body).digest()
    message = "\n".join((request.method or "", request.path, key)).encode() + b"\n" + content
    return body_digest(subkey(settings.SECRET_KEY, "idempotency body"), message)


def _answer_key(key: str) -> bytes:
    """Derived from the caller's key, so that a stored answer opens only for who repeats the request."""
    return hmac.digest(subkey(settings.SECRET_KEY, "idempotency answer"), key.encode(), "sha256")
