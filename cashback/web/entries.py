"""The forms of the holders' pages. They hold what was typed, word for word; the information check judges it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cashback.lib.errors import InvalidDetails
from queueing.correction import Correction

_FIELD_OF_PATH = {
    "holder.name": "name",
    "holder.phone": "phone",
    "holder.email": "email",
    "account.kind": "account_kind",
    "account.number": "account_number",
    "account.bank": "account_bank",
    "product.name": "product_name",
    "product.specification": "product_specification",
    "gift": "offer",
    "delivery.way": "way",
    "delivery.dealer": "dealer",
    "delivery.name": "delivery_name",
    "delivery.phone": "delivery_phone",
    "delivery.email": "delivery_email",
    "delivery.country": "delivery_country",
    "delivery.postcode": "delivery_postcode",
    "delivery.address": "delivery_address",
}
ACCOUNT_KINDS = [
    ("cn_card", _("Bank card issued in China")),
    ("iban", _("IBAN")),
    ("other", _("Another account")),
]


def _text(label: Any, hint: Any = "", *, optional: bool = False, code: bool = False, **given: str) -> forms.CharField:
    """A field that refuses nothing by itself: whether it is right is not the form's to say."""
    attributes = {"spellcheck": "false", "autocomplete": "off", **given}
    if code:
        attributes["class"] = "code-input"
    field = forms.CharField(
        label=label, help_text=hint, required=False, strip=False, widget=forms.TextInput(attrs=attributes)
    )
    field.optional = optional  # type: ignore[attr-defined]
    return field


class Entry(forms.Form):
    """A form that knows its fields by the information check's paths."""

    use_required_attribute = False

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.label_suffix = ""

    def typed(self) -> dict[str, object]:
        """What was typed, by the names of the information check."""
        return {name: self.data.get(name, "") for name in self.fields}

    def blame(self, invalid: InvalidDetails) -> None:
        """Put each error at its field."""
        for path, messages in invalid.errors.items():
            name = _FIELD_OF_PATH.get(path, path)
            for message in messages:
                self.add_error(name if name in self.fields else None, message)

    def focus_first_error(self) -> None:
        """Where the page is opened, the cursor stands in the first wrong field."""
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs["autofocus"] = True
                return

    def wrong_in(self, names: tuple[str, ...]) -> bool:
        """Whether one of these fields has an error."""
        return any(name in self.errors for name in names)


class CardEntry(Entry):
    """Serial and PIN."""

    CARD = ("serial", "pin")

    serial = _text(
        _("Serial number"),
        _("14 digits, printed as 0000-0000-0000-00. Spaces and dashes do not matter."),
        inputmode="numeric",
        placeholder="0000-0000-0000-00",
        code=True,
    )
    pin = _text(
        _("PIN"),
        _("16 letters and digits under the scratch-off field. Capitals do not matter."),
        autocapitalize="characters",
        placeholder="XXXX-XXXX-XXXX-XXXX",
        code=True,
    )


class ReceiptEntry(Entry):
    """A receipt code."""

    receipt = _text(
        _("Receipt code"),
        _("26 letters and digits, from your receipt. Spaces, dashes and capitals do not matter."),
        autocapitalize="characters",
        code=True,
    )


class DetailsEntry(CardEntry):
    """A card and who is to be paid."""

    account_kind = forms.CharField(
        label=_("Kind of account"), required=False, strip=False, widget=forms.RadioSelect(choices=ACCOUNT_KINDS)
    )
    account_number = _text(
        _("Account number"),
        _("Card number, IBAN or account number, as your bank writes it."),
        code=True,
    )
    name = _text(_("Name of the account’s owner"), _("As the bank knows it."), autocomplete="name")
    account_bank = _text(_("Bank"), _("The bank’s name, if you know it."), optional=True)
    phone = _text(_("Phone"), optional=True, inputmode="tel", autocomplete="tel")
    email = _text(_("E-mail"), optional=True, inputmode="email", autocomplete="email")


class GiftEntry(CardEntry):
    """A choice: which gift, how it comes, and where to. What one way does not need is carried along for another."""

    DELIVERY = (
        *("delivery_name", "delivery_phone", "delivery_email"),
        *("delivery_country", "delivery_postcode", "delivery_address"),
    )

    offer = _text(_("Gift"))
    way = forms.CharField(label=_("How it comes to you"), required=False, strip=False, widget=forms.RadioSelect())
    dealer = forms.CharField(label=_("Dealer"), required=False, strip=False, widget=forms.Select())
    delivery_name = _text(_("Name on the parcel"), autocomplete="name")
    delivery_address = forms.CharField(
        label=_("Address"),
        help_text=_("As your post writes it, line by line; country and postcode have fields of their own."),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "4", "spellcheck": "false", "autocomplete": "street-address"}),
    )
    delivery_postcode = _text(_("Postcode"), optional=True, autocomplete="postal-code")
    delivery_country = forms.CharField(label=_("Country"), required=False, strip=False, widget=forms.Select())
    delivery_phone = _text(
        _("Phone"),
        _("For the carrier; it is printed on the label."),
        optional=True,
        inputmode="tel",
        autocomplete="tel",
    )
    delivery_email = _text(_("E-mail"), optional=True, inputmode="email", autocomplete="email")


class RegistrationEntry(DetailsEntry):
    """All of a registration."""

    product_name = _text(_("Product"), _("What the card came with."), optional=True)
    product_specification = _text(_("Specification"), _("Size, colour or model."), optional=True)
    terms_version = _text("", optional=True)
    accept = forms.BooleanField(label=_("I accept the terms of my card’s program."), required=False)
    token = _text("", optional=True)


def review_rows(entry: Entry, values: Mapping[str, str], corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    """What will be stored, field by field, with what was changed and why."""
    changes = {_FIELD_OF_PATH.get(change.field, change.field): change for change in corrections}
    kinds = dict(ACCOUNT_KINDS)
    return [
        {
            "name": name,
            "label": entry.fields[name].label,
            "value": value,
            "shown": kinds.get(value) if name == "account_kind" else None,
            "change": changes.get(name),
        }
        for name, value in values.items()
        if value
    ]
