"""What everybody may read: programs, keys, the schema, and whether the site is well."""

from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client, override_settings

from tests.api.asking import get, is_problem
from tests.factories import make_program, sold_cards
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db

NUMBERS = {
    *("code", "name", "currency", "face_value_minor", "cycle_size", "payouts_per_cycle", "rule", "sold", "registered"),
    *("placed", "cycles_closed", "cash_awards", "gift_awards", "refunded", "refunded_minor", "pending", "waiting"),
    *("coverage", "as_of", "draws"),
}


def test_a_programs_numbers_have_the_shape_that_was_promised() -> None:
    program, cards = sold_cards(5)
    enter(cards[0])
    found = get(f"/programs/{program.code}").json()
    assert set(found) == NUMBERS
    assert (found["sold"], found["registered"], found["placed"], found["draws"]) == (5, 1, 0, [])
    assert found["coverage"] >= 10_000
    assert found["as_of"].endswith("Z")


def test_drafts_are_shown_to_nobody() -> None:
    draft = make_program(published=False)
    is_problem(get(f"/programs/{draft.code}"), 404, "not_found")
    assert get("/programs").json() == []


def test_lists_are_paged_by_cursor() -> None:
    codes = [make_program().code for _ in range(5)]
    seen: list[str] = []
    path = "/programs?limit=2"
    while path:
        response = get(path)
        seen += [row["code"] for row in response.json()]
        link = response.headers.get("Link", "")
        path = link.partition("<http://testserver/api/v1")[2].partition(">")[0]
    assert seen == codes


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=%00", "cursor=!!", "cursor=", "cursor=YWJj"]
)
def test_a_cursor_that_is_none_is_refused(query: str) -> None:
    is_problem(get(f"/programs?{query}"), 400, "invalid_cursor")


def test_the_schema_describes_every_address() -> None:
    response = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    paths = response.json()["paths"]
    assert {"/api/v1/registrations", "/api/v1/status/{receipt}", "/api/v1/dealer/orders"} <= set(paths)


def test_the_documentation_is_served_from_here_under_a_policy_of_its_own() -> None:
    response = Client().get("/api/v1/docs/")
    text = response.content.decode()
    assert response.status_code == 200
    assert "//cdn" not in text
    policy = response["Content-Security-Policy"]
    assert "script-src" not in policy or "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
    assert "style-src 'self' 'unsafe-inline'" in policy


def test_health() -> None:
    assert Client().get("/healthz").json() == {"status": "alive"}
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (200, "migrated")


def test_without_redis_the_site_is_ready_and_says_so() -> None:
    with mock.patch("cashback.api.health.cache") as cache:
        cache.get.return_value = None
        response = Client().get("/readyz")
    assert (response.status_code, response.json()["redis"]) == (200, "away")


def test_without_a_database_the_site_is_not_ready() -> None:
    with mock.patch("cashback.api.health.MigrationExecutor", side_effect=OperationalError):
        response = Client().get("/readyz")
    assert (response.status_code, response.json()["database"]) == (503, "away")


@pytest.mark.parametrize(
    ("address", "headers", "proxies", "status"),
    [
        ("127.0.0.1", {}, [], 200),
        ("10.1.2.3", {}, [], 200),
        ("8.8.8.8", {}, [], 403),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, [], 403),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, ["127.0.0.0/8"], 403),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8, 10.0.0.7"}, ["127.0.0.0/8"], 200),
        ("nonsense", {}, [], 403),
    ],
)
def test_metrics_are_for_local_networks(address: str, headers: dict[str, str], proxies: list[str], status: int) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        response: Any = Client().get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert response.status_code == status
