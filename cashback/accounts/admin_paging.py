"""Lists of large tables in the admin: a page is found by key, and nothing is ever counted."""

from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

BEFORE = "before"
AFTER = "after"


class KeysetChangeList(ChangeList):
    """The newest rows, or those before or after a key; links to the pages beside, where there are any."""

    older_url = ""
    newer_url = ""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Our two parameters are no filters."""
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in {BEFORE, AFTER}}

    def get_results(self, request: HttpRequest) -> None:
        """One row more than a page says whether there is another one."""
        size = self.list_per_page
        for name in (BEFORE, AFTER):
            self.params.pop(name, None)  # choosing a filter starts at the newest again
        before, after = self._key(request, BEFORE), self._key(request, AFTER)
        if after is not None:
            found = list(self.queryset.filter(pk__gt=after).order_by("pk")[: size + 1])
            page, older, newer = found[:size][::-1], True, len(found) > size
        else:
            rows = self.queryset if before is None else self.queryset.filter(pk__lt=before)
            found = list(rows.order_by("-pk")[: size + 1])
            page, older, newer = found[:size], len(found) > size, before is not None
        self._link(page, older=older, newer=newer)
        self.result_list = page
        self.result_count = self.full_result_count = len(page)
        self.show_full_result_count = self.show_admin_actions = bool(page)
        self.can_show_all, self.multi_page = False, older or newer

    def _key(self, request: HttpRequest, name: str) -> Any:
        text = request.GET.get(name)
        if text is None:
            return None
        try:
            return self.lookup_opts.pk.to_python(text)
        except ValidationError as error:
            raise IncorrectLookupParameters(error) from None

    def _link(self, page: list[Model], *, older: bool, newer: bool) -> None:
        if page and older:
            self.older_url = self.get_query_string({BEFORE: page[-1].pk})
        if page and newer:
            self.newer_url = self.get_query_string({AFTER: page[0].pk})


class KeysetAdmin:
    """Mixin for model admins: newest first, paged by primary key (`?before=`, `?after=`), without count(*).

    Stands before the Django class in the list of bases. Filters and searches need an index of their own.
    """

    change_list_template: Any = "admin/keyset_change_list.html"
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by: Any = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that pages by key."""
        return KeysetChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By key alone, the newest first."""
        return ("-pk",)
