"""Declaring cards that cannot win: of staff, a dealer's own, and lots that are not handed over yet."""

from datetime import datetime

from django.db import transaction

from cards.models import Batch, DealerMember, Lot, Program
from cards.programs import ProgramUnknown
from cashback.accounts.models import Role, User
from cashback.accounts.two_people import NotAllowed, require_organizer
from cashback.lib.errors import DomainError
from lottery.models import Declaration

CARDS_MAX = 1_000_000


class NotDeclarable(DomainError):
    """These are not cards of one lot that is yours, or not of one printed batch of the program."""

    code = "not_declarable"


class RangeOutOfOrder(DomainError):
    """A range has a first and a last number, and at most %(most)s cards."""

    code = "range_out_of_order"


class DeclarationUnknown(DomainError):
    """There is no such declaration in force."""

    code = "declaration_unknown"


@transaction.atomic
def declare(
    *,
    program_id: int,
    kind: Declaration.Kind,
    first: int,
    last: int,
    dealer_id: int | None,
    by_id: int,
    now: datetime,
) -> Declaration:
    """Keep a range of cards (by number) out of every pool that is frozen from now on.

    Staff's cards are declared by an organizer, anywhere in a batch of the program; a dealer's own and those not handed
    over by the dealer, or an organizer for it, within one of its living lots. Raises NotAllowed, ProgramUnknown,
    RangeOutOfOrder, NotDeclarable.
    """
    _check_person(by_id, dealer_id)
    if not Program.objects.filter(pk=program_id).exists():
        raise ProgramUnknown(program=program_id)
    if not 1 <= first <= last < first + CARDS_MAX:
        raise RangeOutOfOrder(most=CARDS_MAX)
    if (kind == Declaration.Kind.STAFF) != (dealer_id is None):
        raise NotDeclarable
    cards = {"numbers__contains": (first, last + 1), "program_id": program_id}
    ranges = (
        Batch.objects.filter(**cards)
        if dealer_id is None
        else Lot.objects.filter(dealer_id=dealer_id, ended_at=None, **cards)
    )
    if not ranges.exists():
        raise NotDeclarable
    return Declaration.objects.create(
        program_id=program_id,
        kind=kind,
        first_number=first,
        last_number=last,
        dealer_id=dealer_id,
        declared_by_id=by_id,
        declared_at=now,
    )


@transaction.atomic
def handed_over(*, declaration_id: int, by_id: int, now: datetime) -> Declaration:
    """The cards of a declaration were handed over since; they enter pools frozen from now on.

    Raises DeclarationUnknown, NotAllowed.
    """
    living = Declaration.objects.filter(pk=declaration_id, kind=Declaration.Kind.NOT_HANDED_OVER, ended_at=None)
    declaration = living.first()
    if declaration is None:
        raise DeclarationUnknown
    _check_person(by_id, declaration.dealer_id)
    if living.update(ended_at=now, ended_by_id=by_id) != 1:
        raise DeclarationUnknown
    declaration.refresh_from_db()
    return declaration


def _check_person(by_id: int, dealer_id: int | None) -> None:
    """Raise NotAllowed unless the user is an organizer or checker, or signs in for the dealer."""
    member = DealerMember.objects.filter(user=by_id, dealer=dealer_id, dealer__active=True)
    dealers_own = dealer_id is not None and User.objects.filter(pk=by_id, is_active=True, role=Role.DEALER).exists()
    if dealers_own:
        if not member.exists():
            raise NotAllowed
    else:
        require_organizer(by_id)
