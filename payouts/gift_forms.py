"""The forms of the catalogue: they call the verbs, and show at its field what a verb refuses."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashback.lib.errors import DomainError, InvalidDetails
from payouts import catalogue, pictures, stock
from payouts.catalogue import OfferText
from payouts.models import Offer

FILE_MAX = 1_000_000  # bytes of a list of codes
NOTES_MAX = 20


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic while it runs
    """A gift on offer, and its picture."""

    by_id: ClassVar[int] = 0
    saved: Offer

    upload = forms.FileField(
        label=gettext_lazy("Picture"),
        required=False,
        help_text=gettext_lazy("JPEG, PNG or WebP, best a square of 800 pixels or more. It is redrawn and made small."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        """What the organizer writes; stock and reserved change by their verbs alone."""

        model = Offer
        fields = [
            *("program", "position", "active", "name", "name_zh", "about", "about_zh", "cost_minor"),
            *("at_dealer", "by_post", "by_code", "substitute"),
        ]
        widgets = {
            "about": forms.Textarea(attrs={"rows": 3}),
            "about_zh": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "substitute" in self.fields and self.instance.pk:
            others = Offer.objects.filter(program=self.instance.program_id).exclude(pk=self.instance.pk)
            self.fields["substitute"].queryset = others  # type: ignore[attr-defined]

    def clean_upload(self) -> Any:
        """As large as a picture may be, before it is read."""
        upload = self.cleaned_data.get("upload")
        if upload and upload.size > pictures.UPLOAD_MAX:
            raise forms.ValidationError(
                _("A picture has at most %(size)d MB.") % {"size": pictures.UPLOAD_MAX // 10**6}
            )
        return upload

    def clean(self) -> dict[str, Any]:
        """Say what is wrong with the ways in words, before the table's own rule speaks of itself."""
        given = super().clean() or {}
        if "by_code" in self.fields:
            ways = (bool(given.get(way)) for way in ("at_dealer", "by_post", "by_code"))
            _refuse(self, InvalidDetails(catalogue.wrong_ways(*ways)))
        return given

    def _post_clean(self) -> None:
        """Call the verbs once everything else is right: what they refuse stands at its field."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        given = self.cleaned_data
        try:
            picture = self.instance.picture_id or ""
            if given.get("upload"):
                picture = pictures.put_picture(content=given["upload"].read()).pk
            self.saved = catalogue.save_offer(
                program_id=self.instance.program_id,
                offer_id=self.instance.pk,
                text=_text(given, picture),
                by_id=self.by_id,
                now=timezone.now(),
            )
            if self.saved.active != given["active"]:
                catalogue.set_active(offer_id=self.saved.pk, active=given["active"], by_id=self.by_id)
        except DomainError as refusal:
            _refuse(self, refusal)


class StockForm(forms.Form):
    """What was bought, by the supplier's invoice."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=stock.REFERENCE_MAX,
        help_text=gettext_lazy("The supplier’s invoice; each is used once."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def refuse(self, refusal: DomainError) -> None:
        """Show what the verb refuses."""
        _refuse(self, refusal)


class PiecesForm(StockForm):
    """Pieces of an offer."""

    pieces = forms.IntegerField(label=gettext_lazy("Pieces"), min_value=1, max_value=stock.PIECES_MAX)
    field_order = ["pieces", "reference"]


class WriteOffForm(StockForm):
    """Pieces that are gone."""

    pieces = forms.IntegerField(label=gettext_lazy("Pieces"), min_value=1, max_value=stock.PIECES_MAX)
    field_order = ["pieces", "reference"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reference"].help_text = _("The report of the damage or the theft; each is used once.")


class CodesForm(StockForm):
    """E-codes: pasted, or in a file; one a line, or the first column of a CSV."""

    codes: list[str]
    notes: list[str]

    pasted = forms.CharField(
        label=gettext_lazy("Codes"),
        required=False,
        help_text=gettext_lazy("One a line."),
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        help_text=gettext_lazy("Text or CSV; of each line the first column is read."),
    )
    field_order = ["pasted", "file", "reference"]

    def clean(self) -> dict[str, Any]:
        """Take the lines apart; say of each that cannot be used which it is, never what stood there."""
        given = super().clean() or {}
        text = given.get("pasted", "")
        if given.get("file"):
            text = f"{text}\n{self._read(given['file'])}"
        lines = [line.split(",")[0].strip().strip('"').strip() for line in text.splitlines()]
        seen: dict[str, int] = {}
        wrong: list[str] = []
        self.notes = []
        for number, code in enumerate(lines, start=1):
            if len(code) > stock.CODE_MAX or not code.isprintable():
                wrong.append(_("Line %(line)d cannot be a code.") % {"line": number})
            elif code in seen:
                note = _("Line %(line)d repeats line %(first)d.")
                self.notes.append(note % {"line": number, "first": seen[code]})
            elif code:
                seen[code] = number
        for message in wrong[:NOTES_MAX]:
            self.add_error("pasted", message)
        self.notes = self.notes[:NOTES_MAX]
        if not seen and not wrong:
            self.add_error("pasted", _("Paste the codes, or choose a file."))
        elif len(seen) > stock.CODES_MAX:
            self.add_error("pasted", _("Put in at most %(most)d codes at once.") % {"most": stock.CODES_MAX})
        self.codes = list(seen)
        return given

    def _read(self, file: Any) -> str:
        if file.size > FILE_MAX:
            self.add_error("file", _("The file is too large."))
            return ""
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.add_error("file", _("The file is not text in UTF-8."))
            return ""

    def refuse(self, refusal: DomainError) -> None:
        """Codes are pasted or in a file: what is wrong with them stands at the first."""
        if isinstance(refusal, InvalidDetails) and "codes" in refusal.errors:
            errors = dict(refusal.errors)
            errors["pasted"] = errors.pop("codes")
            refusal = InvalidDetails(errors)
        super().refuse(refusal)


def _text(given: dict[str, Any], picture: str) -> OfferText:
    return OfferText(
        name=given["name"],
        name_zh=given["name_zh"],
        about=given["about"],
        about_zh=given["about_zh"],
        picture=picture,
        cost_minor=given["cost_minor"],
        at_dealer=given["at_dealer"],
        by_post=given["by_post"],
        by_code=given["by_code"],
        substitute_id=given["substitute"].pk if given["substitute"] else None,
        position=given["position"],
    )


def _refuse(form: forms.BaseForm, refusal: DomainError) -> None:
    if not isinstance(refusal, InvalidDetails):
        form.add_error(None, refusal.message)
        return
    names = {"picture": "upload"}
    for path, said in refusal.errors.items():
        field = names.get(path, path)
        for message in said:
            form.add_error(field if field in form.fields else None, message)
