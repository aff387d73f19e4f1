"""People who sign in, in the organizers' admin. Other packages' raw tables are not shown."""

from typing import Any

from axes.utils import reset
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from knox import admin as knox_admin

from cashback.accounts.admin_roles import ORGANIZERS, RoleAdmin
from cashback.accounts.models import User
from cashback.accounts.sites import STAFF_ROLES

# Roles say everything here: no groups. Tokens are made where their owner reads them once, not in a table.
admin.site.unregister(Group)
admin.site.unregister(knox_admin.models.AuthToken)

TWO_PEOPLE = _(
    "Whatever moves money takes two people: one prepares, another approves. Both have the role organizer or checker, "
    "and the database refuses the same person twice. Give each person one account of their own, and never two."
)


@admin.register(User)
class UserAdmin(RoleAdmin, auth_admin.UserAdmin):  # type: ignore[type-arg]  # not generic while it runs
    """Accounts: made and closed by organizers. A role is given once; another role is another account."""

    may_view = ORGANIZERS
    may_add = ORGANIZERS
    may_change = ORGANIZERS
    list_display = ["username", "full_name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    ordering = ["username"]
    search_fields = ["username", "first_name", "last_name"]
    actions = ["let_in_again"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Role"), {"fields": ["role", "is_active"], "description": TWO_PEOPLE}),
        (_("Who it is"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "role"], "description": TWO_PEOPLE, "classes": ["wide"]}),
        (_("Password"), {"fields": ["password1", "password2"], "classes": ["wide"]}),
    ]
    # The admin's own offers accounts without a password, for sign-in by other systems: there are none here.
    add_form = UserCreationForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The role stays as given; nobody locks themselves out."""
        if obj is None:
            return []
        own = ["is_active"] if obj.pk == request.user.pk else []
        return ["role", "last_login", "date_joined", *own]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The role decides on which side somebody works; nobody is above the roles."""
        obj.is_staff = obj.role in STAFF_ROLES
        obj.is_superuser = False
        super().save_model(request, obj, form, change)

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @admin.action(description=_("Let in again after too many wrong passwords"))
    def let_in_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget the failed sign-ins of the chosen accounts."""
        for name in queryset.values_list("username", flat=True):
            reset(username=name)
        count = len(queryset)
        text = ngettext("%d account may sign in again.", "%d accounts may sign in again.", count) % count
        self.message_user(request, text, messages.SUCCESS)
