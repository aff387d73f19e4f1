"""The journal: once, in order, and still there after a kill."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cashback.control.station.journal import Journal, Step

DAY = 24 * 3600.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def _accept(journal: Journal, id: str, **changes: Any) -> bool:
    values: dict[str, Any] = {
        "origin": "centre",
        "verb": "run",
        "arguments": {"input": 1},
        "now": 0.0,
        "expires_at": 60.0,
    }
    return journal.accept(id=id, step=Step(sequence=1, envelope=f"{id} accepted"), **(values | changes))


def _finish(journal: Journal, id: str, **changes: Any) -> None:
    values: dict[str, Any] = {"state": "done", "result": {"output": 2}, "error": None, "now": 1.0}
    journal.finish(id, step=Step(sequence=3, envelope=f"{id} done"), **(values | changes))


def test_what_is_known_is_not_accepted_again(journal: Journal) -> None:
    assert _accept(journal, "a")
    assert not _accept(journal, "a", arguments={"input": "other"})
    found = journal.find("a")
    assert found is not None
    assert found.arguments == {"input": 1}


def test_another_process_finds_what_was_not_ended_in_order(journal: Journal, tmp_path: Path) -> None:
    for id in "cab":
        _accept(journal, id)
    journal.start("a", step=None)
    _finish(journal, "c")
    other = Journal(tmp_path / "journal.sqlite")
    assert [(work.id, work.state, work.attempts) for work in other.recover()] == [
        ("a", "accepted", 1),
        ("b", "accepted", 0),
    ]
    other.close()


def test_reports_leave_in_order_and_come_again_when_asked(journal: Journal) -> None:
    _accept(journal, "a")
    _accept(journal, "b")
    _finish(journal, "a")
    unsent = journal.unsent(10)
    assert [report.envelope for report in unsent] == ["a accepted", "b accepted", "a done"]
    journal.mark_sent([report.position for report in unsent], now=2.0)
    assert journal.unsent(10) == []
    journal.answer_again("a")
    assert [report.envelope for report in journal.unsent(10)] == ["a accepted", "a done"]


def test_a_step_is_reported_in_the_words_it_had_first(journal: Journal) -> None:
    _accept(journal, "a")
    journal.start("a", step=Step(sequence=2, envelope="first"))
    journal.start("a", step=Step(sequence=2, envelope="second"))
    assert [report.envelope for report in journal.unsent(10)] == ["a accepted", "first"]


def test_what_has_ended_does_not_end_again(journal: Journal) -> None:
    _accept(journal, "a")
    _finish(journal, "a", facts={"paused": True})
    assert journal.fact("paused", False) is True
    with pytest.raises(AssertionError):
        _finish(journal, "a", facts={"paused": False})
    assert journal.fact("paused", False) is True


def test_old_work_is_forgotten_once_it_is_reported_and_cannot_come_again(journal: Journal) -> None:
    _accept(journal, "reported")
    _accept(journal, "valid", expires_at=3 * DAY)
    _accept(journal, "unreported")
    for id in ("reported", "valid", "unreported"):
        _finish(journal, id)
    journal.mark_sent(
        [report.position for report in journal.unsent(10) if "unreported" not in report.envelope], now=2.0
    )
    journal.forget_old(now=2 * DAY)
    assert journal.find("reported") is None
    assert journal.find("valid") is not None
    assert journal.find("unreported") is not None


def test_it_is_on_disk_when_a_method_returns(journal: Journal, tmp_path: Path) -> None:
    _accept(journal, "a")
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    assert database.execute("SELECT id FROM work").fetchall() == [("a",)]
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
