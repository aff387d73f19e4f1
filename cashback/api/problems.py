"""Errors of the API: problem+json (RFC 9457) with a stable code, and the one map from DomainError to HTTP."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from cashback.lib.errors import DomainError, InvalidDetails

MEDIA_TYPE = "application/problem+json"

# Every refusal of a verb is a conflict with the state of things, but for these.
_STATUS_BY_CODE: dict[str, int] = {
    "invalid_details": 422,
    "invalid_serial": 422,
    "invalid_pin": 422,
    "way_not_offered": 422,
    "dealer_unknown": 422,
    "idempotency_mismatch": 422,
    "too_many_attempts": 429,
    "receipt_not_found": 404,
    "not_found": 404,
    "application_unknown": 404,
    "version_withdrawn": 410,
    "station_unknown": 422,
    "enrolment_refused": 403,
    "sign_in_needed": 401,
    "not_an_operator": 403,
    "malformed": 400,
    "too_large": 413,
    "invalid_idempotency_key": 400,
    "invalid_cursor": 400,
}
_CODE_BY_STATUS: dict[int, str] = {
    400: "malformed",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_attempts",
    500: "failed",
}


class NotFound(DomainError):
    """Nothing is found at this address."""

    code = "not_found"


class Malformed(DomainError):
    """The body is not a JSON object that can be read."""

    code = "malformed"


class TooLarge(DomainError):
    """The body is larger than anything this address takes."""

    code = "too_large"


def exception_handler(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """A problem for every foreseen error; None lets the others be logged and answered with 500."""
    return response_to(error)


def response_to(error: Exception) -> Response | None:
    """The response that an error becomes, or None if nobody foresaw it."""
    if isinstance(error, DomainError):
        return problem(
            _STATUS_BY_CODE.get(error.code, 409),
            error.code,
            error.message,
            errors=error.errors if isinstance(error, InvalidDetails) else None,
            headers=_headers(error),
        )
    if isinstance(error, RequestDataTooBig):
        return response_to(TooLarge())
    if isinstance(error, Http404):
        return response_to(NotFound())
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        status = error.status_code
        headers = {"WWW-Authenticate": getattr(error, "auth_header", "")} if status == HTTPStatus.UNAUTHORIZED else {}
        return problem(status, _CODE_BY_STATUS.get(status, "refused"), _detail(status), headers=headers)
    return None


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document."""
    return Response(_document(status, code, detail, errors), status, headers=headers, content_type=MEDIA_TYPE)


def _document(status: int, code: str, detail: str, errors: Mapping[str, list[str]] | None) -> dict[str, Any]:
    document = {
        "type": f"urn:cashback:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return document if errors is None else {**document, "errors": dict(errors)}


def _headers(error: DomainError) -> dict[str, str]:
    wait_seconds = getattr(error, "retry_after_seconds", None)
    return {} if wait_seconds is None else {"Retry-After": str(wait_seconds)}


def _detail(status: int) -> str:
    texts = {
        401: _("Sign in with a valid token: Authorization: Token ..."),
        403: _("This is not open to you."),
        404: _("Nothing is found at this address."),
        405: _("This address does not take this method."),
        413: _("The body is larger than anything this address takes."),
        415: _("Send JSON: Content-Type: application/json."),
        429: _("Too many attempts. Wait a little and try again."),
    }
    return texts.get(status, _("The request cannot be understood."))
