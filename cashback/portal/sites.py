"""The dealers' own admin site: their door, their addresses, and a dealer for every page behind it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from cards.models import Dealer
from cashback.accounts.models import Role
from cashback.accounts.signing_in import DealerAuthenticationForm
from cashback.portal import access, declarations, gifts, views
from cashback.portal.selectors import dealer_of

P = ParamSpec("P")
DealerView = Callable[Concatenate[HttpRequest, Dealer, P], HttpResponse]


class DealerSite(AdminSite):
    """Where dealers work. It has no model admins: each page is a view that is handed its dealer."""

    site_header = _("Dealers")
    site_title = _("Dealers")
    index_title = _("Overview")
    site_url = "/"
    enable_nav_sidebar = False
    login_form = DealerAuthenticationForm
    login_template = "portal/login.html"
    logout_template = "portal/signed_out.html"
    password_change_template = "portal/password_change.html"  # noqa: S105
    password_change_done_template = "portal/password_changed.html"  # noqa: S105

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in whoever signs in for a dealer; organizers have a site of their own."""
        return request.user.is_active and getattr(request.user, "role", "") == Role.DEALER

    def dealer_view(self, view: DealerView[P]) -> Callable[..., HttpResponse]:
        """Hand the view the dealer of whoever is signed in: the only source of a dealer behind this door."""

        @wraps(view)
        def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            dealer = dealer_of(request.user)
            if dealer is None:
                return render(request, "portal/no_dealer.html", status=403)
            return view(request, dealer, *args, **kwargs)

        return self.admin_view(inner)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Every address of the site. Django's generic ones (by content type, by app) are left out on purpose."""
        return [
            path("", self.dealer_view(views.overview), name="index"),
            path("orders/", self.dealer_view(views.orders), name="orders"),
            path("orders/new/", self.dealer_view(views.new_order), name="new_order"),
            path("orders/<int:order_id>/", self.dealer_view(views.order), name="order"),
            path("orders/<int:order_id>/cancel/", self.dealer_view(views.cancel_order), name="cancel_order"),
            path("lots/", self.dealer_view(views.lots), name="lots"),
            path("lots/<int:lot_id>/", self.dealer_view(views.lot), name="lot"),
            path("gifts/", self.dealer_view(gifts.counter), name="gifts"),
            path("gifts/claim/", self.dealer_view(gifts.claim), name="claim_gift"),
            path("gifts/<int:award_id>/", self.dealer_view(gifts.handed_over), name="gift_handed_over"),
            path("declarations/", self.dealer_view(declarations.declarations), name="declarations"),
            path(
                "declarations/<int:declaration_id>/handed-over/",
                self.dealer_view(declarations.handed_over),
                name="handed_over",
            ),
            path("statement/", self.dealer_view(views.statement), name="statement"),
            path("access/", self.dealer_view(access.tokens), name="access"),
            path("access/new/", self.dealer_view(access.new_token), name="new_token"),
            path("access/<slug:digest>/revoke/", self.dealer_view(access.revoke), name="revoke_token"),
            path("login/", self.login, name="login"),
            path("logout/", self.logout, name="logout"),
            path("password_change/", self.admin_view(self.password_change, cacheable=True), name="password_change"),
            path(
                "password_change/done/",
                self.admin_view(self.password_change_done, cacheable=True),
                name="password_change_done",
            ),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Not the list of apps: the dealer's overview."""
        return self.dealer_view(views.overview)(request)


site = DealerSite(name="dealer")
