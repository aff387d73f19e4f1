"""What every view of the API has in common: strict JSON in, JSON out, nothing cached, lists by cursor."""

import base64
import binascii
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import get_language
from rest_framework import authentication, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cashback.api.bodies import JSONOnly, StrictJSONParser
from cashback.api.problems import NotFound
from cashback.lib.errors import DomainError

PAGE_MAX = 100
PAGE_DEFAULT = 50


class InvalidCursor(DomainError):
    """This cursor or limit is not one of ours. Follow the address in the Link header."""

    code = "invalid_cursor"


class ApiView(APIView):
    """A view that anybody may ask; whatever stands in Authorization is not looked at."""

    authentication_classes: ClassVar[list[type[authentication.BaseAuthentication]]] = []  # type: ignore[misc]
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = JSONOnly
    metadata_class = None
    cache_control = "no-store"

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Read the body before it is parsed, so that it can be digested too."""
        assert request._request.body is not None
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: object, **kwargs: object) -> Any:
        """Say how long an answer may be kept: mostly not at all. What was refused is not logged: receipts are paths."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response._has_been_logged = response.status_code < 500
        response.headers.setdefault("Cache-Control", self.cache_control if response.status_code == 200 else "no-store")
        return response


class Nothing(ApiView):
    """Every address that is none."""

    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Raise NotFound whatever is asked."""
        raise NotFound

    def get(self, _request: Request, rest: str) -> Response:
        """Never reached."""
        raise NotFound(rest=rest)

    post = put = patch = delete = get


def language() -> str:
    """The language that texts are shown in."""
    return get_language() or "en"


def page(request: Request, rows: QuerySet[Any], serializer: type[serializers.Serializer[Any]]) -> Response:
    """One page of `rows`; the next one's address is in the Link header."""
    found, last = cut(request, rows)
    return linked(request, serializer(found, many=True).data, last)


def cut(request: Request, rows: QuerySet[Any]) -> tuple[list[Any], object]:
    """The rows of one page by primary key, and the last one's key where more follow. Raises InvalidCursor."""
    limit, after = limit_of(request), cursor_of(request)
    rows = rows.order_by("pk")
    if after is not None:
        try:
            rows = rows.filter(pk__gt=after)
        except ValueError:
            raise InvalidCursor from None
    found = list(rows[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def linked(request: Request, data: Any, last: object) -> Response:
    """A response with the address of what follows the row with the key `last` (RFC 8288); None if nothing does."""
    headers = {}
    if last is not None:
        cursor = base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")
        address = f"{request.build_absolute_uri(request.path)}?cursor={cursor}&limit={limit_of(request)}"
        headers["Link"] = f'<{address}>; rel="next"'
    return Response(data, headers=headers)


def limit_of(request: Request) -> int:
    """How many rows a page has. Raises InvalidCursor."""
    text = request.query_params.get("limit", str(PAGE_DEFAULT))
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= PAGE_MAX:
        raise InvalidCursor
    return int(text)


def cursor_of(request: Request) -> str | None:
    """The key that a page begins behind, as it was given out. Raises InvalidCursor."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        decoded = base64.urlsafe_b64decode(text.encode("ascii") + b"==").decode("ascii")
    except (binascii.Error, UnicodeError):
        raise InvalidCursor from None
    if not decoded.isalnum() or len(decoded) > 18:
        raise InvalidCursor
    return decoded
