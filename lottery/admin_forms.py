"""The forms of draws in the organizers' admin. They read what is typed; the verbs decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Dealer, Program, ProgramState
from cashback.lib import drand, drawing
from cashback.lib.errors import InvalidDetails
from cashback.lib.money import format_minor
from cashback.lib.serials import SerialError, parse_serial
from lottery.funding import FundNotFree, left_over
from lottery.models import Declaration, Draw, Figure, PrizeCap

Faults = list[tuple[str, str]]


class DrawForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """A draft. What could not be announced later is said at its field now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:
            running = Program.objects.filter(state__in=[ProgramState.PUBLISHED, ProgramState.CLOSED])
            self.fields["program"].queryset = running  # type: ignore[attr-defined]
        if "takes_fund_of" in self.fields:
            choices = left_over(heir_id=self.instance.pk)
            if self.instance.pk and not self.is_bound:  # what is sent may name another program
                choices = choices.filter(program=self.instance.program_id)
            self.fields["takes_fund_of"].queryset = choices  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        """As the seed takes it."""
        code: str = self.cleaned_data["code"]
        try:
            drawing.check_id(code)
        except InvalidDetails as invalid:
            raise forms.ValidationError([text for texts in invalid.errors.values() for text in texts]) from None
        return code

    def clean(self) -> dict[str, Any] | None:
        """The times follow each other."""
        cleaned = super().clean()
        first, until = self.cleaned_data.get("registered_from"), self.cleaned_data.get("registered_until")
        freezes, reveals = self.cleaned_data.get("freezes_at"), self.cleaned_data.get("reveals_at")
        if first and until and first >= until:
            self.add_error("registered_until", _("This is not later than the moment registered from."))
        if until and freezes and until > freezes:
            self.add_error("freezes_at", _("The pool is frozen when nobody can register for it any more."))
        if freezes and reveals and freezes >= reveals:
            self.add_error("reveals_at", _("The secret is revealed after the pool is frozen."))
        program, old = self.cleaned_data.get("program"), self.cleaned_data.get("takes_fund_of")
        if program and old and old.program_id != program.pk:
            self.add_error("takes_fund_of", FundNotFree(draw=old.code).message)
        return cleaned


class PrizeForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """A prize within the cap of its program's currency."""

    def clean_amount_minor(self) -> int:
        """The database refuses more; here it is said why."""
        amount_minor: int = self.cleaned_data["amount_minor"]
        draw: Draw = self.fields["draw"].parent_instance  # type: ignore[attr-defined]  # as inline forms have it
        program = Program.objects.filter(pk=draw.program_id).first()
        if program is None:
            return amount_minor
        cap = PrizeCap.objects.filter(currency=program.currency).first()
        if cap is None:
            text = _("There is no cap on prizes in %(currency)s yet.") % {"currency": program.currency}
            raise forms.ValidationError(text)
        if amount_minor > cap.amount_minor:
            most = format_minor(cap.amount_minor, cap.currency)
            raise forms.ValidationError(_("A prize is at most %(most)s.") % {"most": most})
        return amount_minor


class FigureForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """A figure's name; a round of the beacon has its own."""

    class Meta:
        """The fields of an announcement."""

        model = Figure
        fields = ("position", "name", "source", "published_at", "beacon_round")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].required = self.fields["published_at"].required = False
            self.fields["name"].help_text = gettext_lazy("Left empty for a round of the beacon.")

    def clean_beacon_round(self) -> int | None:
        """A round that is made some day."""
        number: int | None = self.cleaned_data["beacon_round"]
        if number is not None and not 1 <= number <= drand.ROUND_MAX:
            raise forms.ValidationError(_("There is no such round."))
        return number

    def clean(self) -> dict[str, Any] | None:
        """Name and time of a round follow from its number."""
        cleaned = super().clean()
        number = self.cleaned_data.get("beacon_round")
        if number:
            self.cleaned_data["name"] = self.instance.name = drand.figure_name(number)
            self.cleaned_data["published_at"] = drand.published_at(number)
            return self.cleaned_data
        for name in ("name", "published_at"):
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, _("Fill this in, or name a round of the beacon."))
        return cleaned


class FundForm(forms.Form):
    """Money for a program's draws."""

    program = forms.ModelChoiceField(
        queryset=Program.objects.filter(state__in=[ProgramState.PUBLISHED, ProgramState.CLOSED]).order_by("code"),
        label=gettext_lazy("Program"),
    )
    amount_minor = forms.IntegerField(
        min_value=1,
        max_value=10**15,
        label=gettext_lazy("Amount"),
        help_text=gettext_lazy("In minor units (cents, fen)."),
    )
    reference = forms.CharField(
        max_length=64, label=gettext_lazy("Reference"), help_text=gettext_lazy("Of the bank’s booking; each once.")
    )


class NothingForm(forms.Form):
    """A step that only has to be confirmed."""


class ReasonForm(forms.Form):
    """Why a draw is called off."""

    reason = forms.CharField(
        max_length=200,
        label=gettext_lazy("Reason"),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Everybody reads it on the draw’s page. Name nobody."),
    )


class ValueForm(forms.Form):
    """A public figure as it was published."""

    value = forms.CharField(
        max_length=64,
        strip=True,
        label=gettext_lazy("Value"),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Exactly as announced and published: digits, points and spaces count."),
    )


class BeaconForm(forms.Form):
    """A round of the beacon, as its public API gives it."""

    file = forms.FileField(
        label=gettext_lazy("File of the round"), help_text=gettext_lazy("The JSON that drand’s API gives for it.")
    )

    def clean_file(self) -> Any:
        """Small, as rounds are."""
        if self.cleaned_data["file"].size > drand.FILE_MAX:
            raise forms.ValidationError(_("This file is larger than a round of the beacon."))
        return self.cleaned_data["file"]


class SerialField(forms.CharField):
    """A serial as printed; cleaned, the card's number."""

    def clean(self, value: Any) -> Any:
        """The number, or why this is no serial."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_serial(text).number
        except SerialError as fault:
            raise forms.ValidationError(fault.message) from None


class DeclarationForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """Cards from a first to a last serial."""

    first = SerialField(label=gettext_lazy("First serial"), max_length=64)
    last = SerialField(
        label=gettext_lazy("Last serial"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Left empty: one card."),
    )

    class Meta:
        """What is declared, and for whom."""

        model = Declaration
        fields = ("program", "kind", "first", "last", "dealer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "dealer" in self.fields:
            self.fields["dealer"].queryset = Dealer.objects.order_by("code")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        """A dealer where the kind has one."""
        cleaned = super().clean()
        staff = self.cleaned_data.get("kind") == Declaration.Kind.STAFF
        if staff and self.cleaned_data.get("dealer"):
            self.add_error("dealer", _("Cards of staff belong to no dealer."))
        if not staff and not self.cleaned_data.get("dealer"):
            self.add_error("dealer", _("Name the dealer whose cards these are."))
        return cleaned

    def _post_clean(self) -> None:
        """The verb decides about the row, not the half-filled instance."""


def labelled(faults: dict[str, list[str]]) -> Faults:
    """What stands against an announcement, with the names of its fields as the forms show them."""
    return [(_label(path), text) for path, texts in faults.items() for text in texts]


def _label(path: str) -> str:
    head, _dot, rest = path.partition(".")
    place, _dot, field = rest.partition(".")
    kinds = {"prizes": (_("prize %(number)s"), _("prizes")), "figures": (_("figure %(number)s"), _("public figures"))}
    names = {
        "id": _("id"),
        "name": _("name"),
        "amount_minor": _("amount"),
        "published_at": _("published at"),
        "beacon_round": _("round of the beacon"),
        "freezes_at": _("pool frozen at"),
        "reveals_at": _("secret revealed at"),
        "registered_until": _("registered until"),
        "program": _("program"),
    }
    if head not in kinds:
        return names.get(head, head)
    one, all_of_them = kinds[head]
    if not place.isdigit():
        return all_of_them
    shown = one % {"number": int(place) + 1}
    return f"{shown}, {names.get(field, field)}" if field else shown
