"""The organizers' admin site."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cashback.accounts.signing_in import OrganizerAuthenticationForm

STAFF_ROLES = frozenset({"organizer", "checker", "operator"})


class OrganizerSite(AdminSite):
    """Where organizers, checkers and operators work; dealers have a site of their own."""

    site_header = _("Cash-back card program")
    site_title = _("Cash-back card program")
    index_title = _("Administration")
    site_url = "/"
    login_form = OrganizerAuthenticationForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active staff only: a dealer's account never is."""
        return super().has_permission(request) and getattr(request.user, "role", "") in STAFF_ROLES
