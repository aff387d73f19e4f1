"""Draws over the API: each field when it is public, the pool and the bundle as files, and a program's draws."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lottery import announcing, certifying
from lottery.verify import verify
from tests.api.asking import get, is_problem
from tests.lottery.draws import Table, lay, pooled
from tests.queueing.lines import leave

pytestmark = pytest.mark.django_db
NOT_YET = ("frozen_at", "secret", "pool_hash", "winners", "reserves", "entries", "declarations", "allotments")


@pytest.fixture
def table() -> Table:
    return lay(pooled()[0])


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_draft_is_nowhere(table: Table) -> None:
    assert get("/draws").json() == []
    for path in ("", "/pool", "/bundle"):
        is_problem(get(f"/draws/{table.draw.code}{path}"), 404, "not_found")
    is_problem(get("/draws/%00"), 404, "not_found")


def test_what_is_not_yet_public_is_null(table: Table) -> None:
    draw = table.announce()
    found = get(f"/draws/{draw.code}").json()
    assert {name: found[name] for name in NOT_YET} == dict.fromkeys(NOT_YET)
    assert (found["id"], found["state"], found["program"]) == (draw.code, "announced", draw.program.code)
    assert (found["fund_minor"], found["currency"], found["commitment"]) == (70_000, "CNY", draw.commitment)
    assert [figure["name"] for figure in found["figures"]] == ["index", "lotto"]
    assert [figure["value"] for figure in found["figures"]] == [None, None]
    assert [prize["amount_minor"] for prize in found["prizes"]] == [50_000, 10_000, 10_000]
    is_problem(get(f"/draws/{draw.code}/pool"), 404, "not_found")


def test_of_a_draw_called_off_what_never_came_stays_null(table: Table) -> None:
    draw = table.announce()
    announcing.void(draw_id=draw.pk, by_id=table.checker, reason="Misprinted.", now=timezone.now())
    found = get(f"/draws/{draw.code}").json()
    assert {name: found[name] for name in NOT_YET} == dict.fromkeys(NOT_YET)
    assert (found["state"], found["end_reason"], found["revealed_at"]) == ("void", "Misprinted.", None)
    assert [figure["value"] for figure in found["figures"]] == [None, None]
    is_problem(get(f"/draws/{draw.code}/pool"), 404, "not_found")


def test_what_one_person_typed_is_no_figure_yet(table: Table) -> None:
    draw = table.reveal()
    table.enter()
    assert [figure["value"] for figure in get(f"/draws/{draw.code}").json()["figures"]] == ["3000.12", "7 9 13"]


def test_the_pool_is_a_file_with_the_published_hash(table: Table) -> None:
    draw = table.freeze()
    response = get(f"/draws/{draw.code}/pool")
    file = content(response)
    assert hashlib.sha256(file).hexdigest() == get(f"/draws/{draw.code}").json()["pool_hash"]
    assert response["ETag"] == f'"{draw.pool_hash}"'
    assert int(response["Content-Length"]) == len(file)
    assert "attachment" in response["Content-Disposition"]
    assert response["Content-Type"].startswith("text/plain")
    again = Client().get(f"/api/v1/draws/{draw.code}/pool", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    is_problem(get(f"/draws/{draw.code}/bundle"), 404, "not_found")


def test_a_bundle_verifies_and_says_what_the_api_says(table: Table) -> None:
    draw = table.certify()
    response = get(f"/draws/{draw.code}/bundle")
    file = content(response)
    assert response["ETag"] == f'"{hashlib.sha256(file).hexdigest()}"'
    assert response["Content-Disposition"] == f'attachment; filename="{draw.code}.zip"'
    verdict = verify(io.BytesIO(file))
    assert verdict.ok, verdict.reason
    account = json.loads(zipfile.ZipFile(io.BytesIO(file)).read("draw.json"))
    said = get(f"/draws/{draw.code}").json()
    same = ("id", "program", "commitment", "secret", "pool_hash", "winners", "reserves", "reserves_announced")
    assert {name: account[name] for name in same} == {name: said[name] for name in same}
    assert account["figures"] == [{"name": one["name"], "value": one["value"]} for one in said["figures"]]
    assert [prize["amount_minor"] for prize in account["prizes"]] == [one["amount_minor"] for one in said["prizes"]]
    assert [(one["prize"], one["index"], one["ended"]) for one in said["allotments"]] == [
        (prize, index, None) for prize, index in enumerate(said["winners"])
    ]


def test_a_verified_draw_has_results_and_nobody_has_a_prize(table: Table) -> None:
    draw = table.verify()
    found = get(f"/draws/{draw.code}").json()
    assert len(found["winners"]) == 3
    assert found["allotments"] is None


def test_a_prize_that_passed_on_says_so(table: Table) -> None:
    table.verify()
    gone = table.results()[1]
    leave(gone.registration_id)
    certifying.certify(draw_id=table.id, by_id=table.checker, now=table.published)
    found = get(f"/draws/{table.draw.code}").json()
    ended = [one for one in found["allotments"] if one["ended"]]
    assert [(one["index"], one["ended"]) for one in ended] == [(gone.index, "not_standing")]
    assert sorted(one["prize"] for one in found["allotments"] if not one["ended"]) == [0, 1, 2]
    assert found["reserves"][0] in [one["index"] for one in found["allotments"]]


def test_draws_are_listed_by_cursor_and_with_their_program() -> None:
    program, _ = pooled()
    tables = [lay(program) for _ in range(3)]
    codes = [table.announce().code for table in tables]
    seen: list[str] = []
    path = "/draws?limit=2"
    while path:
        response = get(path)
        seen += [row["id"] for row in response.json()]
        path = response.headers.get("Link", "").partition("<http://testserver/api/v1")[2].partition(">")[0]
    assert seen == codes
    expected = [{"id": code, "state": "announced"} for code in codes]
    assert get(f"/programs/{program.code}").json()["draws"] == expected
    assert get("/programs").json()[-1]["draws"] == expected


def test_the_list_has_the_states_of_the_draws(table: Table) -> None:
    draw = table.freeze()
    [row] = get("/draws").json()
    assert (row["id"], row["state"], row["fund_minor"]) == (draw.code, "frozen", 70_000)
