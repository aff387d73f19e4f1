"""The order form: what a dealer types, and which field a refusal of the order belongs to."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cards import orders
from cards.models import Program
from cards.programs import ProgramUnknown
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor
from cashback.portal.selectors import programs_on_sale

# Everything else that the verb refuses stands above the form.
FIELD_OF: dict[type[DomainError], str] = {
    orders.OrderOutOfRange: "cards",
    orders.ProductUnnamed: "product_name",
    orders.ProgramNotSelling: "program",
    ProgramUnknown: "program",
}


class ProgramChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic while it runs
    """A program by its name in the reader's language, with the price of a card."""

    def label_from_instance(self, program: Program) -> str:
        """What the list shows."""
        return f"{program_name(program)} ({format_minor(program.card_price_minor, program.currency)})"


class CardsField(forms.IntegerField):
    """A number of cards. Typed as text, so that a browser never drops what it cannot read."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        """Separators of thousands and full-width digits are read as meant."""
        text = str(value).strip() if value is not None else ""
        for separator in (",", "\uff0c", " ", "\u00a0", "\u202f", "'"):
            text = text.replace(separator, "")
        return super().to_python(text)


class OrderForm(forms.Form):
    """Program, number of cards, and the product that the cards are given with."""

    program = ProgramChoice(queryset=Program.objects.none(), label=_("Program"), empty_label=_("Choose a program"))
    cards = CardsField(
        label=_("Number of cards"),
        min_value=1,
        max_value=orders.CARDS_MAX,
        error_messages={"invalid": _("Enter a whole number of cards, such as 500.")},
    )
    product_name = forms.CharField(
        label=_("Product the cards are given with"),
        max_length=120,
        help_text=_("Holders see it on their status page."),
    )
    product_specification = forms.CharField(
        label=_("Its specification"), max_length=120, required=False, help_text=_("Size, model or colour.")
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        program: Any = self.fields["program"]
        program.queryset = programs_on_sale(now)
        for name, field in self.fields.items():
            hint = [f"id_{name}_hint"] if field.help_text else []
            wrong = [f"id_{name}_wrong"] if self.is_bound and name in self.errors else []
            if hint or wrong:
                field.widget.attrs["aria-describedby"] = " ".join(hint + wrong)

    def refuse(self, error: DomainError) -> None:
        """Show a refusal of the verb at the field that it is about."""
        self.add_error(FIELD_OF.get(type(error)), error.message)

    @property
    def amount_minor(self) -> int:
        """What the order costs, once it is valid."""
        return int(self.cleaned_data["program"].card_price_minor * self.cleaned_data["cards"])


def program_name(program: Program) -> str:
    """The program's name in the reader's language."""
    return program.name_zh if program.name_zh and (get_language() or "").startswith("zh") else program.name
