"""Request bodies: strict JSON of known fields, flattened to what the information check takes.

Whatever is wrong with a body is said at the field, all at once; nothing that was sent is repeated in a message.
"""

import json
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn, TypeVar

from django.utils.translation import gettext as _
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from cashback.api.problems import Malformed, TooLarge
from cashback.lib.errors import InvalidDetails

BODY_BYTES_MAX = 16_384

# A field of a body: the name that the information check knows it by, or the fields of an object.
Shape = Mapping[str, "str | Shape"]

CARD: Shape = {"serial": "serial", "pin": "pin"}
HOLDER: Shape = {"name": "name", "phone": "phone", "email": "email"}
ACCOUNT: Shape = {"kind": "account_kind", "number": "account_number", "bank": "account_bank"}
PRODUCT: Shape = {"name": "product_name", "specification": "product_specification"}
REGISTRATION: Shape = {
    **CARD,
    "holder": HOLDER,
    "account": ACCOUNT,
    "product": PRODUCT,
    "terms_version": "terms_version",
}
CHANGE: Shape = {**CARD, "holder": HOLDER, "account": ACCOUNT}

T = TypeVar("T")


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 without doubled names, numbers that are none, and halves of characters."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], _media_type: str | None = None, _context: Mapping[str, Any] | None = None) -> Any:
        """The parsed value. Raises TooLarge or Malformed."""
        content = stream.read(BODY_BYTES_MAX + 1)
        if len(content) > BODY_BYTES_MAX:
            raise TooLarge
        try:
            value = json.loads(content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise Malformed from None
        return value


class JSONOnly(BaseContentNegotiation):
    """Whatever is asked for, the answer is JSON: a browser that prefers HTML is no reason to refuse."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's type, or none."""
        sent = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self,
        _request: Request,
        renderers: Any,
        _format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        return renderers[0], renderers[0].media_type


def read(body: object, shape: Shape, check: Callable[[dict[str, object]], T]) -> T:
    """Flatten `body` by `shape` and have it checked. Raises InvalidDetails with what either found, Malformed."""
    if not isinstance(body, dict):
        raise Malformed
    raw: dict[str, object] = {}
    errors: dict[str, list[str]] = {}
    _flatten(body, shape, "", raw, errors)
    try:
        checked = check(raw)
    except InvalidDetails as invalid:
        for field, messages in invalid.errors.items():
            # An object that is none says it once, not once more for each field that it lacks.
            if field.partition(".")[0] not in errors:
                errors.setdefault(field, []).extend(messages)
        raise InvalidDetails(errors) from None
    if errors:
        raise InvalidDetails(errors)
    return checked


def _flatten(
    body: dict[str, object], shape: Shape, prefix: str, raw: dict[str, object], errors: dict[str, list[str]]
) -> None:
    for name, value in body.items():
        path = f"{prefix}{name}"
        expected = shape.get(name)
        if expected is None:
            errors[path[:80]] = [_("This field is not known here.")]
        elif value is None:
            continue
        elif isinstance(expected, str):
            raw[expected] = value
        elif isinstance(value, dict):
            _flatten(value, expected, f"{path}.", raw, errors)
        else:
            errors[path] = [_("This must be an object.")]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(_text: str) -> NoReturn:
    raise ValueError("not a number of JSON")
