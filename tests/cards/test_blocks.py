"""A block is one person's wish and another's word, and so is its end."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.utils import timezone

from cards.models import Block
from cashback.accounts.models import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]
NOW = timezone.now()


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("cards_block_kind_known", {"kind": "hidden"}),
        ("cards_block_two_people", {"approved_by": "first", "approved_at": NOW}),
        ("cards_block_two_people", {"approved_by": "second"}),
        ("cards_block_two_people", {"approved_at": NOW}),
        ("cards_block_lifted_by_two_people", {"lifted_by": "first", "lifted_at": NOW}),
        ("cards_block_lifted_by_two_people", {"lift_prepared_by": "first", "lifted_by": "first", "lifted_at": NOW}),
    ],
)
def test_the_database_refuses_a_block(constraint: str, change: dict[str, Any], database_refuses: Refuses) -> None:
    people = {"first": make_user(Role.ORGANIZER), "second": make_user(Role.CHECKER)}
    given = {name: people.get(value, value) if isinstance(value, str) else value for name, value in change.items()}
    with database_refuses(constraint):
        _block(people["first"], **given)


def test_a_card_has_one_living_block(database_refuses: Refuses) -> None:
    first, second = make_user(Role.ORGANIZER), make_user(Role.CHECKER)
    _block(first, lift_prepared_by=first, lifted_by=second, lifted_at=NOW)
    _block(first)
    with database_refuses("cards_block_one_living"):
        _block(second)


def _block(person: object, **change: Any) -> Block:
    given = {"number": 5, "kind": "frozen", "reason": "reported lost", "prepared_by": person, "prepared_at": NOW}
    return Block.objects.create(**{**given, **change})
