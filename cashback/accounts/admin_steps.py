"""Steps in the admin: a page asks, shows what the verb would do, and does it once that is confirmed.

What is shown is no forecast: the verb is carried out and taken back, so a refusal is seen before anybody confirms.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from cashback.lib.errors import DomainError


@dataclass(frozen=True)
class Posting:
    """One movement of money as the review shows it."""

    debit: str
    credit: str
    amount: str


@dataclass(frozen=True)
class Review:
    """What a step would do: facts by name, sentences, and what would be posted."""

    facts: Sequence[tuple[object, object]] = ()
    sentences: Sequence[object] = ()
    postings: Sequence[Posting] = field(default_factory=list)
    posted_when: object = ""


class StepForm(forms.Form):
    """What a step asks for. Subclasses say which verb it is, and to which field a refusal belongs."""

    # The code of a refusal, and the field that it is shown at; others stand above the form.
    faults: ClassVar[Mapping[str, str]] = {}
    # What is good to know before anything is typed.
    note: ClassVar[object] = ""

    def __init__(self, *args: Any, row: Any = None, by_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.by_id = row, by_id
        self.review = Review()
        self.set_up()

    def set_up(self) -> None:
        """Fill in choices and initial values from the row."""

    def facts(self) -> Sequence[tuple[object, object]]:
        """What stands above the fields."""
        return ()

    def act(self) -> Any:
        """Call the verb with what was typed."""
        raise NotImplementedError

    def describe(self, made: Any) -> Review:
        """What the verb did; read before it is taken back."""
        raise NotImplementedError

    def done(self, made: Any) -> str:
        """The sentence that tells it was done."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Carry the verb out and take it back: what it refuses is wrong with the form."""
        if not self.errors:
            self._try(self._rehearse)
        return self.cleaned_data

    def confirm(self) -> Any:
        """Carry the verb out; None where it was refused after all, which the form then tells."""
        return self._try(self._act)

    def typed(self) -> Iterator[tuple[object, object]]:
        """The fields with what was understood of them."""
        for name, asked in self.fields.items():
            given = self.cleaned_data.get(name)
            choices: Any = asked.choices if type(asked) is forms.ChoiceField else ()
            yield asked.label, dict(choices).get(given, given)

    def _rehearse(self) -> None:
        with transaction.atomic():
            self.review = self.describe(self.act())
            transaction.set_rollback(True)

    def _act(self) -> Any:
        with transaction.atomic():
            return self.act()

    def _try(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except DomainError as refusal:
            self.add_error(self.faults.get(refusal.code), refusal.message)
            return None


@dataclass(frozen=True)
class Step:
    """A step on a row: its address, its name on the button, its form, and when it is offered."""

    name: str
    label: Any
    form: type[StepForm]
    offered: Callable[[Any], bool]


class StepsAdmin:
    """Mixin for model admins: steps on a row, and a step that makes one. Stands before the Django class.

    Whoever may see the rows may take the steps; each verb decides for itself who may do what.
    """

    steps: ClassVar[Sequence[Step]] = ()
    adding: ClassVar[type[StepForm] | None] = None
    change_form_template: Any = "admin/steps_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """A page for each step."""
        named = f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        page = self.admin_site.admin_view(self.step_view)  # type: ignore[attr-defined]
        own = [path("<path:object_id>/step/<slug:step>/", page, name=f"{named}_step")]
        return own + super().get_urls()  # type: ignore[misc,no-any-return]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The step that makes a row, where there is one."""
        if self.adding is None:
            return super().add_view(request, form_url, extra_context)  # type: ignore[misc,no-any-return]
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        title = _("Add %s") % self.opts.verbose_name  # type: ignore[attr-defined]
        return self._page(request, self.adding, None, str(title))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row, with the steps that it offers."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        offered = [(step.label, self._address(row, step)) for step in self.steps if row and step.offered(row)]
        context = {"steps": offered, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)  # type: ignore[misc,no-any-return]

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """A step's page."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        chosen = next((one for one in self.steps if one.name == step), None)
        if row is None or chosen is None:
            raise Http404
        if not self.has_view_permission(request, row):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self._page(request, chosen.form, row, str(chosen.label))

    def _page(self, request: HttpRequest, form_class: type[StepForm], row: Any, title: str) -> HttpResponse:
        assert request.user.pk is not None
        posted = request.method == "POST"
        form = form_class(
            request.POST if posted or not form_class.base_fields else None, row=row, by_id=request.user.pk
        )
        if not form.is_bound or "change" in request.POST:
            return self._render(request, form, title, asks=True)
        if not form.is_valid():
            return self._render(request, form, title, asks=True)
        if posted and "confirm" in request.POST:
            made = form.confirm()
            if form.errors:
                return self._render(request, form, title, asks=True)
            return self._done(request, form, row, made, title)
        return self._render(request, form, title, asks=False)

    def _done(self, request: HttpRequest, form: StepForm, row: Any, made: Any, title: str) -> HttpResponse:
        messages.success(request, form.done(made))
        target = row if row is not None else made
        log = self.log_change if row is not None else self.log_addition  # type: ignore[attr-defined]
        log(request, target, title)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse(name, args=[target.pk]))

    def _address(self, row: Any, step: Step) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_step"  # type: ignore[attr-defined]
        return reverse(name, args=[row.pk, step.name])

    def _render(self, request: HttpRequest, form: StepForm, title: str, *, asks: bool) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "title": title,
            "form": form,
            "asks": asks,
            "row": form.row,
            "row_title": str(form.row) if form.row is not None else "",
        }
        return TemplateResponse(request, "admin/step.html", context)
