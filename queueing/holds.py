"""Blocks: a frozen card's award is on hold, a void card is out of the line; each by two people, with a reason."""

from datetime import datetime

from django.db import transaction

from cards.models import Block, BlockKind
from cashback.accounts.two_people import require_organizer
from cashback.lib.errors import DomainError
from queueing import erasing
from queueing.changing import QUERIES, end_of_standing, lock_details, standing
from queueing.locks import SETTLING, hold_line, lock_shared
from queueing.models import Registration, TimelineEvent
from queueing.rows import fetch

FROZEN, RELEASED, VOIDED = "frozen", "released", "void"
REASON_MAX = 200


class BlockRefused(DomainError):
    """This card cannot be blocked: it does not exist, or it is blocked already."""

    code = "block_refused"


class BlockUnknown(DomainError):
    """There is no such block waiting for this step."""

    code = "block_unknown"


class ReasonMissing(DomainError):
    """Give the reason in at most 200 characters; the holder will read it. Name nobody."""

    code = "reason_missing"


class SecondPersonNeeded(DomainError):
    """Somebody else must approve what you prepared."""

    code = "second_person_needed"


class AlreadyAwarded(DomainError):
    """A card that was awarded cannot be void any more; it can be frozen."""

    code = "already_awarded"


class VoidForEver(DomainError):
    """The registration of a void card ended and its details are erased; this cannot be undone."""

    code = "void_for_ever"


@transaction.atomic
def prepare(*, number: int, kind: BlockKind, reason: str, by_id: int, now: datetime) -> Block:
    """Ask for a block; it has no effect until somebody else approves it. Raises BlockRefused, ReasonMissing."""
    require_organizer(by_id)
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_MAX:
        raise ReasonMissing
    if _program_id(number) is None or Block.objects.filter(number=number, lifted_at=None).exists():
        raise BlockRefused
    return Block.objects.create(number=number, kind=kind, reason=reason, prepared_by_id=by_id, prepared_at=now)


@transaction.atomic
def approve(*, block_id: int, by_id: int, now: datetime) -> Block:
    """Put a block in force: freeze or void the card's registration, or keep the card from being registered.

    Raises BlockUnknown, SecondPersonNeeded, LineBusy, and AlreadyAwarded for a void card with an award.
    """
    require_organizer(by_id)
    block = _living(block_id)
    if block.prepared_by_id == by_id:
        raise SecondPersonNeeded
    _stop_the_line(block.number)
    waiting = Block.objects.filter(pk=block_id, approved_at=None, lifted_at=None)
    if waiting.update(approved_by_id=by_id, approved_at=now) != 1:
        raise BlockUnknown
    registration = Registration.objects.filter(card_id=block.number).first()
    if registration is not None:
        effect = _void if block.kind == BlockKind.VOID else _freeze
        effect(registration.pk, end_of_standing(registration.program_id, now))
    block.refresh_from_db()
    return block


@transaction.atomic
def prepare_lift(*, block_id: int, by_id: int, now: datetime) -> Block:
    """Ask for the end of a block, in force or not; it ends once somebody else approves. Raises BlockUnknown."""
    require_organizer(by_id)
    block = _living(block_id)
    Block.objects.filter(pk=block.pk, lifted_at=None).update(lift_prepared_by_id=by_id)
    block.refresh_from_db()
    return block


@transaction.atomic
def approve_lift(*, block_id: int, by_id: int, now: datetime) -> Block:
    """End a block by a second person. Raises BlockUnknown, SecondPersonNeeded, LineBusy, VoidForEver."""
    require_organizer(by_id)
    block = _living(block_id)
    if block.lift_prepared_by_id is None:
        raise BlockUnknown
    if block.lift_prepared_by_id == by_id:
        raise SecondPersonNeeded
    _stop_the_line(block.number)
    registration = Registration.objects.filter(card_id=block.number).first()
    if registration is not None and registration.voided_at is not None:
        raise VoidForEver
    lifted = Block.objects.filter(pk=block_id, lifted_at=None, lift_prepared_by_id=block.lift_prepared_by_id)
    if lifted.update(lifted_by_id=by_id, lifted_at=now) != 1:
        raise BlockUnknown
    if registration is not None and registration.frozen_at is not None:
        Registration.objects.filter(pk=registration.pk).update(frozen_at=None)
        TimelineEvent.objects.create(registration_id=registration.pk, event=RELEASED, at=now)
    block.refresh_from_db()
    return block


def _living(block_id: int) -> Block:
    block = Block.objects.filter(pk=block_id, lifted_at=None).first()
    if block is None:
        raise BlockUnknown
    return block


def _stop_the_line(number: int) -> None:
    """Come strictly before or after a close, and after every registration that was begun before."""
    program_id = _program_id(number)
    assert program_id is not None
    lock_shared(SETTLING, program_id)
    hold_line(program_id)


def _program_id(number: int) -> int | None:
    rows = fetch(QUERIES["program_of_card"], {"number": number})
    return rows[0].program_id if rows else None


def _freeze(registration_id: int, now: datetime) -> None:
    Registration.objects.filter(pk=registration_id, frozen_at=None).update(frozen_at=now)
    TimelineEvent.objects.create(registration_id=registration_id, event=FROZEN, at=now)


def _void(registration_id: int, now: datetime) -> None:
    lock_details(registration_id)
    state = standing(registration_id)
    if state.awarded:
        raise AlreadyAwarded
    if state.withdrawn_at or state.voided_at:
        return
    Registration.objects.filter(pk=registration_id, withdrawn_at=None).update(voided_at=now)
    erasing.erase(registration_ids=[registration_id], what="payee_and_contact", why=VOIDED, now=now)
    TimelineEvent.objects.create(registration_id=registration_id, event=VOIDED, at=now)
