"""A program's page: its numbers, what covers them, its rule worked out, its cycles, its terms."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cards import selectors as inventory
from cards.models import Program, Rule
from cashback.web import draws, pictures
from lottery.selectors import public_draws
from payouts import selectors
from queueing.models import Cycle

CYCLES_ON_PAGE = 12
NUMBER_DIGITS_MAX = 12


@require_safe
def program(request: HttpRequest, code: str) -> HttpResponse:
    """The page; `before` pages through closed cycles by their number."""
    shown = inventory.public_programs().filter(code=code.upper()).first()
    if shown is None:
        raise Http404
    now = timezone.now()
    numbers = selectors.program_numbers(shown, now)
    before = _number(request.GET.get("before", ""))
    cycles = Cycle.objects.filter(program=shown, number__lt=before) if before else Cycle.objects.filter(program=shown)
    found = list(cycles.order_by("-number")[: CYCLES_ON_PAGE + 1])
    context: dict[str, Any] = {
        "program": shown,
        "numbers": numbers,
        "open_cycle": None if before else pictures.draw(shown, numbers.cycles_closed + 1, closed=False),
        "cycles": [(cycle, pictures.draw(shown, cycle.number, closed=True)) for cycle in found[:CYCLES_ON_PAGE]],
        "older": found[CYCLES_ON_PAGE - 1].number if len(found) > CYCLES_ON_PAGE else None,
        "before": before,
        "worked": worked(shown),
        "gifts": shown.cycle_size - shown.payouts_per_cycle,
        "draws": draws.listed(public_draws(program_id=shown.pk)),
    }
    return render(request, "web/program.html", context)


def worked(shown: Program) -> list[dict[str, int]]:
    """The rule for the first two cycles: which places are paid, and which get a gift."""
    size, payouts = shown.cycle_size, shown.payouts_per_cycle
    examples = []
    for number in (1, 2):
        start = size * (number - 1)
        paid_from = start if shown.rule == Rule.COHORT else payouts * (number - 1)
        gift_from = start + payouts if shown.rule == Rule.COHORT or number == 1 else start
        examples.append(
            {
                "number": number,
                "paid_first": paid_from + 1,
                "paid_last": paid_from + payouts,
                "gift_first": gift_from + 1,
                "gift_last": start + size,
                "places_first": start + 1,
                "places_last": start + size,
            }
        )
    return examples


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else None
