"""After the freeze: the schedule reveals the secret, and two people enter the public figures."""

from datetime import datetime

from django.db import transaction

from cashback.accounts.two_people import require_organizer
from cashback.lib import drand, drawing
from cashback.lib.crypto.sealing import unseal
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.failpoints import failpoint
from lottery.announcing import sealed_secret, secret_context
from lottery.holding import DrawStateRefuses, SecondPersonNeeded, move, read, try_hold
from lottery.models import Draw, DrawState, Figure
from queueing import epochs

ENTERED_IN = (DrawState.FROZEN, DrawState.REVEALED)


class FigureUnknown(DomainError):
    """There is no such figure."""

    code = "figure_unknown"


class FigureNotPublished(DomainError):
    """%(figure)s is published at %(published_at)s; it cannot be entered before."""

    code = "figure_not_published"


class FigureNotEntered(DomainError):
    """Nobody has entered %(figure)s yet; a first person must before a second confirms."""

    code = "figure_not_entered"


class FigureConfirmed(DomainError):
    """%(figure)s is confirmed and stays as it is."""

    code = "figure_confirmed"


class FiguresDiffer(DomainError):
    """What you typed is not what the first person entered for %(figure)s. Either of you may enter it anew."""

    code = "figures_differ"


class OfTheBeacon(DomainError):
    """%(figure)s comes from the beacon: enter the round's file."""

    code = "figure_of_the_beacon"


class NotOfTheBeacon(DomainError):
    """%(figure)s does not come from the beacon."""

    code = "figure_not_of_the_beacon"


def due(*, now: datetime) -> list[int]:
    """Frozen draws whose secret is to be revealed by now."""
    frozen = Draw.objects.filter(state=DrawState.FROZEN, reveals_at__lte=now)
    return list(frozen.order_by("reveals_at", "pk").values_list("pk", flat=True))


@transaction.atomic
def reveal(*, draw_id: int, now: datetime) -> Draw:
    """Reveal the secret that was committed to; the sealed copy is destroyed. Left alone where somebody is at it."""
    draw = try_hold(draw_id, DrawState.FROZEN)
    if draw is not None and draw.reveals_at <= now:
        assert draw.sealed_epoch_id is not None
        secret = unseal(epochs.ring(), draw.sealed_epoch_id, sealed_secret(draw), secret_context(draw))
        # The database compares it with the commitment.
        move(
            draw,
            DrawState.REVEALED,
            secret=secret,
            revealed_at=now,
            sealed_secret=None,
            sealed_secret_key=None,
            sealed_epoch=None,
        )
    failpoint("draw.before_reveal_commit")
    return read(draw_id)


@transaction.atomic
def enter_figure(*, figure_id: int, value: str, by_id: int, now: datetime) -> Figure:
    """The first of two people enters a figure as it was published; until it is confirmed it can be entered anew.

    Raises NotAllowed, FigureUnknown, DrawStateRefuses, FigureNotPublished, OfTheBeacon, FigureConfirmed,
    InvalidDetails (field `value`).
    """
    require_organizer(by_id)
    figure = _open(figure_id, now)
    if figure.beacon_round is not None:
        raise OfTheBeacon(figure=figure.name)
    _check_value(figure, value)
    _set(figure, value=value, entered_by_id=by_id, entered_at=now)
    return _get(figure_id)


@transaction.atomic
def confirm_figure(*, figure_id: int, value: str, by_id: int, now: datetime) -> Figure:
    """The second person types the figure too; if both are the same it is final.

    Raises as `enter_figure`, and FigureNotEntered, SecondPersonNeeded, FiguresDiffer.
    """
    require_organizer(by_id)
    figure = _open(figure_id, now)
    if figure.beacon_round is not None:
        raise OfTheBeacon(figure=figure.name)
    if figure.entered_by_id is None:
        raise FigureNotEntered(figure=figure.name)
    if figure.entered_by_id == by_id:
        raise SecondPersonNeeded
    if figure.value != value:
        raise FiguresDiffer(figure=figure.name)
    _set(figure, confirmed_by_id=by_id, confirmed_at=now)
    return _get(figure_id)


@transaction.atomic
def enter_beacon(*, figure_id: int, content: bytes, by_id: int, now: datetime) -> Figure:
    """Enter a round of the drand beacon from its file; its signature stands for the second person.

    Raises as `enter_figure`, NotOfTheBeacon, and cashback.lib.drand's RoundRefused.
    """
    require_organizer(by_id)
    figure = _open(figure_id, now)
    if figure.beacon_round is None:
        raise NotOfTheBeacon(figure=figure.name)
    found = drand.verify_round(content, announced=figure.beacon_round)
    _set(
        figure,
        value=found.randomness,
        beacon_signature=found.signature,
        entered_by_id=by_id,
        entered_at=now,
        confirmed_at=now,
    )
    return _get(figure_id)


def check_open(figure: Figure, now: datetime) -> None:
    """Raise DrawStateRefuses, FigureConfirmed or FigureNotPublished unless the figure can be entered now."""
    if figure.draw.state not in ENTERED_IN:
        raise DrawStateRefuses(draw=figure.draw.code, state=figure.draw.get_state_display())
    if figure.confirmed_at is not None:
        raise FigureConfirmed(figure=figure.name)
    if now < figure.published_at:
        raise FigureNotPublished(figure=figure.name, published_at=figure.published_at)


def _open(figure_id: int, now: datetime) -> Figure:
    figure = _get(figure_id)
    check_open(figure, now)
    return figure


def _get(figure_id: int) -> Figure:
    figure = Figure.objects.select_related("draw").filter(pk=figure_id).first()
    if figure is None:
        raise FigureUnknown
    return figure


def _check_value(figure: Figure, value: str) -> None:
    try:
        drawing.check_figures([(figure.name, value)])
    except InvalidDetails as invalid:
        raise InvalidDetails({"value": [text for texts in invalid.errors.values() for text in texts]}) from None


def _set(figure: Figure, **columns: object) -> None:
    """Change a figure if it still is as it was read."""
    unchanged = Figure.objects.filter(
        pk=figure.pk, confirmed_at=None, value=figure.value, entered_by_id=figure.entered_by_id
    )
    if unchanged.update(**columns) != 1:
        raise FigureConfirmed(figure=figure.name)
