"""The steps of a draw in the organizers' admin: each has a page that shows what it does, and a button that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cashback.accounts.admin_roles import OFFICE, role_of
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.money import format_minor
from lottery import admin_closed, announcing, certifying, funding, revealing, selectors
from lottery.admin_forms import BeaconForm, FundForm, NothingForm, ReasonForm, ValueForm, labelled
from lottery.models import Draw, DrawState, Figure

RESULTS_SHOWN = 200
View = Callable[..., HttpResponse]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A page of one step: what it is called, what it shows, and which verb it calls."""

    title: str
    button: str
    template: str
    form: forms.Form
    act: Callable[[dict[str, Any]], str]
    back: str
    context: dict[str, Any]
    # Why it cannot be done yet, with the names of the fields; where there is anything, there is no button.
    faults: tuple[tuple[str, str], ...] = ()
    # Why there is nothing to do here, for this person or at all: instead of the button, and mostly of the facts too.
    closed: str = ""
    facts_if_closed: bool = False
    grave: bool = False


def urls() -> list[URLPattern]:
    """The addresses of the steps, below those of the draws."""
    return [
        path("fund/", _office(pay_in), name="lottery_draw_fund"),
        path("<int:draw_id>/announce/", _office(announce), name="lottery_draw_announce"),
        path("<int:draw_id>/approve-fund/", _office(approve_fund), name="lottery_draw_approve_fund"),
        path("<int:draw_id>/void/", _office(void), name="lottery_draw_void"),
        path("<int:draw_id>/certify/", _office(certify), name="lottery_draw_certify"),
        path("<int:draw_id>/figures/<int:figure_id>/", _office(figure), name="lottery_draw_figure"),
    ]


def pay_in(request: HttpRequest) -> HttpResponse:
    """Pay into a program's prize fund: see what it holds and has promised, enter the amount, confirm it."""
    asked = {"program": request.GET.get("program")}
    form = FundForm(request.POST) if request.method == "POST" else FundForm(initial=asked)
    programs: Any = form.fields["program"]
    funds = [
        {"program": program, **_fund(program.pk, program.currency)} for program in programs.queryset.order_by("code")
    ]
    reviewed = request.method == "POST" and form.is_valid()
    if reviewed:
        form.fields["program"].widget = forms.HiddenInput()
        form.fields["amount_minor"].widget = forms.HiddenInput()
        form.fields["reference"].widget = forms.HiddenInput()

    def act(data: dict[str, Any]) -> str:
        funding.pay_in_prize_fund(
            program_id=data["program"].pk,
            amount_minor=data["amount_minor"],
            reference=data["reference"],
            by_id=_person(request),
            now=timezone.now(),
        )
        amount = format_minor(data["amount_minor"], data["program"].currency)
        return _("%(amount)s are in the prize fund of %(program)s.") % {
            "amount": amount,
            "program": data["program"].code,
        }

    typed = form.cleaned_data if reviewed else {}
    step = Step(
        title=_("Pay into a prize fund"),
        button=_("Pay in") if reviewed else _("Check the amount"),
        template="fund",
        form=form,
        act=act,
        back=reverse("admin:lottery_draw_changelist"),
        context={
            "funds": funds,
            "typed": typed,
            "amount": format_minor(typed["amount_minor"], typed["program"].currency) if typed else "",
        },
    )
    if reviewed and request.POST.get("go") != "confirm":
        return _show(request, None, step)
    return _carry_out(request, None, step)


def announce(request: HttpRequest, draw_id: int) -> HttpResponse:
    """Announce a draft: everything that gets locked is shown before."""
    draw = _draw(draw_id)
    now = timezone.now()
    is_draft = draw.state == DrawState.DRAFT

    def act(_data: dict[str, Any]) -> str:
        announcing.announce(draw_id=draw_id, by_id=_person(request), now=timezone.now())
        return _("Draw %(draw)s is announced. Nothing of it can be changed any more.") % {"draw": draw.code}

    step = Step(
        title=_("Announce draw %(draw)s") % {"draw": draw.code},
        button=_("Announce, and lock all this"),
        template="announce",
        form=NothingForm(*_sent(request)),
        act=act,
        back=_page_of(draw),
        context={
            "prizes": draw.prizes.order_by("position"),
            "figures": draw.figures.order_by("position"),
            "total": format_minor(announcing.prizes_minor(draw), draw.program.currency),
            **_fund(draw.program_id, draw.program.currency),
        },
        faults=tuple(labelled(announcing.check(draw_id=draw_id, now=now))) if is_draft else (),
        closed=admin_closed.announce(draw, _person(request)),
        facts_if_closed=is_draft,
    )
    return _carry_out(request, draw, step)


def approve_fund(request: HttpRequest, draw_id: int) -> HttpResponse:
    """One of two people lets a draft take the fund of a draw that was not completed; the other announces it."""
    draw = _draw(draw_id)

    def act(_data: dict[str, Any]) -> str:
        funding.approve_fund(draw_id=draw_id, by_id=_person(request), now=timezone.now())
        return _("Approved. Another person announces the draw.")

    old = draw.takes_fund_of
    step = Step(
        title=_("Let draw %(draw)s take a fund") % {"draw": draw.code},
        button=_("Approve (another person announces)"),
        template="approve_fund",
        form=NothingForm(*_sent(request)),
        act=act,
        back=_page_of(draw),
        context={"old": old, "amount": format_minor(old.fund_minor, old.program.currency) if old else ""},
        closed=admin_closed.approve_fund(draw),
    )
    return _carry_out(request, draw, step)


def void(request: HttpRequest, draw_id: int) -> HttpResponse:
    """Call an announced draw off before its freeze, with a reason for everybody."""
    draw = _draw(draw_id)

    def act(data: dict[str, Any]) -> str:
        announcing.void(draw_id=draw_id, by_id=_person(request), reason=data["reason"], now=timezone.now())
        return _("Draw %(draw)s is called off.") % {"draw": draw.code}

    step = Step(
        title=_("Call off draw %(draw)s") % {"draw": draw.code},
        button=_("Call it off for ever"),
        template="void",
        form=ReasonForm(*_sent(request)),
        act=act,
        back=_page_of(draw),
        context={},
        closed=admin_closed.void(draw, timezone.now()),
        grave=True,
    )
    return _carry_out(request, draw, step)


def figure(request: HttpRequest, draw_id: int, figure_id: int) -> HttpResponse:
    """Enter a public figure, or confirm it by typing it again without seeing what was typed."""
    found = get_object_or_404(Figure.objects.select_related("draw__program"), pk=figure_id, draw=draw_id)
    by_id = _person(request)
    beacon = found.beacon_round is not None
    # Whoever entered a figure may enter it anew; for everybody else it waits for the second person.
    second = not beacon and found.entered_by_id not in {None, by_id}
    anew = second and request.GET.get("anew") == "1"

    def act(data: dict[str, Any]) -> str:
        now = timezone.now()
        if beacon:
            revealing.enter_beacon(figure_id=figure_id, content=data["file"].read(), by_id=by_id, now=now)
            return _("%(figure)s is entered; its signature is right.") % {"figure": found.name}
        if second and not anew:
            revealing.confirm_figure(figure_id=figure_id, value=data["value"], by_id=by_id, now=now)
            return _("%(figure)s is confirmed.") % {"figure": found.name}
        revealing.enter_figure(figure_id=figure_id, value=data["value"], by_id=by_id, now=now)
        return _("%(figure)s is entered. Another person confirms it by typing it too.") % {"figure": found.name}

    step = Step(
        title=(_("Confirm %(figure)s") if second and not anew else _("Enter %(figure)s")) % {"figure": found.name},
        button=_("Check the signature and enter") if beacon else _("Confirm") if second and not anew else _("Enter"),
        template="figure",
        form=BeaconForm(*_sent(request, files=True)) if beacon else ValueForm(*_sent(request)),
        act=act,
        back=_page_of(found.draw),
        context={"figure": found, "second": second and not anew, "can_be_anew": second, "beacon": beacon},
        closed=admin_closed.figure(found, timezone.now()),
    )
    return _carry_out(request, found.draw, step)


def certify(request: HttpRequest, draw_id: int) -> HttpResponse:
    """A second person puts a verified draw in force, with its results and what verified them before the eyes."""
    draw = _draw(draw_id)

    def act(_data: dict[str, Any]) -> str:
        certifying.certify(draw_id=draw_id, by_id=_person(request), now=timezone.now())
        return _("Draw %(draw)s is certified; its prizes are awarded.") % {"draw": draw.code}

    public = selectors.public_draw(draw.code)
    winners = public.winners if public and public.winners is not None else []
    step = Step(
        title=_("Certify draw %(draw)s") % {"draw": draw.code},
        button=_("Certify, and award the prizes"),
        template="certify",
        form=NothingForm(*_sent(request)),
        act=act,
        back=_page_of(draw),
        context={
            "winners": [
                (result, format_minor(result.amount_minor or 0, draw.program.currency))
                for result in winners[:RESULTS_SHOWN]
            ],
            "winners_total": len(winners),
            "reserves_total": len(public.reserves or []) if public else 0,
            "figures": draw.figures.order_by("position"),
            "secret": public.secret if public else "",
        },
        closed=admin_closed.certify(draw, _person(request), timezone.now()),
        facts_if_closed=draw.state in selectors.RESULTS_PUBLIC_IN,
    )
    return _carry_out(request, draw, step)


def _office(view: View) -> View:
    """Only the two people of every decision."""

    def checked(request: HttpRequest, **kwargs: int) -> HttpResponse:
        if role_of(request) not in OFFICE:
            raise PermissionDenied
        return view(request, **kwargs)

    return admin.site.admin_view(checked)


def _carry_out(request: HttpRequest, draw: Draw | None, step: Step) -> HttpResponse:
    """Call the verb if the form was sent; what it refuses stands on the page, at its field."""
    if request.method != "POST" or step.closed or not step.form.is_valid():
        return _show(request, draw, step)
    try:
        done = step.act(step.form.cleaned_data)
    except InvalidDetails as invalid:
        for field, texts in invalid.errors.items():
            for text in texts:
                step.form.add_error(field if field in step.form.fields else None, text)
    except DomainError as refusal:
        step.form.add_error(None, refusal.message)
    else:
        messages.success(request, done)
        return HttpResponseRedirect(step.back)
    return _show(request, draw, step)


def _show(request: HttpRequest, draw: Draw | None, step: Step) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": step.title,
        "opts": Draw._meta,
        "draw": draw,
        "step": step,
        "form": step.form,
        **step.context,
    }
    return render(request, f"admin/lottery/draw/{step.template}.html", context)


def _sent(request: HttpRequest, *, files: bool = False) -> list[Any]:
    """What a form is filled with: nothing before it is sent."""
    if request.method != "POST":
        return []
    return [request.POST, request.FILES] if files else [request.POST]


def _fund(program_id: int, currency: str) -> dict[str, str]:
    fund = funding.fund(program_id=program_id)
    return {
        "balance": format_minor(fund.balance_minor, currency),
        "committed": format_minor(fund.committed_minor, currency),
        "free": format_minor(fund.free_minor, currency),
    }


def _draw(draw_id: int) -> Draw:
    return get_object_or_404(Draw.objects.select_related("program", "takes_fund_of__program"), pk=draw_id)


def _page_of(draw: Draw) -> str:
    return reverse("admin:lottery_draw_change", args=[draw.pk])


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
