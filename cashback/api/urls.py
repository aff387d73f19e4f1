"""API, version 1."""

from csp.decorators import csp_update
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from cashback.api import control, dealers, draws, gifts, holders, public, views

app_name = "api"

# Swagger UI, served by ourselves, styles its own elements.
docs = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api:schema")
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("registrations", holders.Registrations.as_view(), name="registrations"),
    path("registrations/<str:receipt>/correct", holders.Correct.as_view(), name="correct"),
    path("registrations/<str:receipt>/withdraw", holders.Withdraw.as_view(), name="withdraw"),
    path("registrations/<str:receipt>/export", holders.Export.as_view(), name="export"),
    path("registrations/<str:receipt>/gifts", gifts.Gifts.as_view(), name="gifts"),
    path("registrations/<str:receipt>/gift", gifts.Gift.as_view(), name="gift"),
    path("registrations/<str:receipt>/gift/code", gifts.Code.as_view(), name="gift_code"),
    path("receipts", holders.Receipts.as_view(), name="receipts"),
    path("status/<str:receipt>", holders.Status.as_view(), name="status"),
    path("programs", public.Programs.as_view(), name="programs"),
    path("programs/<str:code>", public.ProgramNumbers.as_view(), name="program"),
    path("draws", draws.Draws.as_view(), name="draws"),
    path("draws/<str:draw>", draws.DrawView.as_view(), name="draw"),
    path("draws/<str:draw>/pool", draws.Pool.as_view(), name="draw_pool"),
    path("draws/<str:draw>/bundle", draws.Bundle.as_view(), name="draw_bundle"),
    path("erasures/<str:erasure>", public.ErasureView.as_view(), name="erasure"),
    path("keys", public.Keys.as_view(), name="keys"),
    path("stations", control.Stations.as_view(), name="stations"),
    path("stations/enrol", control.Enrolments.as_view(), name="station_enrol"),
    path("applications", control.Applications.as_view(), name="applications"),
    path("applications/<str:application>/<str:version>", control.Bundle.as_view(), name="application_bundle"),
    path("runs", control.Runs.as_view(), name="runs"),
    path("runs/<str:run>", control.RunView.as_view(), name="run"),
    path("dealer/orders", dealers.Orders.as_view(), name="dealer_orders"),
    path("dealer/lots", dealers.Lots.as_view(), name="dealer_lots"),
    path("dealer/statement", dealers.Statement.as_view(), name="dealer_statement"),
    path("dealer/gift-claims", gifts.Claims.as_view(), name="dealer_gift_claims"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("<path:rest>", views.Nothing.as_view()),
]
