"""Releasing: payouts leave together, after two people have looked, or by the schedule below a program's amount."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cards.models import Program
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from payouts.locks import Lock, lock
from payouts.models import Release
from payouts.queries import source
from queueing import details

PAYOUTS_MAX = 1_000  # of a release, and of its file
REOPENED_WAIT = timedelta(hours=72)

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SQL = source("releasing")


class NothingDue(DomainError):
    """Nothing is due that could be released now."""

    code = "nothing_due"


class ReleaseNotOpen(DomainError):
    """The release is no longer in a state in which that can be done."""

    code = "release_not_open"


class SamePerson(DomainError):
    """A second person has to approve what the first one prepared."""

    code = "same_person"


@transaction.atomic
def prepare(*, program_id: int, by_id: int, now: datetime) -> Release:
    """Put up to 1 000 due payouts of a program, in order, before a second person.

    `over_payee_limit` of the release says how many of them go to payees over the program's limit. Raises NothingDue.
    """
    program = Program.objects.get(pk=program_id)
    lock(Lock.RELEASING, program_id)
    awards, versions = _pick(program, now, below_minor=None)
    if not awards:
        raise NothingDue
    return _open(
        program,
        awards,
        versions,
        release_id=_SQL.row("next_release")[0],
        prepared_by_id=by_id,
        prepared_at=now,
        over_payee_limit=len(_over_payee_limit(program, awards)),
    )


@transaction.atomic
def approve(*, release_id: int, by_id: int, now: datetime) -> Release:
    """Approve a prepared release. From now on its holders' payees are held; what cannot be held is due again.

    Where none can be held the release is cancelled. Raises SamePerson, ReleaseNotOpen.
    """
    release = Release.objects.select_for_update(of=("self",)).get(pk=release_id)
    if release.state != Release.State.PREPARED:
        raise ReleaseNotOpen
    if release.prepared_by_id == by_id:
        raise SamePerson
    release.approved_by_id = by_id
    _hold_and_approve(release, now)
    return release


def release_automatically_all(*, now: datetime) -> list[Release]:
    """Release what the programs let the schedule release; one that fails stops no other, and is raised at the end."""
    programs = [program_id for (program_id,) in _SQL.rows("programs_to_release")]
    releases = for_each("program", programs, lambda program_id: _release_all(program_id, now))
    return [release for of_program in releases for release in of_program]


@transaction.atomic
def release_automatically(*, program_id: int, now: datetime) -> Release | None:
    """Release the due payouts below the program's amount; None if there are none.

    What was reopened after a return, and payees over the limit, wait for two people.
    """
    program = Program.objects.get(pk=program_id)
    if program.release_below_minor is None:
        return None
    lock(Lock.RELEASING, program_id)
    awards, versions = _pick(program, now, below_minor=program.release_below_minor)
    over = _over_payee_limit(program, awards)
    if over:
        _SQL.run("over_payee_limit", awards=over)
        awards = {award: registration for award, registration in awards.items() if award not in over}
    if not awards:
        return None
    release_id = _SQL.row("next_release")[0]
    release = _open(program, awards, versions, release_id=release_id, automatic=True, prepared_at=now)
    return release if _hold_and_approve(release, now) else None


@transaction.atomic
def cancel(*, release_id: int, now: datetime) -> Release:
    """Call a release off before it was sent; its payouts are due again. Raises ReleaseNotOpen."""
    release = Release.objects.select_for_update(of=("self",)).get(pk=release_id)
    if release.state not in {Release.State.PREPARED, Release.State.APPROVED}:
        raise ReleaseNotOpen
    registrations = [row[0] for row in _SQL.rows("drop_approved", release=release_id, now=now)]
    details.let_go(registration_ids=registrations, release_id=release_id)
    release.state = Release.State.CANCELLED
    release.save(update_fields=["state"])
    return release


def tag(program: Program) -> str:
    """Five characters that tell this installation's references from another's at the same bank.

    Of the microsecond in which the program was published, which is locked with it: a restored backup and a renewed
    SECRET_KEY keep every reference.
    """
    assert program.published_at is not None
    number = round(program.published_at.timestamp() * 1_000_000)
    return "".join(_DIGITS[number // 32**position % 32] for position in range(4, -1, -1))


def _release_all(program_id: int, now: datetime) -> list[Release]:
    releases: list[Release] = []
    while (release := release_automatically(program_id=program_id, now=now)) is not None:
        releases.append(release)
        if release.payouts < PAYOUTS_MAX:
            break
    return releases


def _pick(program: Program, now: datetime, below_minor: int | None) -> tuple[dict[int, int], Mapping[int, int | None]]:
    """Awards that may leave, with their registrations, and the registrations' versions of details."""
    picked = dict(
        _SQL.rows(
            "pick_due",
            program=program.pk,
            reopened_before=now - REOPENED_WAIT,
            below_minor=below_minor,
            payouts_max=PAYOUTS_MAX,
        )
    )
    if not picked:
        return {}, {}
    versions = details.versions(registration_ids=list(picked.values()))
    lost = [award for award, registration in picked.items() if versions.get(registration) is None]
    if lost:
        _SQL.run("without_payee", awards=lost, now=now)
    return {award: picked[award] for award in picked if award not in set(lost)}, versions


def _over_payee_limit(program: Program, awards: Mapping[int, int]) -> list[int]:
    """The awards whose payees have more held registrations in the program than it allows."""
    if not awards:
        return []
    counts = details.payee_counts(program.pk, list(awards.values()))
    return [award for award, registration in awards.items() if counts.get(registration, 1) > program.payee_limit]


def _open(
    program: Program,
    awards: Mapping[int, int],
    versions: Mapping[int, int | None],
    *,
    release_id: int,
    prepared_at: datetime,
    automatic: bool = False,
    prepared_by_id: int | None = None,
    over_payee_limit: int = 0,
) -> Release:
    release = Release.objects.create(
        id=release_id,
        program=program,
        automatic=automatic,
        prepared_by_id=prepared_by_id,
        prepared_at=prepared_at,
        over_payee_limit=over_payee_limit,
        rail=settings.PAYOUT_RAIL,
        message_id=f"R{release_id}-{tag(program)}",
        currency=program.currency,
    )
    held_versions: Sequence[int | None] = [versions[registration] for registration in awards.values()]
    entered = _SQL.run("put_into_release", release=release_id, awards=list(awards), versions=held_versions)
    assert entered == len(awards), "picked rows are locked"
    _write_totals(release)
    failpoint("release.prepared")
    return release


def _hold_and_approve(release: Release, now: datetime) -> bool:
    """Hold the payees of a prepared release, drop what cannot be held, and approve the rest; whether any is left."""
    rows = _SQL.rows("prepared_payouts", release=release.pk)
    held = details.hold(
        versions={registration: version for _, registration, version in rows}, release_id=release.pk, now=now
    )
    _SQL.run("approve_payouts", release=release.pk, registrations=sorted(held), now=now)
    _SQL.run("drop_prepared", release=release.pk)
    release.state = Release.State.APPROVED if held else Release.State.CANCELLED
    release.approved_at = now if held else None
    if not held:
        release.approved_by_id = None
    _write_totals(release)
    release.save(update_fields=["state", "approved_at", "approved_by"])
    failpoint("release.approved")
    return bool(held)


def _write_totals(release: Release) -> None:
    release.payouts, release.total_minor = _SQL.row("release_totals", release=release.pk)
    release.save(update_fields=["payouts", "total_minor"])
