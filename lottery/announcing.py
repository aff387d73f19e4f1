"""Announcing a draw: what is checked before, the commitment to a secret, and the way back before the freeze."""

import os
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cards.models import ProgramState
from cashback.accounts.two_people import require_organizer
from cashback.lib import drand, drawing
from cashback.lib.crypto.sealing import Sealed, seal
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.failpoints import failpoint
from cashback.lib.money import format_minor
from lottery.funding import FundNotFree, check_second_person, cover_minor, fund_to_take, promise_alone
from lottery.holding import REASON_MAX, DrawStateRefuses, ReasonMissing, hold, move, read
from lottery.models import Draw, DrawState, Figure, PrizeCap
from queueing import epochs
from queueing.locks import KEYRING, lock_shared

FIGURES_AFTER_FREEZE = timedelta(hours=1)
FREEZE_MAY_WAIT = timedelta(minutes=30)  # for the clock and the line; later it ends the draw
WINNERS_MAX = 20_000  # awarded in one transaction, by a click: some ten seconds

Faults = dict[str, list[str]]


class PrizeFundNotCovered(DomainError):
    """The prizes come to %(total)s, and the prize fund has %(free)s for them; pay in the rest first."""

    code = "prize_fund_not_covered"


class FundNotApproved(DomainError):
    """Another person must approve first that this draw takes the fund of draw %(draw)s."""

    code = "fund_not_approved"


def prizes_minor(draw: Draw) -> int:
    """What the draw's prizes come to, in minor units."""
    return sum(prize.amount_minor * prize.count for prize in draw.prizes.all())


def check(*, draw_id: int, now: datetime) -> Faults:
    """What stands against announcing a draft, by field: empty if nothing does. Money is looked at by `announce`."""
    draw = read(draw_id)
    faults: Faults = defaultdict(list)
    if draw.program.state not in {ProgramState.PUBLISHED, ProgramState.CLOSED}:
        faults["program"].append(_("The program is not open, or was settled."))
    if draw.freezes_at <= now:
        faults["freezes_at"].append(_("The pool is frozen in the future."))
    _check_prizes(draw, faults)
    _check_figures(draw, faults)
    _collect(faults, lambda: drawing.check_id(draw.code))
    return dict(faults)


@transaction.atomic
def announce(*, draw_id: int, by_id: int, now: datetime, entropy: Callable[[int], bytes] = os.urandom) -> Draw:
    """Announce a draft: its secret is drawn, sealed and committed to, its fund is promised, everything is locked.

    Raises NotAllowed, DrawUnknown, DrawStateRefuses, InvalidDetails (as `check`), PrizeFundNotCovered,
    FundNotApproved, FundNotFree, SecondPersonNeeded.
    """
    require_organizer(by_id)
    draw = hold(draw_id, DrawState.DRAFT)
    faults = check(draw_id=draw_id, now=now)
    if faults:
        raise InvalidDetails(faults)
    promise_alone(draw.program_id)
    total_minor = prizes_minor(draw)
    _check_fund(draw, total_minor, by_id)
    secret = entropy(drawing.SECRET_SIZE)
    lock_shared(KEYRING)
    epoch_id = epochs.current(now).pk
    sealed = seal(epochs.ring(), epoch_id, secret, secret_context(draw))
    move(
        draw,
        DrawState.ANNOUNCED,
        fund_minor=total_minor,
        commitment=drawing.commitment(secret),
        sealed_epoch_id=epoch_id,
        sealed_secret=sealed.ciphertext,
        sealed_secret_key=sealed.wrapped_key,
        announced_by_id=by_id,
        announced_at=now,
    )
    failpoint("draw.announced")
    return read(draw_id)


@transaction.atomic
def void(*, draw_id: int, by_id: int, reason: str, now: datetime) -> Draw:
    """Take an announcement back before the freeze, with a reason for everybody to read. Its fund is free again.

    Raises NotAllowed, DrawUnknown, DrawStateRefuses (once the freeze is due: figures are near), ReasonMissing.
    """
    require_organizer(by_id)
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_MAX:
        raise ReasonMissing
    draw = hold(draw_id, DrawState.ANNOUNCED)
    if draw.freezes_at <= now:
        raise DrawStateRefuses(draw=draw.code, state=draw.get_state_display())
    move(
        draw,
        DrawState.VOID,
        ended_at=now,
        ended_by_id=by_id,
        end_reason=reason,
        sealed_secret=None,
        sealed_secret_key=None,
        sealed_epoch=None,
    )
    return read(draw_id)


def check_taking(draw: Draw, total_minor: int, by_id: int) -> int:
    """What the draw takes of another one's fund, in minor units: 0 if it names none.

    Raises FundNotFree, FundNotApproved, SecondPersonNeeded.
    """
    if draw.takes_fund_of_id is None:
        return 0
    old = fund_to_take(draw)
    if old.fund_minor > total_minor:
        raise FundNotFree(draw=old.code)
    if draw.fund_approved_by_id is None:
        raise FundNotApproved(draw=old.code)
    check_second_person(draw, by_id)
    return old.fund_minor


def secret_context(draw: Draw) -> bytes:
    """What a sealed secret belongs to: moved to another draw it does not open."""
    return f"draw-secret:{draw.pk}".encode()


def sealed_secret(draw: Draw) -> Sealed:
    """The secret as it is stored until it is revealed."""
    assert draw.sealed_secret is not None
    assert draw.sealed_secret_key is not None
    return Sealed(ciphertext=bytes(draw.sealed_secret), wrapped_key=bytes(draw.sealed_secret_key))


def _check_fund(draw: Draw, total_minor: int, by_id: int) -> None:
    """Under the fund's lock: the prizes are covered by what is free, and by the fund that the draw takes."""
    taken_minor = check_taking(draw, total_minor, by_id)
    free_minor = cover_minor(program_id=draw.program_id) + taken_minor
    if total_minor > free_minor:
        currency = draw.program.currency
        raise PrizeFundNotCovered(total=format_minor(total_minor, currency), free=format_minor(free_minor, currency))


def _check_prizes(draw: Draw, faults: Faults) -> None:
    prizes = list(draw.prizes.order_by("position"))
    if not 1 <= sum(prize.count for prize in prizes) <= WINNERS_MAX:
        faults["prizes"].append(_("Name at least one prize and at most %(max)d.") % {"max": WINNERS_MAX})
    cap = PrizeCap.objects.filter(currency=draw.program.currency).first()
    if cap is None:
        faults["prizes"].append(
            _("There is no cap on prizes in %(currency)s yet.") % {"currency": draw.program.currency}
        )
        return
    for place, prize in enumerate(prizes):
        if prize.amount_minor > cap.amount_minor:
            most = format_minor(cap.amount_minor, cap.currency)
            faults[f"prizes.{place}.amount_minor"].append(_("A prize is at most %(most)s.") % {"most": most})


def _check_figures(draw: Draw, faults: Faults) -> None:
    figures = list(draw.figures.order_by("position"))
    _collect(faults, lambda: drawing.check_names([figure.name for figure in figures]))
    earliest = draw.freezes_at if settings.DEMO else draw.freezes_at + FIGURES_AFTER_FREEZE + FREEZE_MAY_WAIT
    if sum(figure.beacon_round is not None for figure in figures) > 1:
        faults["figures"].append(_("A draw uses one round of the beacon."))
    for place, figure in enumerate(figures):
        if figure.published_at < earliest or figure.published_at <= draw.freezes_at:
            faults[f"figures.{place}.published_at"].append(
                _("A figure is published an hour and a half after the time of the freeze or later.")
            )
        if figure.published_at > draw.reveals_at:
            faults[f"figures.{place}.published_at"].append(
                _("A figure is published before the secret is revealed: who publishes it must not know the secret.")
            )
        for field, fault in _beacon_faults(figure):
            faults[f"figures.{place}.{field}"].append(fault)


def _beacon_faults(figure: Figure) -> list[tuple[str, str]]:
    if figure.beacon_round is None:
        reserved = figure.name.startswith("drand-")
        return [("name", _("Names beginning with drand- are the beacon's."))] if reserved else []
    found = []
    if figure.name != drand.figure_name(figure.beacon_round):
        name = drand.figure_name(figure.beacon_round)
        found.append(("name", _("The figure of this round is named %(name)s.") % {"name": name}))
    if figure.published_at < drand.published_at(figure.beacon_round):
        found.append(("published_at", _("This round of the beacon is made later.")))
    if drand.published_at(figure.beacon_round) <= figure.draw.freezes_at:
        found.append(("beacon_round", _("This round is known before the freeze.")))
    return found


def _collect(faults: Faults, check_: Callable[[], None]) -> None:
    try:
        check_()
    except InvalidDetails as invalid:
        for field, texts in invalid.errors.items():
            faults[field].extend(texts)
