"""A dealer's counter: hand a gift over to whoever shows serial and claim code, and see what lies there."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from cards.models import Dealer
from cashback.lib.errors import DomainError
from cashback.portal import selectors
from cashback.portal.paging import key_of, page
from payouts import handing_over

CODE_MAX = 200  # a scanner types the whole address


class ClaimForm(forms.Form):
    """What the holder shows. A scanner may type all of it into the first field."""

    use_required_attribute = False

    serial = forms.CharField(
        label=_("Serial number"),
        max_length=CODE_MAX,
        help_text=_("Of the card, or scan the holder’s QR code into this field."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "code-input"}),
    )
    claim_code = forms.CharField(
        label=_("Claim code"),
        max_length=CODE_MAX,
        help_text=_("10 letters and digits. Spaces, dashes and capitals do not matter."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "autocapitalize": "characters",
                "class": "code-input",
                "placeholder": "XXXXX-XXXXX",
            }
        ),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(_taken_apart(data) if data is not None else None)
        self.label_suffix = ""
        for name, field in self.fields.items():
            wrong = f" id_{name}_wrong" if self.is_bound and name in self.errors else ""
            field.widget.attrs["aria-describedby"] = f"id_{name}_hint{wrong}"
        self.fields["serial"].widget.attrs["autofocus"] = True


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def claim(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """Type, paste or scan what the holder shows; a refusal says nothing of its reason."""
    form = ClaimForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _show(request, dealer, "claim_gift", form=form)
    if not form.is_valid():
        return _show(request, dealer, "claim_gift", form=form, status=422)
    now, serial = timezone.now(), form.cleaned_data["serial"]
    try:
        handing_over.count_claim(dealer_id=dealer.pk, serial=serial, now=now)
        claimed = handing_over.claim(
            dealer_id=dealer.pk,
            serial=serial,
            claim_code=form.cleaned_data["claim_code"],
            by_id=request.user.pk or 0,
            now=now,
        )
    except DomainError as refusal:
        status = 429 if refusal.code == "too_many_attempts" else 409
        return _show(request, dealer, "claim_gift", form=form, refusal=refusal, status=status)
    return redirect("dealer:gift_handed_over", claimed.award_id)


@require_safe
def handed_over(request: HttpRequest, dealer: Dealer, award_id: int) -> HttpResponse:
    """Which gift to hand out; open it as often as you like."""
    gift = get_object_or_404(selectors.handed_over_by(dealer), pk=award_id)
    return _show(request, dealer, "gift_handed_over", gift=gift)


@require_safe
def counter(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """What lies at the counter and what is coming: counts by gift, then gift by gift. It names no holder."""
    found = page(selectors.at_counter(dealer), key_of(request.GET.get("before")))
    return _show(request, dealer, "gifts", page=found, counts=selectors.counts_at_counter(dealer))


def _taken_apart(data: Any) -> dict[str, str]:
    """Serial and code: each from its field, or both from what stands behind # in a scanned address."""
    serial, code = str(data.get("serial", "")), str(data.get("claim_code", ""))
    scanned = serial.rpartition("#")[2]
    if "." in scanned and not code.strip():
        serial, _dot, code = scanned.partition(".")
    return {"serial": serial.strip(), "claim_code": code.strip()}


def _show(request: HttpRequest, dealer: Dealer, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    response = render(request, f"portal/{name}.html", {"dealer": dealer, "here": "gifts", **context}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
