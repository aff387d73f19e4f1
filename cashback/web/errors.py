"""What is shown when something is not there, not allowed, or failed. Programs get problem+json."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The request cannot be understood."""
    return _answer(request, HTTPStatus.BAD_REQUEST, "malformed", _("The request cannot be understood."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Not open to whoever asks."""
    return _answer(request, HTTPStatus.FORBIDDEN, "not_allowed", _("This is not open to you."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Nothing is there."""
    return _answer(request, HTTPStatus.NOT_FOUND, "not_found", _("Nothing is found at this address."))


def failed(request: HttpRequest) -> HttpResponse:
    """Our fault."""
    detail = _("Something failed on our side. Nothing was lost; try again.")
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "failed", detail)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's protection did not fit: mostly a page that was open too long, or cookies that are off."""
    return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)


def _answer(request: HttpRequest, status: HTTPStatus, code: str, detail: str) -> HttpResponse:
    if request.path.startswith(API):
        document = {
            "type": f"urn:cashback:problem:{code}",
            "title": status.phrase,
            "status": status.value,
            "code": code,
            "detail": detail,
        }
        return JsonResponse(document, status=status, content_type="application/problem+json")
    return render(request, f"{status.value}.html", {"detail": detail}, status=status)
