"""Resolving: two people decide, with evidence, about a payout in doubt or on hold."""

from datetime import datetime

from django.db import IntegrityError, transaction

from cashback.lib.errors import DomainError
from payouts import settlement, sweeping
from payouts.locks import Lock, lock
from payouts.models import Attempt, PendingPayout, PendingState, Resolution
from payouts.releasing import SamePerson

STARTS_FROM = {
    Resolution.Verdict.PAID: PendingState.IN_DOUBT,
    Resolution.Verdict.NOT_PAID: PendingState.IN_DOUBT,
    Resolution.Verdict.CANCEL: PendingState.ON_HOLD,
}


class NotResolvable(DomainError):
    """The payout is not, or no longer, in a state in which that can be decided."""

    code = "not_resolvable"


class AlreadyPrepared(DomainError):
    """A decision about this payout already waits for a second person."""

    code = "already_prepared"


@transaction.atomic
def prepare_resolution(*, award_id: int, verdict: str, evidence: str, by_id: int, now: datetime) -> Resolution:
    """Put a decision before a second person. Raises NotResolvable, AlreadyPrepared."""
    _check(award_id, verdict)
    try:
        with transaction.atomic():
            return Resolution.objects.create(
                award_id=award_id, verdict=verdict, evidence=evidence, prepared_by_id=by_id, prepared_at=now
            )
    except IntegrityError as error:
        if "payouts_resolution_one_open" in str(error):
            raise AlreadyPrepared from None
        raise


@transaction.atomic
def resolve_doubt(*, resolution_id: int, by_id: int, now: datetime) -> Resolution:
    """Approve a decision and carry it out: confirmed, due again, or cancelled. Raises SamePerson, NotResolvable."""
    lock(Lock.SETTLEMENT)
    resolution = Resolution.objects.select_for_update(of=("self",)).get(pk=resolution_id)
    if resolution.approved_at is not None:
        raise NotResolvable
    if resolution.prepared_by_id == by_id:
        raise SamePerson
    pending = _check(resolution.award_id, resolution.verdict)
    resolution.approved_by_id, resolution.approved_at = by_id, now
    resolution.save(update_fields=["approved_by", "approved_at"])
    if resolution.verdict == Resolution.Verdict.CANCEL:
        done = sweeping.cancel_on_hold(award_id=pending.pk, now=now)
    else:
        attempt = Attempt.objects.get(award_id=pending.pk, number=pending.attempts)
        done = _settle(attempt, resolution, now)
    if not done:
        raise NotResolvable
    return resolution


def _check(award_id: int, verdict: str) -> PendingPayout:
    pending = PendingPayout.objects.filter(pk=award_id).first()
    if pending is None or pending.state != STARTS_FROM[Resolution.Verdict(verdict)]:
        raise NotResolvable
    return pending


def _settle(attempt: Attempt, resolution: Resolution, now: datetime) -> bool:
    if resolution.verdict == Resolution.Verdict.PAID:
        return settlement.confirm(bookings={attempt.pk: ""}, now=now) == 1
    refused = settlement.refuse(refusals=[settlement.Refusal(attempt.pk, "not_paid", whole_file=True)], now=now)
    return refused == 1 and sweeping.resume(award_ids=[attempt.award_id], now=now) == 1
