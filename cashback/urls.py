"""Every address of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from cashback.api import health
from cashback.portal.sites import site as dealer_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/monitor/", include("cashback.web.monitor.urls")),
    path("admin/", admin.site.urls),
    path("dealer/", dealer_site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("cashback.api.urls")),
    path("", include("cashback.web.urls")),
]

handler400 = "cashback.web.errors.bad_request"
handler403 = "cashback.web.errors.forbidden"
handler404 = "cashback.web.errors.not_found"
handler500 = "cashback.web.errors.failed"
