"""The organizers' admin site."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

STAFF_ROLES = frozenset({"organizer", "checker", "operator"})


class OrganizerAdminConfig(AdminConfig):
    """Django's admin with the organizers' site as its default."""

    default_site = "cashback.accounts.sites.OrganizerSite"


class OrganizerSite(AdminSite):
    """Where organizers, checkers and operators work; dealers have a site of their own."""

    site_header = _("Cash-back card program")
    site_title = _("Cash-back card program")
    index_title = _("Administration")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active staff only: a dealer's account never is."""
        return super().has_permission(request) and getattr(request.user, "role", "") in STAFF_ROLES
