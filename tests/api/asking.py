"""Asking the API as programs do."""

import json
from typing import Any

from django.test import Client

BASE = "/api/v1"
ACCOUNT_NUMBER = "6222020000000000000"


def body(card: tuple[str, str], **overrides: Any) -> dict[str, Any]:
    """A registration that is right; overrides by top-level field, None leaves one out."""
    serial, pin = card
    given = {
        "serial": serial,
        "pin": pin,
        "holder": {"name": "张三", "phone": "+8613800138000", "email": "zhang@example.com"},
        "account": {"kind": "cn_card", "number": ACCOUNT_NUMBER, "bank": "ICBC"},
        **overrides,
    }
    return {name: value for name, value in given.items() if value is not None}


def post(path: str, content: Any, *, key: str | None = None, **headers: str) -> Any:
    """POST JSON (or bytes as they are)."""
    sent = content if isinstance(content, bytes | str) else json.dumps(content)
    if key is not None:
        headers["Idempotency-Key"] = key
    client = Client(raise_request_exception=False)
    return client.post(BASE + path, sent, content_type="application/json", headers=headers)


def get(path: str, **headers: str) -> Any:
    """GET."""
    return Client(raise_request_exception=False).get(BASE + path, headers=headers)


def is_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a response that must be one."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    document: dict[str, Any] = json.loads(response.content)
    assert (document["status"], document["code"]) == (status, code)
    assert document["detail"]
    assert document["title"]
    return document
