"""The organizers' monitor: how lines, registers, money, erasing and the machinery stand. It shows; it changes nothing.

The one thing it does is to have the books checked.
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cards.models import Program, ProgramState
from cashback.accounts.admin_roles import OFFICE, role_of
from cashback.ledger.checking import check, last_check, last_whole_check
from cashback.portal.paging import key_of
from cashback.web.monitor import charts, health, reading, waiting

REFRESH_SECONDS = 10
CYCLES_PER_PAGE = 20
# The page waits for the books; large ones are checked by the schedule, or by `check_books`.
CHECK_TIMEOUT_MS = 20_000


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every program on one page, and what belongs to all of them."""
    now = timezone.now()
    shown = reading.programs_now(reading.programs(), now)
    return _show(
        request,
        "overview",
        title=_("Monitor"),
        now=now,
        programs=shown,
        parts=health.parts(shown, now),
        erasures=reading.erasures(now),
        most=reading.MOST,
        releases=reading.open_releases(),
        files=reading.bank_files(),
        quarantined=reading.quarantined(),
        doubtful=reading.doubtful_lines(),
        epochs=reading.key_epochs(),
        check=last_check(),
        whole_check=last_whole_check(),
        draws=reading.draws_under_way(),
        waiting=waiting.for_people(now) if role_of(request) in OFFICE else [],
    )


@require_safe
def program(request: HttpRequest, code: str) -> HttpResponse:
    """One program: line, registers, money, the last hour and day, its cycles."""
    now = timezone.now()
    found = get_object_or_404(Program.objects.exclude(state=ProgramState.DRAFT), code=code)
    [shown] = reading.programs_now([found], now)
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    money = [(kind.value, shown.money.get(kind, 0)) for kind in reading.MONEY_KINDS]
    money.append(("refunded", shown.numbers.refunded_minor))
    before = key_of(request.GET.get("before"))
    rows = reading.cycles(found)
    cycles = list((rows.filter(number__lt=before) if before else rows).order_by("-number")[: CYCLES_PER_PAGE + 1])
    return _show(
        request,
        "program",
        title=found.code,
        now=now,
        shown=shown,
        lots=reading.sold_lots(found),
        cancelled=reading.cancelled(found),
        most=reading.MOST,
        money=charts.stacked(money),
        money_parts=money,
        registered_hour=charts.over_time(reading.placed_by_step(found, now, minute, 60)),
        registered_day=charts.over_time(reading.placed_by_step(found, now, hour, 24)),
        refunded_hour=charts.over_time(reading.refunds_by_step(found, now, minute, 60)),
        refunded_day=charts.over_time(reading.refunds_by_step(found, now, hour, 24)),
        cycles=cycles[:CYCLES_PER_PAGE],
        older=cycles[CYCLES_PER_PAGE - 1].number if len(cycles) > CYCLES_PER_PAGE else None,
        newest=before is None,
    )


@require_POST
def check_books(request: HttpRequest) -> HttpResponse:
    """Have every invariant checked now."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(CHECK_TIMEOUT_MS)])
            found = check(now=timezone.now())
    except OperationalError:
        text = _("These books take longer than a page may wait. The schedule checks them; so does check_books.")
        messages.warning(request, text)
        return redirect("monitor:overview")
    if found.breaches:
        text = ngettext("%d breach was found.", "%d breaches were found.", len(found.breaches)) % len(found.breaches)
        messages.error(request, text)
    else:
        messages.success(request, _("All %(rules)s rules hold.") % {"rules": found.rules})
    return redirect("monitor:overview")


def _show(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    refresh = 0 if "still" in request.GET or "before" in request.GET else REFRESH_SECONDS
    every = {**admin.site.each_context(request), "refresh": refresh, **context}
    return render(request, f"admin/monitor/{name}.html", every)
