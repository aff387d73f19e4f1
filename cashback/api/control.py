"""The cloud: stations, applications with their signed bundles, and runs."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from knox.auth import TokenAuthentication
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response

from cashback.api import documents, idempotency
from cashback.api.control_documents import (
    AnnouncedOut,
    ApplicationOut,
    EnrolmentIn,
    RunAskedOut,
    RunIn,
    RunOut,
    StationOut,
)
from cashback.api.holders import IDEMPOTENCY_KEY, PROBLEMS
from cashback.api.problems import Malformed, NotFound
from cashback.api.public import PAGING
from cashback.api.views import ApiView, cut, linked, page
from cashback.control.centre import enrolling, publishing, runs, selectors
from cashback.control.centre.authority import require_operator
from cashback.control.centre.models import Application, Run, Station
from cashback.control.protocol.envelopes import encode_base64url
from cashback.control.protocol.naming import BUNDLE_HEADER
from cashback.lib.clients import client_of
from cashback.lib.errors import InvalidDetails
from queueing.attempts import count_run

RUN_FIELDS = {"application", "version", "station", "input"}
TEXT_MAX = 64


class Stations(ApiView):
    """Base stations."""

    authentication_classes: ClassVar[list[Any]] = [TokenAuthentication]  # type: ignore[misc]
    permission_classes = [permissions.IsAuthenticated]

    @extend_schema(
        operation_id="stations",
        parameters=PAGING,
        responses={200: StationOut(many=True), **documents.problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List the stations and how they are; for operators and organizers."""
        require_operator(request.user.pk)
        now = timezone.now()
        found, more = cut(request, Station.objects.all())
        shown = [selectors.summary(station, now=now) for station in found]
        return linked(request, StationOut(shown, many=True).data, more)


class Enrolments(ApiView):
    """New stations."""

    @extend_schema(
        operation_id="station_enrol",
        request=EnrolmentIn,
        responses={202: AnnouncedOut, **documents.problems(400, 403, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Announce a new station's key, signed with it. An operator accepts the fingerprint."""
        station = enrolling.announce(envelope=request._request.body, now=timezone.now())
        return Response(AnnouncedOut({"state": station.state}).data, 202)


class Applications(ApiView):
    """Applications."""

    @extend_schema(
        operation_id="applications",
        parameters=PAGING,
        responses={200: ApplicationOut(many=True), **documents.problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List the applications and the versions that are handed out."""
        return page(request, Application.objects.all(), ApplicationOut)


class Bundle(ApiView):
    """A signed bundle."""

    @extend_schema(
        operation_id="application_bundle",
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The zip; its signed word is in a header."),
            **documents.problems(404, 410),
        },
    )
    def get(self, _request: Request, application: str, version: str) -> HttpResponse:
        """Download a version; `latest` is the newest that was not withdrawn."""
        if not application.isprintable() or not version.isprintable():
            raise NotFound
        data, word = publishing.bundle_of(application=application, version=version)
        return HttpResponse(
            data, content_type="application/zip", headers={BUNDLE_HEADER: encode_base64url(word.encode())}
        )


class Runs(ApiView):
    """Runs of applications."""

    authentication_classes: ClassVar[list[Any]] = [TokenAuthentication]  # type: ignore[misc]

    @extend_schema(
        operation_id="run_ask",
        parameters=[IDEMPOTENCY_KEY],
        request=RunIn,
        responses={202: RunAskedOut, **PROBLEMS, **documents.problems(401, 403, 404, 410)},
    )
    def post(self, request: Request) -> Response:
        """Ask for a run. Applications that are open to everybody need no sign-in and are throttled."""
        wish = _wish(request.data)
        now, anonymous = timezone.now(), not request.user.is_authenticated
        if anonymous:
            count_run(client=client_of(request), now=now)

        def work(_digest: bytes | None) -> Response:
            by_id = None if anonymous else request.user.pk
            run = runs.ask(**wish, by_id=by_id, anonymous=anonymous, now=now)
            return Response(RunAskedOut({"id": run.pk.hex}).data, 202)

        return idempotency.answer(request, now=now, work=work)


class RunView(ApiView):
    """One run."""

    authentication_classes: ClassVar[list[Any]] = [TokenAuthentication]  # type: ignore[misc]

    @extend_schema(operation_id="run", responses={200: RunOut, **documents.problems(401, 403, 404)})
    def get(self, request: Request, run: str) -> Response:
        """Read how a run is, and what came of it."""
        found = selectors.run_as_asked(run_id=_uuid(run))
        if found is None or (not found.version.application.is_public and not request.user.is_authenticated):
            raise NotFound
        if not found.version.application.is_public:
            require_operator(request.user.pk)
        return Response(RunOut(_shown(found)).data)


def _wish(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Malformed
    errors = {str(name)[:80]: [_("This field is not known here.")] for name in set(body) - RUN_FIELDS}
    for name in ("application", "version", "station"):
        value = body.get(name)
        wrong = value is not None and not (isinstance(value, str) and len(value) <= TEXT_MAX and value.isprintable())
        if wrong or (value is None and name == "application"):
            errors[name] = [_("This must be a short text.")]
    if "input" not in body:
        errors["input"] = [_("This field is missing.")]
    if errors:
        raise InvalidDetails(errors)
    return {name: body.get(name) for name in ("application", "version", "station", "input")}


def _uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise NotFound from None


def _shown(run: Run) -> dict[str, Any]:
    error = {"code": run.error_code, "message": run.error_message} if run.error_code else None
    return {
        "id": run.pk.hex,
        "state": run.state,
        "station": run.errand.station.name if run.errand is not None else None,
        "copy": run.copy or None,
        "output": run.output,
        "error": error,
    }
