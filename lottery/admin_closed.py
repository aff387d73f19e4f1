"""Why a step's page has no button: what the verb would refuse, said before anybody tries. "" where it is open."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from cashback.lib.errors import DomainError
from lottery import announcing, funding, revealing
from lottery.models import CERTIFIED_WITHIN, Draw, DrawState, Figure


def announce(draw: Draw, by_id: int) -> str:
    """Of a draft whose fields are all right: a fund that it cannot take, or that this person approved."""
    if draw.state != DrawState.DRAFT:
        return _("This draw is %(state)s. Only a draft is announced.") % {"state": draw.get_state_display()}
    return _refusal(lambda: announcing.check_taking(draw, announcing.prizes_minor(draw), by_id))


def approve_fund(draw: Draw) -> str:
    """Only a draft that names a fund to take."""
    if draw.state != DrawState.DRAFT:
        text = _("This draw is %(state)s. Only a draft takes the fund of another draw.")
        return text % {"state": draw.get_state_display()}
    return _refusal(lambda: funding.fund_to_take(draw))


def void(draw: Draw, now: datetime) -> str:
    """Only between announcement and freeze."""
    if draw.state != DrawState.ANNOUNCED:
        text = _("This draw is %(state)s. A draw is called off between its announcement and its freeze.")
        return text % {"state": draw.get_state_display()}
    if draw.freezes_at <= now:
        return _("The freeze of its pool is due; a draw is called off before that or not at all.")
    return ""


def figure(found: Figure, now: datetime) -> str:
    """Only what is published and not confirmed, of a frozen or revealed draw."""
    return _refusal(lambda: revealing.check_open(found, now))


def certify(draw: Draw, by_id: int, now: datetime) -> str:
    """Only a verified draw, within seven days, by somebody else than who announced it."""
    state = {"state": draw.get_state_display()}
    if draw.state == DrawState.CERTIFIED:
        return _("This draw is certified already; there is nothing left to do.")
    if draw.state in {DrawState.NOT_COMPLETED, DrawState.VOID}:
        return _("This draw is %(state)s; it is never certified.") % state
    if draw.state != DrawState.VERIFIED:
        return _("Not yet: this draw is %(state)s. It can be certified once it is verified.") % state
    if draw.reveals_at + CERTIFIED_WITHIN <= now:
        return _("It was not certified within seven days of the reveal.")
    if draw.announced_by_id == by_id:
        return _("You announced this draw; another person must certify it.")
    return ""


def _refusal(check: Callable[[], object]) -> str:
    try:
        check()
    except DomainError as refusal:
        return refusal.message
    return ""
