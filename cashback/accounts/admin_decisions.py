"""Lists of what one person prepares and another approves."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cashback.accounts import two_people
from cashback.accounts.admin_paging import KeysetAdmin
from cashback.accounts.admin_roles import OFFICE, RoleAdmin
from cashback.accounts.admin_steps import StepsAdmin
from cashback.accounts.models import Prepared


class DecisionsAdmin(StepsAdmin, RoleAdmin, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that one person prepares and another approves; nothing is edited."""

    may_add = OFFICE
    list_select_related: ClassVar[Any] = ["prepared_by", "approved_by"]

    @admin.display(description=_("state"))
    def state(self, row: Prepared) -> object:
        """Whether somebody still has to decide."""
        return two_people.state_of(row)

    @admin.display(description=_("prepared by"))
    def preparer(self, row: Prepared) -> str:
        """The first person."""
        return row.prepared_by.get_username()

    @admin.display(description=_("approved by"), empty_value="–")
    def approver(self, row: Prepared) -> str | None:
        """The second person."""
        return row.approved_by.get_username() if row.approved_by else None
