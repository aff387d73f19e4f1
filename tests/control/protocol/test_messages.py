"""Messages are read strictly: every field there, known, of its type and in its range."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cashback.control.protocol.arguments import NoArguments, RunArguments, read_run
from cashback.control.protocol.envelopes import Signer
from cashback.control.protocol.messages import (
    BundleWord,
    Copy,
    Enrolment,
    Instruction,
    Problem,
    Report,
    StationState,
)
from cashback.control.protocol.naming import acl_rules, version_order
from cashback.control.protocol.problems import Expired, FromTheFuture, NotForThisStation, WrongField

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATE = StationState(
    paused=False,
    draining=False,
    limit=2,
    running=1,
    waiting=0,
    copies=(Copy(application="wait-estimate", version="1.0", sha256="a" * 64),),
    confinement="full",
    confinement_missing=(),
    load=0.5,
    turned_away=0,
    version="1",
)


def _instruction(**changes: Any) -> Instruction:
    values: dict[str, Any] = {
        "id": "i-1",
        "station": "north",
        "verb": "run",
        "arguments": RunArguments(
            application="wait-estimate", version=None, input={"place": 1}, files={"pool": "b" * 64}
        ),
        "issued_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
    }
    return Instruction(**(values | changes))


def _report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "instruction": "i-1",
        "station": "north",
        "sequence": 3,
        "state": "failed",
        "at": NOW,
        "error": Problem(code="timed_out", message="longer than 1 s"),
        "station_state": STATE,
    }
    return Report(**(values | changes))


def test_messages_come_back_as_they_were_written() -> None:
    signer = Signer.generate()
    enrolment = Enrolment(name="north", public_key=signer.public_key, token="t", at=NOW)
    word = BundleWord(application="wait-estimate", version="1", sha256="c" * 64, size=10)
    for message in (_instruction(), _instruction(verb="pause", arguments=NoArguments()), _report(), enrolment, word):
        assert type(message).from_body(message.to_body()) == message


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": ""}, "instruction.id"),
        ({"id": 3}, "instruction.id"),
        ({"station": "North"}, "instruction.station"),
        ({"verb": "explode"}, "instruction.verb"),
        ({"issued_at": "2026-05-01"}, "instruction.issued_at"),
        ({"expires_at": "2026-05-01T11:00:00.000000Z"}, "instruction.expires_at"),
        ({"expires_at": "2026-05-09T12:00:00.000000Z"}, "instruction.expires_at"),
        ({"arguments": None}, "arguments"),
        ({"arguments": {"application": "wait-estimate"}}, "arguments.input"),
        ({"arguments": {"application": "../x", "input": 1}}, "arguments.application"),
        ({"arguments": {"application": "aa", "version": "../1", "input": 1}}, "arguments.version"),
        ({"arguments": {"application": "aa", "input": 1, "files": {"a/b": "c" * 64}}}, "arguments.files"),
        ({"arguments": {"application": "aa", "input": 1, "seconds_max": True}}, "arguments.seconds_max"),
        ({"arguments": {"application": "aa", "input": "x" * 70_000}}, "arguments.input"),
        ({"verb": "set-limit", "arguments": {"limit": 257}}, "arguments.limit"),
        ({"verb": "pause", "arguments": {"more": 1}}, "arguments"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(WrongField, match=named):
        Instruction.from_body(_instruction().to_body() | changes)


@pytest.mark.parametrize(
    "changes",
    [{"sequence": 1}, {"sequence": 0}, {"state": "done"}, {"error": None}, {"result": []}, {"station_state": {}}],
)
def test_a_report_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongField):
        Report.from_body(_report().to_body() | changes)


def test_an_instruction_holds_for_its_station_and_its_time() -> None:
    instruction = _instruction()
    instruction.check_for("north", now=NOW)
    with pytest.raises(NotForThisStation):
        instruction.check_for("south", now=NOW)
    with pytest.raises(Expired):
        instruction.check_for("north", now=NOW + timedelta(minutes=5))
    with pytest.raises(FromTheFuture):
        instruction.check_for("north", now=NOW - timedelta(minutes=6))


def test_a_run_may_leave_the_version_open() -> None:
    assert read_run({"application": "wait-estimate", "version": None, "input": {}}).version is None


def test_versions_sort_as_people_sort_them() -> None:
    assert sorted(["10", "9", "1.10", "1.9", "2-b"], key=version_order) == ["1.9", "1.10", "2-b", "9", "10"]


def test_a_station_whose_name_begins_like_another_gets_none_of_its_keys() -> None:
    patterns = [rule for rule in acl_rules("north") if rule.startswith("~")]
    assert "~station.north*" not in patterns
    assert "~station.north" in patterns
