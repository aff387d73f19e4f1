"""A draw's public page, its stage page, and the list of draws. They read without JavaScript; scripts add to them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cashback.web import draw_words
from cashback.web.pages import language
from lottery import selectors
from lottery.models import DrawState
from lottery.selectors import DrawLine, PublicDraw, PublicResult

DRAWS_SHOWN = 100
RESULTS_ON_PAGE = 20
LEAVES_ON_PAGE = 100
NUMBER_DIGITS_MAX = 9
OVER = frozenset({DrawState.VOID, DrawState.NOT_COMPLETED})

# Who has a prize now: an index in the pool by the prize's number.
Heirs = dict[int, int]


class Step(NamedTuple):
    """One step of a draw: done, or to come."""

    text: str
    at: datetime | None
    done: bool


class Page(NamedTuple):
    """A part of the results, and where the parts before and after it begin."""

    rows: list[dict[str, Any]]
    total: int
    newer: int | None
    older: int | None
    start: int


@require_safe
def draws(request: HttpRequest) -> HttpResponse:
    """Every draw that was announced, the newest first."""
    return render(request, "web/draws/list.html", {"draws": listed(selectors.public_draws())})


@require_safe
def draw(request: HttpRequest, code: str) -> HttpResponse:
    """The page; `from` pages through winners and `reserves` through reserves."""
    shown = _found(code)
    now = timezone.now()
    context = _shared(request, shown) | {
        "about": shown.about_zh if shown.about_zh and language().startswith("zh") else shown.about,
        "counting": now < (shown.freezes_at if shown.state == DrawState.ANNOUNCED else shown.reveals_at),
        "excluded": list(islice(selectors.kept_out(shown.draw_id), LEAVES_ON_PAGE)) if shown.declarations else [],
        "steps": steps(shown),
        "now": now,
    }
    if shown.state == DrawState.CERTIFIED:
        context |= _results(request, shown)
    return render(request, "web/draws/draw.html", context)


@require_safe
def stage(request: HttpRequest, code: str) -> HttpResponse:
    """For a big screen: the announcement and a countdown, and once the draw is certified its winners one by one."""
    shown = _found(code)
    counted = {DrawState.ANNOUNCED: shown.freezes_at, DrawState.FROZEN: shown.reveals_at}
    context = _shared(request, shown) | {"until": counted.get(DrawState(shown.state))}
    return render(request, "web/draws/stage.html", context)


def listed(found: Sequence[DrawLine]) -> list[dict[str, Any]]:
    """Draws with their states in words."""
    return [{"draw": one, "state": draw_words.STATES[one.state]} for one in found[:DRAWS_SHOWN]]


def steps(shown: PublicDraw) -> list[Step]:
    """What happened and what is to come, in order. Of a draw that ended there is nothing to come."""
    every = [
        Step(_("Announced: prizes, rules and the commitment to the secret"), shown.announced_at, True),
        Step(_("Last moment to register"), shown.registered_until, shown.frozen_at is not None),
        Step(_("Pool frozen and published"), shown.frozen_at or shown.freezes_at, shown.frozen_at is not None),
        Step(_("Secret revealed"), shown.revealed_at or shown.reveals_at, shown.revealed_at is not None),
        Step(_("Drawn from pool, secret and public figures"), shown.drawn_at, shown.drawn_at is not None),
        Step(_("Verified by an independent program; bundle published"), shown.verified_at, bool(shown.verified_at)),
        Step(_("Certified by a second person; prizes awarded"), shown.certified_at, bool(shown.certified_at)),
    ]
    if shown.state not in OVER:
        return every
    last = _("Called off") if shown.state == DrawState.VOID else _("Not completed")
    return [*(step for step in every if step.done), Step(last, shown.ended_at, True)]


def _shared(request: HttpRequest, shown: PublicDraw) -> dict[str, Any]:
    bundle = reverse("api:draw_bundle", args=[shown.id]) if shown.has_bundle else ""
    return {
        "draw": shown,
        "program": {
            "code": shown.program,
            "name": shown.program_name,
            "name_zh": shown.program_name_zh,
            "currency": shown.currency,
        },
        "prizes_total": sum(prize.count for prize in shown.prizes),
        "state": draw_words.STATES[shown.state],
        "over": shown.state in OVER,
        "zone": settings.TIME_ZONE,
        "api": reverse("api:draw", args=[shown.id]),
        "pool_address": reverse("api:draw_pool", args=[shown.id]) if shown.has_pool else "",
        "bundle_address": bundle,
        "bundle_url": request.build_absolute_uri(bundle),
        "bundle_name": f"{shown.id}.zip",
        "page": request.build_absolute_uri(reverse("draw", args=[shown.id])),
        "words": draw_words.for_script(),
    }


def _results(request: HttpRequest, shown: PublicDraw) -> dict[str, Any]:
    winners, reserves = shown.winners or [], shown.reserves or []
    drawn = [*winners, *reserves]
    passed_on = [result for result in drawn if result.ended]
    heirs: Heirs = {result.prize: result.index for result in drawn if result.prize is not None and not result.ended}
    return {
        "results": True,
        "winners": _page(shown, winners, heirs, request.GET.get("from", "")),
        "reserves": _page(shown, reserves, heirs, request.GET.get("reserves", "")),
        "reserves_open": "reserves" in request.GET,
        "passed_on": [_row(shown, result, heirs) for result in passed_on[:RESULTS_ON_PAGE]],
        "passed_on_total": len(passed_on),
        "not_awarded": sum(prize.count for prize in shown.prizes)
        - sum(result.prize is not None and not result.ended for result in drawn),
    }


def _page(shown: PublicDraw, results: Sequence[PublicResult], heirs: Heirs, start_text: str) -> Page:
    start = min(_number(start_text) or 0, max(0, len(results) - 1))
    after = start + RESULTS_ON_PAGE
    return Page(
        rows=[_row(shown, result, heirs) for result in results[start:after]],
        total=len(results),
        newer=max(0, start - RESULTS_ON_PAGE) if start else None,
        older=after if after < len(results) else None,
        start=start,
    )


def _row(shown: PublicDraw, result: PublicResult, heirs: Heirs) -> dict[str, Any]:
    prize = {"name": result.prize_name, "name_zh": result.prize_name_zh, "amount_minor": result.amount_minor}
    return {
        "index": result.index,
        "leaf": result.leaf,
        "reserve": result.reserve,
        "prize": None if result.prize is None else prize,
        "ended": result.ended,
        "heir": heirs.get(result.prize) if result.ended and result.prize is not None else None,
        "why": draw_words.plain(draw_words.PASSED_ON_BECAUSE, result.ended),
    }


def _found(code: str) -> PublicDraw:
    found = selectors.public_draw(code.upper())
    if found is None:
        raise Http404
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else None
