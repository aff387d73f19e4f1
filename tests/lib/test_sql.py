from collections.abc import Callable
from pathlib import Path

import pytest

from cashback.lib.sql import BrokenQueries, Queries

GOOD = """\
-- Queries of the line.

-- name: give_places
-- Give the next places,
-- in order.
UPDATE place
-- the oldest first
SET number = %(number)s;

-- name: read_head
-- Read the head of the line.
SELECT 1
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "line.sql"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_queries_are_found_by_name_with_their_intent(write: Callable[[str], Path]) -> None:
    queries = Queries(write(GOOD))
    assert list(queries) == ["give_places", "read_head"]
    assert queries["give_places"] == "UPDATE place\n-- the oldest first\nSET number = %(number)s;"
    assert queries.intent("give_places") == "Give the next places, in order."
    assert queries["read_head"] == "SELECT 1"


def test_a_name_that_is_not_there_is_named(write: Callable[[str], Path]) -> None:
    with pytest.raises(KeyError, match=r"line\.sql has no query named 'settle'"):
        Queries(write(GOOD))["settle"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + "\n-- name: read_head\n-- Again.\nSELECT 2\n", "read_head stands twice"),
        ("-- name: bare\nSELECT 1\n", "bare lacks its sentence"),
        ("-- name: empty\n-- Says much.\n", "empty has no statement"),
        ("SELECT 1\n", "before the first name"),
        ("-- name: Bad-Name\n-- Says.\nSELECT 1\n", "not a name"),
    ],
)
def test_a_doubtful_file_is_refused(write: Callable[[str], Path], text: str, complaint: str) -> None:
    with pytest.raises(BrokenQueries, match=complaint):
        Queries(write(text))
