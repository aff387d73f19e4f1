"""A person's own keys to the dealers' API. A key is shown once; what is kept of it is a digest."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from knox.models import AuthToken

from cards.models import Dealer

TOKENS_MAX = 10


@require_safe
def tokens(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """The keys of whoever is signed in, and the way to change the password."""
    return _show(request, dealer)


@require_POST
def new_token(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """Make a key and show it, this once."""
    if AuthToken.objects.filter(user=request.user).count() >= TOKENS_MAX:
        messages.error(request, _("You have %(most)s keys already. Revoke one first.") % {"most": TOKENS_MAX})
        return redirect("dealer:access")
    _kept, token = AuthToken.objects.create(user=request.user)
    return _show(request, dealer, token=token)


@require_POST
def revoke(request: HttpRequest, dealer: Dealer, digest: str) -> HttpResponse:
    """End a key of one's own."""
    get_object_or_404(AuthToken, digest=digest, user=request.user).delete()
    messages.success(request, _("The key is revoked."))
    return redirect("dealer:access")


def _show(request: HttpRequest, dealer: Dealer, token: str = "") -> HttpResponse:
    kept = AuthToken.objects.filter(user=request.user).order_by("-created")
    return render(request, "portal/access.html", {"dealer": dealer, "here": "access", "tokens": kept, "token": token})
