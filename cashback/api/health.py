"""For whoever watches over the machines: is the process alive, is it ready, what does it count."""

from http import HTTPStatus

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from cashback.lib.clients import is_local

_PROBE = "readyz"


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is alive; nothing else is asked."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """The database answers and is migrated. Without Redis the site is slower and works, so that is only told."""
    database = _database()
    ready = database == "migrated"
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    document = {"status": "ready" if ready else "not ready", "database": database, "redis": _redis()}
    return JsonResponse(document, status=status)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters in Prometheus' form, for this machine and private networks only."""
    if not is_local(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    response: HttpResponse = ExportToDjangoView(request)
    return response


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "away"
    return "not migrated" if pending else "migrated"


def _redis() -> str:
    cache.set(_PROBE, "here", 5)
    return "reachable" if cache.get(_PROBE) == "here" else "away"
