"""Decisions of the office: one person prepares, another approves or calls off. The database refuses one for both."""

from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from cashback.accounts.models import Prepared, Role, User
from cashback.lib.errors import DomainError

Decision = TypeVar("Decision", bound=Prepared)


class NotAllowed(DomainError):
    """Only an organizer or a checker may do this."""

    code = "not_allowed"


class AnotherPersonNeeded(DomainError):
    """You prepared this yourself; somebody else must approve it."""

    code = "another_person_needed"


class NothingWaits(DomainError):
    """This does not wait for anybody any more: it was approved or called off."""

    code = "nothing_waits"


def require_organizer(user_id: int) -> None:
    """Raise NotAllowed unless the user is an active organizer or checker: the two people of every decision."""
    if not User.objects.filter(pk=user_id, is_active=True, role__in=[Role.ORGANIZER, Role.CHECKER]).exists():
        raise NotAllowed


def approve(rows: type[Decision], *, row_id: int, by_id: int, now: datetime) -> Decision:
    """Note the second person on a prepared row, in the caller's transaction; the caller then carries it out.

    Raises NotAllowed, NothingWaits, AnotherPersonNeeded.
    """
    require_organizer(by_id)
    row = _waiting(rows, row_id)
    if row.prepared_by_id == by_id:
        raise AnotherPersonNeeded
    return _decide(row, approved_by_id=by_id, approved_at=now)


def call_off(rows: type[Decision], *, row_id: int, by_id: int, now: datetime) -> Decision:
    """Give a prepared row up, by either person, in the caller's transaction. Raises NotAllowed, NothingWaits."""
    require_organizer(by_id)
    return _decide(_waiting(rows, row_id), called_off_by_id=by_id, called_off_at=now)


def state_of(row: Prepared) -> object:
    """Where a prepared row stands, for people to read."""
    if row.called_off_at is not None:
        return _("called off")
    return _("waits for another person") if row.approved_at is None else _("approved")


def waits(row: Prepared) -> bool:
    """Whether nobody has decided yet."""
    return row.approved_at is None and row.called_off_at is None


def _waiting(rows: type[Decision], row_id: int) -> Decision:
    row = rows._default_manager.filter(pk=row_id, approved_at=None, called_off_at=None).first()
    if row is None:
        raise NothingWaits
    return row


def _decide(row: Decision, **said: object) -> Decision:
    waiting = type(row)._default_manager.filter(pk=row.pk, approved_at=None, called_off_at=None)
    if waiting.update(**said) != 1:
        raise NothingWaits
    row.refresh_from_db()
    return row
