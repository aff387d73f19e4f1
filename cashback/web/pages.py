"""What the holders' pages have in common: nothing kept by anybody on the way, and the language switch inside forms."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language

from cashback.lib.errors import DomainError

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

LANGUAGES = frozenset(code for code, _ in settings.LANGUAGES)


def private(view: View[P]) -> View[P]:
    """A page for one person: no cache keeps it, no search engine finds it, no other site hears of it.

    Its address is told to this site alone: under no-referrer a browser would send `Origin: null` with the page's form,
    and the form would be refused.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers.setdefault("Referrer-Policy", "same-origin")
        # A refused receipt would stand in the log with its address.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    return wrapped


def switched(request: HttpRequest) -> str | None:
    """The language that a form's switch asked for, made active; the form is then shown again as it was."""
    language = request.POST.get("language")
    if language not in LANGUAGES:
        return None
    translation.activate(language)
    return language


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page; after the language switch the choice is remembered in its cookie."""
    wait_seconds = getattr(error, "retry_after_seconds", None)
    response = render(request, template, {**context, "refusal": error}, status=status)
    if wait_seconds is not None:
        response.headers["Retry-After"] = str(wait_seconds)
    if request.method == "POST" and request.POST.get("language") in LANGUAGES:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            get_language(),
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    return response


def language() -> str:
    """The language that the page is shown in."""
    return get_language() or "en"


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal on a page."""
    match error.code:
        case "too_many_attempts":
            return 429
        case "receipt_not_found" | "not_found":
            return 404
        case "invalid_details":
            return 422
        case _:
            return 409
