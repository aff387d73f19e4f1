"""No log names the address that was asked for: people paste names, accounts and receipts there."""

import logging
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from cashback.lib.logs import UNKNOWN, RouteForPath


def test_the_pattern_stands_in_place_of_the_address() -> None:
    record = _record(path="/s/ABC/", route="s/<str:receipt>/")
    assert RouteForPath().filter(record)
    assert record.getMessage() == "Not Found: /s/<str:receipt>/"


def test_an_address_without_pattern_is_not_repeated() -> None:
    record = _record(path="/张三/", route=None)
    assert RouteForPath().filter(record)
    assert record.getMessage() == f"Not Found: {UNKNOWN}"


def test_records_without_request_stay_as_they_are() -> None:
    record = logging.LogRecord("celery", logging.INFO, __file__, 1, "%s done", ("pass",), None)
    assert RouteForPath().filter(record)
    assert record.getMessage() == "pass done"


def test_the_configured_handler_has_it() -> None:
    named = settings.LOGGING["handlers"]["console"]["filters"]
    assert [settings.LOGGING["filters"][name]["()"] for name in named] == ["cashback.lib.logs.RouteForPath"]


def test_what_django_logs_is_what_the_filter_reads(caplog: pytest.LogCaptureFixture) -> None:
    request = HttpRequest()
    request.path = "/13812345678/"
    log_response("%s: %s", "Not Found", request.path, request=request, response=HttpResponse(status=404))
    assert RouteForPath().filter(caplog.records[0])
    assert "13812345678" not in caplog.records[0].getMessage()


def _record(*, path: str, route: str | None) -> logging.LogRecord:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "%s: %s", ("Not Found", path), None)
    record.request = SimpleNamespace(path=path, resolver_match=route and SimpleNamespace(route=route))
    return record
