"""For everybody: draws as far as they are public, the pools that were frozen and the bundles that were verified."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cashback.api import documents
from cashback.api.draw_documents import DrawLineOut, DrawOut
from cashback.api.problems import NotFound
from cashback.api.public import PAGING
from cashback.api.views import ApiView, cut, linked
from lottery import selectors
from lottery.models import PUBLIC_STATES, Draw, DrawState
from lottery.selectors import PublicDraw

# What was published of a draw never changes.
FILE_KEPT = "public, max-age=86400, immutable"
HASH_KEPT_SECONDS = 30 * 86_400


class Draws(ApiView):
    """Draws."""

    @extend_schema(
        operation_id="draws",
        parameters=PAGING,
        responses={200: DrawLineOut(many=True), **documents.problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List every draw that was ever announced, the oldest first."""
        found, more = cut(request, Draw.objects.filter(state__in=PUBLIC_STATES).select_related("program"))
        rows = [
            {
                "id": draw.code,
                "state": draw.state,
                "program": draw.program.code,
                "name": draw.name,
                "currency": draw.program.currency,
                "fund_minor": draw.fund_minor,
                "announced_at": draw.announced_at,
                "freezes_at": draw.freezes_at,
                "reveals_at": draw.reveals_at,
            }
            for draw in found
        ]
        return linked(request, DrawLineOut(rows, many=True).data, more)


class DrawView(ApiView):
    """One draw."""

    @extend_schema(operation_id="draw", responses={200: DrawOut, **documents.problems(404)})
    def get(self, _request: Request, draw: str) -> Response:
        """Read what is public of a draw. The fields of `draw.json` in its bundle have the same names."""
        return Response(DrawOut(_shown(_found(draw))).data)


class Pool(ApiView):
    """A draw's pool file."""

    @extend_schema(
        operation_id="draw_pool",
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "A line an entry: index, tab, leaf."),
            **documents.problems(404),
        },
    )
    def get(self, request: Request, draw: str) -> HttpResponseBase:
        """Download the pool, from the freeze on. Its hash, which is also its ETag, was published with it."""
        found = _found(draw)
        file = selectors.pool_pieces(found.id)
        if file is None or found.pool_hash is None:
            raise NotFound
        return _file(request, file, found.pool_hash, f"{found.id}-pool.txt", "text/plain; charset=ascii")


class Bundle(ApiView):
    """A draw's bundle."""

    @extend_schema(
        operation_id="draw_bundle",
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "pool.txt and draw.json."),
            **documents.problems(404),
        },
    )
    def get(self, request: Request, draw: str) -> HttpResponseBase:
        """Download all that the results follow from, once they are verified. The ETag is the file's SHA-256."""
        found = _found(draw)
        file = selectors.bundle_pieces(found.id)
        if file is None:
            raise NotFound
        return _file(request, file, _bundle_hash(found), f"{found.id}.zip", "application/zip")


def _found(code: str) -> PublicDraw:
    found = selectors.public_draw(code) if code.isprintable() else None
    if found is None:
        raise NotFound
    return found


def _shown(found: PublicDraw) -> dict[str, Any]:
    drawn = None if found.winners is None else [*found.winners, *(found.reserves or [])]
    certified = found.state == DrawState.CERTIFIED
    return {
        **vars(found),
        "prizes": found.prizes_one_by_one(),
        "declarations": None if found.declarations is None else list(selectors.kept_out(found.draw_id)),
        "winners": None if found.winners is None else [result.index for result in found.winners],
        "reserves": None if found.reserves is None else [result.index for result in found.reserves],
        "allotments": [
            {"prize": result.prize, "index": result.index, "leaf": result.leaf, "ended": result.ended or None}
            for result in drawn or []
            if result.prize is not None
        ]
        if certified
        else None,
        "end_reason": found.end_reason or None,
    }


def _file(
    request: Request, file: tuple[int, Iterator[bytes]], digest: str, name: str, content_type: str
) -> HttpResponseBase:
    """A published file, piece by piece; nothing of it where the asker has it already."""
    etag = f'"{digest}"'
    headers = {"ETag": etag, "Cache-Control": FILE_KEPT}
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    size, pieces = file
    headers |= {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=content_type, headers=headers)


def _bundle_hash(found: PublicDraw) -> str:
    """Worked out once from the pieces, and kept where it is found again."""
    key = f"draw-bundle:{found.draw_id}:{found.verified_at}".replace(" ", "T")
    kept = cache.get(key)
    if kept is not None:
        return str(kept)
    digest = hashlib.sha256()
    file = selectors.bundle_pieces(found.id)
    for piece in file[1] if file else ():
        digest.update(piece)
    cache.set(key, digest.hexdigest(), HASH_KEPT_SECONDS)
    return digest.hexdigest()
