"""What a dealer declares, so that it cannot win a draw: cards it keeps, and cards that no customer has yet."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cards.models import Dealer, Lot
from cashback.lib.errors import DomainError
from cashback.lib.serials import SerialError, parse_serial
from cashback.portal import selectors
from cashback.portal.paging import key_of, page
from lottery import declaring
from lottery.models import Declaration

KINDS = [
    (Declaration.Kind.NOT_HANDED_OVER.value, gettext_lazy("Not handed to customers yet")),
    (Declaration.Kind.DEALER.value, gettext_lazy("Kept by us, for good")),
]


class SerialField(forms.CharField):
    """A serial as printed; cleaned, the card's number."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        """The number, or what is wrong with the serial."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_serial(text).number
        except SerialError as fault:
            raise forms.ValidationError(fault.message) from None


class DeclarationForm(forms.Form):
    """A range of the dealer's own cards."""

    kind = forms.ChoiceField(choices=KINDS, label=gettext_lazy("What about these cards?"))
    first = SerialField(label=gettext_lazy("First serial"), max_length=64)
    last = SerialField(
        label=gettext_lazy("Last serial"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Leave it empty for one card."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name, field in self.fields.items():
            hint = [f"id_{name}_hint"] if field.help_text else []
            wrong = [f"id_{name}_wrong"] if self.is_bound and name in self.errors else []
            if hint or wrong:
                field.widget.attrs["aria-describedby"] = " ".join(hint + wrong)

    def lot(self, dealer: Dealer) -> Lot | None:
        """The dealer's living lot that holds the first card."""
        return selectors.lots_of(dealer).filter(numbers__contains=self.cleaned_data["first"]).first()


def declarations(request: HttpRequest, dealer: Dealer) -> HttpResponse:
    """The dealer's declarations, newest first, and the form for another one."""
    form = DeclarationForm(request.POST or None, initial={"first": request.GET.get("first", "")})
    if request.method == "POST" and form.is_valid() and _declare(request, dealer, form):
        return redirect("dealer:declarations")
    found = page(Declaration.objects.filter(dealer=dealer).select_related("program"), key_of(request.GET.get("before")))
    context = {"dealer": dealer, "here": "declarations", "form": form, "page": found}
    return render(request, "portal/declarations.html", context, status=422 if form.errors else 200)


@require_POST
def handed_over(request: HttpRequest, dealer: Dealer, declaration_id: int) -> HttpResponse:
    """The cards of a declaration are with customers by now; they take part from now on."""
    found = get_object_or_404(Declaration, pk=declaration_id, dealer=dealer)
    try:
        declaring.handed_over(declaration_id=found.pk, by_id=request.user.pk or 0, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("These cards take part in draws that are frozen from now on."))
    return redirect("dealer:declarations")


def _declare(request: HttpRequest, dealer: Dealer, form: DeclarationForm) -> bool:
    typed = form.cleaned_data
    lot = form.lot(dealer)
    if lot is None:
        form.add_error("first", _("This is not a card of a lot of yours."))
        return False
    try:
        declaring.declare(
            program_id=lot.program_id,
            kind=Declaration.Kind(typed["kind"]),
            first=typed["first"],
            last=typed["last"] or typed["first"],
            dealer_id=dealer.pk,
            by_id=request.user.pk or 0,
            now=timezone.now(),
        )
    except DomainError as refusal:
        form.add_error("last" if typed["last"] else "first", refusal.message)
        return False
    messages.success(request, _("Declared. These cards enter no pool that is frozen from now on."))
    return True
