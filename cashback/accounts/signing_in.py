"""Signing in: who belongs on which side, and what somebody reads who tried too often."""

from datetime import timedelta
from math import ceil
from typing import Any

from axes.helpers import get_cool_off
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from cashback.accounts.models import Role
from cashback.lib.clients import UNKNOWN, client_of

COOL_OFF = timedelta(minutes=15)


class OrganizerAuthenticationForm(AdminAuthenticationForm):
    """Name and password of somebody of the organizers' side."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Send dealers to their own door. Only whoever knows the password learns that it is the wrong one."""
        if user.role == Role.DEALER:
            raise ValidationError(_("This is the organizers' side. Dealers sign in at /dealer/."), code="wrong_side")
        super().confirm_login_allowed(user)


class DealerAuthenticationForm(AuthenticationForm):
    """Name and password of somebody who works for a dealer."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "wrong_side": _("This is the dealers' side. Organizers sign in at /admin/."),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        """Send organizers to their own door."""
        super().confirm_login_allowed(user)
        if user.role != Role.DEALER:
            raise ValidationError(self.error_messages["wrong_side"], code="wrong_side")


def address_of(request: HttpRequest) -> str | None:
    """The address that failed sign-ins are counted by: the client's, not a proxy's; of IPv6 the network's first."""
    client, _, _ = client_of(request).partition("/")
    return client if client != UNKNOWN else None


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """The page after too many wrong passwords from one address for one name (429)."""
    wait = get_cool_off(request) or COOL_OFF
    minutes = ceil(wait.total_seconds() / 60)
    page = render(request, "accounts/locked_out.html", {"minutes": minutes, "again": request.path}, status=429)
    page["Retry-After"] = str(int(wait.total_seconds()))
    return page
