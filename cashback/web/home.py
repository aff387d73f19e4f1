"""The first page: what this is, the cycles as they stand, and the public numbers."""

from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from cards import selectors as inventory
from cards.models import Program, ProgramState
from cashback.web import draws, pictures
from cashback.web.pages import language
from lottery.selectors import public_draws
from payouts import selectors

CLOSED_CYCLES_SHOWN = 4
DRAWS_SHOWN = 3
# Everybody who looks at the same second sees the same numbers; they carry the time they are of.
NUMBERS_KEPT_SECONDS = 1


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first published program in full, and the others by name."""
    found = _programs()
    newest = draws.listed(public_draws()[:DRAWS_SHOWN])
    context: dict[str, Any] = {"programs": found, "draws": newest, "here": "home"}
    if found:
        program = found[0]
        context |= {"program": program, "live": _live(program), "gifts": program.cycle_size - program.payouts_per_cycle}
    return render(request, "web/home.html", context)


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """The moving part of the first page alone, for those who watch."""
    found = _programs()
    response = HttpResponse(_live(found[0]) if found else "")
    response.headers["Cache-Control"] = "no-store"
    return response


def _programs() -> list[Program]:
    """Published programs first, the longest-running ahead; then those that closed."""
    shown = list(inventory.public_programs().order_by("published_at", "pk"))
    return sorted(shown, key=lambda program: program.state != ProgramState.PUBLISHED)


def _live(program: Program) -> SafeString:
    key = f"home:{program.pk}:{language()}"
    kept = cache.get(key)
    if kept is not None:
        return SafeString(kept)
    drawn = render_to_string("web/_live.html", live_context(program, now=timezone.now()))
    cache.set(key, str(drawn), NUMBERS_KEPT_SECONDS)
    return SafeString(drawn)


def live_context(program: Program, *, now: datetime) -> dict[str, Any]:
    """What the moving part shows: the open cycle, the last closed ones, the numbers."""
    numbers = selectors.program_numbers(program, now)
    closed, size = numbers.cycles_closed, program.cycle_size
    newest = range(closed, max(0, closed - CLOSED_CYCLES_SHOWN), -1)
    return {
        "program": program,
        "numbers": numbers,
        "open_cycle": pictures.draw(program, closed + 1, closed=False),
        "closed_cycles": [pictures.draw(program, number, closed=True) for number in newest],
        "gifts": size - program.payouts_per_cycle,
    }
